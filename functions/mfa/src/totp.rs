//! `account/authenticators/totp`: GET tells of the app, or shows a secret for one; POST adds the app that has the secret,
//! DELETE removes it.

use schemars::JsonSchema;
use serde_json::json;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::AuthenticatorType;
use vestibule::flows::{authenticators, totp};
use vestibule::http::prelude::*;

use crate::code;
pub(crate) use crate::code::needs;

const NOT_NOW: ResponseSpec =
    ResponseSpec::conflict("A second factor cannot be added; `errors` gives the reason.").with_errors();

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getTotp",
        summary: "Get the authenticator app, or a secret to set one up",
        text: "Without an authenticator app, each request generates a new TOTP secret; the latest one is \
               valid.",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<present::TotpAuthenticator>("The authenticator app."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            ResponseSpec::new(
                404,
                "The account has no authenticator app; `meta` holds a new TOTP \
             secret.",
            )
            .with_meta::<TotpSetup>(),
            NOT_NOW,
        ],
    },
    Operation {
        method: Method::POST,
        id: "activateTotp",
        summary: "Activate an authenticator app",
        text: "Verifies a code, which proves that the authenticator app holds the secret.",
        parameters: &[],
        body: Body::Json(code::FIELDS),
        answers: &[
            ResponseSpec::data::<present::TotpAuthenticator>("Added."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            NOT_NOW,
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "deactivateTotp",
        summary: "Deactivate the authenticator app",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::ok("Deactivated, or the account had none."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
];

/// The secret to set up an authenticator app with.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the shape of what is added piece by piece")]
struct TotpSetup {
    /// The TOTP secret, in Base32.
    secret: String,
    /// The `otpauth:` URI of the secret, to be shown as a QR code.
    totp_url: String,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET | Method::HEAD => Ok(look(visit, &user).into()),
        Method::POST => activate(visit, call, &user),
        Method::DELETE => {
            totp::deactivate(visit, &user)?;
            Ok(Reply::status(StatusCode::OK).into())
        }
        _ => Err(Stop::NotAllowed),
    }
}

fn look(visit: &mut Visit<'_>, user: &Account) -> Reply {
    if let Some(app) = user.authenticator(AuthenticatorType::Totp) {
        return Reply::ok(present::AuthenticatorJson::from(app));
    }
    if let Err(refusal) = authenticators::check_may_add(visit.settings(), user) {
        let errors = Some(refusal.of_all().into());
        return Reply { errors, ..Reply::status(StatusCode::CONFLICT) };
    }
    let setup = totp::begin(visit, user);
    Reply::status(StatusCode::NOT_FOUND)
        .with_meta("secret", json!(setup.secret.expose()))
        .with_meta("totp_url", json!(setup.url.expose()))
}

fn activate(visit: &mut Visit<'_>, call: &ApiRequest, user: &Account) -> Decision<Outcome> {
    let shown = totp::shown_secret(visit, user)?;
    totp::check_setup(visit, user, shown.as_ref(), &code::read(visit, &call.object()?)?)?;
    Ok(Reply::ok(present::AuthenticatorJson::from(&totp::activate(visit, user)?)).into())
}
