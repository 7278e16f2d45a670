//! The fields, the metadata and the username of an account, as operators set them.

use serde_json::{Map, Value};

use super::add::{check_name, username_argument};
use super::decide::{Desk, Judged, account};
use super::outcome::{ChangedUser, OperatorError};
use super::read::id;
use super::request::SetUser;
use crate::domain::account::Account;
use crate::domain::profile::{MAX_PROFILE_BYTES, ProfileValues, size};
use crate::domain::refusal::{FieldError, FieldErrorKind, FieldErrors};
use crate::domain::time::Timestamp;
use crate::flows::visit::Visit;
use crate::http::input::Form;
use crate::http::input::json::Object;
use crate::http::language;
use crate::settings::{ProfilePart, Settings};

/// How deep lists and objects may be nested in metadata: an account that is nested deeper than 128 could not be read.
const DEEPEST: usize = 32;

/// Sets fields, metadata and the username. Values are judged as those of users are.
pub(super) async fn set(desk: Desk<'_>, mut wanted: SetUser) -> Result<ChangedUser, OperatorError> {
    let settings = &desk.app.settings;
    let id = id(&wanted.id)?;
    wanted.username = wanted.username.map(|name| username_argument(&name, settings)).transpose()?;
    desk.change(&id, wanted.dry_run, |visit| {
        let mut changed = account(visit, &id)?;
        set_name(visit, &mut changed, wanted.username.as_deref())?;
        apply(&mut changed, &wanted, settings, visit.now)?;
        *visit.account_mut(&id)? = changed;
        Ok(())
    })
    .await
}

fn set_name(visit: &Visit<'_>, account: &mut Account, wanted: Option<&str>) -> Judged<()> {
    let Some(name) = wanted.filter(|name| account.username.as_deref() != Some(*name)) else { return Ok(()) };
    check_name(visit, Some(&account.id), name)?;
    account.username = Some(name.to_owned());
    Ok(())
}

fn apply(
    account: &mut Account,
    wanted: &SetUser,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), OperatorError> {
    let is_declared = |name: &str| settings.account.profile_fields.get(name).is_some();
    // The value of a field that is no longer declared can still be removed.
    let is_left = |name: &str, value: &Value| {
        (value.is_null() || value == "") && !is_declared(name) && account.profile.contains_key(name)
    };
    let (left, given): (Map<_, _>, Map<_, _>) =
        wanted.fields.clone().into_iter().partition(|(name, value)| is_left(name, value));
    account.profile.retain(|name, _| !left.contains_key(name));
    change_fields(&mut account.profile, &given, settings, now)?;
    let metadata = |given: &Map<String, Value>| given.clone().into_iter().collect();
    if let Some(given) = &wanted.public_metadata {
        account.public_metadata = metadata(given);
    }
    if let Some(given) = &wanted.private_metadata {
        account.private_metadata = metadata(given);
    }
    check_metadata(account).map_err(|text| OperatorError::invalid("metadata", text))
}

/// Says what is wrong with the metadata of an account.
pub(crate) fn check_metadata(account: &Account) -> Result<(), String> {
    let depth = account.public_metadata.values().chain(account.private_metadata.values()).map(depth).max();
    if depth.is_some_and(|depth| depth > DEEPEST) {
        return Err(format!("metadata may be nested at most {DEEPEST} deep"));
    }
    let bytes = size(&account.public_metadata).saturating_add(size(&account.private_metadata));
    if bytes > MAX_PROFILE_BYTES {
        return Err(format!(
            "public and private metadata may have {MAX_PROFILE_BYTES} bytes in all, not {bytes}"
        ));
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    inner.unwrap_or_default().saturating_add(1)
}

/// Changes fields as operators may, or says what is wrong.
pub(super) fn change_fields(
    profile: &mut ProfileValues,
    given: &Map<String, Value>,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), OperatorError> {
    let text = serde_json::to_vec(given).unwrap_or_default();
    let malformed = |_| OperatorError::invalid("fields", "fields are nested too deep");
    let object = Object::parse(&text).map_err(malformed)?;
    let mut form = Form::new(&[], &object, settings);
    form.change_profile(profile, ProfilePart::Operator, now);
    form.finish().map_err(|errors| OperatorError::invalid("fields", told(&errors, settings)))
}

/// The errors, each with its field. Which fields there are depends on the settings that the operator runs with.
fn told(errors: &FieldErrors, settings: &Settings) -> String {
    let line = |error: &FieldError| {
        let message = language::english(&error.kind);
        error.param.as_deref().map_or(message.clone(), |field| format!("{field}: {message}"))
    };
    let mut lines: Vec<_> = errors.as_slice().iter().map(line).collect();
    if errors.as_slice().iter().any(|error| error.kind == FieldErrorKind::UnknownField) {
        let names: Vec<_> = settings.account.profile_fields.iter().map(|field| field.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        lines.push(format!("the fields in ACCOUNT_PROFILE_FIELDS, here or in SETTINGS_FILE: {known}"));
    }
    lines.join("\n")
}
