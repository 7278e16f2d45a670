//! Sign-up with the profile from a provider, completed by the user where needed.

use super::connect::{SocialOutcome, owner, record};
use super::signup::{NewAccount, Taken};
use super::visit::{Decision, Stop, Visit};
use super::{connect, hook, invitation, signup};
use crate::domain::account::Account;
use crate::domain::document::UnknownMembers;
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::phone::Phone;
use crate::domain::social::{PendingSignup, Profile, Tokens};
use crate::domain::stage::LoginAttempt;
use crate::domain::username;
use crate::settings::{PreventEnumeration, SignupFieldName};
use crate::snapshot::Need;

/// Signs up a user without an account, or leaves the sign-up pending until the frontend has asked for what is missing.
pub(super) fn begin(
    visit: &mut Visit<'_>,
    profile: &Profile,
    tokens: Option<&Tokens>,
) -> Decision<SocialOutcome> {
    let settings = visit.settings();
    // Who is invited says so in the form.
    if !settings.socialaccount.signup_enabled && !settings.account.invitations_enabled {
        return Ok(SocialOutcome::SignupClosed);
    }
    // Email addresses of other domains are not the account's: a verified one would stand for one that is not.
    let mut profile = profile.clone();
    profile.emails.retain(|address| settings.account.signup_domains.has(&address.email));
    // Each of them is looked at sooner or later.
    visit.require(
        profile.emails.iter().map(|address| Need::Owners(Recipient::Email(address.email.clone()))).collect(),
    )?;
    match assess(visit, &profile)? {
        Assessment::Complete => {
            sign_up(visit, &profile, tokens, automatic_answers(visit, &profile)?, Taken::default())?;
        }
        Assessment::Incomplete => {
            let tokens = tokens.filter(|_| visit.settings().socialaccount.store_tokens);
            let tokens = tokens.map(|tokens| connect::seal(visit, None, &profile, tokens));
            visit.session_mut().social_signup =
                Some(PendingSignup { profile, tokens, unknown: UnknownMembers::NONE });
        }
        Assessment::Hidden => {
            let taken = Taken { email: true, phone: false };
            sign_up(visit, &profile, tokens, automatic_answers(visit, &profile)?, taken)?;
        }
    }
    Ok(SocialOutcome::Done)
}

/// Whether a profile is enough to sign up with (`SOCIALACCOUNT_AUTO_SIGNUP`).
enum Assessment {
    Complete,
    Incomplete,
    /// Its address is taken, which only the owner of the address is to learn.
    Hidden,
}

fn assess(visit: &Visit<'_>, profile: &Profile) -> Decision<Assessment> {
    let settings = visit.settings();
    let fields = &settings.account.profile_fields;
    let is_open = settings.socialaccount.auto_signup && settings.socialaccount.signup_enabled;
    // Before anything is known of the email address, as the answer must not depend on whether it is taken.
    if !is_open || !fields.are_complete(&fields.told(profile)) {
        return Ok(Assessment::Incomplete);
    }
    match profile.emails.first() {
        Some(address) => match signup::is_free(visit, &address.email)? {
            Some(true) => {}
            Some(false) => return Ok(Assessment::Incomplete),
            None => return Ok(Assessment::Hidden),
        },
        None if settings.socialaccount.email_required => return Ok(Assessment::Incomplete),
        None => {}
    }
    if settings.account.signup_fields.requires(SignupFieldName::Phone) {
        let free = match &profile.phone {
            Some(phone) => !signup::has_account(visit, &phone.number)?,
            None => false,
        };
        if !free {
            return Ok(Assessment::Incomplete);
        }
    }
    Ok(Assessment::Complete)
}

fn automatic_answers(visit: &Visit<'_>, profile: &Profile) -> Decision<NewAccount> {
    let settings = &visit.settings().account;
    let username = match &profile.username {
        Some(name) if username::check(name, &settings.username_blacklist).is_ok() => {
            visit.owner_of(Handle::username(name))?.is_none().then(|| name.clone())
        }
        _ => None,
    };
    let email = profile.emails.first().map(|address| address.email.clone());
    let told = settings.profile_fields.told(profile);
    Ok(NewAccount { email, username, profile: told, ..NewAccount::default() })
}

/// Signs up with what the frontend has asked for. Who is waiting is forgotten; a conflict when the account at the service was
/// connected meanwhile, as in another tab: its owner can log in.
pub fn complete(
    visit: &mut Visit<'_>,
    pending: &PendingSignup,
    answers: NewAccount,
    taken: Taken,
) -> Decision<()> {
    if owner(visit, &pending.profile)?.is_some() {
        visit.session_mut().social_signup = None;
        return Err(Stop::Conflict);
    }
    let tokens = pending.tokens.as_ref();
    let tokens = tokens.map(|sealed| connect::open_pending(visit, &pending.profile, sealed)).transpose()?;
    // Where it is too early for another message, they try again.
    sign_up(visit, &pending.profile, tokens.as_ref(), answers, taken)?;
    visit.session_mut().social_signup = None;
    Ok(())
}

fn sign_up(
    visit: &mut Visit<'_>,
    profile: &Profile,
    tokens: Option<&Tokens>,
    answers: NewAccount,
    taken: Taken,
) -> Decision<()> {
    let mut account = signup::new_account(visit)?;
    let texts = [&profile.first_name, &profile.last_name, &answers.email].map(Option::as_deref);
    let blacklist = &visit.settings().account.username_blacklist;
    let base = username::base(&[&texts[..], &[Some("user")]].concat(), blacklist);
    account.username = signup::username_or(visit, answers.username.clone(), &base)?;
    account.profile = answers.profile;
    if let Some(invitation) = &answers.invitation {
        invitation::give(&mut account, invitation);
    }
    let own = answers.email.map(|email| EmailAddress {
        verified: answers.invitation.is_some(),
        primary: true,
        ..EmailAddress::new(email)
    });
    set_addresses(visit, &mut account, own.as_ref(), &profile.emails, taken.email)?;
    account.phone = match answers.phone {
        Some(number) => Some(Phone::new(number, false)),
        None => free_phone(visit, profile)?,
    };
    account.social_accounts.push(connect::social_account(visit, &account.id, profile, tokens));
    let id = account.id.clone();
    let attempt = LoginAttempt::new(id.clone(), None, visit.now);
    let attempt = LoginAttempt { signup: true, social: true, ..attempt };
    account.profile = hook::before_signup(visit, &account, answers.username.as_deref(), &attempt)?;
    if let Some(invitation) = answers.invitation {
        visit.accept(invitation);
    }
    record(visit, &id, profile);
    signup::begin(visit, account, taken, attempt)
}

fn free_phone(visit: &Visit<'_>, profile: &Profile) -> Decision<Option<Phone>> {
    match &profile.phone {
        Some(phone) if !signup::has_account(visit, &phone.number)? => Ok(Some(phone.clone())),
        _ => Ok(None),
    }
}

/// Gives a new account the address it signs up with, and those of the profile that no other account has. Mail goes to
/// one that is verified, if there is one.
fn set_addresses(
    visit: &Visit<'_>,
    account: &mut Account,
    own: Option<&EmailAddress>,
    others: &[EmailAddress],
    is_taken: bool,
) -> Decision<()> {
    let own_email = own.map(|address| address.email.clone());
    let emails = own.into_iter().chain(others).map(|address| address.email.clone());
    visit.require(emails.map(Recipient::Email).map(Need::Owners).collect())?;
    account.signup_email.clone_from(&own_email);
    for address in own.into_iter().chain(others) {
        let mut address = address.clone();
        if visit.settings().account.unique_email {
            let known = visit.owners(&Recipient::Email(address.email.clone()))?;
            if is_taken && Some(&address.email) == own_email.as_ref() {
                // The account is not made as long as it has this one.
                address.verified = false;
            } else if visit.settings().account.prevent_enumeration == PreventEnumeration::Strict {
                // Several may have it, but only one verified.
                address.verified &= known.claimed_by.is_none();
            } else if known.is_taken(None) {
                continue;
            }
        }
        match account.emails.iter_mut().find(|known| known.email == address.email) {
            Some(known) => known.verified |= address.verified,
            None => account.emails.push(address),
        }
    }
    let rank = |address: &&EmailAddress| (address.verified, address.primary);
    // Of equals, `max_by_key` would take the last.
    if let Some(primary) = account.emails.iter().rev().max_by_key(rank).map(|address| address.email.clone()) {
        account.make_primary(&primary);
    }
    Ok(())
}
