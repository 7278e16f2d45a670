//! Invitations to sign up: who has one, the key that proves it, and what operators have done with it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::document::UnknownMembers;
use super::event::Actor;
use super::profile::ProfileValues;
use super::time::Timestamp;
use crate::secret::Secret;

/// The length of a hash, and of a secret of 256 bits, in base64url.
const LENGTH: usize = 43;

/// How many changes an invitation keeps: the latest.
const MOST_CHANGES: usize = 20;

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
    /// What operators have done with it, and with those of the same email address that it has replaced, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<InvitationChange>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// What an operator has done with an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationChange {
    /// Whether it was revoked, rather than made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// The time.
    pub at: Timestamp,
    /// The operator.
    pub actor: Actor,
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
            changes: Vec::new(),
            unknown: UnknownMembers::NONE,
        }
    }

    /// The same, made by an operator in the place of another one of the same email address.
    #[must_use]
    pub fn made_by(mut self, actor: Actor, before: Option<&Self>, now: Timestamp) -> Self {
        self.changes = before.map(|before| before.changes.clone()).unwrap_or_default();
        self.record(false, actor, now);
        self
    }

    /// The same, revoked by an operator: under a key that nobody has, so that an earlier release accepts it no more either.
    #[must_use]
    pub fn revoked_by(mut self, actor: Actor, nobodys: &InvitationKey, now: Timestamp) -> Self {
        self.key_hash = hash(nobodys.secret.expose());
        self.profile = ProfileValues::new();
        self.record(true, actor, now);
        self
    }

    fn record(&mut self, revoked: bool, actor: Actor, at: Timestamp) {
        self.changes.push(InvitationChange { revoked, at, actor, unknown: UnknownMembers::NONE });
        let excess = self.changes.len().saturating_sub(MOST_CHANGES);
        self.changes.drain(..excess);
    }

    /// Who has made it, and when; nothing is known of it if an earlier release has made it.
    pub fn made(&self) -> Option<&InvitationChange> {
        self.changes.last().filter(|last| !last.revoked)
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.changes.last().is_some_and(|last| last.revoked)
    }

    /// Whether it is neither void nor revoked.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.valid_until > now && !self.is_revoked()
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
        let end = now.millis() + 7 * 86_400_000;
        assert!(invitation.accepts(&parsed, Timestamp::from_millis(end - 1)));
        assert!(!invitation.accepts(&parsed, Timestamp::from_millis(end)), "it is void from then on");
        let other = InvitationKey::new("ann@example.com", random.secret());
        assert!(!invitation.accepts(&other, now));
        assert!(!format!("{key:?}{invitation:?}").contains(key.secret.expose()));
    }

    #[test]
    fn a_revoked_invitation_has_no_key_and_keeps_who_did_what() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let random = Random::system();
        let key = InvitationKey::new("ann@example.com", random.secret());
        let ann = Actor { id: Some("ann".into()), ..Actor::OPERATOR };
        let mut invitation = Invitation::new("ann@example.com", &key, now).made_by(ann.clone(), None, now);
        assert_eq!(invitation.made().map(|made| (&made.actor, made.at)), Some((&ann, now)));
        invitation.profile.insert("role".into(), "editor".into());
        let nobodys = InvitationKey::new("ann@example.com", random.secret());
        let revoked = invitation.clone().revoked_by(Actor::OPERATOR, &nobodys, now);
        assert!(revoked.is_revoked() && !revoked.is_open(now) && revoked.made().is_none());
        assert!(!revoked.accepts(&key, now) && revoked.profile.is_empty());
        let mut next = Some(revoked);
        for number in 0..30 {
            let new = Invitation::new("ann@example.com", &key, now.plus(Duration::from_secs(number)));
            next = Some(new.made_by(ann.clone(), next.as_ref(), now));
            let known = next.as_ref().unwrap();
            assert!(known.accepts(&key, now) && known.is_open(now));
        }
        let kept = next.unwrap().changes;
        assert_eq!(kept.len(), MOST_CHANGES, "the latest");
        let text = serde_json::to_string(&kept[0]).unwrap();
        assert_eq!(text, r#"{"at":1700000000000,"actor":{"kind":"operator","id":"ann"}}"#);
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
