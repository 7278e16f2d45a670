//! `auth/code/confirm`: POST.

use vestibule::domain::refusal::Refusal;
use vestibule::flows::login_by_code;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (_, challenge, _) = login_by_code::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(object);
        let code = form.text("code", &Text::PLAIN);
        if code.is_some_and(|code| !login_by_code::is_right(visit, &challenge, &code)) {
            form.refuse("code", Refusal::IncorrectCode);
        }
        form.finish().or_else(|errors| {
            login_by_code::fail(visit)?;
            Err(errors.into())
        })
    })?;
    call.posted(input)?;
    login_by_code::confirm(visit)?;
    Ok(present::authentication(visit))
}
