//! Invitations, at a sign-up: who has the key of one has received its mail.

use super::visit::{Decision, Visit};
use crate::domain::account::Account;
use crate::domain::invitation::{Invitation, InvitationKey};

/// The invitation of a key; none if the key is wrong or used, or the invitation void or revoked.
pub fn find(visit: &Visit<'_>, key: &str) -> Decision<Option<Invitation>> {
    let Some(key) = InvitationKey::parse(key) else { return Ok(None) };
    let invitation = visit.invitation(&key.id)?;
    Ok(invitation.filter(|invitation| invitation.accepts(&key, visit.now)).cloned())
}

/// Gives a new account what its invitation has for it: fields, and who invited.
pub(super) fn give(account: &mut Account, invitation: &Invitation) {
    account.profile.extend(invitation.profile.clone());
    account.invited = invitation.made().cloned();
}
