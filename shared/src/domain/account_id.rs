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

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fit_into_a_token() {
        assert!(AccountId::parse("42").is_some());
        for bad in ["", "a.b", "a b", "ä", "a#b", &"x".repeat(65)] {
            assert!(AccountId::parse(bad).is_none(), "{bad}");
        }
    }
}
