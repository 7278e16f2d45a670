//! Codes of an authenticator app, which follow from a secret and the time (RFC 6238 with HMAC-SHA-1, as all apps have
//! it).
//!
//! The secret is shown once, as text and as a link for a QR code; until the app has proved that it has it, it waits
//! in the session. It is kept encrypted at all times, and bound to its account.

use data_encoding::BASE32;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::visit::{Decision, Stop, Visit};
use super::{authenticators, reauthenticate};
use crate::domain::account::Account;
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor, Totp};
use crate::domain::code;
use crate::domain::refusal::FieldErrorKind;
use crate::secret::Secret;
use crate::signing::SealPurpose;

/// What may stand in a part of a URL as it is (RFC 3986, unreserved).
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A secret for an app.
#[derive(Clone, Debug)]
pub struct Setup {
    /// 160 bits in base32, as people can type it.
    pub secret: Secret,
    /// The same as a link that apps read from a QR code
    /// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
    pub url: Secret,
}

/// A new secret, in the place of the one that this session was shown before.
pub fn begin(visit: &mut Visit<'_>, account: &Account) -> Setup {
    let bytes = Zeroizing::new(visit.context.random.bytes::<20>());
    let secret = Secret::new(BASE32.encode(bytes.as_ref()));
    let context = visit.context;
    let sealed = context.keys.seal(SealPurpose::TotpSecret, context.random, account.id.as_str(), &secret);
    visit.session_mut().totp_secret = Some(sealed);
    let url = link(visit, account, &secret);
    Setup { secret, url }
}

fn link(visit: &Visit<'_>, account: &Account, secret: &Secret) -> Secret {
    let settings = visit.settings();
    let quote = |text: &str| utf8_percent_encode(text, PART).to_string();
    let host = visit.visitor.base_url.split_once("://").map_or("", |(_, host)| host);
    let issuer = settings.mfa.totp_issuer.as_deref().or(settings.site_name.as_deref()).unwrap_or(host);
    let link = format!(
        "otpauth://totp/{}?secret={}&issuer={}",
        quote(&account.label()),
        secret.expose(),
        quote(issuer)
    );
    let (digits, period) = (settings.mfa.totp_digits, settings.mfa.totp_period);
    // Others than the usual ones are named; not all apps know the names.
    let digits = if digits == 6 { String::new() } else { format!("&digits={digits}") };
    let period = if period == 30 { String::new() } else { format!("&period={period}") };
    Secret::new(link + &digits + &period)
}

/// The secret that this session was shown. Where there was none, a new one is made for later: no code is right for it.
pub fn shown_secret(visit: &mut Visit<'_>, account: &Account) -> Decision<Option<Secret>> {
    let Some(sealed) = visit.session().totp_secret.clone() else {
        begin(visit, account);
        return Ok(None);
    };
    Ok(Some(visit.context.keys.open(SealPurpose::TotpSecret, account.id.as_str(), &sealed)?))
}

/// Checks that the app has the secret that this session was shown.
pub fn check_setup(
    visit: &mut Visit<'_>,
    account: &Account,
    shown: Option<&Secret>,
    answer: &str,
) -> Decision<()> {
    authenticators::check_may_add(visit.settings(), account)
        .map_err(|refusal| Stop::invalid(refusal.of("code")))?;
    authenticators::attempt(visit, &account.id, FieldErrorKind::RateLimited, "code")?;
    let is_right = is_bypass(visit, answer)
        || shown.is_some_and(|secret| !matching_steps(visit, secret, answer).is_empty());
    if is_right { Ok(()) } else { Err(Stop::invalid(FieldErrorKind::IncorrectCode.of("code"))) }
}

/// Makes the app whose code was right a second factor. A conflict when there is one already.
///
/// Wrong answers are forgiven here, not by a right code alone: it proves no more than that the session was shown a secret,
/// and guesses at the account's other factors count together with those at the app.
pub fn activate(visit: &mut Visit<'_>, account: &Account) -> Decision<Authenticator> {
    authenticators::require_for_adding(visit)?;
    if account.authenticator(AuthenticatorType::Totp).is_some() {
        return Err(Stop::Conflict);
    }
    let secret = visit.session_mut().totp_secret.take().ok_or(Stop::Conflict)?;
    let factor = Factor::Totp(Totp::new(secret));
    authenticators::forgive(visit, &account.id)?;
    Ok(authenticators::add(visit, &account.id, factor, false)?.authenticator)
}

/// Removes the app, if there is one.
pub fn deactivate(visit: &mut Visit<'_>, account: &Account) -> Decision<()> {
    let Some(id) = account.authenticator(AuthenticatorType::Totp).map(|totp| totp.id) else { return Ok(()) };
    reauthenticate::require_if(visit, visit.settings().mfa.reauthentication_required)?;
    authenticators::remove(visit, &account.id, id)
}

/// Whether an answer is a code of the app that is good now and was not given before; it is not good again.
pub(super) fn accept(
    visit: &mut Visit<'_>,
    account: &Account,
    authenticator: i64,
    totp: &Totp,
    answer: &str,
) -> Decision<bool> {
    if is_bypass(visit, answer) {
        return Ok(true);
    }
    let secret = visit.context.keys.open(SealPurpose::TotpSecret, account.id.as_str(), &totp.secret)?;
    let matching = matching_steps(visit, &secret, answer);
    let Some(step) = matching.into_iter().find(|step| !totp.used_steps.contains(step)) else {
        return Ok(false);
    };
    let (first, _) = steps(visit);
    let found = visit.account_mut(&account.id)?.authenticator_mut(authenticator);
    if let Some(Factor::Totp(totp)) = found.map(|found| &mut found.factor) {
        // What is older is refused as too old, also by a process whose clock is a step behind.
        totp.used_steps.retain(|used| *used >= first - 1);
        totp.used_steps.push(step);
    }
    Ok(true)
}

/// Whether it is the code that passes in tests (`MFA_TOTP_INSECURE_BYPASS_CODE`).
fn is_bypass(visit: &Visit<'_>, answer: &str) -> bool {
    let bypass = visit.settings().mfa.totp_insecure_bypass_code.as_ref();
    bypass.is_some_and(|code| code.expose().as_bytes().ct_eq(answer.as_bytes()).into())
}

/// The first and the last time step whose code is good now.
fn steps(visit: &Visit<'_>) -> (i64, i64) {
    let mfa = &visit.settings().mfa;
    let current = visit.now.seconds().div_euclid(i64::from(mfa.totp_period));
    let tolerance = i64::from(mfa.totp_tolerance);
    (current - tolerance, current + tolerance)
}

/// The time steps that are good now and have this code, whatever its punctuation.
fn matching_steps(visit: &Visit<'_>, secret: &Secret, answer: &str) -> Vec<i64> {
    let Ok(secret) = BASE32.decode(secret.expose().as_bytes()).map(Zeroizing::new) else { return Vec::new() };
    let answer = code::normalise(answer);
    let (first, last) = steps(visit);
    let is_its = |step: &i64| {
        let code = hotp(&secret, *step, visit.settings().mfa.totp_digits);
        bool::from(code.as_bytes().ct_eq(answer.as_bytes()))
    };
    (first..=last).filter(is_its).collect()
}

/// The code of a counter (RFC 4226, section 5.3).
fn hotp(secret: &[u8], counter: i64, digits: u32) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any key fits");
    mac.update(&counter.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let at = usize::from(mac.last().copied().unwrap_or_default() & 0xF);
    let bytes = mac.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).unwrap_or_default();
    let value = (u32::from_be_bytes(bytes) & 0x7FFF_FFFF) % 10_u32.pow(digits);
    format!("{value:0width$}", width = digits as usize)
}

#[cfg(test)]
pub(super) fn code_at(secret: &str, step: i64) -> String {
    hotp(&BASE32.decode(secret.as_bytes()).unwrap(), step, 6)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, codes, totp_code};
    use super::*;
    use crate::domain::account_id::AccountId;
    use crate::domain::message::{Event, Message};
    use crate::secret::Sealed;
    use crate::signing::Unopened;

    /// RFC 4226, appendix D, and RFC 6238, appendix B (the rows of SHA-1).
    #[test]
    fn the_codes_of_the_rfcs() {
        let secret = b"12345678901234567890";
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (counter, code) in (0..).zip(expected) {
            assert_eq!(hotp(secret, counter, 6), code);
        }
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000_i64, "65353130"),
        ] {
            assert_eq!(hotp(secret, seconds / 30, 8), code);
        }
        assert_eq!(BASE32.encode(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    fn set_up(visit: &mut Visit<'_>, account: &Account, code: &str) -> Decision<()> {
        let shown = shown_secret(visit, account)?;
        check_setup(visit, account, shown.as_ref(), code)
    }

    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(&[settings, &[("MFA_REAUTHENTICATION_REQUIRED", "false")]].concat());
        world.add(true, None);
        world
    }

    #[test]
    fn a_login_waits_for_the_code_and_a_code_is_good_once() {
        let mut world = world(&[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]);
        let secret = world.add_app();
        let told = Message::Notification { event: Event::TotpActivated, origin: world.origin() };
        assert_eq!(*world.latest(), told);
        world.forget_session();
        world.log_in();
        assert!(!world.is_logged_in());
        let before = world.token();
        let code = totp_code(&secret, world.now, 0);
        assert_eq!(codes(world.give("000000x")), ["incorrect_code"]);
        world.give(&format!(" {}-{}", &code[..3], &code[3..])).unwrap();
        assert!(world.is_logged_in());
        assert_ne!(world.token(), before, "privilege has changed");
        world.forget_session();
        world.log_in();
        assert_eq!(codes(world.give(&code)), ["incorrect_code"]);
        world.wait(30);
        let next = totp_code(&secret, world.now, 0);
        world.give(&next).unwrap();
    }

    #[test]
    fn a_code_of_another_period_is_wrong_without_tolerance() {
        let mut world = world(&[]);
        let secret = world.add_app();
        world.forget_session();
        world.log_in();
        let code = |world: &World, periods| totp_code(&secret, world.now, periods);
        let current = code(&world, 0);
        // Two periods may happen to have the same code.
        for other in
            [-1, 1].map(|periods| code(&world, periods)).into_iter().filter(|other| *other != current)
        {
            assert_eq!(codes(world.give(&other)), ["incorrect_code"]);
        }
        world.give(&current).unwrap();
    }

    #[test]
    fn a_used_code_stays_used_as_long_as_tolerance_would_take_it() {
        let mut world = world(&[("MFA_TOTP_TOLERANCE", "1")]);
        let secret = world.add_app();
        world.forget_session();
        world.log_in();
        let next = totp_code(&secret, world.now, 1);
        let current = totp_code(&secret, world.now, 0);
        world.give(&next).unwrap();
        for _ in 0..3 {
            world.forget_session();
            world.log_in();
            assert_eq!(codes(world.give(&next)), ["incorrect_code"]);
            world.wait(29);
        }
        let account = world.owner();
        let Factor::Totp(totp) = &account.authenticators[0].factor else { panic!() };
        assert_eq!(totp.used_steps.len(), 1);
        assert_eq!(codes(world.give(&current)), ["incorrect_code"]);
    }

    #[test]
    fn a_used_code_stays_used_where_the_clock_is_behind() {
        let mut world = world(&[]);
        let secret = world.add_app();
        let earlier = world.now;
        let code = totp_code(&secret, earlier, 0);
        for periods in 0..2 {
            world.forget_session();
            world.log_in();
            let current = totp_code(&secret, earlier, periods);
            world.give(&current).unwrap();
            world.wait(30);
        }
        world.now = earlier;
        world.forget_session();
        world.log_in();
        assert_eq!(codes(world.give(&code)), ["incorrect_code"]);
    }

    #[test]
    fn wrong_codes_are_limited_and_a_right_one_forgives_them() {
        let mut world = world(&[]);
        let secret = world.add_app();
        world.forget_session();
        world.log_in();
        for _ in 0..4 {
            assert_eq!(codes(world.give("x")), ["incorrect_code"]);
        }
        let code = totp_code(&secret, world.now, 0);
        world.give(&code).unwrap();
        world.forget_session();
        world.log_in();
        for _ in 0..5 {
            assert_eq!(codes(world.give("x")), ["incorrect_code"]);
        }
        world.wait(30);
        let code = totp_code(&secret, world.now, 0);
        assert_eq!(codes(world.give(&code)), ["too_many_login_attempts"]);
    }

    #[test]
    fn the_secret_is_of_this_session_and_account() {
        let mut world = world(&[]);
        world.log_in();
        let account = world.owner();
        let setup = world.visit(|visit| Ok(begin(visit, &account))).unwrap();
        let code = totp_code(setup.secret.expose(), world.now, 0);
        let mut other = account.clone();
        other.id = AccountId::parse("another").unwrap();
        let opened = world.visit(|visit| set_up(visit, &other, &code));
        assert_eq!(opened, Err(Stop::Unopened(Unopened(SealPurpose::TotpSecret))));
        // A second look makes another secret.
        world.visit(|visit| Ok(begin(visit, &account))).unwrap();
        assert_eq!(codes(world.visit(|visit| set_up(visit, &account, &code))), ["incorrect_code"]);
    }

    #[test]
    fn a_secret_that_can_t_be_opened_is_no_wrong_code() {
        let mut world = world(&[]);
        let secret = world.add_app();
        world.forget_session();
        let (id, mut account) = (world.owner().id, world.owner());
        for authenticator in &mut account.authenticators {
            match &mut authenticator.factor {
                Factor::Totp(totp) => totp.secret = Sealed("00000000.AAAA".into()),
                Factor::RecoveryCodes(codes) => codes.key = Some(Sealed("AAAA".into())),
                Factor::WebAuthn(_) => {}
            }
        }
        world.accounts.insert(id, account);
        world.log_in();
        let code = totp_code(&secret, world.now, 0);
        assert!(matches!(world.give(&code), Err(Stop::Unopened(_))));
        assert!(matches!(world.give("12345678"), Err(Stop::Unopened(_))));
    }

    #[test]
    fn the_link_names_what_is_unusual() {
        let mut world = world(&[
            ("MFA_TOTP_DIGITS", "8"),
            ("MFA_TOTP_PERIOD", "60"),
            ("MFA_TOTP_ISSUER", "My Größe & Co"),
        ]);
        world.log_in();
        let account = world.owner();
        let setup = world.visit(|visit| Ok(begin(visit, &account))).unwrap();
        let expected = format!(
            "otpauth://totp/ann%40example.com?secret={}&issuer=My%20Gr%C3%B6%C3%9Fe%20%26%20Co&digits=8&period=60",
            setup.secret.expose()
        );
        assert_eq!(setup.url.expose(), expected);
        assert_eq!(BASE32.decode(setup.secret.expose().as_bytes()).unwrap().len(), 20);
    }

    #[test]
    fn a_bypass_passes_where_it_is_set() {
        let mut world = world(&[("DEBUG", "true"), ("MFA_TOTP_INSECURE_BYPASS_CODE", "424242")]);
        world.add_app();
        world.forget_session();
        world.log_in();
        assert_eq!(codes(world.give("424243")), ["incorrect_code"]);
        world.give("424242").unwrap();
        assert!(world.is_logged_in());
    }
}
