//! The function `migration`, which imports accounts for who has no right to the table and to `SECRET_KEY`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use vestibule::aws::request::AwsRequestError;
use vestibule::domain::text::escaped;
use vestibule::migration::api::{ImportBatch, ImportedBatch};
use vestibule::migration::{ImportOptions, ImportOutcome, PortableAccount};

use crate::function_url::FunctionUrl;

/// How often a batch is sent without any account being finished: the waits come to two minutes.
const MOST_TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why the function does not import a batch. Accounts of it may have been imported.
#[derive(Debug, thiserror::Error)]
pub enum MigrationFunctionError {
    /// AWS or the function refuses it.
    #[error("{0}")]
    Refused(String),
    /// It was tried for minutes.
    #[error("{0}, for minutes")]
    Busy(&'static str),
    /// It is of another release.
    #[error(
        "the function does not answer as this program expects: use the program of the release that is deployed"
    )]
    OtherRelease,
}

/// The function of a deployment.
pub(super) struct MigrationFunction {
    url: FunctionUrl,
    options: ImportOptions,
    units: AtomicU64,
}

impl MigrationFunction {
    pub(super) const fn new(url: FunctionUrl, options: ImportOptions) -> Self {
        Self { url, options, units: AtomicU64::new(0) }
    }

    /// How many write units it has used so far, or would have.
    pub(super) fn write_units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    /// Imports accounts. What is not finished is sent again: an account that was imported meanwhile is unchanged then.
    pub(super) async fn import(
        &self,
        accounts: &[&PortableAccount],
    ) -> Result<Vec<ImportOutcome>, MigrationFunctionError> {
        let mut outcomes: Vec<Option<ImportOutcome>> = vec![None; accounts.len()];
        let mut tries = 0;
        while outcomes.contains(&None) {
            let left = accounts.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_none());
            let left: Vec<Value> = left.map(|(account, _)| json!(account)).collect();
            let failure = match self.ask(left).await? {
                Ok(finished) => {
                    if finished.iter().any(Option::is_some) {
                        tries = 0;
                    }
                    outcomes
                        .iter_mut()
                        .filter(|outcome| outcome.is_none())
                        .zip(finished)
                        .for_each(|(outcome, finished)| *outcome = finished);
                    "the table is throttled, or can't be used"
                }
                Err(failure) => failure,
            };
            if tries == MOST_TRIES {
                return Err(MigrationFunctionError::Busy(failure));
            }
            if outcomes.contains(&None) {
                tokio::time::sleep(FIRST_WAIT.saturating_mul(1 << tries).min(LONGEST_WAIT)).await;
            }
            tries += 1;
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// The outcomes of a batch, or why it is to be sent again.
    async fn ask(
        &self,
        accounts: Vec<Value>,
    ) -> Result<Result<Vec<Option<ImportOutcome>>, &'static str>, MigrationFunctionError> {
        let sent = accounts.len();
        let batch = ImportBatch { options: self.options, accounts };
        let answer = match self.url.post("/import".to_owned(), json!(batch).to_string()).await {
            Ok(response) => response.json(),
            Err(error) => return failure(&error).map(Err),
        };
        let imported: Option<ImportedBatch> =
            answer.get("data").and_then(|data| serde_json::from_value(data.clone()).ok());
        let imported = imported.filter(|imported| imported.outcomes.len() == sent);
        let imported = imported.ok_or(MigrationFunctionError::OtherRelease)?;
        self.units.fetch_add(imported.write_units, Ordering::Relaxed);
        Ok(Ok(imported.outcomes))
    }
}

/// Whether a batch that was not answered is to be sent again, and why.
fn failure(error: &AwsRequestError) -> Result<&'static str, MigrationFunctionError> {
    let Some(response) = error.raw_response() else {
        return Ok("the function can't be reached, or took too long");
    };
    let body: Value = serde_json::from_slice(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    if let Some(message) = body.pointer("/errors/0/message").and_then(Value::as_str) {
        return Err(MigrationFunctionError::Refused(escaped(message)));
    }
    match StatusCode::from_u16(response.status().as_u16()) {
        Ok(StatusCode::TOO_MANY_REQUESTS) => Ok("AWS throttles the function"),
        Ok(status) if status.is_server_error() => Ok("the function fails, and its log says why"),
        Ok(StatusCode::FORBIDDEN) => {
            let text = "AWS refuses this to your credentials: they may have expired, or lack the right to call \
                        MIGRATION_URL";
            Err(MigrationFunctionError::Refused(text.to_owned()))
        }
        _ => Err(MigrationFunctionError::OtherRelease),
    }
}
