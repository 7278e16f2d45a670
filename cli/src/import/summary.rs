//! What an import comes to.

use serde::{Deserialize, Serialize};

/// What has become of the accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSummary {
    /// How many were added.
    pub added: u64,
    /// How many were replaced.
    pub replaced: u64,
    /// How many were as they are already.
    pub unchanged: u64,
    /// How many have changed on both sides.
    pub changed_here: u64,
    /// How many can't come.
    pub refused: u64,
    /// How many write units were used, as DynamoDB counts them.
    pub write_units: u64,
}

impl ImportSummary {
    /// What has become of all accounts of two parts.
    pub(super) const fn with(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            replaced: self.replaced + other.replaced,
            unchanged: self.unchanged + other.unchanged,
            changed_here: self.changed_here + other.changed_here,
            refused: self.refused + other.refused,
            write_units: self.write_units + other.write_units,
        }
    }

    /// Whether an account was left out.
    pub const fn is_partial(&self) -> bool {
        self.refused + self.changed_here > 0
    }
}
