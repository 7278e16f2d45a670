//! `auth/reauthenticate/code/request`: POST.

use vestibule::domain::account::Account;
use vestibule::domain::message::Recipient;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::domain::session;
use vestibule::flows::{reauthenticate, reauthenticate_by_code};
use vestibule::http::prelude::*;
use vestibule::settings::{Action, Settings};

const EMAIL: Field = Field::text("email", Text::EMAIL, "A verified email address of the account.").optional();
const PHONE: Field =
    Field::text("phone", Text::PHONE, "The verified phone number of the account.").optional();
const FIELDS: &[Field] = &[EMAIL, PHONE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "requestReauthenticationCode",
    summary: "Request a code for reauthentication",
    text: "Sends a code to one of the `recipients` of the flow `reauthenticate_by_code`: an email address or a phone number, \
           not both. Invalidates an earlier code.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::ok("Code sent."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ResponseSpec::too_many_requests("Rate limit exceeded: reauthentication attempts."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let (settings, visitor) = (context.settings, &call.visitor);
    let mut needs = Visit::counters(settings, Action::Reauthenticate, visitor, visitor.account(), "");
    let to = call.object().ok().and_then(|object| read(&object, settings).ok());
    if let (Some(to), Some(user)) = (to, visitor.account()) {
        let key = reauthenticate_by_code::counted_by(user, &to);
        needs.extend(Visit::counters(settings, Action::RequestLoginCode, visitor, None, &key));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    reauthenticate::require_enabled(visit, session::Method::Code)?;
    if !call.is_forgeable() {
        visit.limit(Action::Reauthenticate, "")?;
    }
    let input = call.input(|object| check(visit, &user, object))?;
    let to = call.posted(input)?;
    reauthenticate_by_code::request(visit, &user, to)?;
    Ok(Reply::status(StatusCode::OK).into())
}

fn check(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Result<Recipient, Stop> {
    let to = read(object, visit.settings())?;
    reauthenticate_by_code::check_recipient(visit, user, &to)?;
    Ok(to)
}

fn read(object: &Object, settings: &Settings) -> Result<Recipient, Stop> {
    let mut form = Form::new(FIELDS, object, settings);
    let mut given = |field| form.text(field).filter(|text| !text.is_empty());
    let (email, phone) = (given(&EMAIL), given(&PHONE));
    let refusal = match (email, phone) {
        (Some(email), None) if form.is_valid() => return Ok(Recipient::Email(email)),
        (None, Some(phone)) if form.is_valid() => return Ok(Recipient::Phone(phone)),
        (None, None) => FieldErrorKind::Required,
        _ => FieldErrorKind::SelectOnlyOne,
    };
    if form.is_valid() {
        form.refuse_all(refusal);
    }
    form.finish().map_err(Stop::Invalid)?;
    Err(Stop::Conflict)
}
