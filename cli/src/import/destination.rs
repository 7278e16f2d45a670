//! Where accounts are imported to, one by one or in batches.

use std::io;

use vestibule::migration::api::{MOST_ACCOUNTS, MOST_BYTES};
use vestibule::migration::{Import, ImportOutcome, ImportStop, PortableAccount};

use super::function::{MigrationFunction, MigrationFunctionError};

/// How many accounts are under way at a time, in the table.
const ACCOUNTS_AT_A_TIME: usize = 16;
/// How many batches are, in the function: it leaves the concurrency of a new AWS account to the API.
const BATCHES_AT_A_TIME: usize = 2;
/// A batch with so many bytes is full. The largest account fits in behind them.
const FULL: usize = MOST_BYTES - 1_100_000;
/// What most accounts take to write, to let a batch last a second where the pace is limited.
const UNITS_OF_AN_ACCOUNT: usize = 12;

/// A record whose account is to be imported, or is left out.
pub(super) struct Judged {
    pub number: u32,
    pub position: u64,
    pub account: Option<PortableAccount>,
}

/// What has become of a record.
pub(super) struct Done {
    pub number: u32,
    pub position: u64,
    /// The id of the account and what has become of it, unless it was left out.
    pub account: Option<(String, ImportOutcome)>,
}

/// Why an import is interrupted. It can be run again, and goes on.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// The source can't be read.
    #[error(transparent)]
    Source(#[from] io::Error),
    /// The table can't be used.
    #[error(transparent)]
    Table(#[from] ImportStop),
    /// The function does not import.
    #[error(transparent)]
    Function(#[from] MigrationFunctionError),
}

/// Where accounts go.
pub(super) enum Destination<'a> {
    /// To the table, from this process.
    Table(Import<'a>),
    /// To the function, which has the rights to the table.
    Function { function: Box<MigrationFunction>, writes_per_second: Option<u32> },
}

impl Destination<'_> {
    /// How many batches are under way at a time.
    pub(super) const fn at_a_time(&self) -> usize {
        match self {
            Self::Table(_) => ACCOUNTS_AT_A_TIME,
            // Each keeps to the pace by itself.
            Self::Function { writes_per_second: Some(_), .. } => 1,
            Self::Function { .. } => BATCHES_AT_A_TIME,
        }
    }

    /// How many write units have been used so far, or would have been.
    pub(super) fn write_units(&self) -> u64 {
        match self {
            Self::Table(import) => import.write_units(),
            Self::Function { function, .. } => function.write_units(),
        }
    }

    /// Records in the batches that they are imported in.
    pub(super) fn batches(
        &self,
        mut records: impl Iterator<Item = io::Result<Judged>>,
    ) -> impl Iterator<Item = io::Result<Vec<Judged>>> {
        let most = self.most_at_once();
        std::iter::from_fn(move || {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < most && bytes < FULL {
                match records.next() {
                    Some(Ok(record)) => {
                        bytes += if most > 1 { size(&record) } else { 0 };
                        batch.push(record);
                    }
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                }
            }
            (!batch.is_empty()).then_some(Ok(batch))
        })
    }

    fn most_at_once(&self) -> usize {
        match self {
            Self::Table(_) => 1,
            Self::Function { writes_per_second, .. } => writes_per_second.map_or(MOST_ACCOUNTS, |units| {
                (units as usize / UNITS_OF_AN_ACCOUNT).clamp(1, MOST_ACCOUNTS)
            }),
        }
    }

    /// Imports a batch.
    pub(super) async fn import(&self, batch: Vec<Judged>) -> Result<Vec<Done>, Interruption> {
        let accounts: Vec<_> = batch.iter().filter_map(|record| record.account.as_ref()).collect();
        let outcomes = match self {
            Self::Table(import) => {
                let mut outcomes = Vec::new();
                for account in accounts {
                    outcomes.push(import.account(account).await?);
                }
                outcomes
            }
            Self::Function { function, .. } => function.import(&accounts).await?,
        };
        let mut outcomes = outcomes.into_iter();
        let done = batch.into_iter().map(|Judged { number, position, account }| {
            let account = account.and_then(|account| Some((account.id, outcomes.next()?)));
            Done { number, position, account }
        });
        Ok(done.collect())
    }
}

fn size(record: &Judged) -> usize {
    let text = record.account.as_ref().and_then(|account| serde_json::to_string(account).ok());
    text.map_or(0, |text| text.len())
}
