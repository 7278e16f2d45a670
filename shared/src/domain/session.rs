//! Sessions: the authentication state of a client, and its pending challenges.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::Account;
use super::account_id::AccountId;
use super::authenticator::AuthenticatorType;
use super::challenge::Challenge;
use super::document::{StoredList, UnknownMembers, known_or_none};
use super::means::Means;
use super::social::{AuthorizationRequest, PendingSignup};
use super::stage::PendingLogin;
use super::time::Timestamp;
use crate::secret::Sealed;

/// The session of a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The authentication state.
    #[serde(default)]
    pub state: State,
    /// The authentication records, from the login and since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<AuthenticationRecords>,
    /// The pending email verification by code.
    #[serde(default, deserialize_with = "known_or_none", skip_serializing_if = "Option::is_none")]
    pub email_verification: Option<Challenge>,
    /// The pending change of the phone number.
    #[serde(default, deserialize_with = "known_or_none", skip_serializing_if = "Option::is_none")]
    pub phone_change: Option<Challenge>,
    /// The pending password reset by code.
    #[serde(default, deserialize_with = "known_or_none", skip_serializing_if = "Option::is_none")]
    pub password_reset: Option<Challenge>,
    /// The pending reauthentication by code.
    #[serde(default, deserialize_with = "known_or_none", skip_serializing_if = "Option::is_none")]
    pub reauthentication: Option<Challenge>,
    /// The TOTP secret of a pending activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_secret: Option<Sealed>,
    /// The pending WebAuthn challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_challenge: Option<KeyChallenge>,
    /// The refresh tokens of an authenticated app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenFamily>,
    /// The pending authorization requests at providers, the oldest first.
    #[serde(default, skip_serializing_if = "StoredList::is_empty")]
    pub journeys: StoredList<AuthorizationRequest>,
    /// The pending provider sign-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub social_signup: Option<PendingSignup>,
    /// The draft of a pending sign-up with a taken email address or phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// A sign-up with a taken email address or phone number, which the client must not learn: its account is not created
/// yet. It passes the stages of a sign-up as any other, and is made once neither has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The account to create.
    pub account: Account,
    /// Whether another account has its email address.
    pub email_taken: bool,
    /// Whether another account has its phone number.
    pub phone_taken: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// A WebAuthn challenge, valid once. It is not secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChallenge {
    /// The random bytes, in Base64url.
    pub challenge: String,
    /// Whether user verification is required.
    pub user_verification: bool,
    /// The time of issue.
    pub at: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// The refresh tokens of a session: one is valid at a time, and each use issues the next (rotation).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFamily {
    /// The latest pair.
    pub current: TokenPair,
    /// The refresh token whose use issued it; none for the pair of the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl TokenPair {
    /// A pair of these names.
    pub const fn new(access_id: String, refresh_id: String, issued_at: Timestamp) -> Self {
        Self { access_id, refresh_id, issued_at, unknown: UnknownMembers::NONE }
    }
}

/// An access token and a refresh token, by their ids: sufficient to issue both again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPair {
    /// The `jti` of the access token.
    pub access_id: String,
    /// The `jti` of the refresh token.
    pub refresh_id: String,
    /// The time of issue of both.
    pub issued_at: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// The state of a refresh token at its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshUse {
    /// The current one.
    Current,
    /// The previous one, within the grace period: its response may have been lost.
    Repeated,
    /// A reused one: it may be stolen (RFC 9700, 4.14.2).
    Reused,
}

impl TokenFamily {
    /// The state of the refresh token with this id.
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

    /// The family after a rotation, with a new pair.
    #[must_use]
    pub fn rotated(self, new: TokenPair) -> Self {
        Self { replaced: Some(self.current.refresh_id), current: new, ..self }
    }
}

/// How far a client has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not authenticated.
    #[default]
    Anonymous,
    /// A login is pending at a stage, real or pretended.
    Pending(Box<PendingLogin>),
    /// Authenticated.
    Authenticated(Login),
    /// A login of a later release, in a state or at a stage that this one does not know: it ends when it is next seen.
    #[serde(untagged)]
    Unknown(Value),
}

/// A completed login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// The account.
    pub account: AccountId,
    /// The account's epoch when it began; in another one the session is no longer valid.
    pub epoch: u32,
    /// The id in the account's list of sessions.
    pub id: i64,
    /// The time of login.
    pub at: Timestamp,
    /// The time of the last request; updated if activity is tracked.
    pub last_seen_at: Timestamp,
    /// The client's IP address, at the login or the last request.
    pub ip: String,
    /// The client's `User-Agent`, likewise; cut to 200 characters.
    pub user_agent: String,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// The authentication records of an account in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationRecords {
    /// The account.
    pub account: AccountId,
    /// The records, the oldest first.
    pub records: StoredList<AuthenticationRecord>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// An authentication record: an entry of `methods` in the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationRecord {
    /// The method.
    pub method: Method,
    /// The time of authentication.
    pub at: Timestamp,
    /// The email address used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The phone number used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The authenticator used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<UsedAuthenticator>,
    /// The id of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The uid of the provider account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Whether it was a reauthentication.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reauthenticated: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// The use of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedAuthenticator {
    /// Its id.
    pub id: i64,
    /// Its type.
    pub kind: AuthenticatorType,
    /// Whether it was the only factor: a passkey with user verification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passwordless: bool,
}

/// An authentication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A password.
    Password,
    /// A one-time code sent by mail or text message.
    Code,
    /// A password reset.
    PasswordReset,
    /// An authenticator.
    Mfa,
    /// A provider.
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
    /// A record of this method and time.
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
            unknown: UnknownMembers::NONE,
        }
    }

    /// The means that was used; none for a password, which is never added without reauthentication.
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
    /// Whether the session is empty.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// When it ends: then, or sooner where that is longer after its login than it may last.
    pub fn end(&self, expires_at: Timestamp, max_age: Option<Duration>) -> Timestamp {
        let latest = self.login().zip(max_age).map(|(login, max_age)| login.at.plus(max_age));
        latest.map_or(expires_at, |latest| latest.min(expires_at))
    }

    /// The completed login, if any.
    pub const fn login(&self) -> Option<&Login> {
        match &self.state {
            State::Authenticated(login) => Some(login),
            State::Anonymous | State::Pending(_) | State::Unknown(_) => None,
        }
    }

    /// The pending login, if any.
    pub const fn pending(&self) -> Option<&PendingLogin> {
        match &self.state {
            State::Pending(pending) => Some(pending),
            State::Anonymous | State::Authenticated(_) | State::Unknown(_) => None,
        }
    }

    /// The account of the completed or pending login.
    pub fn account(&self) -> Option<&AccountId> {
        match &self.state {
            State::Anonymous | State::Unknown(_) => None,
            State::Pending(pending) => pending.attempt.account.as_ref(),
            State::Authenticated(login) => Some(&login.account),
        }
    }

    /// The authentication records of this account.
    pub fn records_of(&self, account: &AccountId) -> &[AuthenticationRecord] {
        match &self.records {
            Some(records) if records.account == *account => &records.records,
            _ => &[],
        }
    }

    /// Adds an authentication record of this account; records of another account are discarded.
    pub fn record(&mut self, account: &AccountId, record: AuthenticationRecord) {
        let before = self.records.take().filter(|records| records.account == *account);
        let none = || AuthenticationRecords {
            account: account.clone(),
            records: StoredList::default(),
            unknown: UnknownMembers::NONE,
        };
        self.records.insert(before.unwrap_or_else(none)).records.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stage::{LoginAttempt, Stage};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn id(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn logged_in() -> Session {
        let login = Login {
            account: id("ann"),
            epoch: 0,
            id: 1,
            at: at(100),
            last_seen_at: at(100),
            ip: String::new(),
            user_agent: String::new(),
            unknown: UnknownMembers::NONE,
        };
        Session { state: State::Authenticated(login), ..Session::default() }
    }

    fn pending() -> Session {
        let attempt = LoginAttempt { account: Some(id("ann")), ..LoginAttempt::unknown(None, at(100)) };
        let pending = attempt.waiting_at(Stage::VerifyEmail, 0);
        Session { state: State::Pending(Box::new(pending)), ..Session::default() }
    }

    #[test]
    fn a_refresh_token_is_good_once_and_a_little_longer() {
        let pair = |name: &str, issued_at| TokenPair::new("access".into(), name.into(), issued_at);
        let first = TokenFamily { current: pair("a", at(0)), replaced: None, unknown: UnknownMembers::NONE };
        let family = first.rotated(pair("b", at(100)));
        let grace = Duration::from_secs(5);
        for (token, grace, now, expected) in [
            ("b", grace, 1000, RefreshUse::Current),
            ("a", grace, 100, RefreshUse::Repeated),
            ("a", grace, 105, RefreshUse::Repeated),
            ("a", grace, 106, RefreshUse::Reused),
            ("a", Duration::ZERO, 100, RefreshUse::Reused),
            ("c", grace, 100, RefreshUse::Reused),
        ] {
            assert_eq!(family.judge(token, grace, at(now)), expected, "{token} {grace:?} {now}");
        }
    }

    #[test]
    fn a_session_ends_so_long_after_its_login_at_the_latest() {
        let (long, short) = (Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(logged_in().end(at(130), None), at(130));
        assert_eq!(logged_in().end(at(130), Some(long)), at(130));
        assert_eq!(logged_in().end(at(130), Some(short)), at(110));
        assert_eq!(pending().end(at(130), Some(short)), at(130), "it has not logged in");
    }

    #[test]
    fn a_session_is_of_the_account_that_logs_in() {
        assert_eq!(logged_in().account(), Some(&id("ann")));
        assert_eq!(pending().account(), Some(&id("ann")));
        assert_eq!(Session::default().account(), None);
        assert!(logged_in().login().is_some() && logged_in().pending().is_none());
        assert!(pending().login().is_none() && pending().pending().is_some());
        assert!(Session::default().is_blank() && !pending().is_blank());
    }

    #[test]
    fn records_are_of_one_account() {
        let mut session = Session::default();
        let record = |method| AuthenticationRecord::new(method, at(100));
        session.record(&id("ann"), record(Method::Password));
        session.record(&id("ann"), record(Method::Mfa));
        assert_eq!(session.records_of(&id("ann")), [record(Method::Password), record(Method::Mfa)]);
        assert_eq!(session.records_of(&id("bob")), []);
        session.record(&id("bob"), record(Method::Code));
        assert_eq!(session.records_of(&id("ann")), []);
        assert_eq!(session.records_of(&id("bob")), [record(Method::Code)]);
    }

    #[test]
    fn a_record_tells_by_which_means() {
        let kind = AuthenticatorType::Totp;
        let told = AuthenticationRecord {
            email: Some("a@example.com".into()),
            phone: Some("+31612345678".into()),
            authenticator: Some(UsedAuthenticator { id: 7, kind, passwordless: false }),
            provider: Some("google".into()),
            uid: Some("1".into()),
            ..AuthenticationRecord::new(Method::Password, at(100))
        };
        let means = |method| AuthenticationRecord { method, ..told.clone() }.means();
        assert_eq!((means(Method::Password), means(Method::PasswordReset)), (None, None));
        assert_eq!(means(Method::Code), Some(Means::Email("a@example.com".into())));
        assert_eq!(means(Method::Mfa), Some(Means::Authenticator(7)));
        assert_eq!(means(Method::SocialAccount), Some(Means::Social("google".into(), "1".into())));
        let by_text = AuthenticationRecord { email: None, method: Method::Code, ..told };
        assert_eq!(by_text.means(), Some(Means::Phone("+31612345678".into())));
    }
}
