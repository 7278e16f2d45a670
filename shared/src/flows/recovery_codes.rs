//! Recovery codes, to get in with when the second factor is lost.
//!
//! What is checked is a hash. The codes themselves are kept as long as they may be shown again, encrypted and bound to
//! their account: for good, or until they were shown (`MFA_RECOVERY_CODES_SHOW_ONCE`).

use super::reauthenticate;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor, RecoveryCodes};
use crate::domain::code::{self, CodeFormat, CodeHash};
use crate::domain::document::UnknownMembers;
use crate::domain::means::Means;
use crate::domain::message::Event;
use crate::domain::refusal::FieldErrorKind;
use crate::secret::Secret;
use crate::signing::{CodeHasher, Keys, SealPurpose, Unopened};

/// A set of recovery codes, as its owner sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The set.
    pub authenticator: Authenticator,
    /// The codes that are left; none where they were shown before, and that was the last time.
    pub unused: Option<Vec<Secret>>,
}

/// The recovery codes of an account, if it has any. To look at them is to view them.
pub fn view(visit: &mut Visit<'_>, account: &Account) -> Decision<Option<Shown>> {
    let Some(authenticator) = account.authenticator(AuthenticatorType::RecoveryCodes).cloned() else {
        return Ok(None);
    };
    reauthenticate::require_if(visit, visit.settings().mfa.reauthentication_required)?;
    let Factor::RecoveryCodes(codes) = &authenticator.factor else { return Ok(None) };
    let show_once = visit.settings().mfa.recovery_codes_show_once;
    let may_show = !show_once || codes.viewed_at.is_none();
    let unused = if may_show { unused(visit, &account.id, codes)? } else { None };
    let now = visit.now;
    if codes.viewed_at.is_none() || (show_once && codes.shown.is_some()) {
        let found = visit.account_mut(&account.id)?.authenticator_mut(authenticator.id);
        if let Some(Factor::RecoveryCodes(codes)) = found.map(|found| &mut found.factor) {
            codes.viewed_at.get_or_insert(now);
            if show_once {
                codes.shown = None;
            }
        }
    }
    if unused.is_some() {
        // Who has just read them in this session has proved nothing by them.
        reauthenticate::note(visit, &account.id, Means::Authenticator(authenticator.id))?;
    }
    Ok(Some(Shown { authenticator, unused }))
}

fn unused(visit: &Visit<'_>, owner: &AccountId, codes: &RecoveryCodes) -> Decision<Option<Vec<Secret>>> {
    let Some(shown) = &codes.shown else { return Ok(None) };
    let shown = visit.context.keys.open(SealPurpose::RecoveryCodes, owner.as_str(), shown)?;
    let hasher = hasher(visit.context.keys, owner, codes)?;
    let is_left = |code: &&str| codes.unused.iter().any(|hash| hasher.matches(owner, code, hash));
    Ok(Some(shown.expose().lines().filter(is_left).map(Secret::new).collect()))
}

/// What a set was hashed with.
fn hasher(keys: &Keys, owner: &AccountId, codes: &RecoveryCodes) -> Decision<CodeHasher> {
    let Some(sealed) = &codes.key else { return Ok(keys.code_hasher()) };
    let purpose = SealPurpose::RecoveryKey;
    let secret = keys.open(purpose, owner.as_str(), sealed)?;
    CodeHasher::read(&secret).ok_or(Stop::Unopened(Unopened(purpose)))
}

/// Whether an account may have recovery codes.
pub fn check_may_generate(account: &Account) -> Result<(), FieldErrorKind> {
    if account.has_second_factor() { Ok(()) } else { Err(FieldErrorKind::CannotGenerateRecoveryCodes) }
}

/// Puts a new set in the place of the old one, and shows it; the owner is told.
pub fn regenerate(visit: &mut Visit<'_>, account: &AccountId) -> Decision<Shown> {
    reauthenticate::require_if(visit, visit.settings().mfa.reauthentication_required)?;
    let codes = make(visit);
    let mut set = keep(visit, account, &codes, visit.settings().mfa.recovery_codes_show_once);
    set.viewed_at = Some(visit.now);
    let others = &mut visit.account_mut(account)?.authenticators;
    others.retain(|authenticator| authenticator.factor.kind() != AuthenticatorType::RecoveryCodes);
    let authenticator = add(visit, account, set)?;
    let account = visit.account(account)?.ok_or(Stop::Conflict)?.clone();
    visit.announce(&account, &Event::RecoveryCodesGenerated, None);
    Ok(Shown { authenticator, unused: Some(codes) })
}

/// Adds a set, unless there is one or people can't have any: whether it did. The owner sees it later.
pub(super) fn add_unless_there(visit: &mut Visit<'_>, account: &AccountId) -> Decision<bool> {
    let kind = AuthenticatorType::RecoveryCodes;
    let known = visit.account(account)?.ok_or(Stop::Conflict)?;
    if known.authenticator(kind).is_some() || !visit.settings().mfa.supported_types.contains(&kind) {
        return Ok(false);
    }
    let codes = make(visit);
    let set = keep(visit, account, &codes, false);
    add(visit, account, set)?;
    Ok(true)
}

fn add(visit: &mut Visit<'_>, account: &AccountId, set: RecoveryCodes) -> Decision<Authenticator> {
    let (id, now) = (visit.context.random.id(), visit.now);
    let authenticator = visit.account_mut(account)?.add_authenticator(id, Factor::RecoveryCodes(set), now);
    reauthenticate::note(visit, account, Means::Authenticator(authenticator.id))?;
    Ok(authenticator)
}

fn make(visit: &Visit<'_>) -> Vec<Secret> {
    let mfa = &visit.settings().mfa;
    let format = CodeFormat {
        length: Some(mfa.recovery_code_digits),
        numeric: true,
        dashed: false,
        allowed_chars: None,
    };
    let mut codes: Vec<Secret> = Vec::new();
    while codes.len() < mfa.recovery_code_count {
        let code = visit.new_code(&format).text;
        // Of two equal ones, one would be used up with the other.
        if codes.iter().all(|other| other.expose() != code) {
            codes.push(Secret::new(code));
        }
    }
    codes
}

fn keep(visit: &Visit<'_>, owner: &AccountId, codes: &[Secret], hashes_only: bool) -> RecoveryCodes {
    let context = visit.context;
    let seal = |purpose, text: &Secret| context.keys.seal(purpose, context.random, owner.as_str(), text);
    let shown = (!hashes_only).then(|| {
        let lines = codes.iter().map(Secret::expose).collect::<Vec<_>>().join("\n");
        seal(SealPurpose::RecoveryCodes, &Secret::new(lines))
    });
    let hasher = Keys::new_code_hasher(context.random);
    RecoveryCodes {
        unused: codes.iter().map(|code| hasher.hash(owner, code.expose())).collect(),
        key: Some(seal(SealPurpose::RecoveryKey, &hasher.to_secret())),
        total: codes.len(),
        shown,
        viewed_at: None,
        unknown: UnknownMembers::NONE,
    }
}

/// Whether an answer is a code that is left; it is used up.
pub(super) fn accept(
    visit: &mut Visit<'_>,
    account: &Account,
    authenticator: i64,
    codes: &RecoveryCodes,
    answer: &str,
) -> Decision<bool> {
    let hasher = hasher(visit.context.keys, &account.id, codes)?;
    let answer = code::normalise(answer);
    let is_it = |hash: &CodeHash| hasher.matches(&account.id, &answer, hash);
    if !codes.unused.iter().any(is_it) {
        return Ok(false);
    }
    let found = visit.account_mut(&account.id)?.authenticator_mut(authenticator);
    if let Some(Factor::RecoveryCodes(codes)) = found.map(|found| &mut found.factor) {
        codes.unused.retain(|hash| !is_it(hash));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, codes};
    use super::*;

    const NO_REAUTHENTICATION: (&str, &str) = ("MFA_REAUTHENTICATION_REQUIRED", "false");

    /// A world whose account has an app, and its recovery codes as `MFA_RECOVERY_CODES_SHOW_ONCE` shows them first.
    fn world(settings: &[(&str, &str)]) -> (World, Vec<String>) {
        let mut world = World::new(&[settings, &[NO_REAUTHENTICATION]].concat());
        world.add(true, None);
        world.add_app();
        let codes = look(&mut world).expect("they are shown at first");
        (world, codes)
    }

    fn look(world: &mut World) -> Option<Vec<String>> {
        let account = world.owner();
        let shown = world.visit(|visit| view(visit, &account)).unwrap().unwrap();
        texts(shown)
    }

    fn texts(shown: Shown) -> Option<Vec<String>> {
        let codes = shown.unused?;
        Some(codes.iter().map(|code| code.expose().to_owned()).collect())
    }

    fn stored(world: &World) -> RecoveryCodes {
        match &world.owner().authenticator(AuthenticatorType::RecoveryCodes).unwrap().factor {
            Factor::RecoveryCodes(codes) => codes.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_code_gets_in_once() {
        let (mut world, all) = world(&[]);
        assert_eq!(all.len(), 10);
        assert!(all.iter().all(|code| code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())));
        world.forget_session();
        world.log_in();
        world.give(&format!(" {}-{}", &all[3][..4], &all[3][4..])).unwrap();
        assert!(world.is_logged_in());
        let left = look(&mut world).unwrap();
        assert_eq!(left.len(), 9);
        assert!(!left.contains(&all[3]));
        world.forget_session();
        world.log_in();
        assert_eq!(codes(world.give(&all[3])), ["incorrect_code"]);
        world.give(&all[4]).unwrap();
    }

    #[test]
    fn codes_are_kept_as_hashes_and_sealed() {
        let (world, all) = world(&[]);
        let text = serde_json::to_string(&world.owner()).unwrap();
        assert!(all.iter().all(|code| !text.contains(code)));
    }

    #[test]
    fn codes_that_were_shown_once_are_not_kept() {
        let (mut world, all) = world(&[("MFA_RECOVERY_CODES_SHOW_ONCE", "true")]);
        assert_eq!(stored(&world).shown, None);
        assert_eq!(look(&mut world), None);
        world.forget_session();
        world.log_in();
        world.give(&all[0]).unwrap();
        let account = world.owner();
        let new = texts(world.visit(|visit| regenerate(visit, &account.id)).unwrap()).unwrap();
        assert_eq!(stored(&world).shown, None);
        assert_eq!(look(&mut world), None);
        world.forget_session();
        world.log_in();
        assert_eq!(codes(world.give(&all[1])), ["incorrect_code"], "the old ones are void");
        world.give(&new[1]).unwrap();
    }

    #[test]
    fn codes_come_with_a_second_factor_only() {
        let mut world = World::new(&[NO_REAUTHENTICATION]);
        world.add(true, None);
        assert_eq!(check_may_generate(&world.owner()), Err(FieldErrorKind::CannotGenerateRecoveryCodes));
        world.add_app();
        assert_eq!(check_may_generate(&world.owner()), Ok(()));
        let account = world.owner();
        world.visit(|visit| super::super::totp::deactivate(visit, &account)).unwrap();
        assert!(world.owner().authenticators.is_empty());
    }

    #[test]
    fn no_two_codes_are_equal() {
        let (_, all) = world(&[("MFA_RECOVERY_CODE_COUNT", "100"), ("MFA_RECOVERY_CODE_DIGITS", "6")]);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 100);
    }
}
