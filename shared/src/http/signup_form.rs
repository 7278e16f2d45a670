//! The sign-up form of `auth/signup`, `auth/webauthn/signup` and `auth/provider/signup`, by `ACCOUNT_SIGNUP_FIELDS`.

use lambda_http::http::Method;

use super::call::ApiRequest;
use super::input::json::Object;
use super::input::{Field, Form, Text};
use super::present;
use super::reply::Outcome;
use crate::domain::handle::Handle;
use crate::domain::invitation::{Invitation, InvitationKey};
use crate::domain::message::Recipient;
use crate::domain::profile::ProfileValues;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::username;
use crate::flows::invitation;
use crate::flows::signup::{self, NewAccount, Taken};
use crate::flows::visit::{Context, Decision, Stop, Visit};
use crate::password_rules;
use crate::secret::Secret;
use crate::settings::{Action, Settings, SignupFieldName, When};
use crate::snapshot::Need;

const EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "The email address.")
    .asked(When::SignupEmail)
    .required(When::SignupEmailRequired);
const EMAIL2: Field = Field::text("email2", Text::EMAIL, "The email address, repeated.")
    .asked(When::SignupEmail2)
    .required(When::SignupEmail2Required);
const EMAIL_BY_PROVIDER: Field = EMAIL.required(When::SocialEmailRequired);
const EMAIL2_BY_PROVIDER: Field = EMAIL2.required(When::SocialEmailRequired);
const USERNAME: Field = Field::text("username", Text::USERNAME, "The username.")
    .asked(When::SignupUsername)
    .required(When::SignupUsernameRequired);
const PHONE: Field = Field::text("phone", Text::PHONE, "The phone number, in E.164 form.")
    .asked(When::SignupPhone)
    .required(When::SignupPhoneRequired);
const INVITATION: Field = Field::text(
    "invitation",
    Text::PLAIN,
    "The key of an invitation. It allows a sign-up with the invited email address, which counts as verified, while sign-up \
     is closed and from any domain.",
)
.asked(When::Invitations)
.optional();
const PASSWORD: Field = Field::text("password", Text::PLAIN, "The password.")
    .asked(When::SignupPassword)
    .required(When::SignupPasswordRequired);

/// The authentication method of a sign-up, besides the fields of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignupBy<'a> {
    /// A password, which is part of the form, or codes by mail.
    Password,
    /// A passkey, which is made later.
    Passkey,
    /// An account at another service, by the name that people know the service by.
    Provider(&'a str),
}

impl SignupBy<'_> {
    /// The fields of the form.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Password => &[EMAIL, EMAIL2, USERNAME, PHONE, PASSWORD, INVITATION],
            Self::Passkey => &[EMAIL, EMAIL2, USERNAME, PHONE, INVITATION],
            Self::Provider(_) => &[EMAIL_BY_PROVIDER, EMAIL2_BY_PROVIDER, USERNAME, PHONE, INVITATION],
        }
    }

    const fn emails(self) -> (Field, Field) {
        match self {
            Self::Password | Self::Passkey => (EMAIL, EMAIL2),
            Self::Provider(_) => (EMAIL_BY_PROVIDER, EMAIL2_BY_PROVIDER),
        }
    }

    fn email_taken(self) -> FieldErrorKind {
        match self {
            Self::Password | Self::Passkey => FieldErrorKind::EmailTaken,
            Self::Provider(name) => FieldErrorKind::EmailTakenElsewhere(name.to_owned()),
        }
    }
}

/// Prefetch: what a sign-up by password or passkey reads, fetched in the session's round trip.
pub fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    let mut needs = Visit::counters(settings, Action::Signup, &call.visitor, None, "");
    let Ok(object) = call.object() else { return needs };
    let mut form = Form::new(SignupBy::Password.fields(), &object, settings);
    if let Some(email) = given(&mut form, &EMAIL) {
        needs.extend(Visit::mail_counters(context, &call.visitor, &email));
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        if settings.account.usernames && !USERNAME.is_asked(settings) {
            let usual = signup::usual_username(settings, Some(&email));
            needs.extend(Handle::username(&usual).map(Need::Handle));
        }
        needs.push(Need::Owners(Recipient::Email(email)));
    }
    if let Some(key) = given(&mut form, &INVITATION).as_deref().and_then(InvitationKey::parse) {
        needs.push(Need::Invitation(key.id));
    }
    if let Some(name) = given(&mut form, &USERNAME) {
        needs.extend(Handle::username(&name).map(Need::Handle));
    }
    if let Some(phone) = given(&mut form, &PHONE) {
        needs.extend(Visit::mail_counters(context, &call.visitor, &phone));
        needs.extend(Visit::counters(settings, Action::VerifyPhone, &call.visitor, None, &phone));
        needs.push(Need::Owners(Recipient::Phone(phone)));
    }
    needs
}

/// Signs up by password or by passkey.
pub fn submit(visit: &mut Visit<'_>, call: &ApiRequest, by: SignupBy<'_>) -> Decision<Outcome> {
    if !call.is_forgeable() {
        visit.limit(Action::Signup, "")?;
    }
    // Only a POST has input here; what else is sent along with other methods is read, but not judged.
    call.input(|_| Ok(()))?;
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    let object = call.object()?;
    let (account, taken) = read(visit, &object, by)?;
    if visit.user().is_some() {
        return Err(Stop::Conflict);
    }
    if !visit.settings().account.signup_enabled && account.invitation.is_none() {
        return Err(Stop::Forbidden);
    }
    if fills_honeypot(visit.settings(), &object) {
        signup::pretend_to_bot(visit, account);
    } else {
        signup::sign_up(visit, account, taken)?;
    }
    Ok(present::authentication(visit).into())
}

fn fills_honeypot(settings: &Settings, object: &Object) -> bool {
    let given = settings.account.signup_honeypot.as_ref().and_then(|name| object.get(name));
    given.is_some_and(|value| !value.is_missing() && !value.to_text().trim().is_empty())
}

/// Reads the form: the account to be made, and what of it another account has, which the client is not to learn.
pub fn read(visit: &Visit<'_>, object: &Object, by: SignupBy<'_>) -> Decision<(NewAccount, Taken)> {
    let mut form = Form::new(by.fields(), object, visit.settings());
    let mut account = NewAccount { by_passkey: by == SignupBy::Passkey, ..NewAccount::default() };
    let (email, email2) = by.emails();
    account.invitation = read_invitation(visit, &mut form)?;
    let (mut again, mut taken) = (None, Taken::default());
    for field in visit.settings().account.signup_fields.iter() {
        match field.name {
            SignupFieldName::Email => {
                account.email = given(&mut form, &email);
                taken.email = refuse_email(visit, &mut form, &account, by)?;
            }
            SignupFieldName::Email2 => again = given(&mut form, &email2),
            SignupFieldName::Username => {
                account.username = given(&mut form, &USERNAME);
                refuse_username(visit, &mut form, account.username.as_deref())?;
            }
            SignupFieldName::Phone => account.phone = given(&mut form, &PHONE),
            // The headless API asks for one password, last of all.
            SignupFieldName::Password1 | SignupFieldName::Password2 => {}
        }
    }
    account.profile = form.sign_up_profile(told(visit, by), visit.now);
    if by == SignupBy::Password {
        account.password = read_password(visit, &mut form);
    }
    if again.is_some() && account.email.is_some() && again != account.email && !form.is_refused("email") {
        form.refuse("email2", FieldErrorKind::EmailsDiffer);
    }
    taken.phone = refuse_taken_phone(visit, &mut form, account.phone.as_deref())?;
    form.finish()?;
    Ok((account, taken))
}

/// What the provider has told of the site's own fields.
fn told(visit: &Visit<'_>, by: SignupBy<'_>) -> ProfileValues {
    match (by, &visit.session().social_signup) {
        (SignupBy::Provider(_), Some(pending)) => {
            visit.settings().account.profile_fields.told(&pending.profile)
        }
        _ => ProfileValues::new(),
    }
}

fn given(form: &mut Form<'_>, field: &Field) -> Option<String> {
    form.text(field).filter(|text| !text.is_empty())
}

/// Whether the email address is taken, and the client is not to learn that. What can't sign up is refused.
fn refuse_email(
    visit: &Visit<'_>,
    form: &mut Form<'_>,
    account: &NewAccount,
    by: SignupBy<'_>,
) -> Decision<bool> {
    let Some(email) = account.email.as_deref() else { return Ok(false) };
    if let Some(invitation) = &account.invitation {
        return refuse_invited_email(visit, form, email, invitation, by).map(|()| false);
    }
    // Before it is known whether an account has it.
    if !visit.settings().account.signup_domains.has(email) {
        form.refuse("email", FieldErrorKind::EmailDomainNotAllowed);
        return Ok(false);
    }
    let is_free = signup::is_free(visit, email)?;
    if is_free == Some(false) {
        form.refuse("email", by.email_taken());
    }
    Ok(is_free.is_none())
}

/// Whoever has the key has the mailbox, and may learn that it has an account.
fn refuse_invited_email(
    visit: &Visit<'_>,
    form: &mut Form<'_>,
    email: &str,
    invitation: &Invitation,
    by: SignupBy<'_>,
) -> Decision<()> {
    if invitation.email != email {
        form.refuse("email", FieldErrorKind::InvitedOther);
    } else if signup::is_free(visit, email)? != Some(true) {
        form.refuse("email", by.email_taken());
    }
    Ok(())
}

fn read_invitation(visit: &Visit<'_>, form: &mut Form<'_>) -> Decision<Option<Invitation>> {
    let Some(key) = given(form, &INVITATION) else { return Ok(None) };
    let invitation = invitation::find(visit, &key)?;
    if invitation.is_none() {
        form.refuse("invitation", FieldErrorKind::InvalidOrExpiredKey);
    }
    Ok(invitation)
}

/// Whether the phone number is taken, and the client is not to learn that.
fn refuse_taken_phone(visit: &Visit<'_>, form: &mut Form<'_>, phone: Option<&str>) -> Decision<bool> {
    let Some(phone) = phone else { return Ok(false) };
    let is_taken = signup::has_account(visit, phone)?;
    let is_secret = visit.settings().account.prevent_enumeration.is_on();
    if is_taken && !is_secret {
        form.refuse("phone", FieldErrorKind::PhoneTakenAtSignup);
    }
    Ok(is_taken && is_secret)
}

fn refuse_username(visit: &Visit<'_>, form: &mut Form<'_>, name: Option<&str>) -> Decision<()> {
    let Some(name) = name else { return Ok(()) };
    if let Err(refusal) = username::check(name, &visit.settings().account.username_blacklist) {
        form.refuse("username", refusal);
    } else if visit.owner_of(Handle::username(name))?.is_some() {
        form.refuse("username", FieldErrorKind::UsernameTaken);
    }
    Ok(())
}

fn read_password(visit: &Visit<'_>, form: &mut Form<'_>) -> Option<Secret> {
    let password = given(form, &PASSWORD)?;
    for refusal in password_rules::check(&password, &visit.settings().password_rules(), None) {
        form.refuse("password", refusal);
    }
    Some(Secret::new(password))
}
