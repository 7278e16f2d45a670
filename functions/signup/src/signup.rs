//! `auth/signup`: POST.

use lambda_http::http::Method;
use vestibule::domain::refusal::Refusal;
use vestibule::domain::username;
use vestibule::flows::signup::{self, NewAccount, Taken};
use vestibule::flows::visit::{Decision, Stop, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Field, Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};
use vestibule::password_rules;
use vestibule::secret::Secret;
use vestibule::settings::{Action, Settings, SignupFieldName, When};
use vestibule::snapshot::Need;

const EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "An email address.")
    .asked(When::SignupEmail)
    .required(When::SignupEmailRequired);
const EMAIL2: Field = Field::text("email2", Text::EMAIL, "The email address again.")
    .asked(When::SignupEmail2)
    .required(When::SignupEmail2Required);
const USERNAME: Field = Field::text("username", Text::USERNAME, "A username.")
    .asked(When::SignupUsername)
    .required(When::SignupUsernameRequired);
const PHONE: Field = Field::text("phone", Text::PHONE, "A phone number.")
    .asked(When::SignupPhone)
    .required(When::SignupPhoneRequired);
const PASSWORD: Field = Field::text("password", Text::PLAIN, "A password.")
    .asked(When::SignupPassword)
    .required(When::SignupPasswordRequired);
const FIELDS: &[Field] = &[EMAIL, EMAIL2, USERNAME, PHONE, PASSWORD];
/// What somebody gives who is to make a passkey later.
pub const FIELDS_BY_PASSKEY: &[Field] = &[EMAIL, EMAIL2, USERNAME, PHONE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "signUp",
    summary: "Sign up",
    text: "Makes an account. Where addresses must be verified, nothing tells whether one had an account already.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        Answer::authenticated("Signed up, and logged in."),
        Answer::unauthenticated(
            "Signed up; something else is to be done first, such as verifying the address.",
        ),
        Answer::new(403, "Nobody can sign up at present."),
        Answer::conflict("Somebody is logged in."),
        Answer::too_many_requests(
            "There were too many sign-ups from this IP address, or too many messages to this recipient.",
        ),
    ],
}];

/// What a sign-up is bound to need.
pub fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    let mut needs = Visit::counters(settings, Action::Signup, &call.visitor, None, "");
    let Ok(object) = call.object() else { return needs };
    let mut form = Form::new(FIELDS, &object, settings);
    let mut given = |field| form.text(field).filter(|text| !text.is_empty());
    if let Some(email) = given(&EMAIL) {
        needs.extend(Visit::mail_counters(tools, &call.visitor, &email));
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        if settings.account.usernames && !USERNAME.is_asked(settings) {
            let usual = signup::usual_username(settings, Some(&email));
            needs.extend(username::key(&usual).map(Need::Username));
        }
        needs.push(Need::Email(email));
    }
    if let Some(name) = given(&USERNAME) {
        needs.extend(username::key(&name).map(Need::Username));
    }
    if let Some(phone) = given(&PHONE) {
        needs.extend(Visit::mail_counters(tools, &call.visitor, &phone));
        needs.extend(Visit::counters(settings, Action::VerifyPhone, &call.visitor, None, &phone));
        needs.push(Need::Phone(phone));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    sign_up(visit, call, false)
}

/// The same for somebody who is to make a passkey later, and so gives no password.
pub fn decide_by_passkey(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    sign_up(visit, call, true)
}

fn sign_up(visit: &mut Visit<'_>, call: &Call, by_passkey: bool) -> Result<Reply, Halt> {
    if !call.is_forgeable() {
        visit.limit(Action::Signup, "")?;
    }
    // Only a POST has input here; what else is sent along with other methods is read, but not judged.
    call.input(|_| Ok(()))?;
    if call.method != Method::POST {
        return Err(Halt::NotAllowed);
    }
    let object = call.object()?;
    let input = read(visit, &object, by_passkey)?;
    if visit.user().is_some() {
        return Err(Stop::Conflict.into());
    }
    if !visit.settings().account.signup_enabled {
        return Err(Stop::Forbidden.into());
    }
    if fills_honeypot(visit.settings(), &object) {
        signup::pretend_to_bot(visit, input.account);
    } else {
        signup::sign_up(visit, input.account, input.taken)?;
    }
    Ok(present::authentication(visit))
}

fn fills_honeypot(settings: &Settings, object: &Object) -> bool {
    let given = settings.account.signup_honeypot.as_ref().and_then(|name| object.get(name));
    given.is_some_and(|value| !value.is_missing() && !value.to_text().trim().is_empty())
}

struct Input {
    account: NewAccount,
    taken: Taken,
}

fn read(visit: &Visit<'_>, object: &Object, by_passkey: bool) -> Result<Input, Halt> {
    let settings = visit.settings();
    let fields = if by_passkey { FIELDS_BY_PASSKEY } else { FIELDS };
    let mut form = Form::new(fields, object, settings);
    let mut account = NewAccount { by_passkey, ..NewAccount::default() };
    let mut again = None;
    let mut taken = Taken::default();
    for field in settings.account.signup_fields.iter() {
        match field.name {
            SignupFieldName::Email => {
                account.email = form.text(&EMAIL).filter(|email| !email.is_empty());
                if let Some(email) = &account.email {
                    match signup::is_free(visit, email)? {
                        Some(true) => {}
                        Some(false) => form.refuse("email", Refusal::EmailTaken),
                        None => taken.email = true,
                    }
                }
            }
            SignupFieldName::Email2 => again = form.text(&EMAIL2),
            SignupFieldName::Username => {
                account.username = form.text(&USERNAME).filter(|name| !name.is_empty());
                if let Some(name) = &account.username
                    && let Err(refusal) = check_username(visit, name, settings)?
                {
                    form.refuse("username", refusal);
                }
            }
            SignupFieldName::Phone => {
                account.phone = form.text(&PHONE).filter(|phone| !phone.is_empty());
            }
            // The headless API asks for one password, last of all.
            SignupFieldName::Password1 | SignupFieldName::Password2 => {}
        }
    }
    let password = if by_passkey { None } else { form.text(&PASSWORD) };
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        for refusal in password_rules::check(&password, &settings.password_rules(), None) {
            form.refuse("password", refusal);
        }
        account.password = Some(Secret::new(password));
    }
    if let (Some(email), Some(again)) = (&account.email, again.filter(|again| !again.is_empty()))
        && *email != again
        && !form.is_refused("email")
    {
        form.refuse("email2", Refusal::EmailsDiffer);
    }
    if let Some(phone) = &account.phone
        && signup::has_account(visit, phone)?
    {
        if settings.account.prevent_enumeration.is_on() {
            taken.phone = true;
        } else {
            form.refuse("phone", Refusal::PhoneTakenAtSignup);
        }
    }
    form.finish()?;
    Ok(Input { account, taken })
}

fn check_username(visit: &Visit<'_>, name: &str, settings: &Settings) -> Decision<Result<(), Refusal>> {
    if let Err(refusal) = username::check(name, &settings.account.username_blacklist) {
        return Ok(Err(refusal));
    }
    let taken = visit.owner_of_username(name)?.is_some();
    Ok(if taken { Err(Refusal::UsernameTaken) } else { Ok(()) })
}
