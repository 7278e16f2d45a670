//! Means: what the owner of an account proves who they are with, and can add to it.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Something to log in or to reauthenticate with. A password is none of these: it is never added without a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// An email address, lowercase.
    Email(String),
    /// A phone number.
    Phone(String),
    /// An authenticator, by its id.
    Authenticator(i64),
    /// An account at another service: the service, as the API calls it, and who it is there.
    Social(String, String),
}

/// Something that was added by a session that had not proved lately who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproved {
    /// What.
    pub means: Means,
    /// When.
    pub at: Timestamp,
}
