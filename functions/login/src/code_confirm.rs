//! `auth/code/confirm`: POST.

use lambda_http::http::Method;
use vestibule::domain::refusal::Refusal;
use vestibule::flows::login_by_code;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::input::{Field, Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};

const CODE: Field =
    Field::text("code", Text::PLAIN, "The code. Its case, and dashes and spaces in it, do not matter.");
const FIELDS: &[Field] = &[CODE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "confirmLoginCode",
    summary: "Log in with a code",
    text: "Enters the code that was sent. Also where a code is asked for after another way to log in.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        Answer::authenticated("Logged in."),
        Answer::unauthenticated("The code was right; something else is to be done first."),
        Answer::conflict("No code is awaited, or it has expired, or it was tried too often."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (_, challenge, _) = login_by_code::resume(visit)?;
    let settings = visit.settings();
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, settings);
        if let Some(code) = form.text(&CODE)
            && !login_by_code::is_right(visit, &challenge, &code)?
        {
            form.refuse("code", Refusal::IncorrectCode);
        }
        form.finish().or_else(|errors| {
            if !call.is_forgeable() {
                login_by_code::fail(visit)?;
            }
            Err(errors.into())
        })
    })?;
    call.posted(input)?;
    login_by_code::confirm(visit)?;
    Ok(present::authentication(visit))
}
