//! `auth/email/verify`: GET looks at a key from a link, or at a code, and changes nothing, except that a wrong code
//! in the header counts as an attempt; POST uses it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use vestibule::domain::challenge::Challenge;
use vestibule::domain::email;
use vestibule::domain::message::Recipient;
use vestibule::flows::stages;
use vestibule::flows::stages::verify_email::{self, Proof};
use vestibule::http::prelude::*;

const HEADER: &str = "x-email-verification-key";
const KEY: Field = Field::text("key", Text::PLAIN, "The key of the link, percent-decoded; or the code.");
const FIELDS: &[Field] = &[KEY];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getEmailVerification",
        summary: "Get the email verification of a key",
        text: "Gives the email address and account of the key without using the key. A wrong code counts as a failed \
               attempt.",
        parameters: &[Parameter::Header(HEADER, "The key of the link, percent-decoded; or the code.")],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<EmailVerification>("The email address and the account of the key.")
                .with_meta::<EmailVerificationMeta>(),
            ResponseSpec::conflict(
                "No code is pending, or another account has verified the email address since.",
            ),
        ],
    },
    Operation {
        method: Method::POST,
        id: "verifyEmail",
        summary: "Verify an email address",
        text: "A status of 401 also means success: the email address is verified, and the session is not \
               authenticated.",
        parameters: &[],
        body: Body::Json(FIELDS),
        answers: &[
            ResponseSpec::authenticated("Verified, and authenticated."),
            ResponseSpec::unauthenticated(
                "Verified; not authenticated, or a further step is pending in `flows`.",
            ),
            ResponseSpec::conflict(
                "No code is pending, or another account has verified the email address since.",
            ),
            ResponseSpec::too_many_requests("Rate limit exceeded: messages to this recipient."),
        ],
    },
];

/// An email address to verify, and its account.
#[derive(Serialize, JsonSchema)]
struct EmailVerification {
    /// The email address.
    email: String,
    /// The account.
    user: present::UserJson,
}

/// Metadata of an email verification.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the shape of what is added piece by piece")]
struct EmailVerificationMeta {
    /// Whether the verification is a step of a pending login.
    is_authenticating: bool,
}

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let object = if call.is_get() { Some(header(call)) } else { call.object().ok() };
    let Some(object) = object else { return Vec::new() };
    let key = Form::new(FIELDS, &object, context.settings).text(&KEY);
    let key = key.and_then(|key| verify_email::read_key(context.settings, context.keys, &key));
    key.map_or_else(Vec::new, |key| {
        vec![Need::Account(key.account), Need::Claim(Recipient::Email(key.email))]
    })
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let challenge = verify_email::resume(visit)?;
    let object = if call.is_get() { header(call) } else { call.object()? };
    let proof = read_or_fail(visit, call, challenge.clone(), &object)?;
    match call.method {
        Method::GET => look(visit, &proof),
        // As the contract has it, what a HEAD brings is judged, and then its header as a GET's.
        Method::HEAD => {
            let proof = read_or_fail(visit, call, challenge, &header(call))?;
            look(visit, &proof)
        }
        Method::POST => {
            let next = verify_email::confirm(visit, challenge.as_ref(), &proof)?;
            stages::go_on(visit, next)?;
            Ok(present::authentication(visit).into())
        }
        _ => Err(Stop::NotAllowed),
    }
}

fn header(call: &ApiRequest) -> Object {
    Object::from([("key", Some(call.header(HEADER)))])
}

/// Finds out what the key stands for; a wrong code counts as an attempt, unless another site can make a browser send the
/// request.
fn read_or_fail(
    visit: &mut Visit<'_>,
    call: &ApiRequest,
    challenge: Option<Challenge>,
    object: &Object,
) -> Decision<Proof> {
    match read(visit, challenge.as_ref(), object) {
        Err(Stop::Invalid(errors)) => {
            if !call.is_forgeable() || call.headers.contains_key(HEADER) {
                verify_email::fail(visit, challenge);
            }
            Err(errors.into())
        }
        other => Ok(other?),
    }
}

fn read(visit: &Visit<'_>, challenge: Option<&Challenge>, object: &Object) -> Result<Proof, Stop> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let key = form.text(&KEY);
    form.finish().map_err(Stop::Invalid)?;
    verify_email::check(visit, challenge, &key.unwrap_or_default())
}

fn look(visit: &Visit<'_>, proof: &Proof) -> Decision<Outcome> {
    let account = visit.account(&proof.account)?.ok_or(Stop::Conflict)?;
    let user = present::user(account, visit.settings());
    let data = EmailVerification { email: email::shown(&proof.email), user };
    let is_authenticating = verify_email::pending(visit).is_some();
    Ok(Reply::ok(data).with_meta("is_authenticating", json!(is_authenticating)).into())
}
