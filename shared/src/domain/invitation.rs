//! Invitations to sign up: who has one, and the key that proves it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::document::UnknownMembers;
use super::profile::ProfileValues;
use super::time::Timestamp;
use crate::secret::Secret;

/// The length of a hash, and of a secret of 256 bits, in base64url.
const LENGTH: usize = 43;

/// An invitation, of which there is one for an email address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The invited email address, in canonical form.
    pub email: String,
    /// SHA-256 of the key's secret, in base64url: the secret is in the mail, and nowhere in the table.
    pub key_hash: String,
    /// Who invited, as the operator said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<String>,
    /// Fields of the account, as the operator said.
    #[serde(default, skip_serializing_if = "ProfileValues::is_empty")]
    pub profile: ProfileValues,
    /// From when on it is void.
    pub valid_until: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// The key of an invitation: it names the invitation, and proves that its mail was received.
#[derive(Clone, Debug)]
pub struct InvitationKey {
    /// What the table knows the invitation by ([`invitation_id`]).
    pub id: String,
    secret: Secret,
}

/// What the table knows the invitation of an email address, in canonical form, by.
pub fn invitation_id(email: &str) -> String {
    hash(email)
}

/// A fast hash is enough: a secret can't be guessed.
fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

impl InvitationKey {
    /// A key for an email address, with a random secret of 256 bits in base64url.
    pub fn new(email: &str, secret: String) -> Self {
        Self { id: invitation_id(email), secret: Secret::new(secret) }
    }

    /// The key of this text, if it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        let is_part = |part: &str| {
            part.len() == LENGTH
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        (is_part(id) && is_part(secret)).then(|| Self { id: id.to_owned(), secret: Secret::new(secret) })
    }

    /// As it is sent.
    pub fn text(&self) -> Secret {
        Secret::new(format!("{}.{}", self.id, self.secret.expose()))
    }
}

impl Invitation {
    /// How long it lasts.
    pub const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// An invitation of an email address, in canonical form, from now on.
    pub fn new(email: &str, key: &InvitationKey, now: Timestamp) -> Self {
        Self {
            email: email.to_owned(),
            key_hash: hash(key.secret.expose()),
            invited_by: None,
            profile: ProfileValues::new(),
            valid_until: now.plus(Self::VALIDITY),
            unknown: UnknownMembers::NONE,
        }
    }

    /// Whether this is its key, and it is not void yet.
    pub fn accepts(&self, key: &InvitationKey, now: Timestamp) -> bool {
        let is_key = self.key_hash.as_bytes().ct_eq(hash(key.secret.expose()).as_bytes());
        bool::from(is_key) && self.valid_until > now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_key_opens_its_invitation_for_seven_days() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let random = Random::system();
        let key = InvitationKey::new("ann@example.com", random.secret());
        let invitation = Invitation::new("ann@example.com", &key, now);
        let parsed = InvitationKey::parse(key.text().expose()).unwrap();
        assert_eq!(parsed.id, invitation_id("ann@example.com"));
        assert!(invitation.accepts(&parsed, now));
        let last = now.plus(Invitation::VALIDITY);
        assert!(!invitation.accepts(&parsed, last), "it is void from then on");
        let other = InvitationKey::new("ann@example.com", random.secret());
        assert!(!invitation.accepts(&other, now));
        assert!(!format!("{key:?}{invitation:?}").contains(key.secret.expose()));
    }

    #[test]
    fn what_is_no_key_is_not_looked_up() {
        let part = "A".repeat(LENGTH);
        assert!(InvitationKey::parse(&format!("{part}.{part}")).is_some());
        for text in [String::new(), part.clone(), format!("{part}.{part}A"), format!("{part}.{part}.{part}")]
        {
            assert!(InvitationKey::parse(&text).is_none(), "{text}");
        }
        assert!(InvitationKey::parse(&format!("{}#.{part}", "A".repeat(LENGTH - 1))).is_none());
    }
}
