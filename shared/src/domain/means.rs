//! Means of authentication that the owner of an account can add to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::UnknownMembers;
use super::time::Timestamp;

/// A means of login or reauthentication. A password is none of these: it is never added without a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// An email address, lowercase.
    Email(String),
    /// A phone number.
    Phone(String),
    /// An authenticator, by its id.
    Authenticator(i64),
    /// A provider account: the provider's id, and the uid.
    Social(String, String),
}

/// A means that was added by a session without a recent reauthentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproved {
    /// The means.
    pub means: Means,
    /// The time of addition.
    pub at: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}
