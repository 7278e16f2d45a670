//! What an imported account remembers of its import, so that a later one can tell what has changed where.

use serde::{Deserialize, Serialize};

use super::document::UnknownMembers;
use super::time::Timestamp;

/// The import of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportMark {
    /// The MAC of the record that it was imported from ([`crate::signing::Keys::import_mac`]).
    pub record: String,
    /// Its state then ([`super::account::Account::import_state`]).
    pub state: String,
    /// The time of the import.
    pub at: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}
