//! Verifying a phone number with a code from a text: at sign-up and login, and when it is changed.

use super::stages::{self, Entry, LoginAttempt};
use super::visit::{Content, Decision, Stop, Visit};
use crate::domain::account::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::message::{Message, Recipient};
use crate::domain::stage::{PendingLogin, Stage};
use crate::settings::{Action, SignupFieldName};
use crate::signing::CodePurpose;

/// A phone number that is being verified.
#[derive(Clone, Debug)]
pub struct PhoneVerification {
    /// The code that is awaited.
    pub challenge: Challenge,
    /// The login that waits for it; none when somebody changes their number.
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

/// Whether an answer is the code that was sent.
pub fn is_right(visit: &Visit<'_>, verification: &PhoneVerification, answer: &str) -> bool {
    let challenge = &verification.challenge;
    visit.tools.keys.code_matches(CodePurpose::VerifyPhone, &challenge.to, answer, challenge.code.as_ref())
}

/// Whether the number meanwhile belongs to another account.
pub fn is_taken(visit: &Visit<'_>, verification: &PhoneVerification) -> Decision<bool> {
    let number = verification.challenge.phone().unwrap_or_default();
    let owner = visit.owner_of_phone(number)?;
    Ok(owner.is_some_and(|owner| Some(owner) != verification.challenge.account.as_ref()))
}

/// Counts a wrong answer; with the last one allowed the login, or the change, is given up.
pub fn fail(visit: &mut Visit<'_>, mut verification: PhoneVerification) {
    if verification.challenge.fail(visit.settings().account.phone_verification_max_attempts) {
        store(visit, verification);
    } else {
        give_up(visit, &verification);
    }
}

/// Takes the number as verified after the right code, and goes on with the login.
pub fn confirm(visit: &mut Visit<'_>, verification: &PhoneVerification) -> Decision<()> {
    let account = verification.challenge.account.clone().ok_or(Stop::Conflict)?;
    let number = verification.challenge.phone().ok_or(Stop::Conflict)?.to_owned();
    visit.account_mut(&account)?.verify_phone(&number);
    match &verification.pending {
        Some(pending) => stages::leave(visit, pending),
        None => {
            visit.session_mut().phone_change = None;
            Ok(())
        }
    }
}

/// Sends another code during a login, as often as `ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND` allows.
pub fn resend(visit: &mut Visit<'_>) -> Decision<()> {
    if visit.session().pending().is_none() {
        return Err(Stop::Conflict);
    }
    let mut verification = resume(visit)?;
    if verification.challenge.resend_count >= visit.settings().account.phone_verification_max_resend_count {
        return Err(Stop::Conflict);
    }
    verification.challenge.resend_count += 1;
    let signup = verification.pending.as_ref().is_some_and(|pending| pending.signup);
    send(visit, &mut verification.challenge, signup, true)?;
    store(visit, verification);
    Ok(())
}

pub(super) fn enter(visit: &mut Visit<'_>, attempt: &LoginAttempt) -> Decision<Entry> {
    let settings = &visit.settings().account;
    let Some(required) = settings.signup_fields.get(SignupFieldName::Phone) else { return Ok(Entry::Pass) };
    let number = match &attempt.account {
        Some(id) => match visit.account(id)?.and_then(|account| account.phone.clone()) {
            None if required => return Ok(Entry::Abort),
            None => return Ok(Entry::Pass),
            Some(phone) if phone.verified || !settings.phone_verification_enabled => return Ok(Entry::Pass),
            Some(phone) => phone.number,
        },
        None => match &attempt.phone {
            Some(phone) => phone.clone(),
            None => return Ok(Entry::Pass),
        },
    };
    let mut challenge = Challenge::new(Recipient::Phone(number), attempt.account.clone(), visit.now);
    send(visit, &mut challenge, attempt.signup, false)?;
    Ok(Entry::Wait(Stage::VerifyPhone(challenge)))
}

/// Tells whoever has a number that nobody has an account with it, or that somebody has.
pub(super) fn text_nobody(visit: &mut Visit<'_>, phone: &str, signup: bool) -> Decision<()> {
    let signup_url = visit.signup_link();
    let message = if signup {
        let password_reset_url = visit.password_reset_link();
        Message::AccountAlreadyExists { signup_url, password_reset_url }
    } else {
        Message::UnknownAccount { signup_url }
    };
    visit.send(Recipient::Phone(phone.to_owned()), Content::Ready(message))
}

fn send(visit: &mut Visit<'_>, challenge: &mut Challenge, signup: bool, again: bool) -> Decision<()> {
    let number = challenge.phone().unwrap_or_default().to_owned();
    visit.limit(Action::VerifyPhone, &number)?;
    let reachable: Option<&AccountId> = challenge.account.as_ref().filter(|_| !challenge.already_exists);
    if reachable.is_none() {
        challenge.code = None;
        return if again { Ok(()) } else { text_nobody(visit, &number, signup || challenge.already_exists) };
    }
    let code = visit.new_code(&visit.settings().account.phone_verification_code_format);
    let hash = visit.tools.keys.code_hash(CodePurpose::VerifyPhone, &challenge.to, &code.normalised);
    challenge.code = Some(hash);
    let message = Message::ConfirmPhoneCode { code: code.text };
    visit.send(challenge.to.clone(), Content::Ready(message))
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
