//! Importing accounts: each is judged by what the table has, and committed as a whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::inward::Inward;
use super::pace::Pace;
use super::portable::PortableAccount;
use super::problem::MigrationProblem;
use crate::app::App;
use crate::changes::Changes;
use crate::domain::account::{Account, Standing};
use crate::domain::document::UnknownMembers;
use crate::domain::handle::Handle;
use crate::domain::imported::ImportMark;
use crate::domain::message::Recipient;
use crate::domain::text::quoted;
use crate::operator::commit_until;
use crate::signing::Keys;
use crate::snapshot::{Loaded, Need};
use crate::store::{Store, StoreError};

/// How often an account is tried: the waits between them come to half a minute, if the table is throttled.
const MOST_TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What an import does of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is added.
    Added,
    /// It was imported before from another record, has not changed here since, and is replaced.
    Replaced,
    /// It was imported before from the same record.
    Same,
    /// It was imported before from another record, but has changed here since, and is left alone.
    ChangedHere,
    /// It can't be imported.
    Refused(Vec<MigrationProblem>),
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

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Judge only, and write nothing.
    pub dry_run: bool,
    /// Accounts may be marked as administrators.
    pub superusers: bool,
    /// Ids may have another format than new ones.
    pub mixed_ids: bool,
    /// The most write units a second, as DynamoDB counts them.
    pub writes_per_second: Option<u32>,
}

/// An import.
pub struct Import<'a> {
    app: &'a App,
    store: &'a Store,
    keys: Keys,
    options: ImportOptions,
    pace: Pace,
    units: AtomicU64,
}

impl<'a> Import<'a> {
    /// Begins one.
    pub fn new(app: &'a App, options: ImportOptions) -> Result<Self, ImportStop> {
        let store = app.store().ok_or(ImportStop::NoTable)?;
        let pace = Pace::new(options.writes_per_second);
        Ok(Self { app, store, keys: app.secrets().keys.clone(), options, pace, units: AtomicU64::new(0) })
    }

    /// The account that a record describes, or all that is wrong with it, whatever the table has.
    pub fn read(&self, record: &PortableAccount) -> Result<Account, Vec<MigrationProblem>> {
        let inward = Inward {
            settings: &self.app.settings,
            keys: &self.keys,
            random: &self.app.random,
            now: self.app.clock.now(),
            superusers: self.options.superusers,
            mixed_ids: self.options.mixed_ids,
        };
        inward.account(record)
    }

    /// How many write units it has used so far, or would have, as DynamoDB counts them.
    pub fn write_units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    /// What of an account only one can have.
    pub fn unique(&self, account: &Account) -> (Vec<Handle>, Vec<Recipient>) {
        let unique_email = self.app.settings.account.unique_email;
        let verified = account.addresses().into_iter().filter(|(it, standing)| {
            *standing == Standing::Verified && (unique_email || it.phone().is_some())
        });
        (account.handles().into_iter().collect(), verified.map(|(it, _)| it).collect())
    }

    /// Imports an account, or says what an import would do.
    pub async fn account(&self, record: &PortableAccount) -> Result<ImportOutcome, ImportStop> {
        let account = match self.read(record) {
            Ok(account) => account,
            Err(problems) => return Ok(ImportOutcome::Refused(problems)),
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
                Err(error) => {
                    failure = retried(error)?;
                    continue;
                }
            };
            let (outcome, changes) = self.decide(&loaded, &account, &record);
            let Some(mut changes) = changes else { return Ok(outcome) };
            let units = write_units(&account);
            if self.options.dry_run {
                self.units.fetch_add(units.into(), Ordering::Relaxed);
                return Ok(outcome);
            }
            self.pace.spend(units).await;
            let now = self.app.clock.now();
            match commit_until(self.app, self.store, &loaded, &mut changes, now).await {
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
        let (handles, addresses) = self.unique(account);
        let handles = handles.into_iter().map(Need::Handle);
        let addresses = addresses.into_iter().map(Need::Claim);
        [Need::Account(account.id.clone())].into_iter().chain(handles).chain(addresses).collect()
    }

    fn decide(&self, loaded: &Loaded, account: &Account, record: &[u8]) -> (ImportOutcome, Option<Changes>) {
        let stored = loaded.accounts.get(&account.id).cloned().flatten();
        let mark = stored.as_ref().map(|stored| stored.value.imported.as_ref());
        match (&stored, mark.flatten()) {
            (Some(_), None) => return (ImportOutcome::Refused(vec![MigrationProblem::IdTaken]), None),
            (Some(_), Some(mark)) if self.keys.is_import_mac(record, &mark.record) => {
                return (ImportOutcome::Same, None);
            }
            (Some(stored), Some(mark)) if stored.value.import_state() != mark.state => {
                return (ImportOutcome::ChangedHere, None);
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
        let taken = self.taken(loaded, account);
        if !taken.is_empty() {
            return (ImportOutcome::Refused(taken), None);
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
            record: self.keys.import_mac(record),
            state: account.import_state(),
            at: self.app.clock.now(),
            unknown: UnknownMembers::NONE,
        });
        let outcome = if stored.is_some() { ImportOutcome::Replaced } else { ImportOutcome::Added };
        (outcome, Some(Changes::of_account(stored, Some(account))))
    }

    fn taken(&self, loaded: &Loaded, account: &Account) -> Vec<MigrationProblem> {
        let (handles, addresses) = self.unique(account);
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

/// What a handle is, and its name.
pub(super) fn named_handle(handle: &Handle) -> (&'static str, String) {
    match handle {
        Handle::Username(name) => ("username", name.clone()),
        Handle::Credential(id) => ("credential", id.clone()),
        Handle::Social { provider, uid } => ("provider account", format!("{provider} {uid}")),
    }
}

/// What an email address or a phone number is, and which.
pub(super) fn named_address(address: &Recipient) -> (&'static str, String) {
    match address {
        Recipient::Email(email) => ("verified email address", email.clone()),
        Recipient::Phone(number) => ("verified phone number", number.clone()),
    }
}

/// What it costs to write an account: two units for each KB of each item, as all are written in one transaction. The
/// account is the only item that can have more than one KB; the event of the import is one of them.
fn write_units(account: &Account) -> u32 {
    let bytes = serde_json::to_string(account).map_or(0, |text| text.len());
    let items = 2 * account.addresses().len() + account.handles().len() + bytes.div_ceil(1024) + 1;
    u32::try_from(2 * items).unwrap_or(u32::MAX)
}
