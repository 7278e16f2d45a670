//! Export and deletion of personal data.
//!
//! Both ask again who they are, whatever `ACCOUNT_REAUTHENTICATION_REQUIRED` says: who finds a browser that is
//! logged in is to do neither.

use super::reauthenticate;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::message::Event;
use crate::snapshot::{Stored, StoredSession};

/// The personal data of the user: the account, and its sessions, valid or ended.
pub fn export<'a>(visit: &Visit<'a>) -> Decision<(Account, &'a [Stored<StoredSession>])> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    let sessions = visit.all_sessions(&user.id)?;
    reauthenticate::require_always(visit)?;
    Ok((user.clone(), sessions))
}

/// Deletes the account of the authenticated user with all its data, with a mail.
pub fn delete(visit: &mut Visit<'_>) -> Decision<()> {
    reauthenticate::require_always(visit)?;
    let user = visit.user().cloned().ok_or(Stop::Unauthorized)?;
    visit.delete_account(&user.id)?;
    visit.notify_always(&user, Event::AccountDeleted, None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{EMAIL, World};
    use super::*;
    use crate::domain::account_id::AccountId;
    use crate::domain::email::EmailAddress;
    use crate::domain::message::{Message, Recipient};
    use crate::domain::session::{AuthenticationRecord, Method};

    fn prove(world: &mut World) {
        let user = world.owner();
        world
            .visit(|visit| {
                reauthenticate::record_password(visit, &user);
                Ok(())
            })
            .unwrap();
    }

    /// Somebody with an address and a password, who is logged in and has proved again who they are.
    fn world() -> World {
        let mut world = World::new(&[]);
        world.add(true, None);
        world.log_in();
        prove(&mut world);
        world
    }

    #[test]
    fn an_account_goes_with_its_session_and_its_owner_is_told() {
        let mut world = world();
        world.visit(delete).unwrap();
        assert!(world.accounts.is_empty());
        assert_eq!(world.token(), None);
        let expected = Message::Notification { event: Event::AccountDeleted, origin: world.origin() };
        assert_eq!(world.latest(), &expected);
        assert_eq!(world.letters.len(), 1);
        assert_eq!(world.letters[0].to, Recipient::Email(EMAIL.into()));
        assert_eq!(world.visit(delete), Err(Stop::Unauthorized));
    }

    #[test]
    fn other_accounts_stay() {
        let mut world = world();
        let id = AccountId::parse("other").unwrap();
        let mut other = Account::new(id.clone(), world.now);
        other.emails = vec![EmailAddress { primary: true, ..EmailAddress::new(EMAIL.into()) }];
        world.accounts.insert(id, other.clone());
        world.visit(delete).unwrap();
        assert_eq!(world.accounts.into_values().collect::<Vec<_>>(), [other]);
    }

    #[test]
    fn both_ask_again_who_it_is_whatever_the_settings() {
        let mut world = World::new(&[("ACCOUNT_REAUTHENTICATION_REQUIRED", "false")]);
        world.add(true, None);
        let exports = |world: &mut World| world.visit(|visit| export(visit).map(|(account, _)| account.id));
        assert_eq!(world.visit(delete), Err(Stop::Unauthorized));
        assert_eq!(exports(&mut world), Err(Stop::Unauthorized));
        world.log_in();
        for waited in [0, 301] {
            world.wait(waited);
            assert_eq!(world.visit(delete), Err(Stop::ReauthenticationRequired));
            assert_eq!(exports(&mut world), Err(Stop::ReauthenticationRequired));
            prove(&mut world);
            assert_eq!(exports(&mut world), Ok(world.owner().id));
        }
        assert_eq!((world.accounts.len(), world.letters.len()), (1, 0));
    }

    #[test]
    fn whoever_has_nothing_to_prove_it_with_must_have_logged_in_lately() {
        let mut world = World::new(&[("ACCOUNT_REAUTHENTICATION_METHODS", "password,mfa")]);
        world.add(true, None);
        world.log_in();
        world.accounts.values_mut().for_each(|account| account.password = None);
        world.wait(301);
        assert_eq!(world.visit(delete), Err(Stop::ReauthenticationRequired));
        assert_eq!(world.visit(|visit| export(visit).map(drop)), Err(Stop::ReauthenticationRequired));
        let id = world.owner().id;
        world
            .visit(|visit| {
                visit.flush();
                visit.record(&id, AuthenticationRecord::new(Method::Code, visit.now));
                visit.log_in(&id)
            })
            .unwrap();
        world.visit(delete).unwrap();
        assert!(world.accounts.is_empty());
    }

    #[test]
    fn an_account_without_an_address_goes_without_a_mail() {
        let mut world = world();
        for account in world.accounts.values_mut() {
            account.emails.clear();
            account.email = None;
        }
        world.visit(delete).unwrap();
        assert!(world.accounts.is_empty());
        assert!(world.letters.is_empty());
    }

    #[test]
    fn a_session_of_an_account_that_is_gone_is_nobodys_and_ends() {
        let mut world = world();
        world.accounts.clear();
        assert!(world.token().is_some());
        assert!(!world.is_logged_in());
        assert_eq!(world.token(), None);
    }
}
