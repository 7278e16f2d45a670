//! `vestibule email …`: the operator's operations on email addresses.

use std::collections::HashMap;

use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::email;
use vestibule::store::StoreError;

use crate::arguments::EmailClear;
use crate::data_dir::DataDirError;

/// Why an email address is not cleared.
#[derive(Debug, thiserror::Error)]
pub enum EmailCommandError {
    /// No local stack runs.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The table is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no email address.
    #[error("{0:?} is not an email address")]
    NoEmail(String),
    /// It has no mark.
    #[error("{0} is not marked as undeliverable")]
    NotMarked(String),
}

/// Removes the mark of an undeliverable email address, and returns the email address in canonical form.
pub async fn clear(
    wanted: &EmailClear,
    environment: HashMap<String, String>,
) -> Result<String, EmailCommandError> {
    let no_email = || EmailCommandError::NoEmail(wanted.email.clone());
    let email = email::canonical(&wanted.email).ok_or_else(no_email)?;
    let app = App::start(wanted.data.named_variables(environment)?, Requirements::TABLE).await?;
    let Some(store) = app.store() else { return Err(EmailCommandError::NotMarked(email)) };
    if store.clear_undeliverable(&email, app.clock.now()).await? {
        Ok(email)
    } else {
        Err(EmailCommandError::NotMarked(email))
    }
}
