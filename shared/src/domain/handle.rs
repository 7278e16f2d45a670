//! Handles: the unique identifiers of accounts, each of which one account at most has.

use super::username;

/// A unique identifier of an account: of two accounts that add it at once, one fails.
///
/// Email addresses and phone numbers are none. Several accounts can have one as long as it is unverified, so that
/// no owner is kept out by the one who gave it first: those are looked up as [`crate::snapshot::AddressOwners`], and
/// what one account at most has of them is the claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handle {
    /// A username, by its key ([`username::key`]).
    Username(String),
    /// A WebAuthn credential, by its id in base64url.
    Credential(String),
    /// An account at another service.
    Social {
        /// The service, as the API calls it.
        provider: String,
        /// Who it is there.
        uid: String,
    },
}

impl Handle {
    /// A username, however it is spelt; none where no account can have it.
    pub fn username(name: &str) -> Option<Self> {
        username::key(name).map(Self::Username)
    }

    /// A WebAuthn credential, by its id in base64url; none where it is too long for one.
    pub fn credential(id: &str) -> Option<Self> {
        (id.len() <= (MOST_CREDENTIAL_ID_BYTES * 4).div_ceil(3)).then(|| Self::Credential(id.to_owned()))
    }

    /// An account at another service.
    pub fn social(provider: &str, uid: &str) -> Self {
        Self::Social { provider: provider.to_owned(), uid: uid.to_owned() }
    }
}

/// The longest credential id, in bytes (WebAuthn, section 7.1, step 25). It becomes a key of the table.
pub const MOST_CREDENTIAL_ID_BYTES: usize = 1023;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_no_longer_than_what_an_account_can_have() {
        // 1,023 bytes in base64url.
        assert!(Handle::credential(&"A".repeat(1364)).is_some());
        assert_eq!(Handle::credential(&"A".repeat(1365)), None);
        assert_eq!(Handle::username("ANN"), Some(Handle::Username("ann".into())));
        assert_eq!(Handle::username(&"a".repeat(username::MAX_LENGTH + 1)), None);
    }
}
