//! The site's own hook: what it is asked before a sign-up and a login, and what it answers.
//!
//! Who puts the question is not known here. A flow asks a [`HookQuestion`]; that is put once, and the flow decides again
//! with the [`HookAnswer`].

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account_id::AccountId;
use super::refusal::{FieldError, FieldErrorKind};

/// The largest answer, in bytes.
pub const MOST_BYTES: usize = 16 * 1024;
/// The longest code, in characters.
const MOST_CODE: usize = 64;
/// The longest message, in characters.
const MOST_MESSAGE: usize = 200;

/// What the hook is asked. It never has a password, a token, a code or a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HookQuestion {
    /// What is about to happen.
    #[serde(rename = "type")]
    pub event: HookEvent,
    /// The account.
    pub account: HookAccount,
    /// The values of the site's own fields (`ACCOUNT_PROFILE_FIELDS`).
    pub profile: Map<String, Value>,
    /// The client that sent the request.
    pub client: HookVisitor,
    /// The authentication method, as in `methods` of the API. `mfa` is a passkey.
    #[schemars(with = "MethodName")]
    pub method: &'static str,
    /// The id of the provider, if the method is `socialaccount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// The names of [`super::session::Method`].
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
#[expect(dead_code, reason = "it is the schema of the names")]
enum MethodName {
    Password,
    Code,
    PasswordReset,
    Mfa,
    Socialaccount,
}

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum HookEvent {
    /// A sign-up. Its email address or phone number may be taken.
    BeforeSignup,
    /// A login, after its last factor.
    BeforeLogin,
}

impl HookEvent {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeSignup => "before_signup",
            Self::BeforeLogin => "before_login",
        }
    }
}

/// An account, as the hook sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct HookAccount {
    /// The id; absent before a sign-up, which may create no account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub id: Option<AccountId>,
    /// The primary email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The username; before a sign-up only if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A client, as the hook sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct HookVisitor {
    /// `browser` or `app`.
    pub kind: &'static str,
    /// The IP address.
    pub ip: String,
    /// The `User-Agent`, at most 200 characters of it.
    pub user_agent: String,
}

/// A question, and its answer.
#[derive(Clone, Debug)]
pub struct HookExchange {
    /// The question.
    pub question: HookQuestion,
    /// The answer.
    pub answer: HookAnswer,
}

/// What the hook answers.
#[derive(Clone, Debug, PartialEq)]
pub enum HookAnswer {
    /// It may go on, and these fields of the profile are set.
    Allow(Map<String, Value>),
    /// It may not, for this reason.
    Refuse(FieldError),
    /// Nothing that can be used. The log says why.
    Nothing,
}

/// Lets it go on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Allowed {
    /// `true`.
    #[serde(rename = "allow")]
    _allow: bool,
    /// Fields of the profile to set; `null` removes one.
    #[serde(default)]
    profile: Map<String, Value>,
}

/// Refuses it. The client gets 400 with this as the error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Refused {
    /// `false`.
    #[serde(rename = "allow")]
    _allow: bool,
    /// The error code, for programs.
    #[schemars(regex(pattern = "^[a-z_]{1,64}$"))]
    code: String,
    /// The message, for people, without control characters.
    #[schemars(length(min = 1, max = 200))]
    message: String,
    /// The field of the form that the error is about: `email`, `username`, `phone`, `password`, or one of
    /// `ACCOUNT_PROFILE_FIELDS`.
    #[serde(default)]
    param: Option<String>,
}

/// Why an answer can't be used. Nothing of the answer is in it, as it may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookFault {
    /// It is larger than [`MOST_BYTES`].
    #[error("the answer has more than 16 KB")]
    TooLarge,
    /// It is no JSON object with a boolean `allow`.
    #[error("the answer is not a JSON object with allow, true or false")]
    NoVerdict,
    /// An unknown member, or one of a wrong type.
    #[error("the answer to allow has other members than profile, an object")]
    WrongMembers,
    /// An unknown member, a missing one, or one of a wrong type.
    #[error("the answer to refuse has other members than the texts code, message and perhaps param")]
    WrongRefusal,
    /// Not a code.
    #[error("code must be 1 to 64 of a to z and _")]
    WrongCode,
    /// Not a message.
    #[error("message must have 1 to 200 characters, and no control characters")]
    WrongMessage,
}

impl HookAnswer {
    /// Reads an answer.
    pub fn read(body: &[u8]) -> Result<Self, HookFault> {
        if body.len() > MOST_BYTES {
            return Err(HookFault::TooLarge);
        }
        let answer: Value = serde_json::from_slice(body).map_err(|_| HookFault::NoVerdict)?;
        match answer.get("allow").and_then(Value::as_bool) {
            Some(true) => {
                let allowed = Allowed::deserialize(answer).map_err(|_| HookFault::WrongMembers)?;
                Ok(Self::Allow(allowed.profile))
            }
            Some(false) => {
                let refused = Refused::deserialize(answer).map_err(|_| HookFault::WrongRefusal)?;
                refused.check().map(Self::Refuse)
            }
            None => Err(HookFault::NoVerdict),
        }
    }
}

impl Refused {
    fn check(self) -> Result<FieldError, HookFault> {
        let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
        if self.code.is_empty() || self.code.len() > MOST_CODE || !self.code.chars().all(is_code) {
            return Err(HookFault::WrongCode);
        }
        let length = self.message.chars().count();
        if !(1..=MOST_MESSAGE).contains(&length) || self.message.chars().any(char::is_control) {
            return Err(HookFault::WrongMessage);
        }
        let kind = FieldErrorKind::RefusedByHook { code: self.code, message: self.message };
        Ok(FieldError { kind, param: self.param.map(Cow::Owned) })
    }
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;
    use serde_json::json;

    use super::*;
    use crate::domain::session::Method;

    fn read(answer: &Value) -> Result<HookAnswer, HookFault> {
        HookAnswer::read(answer.to_string().as_bytes())
    }

    #[test]
    fn an_answer_allows_or_refuses() {
        assert_eq!(read(&json!({"allow": true})), Ok(HookAnswer::Allow(Map::new())));
        let Ok(HookAnswer::Allow(profile)) = read(&json!({"allow": true, "profile": {"plan": "free"}}))
        else {
            panic!("it allows")
        };
        assert_eq!(profile["plan"], "free");
        for param in [Some("email"), None] {
            let mut answer =
                json!({"allow": false, "code": "not_invited", "message": "Ask für an invitation."});
            if let Some(param) = param {
                answer["param"] = param.into();
            }
            let Ok(HookAnswer::Refuse(error)) = read(&answer) else { panic!("{answer} refuses") };
            assert_eq!((error.kind.code(), error.param.as_deref()), ("not_invited", param));
        }
    }

    #[test]
    fn every_other_answer_is_a_fault() {
        let refusal = |code: &str, message: &str, param: Value| json!({"allow": false, "code": code, "message": message, "param": param});
        for (answer, fault) in [
            (json!(null), HookFault::NoVerdict),
            (json!([true]), HookFault::NoVerdict),
            (json!({}), HookFault::NoVerdict),
            (json!({"allow": "true"}), HookFault::NoVerdict),
            (json!({"allow": 1}), HookFault::NoVerdict),
            (json!({"errorMessage": "Task timed out"}), HookFault::NoVerdict),
            (json!({"allow": true, "profile": []}), HookFault::WrongMembers),
            (json!({"allow": true, "superuser": true}), HookFault::WrongMembers),
            (json!({"allow": true, "code": "x", "message": "x"}), HookFault::WrongMembers),
            (json!({"allow": false}), HookFault::WrongRefusal),
            (json!({"allow": false, "code": "x"}), HookFault::WrongRefusal),
            (json!({"allow": false, "code": 1, "message": "x"}), HookFault::WrongRefusal),
            (json!({"allow": false, "code": "x", "message": "x", "profile": {}}), HookFault::WrongRefusal),
            (refusal("", "x", json!(null)), HookFault::WrongCode),
            (refusal("No", "x", json!(null)), HookFault::WrongCode),
            (refusal(&"a".repeat(65), "x", json!(null)), HookFault::WrongCode),
            (refusal("x", "", json!(null)), HookFault::WrongMessage),
            (refusal("x", &"a".repeat(201), json!(null)), HookFault::WrongMessage),
            (refusal("x", "a\nb", json!(null)), HookFault::WrongMessage),
            (json!({"allow": true, "profile": {"x": "a".repeat(MOST_BYTES)}}), HookFault::TooLarge),
        ] {
            assert_eq!(read(&answer), Err(fault), "{answer}");
        }
        assert_eq!(HookAnswer::read(b"{\"allow\": true"), Err(HookFault::NoVerdict));
        assert_eq!(HookAnswer::read(b"\xff"), Err(HookFault::NoVerdict));
    }

    #[test]
    fn the_names_of_methods_are_those_of_the_schema() {
        let schema = schemars::schema_for!(MethodName).to_value();
        let names: Vec<&str> = schema["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let methods =
            [Method::Password, Method::Code, Method::PasswordReset, Method::Mfa, Method::SocialAccount];
        assert_eq!(methods.map(Method::name).to_vec(), names);
    }

    /// `docs/hook.schema.json`; `UPDATE=1` writes it.
    #[test]
    fn the_document_is_up_to_date() {
        let of = |schema: schemars::Schema| schema.to_value();
        let generator = || SchemaSettings::draft2020_12().into_generator();
        let document = json!({
            "question": of(generator().into_root_schema_for::<HookQuestion>()),
            "answer": {"oneOf": [
                of(generator().into_root_schema_for::<Allowed>()),
                of(generator().into_root_schema_for::<Refused>()),
            ]},
        });
        let written = format!("{document:#}\n");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/hook.schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &written).unwrap();
        }
        let current = std::fs::read_to_string(path).unwrap_or_default();
        assert!(current == written, "docs/hook.schema.json is not up to date: run `make docs`");
    }

    #[test]
    fn an_event_is_named_in_logs_as_in_the_question() {
        for event in [HookEvent::BeforeSignup, HookEvent::BeforeLogin] {
            assert_eq!(json!(event), event.name());
        }
    }

    #[test]
    fn a_code_and_a_message_are_as_long_as_they_may_be() {
        let answer =
            json!({"allow": false, "code": "a".repeat(MOST_CODE), "message": "a".repeat(MOST_MESSAGE)});
        assert!(matches!(read(&answer), Ok(HookAnswer::Refuse(_))));
        let allowed = json!({"allow": true, "profile": {"x": ""}}).to_string();
        let longest = allowed.replace("\"\"", &format!("\"{}\"", "a".repeat(MOST_BYTES - allowed.len())));
        assert!(matches!(HookAnswer::read(longest.as_bytes()), Ok(HookAnswer::Allow(_))));
    }
}
