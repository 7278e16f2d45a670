//! `account/authenticators/totp`: GET tells of the app, or shows a secret for one; POST adds the app that has the secret,
//! DELETE removes it.

use lambda_http::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde_json::json;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::AuthenticatorType;
use vestibule::flows::visit::Visit;
use vestibule::flows::{mfa, totp};
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};

use crate::code;
pub(crate) use crate::code::needs;

const NOBODY: Answer = Answer::unauthenticated("Nobody is logged in, or they must prove again who they are.");
const NOT_NOW: Answer =
    Answer::conflict("No second factor can be added at present: `errors` tells why.").with_errors();

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getTotp",
        summary: "See the app that shows codes, or what to set one up with",
        text: "Each time without an app there is another secret; the last one counts.",
        parameters: &[],
        body: Body::None,
        answers: &[
            Answer::data::<present::TotpAuthenticator>("The app."),
            NOBODY,
            Answer::new(404, "There is none: this is what to set one up with.").with_meta::<Setup>(),
            NOT_NOW,
        ],
    },
    Operation {
        method: Method::POST,
        id: "activateTotp",
        summary: "Add an app that shows codes",
        text: "Takes a code of the app, which proves that it has the secret.",
        parameters: &[],
        body: Body::Json(code::FIELDS),
        answers: &[Answer::data::<present::TotpAuthenticator>("Added."), NOBODY, NOT_NOW],
    },
    Operation {
        method: Method::DELETE,
        id: "deactivateTotp",
        summary: "Remove the app",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[Answer::ok("Removed; or there was none."), NOBODY],
    },
];

/// What an app is set up with.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the shape of what is added piece by piece")]
struct Setup {
    /// The secret, in base32.
    secret: String,
    /// The same as an address, to be shown as a QR code.
    totp_url: String,
}

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
        return Reply::ok(present::Authenticator::from(app));
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
    let shown = totp::shown_secret(visit, user)?;
    totp::check_setup(visit, user, shown.as_ref(), &code::read(visit, &call.object()?)?)?;
    Ok(Reply::ok(present::Authenticator::from(&totp::activate(visit, user)?)))
}
