//! `account/email`: GET lists the addresses, POST adds one, PUT sends again what verifies one, PATCH makes one primary,
//! DELETE removes one. Whoever has just signed up corrects their address by a POST.

use lambda_http::http::{Method, StatusCode};
use vestibule::domain::account::Account;
use vestibule::domain::account_id::AccountId;
use vestibule::domain::email;
use vestibule::domain::refusal::Refusal;
use vestibule::flows::manage_email::{self, Chosen};
use vestibule::flows::visit::{Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Field, Form, Kind, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};
use vestibule::settings::Action;
use vestibule::snapshot::Need;

const NEW_EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "The new address.");
const EMAIL: Field = Field::text("email", Text::PLAIN, "One of the account's addresses.");
const PRIMARY: Field = Field::new("primary", Kind::Boolean, "Only yes makes sense.");
const ADDED: &[Field] = &[NEW_EMAIL];
const CHOSEN: &[Field] = &[EMAIL];
const MADE_PRIMARY: &[Field] = &[EMAIL, PRIMARY];

const NOBODY: Answer = Answer::unauthenticated("Nobody is logged in, or they must prove again who they are.");
const TOO_MANY: Answer = Answer::too_many_requests("Addresses were changed too often.");

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "listEmailAddresses",
        summary: "List the addresses",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[Answer::data::<Vec<present::EmailAddress>>("The account's addresses."), NOBODY],
    },
    Operation {
        method: Method::POST,
        id: "addEmailAddress",
        summary: "Add an address, or change it",
        text: "Where an account has one address, the new one takes its place once it is verified. Whoever has just signed \
               up can correct the address that waits to be verified.",
        parameters: &[],
        body: Body::Json(ADDED),
        answers: &[
            Answer::data::<Vec<present::EmailAddress>>("The addresses; the new one waits to be verified."),
            NOBODY,
            Answer::new(403, "It cannot be corrected any more."),
            Answer::conflict("Nobody is logged in, and no address waits to be verified."),
            TOO_MANY,
        ],
    },
    Operation {
        method: Method::PUT,
        id: "requestEmailVerification",
        summary: "Send again what verifies an address",
        text: "",
        parameters: &[],
        body: Body::Json(CHOSEN),
        answers: &[
            Answer::ok("Sent; or there was nothing to verify."),
            NOBODY,
            Answer::new(403, "It was sent too recently."),
            TOO_MANY,
        ],
    },
    Operation {
        method: Method::PATCH,
        id: "makeEmailAddressPrimary",
        summary: "Make an address the primary one",
        text: "",
        parameters: &[],
        body: Body::Json(MADE_PRIMARY),
        answers: &[Answer::data::<Vec<present::EmailAddress>>("The account's addresses."), NOBODY, TOO_MANY],
    },
    Operation {
        method: Method::DELETE,
        id: "removeEmailAddress",
        summary: "Remove an address",
        text: "",
        parameters: &[],
        body: Body::Json(CHOSEN),
        answers: &[
            Answer::data::<Vec<present::EmailAddress>>("The addresses that are left."),
            NOBODY,
            TOO_MANY,
        ],
    },
];

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    if call.is_get() {
        return Vec::new();
    }
    let user = call.visitor.account();
    let mut needs = Visit::counters(settings, Action::ManageEmail, &call.visitor, user, "");
    let email = call.object().ok().and_then(|object| Form::new(ADDED, &object, settings).text(&NEW_EMAIL));
    if let Some(email) = email {
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        needs.extend(Visit::mail_counters(tools, &call.visitor, &email));
        needs.extend(Visit::added_counters(tools, &call.visitor, &email));
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
    if !call.is_forgeable() {
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
    Ok(Reply::ok(addresses.iter().map(present::EmailAddress::from).collect::<Vec<_>>()))
}

fn add(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(ADDED, object, visit.settings());
    let email = form.text(&NEW_EMAIL);
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
    let mut form = Form::new(ADDED, &object, visit.settings());
    let email = form.text(&NEW_EMAIL);
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
    let given = form.text(&EMAIL)?;
    let email = email::canonical(&given).ok_or(Refusal::InvalidEmail);
    let chosen = email.and_then(|email| manage_email::choose(visit, user, &email));
    chosen.map_err(|refusal| form.refuse("email", refusal)).ok()
}

fn resend(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Reply, Halt> {
    let mut form = Form::new(CHOSEN, object, visit.settings());
    let chosen = choose(visit, user, &mut form);
    form.finish()?;
    let sent = match chosen {
        Some(chosen) => manage_email::resend(visit, user, chosen)?,
        None => false,
    };
    Ok(Reply::status(if sent { StatusCode::OK } else { StatusCode::FORBIDDEN }))
}

fn make_primary(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(MADE_PRIMARY, object, visit.settings());
    let chosen = choose(visit, user, &mut form);
    if let Some(Err(refusal)) = chosen.as_ref().map(|chosen| manage_email::check_primary(user, chosen)) {
        form.refuse("email", refusal);
    }
    form.boolean(&PRIMARY);
    form.finish()?;
    if let Some(Chosen::Known(address)) = chosen {
        manage_email::make_primary(visit, &user.id, &address.email)?;
    }
    Ok(())
}

fn remove(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<(), Halt> {
    let mut form = Form::new(CHOSEN, object, visit.settings());
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
