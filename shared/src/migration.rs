//! Accounts move in and out: their portable form, and what becomes of it.

pub mod api;
mod collisions;
mod import;
mod inward;
mod outward;
mod pace;
mod portable;
mod problem;
mod reader;

pub use collisions::{Collisions, Uniques};
pub use import::{Import, ImportOutcome, ImportStop};
pub use inward::Inward;
pub use outward::Outward;
pub use portable::{
    PortableAccount, PortableCodeHashes, PortableCredential, PortableEmail, PortablePhone,
    PortableRecoveryCodes, PortableSecret, PortableSocialAccount, PortableTime, PortableTokens, PortableTotp,
    PortableUnproved,
};
pub use problem::MigrationProblem;
pub use reader::{ImportOptions, RecordReader};

#[cfg(test)]
mod tests;
