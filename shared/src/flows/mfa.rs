//! Second factors: the stage of a login at which one is asked for, and what authenticators of all kinds have in common.

use super::stages;
use super::visit::{Decision, Stop, Visit, Visitor};
use super::{reauthenticate, recovery_codes, totp, trust};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor, MOST_AUTHENTICATORS};
use crate::domain::means::Means;
use crate::domain::message::Event;
use crate::domain::refusal::Refusal;
use crate::domain::session::{AuthenticationRecord, Method, UsedAuthenticator};
use crate::domain::stage::{Entry, LoginAttempt, PendingLogin, Stage};
use crate::settings::{Action, Settings, WEBAUTHN_LOGIN};
use crate::snapshot::Need;

/// What an authenticator is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To complete a login.
    SecondFactor,
    /// To prove again who one is.
    Reauthentication,
    /// To log in with nothing else.
    Passwordless,
}

pub(super) fn enter(visit: &Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    let Some(id) = attempt.account.as_ref().filter(|_| visit.settings().apps.mfa) else {
        return Ok(Entry::Pass);
    };
    let Some(account) = visit.account(id)? else { return Ok(Entry::Pass) };
    let is_spared =
        !account.has_second_factor() || has_used_passkey(visit, id) || trust::is_trusted(visit, account);
    Ok(if is_spared { Entry::Pass } else { Entry::Wait(Stage::MfaAuthenticate) })
}

/// A passkey that was enough to log in is two factors: the device that holds it, and what unlocks that.
fn has_used_passkey(visit: &Visit<'_>, account: &AccountId) -> bool {
    let records = visit.session().records_of(account);
    records.iter().any(|record| record.authenticator.is_some_and(|used| used.passwordless))
}

/// The login that waits for a second factor, and whose it is.
pub fn resume(visit: &mut Visit<'_>) -> Decision<(PendingLogin, Account)> {
    stages::resume(visit, &Stage::MfaAuthenticate, Stop::Unauthorized)
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
    refusal: Refusal,
    field: &'static str,
) -> Decision<()> {
    if visit.consume(Action::LoginFailed, &key(account))? {
        Ok(())
    } else {
        Err(Stop::invalid(refusal.of(field)))
    }
}

/// Forgets this try, as it was right, and those before that were wrong.
pub fn forgive(visit: &mut Visit<'_>, account: &AccountId) -> Decision<()> {
    visit.roll_back(Action::LoginFailed, &key(account))?;
    visit.forget(Action::LoginFailed, &key(account))
}

/// Nothing that people log in with has a NUL in it, so nobody can use up the tries of somebody else.
fn key(account: &AccountId) -> String {
    format!("mfa\0{}", account.as_str())
}

/// Checks a code of an app, or a recovery code, and uses it up: which authenticator it is of.
pub fn check_code(visit: &mut Visit<'_>, account: &Account, code: &str) -> Decision<i64> {
    attempt(visit, &account.id, Refusal::TooManyLoginAttempts, "code")?;
    for authenticator in &account.authenticators {
        let is_right = match &authenticator.factor {
            Factor::Totp(totp) => totp::accept(visit, account, authenticator.id, totp, code)?,
            Factor::RecoveryCodes(codes) => {
                recovery_codes::accept(visit, account, authenticator.id, codes, code)?
            }
            Factor::WebAuthn(_) => false,
        };
        if is_right {
            forgive(visit, &account.id)?;
            return Ok(authenticator.id);
        }
    }
    Err(Stop::invalid(Refusal::IncorrectCode.of("code")))
}

/// Remembers that an authenticator has proved something.
pub fn record_use(
    visit: &mut Visit<'_>,
    account: &AccountId,
    authenticator: i64,
    purpose: Use,
) -> Decision<()> {
    let now = visit.now;
    let used = find(visit.account_mut(account)?, authenticator).ok_or(Stop::Conflict)?;
    used.last_used_at = Some(now);
    let kind = used.factor.kind();
    let mut record = AuthenticationRecord::new(Method::Mfa, now);
    record.reauthenticated = purpose == Use::Reauthentication;
    let passwordless = purpose == Use::Passwordless;
    record.authenticator = Some(UsedAuthenticator { id: authenticator, kind, passwordless });
    visit.record(account, record);
    Ok(())
}

/// Goes on with a login whose second factor is proved.
pub fn complete(visit: &mut Visit<'_>, pending: &PendingLogin, authenticator: i64) -> Decision<()> {
    let account = pending.attempt.account.as_ref().ok_or(Stop::Unauthorized)?;
    record_use(visit, account, authenticator, Use::SecondFactor)?;
    stages::leave(visit, pending)
}

/// The counters that [`limit_log_in`] counts with, to be read beforehand.
pub fn log_in_counters(settings: &Settings, visitor: &Visitor) -> Vec<Need> {
    Visit::counters_of(settings, WEBAUTHN_LOGIN, &settings.mfa.passkey_login_rates, visitor, None, "")
}

/// Counts a try to log in with nothing but a passkey (`MFA_RATE_LIMITS`). Nobody in particular is tried: what is counted
/// is who asks.
pub fn limit_log_in(visit: &mut Visit<'_>) -> Decision<()> {
    let is_allowed = visit.consume_rates(WEBAUTHN_LOGIN, &visit.settings().mfa.passkey_login_rates, "")?;
    if is_allowed { Ok(()) } else { Err(Stop::RateLimited) }
}

/// Logs in with nothing but a passkey, as far as other stages allow.
pub fn log_in(visit: &mut Visit<'_>, account: AccountId, authenticator: i64) -> Decision<()> {
    record_use(visit, &account, authenticator, Use::Passwordless)?;
    let now = visit.now;
    stages::begin(visit, LoginAttempt::new(account, None, now))
}

/// Whether an account may have one more authenticator. With an address that is not verified it may not
/// (`MFA_ALLOW_UNVERIFIED_EMAIL`): whoever signs up with somebody else's would keep its owner out for good.
pub fn check_may_add(settings: &Settings, account: &Account) -> Result<(), Refusal> {
    let is_unverified = account.emails.iter().any(|address| !address.verified);
    if is_unverified && !settings.mfa.allow_unverified_email {
        return Err(Refusal::UnverifiedEmail);
    }
    if account.authenticators.iter().filter(|it| it.factor.is_second_factor()).count() >= MOST_AUTHENTICATORS
    {
        return Err(Refusal::MaxAuthenticators(MOST_AUTHENTICATORS));
    }
    Ok(())
}

/// An authenticator that was added.
#[derive(Clone, Debug)]
pub struct Added {
    /// The authenticator.
    pub authenticator: Authenticator,
    /// Whether recovery codes came with it.
    pub recovery_codes_generated: bool,
}

/// Adds an authenticator; recovery codes come with the first one, and the owner is told. Neither happens at sign-up.
pub fn add(visit: &mut Visit<'_>, account: &AccountId, factor: Factor, at_signup: bool) -> Decision<Added> {
    let authenticator = push(visit, account, factor)?;
    let mut recovery_codes_generated = false;
    if !at_signup {
        recovery_codes_generated = recovery_codes::add_unless_there(visit, account)?;
        let event = match authenticator.factor {
            Factor::Totp(_) => Event::TotpActivated,
            Factor::WebAuthn(_) => Event::WebauthnAdded,
            Factor::RecoveryCodes(_) => Event::RecoveryCodesGenerated,
        };
        announce(visit, account, &event)?;
    }
    Ok(Added { authenticator, recovery_codes_generated })
}

/// Removes an authenticator, and with the last second factor the recovery codes; the owner is told.
pub fn remove(visit: &mut Visit<'_>, account: &AccountId, authenticator: i64) -> Decision<()> {
    let known = visit.account_mut(account)?;
    let Some(kind) = find(known, authenticator).map(|found| found.factor.kind()) else { return Ok(()) };
    known.remove_authenticator(authenticator);
    match kind {
        AuthenticatorType::Totp => tell(visit, account, Event::TotpDeactivated),
        AuthenticatorType::WebAuthn => tell(visit, account, Event::WebauthnRemoved),
        AuthenticatorType::RecoveryCodes => Ok(()),
    }
}

pub(super) fn push(visit: &mut Visit<'_>, account: &AccountId, factor: Factor) -> Decision<Authenticator> {
    let (random, created_at) = (visit.tools.random, visit.now);
    let known = &mut visit.account_mut(account)?.authenticators;
    let mut id = random.id();
    while known.iter().any(|other| other.id == id) {
        id = id % i64::from(i32::MAX) + 1;
    }
    let authenticator = Authenticator { id, created_at, last_used_at: None, factor };
    known.push(authenticator.clone());
    reauthenticate::note(visit, account, Means::Authenticator(id))?;
    Ok(authenticator)
}

/// Tells the owner of an authenticator that was added.
pub(super) fn announce(visit: &mut Visit<'_>, account: &AccountId, event: &Event) -> Decision<()> {
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    visit.announce(&account, event, None);
    Ok(())
}

/// Stops a user who has to reauthenticate before they add an authenticator (`MFA_REAUTHENTICATION_REQUIRED`); the first
/// one asks in any case.
pub fn require_for_adding(visit: &Visit<'_>) -> Decision<()> {
    let required = visit.settings().mfa.reauthentication_required;
    match visit.user() {
        Some(user) if user.authenticators.is_empty() => reauthenticate::require_for_first(visit, required),
        _ => reauthenticate::require_if(visit, required),
    }
}

fn tell(visit: &mut Visit<'_>, account: &AccountId, event: Event) -> Decision<()> {
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    visit.notify(&account, event, None);
    Ok(())
}

pub(super) fn find(account: &mut Account, id: i64) -> Option<&mut Authenticator> {
    account.authenticators.iter_mut().find(|authenticator| authenticator.id == id)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{EMAIL, World, totp_code};
    use super::super::{login_by_code, password_reset};
    use super::*;
    use crate::domain::authenticator::Credential;
    use crate::domain::message::Recipient;
    use crate::secret::Secret;

    const NO_REAUTHENTICATION: (&str, &str) = ("MFA_REAUTHENTICATION_REQUIRED", "false");

    /// A world whose account has an app with this secret, and nobody is logged in.
    fn world(settings: &[(&str, &str)]) -> (World, String) {
        let mut world = World::new(&[settings, &[NO_REAUTHENTICATION]].concat());
        world.add(true, None);
        let secret = world.add_app();
        world.forget_session();
        (world, secret)
    }

    #[track_caller]
    fn stops_at_the_factor(world: &mut World, secret: &str) {
        assert!(!world.is_logged_in());
        assert_eq!(world.session().pending().map(|pending| &pending.stage), Some(&Stage::MfaAuthenticate));
        let code = totp_code(secret, world.now, 0);
        world.give(&code).unwrap();
        assert!(world.is_logged_in());
    }

    #[test]
    fn a_password_stops_at_the_factor() {
        let (mut world, secret) = world(&[]);
        world.log_in();
        stops_at_the_factor(&mut world, &secret);
    }

    #[test]
    fn a_login_code_stops_at_the_factor() {
        let (mut world, secret) = world(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]);
        let (id, to) = (world.owner().id, Recipient::Email(EMAIL.into()));
        world.visit(|visit| login_by_code::request(visit, Some(id.clone()), to.clone())).unwrap();
        world.visit(login_by_code::confirm).unwrap();
        stops_at_the_factor(&mut world, &secret);
    }

    #[test]
    fn a_password_reset_stops_at_the_factor() {
        let (mut world, secret) = world(&[("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true")]);
        let key = world.reset_key(&world.owner().id);
        world
            .visit(|visit| {
                let right = password_reset::check(visit, None, &key)?;
                password_reset::reset(visit, &right, None, &Secret::new("Battery-Staple-8"))
            })
            .unwrap();
        stops_at_the_factor(&mut world, &secret);
    }

    #[test]
    fn a_factor_of_a_type_that_is_no_longer_supported_is_still_asked_for() {
        let (mut world, secret) = world(&[("MFA_SUPPORTED_TYPES", "webauthn")]);
        world.log_in();
        stops_at_the_factor(&mut world, &secret);
    }

    #[test]
    fn a_login_that_began_before_the_password_changed_is_given_up() {
        let (mut world, secret) = world(&[]);
        world.log_in();
        let (id, hash) = (world.owner().id, world.password_hash());
        world.accounts.get_mut(&id).unwrap().set_password(hash);
        let before = world.owner();
        let code = totp_code(&secret, world.now, 0);
        assert_eq!(world.give(&code), Err(Stop::Unauthorized));
        assert!(!world.is_logged_in());
        assert!(world.session().is_blank());
        assert_eq!(world.owner(), before, "the code is not used up");
    }

    fn credential() -> Factor {
        Factor::WebAuthn(Credential {
            name: "key".into(),
            credential_id: "AAAA".into(),
            passwordless: Some(true),
            document: "{}".into(),
        })
    }

    #[test]
    fn a_passkey_that_logs_in_is_not_asked_for_a_second_factor() {
        let (mut world, _) = world(&[]);
        let id = world.owner().id;
        let key = world.visit(|visit| add(visit, &id, credential(), false)).unwrap();
        assert!(!key.recovery_codes_generated, "they came with the app");
        world.visit(|visit| log_in(visit, id.clone(), key.authenticator.id)).unwrap();
        assert!(world.is_logged_in());
        let session = world.session();
        let [record] = session.records_of(&id) else { panic!("{session:?}") };
        let used = record.authenticator.unwrap();
        assert!(used.passwordless && used.kind == AuthenticatorType::WebAuthn);
        assert_eq!(world.owner().authenticators[2].last_used_at, Some(world.now));
    }

    #[test]
    fn whoever_has_an_unverified_address_or_too_many_factors_adds_none() {
        let mut world = World::new(&[]);
        world.add(false, None);
        let may_add = |world: &mut World| {
            let account = world.owner();
            world.visit(|visit| Ok(check_may_add(visit.settings(), &account))).unwrap()
        };
        assert_eq!(may_add(&mut world), Err(Refusal::UnverifiedEmail));
        let id = world.owner().id;
        world.accounts.get_mut(&id).unwrap().verify_address(EMAIL, false);
        for _ in 0..MOST_AUTHENTICATORS {
            assert_eq!(may_add(&mut world), Ok(()));
            world.visit(|visit| push(visit, &id, credential())).unwrap();
        }
        assert_eq!(may_add(&mut world), Err(Refusal::MaxAuthenticators(MOST_AUTHENTICATORS)));
    }
}
