//! The function `keys`: makes the keys that access and refresh tokens are signed with, and replaces them in time, as
//! Secrets Manager asks. It sees no request and no account.

mod generate;
mod lambda;
mod rotation;
mod vault;

pub use generate::{GenerateError, generate};
pub use lambda::{RunError, run};
pub use rotation::{RotationError, Step, rotate};
pub use vault::{Vault, VaultError, Versions};
