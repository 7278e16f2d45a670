//! The function `keys`: generates and rotates the signing keys of access and refresh tokens, as the rotation function
//! of Secrets Manager. It sees no request and no account.

mod generate;
mod lambda;
mod rotation;
mod vault;

pub use generate::{GenerateError, generate};
pub use lambda::{RunError, run};
pub use rotation::{RotationError, Step, rotate};
pub use vault::{Vault, VaultError, Versions};
