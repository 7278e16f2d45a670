//! The stage of the second factor, and passkey logins, which need no other.

use super::trust;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::Factor;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::stage::{Entry, LoginAttempt, Next, PendingLogin, Stage};
use crate::flows::authenticators::{self, Use};
use crate::flows::visit::{Decision, Stop, Visit, Visitor};
use crate::flows::{recovery_codes, totp};
use crate::settings::{Settings, WEBAUTHN_LOGIN};
use crate::snapshot::Need;

pub(super) fn enter(visit: &Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    let Some(id) = attempt.account.as_ref().filter(|_| visit.settings().apps.mfa) else {
        return Ok(Entry::Pass);
    };
    let Some(account) = visit.account(id)? else { return Ok(Entry::Pass) };
    let is_spared =
        !account.has_second_factor() || has_used_passkey(visit, id) || trust::is_trusted(visit, account);
    if is_spared {
        return Ok(Entry::Pass);
    }
    if account.has_unknown_factors_only() {
        return Err(Stop::Unsupported("only a later release knows the second factors of the account"));
    }
    Ok(Entry::Wait(Stage::MfaAuthenticate))
}

/// The account, as the API tells the kinds of factors that it has. Where the session's token does not name the account, what
/// a code is counted with is read in the same round trip.
pub(super) fn needs(visit: &Visit<'_>, account: &AccountId) -> Vec<Need> {
    if visit.account(account).is_ok() {
        return Vec::new();
    }
    let counters = authenticators::counters(visit.settings(), visit.visitor, account);
    std::iter::once(Need::Account(account.clone())).chain(counters).collect()
}

/// A passkey that was enough to log in is two factors: the device that holds it, and what unlocks that.
fn has_used_passkey(visit: &Visit<'_>, account: &AccountId) -> bool {
    let records = visit.session().records_of(account);
    records.iter().any(|record| record.authenticator.is_some_and(|used| used.passwordless))
}

/// The login with a pending second factor, and its account.
pub fn resume(visit: &mut Visit<'_>) -> Decision<(PendingLogin, Account)> {
    visit.resume(&Stage::MfaAuthenticate, Stop::Unauthorized)
}

/// Checks a code of an app, or a recovery code, and uses it up: which authenticator it is of.
pub fn check_code(visit: &mut Visit<'_>, account: &Account, code: &str) -> Decision<i64> {
    authenticators::attempt(visit, &account.id, FieldErrorKind::TooManyLoginAttempts, "code")?;
    for authenticator in &account.authenticators {
        let is_right = match &authenticator.factor {
            Factor::Totp(totp) => totp::accept(visit, account, authenticator.id, totp, code)?,
            Factor::RecoveryCodes(codes) => {
                recovery_codes::accept(visit, account, authenticator.id, codes, code)?
            }
            Factor::WebAuthn(_) => false,
        };
        if is_right {
            authenticators::forgive(visit, &account.id)?;
            return Ok(authenticator.id);
        }
    }
    Err(Stop::invalid(FieldErrorKind::IncorrectCode.of("code")))
}

/// Completes the stage with a verified authenticator.
pub fn complete(visit: &mut Visit<'_>, pending: PendingLogin, authenticator: i64) -> Decision<Next> {
    let account = pending.attempt.account.as_ref().ok_or(Stop::Unauthorized)?;
    authenticators::record_use(visit, account, authenticator, Use::SecondFactor)?;
    Ok(Next::Leave(pending))
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

/// Begins a login by nothing but a passkey.
pub fn log_in(visit: &mut Visit<'_>, account: AccountId, authenticator: i64) -> Decision<Next> {
    authenticators::record_use(visit, &account, authenticator, Use::Passwordless)?;
    Ok(Next::Begin(LoginAttempt::new(account, None, visit.now)))
}

#[cfg(test)]
mod tests {
    use super::super::{go_on, login_by_code};
    use super::*;
    use crate::domain::authenticator::{AuthenticatorType, Credential};
    use crate::domain::document::UnknownMembers;
    use crate::domain::message::Recipient;
    use crate::flows::password_reset;
    use crate::flows::testing::{EMAIL, World, totp_code};
    use crate::secret::Secret;

    const NO_REAUTHENTICATION: (&str, &str) = ("MFA_REAUTHENTICATION_REQUIRED", "false");

    /// A world whose account has an app with this secret, and an anonymous session.
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
        world
            .visit(|visit| {
                let next = login_by_code::confirm(visit)?;
                go_on(visit, next)
            })
            .unwrap();
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
            unknown: UnknownMembers::NONE,
        })
    }

    #[test]
    fn a_passkey_that_logs_in_is_not_asked_for_a_second_factor() {
        let (mut world, _) = world(&[]);
        let id = world.owner().id;
        let key = world.visit(|visit| authenticators::add(visit, &id, credential(), false)).unwrap();
        assert!(!key.recovery_codes_generated, "they came with the app");
        world
            .visit(|visit| {
                let next = log_in(visit, id.clone(), key.authenticator.id)?;
                go_on(visit, next)
            })
            .unwrap();
        assert!(world.is_logged_in());
        let session = world.session();
        let [record] = session.records_of(&id) else { panic!("{session:?}") };
        let used = record.authenticator.unwrap();
        assert!(used.passwordless && used.kind == AuthenticatorType::WebAuthn);
        assert_eq!(world.owner().authenticators[2].last_used_at, Some(world.now));
    }
}
