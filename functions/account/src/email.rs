//! `account/email`: GET lists the addresses, POST adds one, PUT sends again what verifies one, PATCH makes one primary,
//! DELETE removes one. Whoever has just signed up corrects their address by a POST.

use lambda_http::http::{Method, StatusCode};
use serde_json::Value;
use vestibule::domain::account::{Account, AccountId};
use vestibule::domain::email;
use vestibule::domain::refusal::Refusal;
use vestibule::flows::manage_email::{self, Chosen};
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
    let mut needs = Visit::counters(settings, Action::ManageEmail, &call.visitor, user, "");
    let email = call.object().ok().and_then(|object| Form::new(&object).text("email", &Text::EMAIL));
    if let Some(email) = email {
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        needs.extend(Visit::mail_counters(tools, &call.visitor, &email));
        needs.push(Need::Email(email));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else {
        if call.method != Method::POST {
            return Ok(present::authentication(visit));
        }
        return correct(visit, call);
    };
    if !call.is_get() {
        visit.limit(Action::ManageEmail, "")?;
    }
    match call.method {
        Method::GET => {}
        Method::POST => add(visit, &user, &call.object()?)?,
        Method::PUT => return resend(visit, &user, &call.object()?),
        Method::PATCH => make_primary(visit, &user, &call.object()?)?,
        Method::DELETE => remove(visit, &user, &call.object()?)?,
        _ => {
            call.object()?;
            if call.method != Method::HEAD {
                return Err(Halt::NotAllowed);
            }
        }
    }
    list(visit, &user.id)
}

fn list(visit: &mut Visit<'_>, account: &AccountId) -> Result<Reply, Halt> {
    let addresses = manage_email::list(visit, account)?;
    Ok(Reply::ok(addresses.iter().map(present::email_address).collect::<Value>()))
}

fn add(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(object);
    let email = form.text("email", &Text::EMAIL.at_most(visit.settings().account.email_max_length));
    if let Some(email) = &email
        && let Err(refusal) = manage_email::check_new(visit, user, email)?
    {
        form.refuse("email", refusal);
    }
    form.finish()?;
    Ok(manage_email::add(visit, &user.id, &email.unwrap_or_default())?)
}

fn correct(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (account, challenge) = manage_email::correctable(visit)?;
    visit.limit(Action::ManageEmail, "")?;
    let object = call.object()?;
    let mut form = Form::new(&object);
    let email = form.text("email", &Text::EMAIL.at_most(visit.settings().account.email_max_length));
    let mut is_free = false;
    if let Some(email) = &email {
        match manage_email::check_correction(visit, &challenge, email)? {
            Ok(free) => is_free = free,
            Err(refusal) => form.refuse("email", refusal),
        }
    }
    form.finish()?;
    manage_email::correct(visit, challenge, &email.unwrap_or_default(), is_free)?;
    list(visit, &account.id)
}

/// Reads which of their addresses somebody means.
fn choose(visit: &mut Visit<'_>, user: &Account, form: &mut Form<'_>) -> Option<Chosen> {
    let given = form.text("email", &Text::PLAIN)?;
    let chosen = if email::validate(&given) {
        manage_email::choose(visit, user, &given)
    } else {
        Err(Refusal::InvalidEmail)
    };
    chosen.map_err(|refusal| form.refuse("email", refusal)).ok()
}

fn resend(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Reply, Halt> {
    let mut form = Form::new(object);
    let chosen = choose(visit, user, &mut form);
    form.finish()?;
    let sent = match chosen {
        Some(chosen) => manage_email::resend(visit, user, chosen)?,
        None => false,
    };
    Ok(Reply::status(if sent { StatusCode::OK } else { StatusCode::FORBIDDEN }))
}

fn make_primary(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(object);
    let chosen = choose(visit, user, &mut form);
    if let Some(Err(refusal)) = chosen.as_ref().map(|chosen| manage_email::check_primary(user, chosen)) {
        form.refuse("email", refusal);
    }
    form.boolean("primary", true);
    form.finish()?;
    if let Some(Chosen::Known(address)) = chosen {
        manage_email::make_primary(visit, &user.id, &address.email)?;
    }
    Ok(())
}

fn remove(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(object);
    let chosen = choose(visit, user, &mut form);
    if let Some(Err(refusal)) = chosen.as_ref().map(|chosen| manage_email::check_removal(visit, user, chosen))
    {
        form.refuse("email", refusal);
    }
    form.finish()?;
    if let Some(chosen) = chosen {
        manage_email::remove(visit, &user.id, &chosen)?;
    }
    Ok(())
}
