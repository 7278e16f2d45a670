//! The table as the invariants see it: each item is read and parsed when it was written, not in every round.

use std::collections::BTreeMap;

use serde_json::Value;
use vestibule::domain::account::Account;
use vestibule::domain::session::{AuthenticationRecord, Session, State};
use vestibule::domain::token::SessionToken;

/// Where an item is: its partition key and its sort key.
pub type ItemKey = (String, String);

/// The prefixes of what finds accounts.
const LOOK_UPS: [&str; 5] = ["EMAIL#", "PHONE#", "USERNAME#", "CREDENTIAL#", "SOCIAL#"];

/// The items of the table.
#[derive(Debug, Default)]
pub struct Table {
    items: BTreeMap<ItemKey, Value>,
    texts: BTreeMap<ItemKey, String>,
    accounts: BTreeMap<ItemKey, Account>,
    sessions: BTreeMap<ItemKey, LoggedIn>,
    /// What finds accounts.
    pub look_ups: BTreeMap<ItemKey, Value>,
    changed: Vec<ItemKey>,
}

/// A session that is logged in.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The hash of its token.
    pub hash: String,
    /// The account.
    pub account: String,
    /// The epoch of the account at the login.
    pub epoch: u32,
    /// Its id in the list of sessions.
    pub id: i64,
    /// The accounts at providers that were logged in with, and when.
    pub uids: Vec<(String, i64)>,
    expires_at: u64,
}

fn uids(records: &[AuthenticationRecord]) -> Vec<(String, i64)> {
    records.iter().filter_map(|record| Some((record.uid.clone()?, record.at.millis()))).collect()
}

impl Table {
    /// Takes what was written since: the items as they are now, none where one was deleted.
    pub fn update(&mut self, written: Vec<(ItemKey, Option<Value>)>) {
        self.changed = written.iter().map(|(key, _)| key.clone()).collect();
        for (key, item) in written {
            self.items.remove(&key);
            self.texts.remove(&key);
            self.accounts.remove(&key);
            self.sessions.remove(&key);
            self.look_ups.remove(&key);
            if let Some(item) = item {
                self.add(key, item);
            }
        }
    }

    fn add(&mut self, key: ItemKey, item: Value) {
        let document = || item["document"]["S"].as_str().unwrap_or_default();
        if key.1 == "ACCOUNT" {
            let account = serde_json::from_str(document()).expect("an account");
            let logins = item["logins"]["N"].as_str().and_then(|count| count.parse().ok());
            let account = Account { logins: logins.unwrap_or_default(), ..account };
            self.accounts.insert(key.clone(), account);
        } else if let Some(hash) = key.1.strip_prefix("SESSION#") {
            let session: Session = serde_json::from_str(document()).expect("a session");
            if let State::Authenticated(login) = &session.state {
                let expires_at = item["expires_at"]["N"].as_str().and_then(|at| at.parse().ok());
                let logged_in = LoggedIn {
                    hash: hash.to_owned(),
                    account: login.account.as_str().to_owned(),
                    epoch: login.epoch,
                    id: login.id,
                    uids: uids(session.records_of(&login.account)),
                    expires_at: expires_at.unwrap_or_default(),
                };
                self.sessions.insert(key.clone(), logged_in);
            }
        } else if LOOK_UPS.iter().any(|prefix| key.0.starts_with(prefix)) {
            self.look_ups.insert(key.clone(), item.clone());
        }
        self.texts.insert(key.clone(), item.to_string());
        self.items.insert(key, item);
    }

    /// All items, in the order of their keys.
    pub fn items(&self) -> impl Iterator<Item = (&ItemKey, &Value)> {
        self.items.iter()
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The account of an id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts().find(|account| account.id.as_str() == id)
    }

    /// The sessions that are logged in and have not expired.
    pub fn sessions(&self, seconds: u64) -> impl Iterator<Item = &LoggedIn> {
        self.sessions.values().filter(move |session| session.expires_at > seconds)
    }

    /// Those of these that belong to the present epoch of their account.
    pub fn valid_sessions(&self, seconds: u64) -> impl Iterator<Item = &LoggedIn> {
        let is_present = |session: &&LoggedIn| {
            self.account(&session.account).is_some_and(|account| account.session_epoch == session.epoch)
        };
        self.sessions(seconds).filter(is_present)
    }

    /// All sessions that are logged in.
    pub fn logins(&self) -> impl Iterator<Item = &LoggedIn> {
        self.sessions.values()
    }

    /// Whether an item contains a text.
    pub fn contains(&self, text: &str) -> bool {
        self.texts.values().any(|item| item.contains(text))
    }

    /// Whether an item that was written last contains a text.
    pub fn has_got(&self, text: &str) -> bool {
        self.changed.iter().filter_map(|key| self.texts.get(key)).any(|item| item.contains(text))
    }
}

/// The hash under which the table knows a token.
pub fn hash_of(token: &str) -> Option<String> {
    SessionToken::parse(token).map(|token| token.key().hash)
}
