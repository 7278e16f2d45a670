//! Accounts move in and out: their portable form, and what becomes of it.

mod collisions;
mod import;
mod inward;
mod outward;
mod pace;
mod portable;
mod problem;

pub use collisions::{Collisions, Uniques};
pub use import::{Import, ImportOptions, ImportOutcome, ImportStop};
pub use inward::Inward;
pub use outward::Outward;
pub use portable::{
    PortableAccount, PortableCodeHashes, PortableCredential, PortableEmail, PortablePhone,
    PortableRecoveryCodes, PortableSecret, PortableSocialAccount, PortableTime, PortableTokens, PortableTotp,
    PortableUnproved,
};
pub use problem::MigrationProblem;

#[cfg(test)]
mod tests;
