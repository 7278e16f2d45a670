//! `auth/code/confirm`: POST.

use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::stages::{self, login_by_code};
use vestibule::http::prelude::*;

const CODE: Field = Field::text("code", Text::PLAIN, "The code; letter case, dashes and spaces are ignored.");
const FIELDS: &[Field] = &[CODE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "confirmLoginCode",
    summary: "Confirm a login code",
    text: "Completes the pending flow `login_by_code`: a login by code, or the code that \
           `ACCOUNT_LOGIN_BY_CODE_REQUIRED` demands after another method.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Logged in."),
        ResponseSpec::unauthenticated("The code is correct; a further step is pending in `flows`."),
        ResponseSpec::conflict(
            "No code is pending: none was sent, it has expired, or too many attempts failed.",
        ),
        ResponseSpec::too_many_requests("Rate limit exceeded: messages to this recipient."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let (_, challenge, _) = login_by_code::resume(visit)?;
    let settings = visit.settings();
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, settings);
        if let Some(code) = form.text(&CODE)
            && !login_by_code::is_right(visit, &challenge, &code)?
        {
            form.refuse("code", FieldErrorKind::IncorrectCode);
        }
        form.finish().or_else(|errors| {
            if !call.is_forgeable() {
                login_by_code::fail(visit)?;
            }
            Err(errors.into())
        })
    })?;
    call.posted(input)?;
    let next = login_by_code::confirm(visit)?;
    stages::go_on(visit, next)?;
    Ok(present::authentication(visit).into())
}
