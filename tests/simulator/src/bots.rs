//! A service that tells people from bots: whoever shows a token that it has issued is a person, once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule_simulator_kernel::{Call, Fate, TaskId, hosts};
use vestibule_tests::Answer;
use vestibule_tests::identity_provider::query_of;

use crate::steps::Step;

/// What the API proves itself with.
const SECRET: &str = "a-secret-of-the-simulated-bot-check";
/// What the tokens of people begin with.
pub const PERSON: &str = "person-";

/// The settings of the API that name the service.
pub fn settings() -> [(&'static str, String); 3] {
    [
        ("CAPTCHA_PROVIDER", "turnstile".to_owned()),
        ("CAPTCHA_SECRET", SECRET.to_owned()),
        ("CAPTCHA_URL", format!("https://{}/siteverify", hosts::BOTS)),
    ]
}

/// The service, and what it was asked.
#[derive(Debug, Default)]
pub struct BotCheck {
    /// The tokens that were shown.
    shown: BTreeSet<String>,
    /// The requests that it was asked about.
    asked: BTreeSet<TaskId>,
    /// Those of people, as far as its answer has arrived.
    passed: BTreeSet<TaskId>,
}

impl BotCheck {
    /// Answers a question.
    pub fn answer(&mut self, call: &Call) -> Value {
        let form = query_of(&format!("?{}", String::from_utf8_lossy(&call.body)));
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!(said("secret"), SECRET);
        assert!(self.asked.insert(call.task), "one request has asked the bot check twice");
        let token = said("response");
        if !token.starts_with(PERSON) || !self.shown.insert(token.to_owned()) {
            return json!({"success": false, "error-codes": ["timeout-or-duplicate"]});
        }
        if matches!(call.fate, Fate::Well | Fate::Late(_)) {
            self.passed.insert(call.task);
        }
        json!({"success": true, "hostname": "app.example"})
    }

    /// A request of nobody who is logged in, which comes to something, is that of a person.
    pub fn check(&self, task: TaskId, step: Step, answer: &Answer) {
        let is_person = self.passed.contains(&task) || !comes_to_something(step, answer);
        assert!(is_person, "a bot has got through: {step:?}, {}", answer.text);
    }
}

fn comes_to_something(step: Step, answer: &Answer) -> bool {
    let pending = answer.pending();
    let waits = |flows: &[&str]| pending.iter().any(|flow| flows.contains(&flow.as_str()));
    match step {
        Step::SignUp | Step::SignUpByKey | Step::SignUpByProvider => {
            answer.status == 200 || waits(&["verify_email", "verify_phone", "mfa_signup_webauthn"])
        }
        Step::RequestReset => answer.status == 200 || waits(&["password_reset_by_code"]),
        Step::RequestLoginCode => waits(&["login_by_code"]),
        _ => false,
    }
}
