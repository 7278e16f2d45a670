//! A challenge: a pending one-time code that was sent by mail or text message.
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

/// A pending one-time code of this session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The recipient of the code, real or pretended.
    pub to: Recipient,
    /// The account of the recipient; none if there is none, which the client must not learn.
    pub account: Option<AccountId>,
    /// The account's epoch when the challenge began; none where the account was not looked at, so that asking takes as
    /// long without an account.
    #[serde(default)]
    pub epoch: Option<u32>,
    /// The hash of the code; none if none was sent: then every code is wrong.
    pub code: Option<CodeHash>,
    /// The start time.
    pub at: Timestamp,
    /// The number of failed attempts.
    #[serde(default)]
    pub failed_attempts: u32,
    /// The number of resends.
    #[serde(default)]
    pub resend_count: u32,
    /// The number of changes of the recipient.
    #[serde(default)]
    pub change_count: u32,
    /// Whether another account has the email address, which the client must not learn.
    #[serde(default)]
    pub already_exists: bool,
    /// Whether the code was confirmed, and another step is pending.
    #[serde(default)]
    pub confirmed: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Challenge {
    /// A new challenge, before a code is sent.
    pub fn new(to: Recipient, account: Option<&Account>, now: Timestamp) -> Self {
        let epoch = account.map(|account| account.session_epoch);
        Self { epoch, ..Self::asked(to, account.map(|account| account.id.clone()), now) }
    }

    /// A new challenge for an unauthenticated client, before a code is sent: the account was not read.
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

    /// Whether it is older than this.
    pub fn is_expired(&self, timeout: Duration, now: Timestamp) -> bool {
        self.at.is_older_than(timeout, now)
    }

    /// Counts a failed attempt; false if it was the last one allowed.
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

    fn account() -> Account {
        let id = AccountId::parse("0198c0de").unwrap();
        let mut account = Account::new(id, Timestamp::from_millis(0));
        account.add_address("a@example.com");
        account.signup_email = Some("a@example.com".into());
        account
    }

    #[test]
    fn a_code_of_an_account_dies_with_its_sessions() {
        let mut account = account();
        let to = Recipient::Email("b@example.com".into());
        let challenge = Challenge::new(to, Some(&account), Timestamp::from_millis(1000));
        assert!(challenge.is_for(&account, true));
        account.end_sessions();
        assert!(!challenge.is_for(&account, true));
    }

    #[test]
    fn a_code_that_anybody_asked_for_is_for_an_account_that_it_reaches() {
        type Change = fn(&mut Account);
        let to = Recipient::Email("a@example.com".into());
        let challenge = Challenge::asked(to, Some(account().id), Timestamp::from_millis(1000));
        let changes: [(Change, bool, bool); 6] = [
            (|_| (), true, true),
            (|account| account.active = false, false, false),
            (|account| account.stripped_at = Some(Timestamp::from_millis(1000)), true, true),
            (|account| account.stripped_at = Some(Timestamp::from_millis(1001)), false, false),
            (|account| account.remove_address("a@example.com"), false, false),
            // It may be anybody's now that the account has an owner.
            (|account| account.verify_address("b@example.com", false), false, true),
        ];
        for (number, (change, asked, unasked)) in changes.into_iter().enumerate() {
            let mut account = account();
            change(&mut account);
            let found = (challenge.is_for(&account, true), challenge.is_for(&account, false));
            assert_eq!(found, (asked, unasked), "{number}");
        }
    }
}
