//! Password reset by link or code.

use super::notice::render_link;
use super::ownership;
use super::stages::{self, verify_email};
use super::visit::{ClientKind, Decision, Stop, Visit};
use crate::changes::{Letter, LetterContent};
use crate::domain::account::{Account, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::event::EventType;
use crate::domain::message::{Event, Message, Recipient};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::domain::stage::LoginAttempt;
use crate::secret::Secret;
use crate::settings::{Action, LoginMethod, Settings};
use crate::signing::{CodePurpose, Keys};

/// The result of a valid key or code.
#[derive(Clone, Debug)]
pub struct Right {
    /// The account.
    pub account: Account,
    /// The recipient.
    pub to: Recipient,
}

/// How many accounts with one address get a link at once.
const MOST_LINKS: usize = 10;

/// The active accounts that a new password may be asked for with this address; whether there is one is a secret
/// unless `ACCOUNT_PREVENT_ENUMERATION` is off.
pub fn find_accounts(visit: &Visit<'_>, email: &str) -> Decision<Vec<AccountId>> {
    let users = visit.reached_by(&Recipient::Email(email.to_owned()))?;
    let active = users.into_iter().filter(|owner| owner.active).map(|owner| owner.account.clone());
    let active: Vec<_> = active.take(MOST_LINKS).collect();
    if active.is_empty() && !visit.settings().account.prevent_enumeration.is_on() {
        return Err(Stop::invalid(FieldErrorKind::UnknownEmail.of("email")));
    }
    Ok(active)
}

/// Sends a code to the first of the accounts, or a link to each; to an address without an account, a mail that says
/// so.
pub fn request(visit: &mut Visit<'_>, email: &str, accounts: &[AccountId]) -> Decision<()> {
    if visit.settings().account.password_reset_by_code_enabled {
        return request_code(visit, email, accounts.first());
    }
    if accounts.is_empty() {
        return visit.mail_unknown_account(email);
    }
    for account in accounts {
        let content = LetterContent::PasswordResetLink(account.clone());
        let asker = visit.asker(account);
        visit.send_for(asker, Recipient::Email(email.to_owned()), content)?;
    }
    Ok(())
}

fn request_code(visit: &mut Visit<'_>, email: &str, account: Option<&AccountId>) -> Decision<()> {
    let mut challenge = Challenge::asked(Recipient::Email(email.to_owned()), account.cloned(), visit.now);
    match account {
        None => visit.mail_unknown_account(email)?,
        Some(account) => {
            let code = visit.new_code(&visit.settings().account.password_reset_by_code_format);
            let hash =
                visit.context.keys.code_hash(CodePurpose::ResetPassword, &challenge.to, &code.normalised);
            challenge.code = Some(hash);
            let asker = visit.asker(account);
            visit.mail_for(asker, email, Message::ResetPasswordCode { code: code.text })?;
        }
    }
    visit.session_mut().password_reset = Some(challenge);
    Ok(())
}

/// The mail with a link to set a new password, as it is delivered. None where the email address does not reach the account
/// any more, or the account was closed, since the link was asked for.
pub fn link_mail(settings: &Settings, keys: &Keys, account: &Account, letter: &Letter) -> Option<Message> {
    let reaches = ownership::reaches(settings, account, &letter.to);
    let by_username = settings.account.login_methods.contains(LoginMethod::Username);
    let template = &settings.headless.frontend_urls.account_reset_password_from_key;
    (account.active && reaches).then(|| Message::ResetPassword {
        url: render_link(template, &keys.reset_key(account, letter.to.address(), letter.asked_at)),
        username: account.username.clone().filter(|_| by_username),
    })
}

/// Whether a password reset by code is pending in this session.
pub fn is_pending(visit: &Visit<'_>) -> bool {
    let timeout = visit.settings().account.password_reset_by_code_timeout;
    let challenge = visit.session().password_reset.as_ref();
    challenge.is_some_and(|challenge| !challenge.is_expired(timeout, visit.now))
}

/// The pending code; none if resets are by link. A conflict when no reset waits, or for too long.
pub fn resume(visit: &mut Visit<'_>) -> Decision<Option<Challenge>> {
    if !visit.settings().account.password_reset_by_code_enabled {
        return Ok(None);
    }
    if !is_pending(visit) {
        if visit.session().password_reset.is_some() {
            visit.session_mut().password_reset = None;
        }
        return Err(Stop::Conflict);
    }
    Ok(visit.session().password_reset.clone())
}

/// Finds the account of a key or code.
pub fn check(visit: &Visit<'_>, challenge: Option<&Challenge>, key: &str) -> Decision<Right> {
    let Some(challenge) = challenge else { return check_link(visit, key) };
    let keys = visit.context.keys;
    let right = keys.code_matches(CodePurpose::ResetPassword, &challenge.to, key, challenge.code.as_ref());
    let account = if right { visit.account_of(challenge)? } else { None };
    let account = account.cloned().ok_or_else(|| Stop::invalid(FieldErrorKind::IncorrectCode.of("key")))?;
    Ok(Right { account, to: challenge.to.clone() })
}

fn check_link(visit: &Visit<'_>, key: &str) -> Decision<Right> {
    let refused = || Stop::invalid(FieldErrorKind::InvalidPasswordReset.of("key"));
    let (id, at) = Keys::read_reset_key(key).ok_or_else(refused)?;
    if at.is_older_than(visit.settings().passwords.reset_timeout, visit.now) {
        return Err(refused());
    }
    let account = visit.account(&id)?.ok_or_else(refused)?;
    let email = visit.context.keys.email_of_reset_key(key, account).ok_or_else(refused)?;
    let to = Recipient::Email(email);
    if ownership::reaches(visit.settings(), account, &to) {
        Ok(Right { account: account.clone(), to })
    } else {
        Err(refused())
    }
}

/// Counts a failed attempt; the last one allowed ends the reset.
pub fn fail(visit: &mut Visit<'_>, challenge: Option<Challenge>) {
    let Some(mut challenge) = challenge else { return };
    let max_attempts = visit.settings().account.password_reset_by_code_max_attempts;
    visit.session_mut().password_reset = challenge.fail(max_attempts).then_some(challenge);
}

/// Remembers that the right code was given, and starts the time for a new password; the address is verified. The first
/// proof makes the account its owner's, before they have chosen a password.
pub fn confirm_code(visit: &mut Visit<'_>, challenge: Challenge) -> Decision<()> {
    if challenge.confirmed {
        return Ok(());
    }
    let (account, to) = (challenge.account.clone(), challenge.to.clone());
    let now = visit.now;
    visit.session_mut().password_reset = Some(Challenge { confirmed: true, at: now, ..challenge });
    match (account, to.email()) {
        (Some(account), Some(email)) => {
            ownership::strip_unproven(visit, &account, &to)?;
            verify_email::verify_indirectly(visit, &account, email)
        }
        _ => Ok(()),
    }
}

/// Sets the new password: all sessions end, failed logins with the address that was proved are forgiven, and the owner is
/// told.
pub fn reset(
    visit: &mut Visit<'_>,
    right: &Right,
    challenge: Option<Challenge>,
    password: &Secret,
) -> Decision<()> {
    let account = &right.account.id;
    let email = challenge.as_ref().and_then(|challenge| challenge.email().map(str::to_owned));
    let hash = visit.context.passwords.hash(password);
    // The old one goes in any case: it is not what the first proof takes away.
    visit.account_mut(account)?.password = None;
    prove(visit, right, challenge)?;
    visit.account_mut(account)?.set_password(hash);
    visit.note_event(account, EventType::PasswordReset {});
    // The session of whoever is logged in here has ended too. An app is told by its next request, as in the contract.
    let is_own = visit.user().is_some_and(|user| user.id == *account);
    if is_own && visit.visitor.client == ClientKind::Browser {
        visit.flush();
    }
    let known = visit.account_mut(account)?.clone();
    if known.standing(&right.to).is_some_and(Standing::takes) {
        visit.forget(Action::LoginFailed, right.to.address())?;
    }
    if right.account.password.is_some() {
        visit.notify(&known, Event::PasswordReset, None);
    } else {
        visit.announce_elsewhere(&right.account, &Event::PasswordReset, &right.to);
    }
    // A login that can't go on must not undo the reset.
    if !visit.settings().account.login_on_password_reset || known.has_unknown_factors_only() {
        return Ok(());
    }
    let mut record = AuthenticationRecord::new(Method::PasswordReset, visit.now);
    record.email.clone_from(&email);
    visit.record(account, record);
    let now = visit.now;
    stages::begin(visit, LoginAttempt::new(account.clone(), email, now))
}

/// Takes the address as proved that the key or code was sent to. A link proves it as well, but where a mail is to verify it,
/// that is left to the mail, as in the contract.
fn prove(visit: &mut Visit<'_>, right: &Right, challenge: Option<Challenge>) -> Decision<()> {
    if let Some(challenge) = challenge {
        confirm_code(visit, challenge)?;
        visit.session_mut().password_reset = None;
        return Ok(());
    }
    ownership::strip_unproven(visit, &right.account.id, &right.to)?;
    if visit.settings().asks_to_verify(&right.to) {
        return Ok(());
    }
    verify_email::verify_indirectly(visit, &right.account.id, right.to.address())
}

#[cfg(test)]
mod tests {
    use super::super::login::{self, Identifier};
    use super::super::testing::{EMAIL, World, codes};
    use super::*;
    use crate::domain::email::EmailAddress;

    fn new_password() -> Secret {
        Secret::new("Battery-Staple-8")
    }

    fn reset_with(world: &mut World, key: &str) -> Decision<()> {
        world.visit(|visit| {
            let challenge = resume(visit)?;
            let right = check(visit, challenge.as_ref(), key)?;
            reset(visit, &right, challenge, &new_password())
        })
    }

    #[test]
    fn a_link_sets_a_password_once_and_ends_all_sessions() {
        let mut world = World::new(&[]);
        let id = world.add(true, None);
        let key = world.reset_key(&id);
        reset_with(&mut world, &key).unwrap();
        assert_eq!(world.accounts[&id].session_epoch, 1);
        assert_eq!(codes(reset_with(&mut world, &key)), ["invalid_password_reset"]);
    }

    /// A first password is something new to log in with: all other verified addresses are told, whatever
    /// `ACCOUNT_EMAIL_NOTIFICATIONS` says.
    #[test]
    fn a_first_password_is_announced_elsewhere() {
        const OTHER: &str = "ann@example.org";
        for (had_one, expected) in [(true, vec![]), (false, vec![OTHER])] {
            let mut world = World::new(&[]);
            let id = world.add(true, None);
            let account = world.accounts.get_mut(&id).unwrap();
            account.password.take_if(|_| !had_one);
            account.emails.push(EmailAddress { verified: true, ..EmailAddress::new(OTHER.into()) });
            let key = world.reset_key(&id);
            reset_with(&mut world, &key).unwrap();
            let told: Vec<&str> = world.letters.iter().map(|letter| letter.to.address()).collect();
            assert_eq!(told, expected);
        }
    }

    /// What strangers request for an email address uses up nothing of what its owner, who is logged in, requests.
    #[test]
    fn an_owner_s_reset_is_counted_apart() {
        for by_code in ["true", "false"] {
            let mut world = World::new(&[
                ("MAIL_RATE_LIMIT_RECIPIENT", "4/h"),
                ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", by_code),
            ]);
            world.add(true, None);
            let sent = |world: &mut World| {
                let before = world.letters.len();
                world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?)).unwrap();
                world.letters.len() - before
            };
            while sent(&mut world) > 0 {}
            world.log_in();
            assert_eq!(sent(&mut world), 1);
        }
    }

    /// A login that this release can't complete does not undo the reset.
    #[test]
    fn a_reset_stands_where_only_a_later_release_knows_the_second_factor() {
        let mut world = World::new(&[("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true")]);
        let id = world.add(true, None);
        let account = world.accounts.get_mut(&id).unwrap();
        let later = serde_json::json!([{"id": 7, "created_at": 1, "factor": {"push": {}}}]);
        account.authenticators = serde_json::from_value(later).unwrap();
        let before = account.password.clone();
        let key = world.reset_key(&id);
        reset_with(&mut world, &key).unwrap();
        assert_ne!(world.accounts[&id].password, before);
        assert!(!world.is_logged_in());
    }

    #[test]
    fn a_link_dies_with_time() {
        let mut world = World::new(&[("PASSWORD_RESET_TIMEOUT", "60")]);
        let id = world.add(true, None);
        let key = world.reset_key(&id);
        world.wait(61);
        assert_eq!(codes(reset_with(&mut world, &key)), ["invalid_password_reset"]);
    }

    #[test]
    fn each_account_with_the_address_gets_a_link_and_nobody_a_notice() {
        let mut world = World::new(&[]);
        let id = world.add(true, None);
        world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?)).unwrap();
        let letter = world.letters.pop().unwrap();
        assert_eq!(letter.content, LetterContent::PasswordResetLink(id.clone()));
        world.accounts.get_mut(&id).unwrap().active = false;
        world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?)).unwrap();
        assert!(matches!(world.latest(), Message::UnknownAccount { .. }));
    }

    #[test]
    fn a_code_is_of_no_use_once_the_account_has_lost_the_address_or_is_closed() {
        let changes: [fn(&mut Account); 2] =
            [|account| account.remove_address(EMAIL), |account| account.active = false];
        for change in changes {
            let mut world = World::new(&[("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true")]);
            let id = world.add(false, None);
            world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?)).unwrap();
            let code = world.code();
            change(world.accounts.get_mut(&id).unwrap());
            assert_eq!(codes(reset_with(&mut world, &code)), ["incorrect_code"]);
        }
    }

    #[test]
    fn a_code_given_at_a_look_restarts_the_time_and_verifies_the_address() {
        let mut world = World::new(&[("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true")]);
        let id = world.add(false, None);
        world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?)).unwrap();
        let code = world.code();
        world.wait(170);
        world
            .visit(|visit| {
                let challenge = resume(visit)?.ok_or(Stop::Conflict)?;
                check(visit, Some(&challenge), &code)?;
                confirm_code(visit, challenge)
            })
            .unwrap();
        assert!(world.accounts[&id].has_verified(Some(EMAIL)));
        world.wait(170);
        reset_with(&mut world, &code).unwrap();
        assert_eq!(reset_with(&mut world, &code), Err(Stop::Conflict));
    }

    const BY_CODE: (&str, &str) = ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true");

    fn ask(world: &mut World) -> Decision<()> {
        world.visit(|visit| request(visit, EMAIL, &find_accounts(visit, EMAIL)?))
    }

    /// Answers as the endpoint does.
    fn answer(world: &mut World, code: &str) -> Decision<()> {
        world.visit(|visit| {
            let challenge = resume(visit)?;
            match check(visit, challenge.as_ref(), code) {
                Ok(right) => reset(visit, &right, challenge, &new_password()),
                Err(Stop::Missing(needs)) => Err(Stop::Missing(needs)),
                Err(stop) => {
                    fail(visit, challenge);
                    Err(stop)
                }
            }
        })
    }

    #[test]
    fn whether_there_is_an_account_is_told_only_where_enumeration_is_not_prevented() {
        let mut world = World::new(&[]);
        assert_eq!(world.visit(|visit| find_accounts(visit, EMAIL)), Ok(Vec::new()));
        let mut world = World::new(&[("ACCOUNT_PREVENT_ENUMERATION", "false")]);
        assert_eq!(codes(world.visit(|visit| find_accounts(visit, EMAIL))), ["unknown_email"]);
        let id = world.add(true, None);
        assert_eq!(world.visit(|visit| find_accounts(visit, EMAIL)), Ok(vec![id]));
    }

    #[test]
    fn wrong_codes_run_out_and_end_the_reset() {
        let mut world = World::new(&[BY_CODE]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let code = world.code();
        for _ in 0..3 {
            assert_eq!(codes(answer(&mut world, "BBBB-BBBB")), ["incorrect_code"]);
        }
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn a_code_that_is_too_old_ends_the_reset() {
        let mut world = World::new(&[BY_CODE, ("ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT", "60")]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let code = world.code();
        world.wait(60);
        assert_eq!(world.visit(|visit| Ok(is_pending(visit))), Ok(true));
        world.wait(1);
        assert_eq!(world.visit(|visit| Ok(is_pending(visit))), Ok(false));
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn nobody_is_asked_like_anybody_else() {
        let mut world = World::new(&[BY_CODE]);
        ask(&mut world).unwrap();
        assert!(matches!(world.latest(), Message::UnknownAccount { .. }));
        assert_eq!(codes(answer(&mut world, "BBBB-BBBB")), ["incorrect_code"]);
    }

    /// A client that is logged in; whether its session is still there after it has reset the password.
    #[test]
    fn a_browser_is_logged_out_by_its_own_reset_and_an_app_is_told_later() {
        for (client, is_own, is_kept) in [
            (ClientKind::Browser, true, false),
            (ClientKind::App, true, true),
            (ClientKind::Browser, false, true),
        ] {
            let mut world = World::new(&[]);
            let id = world.add(true, None);
            world.client = client;
            world.log_in();
            let mut of = id;
            if !is_own {
                of = AccountId::parse("zoe").unwrap();
                let mut other = Account { id: of.clone(), ..world.owner() };
                other.last_login_at = None;
                world.accounts.insert(of.clone(), other);
            }
            let key = world.reset_key(&of);
            reset_with(&mut world, &key).unwrap();
            assert_eq!(world.session().login().is_some(), is_kept, "{client:?} {is_own}");
        }
    }

    #[test]
    fn failed_logins_with_the_proved_address_are_forgiven() {
        let mut world = World::new(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "2/5m/key"}"#)]);
        let id = world.add(true, None);
        let log_in = |world: &mut World, password: &str| {
            let (who, password) = (Identifier::Email(EMAIL.into()), Secret::new(password));
            world.visit(|visit| login::authenticate(visit, &who, &password))
        };
        for _ in 0..2 {
            assert_eq!(codes(log_in(&mut world, "wrong")), ["email_password_mismatch"]);
        }
        assert_eq!(codes(log_in(&mut world, "wrong")), ["too_many_login_attempts"]);
        let key = world.reset_key(&id);
        reset_with(&mut world, &key).unwrap();
        assert!(log_in(&mut world, new_password().expose()).is_ok());
    }
}
