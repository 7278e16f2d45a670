//! IAM, as the local stack enforces it: a function may call AWS as its role in the template allows, and not otherwise.
//!
//! Each function signs with credentials of its own, whose access key id names it. All other credentials are an
//! administrator's. Nobody verifies signatures here: this finds what a role lacks, and keeps nobody out.

mod access;
mod guard;
mod roles;

pub use access::{Access, arn};
pub use guard::{Guard, Watch, forward};
pub use roles::{Permission, Refusal, Roles, access_key_id, permissions};
