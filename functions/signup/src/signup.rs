//! `auth/signup`: POST.

use vestibule::http::prelude::*;
use vestibule::http::signup_form::{self, SignupBy};
use vestibule::settings::ProfilePart;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "signUp",
    summary: "Sign up",
    text: "Creates an account. With mandatory verification, the response does not reveal whether an \
           account exists already.",
    parameters: &[],
    body: Body::JsonWith(SignupBy::Password.fields(), ProfilePart::Signup),
    answers: &[
        ResponseSpec::authenticated("Signed up, and logged in."),
        ResponseSpec::unauthenticated(
            "Signed up; a further step is pending in `flows`, such as `verify_email`.",
        ),
        ResponseSpec::new(403, "Sign-up is closed (`ACCOUNT_SIGNUP_ENABLED`)."),
        ResponseSpec::conflict("Already authenticated."),
        ResponseSpec::too_many_requests(
            "Rate limit exceeded: sign-ups from this IP address, or messages to this recipient.",
        ),
    ],
}];

pub(crate) use signup_form::needs;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    signup_form::submit(visit, call, SignupBy::Password)
}
