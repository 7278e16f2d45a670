//! Authenticators: what an account's owner can prove who they are with, besides a password.
//!
//! What an authenticator knows is kept sealed or hashed; only flows that hold the keys can tell what it is.

use serde::{Deserialize, Serialize};

use super::code::CodeHash;
use super::document::UnknownMembers;
use super::time::Timestamp;
use crate::secret::Sealed;

/// How many second factors an account may have at the most: it is kept as one item, and a key takes up to 11 KB.
pub const MOST_AUTHENTICATORS: usize = 20;

/// A kind of authenticator, in the order in which the contract lists the kinds of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatorType {
    /// [`RecoveryCodes`].
    RecoveryCodes,
    /// [`Totp`].
    Totp,
    /// [`Credential`].
    #[serde(rename = "webauthn")]
    WebAuthn,
}

impl AuthenticatorType {
    /// All of them, in the contract's order.
    pub const ALL: [Self; 3] = [Self::RecoveryCodes, Self::Totp, Self::WebAuthn];

    /// Its name in the contract, and in `MFA_SUPPORTED_TYPES`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecoveryCodes => "recovery_codes",
            Self::Totp => "totp",
            Self::WebAuthn => "webauthn",
        }
    }
}

impl Sealed {
    /// The id of the key that sealed it; none where it does not say.
    pub fn sealer(&self) -> Option<&str> {
        self.0.split_once('.').map(|(id, _)| id)
    }
}

/// One authenticator of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// Names it in the contract: a positive number of 31 bits, of 53 where it is of before that.
    pub id: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved something; none before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// What it is.
    pub factor: Factor,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Authenticator {
    /// One that has proved nothing yet.
    pub const fn new(id: i64, factor: Factor, created_at: Timestamp) -> Self {
        Self { id, created_at, last_used_at: None, factor, unknown: UnknownMembers::NONE }
    }
}

/// What an authenticator is, and how its proof is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Codes on paper, each good for once.
    RecoveryCodes(RecoveryCodes),
    /// An app that shows codes.
    Totp(Totp),
    /// A security key or a passkey.
    #[serde(rename = "webauthn")]
    WebAuthn(Credential),
}

/// Codes to get in with when all else is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Hashes of those that are left, as [`crate::signing::CodeHasher`] makes them.
    pub unused: Vec<CodeHash>,
    /// What they are hashed with; none in sets whose hashes follow from `SECRET_KEY` itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Sealed>,
    /// How many there were.
    pub total: usize,
    /// All of them, one a line, as long as they can be shown; none once they were, where they are shown only once
    /// (`MFA_RECOVERY_CODES_SHOW_ONCE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Sealed>,
    /// When they were first looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewed_at: Option<Timestamp>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// Codes that follow from a secret and the time (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totp {
    /// The secret, 160 bits in base32.
    pub secret: Sealed,
    /// The time steps whose codes were accepted, as far back as they could be given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_steps: Vec<i64>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Totp {
    /// An app that has this secret, and has shown no code yet.
    pub const fn new(secret: Sealed) -> Self {
        Self { secret, used_steps: Vec::new(), unknown: UnknownMembers::NONE }
    }
}

/// A WebAuthn credential: a security key, or a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What its owner calls it.
    pub name: String,
    /// The credential id, in base64url. No other account has it.
    pub credential_id: String,
    /// Whether it said that it can be found without its id, and so logs in without anything else (`credProps.rk`);
    /// none when it did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passwordless: Option<bool>,
    /// The public key, the counter of its signatures and the like, as the function that checks them writes it down.
    pub document: String,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Factor {
    /// Its kind.
    pub const fn kind(&self) -> AuthenticatorType {
        match self {
            Self::RecoveryCodes(_) => AuthenticatorType::RecoveryCodes,
            Self::Totp(_) => AuthenticatorType::Totp,
            Self::WebAuthn(_) => AuthenticatorType::WebAuthn,
        }
    }

    /// Whether a login is asked for it: recovery codes alone protect nothing.
    pub const fn is_second_factor(&self) -> bool {
        match self {
            Self::RecoveryCodes(_) => false,
            Self::Totp(_) | Self::WebAuthn(_) => true,
        }
    }
}
