//! Trusted browsers, which skip the second factor (`MFA_TRUST_ENABLED`) or the code
//! (`ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED`) at later logins.
//!
//! A browser holds a cookie for it: for each account that trusts it when that was, and a MAC over the account as it is
//! secured now. Apps have no such cookie, and are never asked.

use crate::domain::account::Account;
use crate::domain::stage::{Entry, LoginAttempt, PendingLogin, Stage, StageKey};
use crate::domain::time::Timestamp;
use crate::flows::visit::{ClientKind, Decision, Stop, Visit};
use crate::settings::Settings;

/// How many accounts can trust one browser: beyond that the oldest is forgotten, as cookies have limits.
const MOST_ACCOUNTS: usize = 10;
const BETWEEN_ACCOUNTS: char = '.';
const AFTER_TIME: char = '-';

/// Whether trusted browsers are enabled.
pub const fn is_enabled(settings: &Settings) -> bool {
    settings.apps.mfa && (settings.mfa.trust_enabled || settings.account.login_by_code_trust_enabled)
}

/// Whether the account trusts this browser.
pub(in crate::flows) fn is_trusted(visit: &Visit<'_>, account: &Account) -> bool {
    is_enabled(visit.settings())
        && valid(visit).iter().any(|(at, proof)| visit.context.keys.is_trust(account, *at, proof))
}

/// What the browser's cookies say and has not expired, the oldest first.
fn valid<'v>(visit: &Visit<'v>) -> Vec<(Timestamp, &'v str)> {
    let age = visit.settings().mfa.trust_cookie_age;
    let cookies = visit.visitor.trust.iter();
    let parts = cookies.flat_map(|cookie| cookie.split(BETWEEN_ACCOUNTS));
    let parts = parts.filter_map(|part| part.split_once(AFTER_TIME));
    let entries = parts.filter_map(|(seconds, proof)| {
        let at = Timestamp::from_millis(seconds.parse::<i64>().ok()?.checked_mul(1000)?);
        Some((at, proof))
    });
    let mut valid: Vec<_> = entries.filter(|(at, _)| at.plus(age) > visit.now).collect();
    valid.sort_unstable();
    valid.dedup();
    valid
}

pub(super) fn enter(visit: &Visit<'_>, attempt: &LoginAttempt) -> Entry {
    let settings = visit.settings();
    let after_factor = settings.mfa.trust_enabled && attempt.has_waited_at(StageKey::MfaAuthenticate);
    let after_code =
        settings.account.login_by_code_trust_enabled && attempt.has_waited_at(StageKey::LoginByCode);
    let asks =
        is_enabled(settings) && (after_factor || after_code) && visit.visitor.client == ClientKind::Browser;
    if asks { Entry::Wait(Stage::MfaTrust) } else { Entry::Pass }
}

/// The login with a pending choice about trust.
pub fn resume(visit: &Visit<'_>) -> Decision<PendingLogin> {
    let pending = visit.session().pending().filter(|pending| pending.stage == Stage::MfaTrust);
    pending.cloned().ok_or(Stop::Unauthorized)
}

/// Trusts this browser at later logins to the account that it has just logged in to. A login that was given up, as the
/// password has changed since, or that waits at another stage, trusts no account.
pub fn remember(visit: &mut Visit<'_>) {
    let Some(account) = visit.user().filter(|_| visit.has_logged_in()) else { return };
    let now = visit.now;
    let mut entries: Vec<String> = valid(visit).into_iter().map(|(at, proof)| entry(at, proof)).collect();
    entries.push(entry(now, &visit.context.keys.trust(account, now)));
    let latest = entries.split_off(entries.len().saturating_sub(MOST_ACCOUNTS));
    visit.set_trust(latest.join(&BETWEEN_ACCOUNTS.to_string()));
}

fn entry(at: Timestamp, proof: &str) -> String {
    format!("{}{AFTER_TIME}{proof}", at.seconds())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{go_on, login_by_code};
    use super::*;
    use crate::domain::stage::Next;
    use crate::flows::recovery_codes;
    use crate::flows::testing::{World, totp_code};
    use crate::secret::Secret;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_cookie_can_be_sent(cookie in ".{0,80}", entry in "[0-9-]{0,20}-[a-zA-Z0-9_-]{0,43}(\\.[0-9]{1,12}-)?") {
            let mut world = World::new(&[TRUST, NO_REAUTHENTICATION]);
            world.client = ClientKind::Browser;
            world.add(true, None);
            world.add_app();
            world.forget_session();
            for cookie in [cookie, entry] {
                world.trust = Some(cookie);
                prop_assert!(!is_spared(&mut world));
            }
        }
    }

    fn world(settings: &[(&str, &str)]) -> (World, String) {
        let mut world = World::new(&[settings, &[NO_REAUTHENTICATION]].concat());
        world.client = ClientKind::Browser;
        world.add(true, None);
        let secret = world.add_app();
        world.forget_session();
        (world, secret)
    }

    /// Answers as the endpoint does what is asked about trust.
    fn answer(world: &mut World, wish: bool) {
        world
            .visit(|visit| {
                let pending = resume(visit)?;
                go_on(visit, Next::Leave(pending))?;
                if wish {
                    remember(visit);
                }
                Ok(())
            })
            .unwrap();
    }

    /// Logs in with the second factor, and answers what is asked about trust.
    fn log_in(world: &mut World, secret: &str, wish: bool) {
        world.log_in();
        let code = totp_code(secret, world.now, 0);
        world.give(&code).unwrap();
        assert!(!world.is_logged_in(), "it is asked whether to trust the browser");
        answer(world, wish);
        assert!(world.is_logged_in());
        world.forget_session();
        world.wait(30);
    }

    fn is_spared(world: &mut World) -> bool {
        world.log_in();
        let spared = world.is_logged_in();
        world.forget_session();
        spared
    }

    const TRUST: (&str, &str) = ("MFA_TRUST_ENABLED", "true");
    const NO_REAUTHENTICATION: (&str, &str) = ("MFA_REAUTHENTICATION_REQUIRED", "false");

    #[test]
    fn a_trusted_browser_is_spared_the_second_factor_until_it_expires() {
        let (mut world, secret) = world(&[TRUST, ("MFA_TRUST_COOKIE_AGE", "3600")]);
        log_in(&mut world, &secret, false);
        assert_eq!(world.trust, None);
        assert!(!is_spared(&mut world));
        log_in(&mut world, &secret, true);
        // Half a minute has passed by now.
        world.wait(3569);
        assert!(is_spared(&mut world));
        world.wait(1);
        assert!(!is_spared(&mut world));
    }

    #[test]
    fn a_login_that_is_given_up_trusts_nobody() {
        let (mut world, secret) = world(&[TRUST]);
        let id = world.owner().id;
        world.log_in();
        let code = totp_code(&secret, world.now, 0);
        world.give(&code).unwrap();
        world.accounts.get_mut(&id).unwrap().end_sessions();
        answer(&mut world, true);
        assert!(!world.is_logged_in());
        assert_eq!(world.trust, None);
    }

    #[test]
    fn trust_ends_with_the_password_an_authenticator_or_recovery_codes() {
        let (world, secret) = world(&[TRUST]);
        let mut world = world;
        let id = world.owner().id;
        log_in(&mut world, &secret, true);
        let before = world.owner();
        let cookie = world.trust.clone();
        let hash = world.password_hash();
        world.accounts.get_mut(&id).unwrap().set_password(hash);
        assert!(!is_spared(&mut world));
        world.accounts.insert(id.clone(), before.clone());
        assert!(is_spared(&mut world));
        let account = world.accounts.get_mut(&id).unwrap();
        account.add_authenticator(1, before.authenticators[0].factor.clone(), before.created_at);
        assert!(!is_spared(&mut world));
        world.accounts.insert(id.clone(), before);
        world.log_in();
        world.visit(|visit| recovery_codes::regenerate(visit, &id)).unwrap();
        world.forget_session();
        assert_eq!(world.trust, cookie);
        assert!(!is_spared(&mut world));
    }

    #[test]
    fn nothing_else_passes_for_trust() {
        let (mut world, secret) = world(&[TRUST]);
        log_in(&mut world, &secret, true);
        let cookie = world.trust.clone().unwrap();
        let (seconds, proof) = cookie.split_once(AFTER_TIME).unwrap();
        let later = seconds.parse::<i64>().unwrap() + 1;
        for forged in [
            String::new(),
            "W10:forged".into(),
            proof.into(),
            format!("{later}-{proof}"),
            format!("{seconds}-"),
            format!("{}-{proof}", i64::MAX),
            format!("-{seconds}-{proof}"),
            ".-.-.".into(),
        ] {
            world.trust = Some(forged.clone());
            assert!(!is_spared(&mut world), "{forged}");
        }
        world.trust = Some(format!("W10:forged.{cookie}"));
        assert!(is_spared(&mut world));
    }

    #[test]
    fn apps_are_not_asked_and_not_trusted() {
        let (mut world, secret) = world(&[TRUST]);
        world.client = ClientKind::App;
        world.log_in();
        let code = totp_code(&secret, world.now, 0);
        world.give(&code).unwrap();
        assert!(world.is_logged_in());
    }

    #[test]
    fn a_browser_is_trusted_by_so_many_accounts_only() {
        let (mut world, secret) = world(&[TRUST, ("MFA_TRUST_COOKIE_AGE", "86400")]);
        for _ in 0..12 {
            log_in(&mut world, &secret, true);
            // Who was spared is not asked: forget, as another account would.
            world.trust = world.trust.take().map(|trust| trust.replace(AFTER_TIME, "-x"));
        }
        assert_eq!(world.trust.unwrap().split(BETWEEN_ACCOUNTS).count(), MOST_ACCOUNTS);
    }

    #[test]
    fn a_required_code_can_be_spared_as_well() {
        let settings =
            [("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true"), ("ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", "true")];
        let mut world = World::new(&settings);
        world.client = ClientKind::Browser;
        world.add(true, None);
        world.log_in();
        let code = Secret::new(world.code());
        world
            .visit(|visit| {
                let (_, challenge, _) = login_by_code::resume(visit)?;
                assert!(login_by_code::is_right(visit, &challenge, code.expose())?);
                let next = login_by_code::confirm(visit)?;
                go_on(visit, next)
            })
            .unwrap();
        answer(&mut world, true);
        world.forget_session();
        assert!(is_spared(&mut world));
    }
}
