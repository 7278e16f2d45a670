//! Stands in for the service of the bot check (`CAPTCHA_PROVIDER`), where there is no secret key of one.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

/// Where it verifies tokens.
pub const PATH: &str = "/captcha/siteverify";

/// What Turnstile and hCaptcha are asked, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    /// The token.
    response: String,
}

/// The tokens that were used.
#[derive(Debug, Default)]
pub(super) struct StandIn(Mutex<HashSet<String>>);

impl StandIn {
    /// The response to a token: `stand-in:`, the host of the page and anything else, once.
    pub(super) fn verify(&self, Question { response }: Question) -> Value {
        let given = response.strip_prefix("stand-in:").and_then(|token| token.split_once(':'));
        let hostname = given.map(|(hostname, _)| hostname.to_owned());
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(response);
        match hostname.filter(|_| is_new) {
            Some(hostname) => json!({"success": true, "hostname": hostname}),
            None => json!({"success": false, "error-codes": ["invalid-input-response"]}),
        }
    }
}
