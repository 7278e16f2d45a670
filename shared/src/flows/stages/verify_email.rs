//! Verification of email addresses, by link or code: at sign-up and login, and when one is added.

use crate::domain::account::{Account, MOST_ADDRESSES};
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::means::Means;
use crate::domain::message::{Event, Message, Recipient};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::stage::{Entry, LoginAttempt, Next, PendingLogin, Stage};
use crate::flows::notice::render_link;
use crate::flows::reauthenticate;
use crate::flows::visit::{Decision, Stop, Visit};
use crate::settings::{Action, EmailVerification, Settings};
use crate::signing::{CodePurpose, EmailKey, Keys, Spelling};

/// The result of a valid key or code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The account.
    pub account: AccountId,
    /// The email address.
    pub email: String,
}

/// The encoding of keys in links.
pub const fn spelling(settings: &Settings) -> Spelling {
    if settings.account.email_confirmation_hmac { Spelling::Base64 } else { Spelling::Hex }
}

/// What a key from a link says, where verification is by link.
pub fn read_key(settings: &Settings, keys: &Keys, key: &str) -> Option<EmailKey> {
    let by_link = !settings.account.email_verification_by_code_enabled;
    by_link.then(|| keys.read_email_key(key.trim(), spelling(settings))).flatten()
}

/// The login with a pending email verification.
pub fn pending<'v>(visit: &'v Visit<'_>) -> Option<&'v PendingLogin> {
    visit.session().pending().filter(|pending| pending.stage == Stage::VerifyEmail)
}

/// The pending code; none if verification is by link. A conflict when no address is being verified by code, or for too
/// long: then the login is given up.
pub fn resume(visit: &mut Visit<'_>) -> Decision<Option<Challenge>> {
    if !visit.settings().account.email_verification_by_code_enabled {
        return Ok(None);
    }
    if pending(visit).is_none() && visit.user().is_none() {
        return Err(Stop::Conflict);
    }
    awaited(visit).map(Some)
}

/// The code that this session awaits, at its stage or not.
pub(in crate::flows) fn awaited(visit: &mut Visit<'_>) -> Decision<Challenge> {
    let settings = &visit.settings().account;
    if !settings.email_verification_by_code_enabled {
        return Err(Stop::Conflict);
    }
    let challenge = visit.session().email_verification.clone().ok_or(Stop::Conflict)?;
    if challenge.is_expired(settings.email_verification_by_code_timeout, visit.now) {
        give_up(visit);
        return Err(Stop::Conflict);
    }
    Ok(challenge)
}

/// Finds the email address of a key or code.
pub fn check(visit: &Visit<'_>, challenge: Option<&Challenge>, key: &str) -> Decision<Proof> {
    let proof = match challenge {
        Some(challenge) => check_code(visit, challenge, key)?,
        None => check_link(visit, key)?,
    };
    let verified =
        visit.account(&proof.account)?.is_some_and(|account| account.has_verified(Some(&proof.email)));
    if !verified && visit.is_claimed_by_other(&Recipient::Email(proof.email.clone()), &proof.account) {
        return Err(Stop::invalid(FieldErrorKind::EmailTaken.of("key")));
    }
    Ok(proof)
}

fn check_code(visit: &Visit<'_>, challenge: &Challenge, key: &str) -> Decision<Proof> {
    let keys = visit.context.keys;
    let expected = challenge.code.as_ref();
    let right = keys.code_matches(CodePurpose::VerifyEmail, &challenge.to, key, expected);
    let account = if right { visit.account_of(challenge)? } else { None };
    match (account, challenge.email()) {
        (Some(account), Some(email)) => Ok(Proof { account: account.id.clone(), email: email.to_owned() }),
        _ => Err(Stop::invalid(FieldErrorKind::IncorrectCode.of("key"))),
    }
}

fn check_link(visit: &Visit<'_>, key: &str) -> Decision<Proof> {
    let refused = || Stop::invalid(FieldErrorKind::InvalidOrExpiredKey.of("key"));
    let settings = visit.settings();
    let key = read_key(settings, visit.context.keys, key).ok_or_else(refused)?;
    let days = settings.account.email_confirmation_expire_days;
    let lifetime =
        std::time::Duration::try_from_secs_f64(days * 86_400.0).unwrap_or(std::time::Duration::MAX);
    let account = visit.account(&key.account)?.ok_or_else(refused)?;
    let unverified = account.address(&key.email).is_some_and(|address| !address.verified);
    if !unverified || key.at.is_older_than(lifetime, visit.now) {
        return Err(refused());
    }
    Ok(Proof { account: key.account, email: key.email })
}

/// Counts a failed attempt; the last one allowed aborts the login.
pub fn fail(visit: &mut Visit<'_>, challenge: Option<Challenge>) {
    let Some(mut challenge) = challenge else { return };
    if challenge.fail(visit.settings().account.email_verification_by_code_max_attempts) {
        visit.session_mut().email_verification = Some(challenge);
    } else {
        give_up(visit);
    }
}

/// Marks the email address as verified; the login that waits for it goes on, if this is the session for it.
pub fn confirm(visit: &mut Visit<'_>, challenge: Option<&Challenge>, proof: &Proof) -> Decision<Next> {
    if visit.account(&proof.account)?.is_some_and(|account| account.has_verified(Some(&proof.email))) {
        return Err(Stop::Conflict);
    }
    verify(visit, &proof.account, &proof.email)?;
    if challenge.is_some() {
        visit.session_mut().email_verification = None;
    }
    let Some(waiting) = pending(visit).cloned() else { return Ok(Next::Stay) };
    let settings = &visit.settings().account;
    // By link, whoever else got hold of the link could log in with it, again and again.
    let may_log_in = settings.login_on_email_confirmation || settings.email_verification_by_code_enabled;
    if may_log_in && waiting.attempt.account.as_ref() == Some(&proof.account) {
        Ok(Next::Leave(waiting))
    } else {
        visit.clear_login();
        Ok(Next::Stay)
    }
}

/// Resends the code, as often as `ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND` allows.
pub fn resend(visit: &mut Visit<'_>) -> Decision<()> {
    let mut challenge = awaited(visit)?;
    if challenge.resend_count >= visit.settings().account.email_verification_max_resend_count {
        return Err(Stop::Conflict);
    }
    send_code(visit, &mut challenge, true)?;
    challenge.resend_count += 1;
    visit.session_mut().email_verification = Some(challenge);
    Ok(())
}

/// Takes an address as verified since something else proved it, unless another account has it.
pub(in crate::flows) fn verify_indirectly(
    visit: &mut Visit<'_>,
    account: &AccountId,
    email: &str,
) -> Decision<()> {
    let unverified =
        visit.account(account)?.and_then(|account| account.address(email)).is_some_and(|a| !a.verified);
    if unverified && !visit.is_claimed_by_other(&Recipient::Email(email.to_owned()), account) {
        verify(visit, account, email)?;
    }
    Ok(())
}

fn verify(visit: &mut Visit<'_>, account: &AccountId, email: &str) -> Decision<()> {
    let replaces = visit.settings().account.change_email;
    let before = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    let account = visit.account_mut(account)?;
    // By code an address is the account's only now, and each of many sessions may have asked for one.
    if !replaces && !account.has_room_for(email) {
        return Err(Stop::invalid(FieldErrorKind::MaxEmailAddresses(MOST_ADDRESSES).of("key")));
    }
    let other =
        account.emails.iter().find(|address| address.email != email).map(|address| address.email.clone());
    account.verify_address(email, replaces);
    let from = other.filter(|_| replaces);
    let event = match &from {
        Some(from) => Event::EmailChanged { from: from.clone(), to: email.to_owned() },
        None => Event::EmailAdded { email: email.to_owned() },
    };
    if before.address(email).is_none() {
        visit.announce(&before, &event, from.as_deref());
        reauthenticate::note(visit, &before.id, Means::Email(email.to_owned()))?;
    } else if from.is_some() {
        visit.notify(&before, event, from.as_deref());
    }
    Ok(())
}

pub(super) fn enter(visit: &mut Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    let verified = match &attempt.account {
        Some(id) => visit.account(id)?.is_some_and(|account| {
            // Whoever has proved a number, and has no email address, has none to verify.
            let by_number = account.is_proven() && !account.addresses().keys().any(|it| it.email().is_some());
            account.has_verified(attempt.email.as_deref()) || by_number
        }),
        None => false,
    };
    let settings = visit.settings();
    match rule(settings, attempt.social) {
        EmailVerification::Mandatory if !verified => {
            send_at_login(visit, attempt)?;
            Ok(Entry::Wait(Stage::VerifyEmail))
        }
        EmailVerification::Optional if !verified && attempt.signup => {
            send_at_login(visit, attempt)?;
            Ok(Entry::Pass)
        }
        EmailVerification::Mandatory | EmailVerification::Optional | EmailVerification::None => {
            Ok(Entry::Pass)
        }
    }
}

/// Whether login requires a verified email address.
pub(in crate::flows) fn is_mandatory(settings: &Settings, social: bool) -> bool {
    matches!(rule(settings, social), EmailVerification::Mandatory)
}

fn rule(settings: &Settings, social: bool) -> EmailVerification {
    let own = settings.socialaccount.email_verification.filter(|_| social);
    own.unwrap_or(settings.account.email_verification)
}

fn send_at_login(visit: &mut Visit<'_>, attempt: &LoginAttempt) -> Decision<()> {
    let Some(id) = &attempt.account else { return Ok(()) };
    let Some(account) = visit.account(id)?.cloned() else { return Ok(()) };
    let address = match &attempt.email {
        Some(email) => account.address(email),
        None => account.best_address(),
    };
    match address {
        Some(address) if !address.verified => send(visit, &account, &address.email, attempt.signup),
        Some(_) | None => Ok(()),
    }
}

/// Sends a link or a code to an address that is to be verified; to one that is taken, which the client is not to
/// learn, a mail that says so.
pub fn send(visit: &mut Visit<'_>, account: &Account, email: &str, signup: bool) -> Decision<()> {
    let is_taken = visit.draft(&account.id).is_some_and(|draft| draft.email_taken);
    if visit.settings().account.email_verification_by_code_enabled {
        let to = Recipient::Email(email.to_owned());
        let mut challenge = Challenge::new(to, Some(account), visit.now);
        challenge.already_exists = is_taken;
        send_code(visit, &mut challenge, false)?;
        visit.session_mut().email_verification = Some(challenge);
        return Ok(());
    }
    // Earlier links stay valid, so nothing is lost when this one is not sent.
    if !visit.consume(Action::ConfirmEmail, email)? {
        return Ok(());
    }
    if is_taken {
        return visit.mail_account_exists(email);
    }
    let spelling = spelling(visit.settings());
    let key = visit.context.keys.email_key(&account.id, email, visit.now, spelling);
    let url = render_link(&visit.settings().headless.frontend_urls.account_confirm_email, &key);
    visit.mail_for(visit.asker(&account.id), email, Message::ConfirmEmail { url, signup })
}

pub(in crate::flows) fn send_code(
    visit: &mut Visit<'_>,
    challenge: &mut Challenge,
    again: bool,
) -> Decision<()> {
    let email = challenge.email().unwrap_or_default().to_owned();
    visit.limit(Action::ConfirmEmail, &email)?;
    let id = challenge.account.clone().ok_or(Stop::Conflict)?;
    let asker = visit.asker(&id);
    visit.prepare(&challenge.to, asker)?;
    let account = visit.account(&id)?.filter(|_| !challenge.already_exists);
    let Some(account) = account else {
        challenge.code = None;
        return if again { Ok(()) } else { visit.mail_account_exists(&email) };
    };
    let signup = !account.has_logged_in();
    let code = visit.new_code(&visit.settings().account.email_verification_by_code_format);
    let hash = visit.context.keys.code_hash(CodePurpose::VerifyEmail, &challenge.to, &code.normalised);
    challenge.code = Some(hash);
    visit.mail_for(asker, &email, Message::ConfirmEmailCode { code: code.text, signup })
}

fn give_up(visit: &mut Visit<'_>) {
    visit.session_mut().email_verification = None;
    if visit.user().is_none() {
        visit.clear_login();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::signup::{NewAccount, Taken, sign_up};
    use crate::flows::testing::{EMAIL, World, codes};
    use crate::flows::{manage_email, stages};
    use crate::secret::Secret;

    const BY_CODE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");

    fn join(world: &mut World) -> AccountId {
        let new = NewAccount {
            email: Some(EMAIL.into()),
            password: Some(Secret::new("Correct-Horse-9")),
            ..NewAccount::default()
        };
        world.visit(|visit| sign_up(visit, new.clone(), Taken::default())).unwrap();
        world.accounts.keys().next_back().unwrap().clone()
    }

    fn key(world: &World) -> String {
        let Message::ConfirmEmail { url, .. } = world.latest() else { panic!("{:?}", world.latest()) };
        url.rsplit('/').next().unwrap().replace("%3A", ":")
    }

    fn verify_with(world: &mut World, key: &str) -> Decision<()> {
        world.visit(|visit| {
            let challenge = resume(visit)?;
            match check(visit, challenge.as_ref(), key) {
                Ok(proof) => {
                    let next = confirm(visit, challenge.as_ref(), &proof)?;
                    stages::go_on(visit, next)
                }
                Err(Stop::Missing(needs)) => Err(Stop::Missing(needs)),
                Err(stop) => {
                    fail(visit, challenge);
                    Err(stop)
                }
            }
        })
    }

    #[test]
    fn a_link_verifies_once_and_does_not_log_in() {
        let mut world = World::new(&[]);
        let id = join(&mut world);
        let key = key(&world);
        verify_with(&mut world, &key).unwrap();
        assert!(world.accounts[&id].has_verified(Some(EMAIL)));
        assert!(!world.is_logged_in());
        assert_eq!(codes(verify_with(&mut world, &key)), ["invalid_or_expired_key"]);
    }

    #[test]
    fn a_link_logs_in_only_the_session_that_signed_up_and_only_when_told_to() {
        let setting = ("ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION", "true");
        for same_session in [true, false] {
            let mut world = World::new(&[setting]);
            join(&mut world);
            if !same_session {
                world.forget_session();
            }
            let key = key(&world);
            verify_with(&mut world, &key).unwrap();
            assert_eq!(world.is_logged_in(), same_session);
        }
    }

    #[test]
    fn a_link_for_an_address_that_was_removed_or_claimed_is_refused() {
        let mut world = World::new(&[]);
        let id = join(&mut world);
        let key = key(&world);
        let mut other = Account::new(AccountId::parse("other").unwrap(), world.now);
        other.verify_address(EMAIL, false);
        world.accounts.insert(other.id.clone(), other.clone());
        assert_eq!(
            codes(world.visit(|visit| {
                visit.owners(&Recipient::Email(EMAIL.into()))?;
                check(visit, None, &key)
            })),
            ["email_taken"]
        );
        world.accounts.remove(&other.id);
        world.accounts.get_mut(&id).unwrap().remove_address(EMAIL);
        assert_eq!(codes(verify_with(&mut world, &key)), ["invalid_or_expired_key"]);
    }

    #[test]
    fn a_code_logs_in_and_wrong_ones_run_out() {
        let mut world = World::new(&[BY_CODE]);
        join(&mut world);
        let code = world.code();
        assert_eq!(codes(verify_with(&mut world, "BBBB-BBBB")), ["incorrect_code"]);
        verify_with(&mut world, &code).unwrap();
        assert!(world.is_logged_in());

        let mut world = World::new(&[BY_CODE]);
        join(&mut world);
        let code = world.code();
        for _ in 0..3 {
            assert_eq!(codes(verify_with(&mut world, "BBBB-BBBB")), ["incorrect_code"]);
        }
        assert_eq!(verify_with(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn one_address_too_many_is_refused_however_long_ago_its_code_was_asked_for() {
        let mut world = World::new(&[BY_CODE]);
        let id = world.add(true, None);
        world.log_in();
        world.visit(|visit| manage_email::add(visit, &id, "one@example.com")).unwrap();
        let code = world.code();
        let account = world.accounts.get_mut(&id).unwrap();
        (1..MOST_ADDRESSES).for_each(|number| account.add_address(&format!("{number}@example.com")));
        let full = account.emails.clone();
        assert_eq!(codes(verify_with(&mut world, &code)), ["max_email_addresses"]);
        assert_eq!(world.accounts[&id].emails, full);
        world.accounts.get_mut(&id).unwrap().remove_address("1@example.com");
        verify_with(&mut world, &code).unwrap();
        assert_eq!(world.accounts[&id].emails.len(), full.len());
    }

    #[test]
    fn a_code_from_before_all_sessions_ended_verifies_nothing() {
        let mut world = World::new(&[BY_CODE]);
        let id = join(&mut world);
        let code = world.code();
        world.accounts.get_mut(&id).unwrap().end_sessions();
        assert_eq!(codes(verify_with(&mut world, &code)), ["incorrect_code"]);
        assert!(!world.accounts[&id].has_verified(None));
    }

    #[test]
    fn a_login_that_takes_too_long_is_given_up() {
        let mut world = World::new(&[("ACCOUNT_LOGIN_TIMEOUT", "60")]);
        join(&mut world);
        assert!(world.session().pending().is_some());
        world.wait(61);
        assert!(!world.is_logged_in());
        assert!(world.session().is_blank());
    }

    #[test]
    fn another_code_replaces_the_first_as_often_as_allowed() {
        let mut world = World::new(&[BY_CODE, ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "1")]);
        join(&mut world);
        let first = world.code();
        assert_eq!(world.visit(resend), Err(Stop::RateLimited), "one mail in three minutes");
        world.wait(181);
        world.visit(resend).unwrap();
        world.wait(181);
        assert_eq!(world.visit(resend), Err(Stop::Conflict));
        assert_eq!(codes(verify_with(&mut world, &first)), ["incorrect_code"]);
        let second = world.code();
        verify_with(&mut world, &second).unwrap();
    }

    #[test]
    fn a_sign_up_gets_its_mail_and_waits_only_where_verification_is_mandatory() {
        for (verification, mails, waits) in
            [("mandatory", 1, true), ("optional", 1, false), ("none", 0, false)]
        {
            let mut world = World::new(&[("ACCOUNT_EMAIL_VERIFICATION", verification)]);
            join(&mut world);
            assert_eq!((world.letters.len(), world.is_logged_in()), (mails, !waits), "{verification}");
            world.forget_session();
            world.wait(181);
            world.log_in();
            let mails = if waits { 2 } else { mails };
            assert_eq!(world.letters.len(), mails, "{verification}: a login is no sign-up");
        }
    }

    #[test]
    fn an_address_that_replaces_another_is_told_at_the_other() {
        const NEW: &str = "new@example.com";
        let mut world =
            World::new(&[("ACCOUNT_CHANGE_EMAIL", "true"), ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]);
        let id = world.add(true, None);
        world.log_in();
        world.visit(|visit| manage_email::add(visit, &id, NEW)).unwrap();
        let key = key(&world);
        let before = world.letters.len();
        verify_with(&mut world, &key).unwrap();
        let emails: Vec<_> = world.owner().emails.into_iter().map(|it| (it.email, it.verified)).collect();
        assert_eq!(emails, [(NEW.to_owned(), true)]);
        let event = Event::EmailChanged { from: EMAIL.into(), to: NEW.into() };
        let told = Message::Notification { event, origin: world.origin() };
        assert_eq!(world.letters.len(), before + 1);
        assert_eq!((&world.letters[before].to, world.latest()), (&Recipient::Email(EMAIL.into()), &told));
    }

    #[test]
    fn what_something_else_proves_is_verified_unless_another_account_has_it() {
        let prove = |world: &mut World| {
            let id = world.accounts.keys().next_back().unwrap().clone();
            world
                .visit(|visit| {
                    visit.owners(&Recipient::Email(EMAIL.into()))?;
                    verify_indirectly(visit, &id, EMAIL)?;
                    verify_indirectly(visit, &id, "unknown@example.com")
                })
                .unwrap();
            world.accounts[&id].emails.iter().map(|it| it.verified).collect::<Vec<_>>()
        };
        let mut world = World::new(&[]);
        world.add(false, None);
        assert_eq!(prove(&mut world), [true]);
        let mut world = World::new(&[]);
        world.add(false, None);
        let mut other = Account::new(AccountId::parse("0").unwrap(), world.now);
        other.verify_address(EMAIL, false);
        world.accounts.insert(other.id.clone(), other);
        assert_eq!(prove(&mut world), [false]);
    }

    #[test]
    fn whoever_has_proved_a_number_and_has_no_address_has_none_to_verify() {
        let is_logged_in = |change: fn(&mut Account)| {
            let mut world = World::new(&[]);
            let id = world.add(true, Some("+31612345678"));
            change(world.accounts.get_mut(&id).unwrap());
            let begin = |visit: &mut Visit<'_>| Next::Begin(LoginAttempt::new(id.clone(), None, visit.now));
            world
                .visit(|visit| {
                    let next = begin(visit);
                    stages::go_on(visit, next)
                })
                .unwrap();
            world.is_logged_in()
        };
        let lose_email = |account: &mut Account| {
            account.emails.clear();
            account.email = None;
        };
        assert!(is_logged_in(lose_email));
        assert!(!is_logged_in(|account| account.emails[0].verified = false));
        assert!(!is_logged_in(|account| {
            account.emails.clear();
            account.email = None;
            account.phone = None;
        }));
    }
}
