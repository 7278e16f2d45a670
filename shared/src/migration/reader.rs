//! What the records of an import say, whatever the table has.

use serde::{Deserialize, Serialize};

use super::inward::Inward;
use super::portable::PortableAccount;
use super::problem::MigrationProblem;
use crate::app::App;
use crate::domain::account::{Account, Standing};
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::signing::Keys;

/// How to import.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

/// Reads records with the settings of a process.
pub struct RecordReader<'a> {
    pub(super) app: &'a App,
    pub(super) keys: Keys,
    pub(super) options: ImportOptions,
}

impl<'a> RecordReader<'a> {
    /// With the current keys. What is only read, and not stored, can have any.
    pub fn new(app: &'a App, options: ImportOptions) -> Self {
        Self { app, keys: app.secrets().keys.clone(), options }
    }

    /// The account that a record describes, or all that is wrong with it.
    pub fn account(&self, record: &PortableAccount) -> Result<Account, Vec<MigrationProblem>> {
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

    /// What of an account only one can have.
    pub fn unique(&self, account: &Account) -> (Vec<Handle>, Vec<Recipient>) {
        let unique_email = self.app.settings.account.unique_email;
        let verified = account.addresses().into_iter().filter(|(it, standing)| {
            *standing == Standing::Verified && (unique_email || it.phone().is_some())
        });
        (account.handles().into_iter().collect(), verified.map(|(it, _)| it).collect())
    }
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
