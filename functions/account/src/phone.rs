//! `account/phone`: GET lists the number, POST changes it. Whoever has just signed up corrects their number by a POST.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account::Account;
use vestibule::domain::message::Recipient;
use vestibule::flows::signup;
use vestibule::flows::stages::verify_phone::{self, PhoneVerification};
use vestibule::http::prelude::*;
use vestibule::settings::Action;

const PHONE: Field = Field::text("phone", Text::PHONE, "The new phone number.");
const FIELDS: &[Field] = &[PHONE];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getPhoneNumber",
        summary: "Get the account's phone number",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<Vec<PhoneNumber>>(
                "The account's phone number; an empty list if it has none.",
            ),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
    Operation {
        method: Method::POST,
        id: "changePhoneNumber",
        summary: "Set or change the phone number",
        text: "Sends a code to the new phone number, which replaces the current one once it is verified. During sign-up, it \
               corrects the phone number whose verification is pending.",
        parameters: &[],
        body: Body::Json(FIELDS),
        answers: &[
            ResponseSpec::new(202, "Verification of the new phone number is pending.")
                .with_data::<Vec<PhoneNumber>>(),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            crate::email::CHANGE_REFUSED,
            ResponseSpec::conflict("Not authenticated, and no phone verification is pending."),
            ResponseSpec::too_many_requests("Rate limit exceeded: changes of the phone number."),
        ],
    },
];

/// A phone number of an account.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PhoneNumber {
    /// The phone number, in E.164 form.
    pub phone: String,
    /// Whether it is verified.
    pub verified: bool,
}

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    if call.is_get() {
        return Vec::new();
    }
    let user = call.visitor.account();
    let mut needs = Visit::counters(settings, Action::ChangePhone, &call.visitor, user, "");
    let phone = call.object().ok().and_then(|object| Form::new(FIELDS, &object, settings).text(&PHONE));
    if let Some(phone) = phone {
        needs.extend(Visit::counters(settings, Action::VerifyPhone, &call.visitor, None, &phone));
        needs.extend(Visit::mail_counters(context, &call.visitor, &phone));
        needs.extend(Visit::added_counters(context, &call.visitor, &phone));
        needs.push(Need::Owners(Recipient::Phone(phone)));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let (user, verification) = match visit.user().cloned() {
        Some(user) => (user, None),
        // The reference breaks at other methods.
        None if call.method != Method::POST => return Ok(present::authentication(visit).into()),
        None => {
            let (account, verification) = verify_phone::correctable(visit)?;
            (account, Some(verification))
        }
    };
    if !call.is_forgeable() {
        visit.limit(Action::ChangePhone, "")?;
    }
    let input = call.input(|object| read(visit, &user, object))?;
    if call.is_get() || call.method == Method::HEAD {
        return Ok(Reply::ok(numbers(&user)).into());
    }
    let (number, is_free) = call.posted(input)?;
    change(visit, &user, verification, &number, is_free)?;
    let numbers = [PhoneNumber { phone: number, verified: false }];
    Ok(Reply::status(StatusCode::ACCEPTED).with_data(numbers).into())
}

fn numbers(user: &Account) -> Vec<PhoneNumber> {
    let number = user.phone.iter();
    number.map(|phone| PhoneNumber { phone: phone.number.clone(), verified: phone.verified }).collect()
}

fn read(visit: &Visit<'_>, user: &Account, object: &Object) -> Decision<(String, bool)> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let number = form.text(&PHONE);
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
) -> Decision<()> {
    match verification {
        Some(verification) => {
            verify_phone::correct(visit, verification, number, is_free)?;
            signup::settle(visit, &user.id)?;
        }
        None => verify_phone::change(visit, &user.id, number)?,
    }
    Ok(())
}
