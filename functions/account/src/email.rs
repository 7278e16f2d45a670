//! `account/email`: GET lists the addresses, POST adds one, PUT sends again what verifies one, PATCH makes one primary,
//! DELETE removes one. Whoever has just signed up corrects their address by a POST.

use vestibule::domain::account::Account;
use vestibule::domain::account_id::AccountId;
use vestibule::domain::email;
use vestibule::domain::message::Recipient;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::manage_email::{self, Chosen};
use vestibule::http::prelude::*;
use vestibule::settings::Action;

const NEW_EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "The new email address.");
const EMAIL: Field = Field::text("email", Text::PLAIN, "An email address of the account.");
const PRIMARY: Field = Field::new("primary", Kind::Boolean, "Always `true`.");
const ADDED: &[Field] = &[NEW_EMAIL];
const CHOSEN: &[Field] = &[EMAIL];
const MADE_PRIMARY: &[Field] = &[EMAIL, PRIMARY];

const TOO_MANY: ResponseSpec =
    ResponseSpec::too_many_requests("Rate limit exceeded: changes of email addresses.");

/// The refusal to change an email address or phone number whose verification is pending.
pub(crate) const CHANGE_REFUSED: ResponseSpec = ResponseSpec::new(
    403,
    "Changing it is not supported during verification, or the limit of changes is reached.",
);

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "listEmailAddresses",
        summary: "List the account's email addresses",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<Vec<present::EmailAddressJson>>("The account's email addresses."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
    Operation {
        method: Method::POST,
        id: "addEmailAddress",
        summary: "Add or change an email address",
        text: "With `ACCOUNT_CHANGE_EMAIL`, the new email address replaces the current one once it is verified. During \
               sign-up, it corrects the email address whose verification is pending.",
        parameters: &[],
        body: Body::Json(ADDED),
        answers: &[
            ResponseSpec::data::<Vec<present::EmailAddressJson>>(
                "The email addresses; verification of the new one is pending.",
            ),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            CHANGE_REFUSED,
            ResponseSpec::conflict("Not authenticated, and no email verification is pending."),
            TOO_MANY,
        ],
    },
    Operation {
        method: Method::PUT,
        id: "requestEmailVerification",
        summary: "Resend the verification mail of an email address",
        text: "",
        parameters: &[],
        body: Body::Json(CHOSEN),
        answers: &[
            ResponseSpec::ok("Sent, or the email address is verified already."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            ResponseSpec::new(403, "A verification mail was sent too recently."),
            TOO_MANY,
        ],
    },
    Operation {
        method: Method::PATCH,
        id: "setPrimaryEmailAddress",
        summary: "Set the primary email address",
        text: "",
        parameters: &[],
        body: Body::Json(MADE_PRIMARY),
        answers: &[
            ResponseSpec::data::<Vec<present::EmailAddressJson>>("The account's email addresses."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            TOO_MANY,
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "removeEmailAddress",
        summary: "Delete an email address",
        text: "",
        parameters: &[],
        body: Body::Json(CHOSEN),
        answers: &[
            ResponseSpec::data::<Vec<present::EmailAddressJson>>("The remaining email addresses."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            TOO_MANY,
        ],
    },
];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    if call.is_get() {
        return Vec::new();
    }
    let user = call.visitor.account();
    let mut needs = Visit::counters(settings, Action::ManageEmail, &call.visitor, user, "");
    let email = call.object().ok().and_then(|object| Form::new(ADDED, &object, settings).text(&NEW_EMAIL));
    if let Some(email) = email {
        needs.extend(Visit::counters(settings, Action::ConfirmEmail, &call.visitor, None, &email));
        needs.extend(Visit::mail_counters(context, &call.visitor, &email));
        needs.extend(Visit::added_counters(context, &call.visitor, &email));
        needs.push(Need::Owners(Recipient::Email(email)));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else {
        if call.method != Method::POST {
            return Ok(present::authentication(visit).into());
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
                return Err(Stop::NotAllowed);
            }
        }
    }
    list(visit, &user.id)
}

fn list(visit: &mut Visit<'_>, account: &AccountId) -> Decision<Outcome> {
    let addresses = manage_email::list(visit, account)?;
    visit.require(addresses.iter().map(|address| Need::Undeliverable(address.email.clone())).collect())?;
    let shown = addresses.iter().map(|address| {
        let undeliverable = visit.is_undeliverable(&address.email)?.then_some(true);
        Ok(present::EmailAddressJson { undeliverable, ..address.into() })
    });
    Ok(Reply::ok(shown.collect::<Decision<Vec<_>>>()?).into())
}

fn add(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<()> {
    let mut form = Form::new(ADDED, object, visit.settings());
    let email = form.text(&NEW_EMAIL);
    if let Some(email) = &email
        && let Err(refusal) = manage_email::check_new(visit, user, email)?
    {
        form.refuse("email", refusal);
    }
    form.finish()?;
    manage_email::add(visit, &user.id, &email.unwrap_or_default())
}

fn correct(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
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

/// Reads which of its email addresses a request names.
fn choose(visit: &mut Visit<'_>, user: &Account, form: &mut Form<'_>) -> Option<Chosen> {
    let given = form.text(&EMAIL)?;
    let email = email::canonical(&given).ok_or(FieldErrorKind::InvalidEmail);
    let chosen = email.and_then(|email| manage_email::choose(visit, user, &email));
    chosen.map_err(|refusal| form.refuse("email", refusal)).ok()
}

fn resend(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<Outcome> {
    let mut form = Form::new(CHOSEN, object, visit.settings());
    let chosen = choose(visit, user, &mut form);
    form.finish()?;
    let sent = match chosen {
        Some(chosen) => manage_email::resend(visit, user, chosen)?,
        None => false,
    };
    Ok(Reply::status(if sent { StatusCode::OK } else { StatusCode::FORBIDDEN }).into())
}

fn make_primary(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<()> {
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

fn remove(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<()> {
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
