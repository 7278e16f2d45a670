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
    #[error(
        "{path}: {reason}. Free space on the disk, restore the file, or choose another directory with --data-dir \
         (VESTIBULE_DATA_DIR)"
    )]
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
            .map_err(|error| DatabaseError::Open { path: "memory".to_owned(), reason: reason(&error) });
    };
    Database::new(&path).map_err(|error| DatabaseError::Open { reason: reason(&error), path })
}

/// What is wrong, without the library's advice to those who build it in.
fn reason(error: &DynoxideError) -> String {
    let text = error.to_string();
    let first = text.split(". ").next().unwrap_or(&text);
    first.trim_start_matches("Internal error: ").to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_database_is_told_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dynamodb.sqlite");
        std::fs::write(&file, "this is no database\n".repeat(100)).unwrap();
        let told = open(Some(&file)).err().unwrap().to_string();
        assert!(
            told.contains("not a valid SQLite database. Free space on the disk, restore the file"),
            "{told}"
        );
        assert!(!told.contains("feature"), "{told}");
    }
}
