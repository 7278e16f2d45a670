//! `auth/code/resend` and `auth/reauthenticate/code/resend`: POST.

use vestibule::domain::session;
use vestibule::flows::stages::login_by_code;
use vestibule::flows::{reauthenticate, reauthenticate_by_code};
use vestibule::http::prelude::*;
use vestibule::http::resend;

pub(crate) const LOGIN: &[Operation] = &[resend::operation(
    "resendLoginCode",
    "Resend the login code",
    "",
    &[
        ResponseSpec::ok("A new code was sent."),
        ResponseSpec::conflict("No code is pending."),
        ResponseSpec::too_many_requests("Rate limit exceeded."),
    ],
)];
pub(crate) const REAUTHENTICATION: &[Operation] = &[resend::operation(
    "resendReauthenticationCode",
    "Resend the code for reauthentication",
    "Sends a new code for the pending flow `reauthenticate_by_code`.",
    &[
        ResponseSpec::ok("A new code was sent."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ResponseSpec::conflict("No code is pending, or the limit of resends is reached."),
    ],
)];

pub(crate) fn login(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    resend::decide(visit, call, login_by_code::resend)
}

pub(crate) fn reauthentication(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    reauthenticate::require_enabled(visit, session::Method::Code)?;
    resend::decide(visit, call, reauthenticate_by_code::resend)
}
