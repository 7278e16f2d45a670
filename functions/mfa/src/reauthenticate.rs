//! `auth/2fa/reauthenticate`: POST.

use vestibule::domain::session;
use vestibule::flows::authenticators::{self, Use};
use vestibule::flows::reauthenticate;
use vestibule::http::prelude::*;

use crate::code;
pub(crate) use crate::code::needs;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "mfaReauthenticate",
    summary: "Reauthenticate with a TOTP or recovery code",
    text: "Completes the reauthentication that a 401 response asks for. Requires an authenticated session.",
    parameters: &[],
    body: Body::Json(code::FIELDS),
    answers: &[
        ResponseSpec::authenticated("Reauthenticated."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::new(403, "This method of reauthentication is not enabled."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    reauthenticate::require_enabled(visit, session::Method::Mfa)?;
    let input = call.input(|object| code::check(visit, &user, object))?;
    let authenticator = call.posted(input)?;
    authenticators::record_use(visit, &user.id, authenticator, Use::Reauthentication)?;
    Ok(present::authentication(visit).into())
}
