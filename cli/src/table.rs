//! `vestibule table …`: maintenance of the table.

use std::collections::HashMap;

use vestibule::app::{App, Requirements, StartError};
use vestibule::operator::{self, CanonicaliseError, Canonicalised};

use crate::arguments::Data;
use crate::data_dir::DataDirError;
use crate::terminal::print;

/// Why the table stays as it is, or as far as was told.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no local stack.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It went no further.
    #[error(transparent)]
    Canonicalise(#[from] CanonicaliseError),
}

/// Brings all accounts into canonical form, and prints what it does. Returns how many collide.
pub async fn canonicalise(data: &Data, environment: HashMap<String, String>) -> Result<u32, TableError> {
    let app = App::start(data.named_variables(environment)?, Requirements::OPERATOR).await?;
    let (mut changes, mut collisions) = (0, 0);
    let tell = |done: Canonicalised| match done {
        Canonicalised::Email { account, from, to } => {
            changes += 1;
            print(&format!("{}: email address {from} is now {to}", account.as_str()));
        }
        Canonicalised::Username { account, name } => {
            changes += 1;
            print(&format!("{}: username {name} is found in all its spellings now", account.as_str()));
        }
        Canonicalised::Unusable { account, email } => {
            print(&format!("{}: no mail can be sent to {email:?}, which stays as it is", account.as_str()));
        }
        Canonicalised::Collision { account, name, other } => {
            collisions += 1;
            print(&format!(
                "{}: {name} collides with account {}; nothing was changed",
                account.as_str(),
                other.as_str()
            ));
        }
    };
    operator::canonicalise(&app, tell).await?;
    print(&format!("changed: {changes}, collisions: {collisions}"));
    Ok(collisions)
}
