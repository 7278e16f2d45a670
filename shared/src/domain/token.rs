//! Session tokens: the cookie of browsers, `X-Session-Token` of apps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::account_id::AccountId;
use crate::secret::Secret;

/// `<account id>.<secret>` once an account is involved, `<secret>` before; the secret is 256 random bits in
/// base64url. Naming the account lets session and account be read in one round trip.
#[derive(Clone, Debug)]
pub struct SessionToken {
    account: Option<AccountId>,
    secret: Secret,
}

/// The key of a session in the table: the account named by its token, and a hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The account that the token names.
    pub account: Option<AccountId>,
    /// SHA-256 of the secret, in base64url. A fast hash is enough, as the secret can't be guessed.
    pub hash: String,
}

impl SessionToken {
    /// A new token.
    pub const fn new(account: Option<AccountId>, secret: Secret) -> Self {
        Self { account, secret }
    }

    /// Parses a token; none if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, secret) = match text.split_once('.') {
            Some((account, secret)) => (Some(AccountId::parse(account)?), secret),
            None => (None, text),
        };
        is_32_bytes(secret).then(|| Self::new(account, Secret::new(secret)))
    }

    /// The text of the token, a secret.
    pub fn text(&self) -> String {
        match &self.account {
            Some(account) => format!("{}.{}", account.as_str(), self.secret.expose()),
            None => self.secret.expose().to_owned(),
        }
    }

    /// The account it names.
    pub const fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// Its key in the table.
    pub fn key(&self) -> SessionKey {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret.expose()));
        SessionKey { account: self.account.clone(), hash }
    }
}

impl SessionKey {
    /// From an account and a hash; none when they can't be ours.
    pub fn parse(account: &str, hash: &str) -> Option<Self> {
        let account = AccountId::parse(account)?;
        is_32_bytes(hash).then(|| Self { account: Some(account), hash: hash.to_owned() })
    }
}

/// Whether this may be 32 bytes in base64url.
fn is_32_bytes(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_read_back() {
        let secret = "x".repeat(43);
        let longest = "a".repeat(AccountId::MAX_LENGTH);
        for text in [secret.clone(), format!("0198-c0de.{secret}"), format!("{longest}.{secret}")] {
            assert_eq!(SessionToken::parse(&text).unwrap().text(), text);
        }
    }

    #[test]
    fn debugging_shows_no_secret() {
        let token = SessionToken::parse(&"x".repeat(43)).unwrap();
        assert!(!format!("{token:?}").contains("xxx"));
    }

    proptest! {
        #[test]
        fn anything_can_be_sent(text in ".*") {
            if let Some(token) = SessionToken::parse(&text) {
                prop_assert_eq!(token.text(), text);
            }
        }
    }
}
