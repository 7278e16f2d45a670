//! `auth/webauthn/login`: a passkey instead of a password. GET asks for one, POST logs in with it, also where another
//! user is authenticated.

use vestibule::flows::stages::{self, mfa};
use vestibule::http::prelude::*;

use crate::assertion;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getPasskeyLoginOptions",
        summary: "Get WebAuthn request options for a passkey login",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[ResponseSpec::data::<assertion::Request>("The request options.")],
    },
    Operation {
        method: Method::POST,
        id: "logInWithPasskey",
        summary: "Log in with a passkey",
        text: "In an authenticated session, the account of the passkey replaces the current one.",
        parameters: &[],
        body: Body::Json(assertion::FIELDS),
        answers: &[
            ResponseSpec::authenticated("Logged in."),
            ResponseSpec::unauthenticated("The assertion is valid; a further step is pending in `flows`."),
            ResponseSpec::conflict("The account was changed while the hook was asked: try again.")
                .when(When::Hook),
            ResponseSpec::too_many_requests("Rate limit exceeded: logins from this IP address."),
        ],
    },
];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    if call.is_get() {
        return Vec::new();
    }
    let mut needs = mfa::log_in_counters(context.settings, &call.visitor);
    let response = call.object().ok().and_then(|object| assertion::find(&object, context.settings));
    needs.extend(response.iter().flat_map(assertion::owners).map(Need::Account));
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if !call.is_forgeable() {
        mfa::limit_log_in(visit)?;
    }
    if call.method != Method::POST {
        call.input(|_| Ok(()))?;
        return if [Method::GET, Method::HEAD].contains(&call.method) {
            Ok(assertion::begin(visit, None).into())
        } else {
            Err(Stop::NotAllowed)
        };
    }
    let proved = assertion::read_passkey(visit, &call.object()?)?;
    assertion::settle(visit, &proved)?;
    let next = mfa::log_in(visit, proved.account, proved.authenticator)?;
    stages::go_on(visit, next)?;
    Ok(present::authentication(visit).into())
}
