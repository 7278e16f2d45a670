//! Proving again who one is, before something sensitive.

use super::login;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::secret::Secret;

/// Stops whoever has not proved again, lately, who they are (`ACCOUNT_REAUTHENTICATION_REQUIRED`). Who has nothing to
/// prove it with is not asked.
pub fn require(visit: &Visit<'_>) -> Decision<()> {
    let settings = &visit.settings().account;
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    if !settings.reauthentication_required || user.password.is_none() {
        return Ok(());
    }
    let records = visit.session().records_of(&user.id);
    let latest = records.iter().rfind(|record| record.reauthenticated);
    match latest {
        Some(record) if !record.at.is_older_than(settings.reauthentication_timeout, visit.now) => Ok(()),
        Some(_) | None => Err(Stop::ReauthenticationRequired),
    }
}

/// Checks the password of whoever is logged in.
pub fn check_password(visit: &mut Visit<'_>, user: &Account, password: &Secret) -> Decision<()> {
    if login::check_own(visit, user, password)? {
        Ok(())
    } else {
        Err(Stop::invalid(Refusal::IncorrectPassword.of("password")))
    }
}

/// Remembers that they proved it.
pub fn record_password(visit: &mut Visit<'_>, user: &Account) {
    let mut record = AuthenticationRecord::new(Method::Password, visit.now);
    record.reauthenticated = true;
    visit.record(&user.id, record);
}
