//! A row of a dump: an object of a Django model, as `manage.py dumpdata` writes it.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vestibule::domain::text::quoted;
use vestibule::domain::time::Timestamp;

/// An object of a model.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    /// The model, such as `auth.user`.
    pub(super) model: String,
    /// The primary key; null in a dump with `--natural-primary`.
    #[serde(default)]
    pub(super) pk: Value,
    /// The columns.
    pub(super) fields: Map<String, Value>,
}

/// What cannot be imported, or not as it is: where it stands in the dump, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The model, one of those that are read.
    pub model: String,
    /// The primary key.
    pub pk: String,
    /// Why, and what to do about it.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.model, quoted(&self.pk), self.reason)
    }
}

impl Row {
    /// Whether it is of this model, such as `auth.User`.
    pub(super) fn is_of(&self, model: &str) -> bool {
        self.model.eq_ignore_ascii_case(model)
    }

    /// The primary key as text; none if there is none.
    pub(super) fn key(&self) -> Option<String> {
        key(&self.pk)
    }

    /// The primary key that a column holds of another model; none if it is null or no key.
    pub(super) fn reference(&self, column: &str) -> Option<String> {
        key(self.fields.get(column)?)
    }

    /// Text; none if it is null, empty or missing.
    pub(super) fn text(&self, column: &str) -> Result<Option<&str>, Finding> {
        match self.fields.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.finding(format!("{column} is not text"))),
        }
    }

    /// True or false.
    pub(super) fn flag(&self, column: &str, default: bool) -> Result<bool, Finding> {
        match self.fields.get(column) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.finding(format!("{column} is neither true nor false"))),
        }
    }

    /// A time. Without a time zone, as a project with `USE_TZ = False` has it, it is taken for UTC.
    pub(super) fn time(&self, column: &str) -> Result<Option<Timestamp>, Finding> {
        let Some(text) = self.text(column)? else { return Ok(None) };
        let fault = || self.finding(format!("{column} is not a time"));
        timestamp(text).map(Some).ok_or_else(fault)
    }

    /// Something about it.
    pub(super) fn finding(&self, reason: impl Into<String>) -> Finding {
        let pk = self.key().unwrap_or_else(|| "without a primary key".to_owned());
        Finding { model: self.model.clone(), pk, reason: reason.into() }
    }
}

fn key(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let time = parse(text).or_else(|| parse(&format!("{text}Z")))?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &str) -> Row {
        serde_json::from_str(&format!(r#"{{"model": "auth.user", "pk": 7, "fields": {fields}}}"#)).unwrap()
    }

    #[test]
    fn keys_are_whole_numbers_or_text() {
        let of = |json: &str| key(&serde_json::from_str(json).unwrap());
        assert_eq!(of("7").as_deref(), Some("7"));
        assert_eq!(of(r#""0d6fe2c0""#).as_deref(), Some("0d6fe2c0"));
        for none in ["null", "7.5", "true", r#"["ann"]"#, "{}"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn times_are_read_with_and_without_a_time_zone() {
        let of = |text: &str| timestamp(text).map(Timestamp::millis);
        assert_eq!(of("2026-11-29T13:36:34.123Z"), Some(1_795_959_394_123));
        assert_eq!(of("2026-11-29T15:36:34.123+02:00"), Some(1_795_959_394_123));
        assert_eq!(of("2026-11-29T13:36:34"), Some(1_795_959_394_000));
        for wrong in ["", "yesterday", "2026-11-29", "2026-13-29T13:36:34Z"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn columns_of_another_type_are_named() {
        let row =
            row(r#"{"email": 3, "is_active": "yes", "date_joined": "today", "username": null, "phone": ""}"#);
        let reasons = [
            row.text("email").unwrap_err(),
            row.flag("is_active", true).unwrap_err(),
            row.time("date_joined").unwrap_err(),
        ]
        .map(|finding| finding.to_string());
        assert_eq!(
            reasons,
            [
                "auth.user \"7\": email is not text",
                "auth.user \"7\": is_active is neither true nor false",
                "auth.user \"7\": date_joined is not a time"
            ]
        );
        assert_eq!(
            (row.text("username"), row.text("phone"), row.text("other")),
            (Ok(None), Ok(None), Ok(None))
        );
    }
}
