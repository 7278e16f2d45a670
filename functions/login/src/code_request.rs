//! `auth/code/request`: POST.

use vestibule::domain::account_id::AccountId;
use vestibule::domain::message::Recipient;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::stages::login_by_code;
use vestibule::http::prelude::*;
use vestibule::settings::{Action, Settings};

const EMAIL: Field = Field::text("email", Text::EMAIL, "The email address to send the code to.")
    .asked(When::CodeByEmail)
    .required(When::CodeByEmailOnly);
const PHONE: Field = Field::text("phone", Text::PHONE, "The phone number to send the code to.")
    .asked(When::LoginByPhone)
    .required(When::CodeByPhoneOnly);
const FIELDS: &[Field] = &[EMAIL, PHONE];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "requestLoginCode",
    summary: "Request a code for login",
    text: "Sends a one-time code by mail or text message. The response does not reveal whether the \
           account exists.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::unauthenticated("Code sent; the flow `login_by_code` is pending."),
        ResponseSpec::authenticated("Code sent; the session is already authenticated."),
        ResponseSpec::too_many_requests("Rate limit exceeded: code requests."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    let Some(to) = call.object().ok().and_then(|object| read(&object, settings).ok()) else {
        return Vec::new();
    };
    let (Recipient::Email(address) | Recipient::Phone(address)) = &to;
    let mut needs = Visit::counters(settings, Action::RequestLoginCode, &call.visitor, None, address);
    needs.extend(Visit::mail_counters(context, &call.visitor, address));
    needs.push(Need::Owners(to));
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let input = call.input(|object| find(visit, object))?;
    let (account, to) = call.posted(input)?;
    login_by_code::request(visit, account, to)?;
    Ok(present::authentication(visit).into())
}

fn find(visit: &mut Visit<'_>, object: &Object) -> Result<(Option<AccountId>, Recipient), Stop> {
    let to = read(object, visit.settings())?;
    let account = login_by_code::find_account(visit, &to)?;
    Ok((account, to))
}

fn read(object: &Object, settings: &Settings) -> Result<Recipient, Stop> {
    let mut form = Form::new(FIELDS, object, settings);
    let mut given = |field| form.text(field).filter(|text| !text.is_empty());
    let (email, phone) = (given(&EMAIL), given(&PHONE));
    let only_one = match (email, phone) {
        (Some(email), None) => Some(Recipient::Email(email)),
        (None, Some(phone)) => Some(Recipient::Phone(phone)),
        (Some(_), Some(_)) => {
            form.refuse_all(FieldErrorKind::SelectOnlyOne);
            None
        }
        (None, None) => {
            if form.is_valid() {
                form.refuse("email", FieldErrorKind::Required);
            }
            None
        }
    };
    form.finish().map_err(Stop::Invalid)?;
    only_one.ok_or(Stop::Conflict)
}
