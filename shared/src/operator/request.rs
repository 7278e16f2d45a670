//! What operators can ask for: the same requests from the program, the page and the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::outcome::OperatorError;
use crate::app::Requirements;
use crate::secret::Secret;

/// A request of an operator. On the wire: `POST /<operation>` with the arguments as a JSON object.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "operation", content = "arguments")]
pub enum OperatorRequest {
    /// Look up accounts by exactly one of their identifiers. Several accounts may have an unverified email address.
    #[serde(rename = "user.find")]
    UserFind(FindUsers),
    /// List accounts, a page at a time, by a scan of the table: it costs what reading the table costs.
    #[serde(rename = "user.list")]
    UserList(ListUsers),
    /// Show all of an account but its secrets.
    #[serde(rename = "user.show")]
    UserShow(UserById),
    /// List the valid sessions of an account, the oldest first.
    #[serde(rename = "user.sessions")]
    UserSessions(UserById),
    /// List the recorded events of an account, a page at a time, the latest first. A deleted account is known by its id.
    #[serde(rename = "user.history")]
    UserHistory(ReadHistory),
    /// List the invitations that are neither used nor expired, also revoked ones, with who made and revoked them. It reads
    /// the whole table.
    #[serde(rename = "invite.list")]
    InviteList(NoArguments),
    /// List the fields of accounts that are declared (`ACCOUNT_PROFILE_FIELDS`).
    #[serde(rename = "field.list")]
    FieldList(NoArguments),
    /// Create an account. No mail is sent.
    #[serde(rename = "user.add")]
    UserAdd(AddUser),
    /// Set fields, metadata and the username.
    #[serde(rename = "user.set")]
    UserSet(SetUser),
    /// Set or remove the password. All sessions end.
    #[serde(rename = "user.password")]
    UserPassword(ChangePassword),
    /// Add, remove or verify an email address, or make it the primary one.
    #[serde(rename = "user.email")]
    UserEmail(ChangeEmail),
    /// Set, remove or verify the phone number.
    #[serde(rename = "user.phone")]
    UserPhone(ChangePhone),
    /// Remove the second factors, or one of them. All sessions and the trust of browsers end.
    #[serde(rename = "user.mfa_reset")]
    UserMfaReset(ResetMfa),
    /// Reset the rate limits on failed logins.
    #[serde(rename = "user.unlock")]
    UserUnlock(ChangeUser),
    /// Send the mail that verifies an email address, or the one that resets the password.
    #[serde(rename = "user.send")]
    UserSend(SendMail),
    /// End all sessions, or one.
    #[serde(rename = "user.end_sessions")]
    UserEndSessions(EndSessions),
    /// Disconnect a provider account.
    #[serde(rename = "user.disconnect")]
    UserDisconnect(DisconnectProvider),
    /// Disable an account: refuse logins, and end all sessions and the trust of browsers.
    #[serde(rename = "user.disable")]
    UserDisable(ChangeUser),
    /// Enable a disabled account.
    #[serde(rename = "user.enable")]
    UserEnable(ChangeUser),
    /// Mark an account as an administrator, or remove the mark.
    #[serde(rename = "user.superuser")]
    UserSuperuser(SetSuperuser),
    /// Delete an account with all its data. No mail is sent.
    #[serde(rename = "user.delete")]
    UserDelete(ChangeUser),
    /// Send mail to an undeliverable email address again.
    #[serde(rename = "email.clear")]
    EmailClear(ClearEmail),
    /// Invite an email address to sign up, in place of an earlier invitation.
    #[serde(rename = "invite.add")]
    InviteAdd(AddInvitation),
    /// Revoke the invitation of an email address.
    #[serde(rename = "invite.revoke")]
    InviteRevoke(ClearEmail),
}

/// No arguments.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

/// An identifier of accounts: one of `id`, `email`, `phone` and `username`, or `provider` with `uid`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FindUsers {
    /// The id: `user.id` in the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// An email address, in any spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A phone number, such as `+31612345678`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// A username, in any spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The id of a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The uid of the account at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// A page of accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListUsers {
    /// Text that an email address, the username, the phone number or a field contains, ignoring case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The maximum number of accounts, 1 to 200; 50 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// An account to read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserById {
    /// The id: `user.id` in the API.
    pub id: String,
}

/// A page of the history of an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadHistory {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An account to change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// The id: `user.id` in the API.
    pub id: String,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// An account to create. It needs an email address, a username or a phone number.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the operator's own")]
pub struct AddUser {
    /// The email address, which becomes the primary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username; generated where usernames are enabled and none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone number, such as `+31612345678`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The password; without one, login is possible by other methods only.
    #[serde(with = "exposed", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret>,
    /// Whether the password may violate the password rules (`AUTH_PASSWORD_VALIDATORS`).
    pub any_password: bool,
    /// Whether email address and phone number are unverified.
    pub unverified: bool,
    /// Whether the account is disabled.
    pub inactive: bool,
    /// Whether the account is marked as an administrator.
    pub superuser: bool,
    /// Whether to change nothing, and only say what would change.
    pub dry_run: bool,
}

/// What to set in an account; all else stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUser {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Values of fields by their names (`ACCOUNT_PROFILE_FIELDS`). Empty text or `null` removes a value.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// The metadata that the user may read, in place of those before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_metadata: Option<Map<String, Value>>,
    /// The metadata that only operators read, in place of those before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_metadata: Option<Map<String, Value>>,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// A password to set, or to remove.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The new password.
    #[serde(default, with = "exposed", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret>,
    /// Whether the password may violate the password rules (`AUTH_PASSWORD_VALIDATORS`).
    #[serde(default)]
    pub any_password: bool,
    /// Whether to remove the password instead.
    #[serde(default)]
    pub clear: bool,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What to do with an email address of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailChange {
    /// Add it, unverified.
    Add,
    /// Remove it.
    Remove,
    /// Mark it as verified.
    Verify,
    /// Make it the primary one.
    Primary,
}

/// A change of an email address of an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    /// The id: `user.id` in the API.
    pub id: String,
    /// What to do.
    pub action: EmailChange,
    /// The email address.
    pub email: String,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What to do with the phone number of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneChange {
    /// Set it, as verified, in place of the one before.
    Set,
    /// Remove it.
    Remove,
    /// Mark it as verified.
    Verify,
}

/// A change of the phone number of an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePhone {
    /// The id: `user.id` in the API.
    pub id: String,
    /// What to do.
    pub action: PhoneChange,
    /// The phone number, such as `+31612345678`, for `set` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// The second factors to remove.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetMfa {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The id of one authenticator; by default all are removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<i64>,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// A mail that operators can have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorMail {
    /// The link that verifies an email address.
    Verification,
    /// The link that resets the password.
    PasswordReset,
}

/// A mail to send.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMail {
    /// The id: `user.id` in the API.
    pub id: String,
    /// Which mail.
    pub mail: OperatorMail,
    /// An email address of the account; the primary one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether to send nothing, and only say what would be sent.
    #[serde(default)]
    pub dry_run: bool,
}

/// The sessions to end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The id of one session in `user.sessions`; by default all end, with the trust of browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<i64>,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// A provider account to disconnect.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisconnectProvider {
    /// The id: `user.id` in the API.
    pub id: String,
    /// The id of the provider.
    pub provider: String,
    /// The uid of the account at the provider.
    pub uid: String,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// Whether an account is marked as an administrator.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSuperuser {
    /// The id: `user.id` in the API.
    pub id: String,
    /// Whether it is.
    pub value: bool,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// An email address to clear of its mark or its invitation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearEmail {
    /// The email address.
    pub email: String,
    /// Whether to change nothing, and only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// An invitation to make.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddInvitation {
    /// The email address.
    pub email: String,
    /// Who invites, as the list shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<String>,
    /// Values of fields that the account gets, by their names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// Whether to return the link, which is a secret, instead of sending it.
    #[serde(default)]
    pub return_link: bool,
    /// Whether to change nothing, and only say whether the invitation could be made.
    #[serde(default)]
    pub dry_run: bool,
}

impl OperatorRequest {
    /// Reads a request from its operation and the JSON object of its arguments.
    pub fn parse(operation: &str, arguments: &Value) -> Result<Self, OperatorError> {
        let no_arguments = || OperatorError::Malformed("the arguments are a JSON object".to_owned());
        let arguments = arguments.as_object().ok_or_else(no_arguments)?;
        let request = json!({"operation": operation, "arguments": arguments});
        serde_json::from_value(request).map_err(|error| match error.to_string() {
            text if text.starts_with(&format!("unknown variant `{operation}`")) => {
                OperatorError::UnknownOperation(operation.to_owned())
            }
            // What was read may be a password: serde names values of the wrong type.
            text => OperatorError::Malformed(match text.split_once("invalid type: ") {
                Some((before, found)) => format!("{before}{}", without_value(found)),
                None => text,
            }),
        })
    }

    /// The name of the operation, and its arguments.
    pub fn parts(&self) -> (String, Value) {
        let mut request = json!(self);
        let name = request.get("operation").and_then(Value::as_str).unwrap_or_default().to_owned();
        (name, request.get_mut("arguments").map(Value::take).unwrap_or_default())
    }

    /// What a process needs to carry it out.
    pub const fn requirements(&self) -> Requirements {
        match self {
            Self::UserFind(_)
            | Self::UserList(_)
            | Self::UserShow(_)
            | Self::UserSessions(_)
            | Self::InviteList(_)
            | Self::FieldList(_)
            | Self::InviteRevoke(_)
            | Self::InviteAdd(AddInvitation { return_link: true, .. }) => Requirements::TABLE,
            // Events are verified with it, whatever the settings of this process, and mail is encrypted.
            Self::UserHistory(_) | Self::InviteAdd(_) => {
                Requirements { secret_key: true, ..Requirements::TABLE }
            }
            Self::UserAdd(_) => Requirements { breached_passwords: true, ..Requirements::OPERATOR },
            // Messages are encrypted before they are stored.
            Self::UserPassword(_)
            | Self::UserEmail(_)
            | Self::UserPhone(_)
            | Self::UserMfaReset(_)
            | Self::UserSend(_)
            | Self::UserSuperuser(_) => {
                Requirements { secret_key: true, breached_passwords: true, ..Requirements::OPERATOR }
            }
            Self::UserSet(_)
            | Self::UserUnlock(_)
            | Self::UserEndSessions(_)
            | Self::UserDisconnect(_)
            | Self::UserDisable(_)
            | Self::UserEnable(_)
            | Self::UserDelete(_)
            | Self::EmailClear(_) => Requirements::OPERATOR,
        }
    }

    /// Whether the operation only reads.
    pub const fn is_read(&self) -> bool {
        matches!(
            self,
            Self::UserFind(_)
                | Self::UserList(_)
                | Self::UserShow(_)
                | Self::UserSessions(_)
                | Self::UserHistory(_)
                | Self::InviteList(_)
                | Self::FieldList(_)
        )
    }
}

/// What serde says after "invalid type: ", without the value that was found.
fn without_value(text: &str) -> String {
    text.rsplit_once(", expected ").map_or(text.to_owned(), |(_, expected)| format!("expected {expected}"))
}

/// A secret as it is sent to the API.
mod exposed {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Secret;

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => to.serialize_some(secret.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_its_operation_and_arguments() {
        let request = OperatorRequest::parse("user.disable", &json!({"id": "42", "dry_run": true})).unwrap();
        let OperatorRequest::UserDisable(ChangeUser { id, dry_run: true }) = &request else {
            panic!("{request:?}")
        };
        assert_eq!(id, "42");
        assert_eq!(request.parts(), ("user.disable".into(), json!({"id": "42", "dry_run": true})));
        assert!(!request.is_read());
        assert!(OperatorRequest::parse("invite.list", &json!({})).unwrap().is_read());
    }

    #[test]
    fn what_is_no_request_is_refused_with_a_reason() {
        let refused = |operation: &str, arguments: Value| {
            let error = OperatorRequest::parse(operation, &arguments).unwrap_err();
            (error.status(), error.to_string())
        };
        let (status, text) = refused("user.explode", json!({}));
        assert_eq!((status, text.as_str()), (404, "there is no operation \"user.explode\""));
        for (operation, arguments, part) in [
            ("user.show", json!([]), "a JSON object"),
            ("user.show", json!({}), "missing field `id`"),
            ("user.show", json!({"id": "42", "ids": 1}), "unknown field `ids`, expected `id`"),
            ("user.email", json!({"id": "4", "email": "a@b.c", "action": "burn"}), "unknown variant `burn`"),
            ("user.disable", json!({"id": "42", "dry_run": "no"}), "expected a boolean"),
        ] {
            let (status, text) = refused(operation, arguments);
            assert!(status == 400 && text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_told_back() {
        let arguments = json!({"id": "42", "password": {"value": "hunter2"}});
        let error = OperatorRequest::parse("user.password", &arguments).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        for arguments in [json!({"id": "42", "password": 1234}), json!({"id": "hunter2", "password": true})] {
            let error = OperatorRequest::parse("user.password", &arguments).unwrap_err().to_string();
            assert!(!error.contains("1234") && !error.contains("hunter2"), "{error}");
            assert!(error.contains("expected a string"), "{error}");
        }
        let arguments = json!({"id": "42", "password": "hunter2", "any_password": true});
        let request = OperatorRequest::parse("user.password", &arguments).unwrap();
        assert!(!format!("{request:?}").contains("hunter2"));
        assert_eq!(request.parts().1["password"], "hunter2");
    }
}
