//! Messages to users: mails and text messages.
//!
//! A message says what happened, never how it is worded: templates do that, when it is delivered.

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::profile::ProfileValues;

/// A message with its recipient, as delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The unique id; retries use the same one, so that a message is delivered once.
    pub id: String,
    /// The recipient.
    pub to: Recipient,
    /// The host name of the service; subjects begin with it unless `ACCOUNT_EMAIL_SUBJECT_PREFIX` says otherwise.
    pub site: String,
    /// What it may say of the recipient: values of the site's own fields.
    pub profile: ProfileValues,
    /// The language in which it is written; none for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The message.
    pub message: Message,
}

/// The recipient of a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// An email address, lowercase.
    Email(String),
    /// A phone number in E.164 form, such as `+31612345678`.
    Phone(String),
}

impl Recipient {
    /// The email address or phone number.
    pub fn address(&self) -> &str {
        match self {
            Self::Email(address) | Self::Phone(address) => address,
        }
    }

    /// The email address, if it is one.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::Email(email) => Some(email),
            Self::Phone(_) => None,
        }
    }

    /// The phone number, if it is one.
    pub fn phone(&self) -> Option<&str> {
        match self {
            Self::Email(_) => None,
            Self::Phone(number) => Some(number),
        }
    }
}

/// The content of a message. Links and codes in it are secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// Verification of an email address by link.
    ConfirmEmail {
        /// The link to the frontend.
        url: String,
        /// Whether it is part of a sign-up.
        signup: bool,
    },
    /// Verification of an email address by code.
    ConfirmEmailCode {
        /// The code.
        code: String,
        /// Whether it is part of a sign-up.
        signup: bool,
    },
    /// Verification of a phone number by code.
    ConfirmPhoneCode {
        /// The code.
        code: String,
    },
    /// A login code.
    LoginCode {
        /// The code.
        code: String,
    },
    /// A password reset by link.
    ResetPassword {
        /// The link to the frontend.
        url: String,
        /// The username, if login is by username.
        username: Option<String>,
    },
    /// A password reset by code.
    ResetPasswordCode {
        /// The code.
        code: String,
    },
    /// A login code or password reset was requested for an email address or phone number without an account.
    UnknownAccount {
        /// The URL to sign up at.
        signup_url: String,
    },
    /// An invitation to sign up.
    Invitation {
        /// The link to the frontend.
        url: String,
    },
    /// A sign-up with the email address or phone number of an existing account.
    AccountAlreadyExists {
        /// The URL to request a password reset at.
        password_reset_url: String,
    },
    /// A security notification of a change of the account.
    Notification {
        /// The change.
        event: Event,
        /// The client that made the change.
        origin: Origin,
    },
}

/// A change of an account that is notified (`ACCOUNT_EMAIL_NOTIFICATIONS`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The password was changed.
    PasswordChanged,
    /// A password was set on an account that had none.
    PasswordSet,
    /// The password was reset.
    PasswordReset,
    /// The primary email address was changed; sent to the old one.
    EmailChanged {
        /// The old email address.
        from: String,
        /// The new email address.
        to: String,
    },
    /// An email address was added.
    EmailAdded {
        /// The added email address.
        email: String,
    },
    /// An email address was removed.
    EmailDeleted {
        /// The removed email address.
        email: String,
    },
    /// The phone number was changed.
    PhoneChanged {
        /// The new number.
        phone: String,
    },
    /// A provider account was connected.
    ProviderConnected {
        /// The display name of the provider.
        provider: String,
    },
    /// A provider account was disconnected.
    ProviderDisconnected {
        /// The display name of the provider.
        provider: String,
    },
    /// An authenticator app was added.
    TotpActivated,
    /// The authenticator app was removed.
    TotpDeactivated,
    /// New recovery codes were generated.
    RecoveryCodesGenerated,
    /// A security key or passkey was added.
    WebauthnAdded,
    /// A security key or passkey was removed.
    WebauthnRemoved,
    /// The account was deleted; always notified.
    AccountDeleted,
    /// The first proof of an email address stripped the account; always notified.
    AccountStripped {
        /// What was removed.
        removed: Vec<Removed>,
    },
    /// An operator changed what gives access to the account; always notified.
    ChangedByOperator {
        /// The change.
        change: AccessChange,
    },
}

/// A change by an operator of what gives access to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccessChange {
    /// A password was set.
    Password,
    /// An email address was added.
    EmailAdded {
        /// The value.
        email: String,
    },
    /// An email address was marked as verified.
    EmailVerified {
        /// The value.
        email: String,
    },
    /// An email address was made the primary one.
    EmailPrimary {
        /// The value.
        email: String,
    },
    /// A phone number was set, or marked as verified.
    Phone {
        /// The value.
        number: String,
    },
    /// Second factors were removed.
    Authenticators,
    /// The account was marked as an administrator.
    Superuser,
}

/// A means of access that was removed at the first proof of ownership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Removed {
    /// The password.
    Password,
    /// A provider account.
    Provider {
        /// The provider's id; its display name, once it is in a mail.
        provider: String,
    },
    /// An email address.
    Email {
        /// The value.
        email: String,
    },
    /// The phone number.
    Phone {
        /// The value.
        number: String,
    },
    /// All authenticators.
    Authenticators,
}

/// The origin of a request, by which users recognise it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The time, as a Unix timestamp.
    pub at: i64,
    /// The client's IP address.
    pub ip: String,
    /// The client's `User-Agent`, cut to 200 characters.
    pub user_agent: String,
}
