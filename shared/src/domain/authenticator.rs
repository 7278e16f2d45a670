//! Second factors: authenticator apps, recovery codes, WebAuthn credentials.
//!
//! What an authenticator knows is kept sealed or hashed; only flows that hold the keys can tell what it is.

use serde::{Deserialize, Serialize};

use super::code::CodeHash;
use super::document::UnknownMembers;
use super::time::Timestamp;
use crate::secret::Sealed;

/// The maximum number of second factors of an account: it is stored as one item, and a credential takes up to 11 KB.
pub const MOST_AUTHENTICATORS: usize = 20;

/// The maximum length of the name of a credential, in code points. The contract has none.
pub const MAX_CREDENTIAL_NAME: usize = 1000;

/// The most bytes of a credential's public key, in COSE. RSA with 8,192 bits takes half of that.
pub const MOST_PUBLIC_KEY_BYTES: usize = 2048;

/// A type of authenticator, in the order in which the contract lists the kinds of an account.
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

/// An authenticator of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// The id in the API: a positive number of 31 bits, of 53 where it is of before that.
    pub id: i64,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last use; none if unused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// The factor.
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

/// A factor: the type of an authenticator, with its verification data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Recovery codes (look-up secrets).
    RecoveryCodes(RecoveryCodes),
    /// An authenticator app (TOTP).
    Totp(Totp),
    /// A WebAuthn credential: a security key or a passkey.
    #[serde(rename = "webauthn")]
    WebAuthn(Credential),
}

/// Recovery codes: single-use look-up secrets (NIST SP 800-63B).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The hashes of the unused codes, as [`crate::signing::CodeHasher`] makes them.
    pub unused: Vec<CodeHash>,
    /// What they are hashed with; none in sets whose hashes follow from `SECRET_KEY` itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Sealed>,
    /// The number of codes generated.
    pub total: usize,
    /// All of them, one a line, as long as they can be shown; none once they were, where they are shown only once
    /// (`MFA_RECOVERY_CODES_SHOW_ONCE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Sealed>,
    /// The time of the first view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewed_at: Option<Timestamp>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// An authenticator app: time-based one-time passwords (TOTP, RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totp {
    /// The secret, 160 bits in base32.
    pub secret: Sealed,
    /// The time steps whose codes were accepted, as far back as codes are accepted.
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
    /// The display name.
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

/// What is kept of a credential to verify its signatures: the [`Credential::document`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialKey {
    /// The public key, as the authenticator gave it: COSE (RFC 9052) in base64url.
    pub public_key: String,
    /// How far it had counted when last seen; 0 if it does not count.
    pub sign_count: u32,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl CredentialKey {
    /// A key, and how far it has counted.
    pub const fn new(public_key: String, sign_count: u32) -> Self {
        Self { public_key, sign_count, unknown: UnknownMembers::NONE }
    }

    /// As it is kept with its account.
    pub fn to_document(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// What [`Self::to_document`] wrote.
    pub fn from_document(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok()
    }
}

impl Factor {
    /// Its type.
    pub const fn kind(&self) -> AuthenticatorType {
        match self {
            Self::RecoveryCodes(_) => AuthenticatorType::RecoveryCodes,
            Self::Totp(_) => AuthenticatorType::Totp,
            Self::WebAuthn(_) => AuthenticatorType::WebAuthn,
        }
    }

    /// Whether logins require it: recovery codes alone are no second factor.
    pub const fn is_second_factor(&self) -> bool {
        match self {
            Self::RecoveryCodes(_) => false,
            Self::Totp(_) | Self::WebAuthn(_) => true,
        }
    }
}
