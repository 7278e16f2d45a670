//! A hook of your own: Vestibule asks it before sign-ups and logins. `docs/hook.md` explains.

use serde_json::{Value, json};

/// Domains whose email addresses must not sign up.
const NOT_WELCOME: [&str; 2] = ["competitor.example", "throwaway.example"];

/// Answers a question. It must have no effect of its own: a sign-up that it allows may still come to nothing.
pub fn decide(question: &Value) -> Value {
    let text = |pointer: &str| question.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let domain = text("/account/email").rsplit('@').next().unwrap_or_default();
    if text("/type") == "before_signup" && NOT_WELCOME.contains(&domain) {
        return json!({
            "allow": false,
            "code": "domain_not_welcome",
            "message": "Please sign up with another email address.",
            "param": "email",
        });
    }
    json!({"allow": true})
}
