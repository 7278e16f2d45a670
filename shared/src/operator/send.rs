//! Mail that operators have sent, and limits that they reset.

use super::decide::{Desk, Judged, account};
use super::outcome::{ChangedEmail, ChangedUser, OperatorError};
use super::read::{email_argument, id};
use super::request::{ChangeUser, ClearEmail, OperatorMail, SendMail};
use crate::domain::account::Account;
use crate::domain::email;
use crate::domain::event::EventType;
use crate::domain::message::Recipient;
use crate::flows::login::Identifier;
use crate::flows::stages::verify_email;
use crate::flows::visit::Visit;
use crate::flows::{authenticators, ownership, password_reset};
use crate::settings::Action;
use crate::snapshot::Need;

/// Sends the mail that verifies an email address, or the one that resets the password.
pub(super) async fn send(desk: Desk<'_>, wanted: SendMail) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    let email = wanted.email.as_deref().map(email_argument).transpose()?;
    desk.change(&id, wanted.dry_run, |visit| {
        let account = account(visit, &id)?;
        let email = email.as_deref().or_else(|| account.primary_email());
        let email =
            email.ok_or_else(|| OperatorError::NotFound("the account has no email address".to_owned()))?;
        check_deliverable(visit, &account, email)?;
        let mail = match wanted.mail {
            OperatorMail::Verification => {
                send_verification(visit, &account, email)?;
                "verification"
            }
            OperatorMail::PasswordReset => {
                send_reset(visit, &account, email)?;
                "password_reset"
            }
        };
        if visit.letter_count() == 0 {
            let text = "a limit on mail to this email address is reached (MAIL_RATE_LIMIT_RECIPIENT, \
                        MAIL_RATE_LIMIT_TOTAL, confirm_email): try again later";
            return Err(OperatorError::Refused(text.to_owned()).into());
        }
        visit.note_event(&id, EventType::MailRequested { mail: mail.to_owned() });
        Ok(())
    })
    .await
}

fn refused(text: &str) -> Judged<()> {
    Err(OperatorError::Refused(text.to_owned()).into())
}

fn check_deliverable(visit: &Visit<'_>, account: &Account, email: &str) -> Judged<()> {
    if account.standing(&Recipient::Email(email.to_owned())).is_none() {
        let text = format!("the account does not have the email address {}", email::shown(email));
        return Err(OperatorError::NotFound(text).into());
    }
    if visit.is_undeliverable(email)? {
        return refused(
            "the email address is marked as undeliverable: remove the mark with email.clear first",
        );
    }
    Ok(())
}

fn send_verification(visit: &mut Visit<'_>, account: &Account, email: &str) -> Judged<()> {
    if account.has_verified(Some(email)) {
        return refused("the email address is verified already");
    }
    if visit.settings().account.email_verification_by_code_enabled {
        return refused(
            "verification is by code (ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED), which belongs to a session of the \
             user: have them log in, or mark it as verified with user.email",
        );
    }
    Ok(verify_email::send(visit, account, email, false)?)
}

fn send_reset(visit: &mut Visit<'_>, account: &Account, email: &str) -> Judged<()> {
    if visit.settings().account.password_reset_by_code_enabled {
        return refused(
            "the password reset is by code (ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED), which belongs to a session of the \
             user: have them ask for it",
        );
    }
    if !account.active {
        return refused("the account is disabled: enable it first");
    }
    if !ownership::reaches(visit.settings(), account, &Recipient::Email(email.to_owned())) {
        return refused("a password reset does not reach the account by this email address: verify it first");
    }
    Ok(password_reset::request(visit, email, std::slice::from_ref(&account.id))?)
}

/// Resets the rate limits on failed logins: by all that names the account, and by second factors.
pub(super) async fn unlock(desk: Desk<'_>, wanted: ChangeUser) -> Result<ChangedUser, OperatorError> {
    let id = id(&wanted.id)?;
    desk.change(&id, wanted.dry_run, |visit| {
        let account = account(visit, &id)?;
        let keys = names(&account);
        let counters = keys
            .iter()
            .flat_map(|key| Visit::counters(visit.settings(), Action::LoginFailed, visit.visitor, None, key));
        let second = authenticators::counters(visit.settings(), visit.visitor, &id);
        let needs: Vec<Need> = counters.chain(second).collect();
        visit.require(needs)?;
        for key in &keys {
            visit.forget(Action::LoginFailed, key)?;
        }
        authenticators::unlock(visit, &id)?;
        visit.note_event(&id, EventType::UserUnlocked {});
        Ok(())
    })
    .await
}

/// The keys under which failed logins and reauthentications of an account are counted.
fn names(account: &Account) -> Vec<String> {
    let addresses = account.addresses().into_keys().map(|address| address.address().to_owned());
    let name = account.username.clone().map(|name| Identifier::Username(name).key().into_owned());
    let mut names: Vec<String> = addresses.chain(name).chain(account.username.clone()).collect();
    names.push(account.id.as_str().to_owned());
    names.sort_unstable();
    names.dedup();
    names
}

/// Removes the mark of an undeliverable email address. It is an event of the accounts that have the email address.
pub(super) async fn clear(desk: Desk<'_>, wanted: ClearEmail) -> Result<ChangedEmail, OperatorError> {
    let email = email_argument(&wanted.email)?;
    let address = Recipient::Email(email.clone());
    let needs = vec![Need::Undeliverable(email.clone()), Need::Owners(address.clone())];
    desk.carry_out(needs, wanted.dry_run, |visit| {
        // Its events are encrypted under a key that is stored in the account.
        let owners = visit.owners(&address)?.foremost().into_iter();
        visit.require(owners.map(|owner| Need::Account(owner.account.clone())).collect())?;
        if visit.clear_undeliverable(&email)? {
            return Ok(());
        }
        let text = format!("{} is not marked as undeliverable", email::shown(&email));
        Err(OperatorError::NotFound(text).into())
    })
    .await?;
    Ok(ChangedEmail { email: email::shown(&email), link: None, dry_run: wanted.dry_run })
}
