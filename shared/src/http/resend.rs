//! Endpoints that send another code: POST. They take no input, and look at none.

use lambda_http::http::{Method, StatusCode};

use super::call::ApiRequest;
use super::operation::{Body, Operation, ResponseSpec};
use super::reply::{Outcome, Reply};
use crate::flows::visit::{Decision, Stop, Visit};

/// What such an endpoint has.
pub const fn operation(
    id: &'static str,
    summary: &'static str,
    text: &'static str,
    answers: &'static [ResponseSpec],
) -> Operation {
    Operation { method: Method::POST, id, summary, text, parameters: &[], body: Body::None, answers }
}

/// Sends another code.
pub fn decide(
    visit: &mut Visit<'_>,
    call: &ApiRequest,
    resend: fn(&mut Visit<'_>) -> Decision<()>,
) -> Decision<Outcome> {
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    resend(visit)?;
    Ok(Reply::status(StatusCode::OK).into())
}
