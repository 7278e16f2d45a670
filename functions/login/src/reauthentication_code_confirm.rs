//! `auth/reauthenticate/code/confirm`: POST.

use vestibule::domain::refusal::FieldErrorKind;
use vestibule::domain::session;
use vestibule::flows::{reauthenticate, reauthenticate_by_code};
use vestibule::http::prelude::*;

const CODE: Field = Field::text("code", Text::PLAIN, "The code; letter case, dashes and spaces are ignored.");
const FIELDS: &[Field] = &[CODE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "confirmReauthenticationCode",
    summary: "Confirm the code for reauthentication",
    text: "Completes the pending flow `reauthenticate_by_code` with the code that was sent.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Reauthenticated."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ResponseSpec::conflict(
            "No code is pending: none was sent, it has expired, or too many attempts failed.",
        ),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    reauthenticate::require_enabled(visit, session::Method::Code)?;
    let challenge = reauthenticate_by_code::resume(visit)?;
    let settings = visit.settings();
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, settings);
        if let Some(code) = form.text(&CODE)
            && !reauthenticate_by_code::is_right(visit, &user, &challenge, &code)?
        {
            form.refuse("code", FieldErrorKind::IncorrectCode);
        }
        form.finish().or_else(|errors| {
            if !call.is_forgeable() {
                reauthenticate_by_code::fail(visit)?;
            }
            Err(errors.into())
        })
    })?;
    call.posted(input)?;
    reauthenticate_by_code::confirm(visit, &user, &challenge);
    Ok(present::authentication(visit).into())
}
