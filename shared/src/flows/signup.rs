//! Signing up with a password, or without one where people log in by code.

use super::stages::{self, LoginAttempt};
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::{Account, AccountId, EmailAddress, Phone};
use crate::domain::username;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{EmailVerification, PreventEnumeration, Settings};

/// What somebody signs up with; each is well-formed already.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The email address, lowercase.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Whether a passkey is to take its place, and is made once the address is verified.
    pub by_passkey: bool,
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
    let owners = visit.owners(email)?.owners.len();
    if owners == 0 {
        return Ok(Some(true));
    }
    Ok(match (settings.prevent_enumeration, settings.email_verification) {
        (PreventEnumeration::Off, _) => Some(false),
        // A mail is sent in any case, so nobody learns anything.
        (_, EmailVerification::Mandatory) => None,
        // A second account with the address, unverified; whoever verifies it first keeps it.
        (PreventEnumeration::Strict, _) => Some(owners < MOST_OWNERS),
        // Somebody would be let in at once: that addresses are unique comes first.
        (PreventEnumeration::On, _) => Some(false),
    })
}

/// Whether a phone number has an account.
pub fn has_account(visit: &Visit<'_>, phone: &str) -> Decision<bool> {
    Ok(visit.owner_of_phone(phone)?.is_some())
}

/// Makes the account and logs it in, as far as stages allow.
pub fn sign_up(visit: &mut Visit<'_>, new: NewAccount) -> Decision<()> {
    let mut account = new_account(visit)?;
    account.password = new.password.as_ref().map(|password| visit.tools.passwords.hash(password));
    account.username = choose_username(visit, &new)?;
    account.email.clone_from(&new.email);
    account.emails.extend(new.email.map(|email| EmailAddress { email, verified: false, primary: true }));
    account.phone = new.phone.map(|number| Phone { number, verified: false });
    let attempt = LoginAttempt {
        account: Some(account.id.clone()),
        email: None,
        phone: None,
        signup: true,
        by_passkey: new.by_passkey,
        social: false,
        waited_at: Vec::new(),
        initiated_at: visit.now,
    };
    visit.add_account(account);
    stages::begin(visit, attempt)
}

/// An account that nobody has yet.
pub(super) fn new_account(visit: &Visit<'_>) -> Decision<Account> {
    let id = AccountId::parse(&visit.tools.random.uuid(visit.now)).ok_or(Stop::Conflict)?;
    Ok(Account::new(id, visit.now))
}

/// Takes as long as signing up, and looks the same; only the owner of the address or number learns that it is
/// taken.
pub fn pretend(visit: &mut Visit<'_>, new: NewAccount) -> Decision<()> {
    if let Some(password) = &new.password {
        visit.tools.passwords.pretend_to_verify(password);
    }
    let attempt = LoginAttempt {
        account: None,
        email: new.email,
        phone: new.phone,
        signup: true,
        by_passkey: new.by_passkey,
        social: false,
        waited_at: Vec::new(),
        initiated_at: visit.now,
    };
    stages::begin(visit, attempt)
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
            let free = |name: &str| Ok(visit.owner_of_username(name)?.is_none());
            generate_username(visit.settings(), visit.tools.random, base, free)?
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
