//! `auth/reauthenticate/code/resend`: POST. It takes no input, and looks at none.

use lambda_http::http::{Method, StatusCode};
use vestibule::domain::session;
use vestibule::flows::visit::{Decision, Stop, Visit};
use vestibule::flows::{reauthenticate, reauthenticate_by_code};
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Outcome, Reply};
use vestibule::http::{Answer, Body, Operation};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "resendReauthenticationCode",
    summary: "Resend the code for reauthentication",
    text: "Sends a new code for the pending flow `reauthenticate_by_code`.",
    parameters: &[],
    body: Body::None,
    answers: &[
        Answer::ok("A new code was sent."),
        Answer::UNAUTHENTICATED,
        Answer::new(403, "This method of reauthentication is not enabled."),
        Answer::conflict("No code is pending, or the limit of resends is reached."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    reauthenticate::require_enabled(visit, session::Method::Code)?;
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    reauthenticate_by_code::resend(visit)?;
    Ok(Reply::status(StatusCode::OK).into())
}
