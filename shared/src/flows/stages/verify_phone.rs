//! Verification of phone numbers by a code in a text message: at sign-up and login, and at a change.

use crate::changes::LetterContent;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::means::Means;
use crate::domain::message::{Event, Message, Recipient};
use crate::domain::phone::Phone;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::stage::{Entry, LoginAttempt, Next, PendingLogin, Stage};
use crate::flows::hook;
use crate::flows::reauthenticate;
use crate::flows::visit::{Decision, Stop, Visit};
use crate::settings::{Action, SignupFieldName};
use crate::signing::CodePurpose;

/// A pending phone verification.
#[derive(Clone, Debug)]
pub struct PhoneVerification {
    /// The pending code.
    pub challenge: Challenge,
    /// The pending login; none at a change of the phone number.
    pub pending: Option<PendingLogin>,
}

/// The number that is being verified in this session, unless there is none or its code is too old: then the
/// login, or the change, is given up.
pub fn resume(visit: &mut Visit<'_>) -> Decision<PhoneVerification> {
    let pending = visit.session().pending().cloned();
    let verification = match (pending, visit.user()) {
        (Some(PendingLogin { stage: Stage::VerifyPhone(challenge), .. }), None) => {
            PhoneVerification { challenge, pending: visit.session().pending().cloned() }
        }
        (_, Some(_)) => {
            let challenge = visit.session().phone_change.clone().ok_or(Stop::Conflict)?;
            PhoneVerification { challenge, pending: None }
        }
        (_, None) => return Err(Stop::Conflict),
    };
    if verification.challenge.is_expired(visit.settings().account.phone_verification_timeout, visit.now) {
        give_up(visit, &verification);
        return Err(Stop::Conflict);
    }
    Ok(verification)
}

/// Verifies a code.
pub fn is_right(visit: &Visit<'_>, verification: &PhoneVerification, answer: &str) -> Decision<bool> {
    let challenge = &verification.challenge;
    let expected = challenge.code.as_ref();
    let right = visit.context.keys.code_matches(CodePurpose::VerifyPhone, &challenge.to, answer, expected);
    Ok(right && visit.account_of(challenge)?.is_some())
}

/// Whether another account has verified the number meanwhile.
pub fn is_taken(visit: &Visit<'_>, verification: &PhoneVerification) -> Decision<bool> {
    let challenge = &verification.challenge;
    visit.owners(&challenge.to)?;
    Ok(challenge.account.as_ref().is_some_and(|account| visit.is_claimed_by_other(&challenge.to, account)))
}

/// Counts a wrong answer; with the last one allowed the login, or the change, is given up.
pub fn fail(visit: &mut Visit<'_>, mut verification: PhoneVerification) {
    if verification.challenge.fail(visit.settings().account.phone_verification_max_attempts) {
        store(visit, verification);
    } else {
        give_up(visit, &verification);
    }
}

/// Marks the number as verified after the right code; the login that waits for it goes on.
pub fn confirm(visit: &mut Visit<'_>, verification: &PhoneVerification) -> Decision<Next> {
    let account = verification.challenge.account.clone().ok_or(Stop::Conflict)?;
    let number = verification.challenge.phone().ok_or(Stop::Conflict)?.to_owned();
    let before = visit.account(&account)?.ok_or(Stop::Conflict)?.clone();
    visit.account_mut(&account)?.set_verified_phone(&number);
    match &verification.pending {
        Some(pending) => Ok(Next::Leave(pending.clone())),
        None => {
            visit.session_mut().phone_change = None;
            visit.announce(&before, &Event::PhoneChanged { phone: number.clone() }, None);
            reauthenticate::note(visit, &account, Means::Phone(number))?;
            Ok(Next::Stay)
        }
    }
}

/// Resends the code during a login, as often as `ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND` allows.
pub fn resend(visit: &mut Visit<'_>) -> Decision<()> {
    if visit.session().pending().is_none() {
        return Err(Stop::Conflict);
    }
    let mut verification = resume(visit)?;
    if verification.challenge.resend_count >= visit.settings().account.phone_verification_max_resend_count {
        return Err(Stop::Conflict);
    }
    verification.challenge.resend_count += 1;
    send(visit, &mut verification.challenge, true)?;
    store(visit, verification);
    Ok(())
}

/// Whether the phone number of a pending sign-up may be changed (`ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE`).
pub fn correctable(visit: &mut Visit<'_>) -> Decision<(Account, PhoneVerification)> {
    if visit.session().pending().is_none() {
        return Err(Stop::Conflict);
    }
    let verification = resume(visit)?;
    let account = visit.account_of(&verification.challenge)?.ok_or(Stop::Conflict)?.clone();
    let most = visit.settings().account.phone_verification_max_change_count;
    if verification.challenge.change_count >= most || account.has_logged_in() {
        return Err(Stop::Conflict);
    }
    Ok((account, verification))
}

/// Whether a number can be had: false when another account has it, which the client is not to learn.
pub fn check_new(
    visit: &Visit<'_>,
    account: &Account,
    number: &str,
) -> Decision<Result<bool, FieldErrorKind>> {
    if account.phone.as_ref().is_some_and(|phone| phone.number == number) {
        return Ok(Err(FieldErrorKind::SameAsCurrent));
    }
    let taken = visit.owners(&Recipient::Phone(number.to_owned()))?.is_taken(Some(&account.id));
    let told = !visit.settings().account.prevent_enumeration.is_on();
    Ok(if taken && told { Err(FieldErrorKind::PhoneTaken) } else { Ok(!taken) })
}

/// Corrects the number of an account that has just signed up, and sends a code there. What that makes of the account
/// is for [`crate::flows::signup::settle`] to say.
pub fn correct(
    visit: &mut Visit<'_>,
    mut verification: PhoneVerification,
    number: &str,
    is_free: bool,
) -> Decision<()> {
    let challenge = &mut verification.challenge;
    let id = challenge.account.clone().ok_or(Stop::Conflict)?;
    hook::before_correction(visit, &id, &Recipient::Phone(number.to_owned()))?;
    challenge.already_exists = !is_free;
    challenge.change_count += 1;
    challenge.to = Recipient::Phone(number.to_owned());
    send(visit, challenge, false)?;
    visit.account_mut(&id)?.phone = Some(Phone::new(number.to_owned(), false));
    store(visit, verification);
    Ok(())
}

/// Begins to change one's number: a code goes to the new one, which is set once the code is given.
pub fn change(visit: &mut Visit<'_>, account: &AccountId, number: &str) -> Decision<()> {
    reauthenticate::require(visit)?;
    let to = Recipient::Phone(number.to_owned());
    let mut challenge = Challenge::new(to, visit.account(account)?, visit.now);
    send(visit, &mut challenge, false)?;
    visit.session_mut().phone_change = Some(challenge);
    Ok(())
}

pub(super) fn enter(visit: &mut Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    let settings = &visit.settings().account;
    let Some(required) = settings.signup_fields.get(SignupFieldName::Phone) else { return Ok(Entry::Pass) };
    let id = attempt.account.as_ref().ok_or(Stop::Conflict)?;
    let account = visit.account(id)?.ok_or(Stop::Conflict)?;
    let is_taken = visit.draft(id).is_some_and(|draft| draft.phone_taken);
    let is_asked = is_taken || settings.phone_verification_enabled;
    let number = match account.phone.clone() {
        // The first proof of an email address takes a number away that was not verified, also a required one.
        None if required && account.addresses().is_empty() => return Ok(Entry::Abort),
        Some(phone) if is_asked && !phone.verified => phone.number,
        None | Some(_) => return Ok(Entry::Pass),
    };
    let mut challenge = Challenge::new(Recipient::Phone(number), Some(account), visit.now);
    challenge.already_exists = is_taken;
    send(visit, &mut challenge, false)?;
    Ok(Entry::Wait(Stage::VerifyPhone(challenge)))
}

/// Tells the holder of a number that there is no account with it, or that there is one.
pub(in crate::flows) fn text_nobody(visit: &mut Visit<'_>, phone: &str, signup: bool) -> Decision<()> {
    let message = if signup {
        Message::AccountAlreadyExists { password_reset_url: visit.password_reset_link() }
    } else {
        Message::UnknownAccount { signup_url: visit.signup_link() }
    };
    visit.send(Recipient::Phone(phone.to_owned()), LetterContent::Ready(message))
}

fn send(visit: &mut Visit<'_>, challenge: &mut Challenge, again: bool) -> Decision<()> {
    let number = challenge.phone().unwrap_or_default().to_owned();
    visit.limit(Action::VerifyPhone, &number)?;
    let id = challenge.account.clone().ok_or(Stop::Conflict)?;
    let asker = visit.asker(&id);
    visit.prepare(&challenge.to, asker)?;
    if challenge.already_exists {
        challenge.code = None;
        return if again { Ok(()) } else { text_nobody(visit, &number, true) };
    }
    let code = visit.new_code(&visit.settings().account.phone_verification_code_format);
    let hash = visit.context.keys.code_hash(CodePurpose::VerifyPhone, &challenge.to, &code.normalised);
    challenge.code = Some(hash);
    let message = Message::ConfirmPhoneCode { code: code.text };
    visit.send_for(asker, challenge.to.clone(), LetterContent::Ready(message))
}

fn store(visit: &mut Visit<'_>, verification: PhoneVerification) {
    let PhoneVerification { challenge, pending } = verification;
    match pending {
        Some(pending) => visit.pend(PendingLogin { stage: Stage::VerifyPhone(challenge), ..pending }),
        None => visit.session_mut().phone_change = Some(challenge),
    }
}

fn give_up(visit: &mut Visit<'_>, verification: &PhoneVerification) {
    match verification.pending {
        Some(_) => visit.clear_login(),
        None => visit.session_mut().phone_change = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Account;
    use crate::domain::stage::StageKey;
    use crate::flows::stages;
    use crate::flows::testing::World;

    const PHONE: &str = "+31612345678";

    /// Gives the latest code after the account has changed.
    fn answer_after(change: fn(&mut Account)) -> (Decision<bool>, Account) {
        let mut world = World::new(&[("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*")]);
        let id = world.add(false, Some(PHONE));
        world.log_in();
        let code = world.code();
        change(world.accounts.get_mut(&id).unwrap());
        let right = world.visit(|visit| {
            let verification = resume(visit)?;
            let right = is_right(visit, &verification, &code)?;
            if right {
                let next = confirm(visit, &verification)?;
                stages::go_on(visit, next)?;
            }
            Ok(right)
        });
        (right, world.owner())
    }

    #[test]
    fn a_code_from_before_all_sessions_ended_verifies_nothing() {
        let (right, account) = answer_after(|_| ());
        assert_eq!((right, account.phone.unwrap().verified), (Ok(true), true));
        let (right, account) = answer_after(Account::end_sessions);
        assert_eq!((right, account.phone.unwrap().verified), (Ok(false), false));
    }

    const OTHER: &str = "+31698765432";
    const FIELDS: (&str, &str) = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*");

    /// A login that waits for the verification of a number.
    fn waiting(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(&[settings, &[FIELDS]].concat());
        world.add(false, Some(PHONE));
        world.log_in();
        world
    }

    /// Answers as the endpoint does; whether it was right.
    fn answer(world: &mut World, code: &str) -> Decision<bool> {
        world.visit(|visit| {
            let verification = resume(visit)?;
            if is_right(visit, &verification, code)? {
                let next = confirm(visit, &verification)?;
                stages::go_on(visit, next).map(|()| true)
            } else {
                fail(visit, verification);
                Ok(false)
            }
        })
    }

    /// Another account, which has verified this number.
    fn add_holder(world: &mut World, number: &str) {
        let id = AccountId::parse("zoe").unwrap();
        let mut holder = Account::new(id.clone(), world.now);
        holder.set_verified_phone(number);
        world.accounts.insert(id, holder);
    }

    #[test]
    fn wrong_codes_run_out_and_end_the_login() {
        let mut world = waiting(&[]);
        let code = world.code();
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        assert_eq!(answer(&mut world, &code), Ok(true));
        let mut world = waiting(&[]);
        let code = world.code();
        for _ in 0..3 {
            assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        }
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn a_code_that_is_too_old_ends_the_login() {
        let mut world = waiting(&[("ACCOUNT_PHONE_VERIFICATION_TIMEOUT", "60")]);
        let code = world.code();
        world.wait(61);
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.session().is_blank());
    }

    #[test]
    fn another_code_replaces_the_first_as_often_as_allowed() {
        let mut world = waiting(&[("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "1")]);
        let first = world.code();
        assert_eq!(world.visit(resend), Err(Stop::RateLimited), "one text message in half a minute");
        world.wait(31);
        world.visit(resend).unwrap();
        world.wait(31);
        assert_eq!(world.visit(resend), Err(Stop::Conflict));
        assert_eq!(answer(&mut world, &first), Ok(false));
        let second = world.code();
        assert_eq!(answer(&mut world, &second), Ok(true));
        assert_eq!(world.letters.len(), 3, "two codes, and the mail that verifies the email address");
    }

    #[test]
    fn a_mistyped_number_is_corrected_as_often_as_allowed() {
        let mut world = waiting(&[("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "1")]);
        let first = world.code();
        world
            .visit(|visit| {
                correctable(visit).map(|(_, it)| it).and_then(|it| correct(visit, it, OTHER, true))
            })
            .unwrap();
        assert_eq!(world.owner().phone, Some(Phone::new(OTHER.into(), false)));
        assert_eq!(world.letters.last().unwrap().to, Recipient::Phone(OTHER.into()));
        assert_eq!(world.visit(|visit| correctable(visit).map(drop)), Err(Stop::Conflict));
        assert_eq!(answer(&mut world, &first), Ok(false));
        let second = world.code();
        assert_eq!(answer(&mut world, &second), Ok(true));
        assert_eq!(world.owner().phone, Some(Phone::new(OTHER.into(), true)));
    }

    #[test]
    fn the_number_of_an_account_that_has_logged_in_is_not_mistyped() {
        let mut world = waiting(&[("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "1")]);
        let id = world.owner().id;
        assert!(world.visit(|visit| correctable(visit).map(drop)).is_ok());
        world.accounts.get_mut(&id).unwrap().last_login_at = Some(world.now);
        assert_eq!(world.visit(|visit| correctable(visit).map(drop)), Err(Stop::Conflict));
    }

    #[test]
    fn the_holder_of_a_number_that_is_taken_is_told_and_gets_no_code() {
        let mut world = waiting(&[("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "1")]);
        let first = world.code();
        world
            .visit(|visit| {
                correctable(visit).map(|(_, it)| it).and_then(|it| correct(visit, it, OTHER, false))
            })
            .unwrap();
        assert!(matches!(world.latest(), Message::AccountAlreadyExists { .. }), "{:?}", world.latest());
        assert_eq!(answer(&mut world, &first), Ok(false));
    }

    #[test]
    fn whether_a_number_is_taken_is_told_only_where_enumeration_is_not_prevented() {
        for (prevent, expected) in [("true", Ok(false)), ("false", Err(FieldErrorKind::PhoneTaken))] {
            let mut world = waiting(&[("ACCOUNT_PREVENT_ENUMERATION", prevent)]);
            let account = world.owner();
            let check =
                |world: &mut World, number| world.visit(|visit| check_new(visit, &account, number)).unwrap();
            assert_eq!(check(&mut world, PHONE), Err(FieldErrorKind::SameAsCurrent));
            assert_eq!(check(&mut world, OTHER), Ok(true));
            add_holder(&mut world, OTHER);
            assert_eq!(check(&mut world, OTHER), expected);
        }
    }

    #[test]
    fn a_number_that_another_account_has_verified_meanwhile_is_taken() {
        let mut world = waiting(&[]);
        let taken = |world: &mut World| {
            world.visit(|visit| {
                let verification = resume(visit)?;
                is_taken(visit, &verification)
            })
        };
        assert_eq!(taken(&mut world), Ok(false));
        add_holder(&mut world, PHONE);
        assert_eq!(taken(&mut world), Ok(true));
    }

    /// A world whose user is logged in, and has begun to change the number.
    fn changing() -> World {
        let mut world = World::new(&[FIELDS]);
        let id = world.add(true, Some(PHONE));
        world.log_in();
        world.visit(|visit| change(visit, &id, OTHER)).unwrap();
        world
    }

    #[test]
    fn a_number_is_changed_by_the_code_that_was_sent_to_the_new_one() {
        let mut world = changing();
        assert_eq!(world.owner().verified_phone(), Some(PHONE));
        assert_eq!(world.visit(resend), Err(Stop::Conflict), "that is for logins");
        let code = world.code();
        assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        assert_eq!(answer(&mut world, &code), Ok(true));
        assert_eq!(world.owner().verified_phone(), Some(OTHER));
        assert!(world.is_logged_in());
        let event = Event::PhoneChanged { phone: OTHER.into() };
        assert_eq!(*world.latest(), Message::Notification { event, origin: world.origin() });
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict), "the change is over");
    }

    #[test]
    fn a_change_of_the_number_that_is_given_up_ends_no_session() {
        let mut world = changing();
        let code = world.code();
        for _ in 0..3 {
            assert_eq!(answer(&mut world, "BBBB-BBBB"), Ok(false));
        }
        assert_eq!(answer(&mut world, &code), Err(Stop::Conflict));
        assert!(world.is_logged_in());
        assert_eq!(world.owner().verified_phone(), Some(PHONE));
    }

    #[test]
    fn a_login_waits_for_a_number_only_where_it_is_to_be_verified() {
        let stage = |settings: &[(&str, &str)], change: fn(&mut Account)| {
            let mut world = World::new(settings);
            let id = world.add(true, Some(PHONE));
            let account = world.accounts.get_mut(&id).unwrap();
            account.phone.as_mut().unwrap().verified = false;
            change(account);
            world.log_in();
            (world.session().pending().map(|pending| pending.stage.key()), world.is_logged_in())
        };
        let waits = (Some(StageKey::VerifyPhone), false);
        let passes = (None, true);
        let off = ("ACCOUNT_PHONE_VERIFICATION_ENABLED", "false");
        assert_eq!(stage(&[FIELDS], |_| ()), waits);
        assert_eq!(stage(&[FIELDS, off], |_| ()), passes);
        assert_eq!(stage(&[], |_| ()), passes, "no phone number is asked for");
        assert_eq!(stage(&[FIELDS], |account| account.verify_phone(PHONE)), passes);
        assert_eq!(stage(&[FIELDS], |account| account.phone = None), passes, "there is an email address");
    }
}
