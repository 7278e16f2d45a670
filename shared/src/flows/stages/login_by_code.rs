//! Login by a code sent by mail or text message, instead of a password or after it.

use super::{trust, verify_email, verify_phone};
use crate::changes::LetterContent;
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::document::UnknownMembers;
use crate::domain::message::{Message, Recipient};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::domain::stage::{Entry, LoginAttempt, Next, PendingLogin, Stage};
use crate::flows::ownership;
use crate::flows::visit::{Decision, Stop, Visit};
use crate::settings::{Action, LoginByCodeRequired, SignupFieldName};
use crate::signing::CodePurpose;

/// Counts a code request, and finds the account of the recipient.
pub fn find_account(visit: &mut Visit<'_>, to: &Recipient) -> Decision<Option<AccountId>> {
    let reached = visit.reached_by(to)?.into_iter().find(|owner| owner.active);
    let account = reached.map(|owner| owner.account.clone());
    let (key, refusal) = match to {
        Recipient::Email(email) => (email, FieldErrorKind::UnknownEmail.of("email")),
        Recipient::Phone(phone) => (phone, FieldErrorKind::UnknownPhone.of("phone")),
    };
    if account.is_none() && !visit.settings().account.prevent_enumeration.is_on() {
        return Err(Stop::invalid(refusal));
    }
    if !visit.consume(Action::RequestLoginCode, key)? {
        let param = refusal.param.unwrap_or_else(|| "email".into());
        return Err(Stop::invalid(FieldErrorKind::TooManyLoginAttempts.of(param)));
    }
    Ok(account)
}

/// Sends a login code, instead of a password.
pub fn request(visit: &mut Visit<'_>, account: Option<AccountId>, to: Recipient) -> Decision<()> {
    let mut challenge = Challenge::asked(to, account.clone(), visit.now);
    send(visit, &mut challenge, false)?;
    let email = challenge.email().map(str::to_owned);
    let attempt = LoginAttempt { account, ..LoginAttempt::unknown(email, visit.now) };
    visit.pend(PendingLogin {
        attempt,
        // Whoever gives the code begins a login of its own.
        epoch: 0,
        stage: Stage::LoginByCode { challenge, instead_of_password: true },
        unknown: UnknownMembers::NONE,
    });
    Ok(())
}

/// The login with a pending code, unless there is none or the code has expired: then the login is aborted.
pub fn resume(visit: &mut Visit<'_>) -> Decision<(PendingLogin, Challenge, bool)> {
    let timeout = visit.settings().account.login_by_code_timeout;
    if visit.user().is_some() {
        return Err(Stop::Conflict);
    }
    let Some(pending) = visit.session().pending() else { return Err(Stop::Conflict) };
    let Stage::LoginByCode { challenge, instead_of_password } = pending.stage.clone() else {
        return Err(Stop::Conflict);
    };
    let pending = pending.clone();
    if challenge.is_expired(timeout, visit.now) {
        visit.clear_login();
        return Err(Stop::Conflict);
    }
    Ok((pending, challenge, instead_of_password))
}

/// Resends the code, as often as `ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND` allows.
pub fn resend(visit: &mut Visit<'_>) -> Decision<()> {
    let (pending, mut challenge, instead_of_password) = resume(visit)?;
    if challenge.resend_count >= visit.settings().account.login_by_code_max_resend_count {
        return Err(Stop::Conflict);
    }
    send(visit, &mut challenge, true)?;
    challenge.resend_count += 1;
    visit.pend(PendingLogin { stage: Stage::LoginByCode { challenge, instead_of_password }, ..pending });
    Ok(())
}

/// Verifies a code.
pub fn is_right(visit: &Visit<'_>, challenge: &Challenge, answer: &str) -> Decision<bool> {
    let purpose = if challenge.phone().is_some() { CodePurpose::VerifyPhone } else { CodePurpose::Login };
    let right = visit.context.keys.code_matches(purpose, &challenge.to, answer, challenge.code.as_ref());
    Ok(right && visit.account_of(challenge)?.is_some())
}

/// Counts a failed attempt; the last one allowed aborts the login.
pub fn fail(visit: &mut Visit<'_>) -> Decision<()> {
    let (pending, mut challenge, instead_of_password) = resume(visit)?;
    if challenge.fail(visit.settings().account.login_by_code_max_attempts) {
        visit.pend(PendingLogin { stage: Stage::LoginByCode { challenge, instead_of_password }, ..pending });
    } else {
        visit.clear_login();
    }
    Ok(())
}

/// Accepts the right code: a login by it begins, or the one that it follows goes on; the address is verified.
pub fn confirm(visit: &mut Visit<'_>) -> Decision<Next> {
    let (pending, challenge, instead_of_password) = resume(visit)?;
    let account = challenge.account.clone().ok_or(Stop::Conflict)?;
    // A code that follows a password or a sign-up is that login's own, and keeps what signed up.
    if instead_of_password {
        ownership::strip_unproven(visit, &account, &challenge.to)?;
    }
    let mut record = AuthenticationRecord::new(Method::Code, visit.now);
    record.email = challenge.email().map(str::to_owned);
    record.phone = challenge.phone().map(str::to_owned);
    visit.record(&account, record);
    match &challenge.to {
        Recipient::Email(email) => verify_email::verify_indirectly(visit, &account, email)?,
        Recipient::Phone(_) if visit.is_claimed_by_other(&challenge.to, &account) => {}
        Recipient::Phone(phone) => visit.account_mut(&account)?.verify_phone(phone),
    }
    if instead_of_password {
        let email = challenge.email().map(str::to_owned);
        Ok(Next::Begin(LoginAttempt::new(account, email, visit.now)))
    } else {
        Ok(Next::Leave(pending))
    }
}

pub(super) fn enter(visit: &mut Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    if !is_required(visit, attempt) {
        return Ok(Entry::Pass);
    }
    let account = match &attempt.account {
        Some(id) => visit.account(id)?.cloned(),
        None => None,
    };
    let spares = visit.settings().account.login_by_code_trust_enabled;
    if spares && account.as_ref().is_some_and(|account| trust::is_trusted(visit, account)) {
        return Ok(Entry::Pass);
    }
    let primary = account.as_ref().and_then(|account| account.primary_email());
    let email = attempt.email.as_deref().or(primary).map(str::to_owned);
    let phone = match (&email, visit.settings().account.signup_fields.get(SignupFieldName::Phone)) {
        (None, Some(_)) => account.as_ref().and_then(|account| account.phone.clone()).map(|it| it.number),
        _ => None,
    };
    let to = match (email, phone) {
        (Some(email), _) => Recipient::Email(email),
        (None, Some(phone)) => Recipient::Phone(phone),
        // Nobody can be reached, so nobody can log in.
        (None, None) => return Ok(Entry::Abort),
    };
    let mut challenge = Challenge::new(to, account.as_ref(), visit.now);
    let draft = account.as_ref().and_then(|account| visit.draft(&account.id));
    challenge.already_exists = draft.is_some_and(|draft| match &challenge.to {
        Recipient::Email(_) => draft.email_taken,
        Recipient::Phone(_) => draft.phone_taken,
    });
    send(visit, &mut challenge, false)?;
    Ok(Entry::Wait(Stage::LoginByCode { challenge, instead_of_password: false }))
}

fn is_required(visit: &Visit<'_>, attempt: &LoginAttempt) -> bool {
    let records = attempt.account.as_ref().map_or(&[][..], |account| visit.session().records_of(account));
    let method = records.last().map(|record| record.method);
    if method == Some(Method::Code) {
        return false;
    }
    match &visit.settings().account.login_by_code_required {
        LoginByCodeRequired::Never => false,
        LoginByCodeRequired::Always => true,
        LoginByCodeRequired::After(methods) => {
            method.is_none_or(|method| methods.iter().any(|name| name == method.name()))
        }
    }
}

/// Sends a code; to an address without an account, or of another account, a mail that says so, unless it was told
/// before.
pub(in crate::flows) fn send(visit: &mut Visit<'_>, challenge: &mut Challenge, again: bool) -> Decision<()> {
    let signup = challenge.already_exists;
    let account = challenge.account.clone().filter(|_| !signup);
    let asker = account.as_ref().and_then(|account| visit.asker(account));
    visit.prepare(&challenge.to, asker)?;
    match (challenge.to.clone(), &account) {
        (Recipient::Email(email), Some(_)) => {
            let format = &visit.settings().account.login_by_code_format;
            let code = visit.new_code(format);
            challenge.code =
                Some(visit.context.keys.code_hash(CodePurpose::Login, &challenge.to, &code.normalised));
            visit.mail_for(asker, &email, Message::LoginCode { code: code.text })
        }
        (Recipient::Phone(_), Some(_)) => {
            let format = &visit.settings().account.phone_verification_code_format;
            let code = visit.new_code(format);
            let purpose = CodePurpose::VerifyPhone;
            challenge.code = Some(visit.context.keys.code_hash(purpose, &challenge.to, &code.normalised));
            let content = LetterContent::Ready(Message::LoginCode { code: code.text });
            visit.send_for(asker, challenge.to.clone(), content)
        }
        (_, None) if again => Ok(()),
        (Recipient::Email(email), None) if signup => visit.mail_account_exists(&email),
        (Recipient::Email(email), None) => visit.mail_unknown_account(&email),
        (Recipient::Phone(phone), None) => verify_phone::text_nobody(visit, &phone, signup),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::account::Account;
    use crate::domain::stage::StageKey;
    use crate::flows::signup::{NewAccount, Taken, sign_up};
    use crate::flows::stages;
    use crate::flows::testing::{EMAIL, World, codes};

    const PHONE: &str = "+31612345678";
    const FIELDS: (&str, &str) = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*");

    const BY_CODE: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");

    fn ask(world: &mut World) -> Decision<()> {
        world.visit(|visit| {
            let to = Recipient::Email(EMAIL.into());
            let account = find_account(visit, &to)?;
            request(visit, account, to)
        })
    }

    /// Answers as the endpoint does; whether it was right.
    fn answer(world: &mut World, code: &str) -> Decision<bool> {
        world.visit(|visit| {
            let (_, challenge, _) = resume(visit)?;
            if is_right(visit, &challenge, code)? {
                let next = confirm(visit)?;
                stages::go_on(visit, next).map(|()| true)
            } else {
                fail(visit).map(|()| false)
            }
        })
    }

    #[test]
    fn the_code_logs_in_once_and_verifies_the_address() {
        let mut world = World::new(&[BY_CODE]);
        let id = world.add(false, None);
        ask(&mut world).unwrap();
        let code = world.code();
        assert_eq!(answer(&mut world, &code.to_lowercase().replace('-', " ")), Ok(true));
        assert!(world.is_logged_in());
        assert!(world.accounts[&id].has_verified(Some(EMAIL)));
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
    }

    #[test]
    fn a_code_is_of_no_use_in_another_session() {
        let mut world = World::new(&[BY_CODE]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let code = world.code();
        world.forget_session();
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        ask(&mut world).unwrap();
        assert_eq!(answer(&mut world, &code), Ok(false));
    }

    #[test]
    fn a_code_that_is_too_old_ends_the_login() {
        let mut world = World::new(&[BY_CODE]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let code = world.code();
        world.wait(181);
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn nobody_is_asked_like_anybody_else() {
        let mut world = World::new(&[BY_CODE]);
        ask(&mut world).unwrap();
        assert!(matches!(world.latest(), Message::UnknownAccount { .. }));
        assert!(!world.token().unwrap().contains('.'));
        let outcomes: Vec<_> = (0..4).map(|_| answer(&mut world, "BBBB-BBBB")).collect();
        assert_eq!(outcomes, [Ok(false), Ok(false), Ok(false), Err(Stop::Conflict)]);
    }

    #[test]
    fn another_code_replaces_the_first_as_often_as_allowed() {
        let mut world = World::new(&[BY_CODE, ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "1")]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let first = world.code();
        world.visit(resend).unwrap();
        assert_eq!(world.visit(resend), Err(Stop::Conflict));
        assert_eq!(answer(&mut world, &first), Ok(false));
        let second = world.code();
        assert_eq!(answer(&mut world, &second), Ok(true));
    }

    #[test]
    fn whether_there_is_an_account_is_told_only_where_enumeration_is_not_prevented() {
        let (email, phone) = (Recipient::Email(EMAIL.into()), Recipient::Phone(PHONE.into()));
        let mut world = World::new(&[BY_CODE]);
        assert_eq!(world.visit(|visit| find_account(visit, &email)), Ok(None));
        let mut world = World::new(&[BY_CODE, ("ACCOUNT_PREVENT_ENUMERATION", "false")]);
        assert_eq!(codes(world.visit(|visit| find_account(visit, &email))), ["unknown_email"]);
        assert_eq!(codes(world.visit(|visit| find_account(visit, &phone))), ["unknown_phone"]);
        let id = world.add(true, Some(PHONE));
        assert_eq!(world.visit(|visit| find_account(visit, &email)), Ok(Some(id.clone())));
        world.accounts.get_mut(&id).unwrap().active = false;
        assert_eq!(codes(world.visit(|visit| find_account(visit, &email))), ["unknown_email"]);
    }

    #[test]
    fn codes_are_asked_for_so_often_only() {
        let mut world =
            World::new(&[BY_CODE, ("ACCOUNT_RATE_LIMITS", r#"{"request_login_code": "1/m/key"}"#)]);
        world.add(true, None);
        ask(&mut world).unwrap();
        assert_eq!(codes(ask(&mut world)), ["too_many_login_attempts"]);
    }

    #[test]
    fn a_code_goes_to_a_phone_number_and_verifies_it() {
        let mut world = World::new(&[BY_CODE, FIELDS]);
        let id = world.add(false, Some(PHONE));
        let to = Recipient::Phone(PHONE.into());
        world.visit(|visit| request(visit, Some(id.clone()), to.clone())).unwrap();
        assert_eq!(world.letters.last().unwrap().to, to);
        let code = world.code();
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        let pending = world.session();
        assert_eq!(
            pending.pending().and_then(|it| it.stage.challenge()).map(|it| it.failed_attempts),
            Some(1)
        );
        assert_eq!(answer(&mut world, &code), Ok(true));
        assert_eq!(world.owner().verified_phone(), Some(PHONE));
    }

    /// How a login without anything else goes on: at which stage it waits, and whether it is complete.
    fn begin(settings: &[(&str, &str)], change: fn(&mut Account)) -> (World, Option<StageKey>, bool) {
        let mut world = World::new(settings);
        let id = world.add(true, Some(PHONE));
        change(world.accounts.get_mut(&id).unwrap());
        world
            .visit(|visit| stages::go_on(visit, Next::Begin(LoginAttempt::new(id.clone(), None, visit.now))))
            .unwrap();
        let stage = world.session().pending().map(|pending| pending.stage.key());
        let is_logged_in = world.is_logged_in();
        (world, stage, is_logged_in)
    }

    #[test]
    fn a_code_follows_the_methods_after_which_it_is_required() {
        for (required, is_asked) in
            [("true", true), ("false", false), (r#"["password"]"#, true), (r#"["mfa"]"#, false)]
        {
            let mut world = World::new(&[("ACCOUNT_LOGIN_BY_CODE_REQUIRED", required)]);
            world.add(true, None);
            world.log_in();
            assert_eq!(world.is_logged_in(), !is_asked, "{required}");
            if is_asked {
                let code = world.code();
                assert_eq!(answer(&mut world, &code), Ok(true));
                assert!(world.is_logged_in());
            }
        }
        let mut world = World::new(&[BY_CODE, ("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true")]);
        world.add(true, None);
        ask(&mut world).unwrap();
        let code = world.code();
        assert_eq!(answer(&mut world, &code), Ok(true));
        assert!(world.is_logged_in(), "one code is enough");
    }

    #[test]
    fn a_required_code_goes_where_the_account_can_be_reached() {
        const REQUIRED: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true");
        let (world, stage, _) = begin(&[REQUIRED, FIELDS], |_| ());
        assert_eq!(stage, Some(StageKey::LoginByCode));
        assert_eq!(world.letters.last().unwrap().to, Recipient::Email(EMAIL.into()));
        let no_email = |account: &mut Account| {
            account.emails.clear();
            account.email = None;
        };
        let (world, stage, _) = begin(&[REQUIRED, FIELDS], no_email);
        assert_eq!(stage, Some(StageKey::LoginByCode));
        assert_eq!(world.letters.last().unwrap().to, Recipient::Phone(PHONE.into()));
        let (world, stage, is_logged_in) = begin(&[REQUIRED], no_email);
        assert_eq!(
            (stage, is_logged_in),
            (None, false),
            "the site has no phone numbers, so no code can be sent"
        );
        assert!(world.letters.is_empty());
    }

    #[test]
    fn a_sign_up_with_a_taken_address_is_told_to_its_holder_alone() {
        let mut world = World::new(&[("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true")]);
        world.add(true, None);
        let new = NewAccount { email: Some(EMAIL.into()), ..NewAccount::default() };
        let taken = Taken { email: true, ..Taken::default() };
        world.visit(|visit| sign_up(visit, new.clone(), taken)).unwrap();
        assert!(matches!(world.latest(), Message::AccountAlreadyExists { .. }), "{:?}", world.latest());
        assert_eq!(world.session().pending().map(|it| it.stage.key()), Some(StageKey::LoginByCode));
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
    }

    proptest! {
        /// Whatever is answered, only the code logs in, and only within the attempts allowed.
        #[test]
        fn only_the_code_logs_in(answers in proptest::collection::vec(prop_oneof![
            Just(None), "[A-Z]{4}-[A-Z]{4}".prop_map(Some), Just(Some(String::new()))
        ], 0..6)) {
            let mut world = World::new(&[BY_CODE]);
            world.add(true, None);
            ask(&mut world).unwrap();
            let code = world.code();
            let mut wrong = 0;
            for given in answers {
                let right = given.as_ref().is_none_or(|given| *given == code);
                let outcome = answer(&mut world, given.as_ref().unwrap_or(&code));
                match outcome {
                    Ok(true) => { prop_assert!(right && wrong < 3); break; }
                    Ok(false) => { prop_assert!(!right); wrong += 1; }
                    Err(stop) => { prop_assert_eq!(stop, Stop::Conflict); prop_assert_eq!(wrong, 3); }
                }
                prop_assert!(!world.is_logged_in());
            }
        }
    }
}
