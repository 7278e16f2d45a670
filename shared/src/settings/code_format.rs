//! What codes look like that people type in.

use serde_json::Value;

use super::kind::{Kind, Raw, Wrong};

pub use crate::domain::code::CodeFormat;

/// Fewer characters could be guessed within the attempts that are allowed.
const SHORTEST: u64 = 4;
const LONGEST: u64 = 64;

pub(super) const CODE_FORMAT: Kind<CodeFormat> = Kind::new(
    "an object such as {\"length\": 6, \"numeric\": true, \"dashed\": false, \"allowed_chars\": \"BCDF\"}, \
     each key optional",
    code_format,
);

fn code_format(raw: &Raw<'_>) -> Result<CodeFormat, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    let mut format = CodeFormat { length: None, numeric: false, dashed: true, allowed_chars: None };
    for (key, value) in given {
        match (key.as_str(), value) {
            ("length" | "allowed_chars", Value::Null) => {}
            ("length", Value::Number(number)) => format.length = Some(length(number)?),
            ("numeric", Value::Bool(numeric)) => format.numeric = *numeric,
            ("dashed", Value::Bool(dashed)) => format.dashed = *dashed,
            ("allowed_chars", Value::String(characters)) => {
                format.allowed_chars = Some(allowed_characters(characters)?);
            }
            _ => return Err(Wrong::Shape),
        }
    }
    Ok(format)
}

fn length(number: &serde_json::Number) -> Result<usize, Wrong> {
    let length = number.as_u64().filter(|length| (SHORTEST..=LONGEST).contains(length));
    length
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| Wrong::Because(format!("must have a \"length\" between {SHORTEST} and {LONGEST}")))
}

/// Codes are compared without case, punctuation and blanks, so only letters and digits tell them apart.
fn allowed_characters(characters: &str) -> Result<String, Wrong> {
    let mut distinct: Vec<char> = characters.to_ascii_lowercase().chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() >= 2 && distinct.iter().all(char::is_ascii_alphanumeric) {
        Ok(characters.to_owned())
    } else {
        Err(Wrong::Because(
            "must have \"allowed_chars\" of two or more different ASCII letters or digits".to_owned(),
        ))
    }
}
