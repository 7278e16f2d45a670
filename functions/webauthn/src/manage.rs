//! `account/authenticators/webauthn`: GET asks for a new key, POST adds it, PUT renames one, DELETE removes some.

use lambda_http::http::{Method, StatusCode};
use serde_json::json;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::Factor;
use vestibule::flows::visit::{Decision, Need, Stop, Tools, Visit};
use vestibule::flows::{mfa, reauthenticate};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

use crate::registration;

/// Longest name that a key can be given later, in characters.
const MAX_NEW_NAME: usize = 100;

pub(crate) fn needs(call: &Call, _: &Tools<'_>) -> Vec<Need> {
    if call.method == Method::POST { registration::needs(call) } else { Vec::new() }
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit)) };
    if [Method::GET, Method::POST].contains(&call.method)
        && let Err(refusal) = mfa::check_may_add(visit.settings(), &user)
    {
        return Ok(Reply { status: StatusCode::CONFLICT, ..Reply::invalid(refusal.of_all().into()) });
    }
    match call.method {
        Method::GET | Method::HEAD => begin(visit, &user, call),
        Method::POST => add(visit, &user, &call.object()?),
        Method::PUT => rename(visit, &user, &call.object()?),
        Method::DELETE => remove(visit, &user, &call.object()?),
        _ => {
            call.input(|_| Ok(()))?;
            Err(Halt::NotAllowed)
        }
    }
}

fn begin(visit: &mut Visit<'_>, user: &Account, call: &Call) -> Result<Reply, Halt> {
    call.input(|_| Ok(()))?;
    require(visit)?;
    Ok(registration::begin(visit, user, call.query("passwordless").is_some()))
}

fn add(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Reply, Halt> {
    let insists = visit.settings().mfa.passkey_login_enabled;
    let factor = registration::read(visit, user.credentials().count(), object, insists)?;
    require(visit)?;
    let added = mfa::add(visit, &user.id, factor, false)?;
    let reply = Reply::ok(present::authenticator(&added.authenticator));
    Ok(reply.with_meta("recovery_codes_generated", json!(added.recovery_codes_generated)))
}

fn rename(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Reply, Halt> {
    let mut form = Form::new(object);
    let id = form.id("id", &ids(user));
    let name = form.text("name", &Text::PLAIN.at_most(MAX_NEW_NAME));
    form.finish()?;
    require(visit)?;
    let account = visit.account_mut(&user.id)?;
    let known = account.authenticators.iter_mut().find(|known| Some(known.id) == id);
    let known = known.ok_or(Stop::Conflict)?;
    if let (Factor::WebAuthn(credential), Some(name)) = (&mut known.factor, name) {
        credential.name = name;
    }
    Ok(Reply::ok(present::authenticator(known)))
}

fn remove(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Reply, Halt> {
    let mut form = Form::new(object);
    let ids = form.ids("authenticators", &ids(user));
    form.finish()?;
    require(visit)?;
    for id in ids.unwrap_or_default() {
        mfa::remove(visit, &user.id, id)?;
    }
    Ok(Reply::status(StatusCode::OK))
}

fn require(visit: &Visit<'_>) -> Decision<()> {
    reauthenticate::require_if(visit, visit.settings().mfa.reauthentication_required)
}

fn ids(user: &Account) -> Vec<i64> {
    user.credentials().map(|(authenticator, _)| authenticator.id).collect()
}
