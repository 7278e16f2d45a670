//! The sessions of an account: listing them, and ending some.

use super::visit::{Decision, Visit};
use crate::domain::account_id::AccountId;

/// Ends the sessions with these ids; when the current one is among them, that is logging out.
pub fn end(visit: &mut Visit<'_>, account: &AccountId, ids: &[i64]) -> Decision<()> {
    let sessions = visit.sessions(account)?;
    let chosen = sessions.into_iter().filter(|(_, login)| ids.contains(&login.id));
    for (key, _) in chosen {
        visit.end_session(key);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::World;
    use super::super::visit::ClientKind;

    #[test]
    fn activity_is_written_once_a_minute_wherever_somebody_is() {
        let mut world = World::new(&[("USERSESSIONS_TRACK_ACTIVITY", "true")]);
        world.client = ClientKind::Browser;
        world.add(true, None);
        world.log_in();
        let began = world.session();
        for ip in ["192.0.2.2", "192.0.2.1", "192.0.2.2"] {
            world.wait(20);
            world.ip = ip.into();
            assert!(world.is_logged_in());
            assert_eq!(world.session(), began);
        }
        world.wait(1);
        assert!(world.is_logged_in());
        let seen = world.session().login().cloned().unwrap();
        assert_eq!((seen.ip.as_str(), seen.last_seen_at), ("192.0.2.2", world.now));
        assert_eq!(seen.at, began.login().unwrap().at);
    }
}
