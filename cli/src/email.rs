//! `vestibule email …`: the operator's operations on email addresses.

use std::collections::HashMap;

use serde_json::Value;
use vestibule::domain::text::escaped;
use vestibule::operator::{ClearEmail, OperatorRequest};

use crate::arguments::{ChangeOptions, OneEmail};
use crate::operator::{Door, OperatorCommandError};
use crate::terminal::escaped_json;

/// Removes the mark of an undeliverable email address, and returns the email address.
pub async fn clear(
    wanted: &OneEmail,
    environment: HashMap<String, String>,
) -> Result<String, OperatorCommandError> {
    change(wanted, OperatorRequest::EmailClear, environment).await
}

/// Changes what there is of an email address, and returns what to print.
pub(crate) async fn change(
    wanted: &OneEmail,
    request: fn(ClearEmail) -> OperatorRequest,
    environment: HashMap<String, String>,
) -> Result<String, OperatorCommandError> {
    let request = request(ClearEmail { email: wanted.email.clone(), dry_run: wanted.options.dry_run });
    let door = Door::open(&wanted.options.read.data, environment, request.requirements()).await?;
    Ok(told(&door.ask(request).await?, &wanted.options))
}

/// The email address, or all that has changed as JSON.
pub(crate) fn told(outcome: &Value, options: &ChangeOptions) -> String {
    if options.read.json {
        return escaped_json(&outcome.to_string());
    }
    escaped(outcome["email"].as_str().unwrap_or_default())
}
