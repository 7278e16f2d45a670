//! `auth/signup`: POST.

use lambda_http::http::Method;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::signup_form::{self, SignupBy};
use vestibule::http::{Answer, Body, Operation};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "signUp",
    summary: "Sign up",
    text: "Makes an account. Where addresses must be verified, nothing tells whether one had an account already.",
    parameters: &[],
    body: Body::Json(SignupBy::Password.fields()),
    answers: &[
        Answer::authenticated("Signed up, and logged in."),
        Answer::unauthenticated(
            "Signed up; something else is to be done first, such as verifying the address.",
        ),
        Answer::new(403, "Nobody can sign up at present."),
        Answer::conflict("Somebody is logged in."),
        Answer::too_many_requests(
            "There were too many sign-ups from this IP address, or too many messages to this recipient.",
        ),
    ],
}];

pub(crate) use signup_form::needs;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    signup_form::submit(visit, call, SignupBy::Password)
}
