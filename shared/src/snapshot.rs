//! The input of a decision: the items it needs, and the snapshot that was read, with the versions for the commit's
//! conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::account::{Account, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::event::EventItem;
use crate::domain::handle::Handle;
use crate::domain::hook::HookExchange;
use crate::domain::invitation::Invitation;
use crate::domain::message::Recipient;
use crate::domain::rate::History;
use crate::domain::session::{Login, Session};
use crate::domain::social::Asked;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;

/// An item to read from the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// An account.
    Account(AccountId),
    /// The accounts with an email address, in canonical form, or with a phone number.
    Owners(Recipient),
    /// The account that has verified an email address, in canonical form, or a phone number.
    Claim(Recipient),
    /// The account with a handle.
    Handle(Handle),
    /// The expiry of a spent single-use value, by its hash.
    Spent(String),
    /// A rate-limit counter.
    Counter(CounterKey),
    /// An invitation, by what the table knows it by.
    Invitation(String),
    /// The mark of an undeliverable email address, in canonical form.
    Undeliverable(String),
    /// All sessions of an account.
    Sessions(AccountId),
    /// A session other than the client's own.
    Session(SessionKey),
    /// A page of the recorded events of an account, the latest first: those before this item, or the latest.
    Events(AccountId, Option<String>),
}

/// The key of a rate-limit counter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CounterKey(pub String);

/// A snapshot: the items read, with the versions for the commit's conditions.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The session of the client's token, if any.
    pub session: Option<Stored<StoredSession>>,
    /// Sessions that further tokens of the client name ([`Self::settle`]).
    pub more_sessions: Vec<Stored<StoredSession>>,
    /// Accounts that were asked for; none where there is none.
    pub accounts: BTreeMap<AccountId, Option<Stored<Account>>>,
    /// The accounts that have an email address or a phone number.
    pub owners: BTreeMap<Recipient, AddressOwners>,
    /// The accounts that have verified an email address or a phone number.
    pub claims: BTreeMap<Recipient, Option<AccountId>>,
    /// The accounts with a handle; none where no account has it.
    pub handles: BTreeMap<Handle, Option<AccountId>>,
    /// Until when things that may be used once are spent; none where they never were used.
    pub spent: BTreeMap<String, Option<Timestamp>>,
    /// Counters of rate limits; none where nothing was counted yet.
    pub counters: BTreeMap<CounterKey, Option<Stored<History>>>,
    /// Invitations; none where there is none.
    pub invitations: BTreeMap<String, Option<Invitation>>,
    /// Until when email addresses are marked as undeliverable; none for those that are not.
    pub undeliverable: BTreeMap<String, Option<Timestamp>>,
    /// All sessions of an account.
    pub sessions: BTreeMap<AccountId, Vec<Stored<StoredSession>>>,
    /// What other services were asked, as far as this request has come.
    pub asked: Vec<Arc<Asked>>,
    /// Recorded events, by account and the item that the page is before.
    pub events: BTreeMap<(AccountId, Option<String>), Vec<EventItem>>,
    /// What the site's own hook was asked, if it was: once.
    pub hooked: Option<Arc<HookExchange>>,
    /// Sessions that were asked for by themselves.
    pub others: BTreeMap<SessionKey, Option<Stored<StoredSession>>>,
}

impl Loaded {
    /// Settles which of several sessions is the client's: the first valid one.
    pub fn settle(&mut self, now: Timestamp) {
        if self.session.as_ref().is_none_or(|stored| !self.is_valid(&stored.value, now))
            && let Some(at) = self.more_sessions.iter().position(|stored| self.is_valid(&stored.value, now))
        {
            self.session = Some(self.more_sessions.swap_remove(at));
        }
    }

    fn is_valid(&self, stored: &StoredSession, now: Timestamp) -> bool {
        let login = stored.session.login();
        let goes_on = |login: &Login| {
            let account = self.accounts.get(&login.account).and_then(Option::as_ref);
            account.is_some_and(|account| account.value.session_epoch == login.epoch)
        };
        stored.expires_at > now && login.is_none_or(goes_on)
    }

    /// The accounts with an email address or phone number, if read.
    pub fn owners(&self, address: &Recipient) -> Option<&AddressOwners> {
        self.owners.get(address)
    }

    /// The account that has verified an email address or a phone number, as far as was read.
    pub fn claimed_by(&self, address: &Recipient) -> Option<&AccountId> {
        match self.claims.get(address) {
            Some(claim) => claim.as_ref(),
            None => self.owners(address)?.claimed_by.as_ref(),
        }
    }
}

/// An item as read, with its version.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// The version, incremented by every write.
    pub version: i64,
    /// The value.
    pub value: T,
}

/// A session as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSession {
    /// Its key in the table.
    pub key: SessionKey,
    /// The session.
    pub session: Session,
    /// The expiry.
    pub expires_at: Timestamp,
}

/// The accounts with an email address or phone number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressOwners {
    /// The version, incremented when an account adds it; none if none ever did.
    pub version: Option<i64>,
    /// The account that has verified it, where only one may.
    pub claimed_by: Option<AccountId>,
    /// All accounts that have it.
    pub owners: Vec<AddressOwner>,
}

impl AddressOwners {
    /// Whether an account other than this one takes it: no other account can sign up with it.
    pub fn is_taken(&self, but: Option<&AccountId>) -> bool {
        self.owners.iter().any(|owner| owner.standing.takes() && Some(&owner.account) != but)
    }

    /// The accounts that a password reset or a login code for it reaches: those that have verified it, or else those that
    /// signed up with it, the ones that have verified nothing else first. `asked` says whether the settings ask for
    /// verification.
    pub fn reached(&self, asked: bool) -> Vec<&AddressOwner> {
        let mut owners = self.named();
        owners.retain(|owner| owner.standing.reaches(asked));
        owners
    }

    /// The accounts that a change of what is known of the email address is recorded for: those first that it stands for most.
    pub fn foremost(&self) -> Vec<&AddressOwner> {
        let mut owners: Vec<_> = self.owners.iter().collect();
        owners.sort_by_key(|owner| std::cmp::Reverse(owner.standing));
        owners.truncate(MOST_RECORDED);
        owners
    }

    /// The accounts that a password may be tried for: those that have verified it, or else those that have it, as many as
    /// may be tried, and those first that it stands for most.
    pub fn named(&self) -> Vec<&AddressOwner> {
        let mut owners: Vec<_> = self.owners.iter().collect();
        owners.sort_by_key(|owner| std::cmp::Reverse(owner.standing));
        let verified = owners.iter().take_while(|owner| owner.standing == Standing::Verified).count();
        owners.truncate(if verified > 0 { verified } else { MOST_TRIED });
        owners
    }
}

/// An account that has an email address or a phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressOwner {
    /// The account.
    pub account: AccountId,
    /// Its standing.
    pub standing: Standing,
    /// Whether the account is active.
    pub active: bool,
}

/// How many items of recorded events a page has: the events of so many commits.
pub const EVENT_ITEMS: usize = 50;

/// How many accounts with one email address an event is recorded for: with all of them, a commit might be too large.
const MOST_RECORDED: usize = 50;

/// How many accounts a password is tried for that have not verified what they are named by: each try costs milliseconds
/// by design, and anybody may add an address that is not theirs.
const MOST_TRIED: usize = 16;
