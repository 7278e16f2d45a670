//! `auth/password/reset`: GET looks at a key from a link, or takes a code as given; POST sets a new password with it.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::challenge::Challenge;
use vestibule::domain::email;
use vestibule::domain::refusal::FieldErrors;
use vestibule::flows::password_reset::{self, Right};
use vestibule::http::prelude::*;
use vestibule::password_rules::{self, Attributes};
use vestibule::secret::Secret;
use vestibule::settings::Action;
use vestibule::signing::Keys;

const HEADER: &str = "x-password-reset-key";
const KEY: Field = Field::text("key", Text::PLAIN, "The key of the link, percent-decoded; or the code.");
const PASSWORD: Field = Field::text("password", Text::PLAIN, "The new password.");
const LOOKED_AT: &[Field] = &[KEY];
const FIELDS: &[Field] = &[KEY, PASSWORD];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getPasswordReset",
        summary: "Get the password reset of a key",
        text: "Gives the account of the key without using the key. A wrong code counts as a failed attempt.",
        parameters: &[Parameter::Header(HEADER, "The key of the link, percent-decoded; or the code.")],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<PasswordReset>("The account of the key."),
            ResponseSpec::conflict(
                "No code is pending: none was sent, it has expired, or too many attempts \
             failed.",
            ),
        ],
    },
    Operation {
        method: Method::POST,
        id: "resetPassword",
        summary: "Reset the password",
        text: "A status of 401 also means success: the password is set, and the session is not \
               authenticated.",
        parameters: &[],
        body: Body::Json(FIELDS),
        answers: &[
            ResponseSpec::authenticated("Password set, and logged in."),
            ResponseSpec::unauthenticated("Password set; not authenticated yet."),
            ResponseSpec::conflict(
                "No code is pending: none was sent, it has expired, or too many attempts \
             failed.",
            ),
            ResponseSpec::too_many_requests("Rate limit exceeded."),
        ],
    },
];

/// The password reset that a key is for.
#[derive(Serialize, JsonSchema)]
struct PasswordReset {
    /// The account.
    user: present::UserJson,
}

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    let action = Action::ResetPasswordFromKey;
    let mut needs = Vec::new();
    if !call.is_get() {
        needs.extend(Visit::counters(settings, action, &call.visitor, None, ""));
    }
    let object = if call.is_get() { Some(header(call)) } else { call.object().ok() };
    let key = object.and_then(|object| Form::new(LOOKED_AT, &object, settings).text(&KEY));
    if let Some((account, _)) = key.as_deref().and_then(Keys::read_reset_key) {
        needs.push(Need::Account(account));
    }
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if !call.is_forgeable() {
        visit.limit(Action::ResetPasswordFromKey, "")?;
    }
    let challenge = password_reset::resume(visit)?;
    if call.is_get() {
        return look(visit, call, challenge);
    }
    let (right, password) = match read(visit, challenge.as_ref(), &call.object()?)? {
        Ok(read) => read,
        Err(errors) => {
            if errors.has("key") && is_guess(call) {
                password_reset::fail(visit, challenge);
            }
            return Err(errors.into());
        }
    };
    match call.method {
        Method::POST => {
            password_reset::reset(visit, &right, challenge, &password)?;
            Ok(present::authentication(visit).into())
        }
        Method::HEAD => look(visit, call, challenge),
        _ => Err(Stop::NotAllowed),
    }
}

fn header(call: &ApiRequest) -> Object {
    Object::from([("key", Some(call.header(HEADER)))])
}

/// Whether a wrong code counts as an attempt: not where another site can make a browser send the request.
fn is_guess(call: &ApiRequest) -> bool {
    !call.is_forgeable() || call.headers.contains_key(HEADER)
}

fn look(visit: &mut Visit<'_>, call: &ApiRequest, challenge: Option<Challenge>) -> Decision<Outcome> {
    let object = header(call);
    let mut form = Form::new(LOOKED_AT, &object, visit.settings());
    let right = read_key(visit, challenge.as_ref(), &mut form)?;
    if let Err(errors) = form.finish() {
        if is_guess(call) {
            password_reset::fail(visit, challenge);
        }
        return Err(errors.into());
    }
    let account = right.ok_or(Stop::Conflict)?.account;
    if let Some(challenge) = challenge {
        password_reset::confirm_code(visit, challenge)?;
    }
    Ok(Reply::ok(PasswordReset { user: present::user(&account, visit.settings()) }).into())
}

fn read_key(
    visit: &Visit<'_>,
    challenge: Option<&Challenge>,
    form: &mut Form<'_>,
) -> Result<Option<Right>, Stop> {
    let Some(key) = form.text(&KEY) else { return Ok(None) };
    match password_reset::check(visit, challenge, &key) {
        Ok(right) => Ok(Some(right)),
        Err(Stop::Invalid(errors)) => {
            errors.into_iter().for_each(|error| form.add(error));
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

type Read = Result<(Right, Secret), FieldErrors>;

fn read(visit: &Visit<'_>, challenge: Option<&Challenge>, object: &Object) -> Decision<Read> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let right = read_key(visit, challenge, &mut form)?;
    let password = form.text(&PASSWORD);
    let attributes = match (&right, challenge) {
        (Some(right), _) => Some(Attributes::of(&right.account)),
        // By code, the password is judged before the code proves to be right: by the address alone, the same
        // whether anybody has it.
        (None, Some(challenge)) => {
            Some(Attributes { email: challenge.email().map(email::shown), ..Attributes::default() })
        }
        (None, None) => None,
    };
    if let (Some(attributes), Some(password)) = (&attributes, &password) {
        for refusal in password_rules::check(password, &visit.settings().password_rules(), Some(attributes)) {
            form.refuse("password", refusal);
        }
    }
    Ok(form.finish().and_then(|()| match (right, password) {
        (Some(right), Some(password)) => Ok((right, Secret::new(password))),
        _ => Err(FieldErrors::default()),
    }))
}
