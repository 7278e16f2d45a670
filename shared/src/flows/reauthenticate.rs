//! Proving again who one is, before something sensitive.

use super::login;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::secret::Secret;

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
