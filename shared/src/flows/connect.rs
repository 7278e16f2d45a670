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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{EMAIL, World, codes, keys};
    use super::*;
    use crate::domain::message::{Message, Recipient};

    const STORE: (&str, &str) = ("SOCIALACCOUNT_STORE_TOKENS", "true");

    fn profile(provider: &str, uid: &str) -> Profile {
        let display = Some(format!("{provider} {uid}"));
        Profile { provider: provider.into(), uid: uid.into(), display, ..Profile::default() }
    }

    fn tokens(access: &str, refresh: Option<&str>) -> Tokens {
        let expires_at = Some(Timestamp::from_millis(5));
        Tokens { access_token: Secret::new(access), refresh_token: refresh.map(Secret::new), expires_at }
    }

    /// A world whose user is logged in.
    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(settings);
        world.add(true, None);
        world.log_in();
        world
    }

    fn connect_to(world: &mut World, profile: &Profile, tokens: Option<&Tokens>) -> Decision<()> {
        let user = world.owner().id;
        world.visit(|visit| connect(visit, &user, profile, tokens))
    }

    fn connected(world: &World) -> Vec<(String, String)> {
        let account = world.owner();
        account.social_accounts.iter().map(|it| (it.provider.clone(), it.uid.clone())).collect()
    }

    /// The tokens that are stored of the user's provider account.
    fn stored(world: &mut World, uid: &str) -> Option<(String, Option<String>)> {
        let account = world.owner();
        let social = account.social_account("google", uid).unwrap();
        let tokens = world.visit(|visit| open(visit, &account.id, social)).unwrap()?;
        let refresh = tokens.refresh_token.map(|token| token.expose().to_owned());
        Some((tokens.access_token.expose().to_owned(), refresh))
    }

    #[test]
    fn a_provider_account_is_connected_once_and_its_owner_is_told() {
        let mut world = world(&[]);
        for _ in 0..2 {
            connect_to(&mut world, &profile("google", "7"), None).unwrap();
        }
        let account = world.owner();
        let social = account.social_account("google", "7").unwrap();
        assert_eq!((social.display.as_deref(), social.connected_at), (Some("google 7"), world.now));
        assert_eq!(account.social_accounts.len(), 1);
        let event = Event::ProviderConnected { provider: "google".into() };
        assert_eq!(*world.latest(), Message::Notification { event, origin: world.origin() });
        assert_eq!(world.letters.len(), 1);
        assert_eq!(world.letters[0].to, Recipient::Email(EMAIL.into()));
    }

    #[test]
    fn an_account_has_so_many_provider_accounts_only() {
        let mut world = world(&[]);
        for number in 0..MOST_SOCIAL_ACCOUNTS {
            connect_to(&mut world, &profile("google", &number.to_string()), None).unwrap();
        }
        assert_eq!(codes(connect_to(&mut world, &profile("google", "more"), None)), ["max_social_accounts"]);
        connect_to(&mut world, &profile("google", "0"), None).unwrap();
        assert_eq!(connected(&world).len(), MOST_SOCIAL_ACCOUNTS);
    }

    #[test]
    fn one_provider_account_is_disconnected_and_no_other() {
        let mut world = world(&[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]);
        for (provider, uid) in [("google", "7"), ("google", "8"), ("github", "7")] {
            connect_to(&mut world, &profile(provider, uid), None).unwrap();
        }
        let user = world.owner().id;
        world.visit(|visit| disconnect(visit, &user, "google", "7")).unwrap();
        let left = [("google", "8"), ("github", "7")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(connected(&world), left);
        let event = Event::ProviderDisconnected { provider: "google".into() };
        assert_eq!(*world.latest(), Message::Notification { event, origin: world.origin() });
    }

    #[test]
    fn a_login_updates_its_own_provider_account_alone() {
        let mut world = world(&[STORE]);
        let first = tokens("first", Some("refresh"));
        for uid in ["7", "8"] {
            connect_to(&mut world, &profile("google", uid), Some(&first)).unwrap();
        }
        connect_to(&mut world, &profile("github", "8"), None).unwrap();
        let user = world.owner().id;
        let renamed = Profile { display: Some("new".into()), ..profile("google", "8") };
        let second = tokens("second", None);
        world.visit(|visit| update(visit, &user, &renamed, Some(&second))).unwrap();
        let shown: Vec<_> = world.owner().social_accounts.iter().map(|it| it.display.clone()).collect();
        assert_eq!(shown, [Some("google 7".into()), Some("new".into()), Some("github 8".into())]);
        // Many services give a refresh token only when they are first asked.
        assert_eq!(stored(&mut world, "8"), Some(("second".into(), Some("refresh".into()))));
        assert_eq!(stored(&mut world, "7"), Some(("first".into(), Some("refresh".into()))));
        let third = tokens("third", Some("newer"));
        world.visit(|visit| update(visit, &user, &renamed, Some(&third))).unwrap();
        assert_eq!(stored(&mut world, "8"), Some(("third".into(), Some("newer".into()))));
        world.visit(|visit| update(visit, &user, &renamed, None)).unwrap();
        assert_eq!(stored(&mut world, "8"), Some(("third".into(), Some("newer".into()))), "they stay");
        let before = world.owner();
        world.visit(|visit| update(visit, &user, &profile("google", "9"), None)).unwrap();
        assert_eq!(world.owner(), before);
    }

    #[test]
    fn tokens_are_stored_only_where_the_settings_say_so() {
        for (settings, expected) in [(&[][..], None), (&[STORE], Some(("access".to_owned(), None)))] {
            let mut world = world(settings);
            for _ in ["connected", "updated"] {
                connect_to(&mut world, &profile("google", "7"), Some(&tokens("access", None))).unwrap();
                assert_eq!(stored(&mut world, "7"), expected);
            }
        }
    }

    #[test]
    fn tokens_are_read_back_in_their_place_only() {
        let random = Random::system();
        let account = AccountId::parse("0198-c0de").unwrap();
        let at = place(Some(&account), "google", "7");
        let sealed = seal_tokens(&keys(), &random, &at, &tokens("access", Some("refresh")));
        let opened = open_tokens(&keys(), &at, &sealed).unwrap();
        assert_eq!(opened.expires_at, Some(Timestamp::from_millis(5)));
        for other in [place(None, "google", "7"), place(Some(&account), "google", "8"), String::new()] {
            assert!(open_tokens(&keys(), &other, &sealed).is_err(), "{other}");
        }
        let nothing = keys().seal(SealPurpose::ProviderTokens, &random, &at, &Secret::new("{}"));
        assert_eq!(open_tokens(&keys(), &at, &nothing).unwrap_err(), Unopened(SealPurpose::ProviderTokens));
        let pending = profile("google", "7");
        let opened = world(&[]).visit(|visit| {
            let sealed = seal(visit, None, &pending, &tokens("pending", None));
            open_pending(visit, &pending, &sealed)
        });
        assert_eq!(opened.unwrap().access_token.expose(), "pending");
    }

    #[test]
    fn a_provider_account_names_its_owner() {
        let mut world = world(&[]);
        connect_to(&mut world, &profile("google", "7"), None).unwrap();
        let user = world.owner().id;
        let find = |world: &mut World, uid| world.visit(|visit| owner(visit, &profile("google", uid)));
        assert_eq!(find(&mut world, "7"), Ok(Some(user.clone())));
        assert_eq!(find(&mut world, "8"), Ok(None));
        let later = json!([{"provider": "google", "uid": "8", "wallet": true}]);
        world.accounts.get_mut(&user).unwrap().social_accounts = serde_json::from_value(later).unwrap();
        assert!(matches!(find(&mut world, "8"), Err(Stop::Unsupported(_))));
    }

    #[test]
    fn a_provider_account_goes_only_where_another_login_stays() {
        let mut world = world(&[]);
        connect_to(&mut world, &profile("google", "7"), None).unwrap();
        let account = world.owner();
        let settings = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Settings::read(variables).unwrap().settings
        };
        let (mandatory, optional) = (settings(&[]), settings(&[("ACCOUNT_EMAIL_VERIFICATION", "optional")]));
        let only = settings(&[
            ("SOCIALACCOUNT_ONLY", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION", "none"),
            ("INSTALLED_APPS", "allauth.socialaccount"),
        ]);
        let check = |settings: &Settings, change: fn(&mut Account)| {
            let mut changed = account.clone();
            change(&mut changed);
            check_disconnect(settings, &changed).map_err(|refusal| refusal.code().to_owned())
        };
        let refused = |code: &str| Err(code.to_owned());
        let no_address = |account: &mut Account| account.emails.clear();
        assert_eq!(check(&mandatory, |_| ()), Ok(()));
        assert_eq!(check(&only, |_| ()), refused("disconnect_last"));
        assert_eq!(check(&mandatory, |account| account.password = None), refused("no_password"));
        assert_eq!(check(&mandatory, no_address), refused("no_verified_email"));
        assert_eq!(check(&optional, no_address), Ok(()));
        let another = |account: &mut Account| {
            let first = account.social_accounts[0].clone();
            account.social_accounts.push(SocialAccount { uid: "8".into(), ..first });
            account.password = None;
        };
        assert_eq!(check(&only, another), Ok(()));
    }

    #[test]
    fn connecting_asks_for_a_reauthentication_where_the_settings_do() {
        for (required, expected) in [("false", Ok(())), ("true", Err(Stop::ReauthenticationRequired))] {
            let mut world = world(&[("SOCIALACCOUNT_REAUTHENTICATION_REQUIRED", required)]);
            assert_eq!(world.visit(|visit| require_reauthentication(visit)), expected);
        }
    }
}
