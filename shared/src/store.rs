//! The table: what is read from DynamoDB, and the one commit that writes it.
//!
//! There is one table and no secondary index: an index is eventually consistent, and every look-up here guards a
//! login. All reads are strongly consistent.

mod commit;
mod events;
mod invitation;
mod item;
mod load;
mod outbox;
mod page;
mod undeliverable;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;

pub use commit::CommitContext;
pub use events::account_of as events_account;
pub use outbox::{OutboxClaim, OutboxItem, id_of as outbox_id, place as outbox_place};

pub use page::{Bookmark, ScannedAccounts, Segment, TablePage};

use crate::aws::Aws;
use crate::domain::account_id::AccountId;

/// The table of the service.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

/// Why the table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A transaction conflict: an item changed between read and write. Read and decide again.
    #[error("something changed meanwhile")]
    Lost,
    /// The table is unavailable, or timed out.
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// An item of the table is invalid.
    #[error("the table has an item that can't be read: {0}")]
    Corrupt(String),
}

/// How long a starting process waits for the table: with the secrets, which may take five seconds, it must be ready within
/// the ten seconds of Lambda's initialization.
pub const WARM_UP: Duration = Duration::from_secs(2);

type Item = HashMap<String, AttributeValue>;

impl Store {
    /// The table of this name.
    pub fn new(aws: &Aws, table: &str) -> Self {
        Self { client: Client::new(&aws.service("DYNAMODB")), table: table.to_owned() }
    }

    /// Opens a connection, so that the first request finds one. It gives up after [`WARM_UP`].
    pub async fn warm_up(&self) {
        // Any function with a table may read accounts.
        let Some(nobody) = AccountId::parse("none") else { return };
        match tokio::time::timeout(WARM_UP, self.account(&nobody)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!("no connection to the table yet: {error}"),
            Err(_) => tracing::warn!("no connection to the table yet: no answer in time"),
        }
    }
}

/// What an error of the SDK means, without what the request held: that may be secret.
fn unavailable<E: std::error::Error>(error: &SdkError<E>) -> StoreError {
    StoreError::Unavailable(match error {
        SdkError::ServiceError(service) => service.err().to_string(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        SdkError::ResponseError(_) => "an answer that can't be read".to_owned(),
        _ => "a request that can't be sent".to_owned(),
    })
}
