//! The login pipeline: the stages between identification and an authenticated session, in their order.
//!
//! Each stage has a file of its own, and a line in `flow`. A stage knows nothing of the others: what was proved for a login
//! comes to a [`Next`], and [`go_on`] finds out what is still to be done.

pub mod login_by_code;
pub mod mfa;
pub mod trust;
pub mod verify_email;
pub mod verify_phone;

use super::hook;
use super::visit::{Context, Decision, Stop, Visit, Visitor};
use crate::domain::account_id::AccountId;
use crate::domain::stage::{Entry, LoginAttempt, Next, PendingLogin, Stage, StageKey};
use crate::domain::time::Timestamp;
use crate::snapshot::{Loaded, Need};

/// What a stage is to the pipeline.
struct StageFlow {
    /// Whether a login has to wait there.
    enter: fn(&mut Visit<'_>, &LoginAttempt) -> Decision<Entry>,
    /// Prefetch: what its endpoints read of a login that waits there, and the API shows.
    needs: fn(&Visit<'_>, &AccountId) -> Vec<Need>,
}

impl StageFlow {
    const fn new(enter: fn(&mut Visit<'_>, &LoginAttempt) -> Decision<Entry>) -> Self {
        Self { enter, needs: |_, _| Vec::new() }
    }
}

const fn flow(stage: StageKey) -> StageFlow {
    match stage {
        StageKey::LoginByCode => StageFlow::new(login_by_code::enter),
        StageKey::VerifyPhone => StageFlow::new(verify_phone::enter),
        StageKey::VerifyEmail => StageFlow::new(verify_email::enter),
        StageKey::MfaAuthenticate => {
            StageFlow { enter: |visit, attempt| mfa::enter(visit, attempt), needs: mfa::needs }
        }
        StageKey::MfaTrust => StageFlow::new(|visit, attempt| Ok(trust::enter(visit, attempt))),
        StageKey::MfaSignupWebauthn => StageFlow::new(|_, attempt| {
            Ok(if attempt.by_passkey { Entry::Wait(Stage::MfaSignupWebauthn) } else { Entry::Pass })
        }),
    }
}

/// Begins a visit, once what its login needs at the stage where it waits has been read with the session.
pub fn open<'a>(
    context: Context<'a>,
    visitor: &'a Visitor,
    loaded: &'a Loaded,
    now: Timestamp,
) -> Decision<Visit<'a>> {
    let visit = Visit::open(context, visitor, loaded, now)?;
    if let Some(pending) = visit.session().pending()
        && let Some(account) = &pending.attempt.account
    {
        visit.require((flow(pending.stage.key()).needs)(&visit, account))?;
    }
    Ok(visit)
}

/// Begins a login: an inactive account gets no further, and the response does not tell.
pub(super) fn begin(visit: &mut Visit<'_>, attempt: LoginAttempt) -> Decision<()> {
    if let Some(id) = &attempt.account
        && !visit.account(id)?.is_some_and(|account| account.active)
    {
        visit.clear_login();
        return Ok(());
    }
    advance(visit, attempt, None)
}

/// Goes on with a login, as far as stages allow.
pub fn go_on(visit: &mut Visit<'_>, next: Next) -> Decision<()> {
    match next {
        Next::Begin(attempt) => begin(visit, attempt),
        Next::Leave(pending) => leave(visit, pending),
        Next::Stay => Ok(()),
    }
}

fn leave(visit: &mut Visit<'_>, pending: PendingLogin) -> Decision<()> {
    if pending.attempt.account.is_some() && visit.account_of_login(&pending)?.is_none() {
        visit.clear_login();
        return Ok(());
    }
    advance(visit, pending.attempt, Some(pending.stage.key()))
}

fn advance(visit: &mut Visit<'_>, attempt: LoginAttempt, after: Option<StageKey>) -> Decision<()> {
    for key in StageKey::ALL.into_iter().filter(|key| Some(*key) > after) {
        match (flow(key).enter)(visit, &attempt)? {
            Entry::Pass => {}
            Entry::Wait(stage) => {
                let account = match &attempt.account {
                    Some(id) => visit.account(id)?,
                    None => None,
                };
                let epoch = account.map_or(0, |account| account.session_epoch);
                visit.pend(attempt.waiting_at(stage, epoch));
                return Ok(());
            }
            Entry::Abort => {
                visit.clear_login();
                return Ok(());
            }
        }
    }
    match &attempt.account {
        Some(account) => {
            hook::before_login(visit, &attempt, account)?;
            visit.log_in(account)
        }
        None => Err(Stop::Unauthorized),
    }
}
