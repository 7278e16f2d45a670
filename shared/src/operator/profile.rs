//! The fields and the metadata of an account, as operators read and set them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{UserError, UserName, change, find};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::profile::{MAX_PROFILE_BYTES, Metadata, ProfileValues, size};
use crate::domain::refusal::{FieldError, FieldErrorKind, FieldErrors};
use crate::domain::time::Timestamp;
use crate::http::input::Form;
use crate::http::input::json::Object;
use crate::http::language;
use crate::settings::{ProfilePart, Settings};
use crate::snapshot::Need;

/// How deep lists and objects may be nested in metadata: an account that is nested deeper than 128 could not be read.
const DEEPEST: usize = 32;

/// What an operator sets of an account; all else stays as it is.
#[derive(Clone, Debug, Default)]
pub struct OwnDataChange {
    /// Values of fields, by their names, as text. Empty text removes a value.
    pub values: BTreeMap<String, String>,
    /// All metadata that the user may read.
    pub public_metadata: Option<Metadata>,
    /// All metadata that only operators may read.
    pub private_metadata: Option<Metadata>,
}

/// What is a site's own in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnData {
    /// The account.
    pub id: AccountId,
    /// The values of all fields, with their defaults, and of those that are no longer declared.
    pub profile: Map<String, Value>,
    /// The metadata that the user may read.
    pub public_metadata: Metadata,
    /// The metadata that only operators may read.
    pub private_metadata: Metadata,
}

/// Reads what is a site's own in an account.
pub async fn own_data(app: &App, who: &UserName) -> Result<OwnData, UserError> {
    let store = app.store().ok_or(UserError::NoTable)?;
    let id = find(store, who).await?;
    let mut loaded = store.load(&[], &[Need::Account(id.clone())]).await?;
    let account = loaded.accounts.remove(&id).flatten().ok_or(UserError::Unknown)?.value;
    let declared = app.settings.account.profile_fields.iter();
    let values = declared.map(|field| (field.name.clone(), field.value(&account.profile)));
    let mut profile: Map<_, _> = account.profile.clone().into_iter().collect();
    profile.extend(values);
    let Account { public_metadata, private_metadata, .. } = account;
    Ok(OwnData { id, profile, public_metadata, private_metadata })
}

/// Sets what is a site's own in an account. Values are judged as those of users are.
pub async fn set_own_data(app: &App, who: &UserName, wanted: &OwnDataChange) -> Result<AccountId, UserError> {
    change(app, who, |account| apply(account, wanted, &app.settings, app.clock.now())).await
}

fn apply(
    account: &mut Account,
    wanted: &OwnDataChange,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), UserError> {
    let is_declared = |name: &str| settings.account.profile_fields.get(name).is_some();
    // The value of a field that is no longer declared can still be removed.
    let is_left = |name: &str, value: &str| {
        value.is_empty() && !is_declared(name) && account.profile.contains_key(name)
    };
    let (left, given): (BTreeMap<_, _>, _) =
        wanted.values.iter().partition(|(name, value)| is_left(name, value));
    account.profile.retain(|name, _| !left.contains_key(name));
    change_fields(&mut account.profile, given, settings, now).map_err(UserError::Invalid)?;
    if let Some(metadata) = &wanted.public_metadata {
        account.public_metadata.clone_from(metadata);
    }
    if let Some(metadata) = &wanted.private_metadata {
        account.private_metadata.clone_from(metadata);
    }
    let depth = account.public_metadata.values().chain(account.private_metadata.values()).map(depth).max();
    if depth.is_some_and(|depth| depth > DEEPEST) {
        return Err(UserError::Invalid(format!("metadata may be nested at most {DEEPEST} deep")));
    }
    let bytes = size(&account.public_metadata).saturating_add(size(&account.private_metadata));
    if bytes > MAX_PROFILE_BYTES {
        let text =
            format!("public and private metadata may have {MAX_PROFILE_BYTES} bytes in all, not {bytes}");
        return Err(UserError::Invalid(text));
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
    given: BTreeMap<&String, &String>,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), String> {
    let object: Object = given.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut form = Form::new(&[], &object, settings);
    form.change_profile(profile, ProfilePart::Operator, now);
    form.finish().map_err(|errors| told(&errors, settings))
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
