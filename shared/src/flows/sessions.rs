//! The sessions of an account: listing them, and ending some.

use super::visit::{Decision, Visit};
use crate::domain::account::AccountId;

/// Ends the sessions with these ids; when the current one is among them, that is logging out.
pub fn end(visit: &mut Visit<'_>, account: &AccountId, ids: &[i64]) -> Decision<()> {
    let sessions = visit.sessions(account)?;
    let current = visit.session_key();
    let chosen: Vec<_> =
        sessions.into_iter().filter(|(_, login)| ids.contains(&login.id)).map(|(key, _)| key).collect();
    let mut ends_itself = false;
    for key in chosen {
        if Some(key) == current {
            ends_itself = true;
        } else {
            visit.end_session(key);
        }
    }
    if ends_itself {
        visit.flush();
    }
    Ok(())
}
