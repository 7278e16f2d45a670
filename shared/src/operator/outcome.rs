//! What operators are answered.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::event::{Actor, EventType};
use crate::domain::invitation::InvitationChange;
use crate::domain::profile::Metadata;
use crate::http::profile_field::ProfileFieldJson;
use crate::store::StoreError;

/// The outcome of a request: the `data` of a response.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OperatorOutcome {
    /// Of `user.find`.
    Found(FoundUsers),
    /// Of `user.list`.
    Page(UserPage),
    /// Of `user.show`.
    User(Box<UserDetails>),
    /// Of `user.sessions`.
    Sessions(UserSessions),
    /// Of `user.history`.
    History(UserHistory),
    /// Of `invite.list`.
    Invitations(OpenInvitations),
    /// Of `field.list`.
    Fields(DeclaredFields),
    /// Of what changes an account.
    Changed(ChangedUser),
    /// Of `email.clear`, `invite.add` and `invite.revoke`.
    ChangedEmail(ChangedEmail),
}

/// The accounts with an identifier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FoundUsers {
    /// The accounts; none if no account has it.
    pub users: Vec<UserSummary>,
}

/// A page of accounts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserPage {
    /// The accounts. There may be none on a page that is not the last one.
    pub users: Vec<UserSummary>,
    /// The ids of accounts that were met, and that this release cannot read. One may be on two pages.
    pub unreadable: Vec<String>,
    /// What asks for the next page; `null` on the last one.
    pub next: Option<String>,
    /// The number of items of the table that were read for this page.
    pub items_read: usize,
}

/// An account in a list. Times are Unix timestamps.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UserSummary {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The username.
    pub username: Option<String>,
    /// The primary email address, or else the one used while none is primary.
    pub email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// Whether the account is enabled.
    pub active: bool,
    /// Whether the account is marked as an administrator.
    pub superuser: bool,
    /// The time of sign-up.
    pub created_at: f64,
    /// The time of the last login.
    pub last_login_at: Option<f64>,
}

/// An account, without its secrets. Times are Unix timestamps.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserDetails {
    /// What lists show of it.
    #[serde(flatten)]
    pub summary: UserSummary,
    /// The email addresses, in the order of addition.
    pub emails: Vec<UserEmail>,
    /// Whether the phone number is verified.
    pub phone_verified: bool,
    /// The algorithm of the password's hash; `null` if there is no usable password.
    pub password: Option<String>,
    /// The authenticators, in the order of addition.
    pub authenticators: Vec<UserAuthenticator>,
    /// The connected provider accounts, in the order of connection.
    pub social_accounts: Vec<UserSocialAccount>,
    /// The invitation that the account was signed up with; `null` if there was none.
    pub invitation: Option<ChangedInvitation>,
    /// The values of all fields, with their defaults, and of those that are no longer declared.
    pub profile: Map<String, Value>,
    /// The metadata that the user may read.
    #[schemars(with = "Map<String, Value>")]
    pub public_metadata: Metadata,
    /// The metadata that only operators read.
    #[schemars(with = "Map<String, Value>")]
    pub private_metadata: Metadata,
}

/// An email address of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserEmail {
    /// The email address.
    pub email: String,
    /// Whether it is verified.
    pub verified: bool,
    /// Whether it is the primary one.
    pub primary: bool,
    /// The time until which it is marked as undeliverable; `null` if it is not.
    pub undeliverable_until: Option<f64>,
}

/// An authenticator of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserAuthenticator {
    /// The id.
    pub id: i64,
    /// The type: `totp`, `webauthn` or `recovery_codes`.
    pub r#type: String,
    /// The name that the user gave a security key or passkey.
    pub name: Option<String>,
    /// The number of unused recovery codes.
    pub unused_codes: Option<usize>,
    /// The time of creation.
    pub created_at: f64,
    /// The time of the last use.
    pub last_used_at: Option<f64>,
}

/// A connected provider account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserSocialAccount {
    /// The id of the provider.
    pub provider: String,
    /// The uid of the account at the provider.
    pub uid: String,
    /// The display name at the provider.
    pub display: Option<String>,
    /// The time of connection.
    pub connected_at: f64,
}

/// The valid sessions of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserSessions {
    /// The sessions, the oldest first.
    pub sessions: Vec<UserSession>,
}

/// A session of an account. Times are Unix timestamps.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserSession {
    /// The id in the list of sessions.
    pub id: i64,
    /// The time of login.
    pub created_at: f64,
    /// The time of the last request; that of login without `USERSESSIONS_TRACK_ACTIVITY`.
    pub last_seen_at: f64,
    /// The IP address of the client.
    pub ip: String,
    /// The `User-Agent` of the client.
    pub user_agent: String,
}

/// A page of the history of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserHistory {
    /// The recorded events, the latest first (`docs/events.schema.json`).
    pub events: Vec<Value>,
    /// The ids of items that were altered: what they say is not among the events.
    pub altered: Vec<String>,
    /// What asks for the next page; `null` on the last one.
    pub next: Option<String>,
}

/// The invitations that are neither used nor expired, also revoked ones.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OpenInvitations {
    /// The invitations, those first that expire first.
    pub invitations: Vec<OpenInvitation>,
}

/// An invitation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OpenInvitation {
    /// The email address.
    pub email: String,
    /// Who invited.
    pub invited_by: Option<String>,
    /// The values of fields that the account gets.
    #[schemars(with = "Map<String, Value>")]
    pub fields: Metadata,
    /// The expiry, as a Unix timestamp.
    pub valid_until: f64,
    /// Whether it was revoked.
    pub revoked: bool,
    /// What operators have done with it, and with those of the same email address that it has replaced, in their order.
    pub changes: Vec<ChangedInvitation>,
}

/// What an operator has done with an invitation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangedInvitation {
    /// Whether it was revoked, rather than made.
    pub revoked: bool,
    /// The time, as a Unix timestamp.
    pub at: f64,
    /// The operator.
    pub actor: Actor,
}

impl From<&InvitationChange> for ChangedInvitation {
    fn from(change: &InvitationChange) -> Self {
        Self { revoked: change.revoked, at: change.at.as_seconds(), actor: change.actor.clone() }
    }
}

/// The declared fields of accounts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeclaredFields {
    /// The fields, in alphabetical order. Operators write all but consents.
    pub fields: Vec<ProfileFieldJson>,
}

/// What has changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangedUser {
    /// The id of the account.
    pub id: String,
    /// The events that the change comes to, in their order; none if nothing changes.
    pub events: Vec<EventType>,
    /// The email addresses that mail is sent to.
    pub mails_to: Vec<String>,
    /// Whether nothing was changed, as asked.
    pub dry_run: bool,
}

/// What has changed of an email address, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangedEmail {
    /// The email address.
    pub email: String,
    /// The link of the invitation, if it was asked for. It is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether nothing was changed, as asked.
    pub dry_run: bool,
}

/// Why an operation is not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Nobody is authenticated.
    #[error(
        "the request comes from no operator that AWS IAM has authenticated: send it to the function's URL, signed"
    )]
    Unauthenticated,
    /// There is no such operation.
    #[error("there is no operation {0:?}")]
    UnknownOperation(String),
    /// The arguments can't be read.
    #[error("{0}")]
    Malformed(String),
    /// An argument is invalid.
    #[error("{1}")]
    Invalid(&'static str, String),
    /// The account is unknown.
    #[error("there is no such account")]
    NoAccount,
    /// The account, or the email address, does not have what is to change.
    #[error("{0}")]
    NotFound(String),
    /// Another account has it.
    #[error("another account has {1}")]
    Taken(&'static str, String),
    /// It would do harm, or has no effect as things are.
    #[error("{0}")]
    Refused(String),
    /// Concurrent requests change the account.
    #[error("the account is being changed; try again")]
    Busy,
    /// It changes something, and this function only reads.
    #[error("{0} changes accounts, and this function only reads: send it to the function operator")]
    ReadOnly(String),
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error as the API tells it, in `{"errors": […]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperatorErrorBody {
    /// The code.
    pub code: String,
    /// A sentence that says what to do.
    pub message: String,
    /// The argument that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
}

impl OperatorError {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Invalid(..) => 400,
            Self::Unauthenticated | Self::ReadOnly(_) => 403,
            Self::UnknownOperation(_) | Self::NoAccount | Self::NotFound(_) => 404,
            Self::Taken(..) | Self::Refused(_) | Self::Busy => 409,
            Self::Store(_) => 503,
        }
    }

    /// The code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::UnknownOperation(_) => "unknown_operation",
            Self::Malformed(_) | Self::Invalid(..) => "invalid",
            Self::NoAccount => "no_such_account",
            Self::NotFound(_) => "not_found",
            Self::Taken(..) => "taken",
            Self::Refused(_) => "refused",
            Self::Busy => "busy",
            Self::ReadOnly(_) => "read_only",
            Self::Store(_) => "unavailable",
        }
    }

    /// The body of the response.
    pub fn body(&self) -> Value {
        let param = match self {
            Self::Invalid(param, _) | Self::Taken(param, _) => Some((*param).to_owned()),
            _ => None,
        };
        json!({"errors": [OperatorErrorBody { code: self.code().to_owned(), message: self.to_string(), param }]})
    }

    /// An invalid argument.
    pub fn invalid(param: &'static str, text: impl Into<String>) -> Self {
        Self::Invalid(param, text.into())
    }
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::super::request::OperatorRequest;
    use super::*;

    /// `docs/operators.schema.json`; `UPDATE=1` writes it.
    #[test]
    fn the_document_is_up_to_date() {
        let generator = SchemaSettings::draft2020_12;
        let answers = || generator().for_serialize().into_generator();
        let document = json!({
            "request": generator().into_generator().into_root_schema_for::<OperatorRequest>().to_value(),
            "data": answers().into_root_schema_for::<OperatorOutcome>().to_value(),
            "error": answers().into_root_schema_for::<OperatorErrorBody>().to_value(),
        });
        let written = format!("{document:#}\n");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operators.schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &written).unwrap();
        }
        let current = std::fs::read_to_string(path).unwrap_or_default();
        assert!(current == written, "docs/operators.schema.json is not up to date: run `make docs`");
    }

    #[test]
    fn an_error_names_its_argument() {
        let error = OperatorError::Taken("email", "the email address ann@example.com".to_owned());
        let message = "another account has the email address ann@example.com";
        let body = json!({"errors": [{"code": "taken", "message": message, "param": "email"}]});
        assert_eq!((error.status(), error.body()), (409, body));
        let body = json!({"errors": [{"code": "no_such_account", "message": "there is no such account"}]});
        assert_eq!(OperatorError::NoAccount.body(), body);
    }
}
