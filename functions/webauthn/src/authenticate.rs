//! `auth/webauthn/authenticate`: a key as the second factor of a login. GET asks for one, POST proves it.

use vestibule::flows::stages::{self, mfa};
use vestibule::http::prelude::*;

use crate::assertion;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getWebAuthnAuthenticationOptions",
        summary: "Get WebAuthn request options for the second factor",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<assertion::Request>("The request options."),
            ResponseSpec::unauthenticated("No login is in progress."),
            ResponseSpec::conflict("No login is pending at the second factor."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "authenticateWithWebAuthn",
        summary: "Authenticate with a security key or passkey",
        text: "",
        parameters: &[],
        body: Body::Json(assertion::FIELDS),
        answers: &[
            ResponseSpec::authenticated("Logged in."),
            ResponseSpec::unauthenticated("The assertion is valid; a further step is pending in `flows`."),
            ResponseSpec::conflict("No login is pending at the second factor."),
        ],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let (pending, account) = mfa::resume(visit)?;
    if call.method != Method::POST {
        call.input(|_| Ok(()))?;
        return if [Method::GET, Method::HEAD].contains(&call.method) {
            Ok(assertion::begin(visit, Some(&account)).into())
        } else {
            Err(Stop::NotAllowed)
        };
    }
    let proved = assertion::read(visit, &account, &call.object()?)?;
    assertion::settle(visit, &proved)?;
    let next = mfa::complete(visit, pending, proved.authenticator)?;
    stages::go_on(visit, next)?;
    Ok(present::authentication(visit).into())
}
