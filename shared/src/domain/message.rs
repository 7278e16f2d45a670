//! What is sent to people: by email, and by text message to a phone.
//!
//! A message says what happened, never how it is worded: templates do that, when it is delivered.

use serde::{Deserialize, Serialize};

/// A message on its way to somebody, as the outbox keeps it until it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Unique; a delivery is tried again under the same id, so that it happens once.
    pub id: String,
    /// Who gets it.
    pub to: Recipient,
    /// The host name people know the service by; subjects begin with it unless
    /// `ACCOUNT_EMAIL_SUBJECT_PREFIX` says otherwise.
    pub site: String,
    /// What it says.
    pub message: Message,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// An email address, lowercase.
    Email(String),
    /// A phone number in E.164 form, such as `+31612345678`.
    Phone(String),
}

impl Recipient {
    /// The address or number.
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

/// What a message says. Links and codes in it are secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// Asks to confirm an email address by following a link.
    ConfirmEmail {
        /// The link to the frontend.
        url: String,
        /// Whether the address was given at sign-up just now.
        signup: bool,
    },
    /// Asks to confirm an email address with a code.
    ConfirmEmailCode {
        /// The code to type in.
        code: String,
        /// Whether the address was given at sign-up just now.
        signup: bool,
    },
    /// Asks to confirm a phone number with a code.
    ConfirmPhoneCode {
        /// The code to type in.
        code: String,
    },
    /// Gives a code to log in with.
    LoginCode {
        /// The code to type in.
        code: String,
    },
    /// Gives a link to set a new password with.
    ResetPassword {
        /// The link to the frontend.
        url: String,
        /// The username, where people log in by username.
        username: Option<String>,
    },
    /// Gives a code to set a new password with.
    ResetPasswordCode {
        /// The code to type in.
        code: String,
    },
    /// Says that somebody tried to log in or to reset a password, but nobody has this address.
    UnknownAccount {
        /// Where to sign up.
        signup_url: String,
    },
    /// Says that somebody tried to sign up, but this address has an account already.
    AccountAlreadyExists {
        /// Where to ask for a new password.
        password_reset_url: String,
    },
    /// A security notification: something about the account has changed.
    Notification {
        /// What has changed.
        event: Event,
        /// Who did it, as far as the request tells.
        origin: Origin,
    },
}

/// A change to an account that its owner is told of (`ACCOUNT_EMAIL_NOTIFICATIONS`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The password was changed.
    PasswordChanged,
    /// A password was set on an account that had none.
    PasswordSet,
    /// The password was reset.
    PasswordReset,
    /// Another email address is the primary one now; goes to the old one.
    EmailChanged {
        /// The old address.
        from: String,
        /// The new address.
        to: String,
    },
    /// An email address was added.
    EmailAdded {
        /// The address that was added.
        email: String,
    },
    /// An email address was removed.
    EmailDeleted {
        /// The address that was removed.
        email: String,
    },
    /// The account has another phone number now.
    PhoneChanged {
        /// The new number.
        phone: String,
    },
    /// An account at another service was connected.
    ProviderConnected {
        /// What people call the service.
        provider: String,
    },
    /// An account at another service was disconnected.
    ProviderDisconnected {
        /// What people call the service.
        provider: String,
    },
    /// An authenticator app was added.
    TotpActivated,
    /// The authenticator app was removed.
    TotpDeactivated,
    /// A new set of recovery codes took the place of the old one.
    RecoveryCodesGenerated,
    /// A security key or passkey was added.
    WebauthnAdded,
    /// A security key or passkey was removed.
    WebauthnRemoved,
    /// The account was deleted; its owner is told in any case.
    AccountDeleted,
    /// The first proof of an email address took away what was prepared in the account before; its owner is told in any
    /// case.
    AccountStripped {
        /// What was taken away.
        removed: Vec<Removed>,
    },
}

/// Something that was taken away from an account when its owner proved for the first time that it is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Removed {
    /// The password.
    Password,
    /// An account at another service.
    Provider {
        /// What the API calls the service; what people call it, once it is in a mail.
        provider: String,
    },
    /// An email address.
    Email {
        /// Which.
        email: String,
    },
    /// The phone number.
    Phone {
        /// Which.
        number: String,
    },
    /// All authenticators.
    Authenticators,
}

/// Where a request came from, for people to judge whether it was theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The client's IP address.
    pub ip: String,
    /// The client's `User-Agent`, cut to 200 characters.
    pub user_agent: String,
}
