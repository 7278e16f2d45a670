//! `auth/2fa/trust`: POST, of browsers only.

use vestibule::flows::trust;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::input::Form;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let pending = trust::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(object);
        let wish = form.boolean("trust", false);
        form.finish()?;
        Ok(wish.unwrap_or_default())
    })?;
    let wish = call.posted(input)?;
    trust::complete(visit, &pending, wish)?;
    Ok(present::authentication(visit))
}
