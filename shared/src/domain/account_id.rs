//! Account ids.

use serde::{Deserialize, Serialize};

/// The id of an account. Generated ids are UUIDs of version 7; imported accounts keep theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// Longest identifier of an imported account, in bytes: authenticators take no longer user handle (WebAuthn, section
    /// 5.4.3).
    pub const MAX_LENGTH: usize = 64;

    /// From its text: 1 to 64 characters out of letters, digits, `-` and `_`, so that it can be part of
    /// a session token.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// As a number, if it is a whole number as JSON and JavaScript write it.
    pub fn as_integer(&self) -> Option<i64> {
        let number = self.0.parse().ok().filter(|number| (1..=LARGEST).contains(number))?;
        (number.to_string() == self.0).then_some(number)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What JavaScript reads without a loss.
const LARGEST: i64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_digits_is_a_number_if_it_reads_as_one() {
        let number = |text: &str| AccountId::parse(text).unwrap().as_integer();
        assert_eq!((number("42"), number("9007199254740991")), (Some(42), Some(9_007_199_254_740_991)));
        for text in ["0", "042", "-1", "4_2", "9007199254740992", "99999999999999999999", "1e3", "a"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn identifiers_fit_into_a_token() {
        assert!(AccountId::parse("42").is_some());
        for bad in ["", "a.b", "a b", "ä", "a#b", &"x".repeat(65)] {
            assert!(AccountId::parse(bad).is_none(), "{bad}");
        }
    }
}
