//! `auth/password/request`: POST.

use lambda_http::http::StatusCode;
use vestibule::flows::password_reset;
use vestibule::flows::visit::{Need, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::settings::Action;

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    let Some(email) = call.object().ok().and_then(|object| read(&object).ok()) else { return Vec::new() };
    let mut needs = Visit::counters(settings, Action::ResetPassword, &call.visitor, None, &email);
    needs.extend(Visit::mail_counters(settings, &call.visitor, &email));
    needs.push(Need::Email(email));
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let input = call.input(|object| {
        let email = read(object)?;
        let accounts = password_reset::find_accounts(visit, &email)?;
        Ok((email, accounts))
    })?;
    let (email, accounts) = call.posted(input)?;
    visit.limit(Action::ResetPassword, &email)?;
    password_reset::request(visit, &email, &accounts)?;
    if visit.settings().account.password_reset_by_code_enabled {
        Ok(present::authentication(visit))
    } else {
        Ok(Reply::status(StatusCode::OK))
    }
}

fn read(object: &Object) -> Result<String, Halt> {
    let mut form = Form::new(object);
    let email = form.text("email", &Text::EMAIL);
    form.finish()?;
    Ok(email.unwrap_or_default())
}
