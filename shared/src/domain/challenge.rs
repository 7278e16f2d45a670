//! A challenge: a code was sent somewhere, and is awaited.
//!
//! The code itself is not kept, only a keyed hash of it, in the session that asked for it: no other session
//! can use it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::account_id::AccountId;
use super::code::CodeHash;
use super::document::UnknownMembers;
use super::message::Recipient;
use super::time::Timestamp;

/// A code was sent to somebody, and is awaited from this session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Where the code went, or pretended to.
    pub to: Recipient,
    /// Whose address that is; none when nobody's, which the client is not to learn.
    pub account: Option<AccountId>,
    /// The account's epoch when the challenge began; none where the account was not looked at, so that asking takes as
    /// long for nobody.
    #[serde(default)]
    pub epoch: Option<u32>,
    /// None when no code was sent: then every answer is wrong.
    pub code: Option<CodeHash>,
    /// When the challenge began.
    pub at: Timestamp,
    /// Wrong answers so far.
    #[serde(default)]
    pub failed_attempts: u32,
    /// Codes sent again so far.
    #[serde(default)]
    pub resend_count: u32,
    /// Changes of where the code goes so far.
    #[serde(default)]
    pub change_count: u32,
    /// Whether the address turned out to be taken by another account, which the client is not to learn.
    #[serde(default)]
    pub already_exists: bool,
    /// Whether the right code was given, and something else is still awaited.
    #[serde(default)]
    pub confirmed: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Challenge {
    /// Begins, before a code is sent.
    pub fn new(to: Recipient, account: Option<&Account>, now: Timestamp) -> Self {
        let epoch = account.map(|account| account.session_epoch);
        Self { epoch, ..Self::asked(to, account.map(|account| account.id.clone()), now) }
    }

    /// Begins for whoever asks, before a code is sent: nobody has looked at the account.
    pub const fn asked(to: Recipient, account: Option<AccountId>, now: Timestamp) -> Self {
        Self {
            to,
            account,
            epoch: None,
            code: None,
            at: now,
            failed_attempts: 0,
            resend_count: 0,
            change_count: 0,
            already_exists: false,
            confirmed: false,
            unknown: UnknownMembers::NONE,
        }
    }

    /// Whether the account is still as it was: a code that was sent before all sessions ended proves nothing any more, nor
    /// does one from before the account's first proof, or to an email address or a phone number that does not reach the account any more. `asked` says whether the
    /// settings ask for such to be verified.
    pub fn is_for(&self, account: &Account, asked: bool) -> bool {
        match self.epoch {
            Some(epoch) => epoch == account.session_epoch,
            None => {
                let is_later = account.stripped_at.is_none_or(|stripped| stripped <= self.at);
                let reaches = || account.standing(&self.to).is_some_and(|standing| standing.reaches(asked));
                account.active && is_later && reaches()
            }
        }
    }

    /// Whether it has waited for longer than this.
    pub fn is_expired(&self, timeout: Duration, now: Timestamp) -> bool {
        self.at.is_older_than(timeout, now)
    }

    /// Counts a wrong answer; false when it was the last one allowed.
    #[must_use]
    pub const fn fail(&mut self, max_attempts: u32) -> bool {
        self.failed_attempts += 1;
        self.failed_attempts < max_attempts
    }

    /// The email address the code went to.
    pub fn email(&self) -> Option<&str> {
        self.to.email()
    }

    /// The phone number the code went to.
    pub fn phone(&self) -> Option<&str> {
        self.to.phone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_many_wrong_answers_as_allowed(max in 1_u32..20) {
            let to = Recipient::Email("a@example.com".into());
            let mut challenge = Challenge::new(to, None, Timestamp::from_millis(0));
            let allowed = (0..max).take_while(|_| challenge.fail(max)).count();
            prop_assert_eq!(allowed, max as usize - 1);
        }
    }

    #[test]
    fn it_expires_after_its_timeout() {
        let to = Recipient::Phone("+31612345678".into());
        let challenge = Challenge::new(to, None, Timestamp::from_millis(1000));
        let timeout = Duration::from_secs(1);
        assert!(!challenge.is_expired(timeout, Timestamp::from_millis(2000)));
        assert!(challenge.is_expired(timeout, Timestamp::from_millis(2001)));
    }
}
