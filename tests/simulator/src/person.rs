//! People: what is theirs, what they know, and the clients that they use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vestibule_tests::{Answer, AuthenticatorApp, Client, Mail};

use crate::keys::Key;
use crate::steps::Step;

/// A person, who owns mailboxes and reads nobody else's mail.
pub struct Person {
    /// The email addresses.
    pub mailboxes: [String; 2],
    /// All passwords that they ever chose; the last one is tried first.
    pub passwords: Vec<String>,
    /// The authenticator app of each account, and when it was set up, in seconds since 1970.
    pub apps: BTreeMap<String, (AuthenticatorApp, u64)>,
    /// The passkeys and security keys of all accounts, with their number in the account.
    pub keys: Vec<(i64, Key)>,
    /// The recovery codes of each account.
    pub recovery_codes: BTreeMap<String, Vec<String>>,
}

/// A client of a person, with what it knows of its session.
pub struct Actor {
    /// Whose it is.
    pub person: usize,
    /// The client.
    pub client: Client,
    /// The flows that are pending.
    pub pending: Vec<String>,
    /// The account that it is logged in to.
    pub account: Option<String>,
    /// The email address that it entered last.
    pub email: String,
    /// The secret of an authenticator app that is being set up.
    pub setup: Option<(AuthenticatorApp, u64)>,
    /// The challenge for a key that it has asked for, and what answers it.
    pub options: Option<(Step, Value)>,
    /// The ids of sessions of the account, as they were last listed, without its own.
    pub listed: Vec<i64>,
    /// How many mails that mailbox had when it asked for one.
    pub mails_before: usize,
    /// What it has begun, and most likely goes on with.
    pub due: BTreeSet<Step>,
    /// Whether an answer was lost, so that it must ask how far it has come.
    pub unsure: bool,
    /// Whether it has sent anything.
    pub has_come: bool,
    /// The round in which it gave the right password, if that login waits for more.
    pub login_began: Option<u32>,
}

impl Person {
    /// The mails for a mailbox, the latest first.
    pub fn mails<'m>(mails: &'m [Mail], mailbox: &str) -> impl Iterator<Item = &'m Mail> {
        let mailbox = mailbox.to_owned();
        mails.iter().rev().filter(move |mail| mail.to == mailbox)
    }

    /// How many mails came for a mailbox.
    pub fn count(mails: &[Mail], mailbox: &str) -> usize {
        Self::mails(mails, mailbox).count()
    }

    /// Tries a password first, which was right, or last, which was wrong.
    pub fn try_again(&mut self, password: &str, first: bool) {
        let Some(at) = self.passwords.iter().position(|known| known == password) else { return };
        let password = self.passwords.remove(at);
        self.passwords.insert(if first { self.passwords.len() } else { 0 }, password);
    }

    /// Whether an email address is theirs.
    pub fn owns(&self, email: &str) -> bool {
        self.mailboxes.iter().any(|own| own == email)
    }
}

impl Actor {
    /// Learns from an answer how far the client has come.
    pub fn learn(&mut self, answer: &Answer) {
        self.unsure = false;
        match answer.status {
            200 if answer.body["meta"]["is_authenticated"] == true => {
                self.pending = Vec::new();
                self.account = text(&answer.body["data"]["user"]["id"]);
            }
            401 if answer.body["meta"]["is_authenticated"] == true => {
                self.due.insert(Step::Reauthenticate);
            }
            401 if answer.body["meta"]["is_authenticated"] == false => {
                self.due.clear();
                self.account = None;
                self.pending = answer.pending();
            }
            410 => (self.account, self.pending) = (None, Vec::new()),
            // Nothing is pending that it could go on with.
            409 => self.unsure = true,
            _ => {}
        }
    }
}

/// The code in a mail, if it is one with a code.
pub fn code(mail: &Mail) -> Option<String> {
    let is_code = |line: &&str| {
        line.len() >= 6 && line.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
    };
    mail.text.lines().map(str::trim).find(is_code).map(str::to_owned)
}

/// A JSON value as text.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}
