//! People: what is theirs, what they know, and the clients that they use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vestibule_tests::{Answer, AuthenticatorApp, Client, Mail};

use crate::keys::Key;
use crate::steps::{Intent, Step};

/// A person, who owns mailboxes and reads nobody else's mail.
pub struct Person {
    /// The email addresses.
    pub mailboxes: [String; 2],
    /// The phone number.
    pub phone: String,
    /// All passwords that they ever chose.
    pub passwords: Vec<String>,
    /// The password that was right last, for each email address and each account.
    pub right: BTreeMap<String, String>,
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
    /// The email address that it entered last, or the phone number in place of one.
    pub email: String,
    /// The phone number that it entered last beside that.
    pub phone: String,
    /// The secret of an authenticator app that is being set up.
    pub setup: Option<(AuthenticatorApp, u64)>,
    /// The challenge for a key that it has asked for, and what answers it.
    pub options: Option<(Step, Value)>,
    /// The ids of sessions of the account, as they were last listed, without its own.
    pub listed: Vec<i64>,
    /// The email addresses of the account, as they were last listed, and whether each is the primary one.
    pub emails: Vec<(String, bool)>,
    /// The round in which it did.
    pub entered: u32,
    /// How many mails that mailbox had when it asked for one.
    pub mails_before: usize,
    /// What it has begun, and most likely goes on with.
    pub due: BTreeSet<Step>,
    /// Whether an answer was lost, so that it must ask how far it has come.
    pub unsure: bool,
    /// Whether it has sent anything.
    pub has_come: bool,
    /// The access tokens that it was given, the latest last.
    pub access_tokens: Vec<String>,
    /// The refresh tokens.
    pub refresh_tokens: Vec<String>,
    /// Where it was sent last, to log in at the provider.
    pub departure: Option<String>,
    /// The token of the bot check that it showed last.
    pub pass: Option<String>,
    /// The last request with an id token.
    pub shown: Option<Box<Intent>>,
    /// The round in which it gave the right password, if that login waits for more.
    pub login_began: Option<u32>,
}

impl Person {
    /// The mails for a mailbox, the latest first.
    pub fn mails<'m>(mails: &'m [Mail], mailbox: &str) -> impl Iterator<Item = &'m Mail> + Clone {
        let mailbox = mailbox.to_owned();
        mails.iter().rev().filter(move |mail| mail.to == mailbox)
    }

    /// How many mails with a code or a link came for a mailbox.
    pub fn count(mails: &[Mail], mailbox: &str) -> usize {
        Self::mails(mails, mailbox).filter(|mail| code(mail).is_some() || mail.is_secret()).count()
    }

    /// Keeps in mind whether a password is right for an email address or an account.
    pub fn keep(&mut self, of: &str, password: &str, is_right: bool) {
        if is_right {
            self.right.insert(of.to_owned(), password.to_owned());
        } else if self.right.get(of).is_some_and(|known| known == password) {
            self.right.remove(of);
        }
    }

    /// Keeps in mind that a password was replaced, or that nothing has it any more.
    pub fn replace(&mut self, old: &str, new: Option<&str>) {
        match new {
            Some(new) => self.right.values_mut().filter(|known| *known == old).for_each(|known| {
                new.clone_into(known);
            }),
            None => self.right.retain(|_, known| known != old),
        }
    }

    /// Whether they know the password of an account of theirs.
    pub fn has_account(&self) -> bool {
        self.mailboxes.iter().any(|mailbox| self.right.contains_key(mailbox))
    }

    /// The username that they mostly choose.
    pub fn username(&self) -> &str {
        self.mailboxes[0].split('@').next().unwrap_or_default()
    }

    /// Whether an email address or a phone number is theirs.
    pub fn owns(&self, email: &str) -> bool {
        self.phone == email || self.mailboxes.iter().any(|own| own == email)
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
            409 if self.pending.is_empty() => self.unsure = true,
            409 => self.pending = Vec::new(),
            _ => {}
        }
    }
}

/// The code in a mail or a text message, if it is one with a code. Only text messages have no subject.
pub fn code(mail: &Mail) -> Option<String> {
    let is_code = |line: &&str| {
        line.len() >= 6 && line.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
    };
    let lines = mail.text.lines().map(str::trim);
    let first = mail.text.split(' ').next().filter(|_| mail.subject.is_empty());
    lines.chain(first).find(is_code).map(str::to_owned)
}

/// A JSON value as text.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}
