//! From saying who one is to being logged in: the stages of a login, in their order.

use super::visit::{Decision, Stop, Visit};
use super::{login_by_code, mfa, trust, verify_email, verify_phone};
use crate::domain::account::Account;
use crate::domain::stage::{Entry, LoginAttempt, PendingLogin, Stage, StageKey};

/// Begins a login: whoever is not active gets no further, and is not told.
pub fn begin(visit: &mut Visit<'_>, attempt: LoginAttempt) -> Decision<()> {
    if let Some(id) = &attempt.account
        && !visit.account(id)?.is_some_and(|account| account.active)
    {
        visit.clear_login();
        return Ok(());
    }
    advance(visit, attempt, None)
}

/// The login that waits at this stage, and whose it is. It stops like `otherwise` if there is none, or none any more:
/// nothing may be added or used up for a login that is given up.
pub fn resume(visit: &mut Visit<'_>, stage: &Stage, otherwise: Stop) -> Decision<(PendingLogin, Account)> {
    let Some(pending) = visit.session().pending().filter(|pending| pending.stage == *stage).cloned() else {
        return Err(otherwise);
    };
    match account_of(visit, &pending)?.cloned() {
        Some(account) => Ok((pending, account)),
        None => {
            visit.clear_login();
            Err(otherwise)
        }
    }
}

/// Leaves the stage at which a login waits, and goes on from there.
pub fn leave(visit: &mut Visit<'_>, pending: &PendingLogin) -> Decision<()> {
    if pending.attempt.account.is_some() && account_of(visit, pending)?.is_none() {
        visit.clear_login();
        return Ok(());
    }
    advance(visit, pending.attempt.clone(), Some(pending.stage.key()))
}

/// The account that a login is to; none when what was proved before the password changed, or the account was closed,
/// proves nothing any more.
fn account_of<'v>(visit: &'v Visit<'_>, pending: &PendingLogin) -> Decision<Option<&'v Account>> {
    let Some(id) = &pending.attempt.account else { return Ok(None) };
    let account = visit.account(id)?;
    Ok(account.filter(|account| account.active && account.session_epoch == pending.epoch))
}

fn advance(visit: &mut Visit<'_>, attempt: LoginAttempt, after: Option<StageKey>) -> Decision<()> {
    for key in StageKey::ALL.into_iter().filter(|key| Some(*key) > after) {
        let entry = match key {
            StageKey::LoginByCode => login_by_code::enter(visit, &attempt)?,
            StageKey::VerifyPhone => verify_phone::enter(visit, &attempt)?,
            StageKey::VerifyEmail => verify_email::enter(visit, &attempt)?,
            StageKey::MfaAuthenticate => mfa::enter(visit, &attempt)?,
            StageKey::MfaTrust => trust::enter(visit, &attempt),
            StageKey::MfaSignupWebauthn if attempt.by_passkey => Entry::Wait(Stage::MfaSignupWebauthn),
            StageKey::MfaSignupWebauthn => Entry::Pass,
        };
        match entry {
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
        Some(account) => visit.log_in(account),
        None => Err(Stop::Unauthorized),
    }
}
