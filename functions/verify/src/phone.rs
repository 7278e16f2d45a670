//! `auth/phone/verify`: POST.

use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::stages::{self, verify_phone};
use vestibule::http::prelude::*;

const CODE: Field = Field::text("code", Text::PLAIN, "The code; letter case, dashes and spaces are ignored.");
const FIELDS: &[Field] = &[CODE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "verifyPhone",
    summary: "Verify the phone number",
    text: "A status of 401 also means success: the phone number is verified, and the session is not \
           authenticated.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Verified, and authenticated."),
        ResponseSpec::unauthenticated("Verified; a further step is pending in `flows`."),
        ResponseSpec::conflict(
            "No code is pending: none was sent, it has expired, or too many attempts failed.",
        ),
        ResponseSpec::too_many_requests("Rate limit exceeded: messages to this recipient."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let verification = verify_phone::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, visit.settings());
        if let Some(code) = form.text(&CODE) {
            if !verify_phone::is_right(visit, &verification, &code)? {
                form.refuse("code", FieldErrorKind::IncorrectCode);
            } else if verify_phone::is_taken(visit, &verification)? {
                form.refuse("code", FieldErrorKind::PhoneTaken);
            }
        }
        form.finish().map_err(|errors| {
            if !call.is_forgeable() {
                verify_phone::fail(visit, verification.clone());
            }
            errors.into()
        })
    })?;
    call.posted(input)?;
    let next = verify_phone::confirm(visit, &verification)?;
    stages::go_on(visit, next)?;
    Ok(present::authentication(visit).into())
}
