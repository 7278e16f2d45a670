//! Login by password.

use std::borrow::Cow;

use super::stages;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account_id::AccountId;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::domain::stage::LoginAttempt;
use crate::domain::{email, username};
use crate::secret::Secret;
use crate::settings::{Action, EmailVerification, LoginMethod, Settings};
use crate::snapshot::Need;

/// A login identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// By an email address, in canonical form.
    Email(String),
    /// By a username.
    Username(String),
    /// By a phone number.
    Phone(String),
}

impl Identifier {
    /// The key of the counter of failed attempts: the same for all spellings.
    pub fn key(&self) -> Cow<'_, str> {
        match self {
            Self::Email(text) | Self::Phone(text) => Cow::Borrowed(text),
            Self::Username(name) => {
                Cow::Owned(email::canonical(name).unwrap_or_else(|| username::fold(name)))
            }
        }
    }

    const fn mismatch(&self) -> FieldErrorKind {
        match self {
            Self::Email(_) => FieldErrorKind::EmailPasswordMismatch,
            Self::Username(_) => FieldErrorKind::UsernamePasswordMismatch,
            Self::Phone(_) => FieldErrorKind::PhonePasswordMismatch,
        }
    }
}

/// The email address that a username may be, if login is by either.
pub fn email_of(settings: &Settings, name: &str) -> Option<String> {
    settings.account.login_methods.contains(LoginMethod::Email).then(|| email::canonical(name)).flatten()
}

/// Verifies a password: returns the account, active or not. A wrong one counts as a failed attempt (`login_failed`); a
/// correct one does not, nor does it forgive others.
pub fn authenticate(visit: &mut Visit<'_>, who: &Identifier, password: &Secret) -> Decision<AccountId> {
    if !visit.consume(Action::LoginFailed, &who.key())? {
        return Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of_all()));
    }
    match check(visit, who, password)? {
        Some(account) => {
            visit.roll_back(Action::LoginFailed, &who.key())?;
            Ok(account)
        }
        None => Err(Stop::invalid(who.mismatch().of("password"))),
    }
}

/// Whether a verification mail that the login would need can't be sent now: by code, that blocks it.
pub fn refuse_if_limited(visit: &mut Visit<'_>, account: &AccountId, who: &Identifier) -> Decision<()> {
    let settings = &visit.settings().account;
    let by_code = settings.email_verification_by_code_enabled
        && settings.email_verification == EmailVerification::Mandatory;
    if let Identifier::Email(email) = who
        && by_code
        && visit
            .account(account)?
            .and_then(|account| account.address(email))
            .is_some_and(|known| !known.verified)
        && !visit.would_allow(Action::ConfirmEmail, email)?
    {
        return Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of_all()));
    }
    Ok(())
}

/// Logs in, as far as the stages allow; a hash with outdated parameters is replaced.
pub fn log_in(visit: &mut Visit<'_>, account: AccountId, who: Identifier, password: &Secret) -> Decision<()> {
    let mut record = AuthenticationRecord::new(Method::Password, visit.now);
    let email = match who {
        Identifier::Email(email) => {
            record.email = Some(email.clone());
            Some(email)
        }
        Identifier::Username(username) => {
            record.username = Some(username);
            None
        }
        // As the contract has it, the record does not say the number.
        Identifier::Phone(_) => None,
    };
    visit.record(&account, record);
    let passwords = visit.context.passwords;
    let known = visit.account_mut(&account)?;
    if known.password.as_ref().is_some_and(|hash| passwords.is_outdated(hash)) {
        // Not `set_password`: it is still the same password, and no session ends.
        known.rehash_password(passwords.hash(password));
    }
    let now = visit.now;
    stages::begin(visit, LoginAttempt::new(account, email, now))
}

fn check(visit: &Visit<'_>, who: &Identifier, password: &Secret) -> Decision<Option<AccountId>> {
    let candidates: Vec<AccountId> = match who {
        Identifier::Email(email) => named(visit, &Recipient::Email(email.clone()))?,
        Identifier::Username(name) => {
            let mut found = match email_of(visit.settings(), name) {
                Some(email) => named(visit, &Recipient::Email(email))?,
                None => Vec::new(),
            };
            found.extend(visit.owner_of(Handle::username(name))?.cloned());
            found
        }
        Identifier::Phone(phone) => named(visit, &Recipient::Phone(phone.clone()))?,
    };
    // Where nobody is found, somebody who is not there is looked for: it takes as long.
    let decoy = candidates.is_empty().then(|| AccountId::parse("nobody")).flatten();
    visit.require(candidates.iter().cloned().chain(decoy).map(Need::Account).collect())?;
    let mut found = None;
    for id in &candidates {
        let account = visit.account(id)?;
        let hash = account.and_then(|account| account.password.as_ref());
        if visit.context.passwords.matches(password, hash) {
            // Of several accounts with one password, one that can be logged in to.
            if account.is_some_and(|account| account.active) {
                return Ok(Some(id.clone()));
            }
            found = found.or_else(|| Some(id.clone()));
        }
    }
    if candidates.is_empty() {
        visit.context.passwords.pretend_to_verify(password);
    }
    Ok(found)
}

/// The accounts whose passwords are tried: also those that have not verified what they are named by, as a user who
/// knows the password needs no proof by mail or text.
fn named(visit: &Visit<'_>, address: &Recipient) -> Decision<Vec<AccountId>> {
    Ok(visit.owners(address)?.named().into_iter().map(|owner| owner.account.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{EMAIL, PASSWORD, World, codes};
    use super::*;

    fn try_password(world: &mut World, password: &str) -> Decision<()> {
        world.visit(|visit| {
            let who = Identifier::Email(EMAIL.into());
            let password = Secret::new(password);
            let account = authenticate(visit, &who, &password)?;
            log_in(visit, account, who, &password)
        })
    }

    #[test]
    fn the_right_password_logs_in() {
        let mut world = World::new(&[]);
        let id = world.add(true, None);
        try_password(&mut world, PASSWORD).unwrap();
        assert!(world.is_logged_in());
        assert_eq!(world.accounts[&id].last_login_at, Some(world.now));
        let session = world.session();
        let [record] = session.records_of(&id) else { panic!("{session:?}") };
        assert_eq!((record.method, record.email.as_deref()), (Method::Password, Some(EMAIL)));
    }

    #[test]
    fn a_password_never_expires() {
        let mut world = World::new(&[]);
        world.add(true, None);
        for _ in 0..5 {
            world.wait(10 * 366 * 86_400);
            try_password(&mut world, PASSWORD).unwrap();
            assert!(world.is_logged_in());
        }
    }

    #[test]
    fn a_password_is_hashed_once_whoever_is_named() {
        let settings = [
            ("ACCOUNT_LOGIN_METHODS", "email,username"),
            ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,password1*"),
        ];
        for is_known in [true, false] {
            for who in [Identifier::Email(EMAIL.into()), Identifier::Username("ann".into())] {
                let mut world = World::new(&settings);
                if is_known {
                    let id = world.add(true, None);
                    world.accounts.get_mut(&id).unwrap().username = Some("ann".to_owned());
                }
                let hashes = std::cell::Cell::new(0);
                let refused = world.visit(|visit| {
                    let outcome = authenticate(visit, &who, &Secret::new("wrong"));
                    hashes.set(visit.context.passwords.computed());
                    outcome
                });
                assert!(refused.is_err());
                assert_eq!(hashes.get(), 1, "{who:?} {is_known}");
            }
        }
    }

    #[test]
    fn a_wrong_password_and_an_unknown_address_are_told_alike() {
        let mut known = World::new(&[]);
        known.add(true, None);
        let mut unknown = World::new(&[]);
        assert_eq!(try_password(&mut known, "wrong"), try_password(&mut unknown, "wrong"));
        assert_eq!(codes(try_password(&mut known, "wrong")), ["email_password_mismatch"]);
        assert!(!known.is_logged_in());
    }

    #[test]
    fn failed_attempts_are_limited_and_not_forgiven_by_a_right_one() {
        let mut world = World::new(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "3/m/key"}"#)]);
        world.add(true, None);
        for _ in 0..2 {
            assert_eq!(codes(try_password(&mut world, "wrong")), ["email_password_mismatch"]);
        }
        try_password(&mut world, PASSWORD).unwrap();
        assert_eq!(codes(try_password(&mut world, "wrong")), ["email_password_mismatch"]);
        assert_eq!(codes(try_password(&mut world, PASSWORD)), ["too_many_login_attempts"]);
        world.wait(61);
        try_password(&mut world, PASSWORD).unwrap();
    }

    #[test]
    fn a_hundred_failures_are_the_most_of_a_year_where_that_is_set() {
        let limits = r#"{"login_failed": "5/300s/key,100/366d/key"}"#;
        let mut world = World::new(&[("ACCOUNT_RATE_LIMITS", limits)]);
        world.add(true, None);
        // However slow the guesses are: three a day.
        for _ in 0..100 {
            assert_eq!(codes(try_password(&mut world, "wrong")), ["email_password_mismatch"]);
            world.wait(8 * 3600);
        }
        for _ in 0..3 {
            assert_eq!(codes(try_password(&mut world, PASSWORD)), ["too_many_login_attempts"]);
            world.wait(30 * 86_400);
        }
    }

    #[test]
    fn somebody_inactive_gets_no_further_and_is_not_told() {
        let mut world = World::new(&[]);
        let id = world.add(true, None);
        world.accounts.get_mut(&id).unwrap().active = false;
        try_password(&mut world, PASSWORD).unwrap();
        assert!(!world.is_logged_in());
        assert!(world.session().is_blank());
    }

    #[test]
    fn a_hash_of_another_cost_is_made_anew_and_ends_no_session() {
        let mut world = World::new(&[]);
        let id = world.add(true, None);
        let old = World::new(&[("PASSWORD_ARGON2_ITERATIONS", "2")]).password_hash();
        world.accounts.get_mut(&id).unwrap().password = Some(old.clone());
        try_password(&mut world, PASSWORD).unwrap();
        let account = &world.accounts[&id];
        assert_ne!(account.password, Some(old));
        assert_eq!(account.session_epoch, 0);
    }

    #[test]
    fn a_login_gets_a_token_of_its_own() {
        let mut world = World::new(&[("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true")]);
        world.add(true, None);
        world.visit(|visit| super::super::password_reset::request(visit, EMAIL, &[])).unwrap();
        let before = world.token();
        try_password(&mut world, PASSWORD).unwrap();
        assert_ne!(world.token(), before);
    }
}
