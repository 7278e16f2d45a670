//! `auth/email/verify`: GET looks at a key from a link, or at a code, and changes nothing, except that a wrong code
//! counts as an attempt; POST uses it.

use lambda_http::http::Method;
use serde_json::json;
use vestibule::domain::challenge::Challenge;
use vestibule::flows::verify_email::{self, Proof};
use vestibule::flows::visit::{Need, Stop, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

const HEADER: &str = "x-email-verification-key";

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let Some(object) = object(call) else { return Vec::new() };
    let key = Form::new(&object).text("key", &Text::PLAIN);
    let key = key.and_then(|key| verify_email::read_key(tools.settings, tools.keys, &key));
    key.map_or_else(Vec::new, |key| vec![Need::Account(key.account), Need::Claim(key.email)])
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let challenge = verify_email::resume(visit)?;
    let object = if call.is_get() { object(call).unwrap_or_default() } else { call.object()? };
    let proof = match read(visit, challenge.as_ref(), &object) {
        Err(Stop::Invalid(errors)) => {
            verify_email::fail(visit, challenge);
            return Err(errors.into());
        }
        other => other?,
    };
    match call.method {
        Method::GET | Method::HEAD => look(visit, &proof),
        Method::POST => {
            verify_email::confirm(visit, challenge.as_ref(), &proof)?;
            Ok(present::authentication(visit))
        }
        _ => Err(Halt::NotAllowed),
    }
}

/// What holds the key: the body, or for a GET a header.
fn object(call: &Call) -> Option<Object> {
    if call.is_get() { Some(Object::from([("key", Some(call.header(HEADER)))])) } else { call.object().ok() }
}

fn read(visit: &Visit<'_>, challenge: Option<&Challenge>, object: &Object) -> Result<Proof, Stop> {
    let mut form = Form::new(object);
    let key = form.text("key", &Text::PLAIN);
    form.finish().map_err(Stop::Invalid)?;
    verify_email::check(visit, challenge, &key.unwrap_or_default())
}

fn look(visit: &Visit<'_>, proof: &Proof) -> Result<Reply, Halt> {
    let account = visit.account(&proof.account)?.ok_or(Stop::Conflict)?;
    let data = json!({"email": proof.email, "user": present::user(account, visit.settings())});
    let is_authenticating = verify_email::pending(visit).is_some();
    Ok(Reply::ok(data).with_meta("is_authenticating", json!(is_authenticating)))
}
