//! Signing up with a password, or without one where people log in by code.

use super::stages::{self, LoginAttempt};
use super::visit::{Decision, Stop, Visit};
use crate::domain::account::{Account, AccountId, EmailAddress, Phone};
use crate::domain::refusal::{FieldErrors, Refusal};
use crate::domain::username;
use crate::secret::Secret;
use crate::settings::{EmailVerification, PreventEnumeration};

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
}

/// Whether an address can be signed up with: true, false when it is taken and that is no secret, and none when it
/// is taken and the owner of the address alone is to learn that.
pub fn is_free(visit: &Visit<'_>, email: &str) -> Decision<Option<bool>> {
    let settings = &visit.settings().account;
    if !settings.unique_email || visit.owners(email)?.owners.is_empty() {
        return Ok(Some(true));
    }
    Ok(match (settings.prevent_enumeration, settings.email_verification) {
        (PreventEnumeration::Off, _) => Some(false),
        // A mail is sent in any case, so nobody learns anything.
        (_, EmailVerification::Mandatory) => None,
        // A second account with the address, unverified; whoever verifies it first keeps it.
        (PreventEnumeration::Strict, _) => Some(true),
        // Somebody would be let in at once: that addresses are unique comes first.
        (PreventEnumeration::On, _) => Some(false),
    })
}

/// Whether a username can be signed up with.
pub fn check_username(visit: &Visit<'_>, name: &str) -> Decision<()> {
    let taken = visit.owner_of_username(name)?.is_some();
    if taken { Err(Stop::invalid(Refusal::UsernameTaken.of("username"))) } else { Ok(()) }
}

/// Whether a phone number has an account.
pub fn has_account(visit: &Visit<'_>, phone: &str) -> Decision<bool> {
    Ok(visit.owner_of_phone(phone)?.is_some())
}

/// Makes the account and logs it in, as far as stages allow.
pub fn sign_up(visit: &mut Visit<'_>, new: NewAccount) -> Decision<()> {
    let id = AccountId::parse(&visit.tools.random.uuid(visit.now)).ok_or(Stop::Conflict)?;
    let mut account = Account::new(id, visit.now);
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
        initiated_at: visit.now,
    };
    visit.add_account(account);
    stages::begin(visit, attempt)
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
        initiated_at: visit.now,
    };
    stages::begin(visit, attempt)
}

fn choose_username(visit: &Visit<'_>, new: &NewAccount) -> Decision<Option<String>> {
    let settings = &visit.settings().account;
    if !settings.usernames {
        return Ok(None);
    }
    let keep_case = |name: String| if settings.preserve_username_casing { name } else { name.to_lowercase() };
    if let Some(name) = new.username.clone().filter(|name| !name.is_empty()) {
        return Ok(Some(keep_case(name)));
    }
    let texts = [new.email.as_deref(), Some("user")];
    let base = username::base(&texts, &settings.username_blacklist);
    let mut draw = |bound| visit.tools.random.below(bound);
    let candidates =
        username::candidates(&base, settings.username_min_length, &settings.username_blacklist, &mut draw);
    // Of the candidates only the first is the same each time it is asked for, so only that one can be looked up;
    // should a random one be taken, the commit fails and another is drawn.
    let first_is_free = match candidates.first() {
        Some(first) if *first == base => visit.owner_of_username(first)?.is_none(),
        _ => false,
    };
    let chosen = if first_is_free { candidates.first() } else { candidates.last() };
    Ok(chosen.cloned().map(keep_case))
}

/// Refuses an address that is taken, when that is no secret.
pub fn refuse_taken(email_free: Option<bool>, errors: &mut FieldErrors) {
    if email_free == Some(false) {
        errors.add(Refusal::EmailTaken.of("email"));
    }
}
