//! `auth/signup`: POST.

use lambda_http::http::Method;
use vestibule::domain::refusal::Refusal;
use vestibule::domain::username;
use vestibule::flows::signup::{self, NewAccount};
use vestibule::flows::visit::{Decision, Need, Stop, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::password_rules;
use vestibule::secret::Secret;
use vestibule::settings::{Action, Settings, SignupFieldName};

/// What a sign-up is bound to need.
pub fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    let mut needs = Visit::counters(settings, Action::Signup, &call.visitor, None, "");
    let Ok(object) = call.object() else { return needs };
    let mut form = Form::new(&object);
    let asked = |name| settings.account.signup_fields.get(name).is_some();
    if let Some(email) = form.text("email", &Text::EMAIL).filter(|_| asked(SignupFieldName::Email)) {
        needs.extend(Visit::mail_counters(tools, &call.visitor, &email));
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        if settings.account.usernames && !asked(SignupFieldName::Username) {
            needs.push(Need::Username(username::fold(&signup::usual_username(settings, Some(&email)))));
        }
        needs.push(Need::Email(email));
    }
    if let Some(name) = form.text("username", &Text::username(0)).filter(|_| asked(SignupFieldName::Username))
    {
        needs.push(Need::Username(username::fold(&name)));
    }
    if let Some(phone) = form.text("phone", &Text::PHONE).filter(|_| asked(SignupFieldName::Phone)) {
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
    if !call.is_get() {
        visit.limit(Action::Signup, "")?;
    }
    // Only a POST has input here; what else is sent along with other methods is read, but not judged.
    call.input(|_| Ok(()))?;
    if call.method != Method::POST {
        return Err(Halt::NotAllowed);
    }
    let input = read(visit, &call.object()?, by_passkey)?;
    if visit.user().is_some() {
        return Err(Stop::Conflict.into());
    }
    if !visit.settings().account.signup_open {
        return Err(Stop::Forbidden.into());
    }
    if input.already_exists {
        signup::pretend(visit, input.account)?;
    } else {
        match signup::sign_up(visit, input.account) {
            // The account is made, though no code could be sent yet: the next login sends one.
            Ok(()) | Err(Stop::RateLimited) => {}
            Err(stop) => return Err(stop.into()),
        }
    }
    Ok(present::authentication(visit))
}

struct Input {
    account: NewAccount,
    /// Whether an account with this address or number exists, which the client is not to learn.
    already_exists: bool,
}

fn read(visit: &Visit<'_>, object: &Object, by_passkey: bool) -> Result<Input, Halt> {
    let settings = visit.settings();
    let mut form = Form::new(object);
    let mut account = NewAccount { by_passkey, ..NewAccount::default() };
    let mut again = None;
    let mut already_exists = false;
    for field in settings.account.signup_fields.iter() {
        let text = |rules: Text| rules.required_if(field.required);
        match field.name {
            SignupFieldName::Email => {
                let rules = text(Text::EMAIL.at_most(settings.account.email_max_length));
                account.email = form.text("email", &rules).filter(|email| !email.is_empty());
                if let Some(email) = &account.email {
                    match signup::is_free(visit, email)? {
                        Some(true) => {}
                        Some(false) => form.refuse("email", Refusal::EmailTaken),
                        None => already_exists = true,
                    }
                }
            }
            SignupFieldName::Email2 => again = form.text("email2", &text(Text::EMAIL)),
            SignupFieldName::Username => {
                let rules = text(Text::username(settings.account.username_min_length));
                account.username = form.text("username", &rules).filter(|name| !name.is_empty());
                if let Some(name) = &account.username
                    && let Err(refusal) = check_username(visit, name, settings)?
                {
                    form.refuse("username", refusal);
                }
            }
            SignupFieldName::Phone => {
                account.phone = form.text("phone", &text(Text::PHONE)).filter(|phone| !phone.is_empty());
            }
            // The headless API asks for one password, last of all.
            SignupFieldName::Password1 | SignupFieldName::Password2 => {}
        }
    }
    let password = settings.account.signup_fields.get(SignupFieldName::Password1);
    if let Some(required) = password.filter(|_| !by_passkey) {
        let password = form.text("password", &Text::PLAIN.required_if(required));
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            for refusal in password_rules::check(&password, &settings.password_rules(), None) {
                form.refuse("password", refusal);
            }
            account.password = Some(Secret::new(password));
        }
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
            already_exists = true;
        } else {
            form.refuse("phone", Refusal::PhoneTakenAtSignup);
        }
    }
    form.finish()?;
    Ok(Input { account, already_exists })
}

fn check_username(visit: &Visit<'_>, name: &str, settings: &Settings) -> Decision<Result<(), Refusal>> {
    if let Err(refusal) = username::check(name, &settings.account.username_blacklist) {
        return Ok(Err(refusal));
    }
    let taken = visit.owner_of_username(name)?.is_some();
    Ok(if taken { Err(Refusal::UsernameTaken) } else { Ok(()) })
}
