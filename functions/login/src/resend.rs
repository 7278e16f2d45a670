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
        Answer::ok("A new code was sent."),
        Answer::conflict("No code is pending."),
        Answer::too_many_requests("Rate limit exceeded."),
    ],
)];
pub(crate) const REAUTHENTICATION: &[Operation] = &[resend::operation(
    "resendReauthenticationCode",
    "Resend the code for reauthentication",
    "Sends a new code for the pending flow `reauthenticate_by_code`.",
    &[
        Answer::ok("A new code was sent."),
        Answer::UNAUTHENTICATED,
        Answer::new(403, "This method of reauthentication is not enabled."),
        Answer::conflict("No code is pending, or the limit of resends is reached."),
    ],
)];

pub(crate) fn login(visit: &mut Visit<'_>, call: &Call) -> Decision<Outcome> {
    resend::decide(visit, call, login_by_code::resend)
}

pub(crate) fn reauthentication(visit: &mut Visit<'_>, call: &Call) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    reauthenticate::require_enabled(visit, session::Method::Code)?;
    resend::decide(visit, call, reauthenticate_by_code::resend)
}
