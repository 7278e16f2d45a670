//! Second factors of an account: adding and removing them, what they prove, and how often it is tried.

use super::visit::{Decision, Stop, Visit, Visitor};
use super::{reauthenticate, recovery_codes};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor, MOST_AUTHENTICATORS};
use crate::domain::event::EventType;
use crate::domain::means::Means;
use crate::domain::message::Event;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method, UsedAuthenticator};
use crate::settings::{Action, Settings};
use crate::snapshot::Need;

/// The purpose of an authentication by an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To complete a login.
    SecondFactor,
    /// Reauthentication.
    Reauthentication,
    /// A passkey login.
    Passwordless,
}

/// The counters that [`attempt`] counts with, to be read beforehand.
pub fn counters(settings: &Settings, visitor: &Visitor, account: &AccountId) -> Vec<Need> {
    Visit::counters(settings, Action::LoginFailed, visitor, Some(account), &key(account))
}

/// Counts a try to prove something with an authenticator as a failed login, until it is [`forgive`]n; this refusal
/// tells of too many.
pub fn attempt(
    visit: &mut Visit<'_>,
    account: &AccountId,
    refusal: FieldErrorKind,
    field: &'static str,
) -> Decision<()> {
    if !visit.consume(Action::LoginFailed, &key(account))? {
        return Err(Stop::invalid(refusal.of(field)));
    }
    // Noted with the attempt that leaves none, so once each time: what is refused from then on writes nothing.
    if !visit.would_allow(Action::LoginFailed, &key(account))? {
        visit.note_event(account, limit_reached());
    }
    Ok(())
}

/// Forgives this attempt, which succeeded, and earlier failed ones.
pub fn forgive(visit: &mut Visit<'_>, account: &AccountId) -> Decision<()> {
    visit.forget_event(account, &limit_reached());
    visit.roll_back(Action::LoginFailed, &key(account))?;
    visit.forget(Action::LoginFailed, &key(account))
}

/// Forgives all failed attempts, as an operator may.
pub fn unlock(visit: &mut Visit<'_>, account: &AccountId) -> Decision<()> {
    visit.forget(Action::LoginFailed, &key(account))
}

fn limit_reached() -> EventType {
    EventType::LimitReached { action: Action::LoginFailed.name().to_owned() }
}

/// No login identifier contains NUL, so that one account cannot use up the attempts of another.
fn key(account: &AccountId) -> String {
    format!("mfa\0{}", account.as_str())
}

/// Records the use of an authenticator.
pub fn record_use(
    visit: &mut Visit<'_>,
    account: &AccountId,
    authenticator: i64,
    purpose: Use,
) -> Decision<()> {
    let now = visit.now;
    let used = visit.account_mut(account)?.authenticator_mut(authenticator).ok_or(Stop::Conflict)?;
    used.last_used_at = Some(now);
    let kind = used.factor.kind();
    let mut record = AuthenticationRecord::new(Method::Mfa, now);
    record.reauthenticated = purpose == Use::Reauthentication;
    let passwordless = purpose == Use::Passwordless;
    record.authenticator = Some(UsedAuthenticator { id: authenticator, kind, passwordless });
    visit.record(account, record);
    Ok(())
}

/// Whether an account may add an authenticator. With an unverified email address it may not
/// (`MFA_ALLOW_UNVERIFIED_EMAIL`): a sign-up with another person's would keep its owner out for good.
pub fn check_may_add(settings: &Settings, account: &Account) -> Result<(), FieldErrorKind> {
    let is_unverified = account.emails.iter().any(|address| !address.verified);
    if is_unverified && !settings.mfa.allow_unverified_email {
        return Err(FieldErrorKind::UnverifiedEmail);
    }
    let known = account.authenticators.iter().filter(|it| it.factor.is_second_factor());
    if known.count() + account.authenticators.unknown().len() >= MOST_AUTHENTICATORS {
        return Err(FieldErrorKind::MaxAuthenticators(MOST_AUTHENTICATORS));
    }
    Ok(())
}

/// An authenticator that was added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The authenticator.
    pub authenticator: Authenticator,
    /// Whether recovery codes were generated.
    pub recovery_codes_generated: bool,
}

/// Adds an authenticator; recovery codes come with the first one, and the owner is told. Neither happens at sign-up.
pub fn add(visit: &mut Visit<'_>, account: &AccountId, factor: Factor, at_signup: bool) -> Decision<Added> {
    let (id, now) = (visit.context.random.id(), visit.now);
    let authenticator = visit.account_mut(account)?.add_authenticator(id, factor, now);
    reauthenticate::note(visit, account, Means::Authenticator(authenticator.id))?;
    let mut recovery_codes_generated = false;
    if !at_signup {
        recovery_codes_generated = recovery_codes::add_unless_there(visit, account)?;
        let event = match authenticator.factor {
            Factor::Totp(_) => Event::TotpActivated,
            Factor::WebAuthn(_) => Event::WebauthnAdded,
            Factor::RecoveryCodes(_) => Event::RecoveryCodesGenerated,
        };
        let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
        visit.announce(&account, &event, None);
    }
    Ok(Added { authenticator, recovery_codes_generated })
}

/// Removes an authenticator, and with the last second factor the recovery codes; the owner is told.
pub fn remove(visit: &mut Visit<'_>, account: &AccountId, authenticator: i64) -> Decision<()> {
    let known = visit.account_mut(account)?;
    let Some(kind) = known.authenticator_mut(authenticator).map(|found| found.factor.kind()) else {
        return Ok(());
    };
    known.remove_authenticator(authenticator);
    match kind {
        AuthenticatorType::Totp => tell(visit, account, Event::TotpDeactivated),
        AuthenticatorType::WebAuthn => tell(visit, account, Event::WebauthnRemoved),
        AuthenticatorType::RecoveryCodes => Ok(()),
    }
}

/// Stops a user who has to reauthenticate before they add an authenticator (`MFA_REAUTHENTICATION_REQUIRED`); the first
/// one asks in any case.
pub fn require_for_adding(visit: &Visit<'_>) -> Decision<()> {
    let required = visit.settings().mfa.reauthentication_required;
    match visit.user() {
        Some(user) if user.authenticators.as_slice().is_empty() => {
            reauthenticate::require_for_first(visit, required)
        }
        _ => reauthenticate::require_if(visit, required),
    }
}

fn tell(visit: &mut Visit<'_>, account: &AccountId, event: Event) -> Decision<()> {
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    visit.notify(&account, event, None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{EMAIL, World};
    use super::*;
    use crate::domain::authenticator::Credential;
    use crate::domain::document::UnknownMembers;

    #[test]
    fn whoever_has_an_unverified_address_or_too_many_factors_adds_none() {
        let mut world = World::new(&[]);
        world.add(false, None);
        let may_add = |world: &mut World| {
            let account = world.owner();
            world.visit(|visit| Ok(check_may_add(visit.settings(), &account))).unwrap()
        };
        assert_eq!(may_add(&mut world), Err(FieldErrorKind::UnverifiedEmail));
        let id = world.owner().id;
        world.accounts.get_mut(&id).unwrap().verify_address(EMAIL, false);
        let credential = Factor::WebAuthn(Credential {
            name: "key".into(),
            credential_id: "AAAA".into(),
            passwordless: None,
            document: "{}".into(),
            unknown: UnknownMembers::NONE,
        });
        for _ in 0..MOST_AUTHENTICATORS {
            assert_eq!(may_add(&mut world), Ok(()));
            world.visit(|visit| add(visit, &id, credential.clone(), true)).unwrap();
        }
        assert_eq!(may_add(&mut world), Err(FieldErrorKind::MaxAuthenticators(MOST_AUTHENTICATORS)));
    }
}
