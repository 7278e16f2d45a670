//! `auth/login`: POST. `remember` is ignored, as the contract has it.

use vestibule::domain::account_id::AccountId;
use vestibule::domain::handle::Handle;
use vestibule::domain::message::Recipient;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::login::{self, Identifier};
use vestibule::http::prelude::*;
use vestibule::secret::Secret;
use vestibule::settings::{Action, Settings};

const USERNAME: Field = Field::text("username", Text::PLAIN, "The username.")
    .asked(When::LoginByUsername)
    .required(When::LoginByUsernameOnly);
const EMAIL: Field = Field::text("email", Text::EMAIL, "An email address of the account.")
    .asked(When::LoginByEmail)
    .required(When::LoginByEmailOnly);
const PHONE: Field = Field::text("phone", Text::PHONE, "The account's phone number.")
    .asked(When::LoginByPhone)
    .required(When::LoginByPhoneOnly);
const PASSWORD: Field = Field::text("password", Text::PLAIN, "The password.");
const FIELDS: &[Field] = &[USERNAME, EMAIL, PHONE, PASSWORD];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "logIn",
    summary: "Log in with a password",
    text: "Takes exactly one of `username`, `email` and `phone`, and the password.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Logged in."),
        ResponseSpec::unauthenticated("The password is correct; a further step is pending in `flows`."),
        ResponseSpec::conflict("Already authenticated."),
        ResponseSpec::too_many_requests("Rate limit exceeded: logins from this IP address."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    let mut needs = Visit::counters(settings, Action::Login, &call.visitor, None, "");
    let Some((who, _)) = call.object().ok().and_then(|object| read(&object, settings).ok()) else {
        return needs;
    };
    needs.extend(Visit::counters(settings, Action::LoginFailed, &call.visitor, None, &who.key()));
    match who {
        Identifier::Email(email) => needs.push(Need::Owners(Recipient::Email(email))),
        Identifier::Phone(phone) => needs.push(Need::Owners(Recipient::Phone(phone))),
        Identifier::Username(name) => {
            needs.extend(login::email_of(settings, &name).map(Recipient::Email).map(Need::Owners));
            needs.extend(Handle::username(&name).map(Need::Handle));
        }
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if !call.is_forgeable() {
        visit.limit(Action::Login, "")?;
    }
    let input = call.input(|object| authenticate(visit, object))?;
    let (account, who, password) = call.posted(input)?;
    if visit.user().is_some() {
        return Err(Stop::Conflict);
    }
    login::log_in(visit, account, who, &password)?;
    Ok(present::authentication(visit).into())
}

fn authenticate(visit: &mut Visit<'_>, object: &Object) -> Result<(AccountId, Identifier, Secret), Stop> {
    let (who, password) = read(object, visit.settings())?;
    let account = login::authenticate(visit, &who, &password)?;
    login::refuse_if_limited(visit, &account, &who)?;
    Ok((account, who, password))
}

fn identify(field: &Field, value: String) -> Identifier {
    match field.name {
        "email" => Identifier::Email(value),
        "phone" => Identifier::Phone(value),
        _ => Identifier::Username(value),
    }
}

fn read(object: &Object, settings: &Settings) -> Result<(Identifier, Secret), Stop> {
    let mut form = Form::new(FIELDS, object, settings);
    let mut given = Vec::new();
    for field in [&USERNAME, &EMAIL, &PHONE] {
        let value = form.text(field).filter(|_| form.names(field));
        given.extend(value.map(|value| identify(field, value)));
    }
    let password = form.text(&PASSWORD);
    form.finish().map_err(Stop::Invalid)?;
    match (given.pop(), password) {
        (Some(who), Some(password)) if given.is_empty() => Ok((who, Secret::new(password))),
        _ => Err(Stop::invalid(FieldErrorKind::InvalidLogin.of_all())),
    }
}
