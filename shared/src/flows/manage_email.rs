//! Management of an account's email addresses.

use super::hook;
use super::reauthenticate;
use super::signup;
use super::stages::verify_email;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::{Account, MOST_ADDRESSES, MOST_UNPROVEN_ADDRESSES};
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::email::EmailAddress;
use crate::domain::means::Means;
use crate::domain::message::{Event, Recipient};
use crate::domain::refusal::FieldErrorKind;
use crate::settings::LoginMethod;

/// An email address of the account, as named by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// One that the account has.
    Known(EmailAddress),
    /// One that is being verified by code, and not the account's yet.
    Pending(Challenge),
}

/// The email addresses of an account, followed by one with a pending verification by code.
pub fn list(visit: &mut Visit<'_>, account: &AccountId) -> Decision<Vec<EmailAddress>> {
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    let mut addresses = account.emails.clone();
    if let Some(email) =
        pending(visit, &account.id).and_then(|challenge| challenge.email().map(str::to_owned))
    {
        let unknown = EmailAddress::new(email.clone());
        addresses.push(account.address(&email).cloned().unwrap_or(unknown));
    }
    Ok(addresses)
}

fn pending(visit: &mut Visit<'_>, account: &AccountId) -> Option<Challenge> {
    let challenge = verify_email::awaited(visit).ok()?;
    (visit.user().is_some() && challenge.account.as_ref() == Some(account)).then_some(challenge)
}

/// Whether an account may add an email address.
pub fn check_new(visit: &Visit<'_>, account: &Account, email: &str) -> Decision<Result<(), FieldErrorKind>> {
    let settings = &visit.settings().account;
    let owners = visit.owners(&Recipient::Email(email.to_owned()))?;
    if owners.owners.iter().any(|owner| owner.account == account.id) {
        return Ok(Err(FieldErrorKind::DuplicateEmail));
    }
    if owners.is_taken(None) && settings.unique_email && !settings.prevent_enumeration.is_on() {
        return Ok(Err(FieldErrorKind::EmailTaken));
    }
    let possible = if account.is_proven() { MOST_ADDRESSES } else { MOST_UNPROVEN_ADDRESSES };
    let most = settings.max_email_addresses.unwrap_or(possible).min(possible);
    // An address to change to replaces one that is not verified yet, and all others once it is.
    let replaced = usize::from(account.emails.iter().any(|address| !address.verified));
    let full = if settings.change_email {
        account.emails.len() - replaced >= MOST_ADDRESSES as usize
    } else {
        account.emails.len() >= most as usize
    };
    if full {
        return Ok(Err(FieldErrorKind::MaxEmailAddresses(most)));
    }
    // By link it would be the account's before it is verified; then no second factor could be added
    // (`MFA_ALLOW_UNVERIFIED_EMAIL`), and so none may be there.
    let blocked = visit.settings().apps.mfa
        && !account.authenticators.is_empty()
        && !visit.settings().mfa.allow_unverified_email
        && !settings.email_verification_by_code_enabled;
    Ok(if blocked { Err(FieldErrorKind::AddEmailBlocked) } else { Ok(()) })
}

/// Adds an email address, and sends its verification; with verification by code, it is added once verified.
pub fn add(visit: &mut Visit<'_>, account: &AccountId, email: &str) -> Decision<()> {
    reauthenticate::require(visit)?;
    let settings = &visit.settings().account;
    if !settings.email_verification_by_code_enabled {
        let before = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
        if settings.change_email {
            replace_unverified(visit, account, email)?;
        } else {
            visit.account_mut(account)?.add_address(email);
        }
        visit.announce(&before, &Event::EmailAdded { email: email.to_owned() }, None);
        reauthenticate::note(visit, account, Means::Email(email.to_owned()))?;
    }
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    verify_email::send(visit, &account, email, false)
}

/// Puts an address in the place of the one that was to be verified before.
fn replace_unverified(visit: &mut Visit<'_>, account: &AccountId, email: &str) -> Decision<()> {
    let account = visit.account_mut(account)?;
    let latest =
        account.emails.iter().rfind(|address| !address.verified).map(|address| address.email.clone());
    if let Some(latest) = latest {
        account.remove_address(&latest);
    }
    account.add_address(email);
    Ok(())
}

/// Whether the email address of a pending sign-up may be changed (`ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE`).
pub fn correctable(visit: &mut Visit<'_>) -> Decision<(Account, Challenge)> {
    let challenge = verify_email::awaited(visit)?;
    let account = visit.account_of(&challenge)?.ok_or(Stop::Conflict)?.clone();
    let most = visit.settings().account.email_verification_max_change_count;
    if challenge.change_count >= most || account.has_logged_in() {
        return Err(Stop::Conflict);
    }
    Ok((account, challenge))
}

/// Whether the email address can be changed to this one; a taken one is not disclosed.
pub fn check_correction(
    visit: &Visit<'_>,
    challenge: &Challenge,
    email: &str,
) -> Decision<Result<bool, FieldErrorKind>> {
    if challenge.email() == Some(email) {
        return Ok(Err(FieldErrorKind::SameAsCurrent));
    }
    if !visit.settings().account.signup_domains.has(email) {
        return Ok(Err(FieldErrorKind::EmailDomainNotAllowed));
    }
    Ok(match signup::is_free(visit, email)? {
        Some(true) => Ok(true),
        Some(false) => Err(FieldErrorKind::EmailTaken),
        None => Ok(false),
    })
}

/// Changes the email address of a pending sign-up, and sends a code there. With a taken one the account becomes a
/// draft again: other clients find the same as with one that is free.
pub fn correct(visit: &mut Visit<'_>, mut challenge: Challenge, email: &str, is_free: bool) -> Decision<()> {
    let id = challenge.account.clone().ok_or(Stop::Conflict)?;
    hook::before_correction(visit, &id, &Recipient::Email(email.to_owned()))?;
    challenge.already_exists = !is_free;
    challenge.change_count += 1;
    challenge.to = Recipient::Email(email.to_owned());
    verify_email::send_code(visit, &mut challenge, false)?;
    replace_unverified(visit, &id, email)?;
    let account = visit.account_mut(&id)?;
    (account.email, account.signup_email) = (Some(email.to_owned()), Some(email.to_owned()));
    signup::settle(visit, &id)?;
    visit.session_mut().email_verification = Some(challenge);
    Ok(())
}

/// The named email address, if the account has it.
pub fn choose(visit: &mut Visit<'_>, account: &Account, email: &str) -> Result<Chosen, FieldErrorKind> {
    if let Some(address) = account.address(email) {
        return Ok(Chosen::Known(address.clone()));
    }
    let challenge = pending(visit, &account.id);
    let named = challenge.filter(|challenge| challenge.email() == Some(email));
    named.map(Chosen::Pending).ok_or(FieldErrorKind::UnknownEmailOfUser)
}

/// Whether an email address can be removed: not the primary one while there are others, nor the last one where people
/// log in by email only.
pub fn check_removal(visit: &Visit<'_>, account: &Account, chosen: &Chosen) -> Result<(), FieldErrorKind> {
    let Chosen::Known(address) = chosen else { return Ok(()) };
    let has_other = account.emails.len() > 1;
    let by_email = visit.settings().account.login_methods.only() == Some(LoginMethod::Email);
    let dangling = !has_other && by_email;
    if (address.primary && has_other) || dangling {
        Err(FieldErrorKind::CannotRemovePrimaryEmail)
    } else {
        Ok(())
    }
}

/// Removes an email address, or aborts its verification.
pub fn remove(visit: &mut Visit<'_>, account: &AccountId, chosen: &Chosen) -> Decision<()> {
    let Chosen::Known(address) = chosen else {
        visit.session_mut().email_verification = None;
        return Ok(());
    };
    reauthenticate::require(visit)?;
    let account = visit.account_mut(account)?;
    account.remove_address(&address.email);
    let account = account.clone();
    visit.notify(&account, Event::EmailDeleted { email: address.email.clone() }, None);
    Ok(())
}

/// Whether an email address can become primary: a verified one, or any while none is verified.
pub fn check_primary(account: &Account, chosen: &Chosen) -> Result<(), FieldErrorKind> {
    match chosen {
        Chosen::Known(address) if address.verified || !account.has_verified(None) => Ok(()),
        Chosen::Known(_) | Chosen::Pending(_) => Err(FieldErrorKind::UnverifiedPrimaryEmail),
    }
}

/// Sets the primary email address, with a notification to the old one.
pub fn make_primary(visit: &mut Visit<'_>, account: &AccountId, email: &str) -> Decision<()> {
    reauthenticate::require(visit)?;
    let account = visit.account_mut(account)?;
    let from = account.emails.iter().find(|address| address.primary).map(|address| address.email.clone());
    account.make_primary(email);
    let account = account.clone();
    if let Some(from) = from {
        let event = Event::EmailChanged { from: from.clone(), to: email.to_owned() };
        visit.notify(&account, event, Some(&from));
    }
    Ok(())
}

/// Resends the verification of an email address; false if that is not allowed now.
pub fn resend(visit: &mut Visit<'_>, account: &Account, chosen: Chosen) -> Decision<bool> {
    match chosen {
        Chosen::Known(address) => {
            let before = visit.letter_count();
            verify_email::send(visit, account, &address.email, false)?;
            Ok(visit.letter_count() > before)
        }
        Chosen::Pending(_) => match verify_email::resend(visit) {
            Ok(()) => Ok(true),
            Err(Stop::RateLimited | Stop::Conflict) => Ok(false),
            Err(stop) => Err(stop),
        },
    }
}
