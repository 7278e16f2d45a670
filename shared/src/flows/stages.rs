//! From saying who one is to being logged in: the stages of a login, in their order.

use super::visit::{Decision, Stop, Visit};
use super::{login_by_code, mfa, trust, verify_email, verify_phone};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::stage::{PendingLogin, Stage, StageKey};
use crate::domain::time::Timestamp;

/// A login that somebody wants to complete.
#[derive(Clone, Debug)]
pub struct LoginAttempt {
    /// Whose.
    pub account: Option<AccountId>,
    /// The address it is for, where it was named.
    pub email: Option<String>,
    /// Whether it began with a sign-up.
    pub signup: bool,
    /// Whether it began with a sign-up by passkey, which is still to be made.
    pub by_passkey: bool,
    /// Whether another service vouched for it.
    pub social: bool,
    /// The stages at which it had to wait so far.
    pub waited_at: Vec<StageKey>,
    /// When it began.
    pub initiated_at: Timestamp,
}

/// What a stage says to a login that gets there.
pub(super) enum Entry {
    /// Nothing is left to do here.
    Pass,
    /// Something has to be done here first.
    Wait(Stage),
    /// This login can't be completed.
    Abort,
}

impl LoginAttempt {
    /// A login to an account.
    pub const fn new(account: AccountId, email: Option<String>, now: Timestamp) -> Self {
        Self {
            account: Some(account),
            email,
            signup: false,
            by_passkey: false,
            social: false,
            waited_at: Vec::new(),
            initiated_at: now,
        }
    }

    /// Whether it had to wait at a stage.
    pub(super) fn has_waited_at(&self, stage: StageKey) -> bool {
        self.waited_at.contains(&stage)
    }

    fn pending_at(self, stage: Stage, epoch: u32) -> PendingLogin {
        let Self { account, email, signup, by_passkey, social, mut waited_at, initiated_at } = self;
        waited_at.push(stage.key());
        PendingLogin { account, epoch, email, signup, by_passkey, social, waited_at, initiated_at, stage }
    }

    fn resumed(pending: &PendingLogin) -> Self {
        let pending = pending.clone();
        let PendingLogin { account, email, signup, by_passkey, social, waited_at, initiated_at, .. } =
            pending;
        Self { account, email, signup, by_passkey, social, waited_at, initiated_at }
    }
}

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
    if pending.account.is_some() && account_of(visit, pending)?.is_none() {
        visit.clear_login();
        return Ok(());
    }
    advance(visit, LoginAttempt::resumed(pending), Some(pending.stage.key()))
}

/// The account that a login is to; none when what was proved before the password changed, or the account was closed,
/// proves nothing any more.
fn account_of<'v>(visit: &'v Visit<'_>, pending: &PendingLogin) -> Decision<Option<&'v Account>> {
    let Some(id) = &pending.account else { return Ok(None) };
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
                visit.pend(attempt.pending_at(stage, epoch));
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
