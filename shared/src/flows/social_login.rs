//! Social login, once the provider has identified the user.

use super::connect::{self, SocialOutcome, owner, record};
use super::stages::{self, verify_email};
use super::visit::{Decision, Stop, Visit};
use super::{ownership, social_signup};
use crate::domain::account::Standing;
use crate::domain::account_id::AccountId;
use crate::domain::document::StoredList;
use crate::domain::message::Recipient;
use crate::domain::refusal::FieldErrorKind;
use crate::domain::social::{Identity, MAX_CLAIM_LENGTH, MAX_UID_LENGTH, Process, Profile, Tokens};
use crate::domain::stage::LoginAttempt;
use crate::domain::{email, phone, text};
use crate::settings::ProviderApp;
use crate::snapshot::Need;

/// How many addresses of a profile are looked at.
const MOST_ADDRESSES: usize = 10;
/// The longest an address of a profile may be, in its canonical form, as Django's `EmailField` has it.
const LONGEST_ADDRESS: usize = 254;

/// The longest URL of a picture that is kept, in bytes.
const LONGEST_URL: usize = 2048;

/// Continues with the identity from the provider. An identity that was used, or can't be one, is refused as an
/// invalid token.
pub fn complete(
    visit: &mut Visit<'_>,
    app: &ProviderApp,
    identity: &Identity,
    process: Process,
) -> Decision<SocialOutcome> {
    let profile = tidy(app, &identity.profile);
    if profile.uid.is_empty() || text::length(&profile.uid) > MAX_UID_LENGTH {
        return Err(invalid_token());
    }
    if let Some(single_use) = &identity.single_use
        && !visit.use_once(single_use)?
    {
        return Err(invalid_token());
    }
    if visit.session().social_signup.is_some() {
        visit.session_mut().social_signup = None;
    }
    let tokens = identity.tokens.as_ref().filter(|tokens| is_kept(tokens));
    match process {
        Process::Connect => connect_to_user(visit, app, &profile, tokens),
        Process::Login => log_in_or_sign_up(visit, app, &profile, tokens),
    }
}

fn is_kept(tokens: &Tokens) -> bool {
    let fits = tokens.can_be_kept();
    if !fits {
        tracing::warn!("the tokens of a service are too long to be kept");
    }
    fits
}

/// What a client is told that brought what proves nothing.
pub fn invalid_token() -> Stop {
    Stop::invalid(FieldErrorKind::InvalidToken.of("token"))
}

fn connect_to_user(
    visit: &mut Visit<'_>,
    app: &ProviderApp,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> Decision<SocialOutcome> {
    let Some(user) = visit.user().map(|user| user.id.clone()) else { return Ok(SocialOutcome::NotLoggedIn) };
    connect::require_reauthentication(visit)?;
    let owner = match owner(visit, profile)? {
        Some(owner) => Some(owner),
        None => owner_by_email(visit, app, profile)?.map(|(owner, _)| owner),
    };
    if owner.is_some_and(|owner| owner != user) {
        return Err(Stop::invalid(FieldErrorKind::ConnectedToOther.of_all()));
    }
    connect::connect(visit, &user, profile, tokens)?;
    Ok(SocialOutcome::Done)
}

fn log_in_or_sign_up(
    visit: &mut Visit<'_>,
    app: &ProviderApp,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> Decision<SocialOutcome> {
    let owner = owner(visit, profile)?;
    let by_email = match &owner {
        Some(_) => None,
        None => owner_by_email(visit, app, profile)?,
    };
    let account = owner.clone().or_else(|| by_email.as_ref().map(|(account, _)| account.clone()));
    log_out(visit, account.as_ref());
    let Some(account) = account else {
        return social_signup::begin(visit, profile, tokens);
    };
    match &by_email {
        None => connect::update(visit, &account, profile, tokens)?,
        Some((_, email)) => {
            if !visit.account(&account)?.is_some_and(|account| account.has_verified(Some(email))) {
                ownership::strip_unproven(visit, &account, &Recipient::Email(email.clone()))?;
                // Once is enough: what the owner adds from now on stays. Where a mail is to prove it, nobody gets in before.
                if !verify_email::is_mandatory(visit.settings(), true) {
                    verify_email::verify_indirectly(visit, &account, email)?;
                }
            }
            if visit.settings().socialaccount.email_authentication_auto_connect {
                connect::connect(visit, &account, profile, tokens)?;
            }
        }
    }
    record(visit, &account, profile);
    let now = visit.now;
    stages::begin(visit, LoginAttempt { social: true, ..LoginAttempt::new(account, None, now) })?;
    Ok(SocialOutcome::Done)
}

/// A social login replaces the login of the session.
fn log_out(visit: &mut Visit<'_>, next: Option<&AccountId>) {
    let Some(user) = visit.user().map(|user| user.id.clone()) else { return };
    // Other tabs of the same person may be on their way.
    let journeys = if next == Some(&user) { visit.session().journeys.clone() } else { StoredList::default() };
    visit.flush();
    visit.session_mut().journeys = journeys;
}

/// The account with an address that the service vouches for, and the address, where the service is trusted that far
/// (`SOCIALACCOUNT_EMAIL_AUTHENTICATION`).
///
/// An account whose owner has verified another address, or its number, has an owner already: that they listed this one
/// as well proves nothing, and its holder must not get into their account, nor into what they prepared.
fn owner_by_email(
    visit: &Visit<'_>,
    app: &ProviderApp,
    profile: &Profile,
) -> Decision<Option<(AccountId, String)>> {
    if !app.email_authentication.unwrap_or(visit.settings().socialaccount.email_authentication) {
        return Ok(None);
    }
    let vouched = || profile.emails.iter().filter(|address| address.verified).map(|address| &address.email);
    visit.require(vouched().cloned().map(Recipient::Email).map(Need::Owners).collect())?;
    for email in vouched() {
        let address = Recipient::Email(email.clone());
        let owner = visit.owners(&address)?.reached(true).into_iter().next();
        if let Some(owner) = owner
            && let Some(account) = visit.account(&owner.account)?
            && account.standing(&address).is_some_and(Standing::takes)
        {
            return Ok(Some((owner.account.clone(), email.clone())));
        }
    }
    Ok(None)
}

/// A profile with what can be used of it: addresses that are valid, in canonical form, the most important first.
fn tidy(app: &ProviderApp, profile: &Profile) -> Profile {
    let mut profile = profile.clone();
    profile.provider.clone_from(&app.id);
    let mut emails: Vec<email::EmailAddress> = Vec::new();
    for mut address in std::mem::take(&mut profile.emails) {
        let Some(email) = email::canonical(&address.email).filter(|email| email.len() <= LONGEST_ADDRESS)
        else {
            continue;
        };
        address.email = email;
        address.verified |= app.vouches_for(&address.email);
        match emails.iter_mut().find(|known| known.email == address.email) {
            Some(known) => {
                known.verified |= address.verified;
                known.primary |= address.primary;
            }
            None => emails.push(address),
        }
    }
    emails.sort_by(|a, b| (b.primary, b.verified, &b.email).cmp(&(a.primary, a.verified, &a.email)));
    emails.truncate(MOST_ADDRESSES);
    profile.emails = emails;
    profile.phone = profile.phone.filter(|phone| phone::validate(&phone.number));
    profile.picture = profile.picture.filter(|url| url.len() <= LONGEST_URL);
    for text in [
        &mut profile.username,
        &mut profile.name,
        &mut profile.first_name,
        &mut profile.last_name,
        &mut profile.locale,
        &mut profile.display,
    ] {
        *text = text
            .take()
            .map(|text| text.trim().chars().take(MAX_CLAIM_LENGTH).collect())
            .filter(|text: &String| !text.is_empty());
    }
    profile
}
