//! `account/authenticators/totp`: GET tells of the app, or shows a secret for one; POST adds the app that has the secret,
//! DELETE removes it.

use lambda_http::http::{Method, StatusCode};
use serde_json::json;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::AuthenticatorType;
use vestibule::flows::visit::Visit;
use vestibule::flows::{mfa, totp};
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

use crate::code;
pub(crate) use crate::code::needs;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit)) };
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET | Method::HEAD => Ok(look(visit, &user)),
        Method::POST => activate(visit, call, &user),
        Method::DELETE => {
            totp::deactivate(visit, &user)?;
            Ok(Reply::status(StatusCode::OK))
        }
        _ => Err(Halt::NotAllowed),
    }
}

fn look(visit: &mut Visit<'_>, user: &Account) -> Reply {
    if let Some(app) = user.authenticator(AuthenticatorType::Totp) {
        return Reply::ok(present::authenticator(app));
    }
    if let Err(refusal) = mfa::check_may_add(visit.settings(), user) {
        let errors = Some(refusal.of_all().into());
        return Reply { errors, ..Reply::status(StatusCode::CONFLICT) };
    }
    let setup = totp::begin(visit, user);
    Reply::status(StatusCode::NOT_FOUND)
        .with_meta("secret", json!(setup.secret.expose()))
        .with_meta("totp_url", json!(setup.url.expose()))
}

fn activate(visit: &mut Visit<'_>, call: &Call, user: &Account) -> Result<Reply, Halt> {
    let shown = totp::shown_secret(visit, user);
    totp::check_setup(visit, user, shown.as_ref(), &code::read(&call.object()?)?)?;
    Ok(Reply::ok(present::authenticator(&totp::activate(visit, user)?)))
}
