//! `auth/phone/verify`: POST.

use vestibule::domain::refusal::Refusal;
use vestibule::flows::verify_phone;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let verification = verify_phone::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(object);
        if let Some(code) = form.text("code", &Text::PLAIN) {
            if !verify_phone::is_right(visit, &verification, &code) {
                form.refuse("code", Refusal::IncorrectCode);
            } else if verify_phone::is_taken(visit, &verification)? {
                form.refuse("code", Refusal::PhoneTaken);
            }
        }
        form.finish().map_err(|errors| {
            verify_phone::fail(visit, verification.clone());
            errors.into()
        })
    })?;
    call.posted(input)?;
    verify_phone::confirm(visit, &verification)?;
    Ok(present::authentication(visit))
}
