//! Phone numbers, in E.164 form: `+`, the country's code, the number.

use serde::{Deserialize, Serialize};

use super::document::UnknownMembers;

/// The phone number of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// In E.164 form, such as `+31612345678`.
    pub number: String,
    /// Whether it is verified.
    pub verified: bool,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Phone {
    /// A number, and whether it is verified.
    pub const fn new(number: String, verified: bool) -> Self {
        Self { number, verified, unknown: UnknownMembers::NONE }
    }
}

/// Whether this is a phone number in E.164 form: `+` and 6 to 15 digits, the first not zero.
///
/// As in allauth's `PhoneField`, spaces and dashes are not allowed. allauth lets digits of any script through, which no
/// gateway delivers to and which would be a second spelling of one number; these are refused here.
pub fn validate(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (6..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_digits_unlike_the_reference() {
        assert!(validate("+12345678"));
        for number in ["+1\u{662}345678", "+１２３４５６", "+12 345678", "+12-345678", " +12345678"] {
            assert!(!validate(number), "{number:?}");
        }
    }
}
