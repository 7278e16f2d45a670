//! Connecting and disconnecting of provider accounts.

use serde::{Deserialize, Serialize};

use super::reauthenticate;
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::document::UnknownMembers;
use crate::domain::handle::Handle;
use crate::domain::means::Means;
use crate::domain::message::Event;
use crate::domain::profile::supplement;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::{AuthenticationRecord, Method};
use crate::domain::social::{MOST_SOCIAL_ACCOUNTS, Profile, SocialAccount, Tokens};
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::secret::{Sealed, Secret};
use crate::settings::{EmailVerification, Settings};
use crate::signing::{Keys, SealPurpose, Unopened};

/// The outcome of a login, sign-up or connection through a provider, except invalid input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocialOutcome {
    /// Done, as far as the stages allow: the session has the state.
    Done,
    /// Sign-up is closed (`SOCIALACCOUNT_SIGNUP_ENABLED`).
    SignupClosed,
    /// Not authenticated, or as another user than at the start.
    NotLoggedIn,
}

/// Requires reauthentication before connecting or disconnecting (`SOCIALACCOUNT_REAUTHENTICATION_REQUIRED`).
pub fn require_reauthentication(visit: &Visit<'_>) -> Decision<()> {
    reauthenticate::require_if(visit, visit.settings().socialaccount.reauthentication_required)
}

/// The account of a connected provider account.
pub(super) fn owner(visit: &Visit<'_>, profile: &Profile) -> Decision<Option<AccountId>> {
    let Some(owner) = visit.owner_of(Handle::social(&profile.provider, &profile.uid))?.cloned() else {
        return Ok(None);
    };
    let Some(account) = visit.account(&owner)? else { return Ok(None) };
    if account.has(&Means::Social(profile.provider.clone(), profile.uid.clone())) {
        let is_known = account.social_account(&profile.provider, &profile.uid).is_some();
        let later = Stop::Unsupported("only a later release knows the provider account");
        return if is_known { Ok(Some(owner)) } else { Err(later) };
    }
    Ok(None)
}

/// Connects a provider account, with a notification; or updates it if it is connected already.
pub fn connect(
    visit: &mut Visit<'_>,
    account: &AccountId,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> Decision<()> {
    let known = visit.account(account)?.ok_or(Stop::Conflict)?;
    if known.social_account(&profile.provider, &profile.uid).is_some() {
        return update(visit, account, profile, tokens);
    }
    if known.social_accounts.total() >= MOST_SOCIAL_ACCOUNTS {
        return Err(Stop::invalid(FieldErrorKind::MaxSocialAccounts(MOST_SOCIAL_ACCOUNTS).of_all()));
    }
    let social = social_account(visit, account, profile, tokens);
    let told = visit.settings().account.profile_fields.told(profile);
    let account = visit.account_mut(account)?;
    account.social_accounts.push(social);
    supplement(&mut account.profile, told);
    let account = account.clone();
    let event = Event::ProviderConnected { provider: provider_name(visit.settings(), &profile.provider) };
    visit.announce(&account, &event, None);
    reauthenticate::note(visit, &account.id, Means::Social(profile.provider.clone(), profile.uid.clone()))
}

/// Updates a connected provider account with the current claims.
pub(super) fn update(
    visit: &mut Visit<'_>,
    account: &AccountId,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> Decision<()> {
    let known = visit.account(account)?.and_then(|it| it.social_account(&profile.provider, &profile.uid));
    let Some(known) = known else { return Ok(()) };
    let sealed = match tokens.filter(|_| visit.settings().socialaccount.store_tokens) {
        Some(tokens) => {
            let mut kept = tokens.clone();
            if tokens.refresh_token.is_none() {
                // Many services give one only when they are first asked.
                let before = open(visit, account, known)?;
                kept.refresh_token = before.and_then(|before| before.refresh_token);
            }
            let kept = if kept.can_be_kept() { &kept } else { tokens };
            Some(seal(visit, Some(account), profile, kept))
        }
        None => known.tokens.clone(),
    };
    let display = profile.display.clone();
    let is_it =
        |social: &&mut SocialAccount| social.provider == profile.provider && social.uid == profile.uid;
    let account = visit.account_mut(account)?;
    if let Some(social) = account.social_accounts.iter_mut().find(is_it) {
        social.display = display;
        social.tokens = sealed;
    }
    Ok(())
}

/// A new provider account, to be connected.
pub(super) fn social_account(
    visit: &Visit<'_>,
    account: &AccountId,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> SocialAccount {
    let tokens = tokens.filter(|_| visit.settings().socialaccount.store_tokens);
    SocialAccount {
        provider: profile.provider.clone(),
        uid: profile.uid.clone(),
        display: profile.display.clone(),
        tokens: tokens.map(|tokens| seal(visit, Some(account), profile, tokens)),
        connected_at: visit.now,
        unknown: UnknownMembers::NONE,
    }
}

pub(super) fn record(visit: &mut Visit<'_>, account: &AccountId, profile: &Profile) {
    let mut record = AuthenticationRecord::new(Method::SocialAccount, visit.now);
    record.provider = Some(profile.provider.clone());
    record.uid = Some(profile.uid.clone());
    visit.record(account, record);
}

/// Whether a provider account can be disconnected: another means of login must remain.
pub fn check_disconnect(settings: &Settings, account: &Account) -> Result<(), FieldErrorKind> {
    if account.social_accounts.len() > 1 {
        return Ok(());
    }
    if settings.socialaccount.only {
        return Err(FieldErrorKind::DisconnectLast);
    }
    if account.password.is_none() {
        return Err(FieldErrorKind::NoPassword);
    }
    // Without an address no password can be reset.
    if settings.account.email_verification == EmailVerification::Mandatory && !account.has_verified(None) {
        return Err(FieldErrorKind::NoVerifiedEmail);
    }
    Ok(())
}

/// Disconnects a provider account, with a notification.
pub fn disconnect(visit: &mut Visit<'_>, account: &AccountId, provider: &str, uid: &str) -> Decision<()> {
    let account = visit.account_mut(account)?;
    account.social_accounts.retain(|social| social.provider != provider || social.uid != uid);
    let account = account.clone();
    let event = Event::ProviderDisconnected { provider: provider_name(visit.settings(), provider) };
    visit.notify(&account, event, None);
    Ok(())
}

/// The display name of a provider; its id, if it is no longer in the settings.
pub fn provider_name(settings: &Settings, id: &str) -> String {
    settings.socialaccount.app(id).map_or(id, |app| &app.name).to_owned()
}

/// Tokens as they are encrypted.
#[derive(Serialize, Deserialize)]
struct Plain {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

/// Encrypts a provider's tokens, bound to the provider account and the account, if there is one.
pub(super) fn seal(
    visit: &Visit<'_>,
    account: Option<&AccountId>,
    profile: &Profile,
    tokens: &Tokens,
) -> Sealed {
    let place = place(account, &profile.provider, &profile.uid);
    seal_tokens(visit.context.keys, visit.context.random, &place, tokens)
}

/// Encrypts a provider's tokens, bound to a [`place`].
pub(crate) fn seal_tokens(keys: &Keys, random: &Random, place: &str, tokens: &Tokens) -> Sealed {
    let plain = Plain {
        access_token: tokens.access_token.expose().to_owned(),
        refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose().to_owned()),
        expires_at: tokens.expires_at,
    };
    let text = Secret::new(serde_json::to_string(&plain).unwrap_or_default());
    keys.seal(SealPurpose::ProviderTokens, random, place, &text)
}

fn open(visit: &Visit<'_>, account: &AccountId, social: &SocialAccount) -> Decision<Option<Tokens>> {
    let place = place(Some(account), &social.provider, &social.uid);
    let open = |sealed| open_tokens(visit.context.keys, &place, sealed);
    Ok(social.tokens.as_ref().map(open).transpose()?)
}

/// Decrypts the tokens of a pending provider sign-up.
pub(super) fn open_pending(visit: &Visit<'_>, profile: &Profile, sealed: &Sealed) -> Decision<Tokens> {
    Ok(open_tokens(visit.context.keys, &place(None, &profile.provider, &profile.uid), sealed)?)
}

/// Decrypts what [`seal_tokens`] made for the same place.
pub(crate) fn open_tokens(keys: &Keys, place: &str, sealed: &Sealed) -> Result<Tokens, Unopened> {
    let purpose = SealPurpose::ProviderTokens;
    let plain = keys.open(purpose, place, sealed)?;
    let plain: Plain = serde_json::from_str(plain.expose()).map_err(|_| Unopened(purpose))?;
    Ok(Tokens {
        access_token: Secret::new(plain.access_token),
        refresh_token: plain.refresh_token.map(Secret::new),
        expires_at: plain.expires_at,
    })
}

/// What the tokens of an account at another service are bound to; without an account here, to none yet.
pub(crate) fn place(account: Option<&AccountId>, provider: &str, uid: &str) -> String {
    format!("{} {provider} {uid}", account.map_or("-", AccountId::as_str))
}
