//! `account/phone`: GET lists the number, POST changes it. Whoever has just signed up corrects their number by a POST.

use lambda_http::http::{Method, StatusCode};
use serde_json::{Value, json};
use vestibule::domain::account::Account;
use vestibule::flows::verify_phone::{self, PhoneVerification};
use vestibule::flows::visit::{Need, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::settings::Action;

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    if call.is_get() {
        return Vec::new();
    }
    let user = call.visitor.account();
    let mut needs = Visit::counters(settings, Action::ChangePhone, &call.visitor, user, "");
    let phone = call.object().ok().and_then(|object| Form::new(&object).text("phone", &Text::PHONE));
    if let Some(phone) = phone {
        needs.extend(Visit::counters(settings, Action::VerifyPhone, &call.visitor, None, &phone));
        needs.extend(Visit::mail_counters(tools, &call.visitor, &phone));
        needs.push(Need::Phone(phone));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (user, verification) = match visit.user().cloned() {
        Some(user) => (user, None),
        // The reference breaks at other methods.
        None if call.method != Method::POST => return Ok(present::authentication(visit)),
        None => {
            let (account, verification) = verify_phone::correctable(visit)?;
            (account, Some(verification))
        }
    };
    if !call.is_get() {
        visit.limit(Action::ChangePhone, "")?;
    }
    let input = call.input(|object| read(visit, &user, object))?;
    if call.is_get() || call.method == Method::HEAD {
        return Ok(Reply::ok(numbers(&user)));
    }
    let (number, is_free) = call.posted(input)?;
    change(visit, &user, verification, &number, is_free)?;
    let data = json!([{"phone": number, "verified": false}]);
    Ok(Reply { data: Some(data), ..Reply::status(StatusCode::ACCEPTED) })
}

fn numbers(user: &Account) -> Value {
    user.phone.iter().map(|phone| json!({"phone": phone.number, "verified": phone.verified})).collect()
}

fn read(visit: &Visit<'_>, user: &Account, object: &Object) -> Result<(String, bool), Halt> {
    let mut form = Form::new(object);
    let number = form.text("phone", &Text::PHONE);
    let mut is_free = false;
    if let Some(number) = &number {
        match verify_phone::check_new(visit, user, number)? {
            Ok(free) => is_free = free,
            Err(refusal) => form.refuse("phone", refusal),
        }
    }
    form.finish()?;
    Ok((number.unwrap_or_default(), is_free))
}

fn change(
    visit: &mut Visit<'_>,
    user: &Account,
    verification: Option<PhoneVerification>,
    number: &str,
    is_free: bool,
) -> Result<(), Halt> {
    match verification {
        Some(verification) => verify_phone::correct(visit, verification, number, is_free)?,
        None => verify_phone::change(visit, &user.id, number)?,
    }
    Ok(())
}
