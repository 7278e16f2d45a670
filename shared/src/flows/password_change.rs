//! Password change, and a first password.

use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::message::Event;
use crate::secret::Secret;

/// Whether this is the current password.
pub fn is_current(visit: &Visit<'_>, user: &Account, password: &Secret) -> bool {
    visit.context.passwords.matches(password, user.password.as_ref())
}

/// Sets the password. All other sessions end, with a notification; this one goes on under another token, unless
/// `ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE`.
pub fn change(visit: &mut Visit<'_>, password: &Secret, had_one: bool) -> Decision<()> {
    let id = visit.user().map(|user| user.id.clone()).ok_or(Stop::Unauthorized)?;
    let hash = visit.context.passwords.hash(password);
    visit.account_mut(&id)?.set_password(hash);
    let account = visit.account_mut(&id)?.clone();
    if visit.settings().account.logout_on_password_change {
        visit.flush();
    } else {
        visit.stay_logged_in(&account);
    }
    if had_one {
        visit.notify(&account, Event::PasswordChanged, None);
    } else {
        visit.announce(&account, &Event::PasswordSet, None);
    }
    Ok(())
}
