//! `auth/reauthenticate`: POST.

use vestibule::flows::reauthenticate;
use vestibule::flows::visit::{Need, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::secret::Secret;
use vestibule::settings::Action;

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let user = call.visitor.account();
    Visit::counters(tools.settings, Action::Reauthenticate, &call.visitor, user, "")
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit)) };
    if !call.is_get() {
        visit.limit(Action::Reauthenticate, "")?;
    }
    let input = call.input(|object| {
        let mut form = Form::new(object);
        // The one password that is not stripped.
        let password = form.text("password", &Text::PLAIN.unstripped());
        form.finish()?;
        let password = Secret::new(password.unwrap_or_default());
        Ok(reauthenticate::check_password(visit, &user, &password)?)
    })?;
    call.posted(input)?;
    reauthenticate::record_password(visit, &user);
    Ok(present::authentication(visit))
}
