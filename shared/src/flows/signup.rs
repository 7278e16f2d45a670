//! Signing up with a password, or without one where people log in by code.

use super::visit::{Decision, Stop, Visit};
use super::{hook, invitation, stages};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::document::UnknownMembers;
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::invitation::Invitation;
use crate::domain::message::Recipient;
use crate::domain::phone::Phone;
use crate::domain::profile::ProfileValues;
use crate::domain::session::Draft;
use crate::domain::social::SocialAccount;
use crate::domain::stage::{LoginAttempt, Stage};
use crate::domain::username;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{EmailVerification, PreventEnumeration, Settings};
use crate::snapshot::Need;

/// The input of a sign-up; each value is well-formed already.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The email address, lowercase.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The values of the site's own fields.
    pub profile: ProfileValues,
    /// The invitation, which proves the email address.
    pub invitation: Option<Invitation>,
    /// The password.
    pub password: Option<Secret>,
    /// Whether a passkey is to take its place, and is made once the address is verified.
    pub by_passkey: bool,
}

/// What another account has already, which only its owner is to learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The email address.
    pub email: bool,
    /// The number.
    pub phone: bool,
}

/// How many accounts may have one address, unverified: a login tries the password of each.
const MOST_OWNERS: usize = 8;

/// Whether an address can be signed up with: true, false when it is taken and that is no secret, and none when it
/// is taken and the owner of the address alone is to learn that.
pub fn is_free(visit: &Visit<'_>, email: &str) -> Decision<Option<bool>> {
    let settings = &visit.settings().account;
    if !settings.unique_email {
        return Ok(Some(true));
    }
    let owners = visit.owners(&Recipient::Email(email.to_owned()))?;
    if !owners.is_taken(None) {
        return Ok(Some(true));
    }
    let taken = owners.owners.iter().filter(|owner| owner.standing.takes()).count();
    Ok(match (settings.prevent_enumeration, settings.email_verification) {
        (PreventEnumeration::Off, _) => Some(false),
        // A mail is sent in any case, so nobody learns anything.
        (_, EmailVerification::Mandatory) => None,
        // A second account with the address, unverified; whoever verifies it first keeps it.
        (PreventEnumeration::Strict, _) => Some(taken < MOST_OWNERS),
        // Somebody would be let in at once: that addresses are unique comes first.
        (PreventEnumeration::On, _) => Some(false),
    })
}

/// Whether a phone number is taken by an account.
pub fn has_account(visit: &Visit<'_>, phone: &str) -> Decision<bool> {
    Ok(visit.owners(&Recipient::Phone(phone.to_owned()))?.is_taken(None))
}

/// Makes the account and logs it in, as far as stages allow. Where its address or number is taken, it passes the same
/// stages, but is not made: only the owner of the address or number learns that.
pub fn sign_up(visit: &mut Visit<'_>, new: NewAccount, taken: Taken) -> Decision<()> {
    let mut account = new_account(visit)?;
    account.password = new.password.as_ref().map(|password| visit.context.passwords.hash(password));
    account.username = choose_username(visit, &new)?;
    account.profile.clone_from(&new.profile);
    account.email.clone_from(&new.email);
    account.signup_email.clone_from(&new.email);
    if let Some(invitation) = &new.invitation {
        invitation::give(&mut account, invitation);
    }
    let verified = new.invitation.is_some();
    let own = |email| EmailAddress { verified, primary: true, ..EmailAddress::new(email) };
    account.emails.extend(new.email.map(own));
    account.phone = new.phone.map(|number| Phone::new(number, false));
    let attempt = LoginAttempt::new(account.id.clone(), None, visit.now);
    let attempt = LoginAttempt { signup: true, by_passkey: new.by_passkey, ..attempt };
    account.profile = hook::before_signup(visit, &account, new.username.as_deref(), &attempt)?;
    if let Some(invitation) = new.invitation {
        visit.accept(invitation);
    }
    begin(visit, account, taken, attempt)
}

/// Begins the first login. When what verifies the address or the number can't be sent yet, nothing is made: whoever signs
/// up is told so and tries again, whether or not it is taken.
pub(super) fn begin(
    visit: &mut Visit<'_>,
    account: Account,
    taken: Taken,
    attempt: LoginAttempt,
) -> Decision<()> {
    let id = account.id.clone();
    keep(visit, account, taken);
    stages::begin(visit, attempt).inspect_err(|stop| {
        if *stop == Stop::RateLimited {
            visit.withdraw(&id);
        }
    })
}

fn keep(visit: &mut Visit<'_>, account: Account, taken: Taken) {
    if taken == Taken::default() {
        visit.add_account(account);
    } else {
        let (email_taken, phone_taken) = (taken.email, taken.phone);
        visit.hold(Draft { account, email_taken, phone_taken, unknown: UnknownMembers::NONE });
    }
}

/// Makes an account that was corrected while it waited to be verified, or takes it back, by whether its address or number
/// is taken now.
pub fn settle(visit: &mut Visit<'_>, id: &AccountId) -> Decision<()> {
    let mut account = visit.account(id)?.ok_or(Stop::Conflict)?.clone();
    let email = account.primary_email().map(|email| Recipient::Email(email.to_owned()));
    let name = account.username.clone();
    let phone = account.phone.as_ref().map(|phone| Recipient::Phone(phone.number.clone()));
    // Read in any case: a correction takes as long for an account as for a draft. Of names, numbers and other services, what
    // was not read counts as free: the commit finds out, and the flow decides anew.
    visit.require(email.iter().cloned().map(Need::Owners).collect())?;
    let is_taken = |address: Recipient| visit.owners(&address).is_ok_and(|owners| owners.is_taken(Some(id)));
    let taken = Taken {
        email: email.is_some_and(is_taken) && visit.settings().account.unique_email,
        phone: phone.is_some_and(is_taken),
    };
    let is_draft = visit.draft(id).is_some();
    if !is_draft && taken == Taken::default() {
        return Ok(());
    }
    if name.is_some_and(|name| is_other(visit.owner_of(Handle::username(&name)), id)) {
        let usual = usual_username(visit.settings(), account.primary_email());
        account.username = username_or(visit, None, &usual)?;
    }
    if is_draft && taken == Taken::default() {
        // Under ACCOUNT_ID_FORMAT=integer, another account may have got the id meanwhile. Tokens and challenges of this session
        // name it, so it can't be exchanged: the next sign-up has another one.
        if visit.is_kept(id) {
            return Err(Stop::Conflict);
        }
        let is_connected =
            |it: &SocialAccount| is_other(visit.owner_of(Handle::social(&it.provider, &it.uid)), id);
        if account.social_accounts.iter().any(is_connected) {
            return Err(Stop::Conflict);
        }
        visit.forget_draft();
    }
    keep(visit, account, taken);
    Ok(())
}

fn is_other(owner: Decision<Option<&AccountId>>, id: &AccountId) -> bool {
    owner.is_ok_and(|owner| owner.is_some_and(|owner| owner != id))
}

/// A new account.
pub(super) fn new_account(visit: &Visit<'_>) -> Decision<Account> {
    let id = visit.settings().account.id_format.new_id(visit.context.random, visit.now);
    let id = id.ok_or(Stop::Conflict)?;
    Ok(Account::new(id, visit.now))
}

/// Looks like a sign-up whose address is to be verified to what has filled the honeypot. No account is made, and no mail is
/// sent.
pub fn pretend_to_bot(visit: &mut Visit<'_>, new: NewAccount) {
    if let Some(password) = &new.password {
        visit.context.passwords.pretend_to_verify(password);
    }
    let attempt = LoginAttempt::unknown(new.email, visit.now);
    let attempt = LoginAttempt { signup: true, by_passkey: new.by_passkey, ..attempt };
    visit.pend(attempt.waiting_at(Stage::VerifyEmail, 0));
}

fn choose_username(visit: &Visit<'_>, new: &NewAccount) -> Decision<Option<String>> {
    let usual = usual_username(visit.settings(), new.email.as_deref());
    username_or(visit, new.username.clone(), &usual)
}

/// This username, or else one that begins as given; none where there are no usernames.
pub(super) fn username_or(visit: &Visit<'_>, name: Option<String>, base: &str) -> Decision<Option<String>> {
    let settings = &visit.settings().account;
    if !settings.usernames {
        return Ok(None);
    }
    let name = match name.filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => {
            let free = |name: &str| Ok::<_, Stop>(visit.owner_of(Handle::username(name))?.is_none());
            generate_username(visit.settings(), visit.context.random, base, free)?
        }
    };
    Ok(Some(if settings.preserve_username_casing { name } else { name.to_lowercase() }))
}

/// The username that an account with this address gets, unless it is taken.
pub fn usual_username(settings: &Settings, email: Option<&str>) -> String {
    username::base(&[email, Some("user")], &settings.account.username_blacklist)
}

/// A username for an account that was given none. The base itself is looked up; should a random one be taken, the
/// commit fails and another is drawn.
pub fn generate_username<E>(
    settings: &Settings,
    random: &Random,
    base: &str,
    is_free: impl FnOnce(&str) -> Result<bool, E>,
) -> Result<String, E> {
    let account = &settings.account;
    let mut draw = |bound| random.below(bound);
    let mut candidates =
        username::candidates(base, account.username_min_length, &account.username_blacklist, &mut draw);
    let usual = candidates.first().is_some_and(|first| first == base);
    if usual && is_free(base)? {
        return Ok(base.to_owned());
    }
    Ok(candidates.pop().unwrap_or_else(|| base.to_owned()))
}
