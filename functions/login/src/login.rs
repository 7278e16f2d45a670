//! `auth/login`: POST. `remember` is ignored, as the contract has it.

use vestibule::domain::account::AccountId;
use vestibule::domain::refusal::Refusal;
use vestibule::flows::login::{self, Identifier};
use vestibule::flows::visit::{Need, Stop, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::secret::Secret;
use vestibule::settings::{Action, LoginMethod, Settings};

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    let mut needs = Visit::counters(settings, Action::Login, &call.visitor, None, "");
    let Some((who, _)) = call.object().ok().and_then(|object| read(&object, settings).ok()) else {
        return needs;
    };
    needs.extend(Visit::counters(settings, Action::LoginFailed, &call.visitor, None, who.key()));
    match who {
        Identifier::Email(email) => needs.push(Need::Email(email)),
        Identifier::Phone(phone) => needs.push(Need::Phone(phone)),
        Identifier::Username(name) => {
            if settings.account.login_methods.contains(LoginMethod::Email) {
                needs.push(Need::Email(name.to_lowercase()));
            }
            needs.push(Need::Username(name.to_lowercase()));
        }
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    if !call.is_get() {
        visit.limit(Action::Login, "")?;
    }
    let input = call.input(|object| Ok(authenticate(visit, object)?))?;
    let (account, who, password) = call.posted(input)?;
    if visit.user().is_some() {
        return Err(Stop::Conflict.into());
    }
    login::log_in(visit, account, who, &password)?;
    Ok(present::authentication(visit))
}

fn authenticate(visit: &mut Visit<'_>, object: &Object) -> Result<(AccountId, Identifier, Secret), Stop> {
    let (who, password) = read(object, visit.settings())?;
    let account = login::authenticate(visit, &who, &password)?;
    login::refuse_if_limited(visit, &account, &who)?;
    Ok((account, who, password))
}

fn read(object: &Object, settings: &Settings) -> Result<(Identifier, Secret), Stop> {
    let methods = &settings.account.login_methods;
    let mut form = Form::new(object);
    let mut given = Vec::new();
    for method in [LoginMethod::Username, LoginMethod::Email, LoginMethod::Phone] {
        if !methods.contains(method) {
            continue;
        }
        let (rules, identify): (Text, fn(String) -> Identifier) = match method {
            LoginMethod::Username => (Text::PLAIN, Identifier::Username),
            LoginMethod::Email => (Text::EMAIL, Identifier::Email),
            LoginMethod::Phone => (Text::PHONE, Identifier::Phone),
        };
        let required = methods.only().is_some();
        let value = form.text(method.name(), &rules.required_if(required));
        given.extend(value.filter(|_| form.names(method.name())).map(identify));
    }
    let password = form.text("password", &Text::PLAIN);
    form.finish().map_err(Stop::Invalid)?;
    match (given.pop(), password) {
        (Some(who), Some(password)) if given.is_empty() => Ok((who, Secret::new(password))),
        _ => Err(Stop::invalid(Refusal::InvalidLogin.of_all())),
    }
}
