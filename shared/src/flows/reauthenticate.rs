//! Proving again who one is, before something sensitive.

use super::login;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::secret::Secret;
use crate::settings::Settings;

/// Stops whoever has not proved again, lately, who they are, before they change their account
/// (`ACCOUNT_REAUTHENTICATION_REQUIRED`). Who has nothing to prove it with is not asked.
pub fn require(visit: &Visit<'_>) -> Decision<()> {
    require_if(visit, visit.settings().account.reauthentication_required)
}

/// The same, for what another setting requires it for.
pub fn require_if(visit: &Visit<'_>, required: bool) -> Decision<()> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    if !required || !is_possible(visit.settings(), user) {
        return Ok(());
    }
    let timeout = visit.settings().account.reauthentication_timeout;
    let records = visit.session().records_of(&user.id);
    let latest = records.iter().rfind(|record| record.reauthenticated);
    match latest {
        Some(record) if !record.at.is_older_than(timeout, visit.now) => Ok(()),
        Some(_) | None => Err(Stop::ReauthenticationRequired),
    }
}

/// Stops whoever has not proved lately who they are, whatever the settings. Who has nothing to prove it with again has to
/// have logged in lately.
pub fn require_always(visit: &Visit<'_>) -> Decision<()> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    if is_possible(visit.settings(), user) {
        return require_if(visit, true);
    }
    let timeout = visit.settings().account.reauthentication_timeout;
    let records = visit.session().records_of(&user.id);
    let lately = records.iter().any(|record| !record.at.is_older_than(timeout, visit.now));
    if lately { Ok(()) } else { Err(Stop::ReauthenticationRequired) }
}

/// Whether an account has anything to prove it with.
fn is_possible(settings: &Settings, account: &Account) -> bool {
    account.password.is_some() || (settings.apps.mfa && !account.authenticators.is_empty())
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
