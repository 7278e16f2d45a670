//! `auth/email/verify/resend` and `auth/phone/verify/resend`: POST.

use vestibule::flows::stages::{verify_email, verify_phone};
use vestibule::http::prelude::*;
use vestibule::http::resend;

const ANSWERS: &[ResponseSpec] = &[
    ResponseSpec::ok("A new code was sent."),
    ResponseSpec::new(403, "Resending is not supported, or the limit of resends is reached."),
    ResponseSpec::conflict("No code is pending."),
    ResponseSpec::too_many_requests("Rate limit exceeded."),
];
pub(crate) const EMAIL: &[Operation] =
    &[resend::operation("resendEmailVerification", "Resend the email verification code", "", ANSWERS)];
pub(crate) const PHONE: &[Operation] =
    &[resend::operation("resendPhoneVerification", "Resend the phone verification code", "", ANSWERS)];

pub(crate) fn email(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    resend::decide(visit, call, verify_email::resend)
}

pub(crate) fn phone(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    resend::decide(visit, call, verify_phone::resend)
}
