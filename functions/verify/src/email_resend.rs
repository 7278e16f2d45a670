//! `auth/email/verify/resend`: POST. It takes no input, and looks at none.

use lambda_http::http::{Method, StatusCode};
use vestibule::flows::stages::verify_email;
use vestibule::flows::visit::{Decision, Stop, Visit};
use vestibule::http::call::Call;
use vestibule::http::reply::{Outcome, Reply};
use vestibule::http::{Answer, Body, Operation};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "resendEmailVerification",
    summary: "Resend the email verification code",
    text: "",
    parameters: &[],
    body: Body::None,
    answers: &[
        Answer::ok("A new code was sent."),
        Answer::new(403, "Resending is not supported, or the limit of resends is reached."),
        Answer::conflict("No code is pending."),
        Answer::too_many_requests("Rate limit exceeded."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Decision<Outcome> {
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    verify_email::resend(visit)?;
    Ok(Reply::status(StatusCode::OK).into())
}
