//! Events of accounts: what is recorded of each change, in the commit that makes it. Those of one account are its history.
//!
//! An event never holds a password, code, token or key. Personal data is apart from the rest, as it is encrypted where it
//! is stored, and gone with the account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::account_id::AccountId;
use super::document::UnknownMembers;
use super::time::Timestamp;
use crate::secret::Sealed;

/// An event of an account.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountEvent {
    /// The id: a UUID, the same at each delivery.
    pub id: String,
    /// The type, and its data.
    #[serde(flatten)]
    #[schemars(with = "AnyEventType")]
    pub what: EventType,
    /// The time, as a Unix timestamp.
    #[serde(serialize_with = "as_seconds")]
    #[schemars(with = "f64")]
    pub at: Timestamp,
    /// The id of the account: `user.id` in the API.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// The position among the events of the account that were committed with a change of its stored data, from 1; `null`
    /// for others, such as most logins, which have `at` alone.
    pub seq: Option<i64>,
    /// The cause.
    pub actor: Actor,
    /// The session of the request, by its id in the list of sessions; `null` if there is none.
    pub session: Option<i64>,
    /// Personal data, as far as `EVENTS_INCLUDE` names it and the account still exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalData>,
}

/// The shape of any type of event, also of later releases.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes what an `EventType` is written as")]
struct AnyEventType {
    /// The type.
    r#type: String,
    /// The data of this type.
    data: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_seconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_seconds())
}

/// The cause of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The kind.
    pub kind: ActorKind,
    /// The id of an operator: their `userId` of AWS IAM, or the id of the access key of a command. Users are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The ARN of an operator. Users are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

impl Actor {
    /// A request to the API.
    pub const USER: Self = Self { kind: ActorKind::User, id: None, arn: None };
    /// An operator that is not known by name.
    pub const OPERATOR: Self = Self { kind: ActorKind::Operator, id: None, arn: None };
}

/// The kind of cause of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A request to the API.
    User,
    /// An operator's operation.
    Operator,
}

/// The invitation that a sign-up accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptedInvitation {
    /// The time at which it was made, as a Unix timestamp.
    #[serde(serialize_with = "as_seconds")]
    #[schemars(with = "f64")]
    pub at: Timestamp,
    /// The operator who made it.
    pub actor: Actor,
}

/// The personal data of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonalData {
    /// The IP address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The client's `User-Agent`, cut to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The email address that the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number that the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The type of an event, and its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum EventType {
    /// An account was created.
    #[serde(rename = "user.signed_up")]
    UserSignedUp {
        /// The provider of the sign-up; `null` if it was none.
        provider: Option<String>,
        /// The time of the accepted invitation and the operator who made it, if there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        invitation: Option<AcceptedInvitation>,
    },
    /// The account was imported, or replaced by a later import.
    #[serde(rename = "user.imported")]
    UserImported {},
    /// A login was completed.
    #[serde(rename = "user.logged_in")]
    UserLoggedIn {
        /// The authentication methods used: `password`, `code`, `password_reset`, `mfa`, `socialaccount`.
        methods: Vec<String>,
    },
    /// A session was ended by its own client.
    #[serde(rename = "user.logged_out")]
    UserLoggedOut {},
    /// The account was disabled, which ends all its sessions.
    #[serde(rename = "user.disabled")]
    UserDisabled {},
    /// The account was enabled.
    #[serde(rename = "user.enabled")]
    UserEnabled {},
    /// The account was marked as an administrator, or no longer is.
    #[serde(rename = "user.superuser_changed")]
    UserSuperuserChanged {
        /// Whether it is marked now.
        superuser: bool,
    },
    /// The username was changed.
    #[serde(rename = "user.username_changed")]
    UserUsernameChanged {},
    /// Values of the site's own fields were changed (`ACCOUNT_PROFILE_FIELDS`).
    #[serde(rename = "profile.changed")]
    ProfileChanged {
        /// The names of the fields, without those that only operators read.
        fields: Vec<String>,
    },
    /// Metadata were changed.
    #[serde(rename = "metadata.changed")]
    MetadataChanged {
        /// Which: `public`, `private`. Users are not told of private ones.
        metadata: Vec<String>,
    },
    /// The rate limits on failed logins were reset by an operator.
    #[serde(rename = "user.unlocked")]
    UserUnlocked {},
    /// A mail was sent at an operator's request.
    #[serde(rename = "mail.requested")]
    MailRequested {
        /// Which: `verification`, `password_reset`.
        mail: String,
    },
    /// The account was deleted, with all its data and sessions.
    #[serde(rename = "user.deleted")]
    UserDeleted {},
    /// A first password was set.
    #[serde(rename = "password.set")]
    PasswordSet {},
    /// The password was changed, which ends the other sessions.
    #[serde(rename = "password.changed")]
    PasswordChanged {},
    /// The password was reset by link or code, which ends all sessions.
    #[serde(rename = "password.reset")]
    PasswordReset {},
    /// The password was removed, at the first proof of ownership or by an operator.
    #[serde(rename = "password.removed")]
    PasswordRemoved {},
    /// An email address was added, verified or not.
    #[serde(rename = "email.added")]
    EmailAdded {},
    /// An email address was verified.
    #[serde(rename = "email.confirmed")]
    EmailConfirmed {},
    /// Another email address became the primary one.
    #[serde(rename = "email.changed")]
    EmailChanged {},
    /// An email address was removed.
    #[serde(rename = "email.removed")]
    EmailRemoved {},
    /// The mark of an undeliverable email address was removed by an operator.
    #[serde(rename = "email.cleared")]
    EmailCleared {},
    /// A phone number was added.
    #[serde(rename = "phone.added")]
    PhoneAdded {},
    /// The phone number was verified.
    #[serde(rename = "phone.confirmed")]
    PhoneConfirmed {},
    /// The phone number was replaced.
    #[serde(rename = "phone.changed")]
    PhoneChanged {},
    /// The phone number was removed.
    #[serde(rename = "phone.removed")]
    PhoneRemoved {},
    /// An authenticator was added.
    #[serde(rename = "authenticator.added")]
    AuthenticatorAdded {
        /// Its type: `totp`, `webauthn` or `recovery_codes`.
        authenticator: String,
    },
    /// An authenticator was removed.
    #[serde(rename = "authenticator.removed")]
    AuthenticatorRemoved {
        /// Its type.
        authenticator: String,
    },
    /// The recovery codes were replaced by new ones.
    #[serde(rename = "authenticator.reset")]
    AuthenticatorReset {
        /// Its type.
        authenticator: String,
    },
    /// A recovery code was used.
    #[serde(rename = "recovery_code.used")]
    RecoveryCodeUsed {
        /// The number of codes left.
        left: usize,
    },
    /// A provider account was connected.
    #[serde(rename = "social_account.added")]
    SocialAccountAdded {
        /// The provider.
        provider: String,
    },
    /// A provider account was disconnected.
    #[serde(rename = "social_account.removed")]
    SocialAccountRemoved {
        /// The provider.
        provider: String,
    },
    /// A session was ended from the list of sessions.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// The id of the session that was ended; `null` if it was not logged in.
        ended: Option<i64>,
    },
    /// All sessions were ended by an operator.
    #[serde(rename = "sessions.ended")]
    SessionsEnded {},
    /// A refresh token was used again after its replacement, as a stolen one is: its session was ended.
    #[serde(rename = "token.reused")]
    TokenReused {},
    /// The last attempt at a second factor that a rate limit allows was a wrong one.
    #[serde(rename = "limit.reached")]
    LimitReached {
        /// The action of `ACCOUNT_RATE_LIMITS`.
        action: String,
    },
}

/// The events of a commit about one account, stored as one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventItem {
    /// The account.
    pub account: AccountId,
    /// The id of the item: a UUID of version 7.
    pub id: String,
    /// The events, as a JSON list, without personal data.
    pub events: String,
    /// The personal data of each, as a JSON list, encrypted; none if there is none.
    pub sealed: Option<Vec<u8>>,
    /// The MAC of all this.
    pub mac: String,
    /// The expiry, in seconds since 1970.
    pub expires_at: i64,
}

impl EventItem {
    /// The associated data of the encryption of personal data: it decrypts only in its own item.
    pub fn place(&self) -> String {
        format!("{} {}", self.account.as_str(), self.id)
    }
}

/// The state of an account's history, part of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLog {
    /// The last position given to an event.
    pub seq: i64,
    /// The time until which the event with that position is kept.
    pub kept_until: Timestamp,
    /// The key of the personal data in the events, gone with the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Sealed>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl EventLog {
    /// That of an account without events.
    pub const NEW: Self =
        Self { seq: 0, kept_until: Timestamp::from_millis(0), key: None, unknown: UnknownMembers::NONE };
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use schemars::generate::SchemaSettings;
    use serde_json::json;

    use super::*;

    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events.md");
    const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events.schema.json");
    const BEGIN: &str = "<!-- types: written by `make docs` from shared/src/domain/event.rs -->\n";
    const END: &str = "<!-- end -->\n";

    /// The schemas of any event, and of each type.
    fn schemas() -> [Value; 2] {
        let generator = || SchemaSettings::draft2020_12().for_serialize().into_generator();
        let event = generator().into_root_schema_for::<AccountEvent>();
        let types = generator().into_root_schema_for::<EventType>();
        [event, types].map(|schema| serde_json::to_value(schema).unwrap())
    }

    fn schema() -> Value {
        let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let all = [generator.subschema_for::<AccountEvent>(), generator.subschema_for::<EventType>()];
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "An event of an account of Vestibule",
            "allOf": all,
            "$defs": generator.take_definitions(true),
        })
    }

    fn told(schema: &Value) -> String {
        schema["description"].as_str().unwrap().replace('\n', " ").replace('|', "\\|")
    }

    /// The members of an event, and its types with their data.
    fn tables() -> String {
        let [event, types] = schemas();
        let mut text = String::from("\n| member | meaning |\n|---|---|\n");
        for (name, member) in event["properties"].as_object().unwrap() {
            writeln!(text, "| `{name}` | {} |", told(member)).unwrap();
        }
        text += "\n| type | meaning | data |\n|---|---|---|\n";
        for what in types["oneOf"].as_array().unwrap() {
            let data = what["properties"]["data"]["properties"].as_object();
            let data: Vec<String> = data
                .into_iter()
                .flatten()
                .map(|(name, member)| format!("`{name}`: {}", told(member)))
                .collect();
            let name = what["properties"]["type"]["const"].as_str().unwrap();
            writeln!(text, "| `{name}` | {} | {} |", told(what), data.join(" ")).unwrap();
        }
        text + "\n"
    }

    /// `make docs` runs this test with UPDATE=1.
    #[test]
    fn the_document_is_up_to_date() {
        let written = std::fs::read_to_string(DOCUMENT).unwrap();
        let (before, rest) = written.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let expected = format!("{before}{BEGIN}{}{END}{after}", tables());
        let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(DOCUMENT, &expected).unwrap();
            std::fs::write(SCHEMA, &schema).unwrap();
        }
        let is_fresh =
            |path, expected: &str| std::fs::read_to_string(path).is_ok_and(|text| text == expected);
        assert!(is_fresh(DOCUMENT, &expected), "docs/events.md is stale: run `make docs` and commit it");
        assert!(is_fresh(SCHEMA, &schema), "docs/events.schema.json is stale: run `make docs` and commit it");
    }

    #[test]
    fn an_event_is_written_as_documented() {
        let event = AccountEvent {
            id: "1".into(),
            what: EventType::AuthenticatorAdded { authenticator: "totp".into() },
            at: Timestamp::from_millis(1_767_225_650_123),
            account_id: AccountId::parse("42").unwrap(),
            seq: Some(4),
            actor: Actor::USER,
            session: Some(17),
            personal: Some(PersonalData { ip: Some("192.0.2.1".into()), ..PersonalData::default() }),
        };
        let text = r#"{"id":"1","type":"authenticator.added","data":{"authenticator":"totp"},"at":1767225650.123,"account_id":"42","seq":4,"actor":{"kind":"user"},"session":17,"personal":{"ip":"192.0.2.1"}}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        let ended = AccountEvent { what: EventType::UserDeleted {}, personal: None, ..event };
        let text = serde_json::to_value(&ended).unwrap();
        assert_eq!((&text["type"], &text["data"]), (&"user.deleted".into(), &serde_json::json!({})));
        assert_eq!(text.get("personal"), None);
    }
}
