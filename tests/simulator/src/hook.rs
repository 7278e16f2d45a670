//! The site's own hook: it refuses a sign-up or a login now and then. Whether it fails, the faults say. Nobody gets further
//! than it lets them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vestibule::domain::account::Account;
use vestibule_simulator_kernel::{Call, Fate, TaskId};

use crate::table::{LoggedIn, Table};

/// It refuses one question in so many.
const REFUSES: usize = 7;

/// The hook, and what it was asked.
#[derive(Debug, Default)]
pub struct Hook {
    count: usize,
    /// What it was asked in this round, and in the one before: a commit may be late.
    questions: [Vec<Question>; 2],
    /// The accounts, with their epochs, and the logins that there were after the last round.
    accounts: BTreeMap<String, u32>,
    logins: BTreeSet<(String, i64)>,
}

/// A question.
#[derive(Debug)]
struct Question {
    task: TaskId,
    asked: Value,
    /// Whether the answer says that it may go on, and arrives.
    allows: bool,
}

impl Hook {
    /// Answers a question.
    pub fn answer(&mut self, call: &Call) -> Value {
        self.count += 1;
        let allows = !self.count.is_multiple_of(REFUSES);
        let asked: Value = serde_json::from_slice(&call.body).expect("a question is JSON");
        let is_again = self.questions[0].iter().any(|question| question.task == call.task);
        assert!(!is_again, "one request has asked the hook twice: {asked}");
        let arrives = matches!(call.fate, Fate::Well | Fate::Late(_));
        self.questions[0].push(Question { task: call.task, asked, allows: allows && arrives });
        if allows {
            json!({"allow": true})
        } else {
            json!({"allow": false, "code": "not_today", "message": "Please come again."})
        }
    }

    /// What it was asked, as text.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.questions[0].iter().map(|question| question.asked.to_string())
    }

    /// Accounts are made and logins completed only where the hook allows it. `is_sure`: whether one that does not answer
    /// stops them.
    pub fn check(&mut self, table: &Table, is_sure: bool) {
        let allows = |kind: &str, is_about: &dyn Fn(&Value) -> bool| {
            let mut questions = self.questions.iter().flatten().filter(|question| question.allows);
            questions.any(|it| it.asked["type"] == kind && is_about(&it.asked["account"]))
        };
        let signs_up = |account: &Account| {
            allows("before_signup", &|asked| {
                let has = |email| account.emails.iter().any(|address| address.email == email);
                asked["email"].as_str().is_none_or(has)
            })
        };
        let logs_in = |account: &Account| allows("before_login", &|asked| asked["id"] == account.id.as_str());
        for account in table.accounts().filter(|account| !self.accounts.contains_key(account.id.as_str())) {
            let is_allowed = !is_sure || signs_up(account);
            assert!(is_allowed, "the hook has not allowed the account {}", account.id.as_str());
        }
        for session in table.logins().filter(|session| !self.logins.contains(&key(session))) {
            let Some(account) = table.account(&session.account) else { continue };
            // Who changes the password stays logged in, by another session.
            if self.accounts.get(account.id.as_str()).is_some_and(|epoch| *epoch < account.session_epoch) {
                continue;
            }
            let is_allowed = !is_sure || logs_in(account) || signs_up(account);
            assert!(is_allowed, "the hook has not allowed a login to {}", session.account);
        }
        let epoch = |account: &Account| (account.id.as_str().to_owned(), account.session_epoch);
        self.accounts = table.accounts().map(epoch).collect();
        self.logins = table.logins().map(key).collect();
        self.questions.swap(0, 1);
        self.questions[0].clear();
    }
}

/// A login, whose session gets another token now and then.
fn key(session: &LoggedIn) -> (String, i64) {
    (session.account.clone(), session.id)
}
