//! The sessions of an account: listing them, and ending some.

use super::visit::{Decision, Visit};
use crate::domain::account::AccountId;

/// Ends the sessions with these ids; when the current one is among them, that is logging out.
pub fn end(visit: &mut Visit<'_>, account: &AccountId, ids: &[i64]) -> Decision<()> {
    let sessions = visit.sessions(account)?;
    let chosen = sessions.into_iter().filter(|(_, login)| ids.contains(&login.id));
    for (key, _) in chosen {
        visit.end_session(key);
    }
    Ok(())
}
