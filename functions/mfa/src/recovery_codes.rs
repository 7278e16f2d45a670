//! `account/authenticators/recovery-codes`: GET shows those that are left, POST makes new ones.

use lambda_http::http::{Method, StatusCode};
use serde_json::{Value, json};
use vestibule::domain::refusal::Refusal;
use vestibule::flows::recovery_codes::{self, Shown};
use vestibule::flows::visit::{Stop, Visit};
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::secret::Secret;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit)) };
    call.input(|_| {
        let refused = |refusal: Refusal| Stop::invalid(refusal.of_all());
        Ok(recovery_codes::check_may_generate(&user).map_err(refused)?)
    })?;
    let shown = match call.method {
        Method::GET | Method::HEAD => recovery_codes::view(visit, &user)?,
        Method::POST => Some(recovery_codes::regenerate(visit, &user.id)?),
        _ => return Err(Halt::NotAllowed),
    };
    Ok(shown.map_or_else(|| Reply::status(StatusCode::NOT_FOUND), |shown| Reply::ok(describe(&shown))))
}

fn describe(shown: &Shown) -> Value {
    let mut described = present::authenticator(&shown.authenticator);
    if let (Value::Object(described), Some(codes)) = (&mut described, &shown.unused) {
        let codes: Vec<&str> = codes.iter().map(Secret::expose).collect();
        described.insert("unused_codes".into(), json!(codes));
    }
    described
}
