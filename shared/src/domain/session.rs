//! A session: what a client has proved so far, and what it is about to prove.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::account_id::AccountId;
use super::authenticator::AuthenticatorType;
use super::challenge::Challenge;
use super::means::Means;
use super::social::{Journey, PendingSignup};
use super::stage::PendingLogin;
use super::time::Timestamp;
use crate::secret::Sealed;

/// What is kept about a client between its requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// How far the client has come.
    #[serde(default)]
    pub state: State,
    /// What somebody has proved in this session, at login and since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<AuthenticationRecords>,
    /// An email address that is being verified by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verification: Option<Challenge>,
    /// A new phone number of a logged-in person that is being verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_change: Option<Challenge>,
    /// A password that is being reset by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_reset: Option<Challenge>,
    /// A reauthentication by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reauthentication: Option<Challenge>,
    /// The secret that an authenticator app was shown, until it proves that it has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<Sealed>,
    /// What a security key or a passkey was asked to sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_challenge: Option<KeyChallenge>,
    /// The refresh tokens of an app that is logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenFamily>,
    /// Browsers on their way to another service and back, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journeys: Vec<Journey>,
    /// Somebody whom another service has identified, and who has yet to sign up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social_signup: Option<PendingSignup>,
    /// A sign-up that waits at a stage, and whose account is not made yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
}

/// A sign-up whose account is not made yet: its email address or its number has one already, which the client is not to
/// learn. It passes the stages of a sign-up as any other, and is made once neither has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The account as it is to be.
    pub account: Account,
    /// Whether another account has its email address.
    pub email_taken: bool,
    /// Whether another account has its number.
    pub phone_taken: bool,
}

/// Something for a WebAuthn key to sign, once. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChallenge {
    /// Random bytes, in base64url.
    pub challenge: String,
    /// Whether the key has to verify who uses it.
    pub user_verification: bool,
    /// When it was given out.
    pub at: Timestamp,
}

/// The refresh tokens of a session: one is good at a time, and each use brings the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFamily {
    /// The pair that was made last.
    pub current: TokenPair,
    /// The refresh token whose use made it; none for the pair of the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
}

/// An access token and a refresh token, by what names them: enough to make both again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPair {
    /// The `jti` of the access token.
    pub access_id: String,
    /// The `jti` of the refresh token.
    pub refresh_id: String,
    /// When both were made.
    pub issued_at: Timestamp,
}

/// What a refresh token is, when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshUse {
    /// The good one.
    Current,
    /// The one before, so lately that its answer may have been lost.
    Repeated,
    /// One that was used before: two have it, and one of them has stolen it (RFC 9700, 4.14.2).
    Reused,
}

impl TokenFamily {
    /// What the refresh token of this name is.
    pub fn judge(&self, refresh_id: &str, grace: Duration, now: Timestamp) -> RefreshUse {
        let lately = grace > Duration::ZERO && !self.current.issued_at.is_older_than(grace, now);
        if self.current.refresh_id == refresh_id {
            RefreshUse::Current
        } else if lately && self.replaced.as_deref() == Some(refresh_id) {
            RefreshUse::Repeated
        } else {
            RefreshUse::Reused
        }
    }

    /// The family after its good refresh token was used, with a new pair.
    #[must_use]
    pub fn rotated(self, new: TokenPair) -> Self {
        Self { replaced: Some(self.current.refresh_id), current: new }
    }
}

/// How far a client has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// Somebody who has passed some stages of a login, or pretends to.
    Pending(Box<PendingLogin>),
    /// Somebody.
    Authenticated(Login),
}

/// A login that is complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// Whose.
    pub account: AccountId,
    /// The account's epoch when it began; in another one the session is no longer valid.
    pub epoch: u32,
    /// Names the session in the account's list of sessions.
    pub id: i64,
    /// When it began.
    pub at: Timestamp,
    /// When it was last seen in use; kept up to date where activity is tracked.
    pub last_seen_at: Timestamp,
    /// The client's address, at the login or when last seen.
    pub ip: String,
    /// The client's `User-Agent`, likewise; cut to 200 characters.
    pub user_agent: String,
}

/// What somebody has proved in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationRecords {
    /// Who.
    pub account: AccountId,
    /// What, the oldest first.
    pub records: Vec<AuthenticationRecord>,
}

/// One thing that was proved: an entry of `methods` in the contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationRecord {
    /// How.
    pub method: Method,
    /// When.
    pub at: Timestamp,
    /// The email address it was proved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username it was proved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone number it was proved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The authenticator it was proved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<UsedAuthenticator>,
    /// What the API calls the service that vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The account there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Whether this was asked for again, before something sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reauthenticated: bool,
}

/// An authenticator that proved something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedAuthenticator {
    /// Its id.
    pub id: i64,
    /// Its kind.
    pub kind: AuthenticatorType,
    /// Whether it was all that was asked for: a passkey that verified its user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passwordless: bool,
}

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A password.
    Password,
    /// A code from a mail or a text.
    Code,
    /// A password reset.
    PasswordReset,
    /// An authenticator.
    Mfa,
    /// Another service.
    SocialAccount,
}

impl Method {
    /// Its name in the contract, and in `ACCOUNT_LOGIN_BY_CODE_REQUIRED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::PasswordReset => "password_reset",
            Self::Mfa => "mfa",
            Self::SocialAccount => "socialaccount",
        }
    }
}

impl AuthenticationRecord {
    /// Proved now, by this method.
    pub const fn new(method: Method, at: Timestamp) -> Self {
        Self {
            method,
            at,
            email: None,
            username: None,
            phone: None,
            authenticator: None,
            provider: None,
            uid: None,
            reauthenticated: false,
        }
    }

    /// What it was proved with; none for a password, as that is never added without a proof.
    pub fn means(&self) -> Option<Means> {
        match self.method {
            Method::Password | Method::PasswordReset => None,
            Method::Code => {
                let email = self.email.clone().map(Means::Email);
                email.or_else(|| self.phone.clone().map(Means::Phone))
            }
            Method::Mfa => self.authenticator.map(|used| Means::Authenticator(used.id)),
            Method::SocialAccount => Some(Means::Social(self.provider.clone()?, self.uid.clone()?)),
        }
    }
}

impl Session {
    /// Whether nothing is kept at all.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// The login that is complete, if any.
    pub const fn login(&self) -> Option<&Login> {
        match &self.state {
            State::Authenticated(login) => Some(login),
            State::Anonymous | State::Pending(_) => None,
        }
    }

    /// The login that is under way, if any.
    pub const fn pending(&self) -> Option<&PendingLogin> {
        match &self.state {
            State::Pending(pending) => Some(pending),
            State::Anonymous | State::Authenticated(_) => None,
        }
    }

    /// The account it is about, logged in to or not yet.
    pub fn account(&self) -> Option<&AccountId> {
        match &self.state {
            State::Anonymous => None,
            State::Pending(pending) => pending.attempt.account.as_ref(),
            State::Authenticated(login) => Some(&login.account),
        }
    }

    /// What this account's owner has proved in this session.
    pub fn records_of(&self, account: &AccountId) -> &[AuthenticationRecord] {
        match &self.records {
            Some(records) if records.account == *account => &records.records,
            _ => &[],
        }
    }

    /// Adds to what this account's owner has proved; what somebody else had proved is forgotten.
    pub fn record(&mut self, account: &AccountId, record: AuthenticationRecord) {
        let mut records = self.records_of(account).to_vec();
        records.push(record);
        self.records = Some(AuthenticationRecords { account: account.clone(), records });
    }
}
