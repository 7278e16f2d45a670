//! Protection against pre-hijacking: the first proof of an email address or phone number makes an account its owner's.
//!
//! Anybody can sign up with an email address that is not theirs, and prepare the account for the holder of the mailbox:
//! with a password, a connected service, a number, a session that stays open. Once the owner proves the address by
//! something else than that sign-up's own link or code, nothing of it may lead in any more.

use super::connect;
use super::stages::verify_email;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::message::{Event, Recipient, Removed};
use crate::settings::Settings;

/// Whether a password reset or a login code for this email address or phone number reaches the account.
pub(crate) fn reaches(settings: &Settings, account: &Account, address: &Recipient) -> bool {
    account.standing(address).is_some_and(|standing| standing.reaches(settings.asks_to_verify(address)))
}

/// Strips an account of all that was prepared in it before the first proof, which this email address or phone number is
/// about, and mails its owner what that was. An account that has verified anything is its owner's already, and stays as it
/// is.
///
/// Authenticators go only where verification is mandatory: they could not have been set up honestly before it.
/// Elsewhere they stay and are asked for, as a mailbox alone must not get past a second factor.
pub(super) fn strip_unproven(visit: &mut Visit<'_>, id: &AccountId, proved: &Recipient) -> Decision<()> {
    if visit.account(id)?.ok_or(Stop::Conflict)?.is_proven() {
        return Ok(());
    }
    let settings = visit.settings();
    let keeps_authenticators =
        [false, true].into_iter().any(|social| !verify_email::is_mandatory(settings, social));
    let now = visit.now;
    let account = visit.account_mut(id)?;
    let mut removed = account.strip(proved, keeps_authenticators);
    account.stripped_at = Some(now);
    let account = account.clone();
    if visit.user().is_some_and(|user| user.id == *id) {
        // Whoever gives the proof stays logged in; but what is under way in the session is about the account as it was.
        visit.stay_logged_in(&account);
        let session = visit.session_mut();
        (session.email_verification, session.phone_change) = (None, None);
        (session.totp_secret, session.key_challenge) = (None, None);
    }
    for one in &mut removed {
        if let Removed::Provider { provider } = one {
            *provider = connect::provider_name(settings, provider);
        }
    }
    if let (false, Some(email)) = (removed.is_empty(), proved.email()) {
        visit.notify_always(&account, Event::AccountStripped { removed }, Some(email));
    }
    Ok(())
}
