//! The portable form of an account: a line of JSON (`docs/migration-format.md`).
//!
//! Whatever is stored of an account has a place in it, so that an account that has moved out and in again is the same. What
//! belongs to one deployment has none: sessions, the history, how many logins there were.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::means::Means;
use crate::domain::profile::{Metadata, ProfileValues};
use crate::domain::time::Timestamp;
use crate::secret::Secret;

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct PortableAccount {
    /// The id, which stays: 1 to 64 letters, digits, `-` and `_`. One of digits may be an integer.
    #[serde(deserialize_with = "text_or_integer")]
    #[schemars(schema_with = "text_or_integer_schema")]
    pub id: String,
    /// The username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The email address used while none of `emails` is primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether login is possible.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the account is marked as an administrator. It is imported only if the operator says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superuser: bool,
    /// The hash of the password, in PHC string format, in modular crypt format or as Django stores it; absent if there is no
    /// usable password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PortableSecret>,
    /// The email addresses, in the order of addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<PortableEmail>,
    /// Whether it had a verified email address that was removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_verified: bool,
    /// The time when the first verification removed what had been added before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripped_at: Option<PortableTime>,
    /// The phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PortablePhone>,
    /// The time of sign-up; that of the import if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<PortableTime>,
    /// The time of the last login; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<PortableTime>,
    /// The values of the site's own fields (`ACCOUNT_PROFILE_FIELDS`).
    #[serde(default, skip_serializing_if = "ProfileValues::is_empty")]
    pub profile: ProfileValues,
    /// Metadata that the user may read.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub public_metadata: Metadata,
    /// Metadata that only operators may read.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub private_metadata: Metadata,
    /// The authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<PortableTotp>,
    /// The recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<PortableRecoveryCodes>,
    /// The security keys and passkeys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webauthn: Vec<PortableCredential>,
    /// The connected provider accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub social_accounts: Vec<PortableSocialAccount>,
    /// What was added without a recent reauthentication, and does not yet count as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproved: Vec<PortableUnproved>,
    /// Whether it was exported without its secrets. Such an account cannot be imported: it would lose its second factors.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_secrets: bool,
}

/// An email address of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableEmail {
    /// The email address.
    pub email: String,
    /// Whether it is verified.
    #[serde(default)]
    pub verified: bool,
    /// Whether it is the primary one. At most one is.
    #[serde(default)]
    pub primary: bool,
    /// Whether it was given at sign-up. If no email address says so, an unverified primary one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup: Option<bool>,
}

/// The phone number of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortablePhone {
    /// In E.164 form, such as `+31612345678`.
    pub number: String,
    /// Whether it is verified.
    #[serde(default)]
    pub verified: bool,
}

/// An authenticator app (TOTP, RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableTotp {
    /// The id in the API; a new one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The secret in base32: at least 80 bits.
    pub secret: PortableSecret,
    /// The time of creation; that of sign-up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<PortableTime>,
    /// The time of the last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<PortableTime>,
}

/// Recovery codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableRecoveryCodes {
    /// The id in the API; a new one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The unused codes.
    #[serde(default)]
    pub unused: Vec<PortableSecret>,
    /// The hashes of the unused codes instead, if the codes themselves are not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<PortableCodeHashes>,
    /// The number of codes generated; that of the unused ones if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// The time of creation; that of sign-up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<PortableTime>,
    /// The time of the last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<PortableTime>,
    /// The time of the first view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewed_at: Option<PortableTime>,
}

/// Hashes of recovery codes, as Vestibule computes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableCodeHashes {
    /// The key of the hashes.
    pub key: PortableSecret,
    /// The hashes of the unused codes.
    pub unused: Vec<String>,
}

/// A WebAuthn credential: a security key, or a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableCredential {
    /// The id in the API; a new one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The display name.
    #[serde(default)]
    pub name: String,
    /// The credential id, in base64url.
    pub credential_id: String,
    /// The public key: a COSE key (RFC 9052) in base64url.
    pub public_key: String,
    /// The signature counter; 0 if the authenticator does not count.
    #[serde(default)]
    pub sign_count: u32,
    /// Whether it is a discoverable credential (`credProps.rk`), a passkey; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passwordless: Option<bool>,
    /// The time of creation; that of sign-up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<PortableTime>,
    /// The time of the last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<PortableTime>,
}

/// A connected provider account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableSocialAccount {
    /// The id of the provider app.
    pub provider: String,
    /// The uid of the account at the provider.
    pub uid: String,
    /// The display name at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The tokens of the provider. They are imported if `SOCIALACCOUNT_STORE_TOKENS` is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<PortableTokens>,
    /// The time of connection; that of sign-up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<PortableTime>,
}

/// Tokens that a provider issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableTokens {
    /// The access token.
    pub access_token: PortableSecret,
    /// The refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<PortableSecret>,
    /// The expiry of the access token, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<PortableTime>,
}

/// A means of authentication that was added without a recent reauthentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortableUnproved {
    /// The means: an email address, a phone number, the id of an authenticator, or a provider and a uid.
    pub means: Means,
    /// The time of addition.
    pub at: PortableTime,
}

/// A secret in the clear. It is not shown by `Debug`.
#[derive(Clone)]
pub struct PortableSecret(pub Secret);

impl PortableSecret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for PortableSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Of a file, which an attacker does not time.
impl PartialEq for PortableSecret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PortableSecret {}

impl Serialize for PortableSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for PortableSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for PortableSecret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PortableSecret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// A point in time, in RFC 3339 form; milliseconds are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortableTime(pub Timestamp);

impl Serialize for PortableTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = i128::from(self.0.millis()) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(S::Error::custom)?;
        serializer.serialize_str(&time.format(&Rfc3339).map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for PortableTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |_| D::Error::custom("a time is written as 2026-11-29T13:45:00Z (RFC 3339)");
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(wrong)?;
        let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
        Ok(Self(Timestamp::from_millis(i64::try_from(millis).map_err(D::Error::custom)?)))
    }
}

impl JsonSchema for PortableTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PortableTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

const fn yes() -> bool {
    true
}

fn text_or_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an id is text or a whole number that is not negative")]
    enum Id {
        Text(String),
        Integer(u64),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Text(text) => text,
        Id::Integer(number) => number.to_string(),
    })
}

fn text_or_integer_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"anyOf": [
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        {"type": "integer", "minimum": 0},
    ]})
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_needs_no_more_than_an_id() {
        for (id, expected) in [(json!(42), "42"), (json!("42"), "42"), (json!("a-b_C"), "a-b_C")] {
            let account: PortableAccount = serde_json::from_value(json!({"id": id})).unwrap();
            let usual = PortableAccount { id: expected.into(), active: true, ..PortableAccount::default() };
            assert_eq!(account, usual);
            assert_eq!(serde_json::to_value(&account).unwrap(), json!({"id": expected, "active": true}));
        }
    }

    #[test]
    fn what_has_no_place_is_refused() {
        let read =
            |text: &str| serde_json::from_str::<PortableAccount>(text).map_err(|error| error.to_string());
        for (wrong, reason) in [
            (r#"{"id": -1}"#, "an id is text"),
            (r#"{"id": 1.5}"#, "an id is text"),
            (r#"{"id": null}"#, "an id is text"),
            ("{}", "missing field `id`"),
            (r#"{"id": "1", "pasword": "x"}"#, "unknown field `pasword`"),
            (r#"{"id": "1", "id": "2"}"#, "duplicate field `id`"),
            (r#"{"id": "1", "emails": [{"email": "a@b.cd", "verify": true}]}"#, "unknown field `verify`"),
            (r#"{"id": "1", "created_at": 1790000000}"#, "invalid type: integer"),
            (r#"{"id": "1", "created_at": "2026-11-29"}"#, "RFC 3339"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(reason), "{wrong}: {error}");
        }
    }

    #[test]
    fn times_keep_their_milliseconds() {
        for (text, millis) in [
            ("2026-11-29T13:45:00Z", 1_795_959_900_000),
            ("2026-11-29T13:45:00.123Z", 1_795_959_900_123),
            ("2026-11-29T14:45:00.123456+01:00", 1_795_959_900_123),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            let time: PortableTime = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(time.0.millis(), millis, "{text}");
            let written = serde_json::to_value(time).unwrap();
            assert_eq!(serde_json::from_value::<PortableTime>(written).unwrap(), time, "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown_when_debugged() {
        let account = json!({"id": "1", "password": "hunter2", "totp": {"secret": "hunter2"},
            "recovery_codes": {"unused": ["hunter2"]}});
        let account: PortableAccount = serde_json::from_value(account).unwrap();
        assert!(!format!("{account:?}").contains("hunter2"));
    }

    /// `docs/account.schema.json`; `UPDATE=1` writes it.
    #[test]
    fn the_document_is_up_to_date() {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let schema = generator.into_root_schema_for::<PortableAccount>().to_value();
        let written = format!("{schema:#}\n");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/account.schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &written).unwrap();
        }
        let current = std::fs::read_to_string(path).unwrap_or_default();
        assert!(current == written, "docs/account.schema.json is not up to date: run `make docs`");
    }
}
