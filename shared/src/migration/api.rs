//! The function `migration`: `POST /import` with accounts, each of which is imported as a whole.

use std::fmt;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::import::{Import, ImportOutcome, ImportStop};
use super::portable::PortableAccount;
use super::reader::ImportOptions;
use crate::app::{App, Requirements};
use crate::domain::event::Actor;
use crate::domain::text::quoted;
use crate::operator::OperatorError;
use crate::operator::api::respond;
use crate::store::StoreError;

/// The most accounts of a batch.
pub const MOST_ACCOUNTS: usize = 200;
/// The largest batch, in bytes: Lambda takes 6 MB.
pub const MOST_BYTES: usize = 4_000_000;
/// How many accounts are under way at a time.
const AT_A_TIME: usize = 16;
/// How long accounts are waited for: the function has a minute.
const PATIENCE: Duration = Duration::from_secs(45);

/// What an import needs of its process: secrets are encrypted with `SECRET_KEY`.
pub const REQUIREMENTS: Requirements = Requirements { secret_key: true, ..Requirements::OPERATOR };

/// Accounts to import.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportBatch {
    /// How.
    #[serde(default)]
    pub options: ImportOptions,
    /// The accounts in their portable form. One that can't be read is refused, and not the others.
    pub accounts: Vec<Value>,
}

/// Accounts have secrets.
impl fmt::Debug for ImportBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportBatch").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What has become of the accounts of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBatch {
    /// Of each account, in the order of the batch; none if there was no time for it, or the table was throttled.
    pub outcomes: Vec<Option<ImportOutcome>>,
    /// How many write units were used, or would have been, as DynamoDB counts them.
    pub write_units: u64,
}

/// Answers a request of an operator.
pub async fn answer(app: &App, actor: Option<&Actor>, request: &Request) -> Response<Body> {
    let answered = match (actor, request.method(), request.uri().path()) {
        (None, _, _) => Err(OperatorError::Unauthenticated),
        (Some(actor), &Method::POST, "/import") => import(app, actor, request.body().as_ref()).await,
        (Some(_), method, "/import") => {
            Err(OperatorError::Malformed(format!("{method} is not supported: send POST /import")))
        }
        (Some(_), _, path) => Err(OperatorError::UnknownOperation(path.trim_start_matches('/').to_owned())),
    };
    let (status, body) = match answered {
        Ok(imported) => {
            let finished = imported.outcomes.iter().flatten().count();
            // Whose batch it was is in the history of the accounts, and in CloudTrail: an ARN may hold an email address.
            tracing::info!(accounts = imported.outcomes.len(), finished, "a batch was imported");
            (200, json!({"data": imported}))
        }
        Err(error) => {
            if let OperatorError::Store(error) = &error {
                tracing::error!(%error, "failed");
            }
            (error.status(), error.body())
        }
    };
    respond(status, &body)
}

async fn import(app: &App, actor: &Actor, body: &[u8]) -> Result<ImportedBatch, OperatorError> {
    let batch = read(body)?;
    app.look_for_keys(None).await;
    let import = Import::new(app, actor, batch.options).map_err(unusable)?;
    let end = Instant::now() + PATIENCE;
    let outcomes = stream::iter(batch.accounts)
        .map(|record| account(&import, record, end))
        .buffered(AT_A_TIME)
        .try_collect()
        .await?;
    Ok(ImportedBatch { outcomes, write_units: import.write_units() })
}

fn read(body: &[u8]) -> Result<ImportBatch, OperatorError> {
    if body.len() > MOST_BYTES {
        return Err(OperatorError::Malformed(format!("the body has more than {MOST_BYTES} bytes")));
    }
    // What the error would quote may be a secret.
    let malformed =
        |_| OperatorError::Malformed("the body is not a JSON object with options and accounts".to_owned());
    let batch: ImportBatch = serde_json::from_slice(body).map_err(malformed)?;
    if batch.accounts.len() > MOST_ACCOUNTS {
        return Err(OperatorError::invalid("accounts", format!("there are more than {MOST_ACCOUNTS}")));
    }
    Ok(batch)
}

/// Imports an account; none if it was not finished. A commit that was under way may have been applied, and then the account
/// is unchanged when it is sent again.
async fn account(
    import: &Import<'_>,
    record: Value,
    end: Instant,
) -> Result<Option<ImportOutcome>, OperatorError> {
    let account = match PortableAccount::deserialize(&record) {
        Ok(account) => account,
        Err(error) => return Ok(Some(ImportOutcome::Refused(vec![quoted(&error.to_string())]))),
    };
    if Instant::now() >= end {
        return Ok(None);
    }
    match tokio::time::timeout_at(end, import.account(&account)).await {
        Ok(Ok(outcome)) => Ok(Some(outcome)),
        Err(_) | Ok(Err(ImportStop::Store(StoreError::Lost | StoreError::Unavailable(_)))) => Ok(None),
        Ok(Err(stop)) => Err(unusable(stop)),
    }
}

fn unusable(stop: ImportStop) -> OperatorError {
    match stop {
        ImportStop::Store(error) => error.into(),
        ImportStop::NoTable => StoreError::Unavailable(stop.to_string()).into(),
    }
}
