//! Changes of what gives access to an account. Its owner is mailed whatever the settings.

use super::add::{check_free, check_password, stripped};
use super::decide::{Desk, Judged, account};
use super::outcome::{ChangedUser, OperatorError};
use super::read::{email_argument, id, phone_argument};
use super::request::{
    ChangeEmail, ChangePassword, ChangePhone, DisconnectProvider, EmailChange, EndSessions, PhoneChange,
    ResetMfa, SetSuperuser,
};
use crate::domain::account::{Account, MOST_ADDRESSES, MOST_UNPROVEN_ADDRESSES};
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::Factor;
use crate::domain::email;
use crate::domain::event::EventType;
use crate::domain::message::{AccessChange, Recipient};
use crate::domain::phone::Phone;
use crate::flows::sessions;
use crate::flows::visit::Visit;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::snapshot::Need;

/// Sets or removes the password. All sessions end.
pub(super) async fn password(desk: Desk<'_>, wanted: ChangePassword) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    let password = match (&wanted.password, wanted.clear) {
        (Some(password), false) => Some(stripped(password)?),
        (None, true) => None,
        _ => return Err(OperatorError::Malformed("give either password or clear".to_owned())),
    };
    desk.change(&id, wanted.dry_run, |visit| match &password {
        Some(password) => set_password(visit, &id, password, wanted.any_password),
        None => clear_password(visit, &id),
    })
    .await
}

fn set_password(visit: &mut Visit<'_>, id: &AccountId, password: &Secret, any: bool) -> Judged<()> {
    let before = account(visit, id)?;
    check_password(visit.settings(), password, &before, any)?;
    let hash = visit.context.passwords.hash(password);
    visit.account_mut(id)?.set_password(hash);
    Ok(visit.warn_owner(&before, AccessChange::Password)?)
}

fn clear_password(visit: &mut Visit<'_>, id: &AccountId) -> Judged<()> {
    let before = account(visit, id)?;
    if before.password.is_none() {
        return Ok(());
    }
    let changed = visit.account_mut(id)?;
    changed.password = None;
    changed.end_sessions();
    keep_means(visit, &before)?;
    visit.note_event(id, EventType::SessionsEnded {});
    Ok(())
}

/// Adds, removes or verifies an email address, or makes it the primary one.
pub(super) async fn email(desk: Desk<'_>, wanted: ChangeEmail) -> Result<ChangedUser, OperatorError> {
    let (id, email) = (id(&wanted.id)?, email_argument(&wanted.email)?);
    desk.change(&id, wanted.dry_run, |visit| match wanted.action {
        EmailChange::Add => add_email(visit, &id, &email),
        EmailChange::Remove => remove_email(visit, &id, &email),
        EmailChange::Verify => verify_email(visit, &id, &email),
        EmailChange::Primary => make_primary(visit, &id, &email),
    })
    .await
}

fn add_email(visit: &mut Visit<'_>, id: &AccountId, email: &str) -> Judged<()> {
    let before = account(visit, id)?;
    if before.address(email).is_some() {
        return Ok(());
    }
    let possible = if before.is_proven() { MOST_ADDRESSES } else { MOST_UNPROVEN_ADDRESSES };
    let most = visit.settings().account.max_email_addresses.unwrap_or(possible).min(possible);
    if before.emails.len() >= most as usize {
        let text = format!("the account has {most} email addresses, the maximum: remove one first");
        return Err(OperatorError::Refused(text).into());
    }
    visit.account_mut(id)?.add_address(email);
    Ok(visit.warn_owner(&before, AccessChange::EmailAdded { email: email.to_owned() })?)
}

fn remove_email(visit: &mut Visit<'_>, id: &AccountId, email: &str) -> Judged<()> {
    let before = account(visit, id)?;
    let address = address_of(&before, email)?;
    if address.primary && before.emails.len() > 1 {
        let text = "it is the primary email address: make another one primary first";
        return Err(OperatorError::Refused(text.to_owned()).into());
    }
    visit.account_mut(id)?.remove_address(email);
    keep_means(visit, &before)
}

fn verify_email(visit: &mut Visit<'_>, id: &AccountId, email: &str) -> Judged<()> {
    let before = account(visit, id)?;
    if address_of(&before, email)?.verified {
        return Ok(());
    }
    let address = Recipient::Email(email.to_owned());
    visit.require(vec![Need::Owners(address.clone())])?;
    check_free(visit, id, &address, true)?;
    let replaces = visit.settings().account.change_email;
    visit.account_mut(id)?.verify_address(email, replaces);
    Ok(visit.warn_owner(&before, AccessChange::EmailVerified { email: email.to_owned() })?)
}

fn make_primary(visit: &mut Visit<'_>, id: &AccountId, email: &str) -> Judged<()> {
    let before = account(visit, id)?;
    let address = address_of(&before, email)?;
    if address.primary {
        return Ok(());
    }
    if !address.verified && before.has_verified(None) {
        let text = "it is not verified, and another one is: verify it first";
        return Err(OperatorError::Refused(text.to_owned()).into());
    }
    visit.account_mut(id)?.make_primary(email);
    Ok(visit.warn_owner(&before, AccessChange::EmailPrimary { email: email.to_owned() })?)
}

fn address_of<'a>(account: &'a Account, email: &str) -> Result<&'a email::EmailAddress, OperatorError> {
    let missing = || {
        let text =
            format!("the account does not have the email address {}: add it first", email::shown(email));
        OperatorError::NotFound(text)
    };
    account.address(email).ok_or_else(missing)
}

/// Sets, removes or verifies the phone number.
pub(super) async fn phone(desk: Desk<'_>, wanted: ChangePhone) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    let number = match (wanted.action, &wanted.phone) {
        (PhoneChange::Set, Some(given)) => Some(phone_argument(given)?),
        (PhoneChange::Set, None) => {
            return Err(OperatorError::invalid("phone", "phone is required: the number to set"));
        }
        (PhoneChange::Remove | PhoneChange::Verify, None) => None,
        (PhoneChange::Remove | PhoneChange::Verify, Some(_)) => {
            return Err(OperatorError::invalid("phone", "phone is for set alone: an account has one number"));
        }
    };
    desk.change(&id, wanted.dry_run, |visit| match (wanted.action, &number) {
        (PhoneChange::Remove, _) => remove_phone(visit, &id),
        (PhoneChange::Set | PhoneChange::Verify, number) => prove_phone(visit, &id, number.as_deref()),
    })
    .await
}

/// Sets a number as verified: this one, or the one that the account has.
fn prove_phone(visit: &mut Visit<'_>, id: &AccountId, number: Option<&str>) -> Judged<()> {
    let before = account(visit, id)?;
    let known = before.phone.as_ref().map(|phone| phone.number.as_str());
    let number = number.or(known).ok_or_else(no_phone)?;
    if before.verified_phone() == Some(number) {
        return Ok(());
    }
    let address = Recipient::Phone(number.to_owned());
    visit.require(vec![Need::Owners(address.clone())])?;
    check_free(visit, id, &address, true)?;
    let changed = visit.account_mut(id)?;
    if known == Some(number) {
        changed.verify_phone(number);
    } else {
        changed.phone = Some(Phone::new(number.to_owned(), true));
    }
    Ok(visit.warn_owner(&before, AccessChange::Phone { number: number.to_owned() })?)
}

fn remove_phone(visit: &mut Visit<'_>, id: &AccountId) -> Judged<()> {
    let before = account(visit, id)?;
    if before.phone.is_none() {
        return Err(no_phone().into());
    }
    visit.account_mut(id)?.phone = None;
    keep_means(visit, &before)
}

fn no_phone() -> OperatorError {
    OperatorError::NotFound("the account has no phone number: set one".to_owned())
}

/// Removes second factors. All sessions and the trust of browsers end.
pub(super) async fn mfa_reset(desk: Desk<'_>, wanted: ResetMfa) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    desk.change(&id, wanted.dry_run, |visit| {
        let before = account(visit, &id)?;
        let changed = visit.account_mut(&id)?;
        match wanted.authenticator {
            Some(one) if changed.authenticator_mut(one).is_none() => {
                let text = format!("the account has no authenticator {one}: user.show lists them");
                return Err(OperatorError::NotFound(text).into());
            }
            Some(one) => changed.remove_authenticator(one),
            None if changed.authenticators.is_empty() => return Ok(()),
            None => changed.authenticators.clear(),
        }
        changed.end_sessions();
        keep_means(visit, &before)?;
        visit.note_event(&id, EventType::SessionsEnded {});
        Ok(visit.warn_owner(&before, AccessChange::Authenticators)?)
    })
    .await
}

/// Marks an account as an administrator, or removes the mark.
pub(super) async fn superuser(desk: Desk<'_>, wanted: SetSuperuser) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    desk.change(&id, wanted.dry_run, |visit| {
        let before = account(visit, &id)?;
        visit.account_mut(&id)?.superuser = wanted.value;
        if wanted.value && !before.superuser {
            visit.warn_owner(&before, AccessChange::Superuser)?;
        }
        Ok(())
    })
    .await
}

/// Disconnects a provider account.
pub(super) async fn disconnect(
    desk: Desk<'_>,
    wanted: DisconnectProvider,
) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    desk.change(&id, wanted.dry_run, |visit| {
        let before = account(visit, &id)?;
        let DisconnectProvider { provider, uid, .. } = &wanted;
        if before.social_account(provider, uid).is_none() {
            let text =
                format!("the account is not connected to {uid:?} at {provider}: user.show lists what it has");
            return Err(OperatorError::NotFound(text).into());
        }
        let changed = visit.account_mut(&id)?;
        changed.social_accounts.retain(|it| it.provider != *provider || it.uid != *uid);
        keep_means(visit, &before)
    })
    .await
}

/// Ends all sessions with the trust of browsers, or one session.
pub(super) async fn end_sessions(desk: Desk<'_>, wanted: EndSessions) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    desk.change(&id, wanted.dry_run, |visit| {
        account(visit, &id)?;
        let Some(session) = wanted.session else {
            visit.account_mut(&id)?.end_sessions();
            visit.note_event(&id, EventType::SessionsEnded {});
            return Ok(());
        };
        if !visit.sessions(&id)?.iter().any(|(_, login)| login.id == session) {
            let text = format!("the account has no session {session}: user.sessions lists them");
            return Err(OperatorError::NotFound(text).into());
        }
        Ok(sessions::end(visit, &id, &[session])?)
    })
    .await
}

/// Disables or enables an account.
pub(super) async fn set_active(
    desk: Desk<'_>,
    given: &str,
    active: bool,
    dry_run: bool,
) -> Result<ChangedUser, OperatorError> {
    let id = id(given)?;
    desk.change(&id, dry_run, |visit| {
        account(visit, &id)?;
        let changed = visit.account_mut(&id)?;
        if changed.active != active {
            changed.active = active;
            changed.end_sessions();
        }
        Ok(())
    })
    .await
}

/// Deletes an account with all its data. No mail is sent.
pub(super) async fn delete(desk: Desk<'_>, given: &str, dry_run: bool) -> Result<ChangedUser, OperatorError> {
    let id = id(given)?;
    desk.change(&id, dry_run, |visit| {
        account(visit, &id)?;
        Ok(visit.delete_account(&id)?)
    })
    .await
}

/// Refuses a change after which an account that could be logged in to can't be.
fn keep_means(visit: &Visit<'_>, before: &Account) -> Judged<()> {
    let after = account(visit, &before.id)?;
    let settings = visit.settings();
    if has_means(before, settings) && !has_means(&after, settings) {
        let text = "it is the last means of login of the account: set a password, or add an email address or a phone \
                    number and verify it, first; or disable the account";
        return Err(OperatorError::Refused(text.to_owned()).into());
    }
    Ok(())
}

/// Whether an account can be logged in to: by a password and a name, by what a code or a link reaches, by a provider, or by
/// a passkey.
fn has_means(account: &Account, settings: &Settings) -> bool {
    let addresses = account.addresses();
    let has_name = account.username.is_some() || !addresses.is_empty();
    let is_reached =
        addresses.iter().any(|(address, standing)| standing.reaches(settings.asks_to_verify(address)));
    let has_passkey = account.authenticators.iter().any(
        |it| matches!(&it.factor, Factor::WebAuthn(credential) if credential.passwordless != Some(false)),
    );
    (account.password.is_some() && has_name)
        || is_reached
        || !account.social_accounts.is_empty()
        || !account.authenticators.unknown().is_empty()
        || has_passkey
}
