//! The changes of a decision, written in one commit.

use serde::{Deserialize, Serialize};

use crate::domain::account::{Account, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::event::EventItem;
use crate::domain::invitation::Invitation;
use crate::domain::language::Language;
use crate::domain::message::{Message, Recipient};
use crate::domain::profile::ProfileValues;
use crate::domain::rate::{History, Rate};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::token::{SessionKey, SessionToken};
use crate::snapshot::{CounterKey, Need, Stored};

/// The changes of a request, to be written in one commit.
#[derive(Debug)]
pub struct Changes {
    /// The change of the session.
    pub session: SessionChange,
    /// The other sessions to end.
    pub ended: Vec<SessionKey>,
    /// Other sessions that change, with the version that was read.
    pub others: Vec<(SessionKey, i64, Session)>,
    /// The changed accounts: before, none if new, and after, none if deleted.
    pub accounts: Vec<(Option<Stored<Account>>, Option<Account>)>,
    /// The rate-limit counters.
    pub counters: Vec<(CounterKey, Usage)>,
    /// The single-use values used now: the hash of each, and the time until which it is spent.
    pub spent: Vec<(String, Timestamp)>,
    /// The invitations that operators make or revoke: before, none if new, and after.
    pub invited: Vec<(Option<Invitation>, Invitation)>,
    /// The invitation that a sign-up uses up.
    pub accepted: Option<Invitation>,
    /// The email addresses that are no longer marked as undeliverable, and until when each was.
    pub cleared: Vec<(String, Timestamp)>,
    /// Messages.
    pub letters: Vec<Letter>,
    /// The numbers of dropped messages.
    pub dropped: Dropped,
    /// The recorded events.
    pub events: Vec<EventItem>,
}

impl Changes {
    /// The change of an account: before, none if new, and after, none if deleted.
    pub fn of_account(before: Option<Stored<Account>>, after: Option<Account>) -> Self {
        Self {
            session: SessionChange::None,
            ended: Vec::new(),
            others: Vec::new(),
            accounts: vec![(before, after)],
            spent: Vec::new(),
            invited: Vec::new(),
            accepted: None,
            cleared: Vec::new(),
            counters: Vec::new(),
            letters: Vec::new(),
            dropped: Dropped::default(),
            events: Vec::new(),
        }
    }

    /// What a lost commit may have failed at, to be read before deciding again: the claims on email addresses and phone
    /// numbers that an account verifies or loses, and what a new account has that only one can have.
    pub fn claims(&self) -> Vec<Need> {
        let mut claims = Vec::new();
        let mut needs = Vec::new();
        for (before, after) in &self.accounts {
            let old = before.as_ref().map(|stored| stored.value.addresses()).unwrap_or_default();
            let new = after.as_ref().map(Account::addresses).unwrap_or_default();
            claims.extend(old.into_keys().filter(|address| !new.contains_key(address)));
            claims.extend(
                new.into_iter().filter(|(_, standing)| *standing == Standing::Verified).map(|(it, _)| it),
            );
            if let (None, Some(account)) = (before, after) {
                needs.extend(account.handles().into_iter().map(Need::Handle));
                needs.extend(
                    account.phone.iter().map(|phone| Need::Owners(Recipient::Phone(phone.number.clone()))),
                );
            }
        }
        needs.extend(claims.into_iter().map(Need::Claim));
        needs
    }

    /// Whether an account is added.
    pub fn adds_account(&self) -> bool {
        self.accounts.iter().any(|(before, after)| before.is_none() && after.is_some())
    }

    /// Whether there is nothing to write. Counters that were consulted, but not added to, matter only together
    /// with something else.
    pub fn is_empty(&self) -> bool {
        matches!(self.session, SessionChange::None)
            && self.ended.is_empty()
            && self.others.is_empty()
            && self.accounts.is_empty()
            && self.letters.is_empty()
            && self.events.is_empty()
            && self.spent.is_empty()
            && self.invited.is_empty()
            && self.accepted.is_none()
            && self.cleared.is_empty()
            && self.counters.iter().all(|(_, usage)| usage.hits == 0)
    }
}

/// The change of the session in the table.
#[derive(Debug)]
pub enum SessionChange {
    /// Nothing.
    None,
    /// It is written; `replaces` is what the table had, perhaps under another key.
    Put {
        /// What the table knows it by.
        key: SessionKey,
        /// The token that the client holds from now on; none when it came with an access token, and keeps that.
        token: Option<SessionToken>,
        /// The change of the session.
        session: Box<Session>,
        /// What was read.
        replaces: Option<(SessionKey, i64)>,
    },
    /// It is deleted.
    Delete(SessionKey, i64),
}

/// The use of a rate-limit counter.
#[derive(Clone, Debug)]
pub struct Usage {
    /// What the table has.
    pub before: Option<Stored<History>>,
    /// With what this visit adds.
    pub after: History,
    /// The number of hits to add; when none, it still counts on the table not having changed.
    pub hits: u32,
    /// How long a hit counts.
    pub rate: Rate,
}

/// A message for the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The recipient.
    pub to: Recipient,
    /// The time of the request.
    pub asked_at: Timestamp,
    /// The content.
    pub content: LetterContent,
    /// Whether the delivery drops it, as the recipient is undeliverable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// What it may say of the recipient: values of the site's own fields.
    #[serde(default, skip_serializing_if = "ProfileValues::is_empty")]
    pub profile: ProfileValues,
    /// The language in which it is written; none for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterContent {
    /// This.
    Ready(Message),
    /// A link to set a new password for this account with, which is made when the letter is delivered: so asking for
    /// one takes as long for an address without an account as for any other.
    PasswordResetLink(AccountId),
}

/// The numbers of messages dropped by rate limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// `MAIL_RATE_LIMIT_RECIPIENT`.
    pub by_recipient: u32,
    /// `MAIL_RATE_LIMIT_TOTAL`.
    pub in_all: u32,
}
