//! The kinds of values that settings have: what they are called, and how they are read.
//!
//! A kind is told in words once; the words serve the documentation and the errors alike.

use std::time::Duration;

use serde_json::Value;

use crate::secret::Secret;

/// Longest time a setting may name, in seconds: a hundred years. More would overflow dates.
const LONGEST: f64 = 100.0 * 365.0 * 86400.0;

/// A value as given: text, and what it says as JSON where it is JSON.
pub(super) struct Raw<'a> {
    pub text: &'a str,
    pub json: Option<Value>,
}

impl<'a> Raw<'a> {
    pub fn of(text: &'a str) -> Self {
        Self { text, json: serde_json::from_str(text).ok() }
    }
}

/// A kind of value.
pub(super) struct Kind<T: 'static> {
    /// Completes "must be …".
    pub expects: &'static str,
    pub read: fn(&Raw<'_>) -> Result<T, Wrong>,
    pub secret: bool,
    pub keeps_empty: bool,
}

/// Why a value could not be read.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is not what the kind expects.
    Shape,
    /// It is, but this would be right.
    Because(String),
}

impl<T> Kind<T> {
    pub const fn new(expects: &'static str, read: fn(&Raw<'_>) -> Result<T, Wrong>) -> Self {
        Self { expects, read, secret: false, keeps_empty: false }
    }

    /// The value is never shown.
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// An empty value is a value.
    pub const fn keeping_empty(self) -> Self {
        Self { keeps_empty: true, ..self }
    }
}

pub(super) const SWITCH: Kind<bool> = Kind::new("true or false", switch);
pub(super) const OPTIONAL_SWITCH: Kind<Option<bool>> =
    Kind::new("true, false or null", |raw| optional(raw, switch));
pub(super) const TEXT: Kind<String> = Kind::new("one line of text", text);
pub(super) const OPTIONAL_TEXT: Kind<Option<String>> = Kind::new("one line of text, or null", optional_text);
/// Text where "" says something else than nothing at all.
pub(super) const TEXT_MAYBE_EMPTY: Kind<Option<String>> =
    Kind::new("one line of text, or null", |raw| optional(raw, text)).keeping_empty();
pub(super) const LIST: Kind<Vec<String>> = Kind::new("a list of text", list);
pub(super) const SECONDS: Kind<Duration> = Kind::new("a number of seconds, 0 or more", seconds);
pub(super) const SOME_SECONDS: Kind<Duration> = Kind::new("a number of seconds, more than 0", some_seconds);
pub(super) const OPTIONAL_SECONDS: Kind<Option<Duration>> =
    Kind::new("a number of seconds, 0 or more, or null", |raw| optional(raw, seconds));
pub(super) const OPTIONAL_SOME_SECONDS: Kind<Option<Duration>> =
    Kind::new("a number of seconds, more than 0, or null", |raw| optional(raw, some_seconds));
pub(super) const DAYS: Kind<f64> = Kind::new("a number of days, 0 or more", days);
pub(super) const OPTIONAL_COUNT: Kind<Option<u32>> =
    Kind::new("a whole number, 0 or more, or null", |raw| optional(raw, whole::<_, 0, { u32::MAX as u64 }>));
pub(super) const ATTEMPTS: Kind<u32> =
    Kind::new("a whole number, 1 or more", whole::<_, 1, { u32::MAX as u64 }>);
pub(super) const OPTIONAL_LIMIT: Kind<Option<u32>> =
    Kind::new("a whole number, 1 or more, or null", |raw| optional(raw, whole::<_, 1, { u32::MAX as u64 }>));
pub(super) const LENGTH: Kind<usize> =
    Kind::new("a whole number, 0 or more", whole::<_, 0, { u32::MAX as u64 }>);
pub(super) const OPTIONAL_LENGTH: Kind<Option<usize>> =
    Kind::new("a whole number, 0 or more, or null", |raw| optional(raw, whole::<_, 0, { u32::MAX as u64 }>));
pub(super) const TIMES: Kind<u32> = Kind::new("true (2 times), false (never) or a number of times", times);
pub(super) const OPTIONAL_CODE: Kind<Option<Secret>> =
    Kind::new("one line of text, or null", |raw| Ok(optional_text(raw)?.map(Secret::new))).secret();
pub(super) const SECRET: Kind<Option<Secret>> =
    Kind::new("text of at least 32 characters, such as `openssl rand -base64 48` prints", secret_key)
        .secret();

/// One secret, or a document of several lines that holds one.
pub(super) const PEM_OR_SECRET: Kind<Option<Secret>> =
    Kind::new("a private key in PEM form, or text of at least 32 characters", pem_or_secret).secret();
pub(super) const HEADER_SCHEME: Kind<String> = Kind::new("one word, such as Bearer", |raw| {
    let word = text(raw)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { Ok(word) } else { Err(Wrong::Shape) }
});
/// The version or alias that it ends with makes what runs a decision of a deployment.
pub(super) const QUALIFIED_FUNCTION_ARN: Kind<Option<String>> = Kind::new(
    "the ARN of a Lambda function with its version or alias, such as \
     arn:aws:lambda:eu-west-1:123456789012:function:hook:live, or null",
    |raw| {
        let Some(arn) = optional_text(raw)? else { return Ok(None) };
        let is_plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", name, qualifier]
                if [partition, region, account, name, qualifier].into_iter().all(|part| is_plain(part)) =>
            {
                Ok(Some(arn))
            }
            _ => Err(Wrong::Shape),
        }
    },
);
/// `null` is none.
pub(super) fn optional<T>(raw: &Raw<'_>, read: fn(&Raw<'_>) -> Result<T, Wrong>) -> Result<Option<T>, Wrong> {
    if raw.json == Some(Value::Null) { Ok(None) } else { read(raw).map(Some) }
}

pub(super) fn switch(raw: &Raw<'_>) -> Result<bool, Wrong> {
    // Python's own spelling is what settings files have.
    match raw.text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Wrong::Shape),
    }
}

/// The text as it is, or the content of a JSON string.
pub(super) fn text(raw: &Raw<'_>) -> Result<String, Wrong> {
    let text = match &raw.json {
        Some(Value::String(text)) => text,
        Some(Value::Null) => return Err(Wrong::Shape),
        _ => raw.text,
    };
    if text.chars().any(char::is_control) { Err(Wrong::Shape) } else { Ok(text.to_owned()) }
}

fn optional_text(raw: &Raw<'_>) -> Result<Option<String>, Wrong> {
    Ok(optional(raw, text)?.filter(|text| !text.trim().is_empty()))
}

/// A JSON list of strings, or text between commas.
pub(super) fn list(raw: &Raw<'_>) -> Result<Vec<String>, Wrong> {
    match &raw.json {
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(Wrong::Shape)).collect()
        }
        Some(Value::Object(_) | Value::Null) => Err(Wrong::Shape),
        _ => Ok(text(raw)?
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()),
    }
}

pub(super) fn seconds(raw: &Raw<'_>) -> Result<Duration, Wrong> {
    let seconds = number(raw)?;
    if seconds > LONGEST {
        return Err(Wrong::Because("must be at most 3153600000 seconds, a hundred years".to_owned()));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| Wrong::Shape)
}

fn some_seconds(raw: &Raw<'_>) -> Result<Duration, Wrong> {
    seconds(raw).and_then(|length| if length.is_zero() { Err(Wrong::Shape) } else { Ok(length) })
}

fn days(raw: &Raw<'_>) -> Result<f64, Wrong> {
    let days = number(raw)?;
    if days * 86400.0 > LONGEST {
        return Err(Wrong::Because("must be at most 36500 days, a hundred years".to_owned()));
    }
    if days < 0.0 { Err(Wrong::Shape) } else { Ok(days) }
}

fn number(raw: &Raw<'_>) -> Result<f64, Wrong> {
    match &raw.json {
        Some(Value::Number(number)) => {
            number.as_f64().filter(|number| number.is_finite()).ok_or(Wrong::Shape)
        }
        _ => Err(Wrong::Shape),
    }
}

/// A whole number between two bounds.
pub(super) fn whole<T: TryFrom<u64>, const LEAST: u64, const MOST: u64>(raw: &Raw<'_>) -> Result<T, Wrong> {
    let number = raw.json.as_ref().and_then(Value::as_u64).filter(|number| (LEAST..=MOST).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or(Wrong::Shape)
}

fn times(raw: &Raw<'_>) -> Result<u32, Wrong> {
    match switch(raw) {
        // allauth: being able to at all means twice.  1 and 0 are numbers here.
        Ok(on) if raw.json != Some(1.into()) => Ok(if on { 2 } else { 0 }),
        _ => whole::<_, 0, { u32::MAX as u64 }>(raw),
    }
}

fn pem_or_secret(raw: &Raw<'_>) -> Result<Option<Secret>, Wrong> {
    let text = match &raw.json {
        Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        _ => raw.text,
    };
    if text.chars().count() < LEAST_SECRET { Err(Wrong::Shape) } else { Ok(Some(Secret::new(text))) }
}

/// `SECRET_KEY_FALLBACKS`, of which there may be so many.
pub const MOST_FALLBACKS: usize = 5;
pub(super) const SECRETS: Kind<Vec<Secret>> =
    Kind::new("a list of at most five texts of at least 32 characters", secret_keys).secret();

fn secret_keys(raw: &Raw<'_>) -> Result<Vec<Secret>, Wrong> {
    let keys = list(raw)?;
    let is_right = keys.len() <= MOST_FALLBACKS && keys.iter().all(|key| key.chars().count() >= LEAST_SECRET);
    if is_right { Ok(keys.into_iter().map(Secret::new).collect()) } else { Err(Wrong::Shape) }
}

/// The fewest characters of a secret.
pub const LEAST_SECRET: usize = 32;

fn secret_key(raw: &Raw<'_>) -> Result<Option<Secret>, Wrong> {
    let Some(text) = optional(raw, text)? else { return Ok(None) };
    if text.chars().count() < LEAST_SECRET { Err(Wrong::Shape) } else { Ok(Some(Secret::new(text))) }
}
