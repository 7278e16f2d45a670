//! Importing accounts: each is judged by what the table has, and committed as a whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pace::Pace;
use super::portable::PortableAccount;
use super::problem::MigrationProblem;
use super::reader::{ImportOptions, RecordReader, named_address, named_handle};
use crate::app::App;
use crate::changes::Changes;
use crate::domain::account::Account;
use crate::domain::document::UnknownMembers;
use crate::domain::event::Actor;
use crate::domain::imported::ImportMark;
use crate::domain::text::quoted;
use crate::operator::commit_until;
use crate::snapshot::{Loaded, Need};
use crate::store::{Store, StoreError};

/// How often an account is tried: the waits between them come to half a minute, if the table is throttled.
const MOST_TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What an import does of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reasons", rename_all = "snake_case")]
pub enum ImportOutcome {
    /// It is added.
    Added,
    /// It was imported before from another record, has not changed here since, and is replaced.
    Replaced,
    /// It was imported before from the same record.
    Unchanged,
    /// It was imported before from another record, but has changed here since, and is left alone.
    ChangedHere,
    /// It can't be imported: why.
    Refused(Vec<String>),
}

impl From<Vec<MigrationProblem>> for ImportOutcome {
    fn from(problems: Vec<MigrationProblem>) -> Self {
        Self::Refused(problems.iter().map(ToString::to_string).collect())
    }
}

/// Why an import stops. It can be run again, and goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportStop {
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// An import.
pub struct Import<'a> {
    app: &'a App,
    store: &'a Store,
    actor: &'a Actor,
    reader: RecordReader<'a>,
    pace: Pace,
    units: AtomicU64,
}

impl<'a> Import<'a> {
    /// Begins one, on behalf of an operator.
    pub fn new(app: &'a App, actor: &'a Actor, options: ImportOptions) -> Result<Self, ImportStop> {
        let store = app.store().ok_or(ImportStop::NoTable)?;
        let pace = Pace::new(options.writes_per_second);
        Ok(Self {
            app,
            store,
            actor,
            reader: RecordReader::new(app, options),
            pace,
            units: AtomicU64::new(0),
        })
    }

    /// How many write units it has used so far, or would have, as DynamoDB counts them.
    pub fn write_units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    /// Imports an account, or says what an import would do.
    pub async fn account(&self, record: &PortableAccount) -> Result<ImportOutcome, ImportStop> {
        let account = match self.reader.account(record) {
            Ok(account) => account,
            Err(problems) => return Ok(problems.into()),
        };
        let record = serde_json::to_vec(record).unwrap_or_default();
        let mut claims = Vec::new();
        let mut failure = StoreError::Lost;
        for wait in waits() {
            if !matches!(failure, StoreError::Lost) {
                tokio::time::sleep(wait).await;
            }
            let needs = [self.needs(&account), claims.clone()].concat();
            let loaded = match self.store.load(&[], &needs).await {
                Ok(loaded) => loaded,
                // Trying again does not help, and other accounts need none of its items.
                Err(error @ StoreError::Corrupt(_)) => {
                    return Ok(ImportOutcome::Refused(vec![error.to_string()]));
                }
                Err(error) => {
                    failure = retried(error)?;
                    continue;
                }
            };
            let (outcome, changes) = self.decide(&loaded, &account, &record);
            let Some(mut changes) = changes else { return Ok(outcome) };
            let units = write_units(&account);
            if self.reader.options.dry_run {
                self.units.fetch_add(units.into(), Ordering::Relaxed);
                return Ok(outcome);
            }
            self.pace.spend(units).await;
            let now = self.app.clock.now();
            match commit_until(self.app, self.store, self.actor, &loaded, &mut changes, now).await {
                Ok(()) => {
                    self.units.fetch_add(units.into(), Ordering::Relaxed);
                    return Ok(outcome);
                }
                Err(error) => failure = retried(error)?,
            }
            claims = changes.claims();
        }
        Err(failure.into())
    }

    fn needs(&self, account: &Account) -> Vec<Need> {
        let (handles, addresses) = self.reader.unique(account);
        let handles = handles.into_iter().map(Need::Handle);
        let addresses = addresses.into_iter().map(Need::Claim);
        [Need::Account(account.id.clone())].into_iter().chain(handles).chain(addresses).collect()
    }

    fn decide(&self, loaded: &Loaded, account: &Account, record: &[u8]) -> (ImportOutcome, Option<Changes>) {
        let stored = loaded.accounts.get(&account.id).cloned().flatten();
        let mark = stored.as_ref().map(|stored| stored.value.imported.as_ref());
        match (&stored, mark.flatten()) {
            (Some(_), None) => return (vec![MigrationProblem::IdTaken].into(), None),
            (Some(_), Some(mark)) if self.reader.keys.is_import_mac(record, &mark.record) => {
                return (ImportOutcome::Unchanged, None);
            }
            (Some(stored), Some(mark)) if stored.value.import_state() != mark.state => {
                return (ImportOutcome::ChangedHere, None);
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
        let taken = self.taken(loaded, account);
        if !taken.is_empty() {
            return (taken.into(), None);
        }
        let mut account = account.clone();
        if let Some(before) = stored.as_ref().map(|stored| &stored.value) {
            account.session_epoch = before.session_epoch + 1;
            account.events.clone_from(&before.events);
            (account.last_login_at, account.logins) = (before.last_login_at, before.logins);
        } else {
            account.logins = account.last_login_at.map_or(0, |_| 1);
        }
        account.imported = Some(ImportMark {
            record: self.reader.keys.import_mac(record),
            state: account.import_state(),
            at: self.app.clock.now(),
            unknown: UnknownMembers::NONE,
        });
        let outcome = if stored.is_some() { ImportOutcome::Replaced } else { ImportOutcome::Added };
        (outcome, Some(Changes::of_account(stored, Some(account))))
    }

    fn taken(&self, loaded: &Loaded, account: &Account) -> Vec<MigrationProblem> {
        let (handles, addresses) = self.reader.unique(account);
        let handles = handles.iter().map(|handle| {
            let (what, name) = named_handle(handle);
            (what, name, loaded.handles.get(handle).and_then(Option::as_ref))
        });
        let addresses = addresses.iter().map(|address| {
            let (what, name) = named_address(address);
            (what, name, loaded.claimed_by(address))
        });
        let others = handles.chain(addresses).filter_map(|(what, name, owner)| {
            let owner = owner.filter(|owner| **owner != account.id)?;
            Some(MigrationProblem::Taken { what, name: quoted(&name), owner: owner.as_str().to_owned() })
        });
        others.collect()
    }
}

/// An unknown result and a throttled table are tried again; what can't be read stays so.
fn retried(error: StoreError) -> Result<StoreError, StoreError> {
    match error {
        StoreError::Lost | StoreError::Unavailable(_) => Ok(error),
        StoreError::Corrupt(_) => Err(error),
    }
}

fn waits() -> impl Iterator<Item = Duration> {
    (0..MOST_TRIES).map(|tries| FIRST_WAIT.saturating_mul(1 << tries).min(LONGEST_WAIT))
}

/// What it costs to write an account: two units for each KB of each item, as all are written in one transaction. The
/// account is the only item that can have more than one KB; the event of the import is one of them.
fn write_units(account: &Account) -> u32 {
    let items = 2 * account.addresses().len() + account.handles().len() + account.size().div_ceil(1024) + 1;
    u32::try_from(2 * items).unwrap_or(u32::MAX)
}
