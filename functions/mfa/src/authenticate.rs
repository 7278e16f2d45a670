//! `auth/2fa/authenticate`: POST.

use vestibule::flows::stages::{self, mfa};
use vestibule::http::prelude::*;

use crate::code;
pub(crate) use crate::code::needs;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "mfaAuthenticate",
    summary: "Authenticate with a TOTP or recovery code",
    text: "",
    parameters: &[],
    body: Body::Json(code::FIELDS),
    answers: &[
        ResponseSpec::authenticated("Logged in."),
        ResponseSpec::unauthenticated("The code is correct; a further step is pending in `flows`."),
        ResponseSpec::conflict("No login is pending at the second factor."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let (pending, account) = mfa::resume(visit)?;
    let input = call.input(|object| code::check(visit, &account, object))?;
    let authenticator = call.posted(input)?;
    let next = mfa::complete(visit, pending, authenticator)?;
    stages::go_on(visit, next)?;
    Ok(present::authentication(visit).into())
}
