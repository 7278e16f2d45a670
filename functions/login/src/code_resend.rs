//! `auth/code/resend`: POST. It takes no input, and looks at none.

use lambda_http::http::{Method, StatusCode};
use vestibule::flows::stages::login_by_code;
use vestibule::flows::visit::{Decision, Stop, Visit};
use vestibule::http::call::Call;
use vestibule::http::reply::{Outcome, Reply};
use vestibule::http::{Answer, Body, Operation};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "resendLoginCode",
    summary: "Resend the login code",
    text: "",
    parameters: &[],
    body: Body::None,
    answers: &[
        Answer::ok("A new code was sent."),
        Answer::conflict("No code is pending."),
        Answer::too_many_requests("Rate limit exceeded."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Decision<Outcome> {
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    login_by_code::resend(visit)?;
    Ok(Reply::status(StatusCode::OK).into())
}
