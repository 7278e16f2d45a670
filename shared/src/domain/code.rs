//! One-time codes, sent by mail or text message and typed in by users (cf. RFC 8628, section 6.1).
//!
//! How long a code lives, and how often it may be tried, is decided by the flow that asked for it.

use serde::{Deserialize, Serialize};

/// Consonants only, so that no word comes out; RFC 8628 recommends these twenty.
const LETTERS: &str = "BCDFGHJKLMNPQRSTVWXZ";
const DIGITS: &str = "0123456789";

/// The format of codes: `ALLAUTH_USER_CODE_FORMAT` and the settings that override it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFormat {
    /// The number of characters, without dashes; 8, or 9 of digits, if none is given.
    pub length: Option<usize>,
    /// Whether the code is made of digits instead of letters.
    pub numeric: bool,
    /// Whether dashes divide it into two, or three from 9 characters on.
    pub dashed: bool,
    /// The characters to choose from, whatever `numeric` says.
    pub allowed_chars: Option<String>,
}

impl Default for CodeFormat {
    fn default() -> Self {
        Self { length: None, numeric: false, dashed: true, allowed_chars: None }
    }
}

/// A keyed hash of a code, as [`crate::signing::Keys::code_hash`] makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeHash(pub String);

/// A new code. `random` draws a number below the one it is given, each equally often.
pub fn generate(format: &CodeFormat, random: &mut dyn FnMut(usize) -> usize) -> String {
    let standard = if format.numeric { DIGITS } else { LETTERS };
    let allowed = format.allowed_chars.as_deref().filter(|chars| !chars.is_empty()).unwrap_or(standard);
    let allowed: Vec<char> = allowed.chars().collect();
    let length = format.length.unwrap_or(if format.numeric { 9 } else { 8 });
    let code: Vec<char> = (0..length).filter_map(|_| allowed.get(random(allowed.len())).copied()).collect();
    if !format.dashed {
        return code.into_iter().collect();
    }
    let parts = if length <= 8 { 2 } else { 3 };
    let chunks = code.chunks(length.div_ceil(parts).max(1));
    chunks.map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The normal form of a typed code: neither case, nor ASCII punctuation, nor ASCII white space.
///
/// Codes are compared, hashed and kept in this form. An empty one matches nothing.
pub fn normalise(code: &str) -> String {
    let counts =
        |c: &char| !c.is_ascii_punctuation() && !matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    code.chars().filter(counts).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Deserialize)]
    struct Format {
        length: Option<usize>,
        #[serde(default)]
        numeric: bool,
        dashed: Option<bool>,
        allowed_chars: Option<String>,
    }

    #[test]
    fn generated_as_in_the_reference() {
        let rows: Vec<(Format, String)> =
            serde_json::from_str(include_str!("../../testdata/codes.json")).unwrap();
        for (row, expected) in rows {
            let format = CodeFormat {
                length: row.length,
                numeric: row.numeric,
                dashed: row.dashed.unwrap_or(true),
                allowed_chars: row.allowed_chars,
            };
            let mut draws = 0;
            let mut random = |below: usize| {
                draws += 7;
                (draws - 7) % below
            };
            assert_eq!(generate(&format, &mut random), expected, "{format:?}");
        }
    }

    #[test]
    fn typed_in_as_in_the_reference() {
        let rows: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../testdata/typed_codes.json")).unwrap();
        for (typed, expected) in rows {
            assert_eq!(normalise(&typed), expected, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(
            length in proptest::option::of(0_usize..40), numeric: bool, dashed: bool,
            allowed_chars in any::<Option<String>>(), drawn: usize, typed: String,
        ) {
            let format = CodeFormat { length, numeric, dashed, allowed_chars };
            generate(&format, &mut |below| drawn % below);
            normalise(&typed);
        }
    }
}
