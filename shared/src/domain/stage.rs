//! Login stages: the steps between identification and an authenticated session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account_id::AccountId;
use super::challenge::Challenge;
use super::document::UnknownMembers;
use super::time::Timestamp;

/// A login attempt: what is known of it from the identification to the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginAttempt {
    /// The account; none if the email address or phone number has none, which the client must not learn.
    pub account: Option<AccountId>,
    /// The email address used, if any.
    pub email: Option<String>,
    /// Whether it is part of a sign-up.
    pub signup: bool,
    /// Whether it is part of a passkey sign-up, whose passkey is still to be created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_passkey: bool,
    /// Whether it is a login through a provider.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub social: bool,
    /// The stages at which it has waited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waited_at: Vec<StageKey>,
    /// The start time: it must be complete within `ACCOUNT_LOGIN_TIMEOUT`.
    pub initiated_at: Timestamp,
}

/// A pending login: an attempt that waits at a stage, stored in its session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingLogin {
    /// The attempt; its members are the document's own.
    #[serde(flatten)]
    pub attempt: LoginAttempt,
    /// The account's epoch at the start; in another one the login is void.
    #[serde(default)]
    pub epoch: u32,
    /// The stage.
    pub stage: Stage,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// A stage at which a login waits, with its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A login code is pending.
    LoginByCode {
        /// The code.
        challenge: Challenge,
        /// Whether the code stands in for a password, rather than follow one
        /// (`ACCOUNT_LOGIN_BY_CODE_REQUIRED`).
        instead_of_password: bool,
    },
    /// Verification of a phone number is pending.
    VerifyPhone(Challenge),
    /// Verification of an email address is pending: by a link, or by a code
    /// ([`super::session::Session::email_verification`]).
    VerifyEmail,
    /// A second factor is required.
    MfaAuthenticate,
    /// The user is asked whether to trust the browser.
    MfaTrust,
    /// The passkey of a sign-up is to be created.
    MfaSignupWebauthn,
}

/// The decision of a stage on a login that enters it.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// The stage is passed.
    Pass,
    /// The login waits at this stage.
    Wait(Stage),
    /// The login is aborted.
    Abort,
}

/// The continuation of a login after a proof.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a login that is not gone on with stays where it is"]
pub enum Next {
    /// The login begins: its user is identified.
    Begin(LoginAttempt),
    /// The login leaves its stage.
    Leave(PendingLogin),
    /// There is no login to continue.
    Stay,
}

/// The key of a stage; stages are passed in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKey {
    /// [`Stage::LoginByCode`].
    LoginByCode,
    /// [`Stage::VerifyPhone`].
    VerifyPhone,
    /// [`Stage::VerifyEmail`].
    VerifyEmail,
    /// [`Stage::MfaAuthenticate`].
    MfaAuthenticate,
    /// [`Stage::MfaTrust`].
    MfaTrust,
    /// [`Stage::MfaSignupWebauthn`].
    MfaSignupWebauthn,
}

impl StageKey {
    /// All of them, in the order in which they are passed.
    pub const ALL: [Self; 6] = [
        Self::LoginByCode,
        Self::VerifyPhone,
        Self::VerifyEmail,
        Self::MfaAuthenticate,
        Self::MfaTrust,
        Self::MfaSignupWebauthn,
    ];
}

impl Stage {
    /// Its key.
    pub const fn key(&self) -> StageKey {
        match self {
            Self::LoginByCode { .. } => StageKey::LoginByCode,
            Self::VerifyPhone(_) => StageKey::VerifyPhone,
            Self::VerifyEmail => StageKey::VerifyEmail,
            Self::MfaAuthenticate => StageKey::MfaAuthenticate,
            Self::MfaTrust => StageKey::MfaTrust,
            Self::MfaSignupWebauthn => StageKey::MfaSignupWebauthn,
        }
    }

    /// The pending code, if the stage has one.
    pub const fn challenge(&self) -> Option<&Challenge> {
        match self {
            Self::LoginByCode { challenge, .. } | Self::VerifyPhone(challenge) => Some(challenge),
            Self::VerifyEmail | Self::MfaAuthenticate | Self::MfaTrust | Self::MfaSignupWebauthn => None,
        }
    }

    /// Whether an unauthenticated client can reach the stage: nothing has been proved yet.
    pub const fn is_for_anybody(&self) -> bool {
        matches!(self, Self::LoginByCode { instead_of_password: true, .. })
    }
}

impl LoginAttempt {
    /// A login to an account.
    pub fn new(account: AccountId, email: Option<String>, now: Timestamp) -> Self {
        Self { account: Some(account), ..Self::unknown(email, now) }
    }

    /// A login to an unknown or undisclosed account.
    pub const fn unknown(email: Option<String>, now: Timestamp) -> Self {
        Self {
            account: None,
            email,
            signup: false,
            by_passkey: false,
            social: false,
            waited_at: Vec::new(),
            initiated_at: now,
        }
    }

    /// Whether it has waited at a stage.
    pub fn has_waited_at(&self, stage: StageKey) -> bool {
        self.waited_at.contains(&stage)
    }

    /// The login as it waits at a stage, in this epoch of the account.
    #[must_use]
    pub fn waiting_at(mut self, stage: Stage, epoch: u32) -> PendingLogin {
        self.waited_at.push(stage.key());
        PendingLogin { attempt: self, epoch, stage, unknown: UnknownMembers::NONE }
    }
}

impl PendingLogin {
    /// Whether its time limit is over.
    pub fn is_expired(&self, timeout: Duration, now: Timestamp) -> bool {
        self.attempt.initiated_at.is_older_than(timeout, now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::message::Recipient;

    /// As releases wrote it that had all members in one struct.
    #[test]
    fn pending_logins_keep_the_members_of_their_documents() {
        let challenge = json!({
            "to": {"email": "ann@example.com"}, "account": "0198c0de", "epoch": 3, "code": "hash", "at": 1_700_000_000_000_i64,
            "failed_attempts": 1, "resend_count": 0, "change_count": 0, "already_exists": false, "confirmed": false,
        });
        for document in [
            json!({
                "account": "0198c0de", "epoch": 3, "email": "ann@example.com", "signup": true, "by_passkey": true,
                "social": true, "waited_at": ["login_by_code"], "initiated_at": 1_700_000_000_000_i64,
                "stage": {"login_by_code": {"challenge": challenge, "instead_of_password": false}},
            }),
            json!({
                "account": null, "epoch": 0, "email": null, "signup": false, "initiated_at": 0,
                "stage": "mfa_authenticate",
            }),
        ] {
            let pending: PendingLogin = serde_json::from_str(&document.to_string()).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&serde_json::to_string(&pending).unwrap()).unwrap(),
                document
            );
        }
        let oldest = r#"{"account": null, "email": null, "signup": false, "initiated_at": 0, "stage": "verify_email"}"#;
        let pending: PendingLogin = serde_json::from_str(oldest).unwrap();
        assert_eq!((pending.epoch, pending.attempt.waited_at), (0, Vec::new()));
    }

    #[test]
    fn only_a_code_instead_of_a_password_is_awaited_of_anybody() {
        let to = Recipient::Email("ann@example.com".into());
        let challenge = Challenge::asked(to, None, Timestamp::from_millis(0));
        let by_code =
            |instead_of_password| Stage::LoginByCode { challenge: challenge.clone(), instead_of_password };
        assert!(by_code(true).is_for_anybody());
        for stage in [by_code(false), Stage::VerifyPhone(challenge.clone()), Stage::MfaAuthenticate] {
            assert!(!stage.is_for_anybody(), "{stage:?}");
        }
        assert_eq!(by_code(false).challenge(), Some(&challenge));
        assert_eq!(Stage::VerifyEmail.challenge(), None);
    }

    #[test]
    fn an_attempt_remembers_where_it_has_waited_and_since_when() {
        let pending =
            LoginAttempt::unknown(None, Timestamp::from_millis(1000)).waiting_at(Stage::VerifyEmail, 3);
        assert_eq!((pending.epoch, &pending.stage), (3, &Stage::VerifyEmail));
        assert!(pending.attempt.has_waited_at(StageKey::VerifyEmail));
        assert!(!pending.attempt.has_waited_at(StageKey::MfaTrust));
        let timeout = Duration::from_secs(60);
        assert!(!pending.is_expired(timeout, Timestamp::from_millis(61_000)));
        assert!(pending.is_expired(timeout, Timestamp::from_millis(61_001)));
    }
}
