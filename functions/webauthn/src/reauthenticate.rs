//! `auth/webauthn/reauthenticate`: a key, to prove again who one is. GET asks for one, POST proves it.

use vestibule::domain::session;
use vestibule::flows::authenticators::{self, Use};
use vestibule::flows::reauthenticate;
use vestibule::http::prelude::*;

use crate::assertion;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getWebAuthnReauthenticationOptions",
        summary: "Get WebAuthn request options for reauthentication",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<assertion::Request>("The request options."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "reauthenticateWithWebAuthn",
        summary: "Reauthenticate with a security key or passkey",
        text: "Completes the reauthentication that a 401 response asks for. Requires an authenticated \
               session.",
        parameters: &[],
        body: Body::Json(assertion::FIELDS),
        answers: &[
            ResponseSpec::authenticated("Reauthenticated."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    reauthenticate::require_enabled(visit, session::Method::Mfa)?;
    if call.method != Method::POST {
        call.input(|_| Ok(()))?;
        return if [Method::GET, Method::HEAD].contains(&call.method) {
            Ok(assertion::begin(visit, Some(&user)).into())
        } else {
            Err(Stop::NotAllowed)
        };
    }
    let proved = assertion::read(visit, &user, &call.object()?)?;
    assertion::settle(visit, &proved)?;
    authenticators::record_use(visit, &user.id, proved.authenticator, Use::Reauthentication)?;
    Ok(present::authentication(visit).into())
}
