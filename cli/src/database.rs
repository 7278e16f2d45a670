//! The embedded DynamoDB: the table of the template, in a file or in memory.

use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde_json::{Value, json};
use tracing::warn;

use crate::template::at;

/// DynamoDB itself takes up to days; a developer should see items go.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be opened.
    #[error("{path}: {reason}")]
    Open {
        /// The file.
        path: String,
        /// What `SQLite` says.
        reason: String,
    },
    /// The template's table cannot be made.
    #[error("the table of template.yaml cannot be made: {0}")]
    Table(String),
}

/// Opens the database in a file, or a new one in memory.
pub fn open(path: Option<&Path>) -> Result<Database, DatabaseError> {
    let Some(path) = path.map(|path| path.display().to_string()) else {
        return Database::memory()
            .map_err(|error| DatabaseError::Open { path: "memory".to_owned(), reason: error.to_string() });
    };
    Database::new(&path).map_err(|error| DatabaseError::Open { reason: error.to_string(), path })
}

/// Makes the table that the template describes, unless it is there.
///
/// Its stream is left out: nothing reads it here, and its records would pile up.
pub fn ensure_table(database: &Database, name: &str, properties: &Value) -> Result<(), DatabaseError> {
    let failed = |error: String| DatabaseError::Table(error);
    let request = json!({
        "TableName": name,
        "BillingMode": at(properties, "BillingMode"),
        "AttributeDefinitions": at(properties, "AttributeDefinitions"),
        "KeySchema": at(properties, "KeySchema"),
    });
    let request = serde_json::from_value(request).map_err(|error| failed(error.to_string()))?;
    match database.create_table(request) {
        Ok(_) => {}
        Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
        Err(error) => return Err(failed(error.to_string())),
    }
    let ttl = json!({
        "TableName": name,
        "TimeToLiveSpecification": at(properties, "TimeToLiveSpecification"),
    });
    let ttl = serde_json::from_value(ttl).map_err(|error| failed(error.to_string()))?;
    database.update_time_to_live(ttl).map_err(|error| failed(error.to_string()))?;
    Ok(())
}

/// Deletes what has expired, now and then, for ever.
pub async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(%error, "expired items stay"),
            Err(error) => warn!(%error, "expired items stay"),
        }
    }
}
