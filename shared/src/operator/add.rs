//! Creating accounts.

use super::decide::{Desk, Judged};
use super::outcome::{ChangedUser, OperatorError};
use super::read::{email_argument, phone_argument};
use super::request::AddUser;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::phone::Phone;
use crate::domain::{text, username};
use crate::flows::signup;
use crate::flows::visit::{Decision, Visit};
use crate::http::language;
use crate::password_rules::{self, Attributes};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::snapshot::Need;
use crate::store::StoreError;

/// How many ids are drawn, where those before are taken (`ACCOUNT_ID_FORMAT=integer`).
const MOST_IDS: usize = 3;

/// Creates an account, under a new id.
pub(super) async fn add(desk: Desk<'_>, new: AddUser) -> Result<ChangedUser, OperatorError> {
    let new = cleaned(new, &desk.app.settings)?;
    let format = desk.app.settings.account.id_format;
    for _ in 0..MOST_IDS {
        let id = format.new_id(&desk.app.random, desk.app.clock.now());
        let id = id.ok_or_else(|| StoreError::Corrupt("a generated id".to_owned()))?;
        match desk.change(&id, new.dry_run, |visit| decide(visit, &id, &new)).await {
            Err(OperatorError::Busy) => {}
            done => return done,
        }
    }
    Err(OperatorError::Busy)
}

/// The arguments, as the endpoints read theirs.
fn cleaned(mut new: AddUser, settings: &Settings) -> Result<AddUser, OperatorError> {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    new.email = given(new.email).as_deref().map(email_argument).transpose()?;
    new.phone = given(new.phone).as_deref().map(phone_argument).transpose()?;
    new.username =
        given(new.username).as_deref().map(|name| username_argument(name, settings)).transpose()?;
    new.password = new.password.map(|password| stripped(&password)).transpose()?;
    if let AddUser { email: None, username: None, phone: None, .. } = &new {
        let text = "an account needs an email address, a username or a phone number";
        return Err(OperatorError::Malformed(text.to_owned()));
    }
    Ok(new)
}

/// A username, as an argument. Reserved ones are for operators to give.
pub(super) fn username_argument(given: &str, settings: &Settings) -> Result<String, OperatorError> {
    if !settings.account.usernames {
        let text = "accounts have no usernames (ACCOUNT_USER_MODEL_USERNAME_FIELD)";
        return Err(OperatorError::invalid("username", text));
    }
    let invalid = |refusal| OperatorError::invalid("username", language::english(&refusal));
    username::check(given, &[]).map_err(invalid)?;
    Ok(if settings.account.preserve_username_casing { given.to_owned() } else { given.to_lowercase() })
}

/// A password, as an argument.
pub(super) fn stripped(given: &Secret) -> Result<Secret, OperatorError> {
    let password = text::strip(given.expose());
    if password.is_empty() {
        return Err(OperatorError::invalid("password", "the password is empty; leave it out for none"));
    }
    Ok(Secret::new(password))
}

fn decide(visit: &mut Visit<'_>, id: &AccountId, new: &AddUser) -> Judged<()> {
    if visit.account(id)?.is_some() {
        return Err(OperatorError::Busy.into());
    }
    let addresses: Vec<Recipient> = new
        .email
        .iter()
        .map(|email| Recipient::Email(email.clone()))
        .chain(new.phone.iter().map(|phone| Recipient::Phone(phone.clone())))
        .collect();
    visit.require(addresses.iter().cloned().map(Need::Owners).collect())?;
    for address in &addresses {
        check_free(visit, id, address, !new.unverified)?;
    }
    let name = username_for(visit, new)?;
    let now = visit.now;
    let verified = !new.unverified;
    let email = new.email.iter().map(|email| EmailAddress {
        verified,
        primary: true,
        ..EmailAddress::new(email.clone())
    });
    let mut account = Account {
        username: name,
        active: !new.inactive,
        superuser: new.superuser,
        emails: email.collect(),
        email: new.email.clone(),
        signup_email: new.email.clone(),
        phone: new.phone.clone().map(|number| Phone::new(number, verified)),
        ..Account::new(id.clone(), now)
    };
    if let Some(password) = &new.password {
        check_password(visit.settings(), password, &account, new.any_password)?;
        account.password = Some(visit.context.passwords.hash(password));
    }
    visit.add_account(account);
    Ok(())
}

/// Refuses an email address or phone number that another account has proved, where only one may; or a number that another
/// account has at all. What only has been given can be added unverified.
pub(super) fn check_free(
    visit: &Visit<'_>,
    id: &AccountId,
    address: &Recipient,
    verified: bool,
) -> Result<(), OperatorError> {
    let is_claimed = verified && visit.is_claimed_by_other(address, id);
    match address {
        Recipient::Email(email) if is_claimed => {
            Err(OperatorError::Taken("email", format!("verified the email address {email}")))
        }
        Recipient::Phone(number)
            if is_claimed || visit.owners(address).is_ok_and(|owners| owners.is_taken(Some(id))) =>
        {
            Err(OperatorError::Taken("phone", format!("the phone number {number}")))
        }
        _ => Ok(()),
    }
}

/// Refuses a username that another account has.
pub(super) fn check_name(visit: &Visit<'_>, id: Option<&AccountId>, name: &str) -> Judged<()> {
    match visit.owner_of(Handle::username(name))? {
        Some(owner) if Some(owner) != id => {
            Err(OperatorError::Taken("username", format!("the username {name:?}")).into())
        }
        _ => Ok(()),
    }
}

/// The username: the one that was given, or one that is generated, where accounts have such.
fn username_for(visit: &Visit<'_>, new: &AddUser) -> Judged<Option<String>> {
    let settings = visit.settings();
    if let Some(name) = &new.username {
        check_name(visit, None, name)?;
        return Ok(Some(name.clone()));
    }
    if !settings.account.usernames {
        return Ok(None);
    }
    let usual = signup::usual_username(settings, new.email.as_deref());
    let is_free = |name: &str| -> Decision<bool> { Ok(visit.owner_of(Handle::username(name))?.is_none()) };
    Ok(Some(signup::generate_username(settings, visit.context.random, &usual, is_free)?))
}

/// Refuses a password that violates the rules for this account, unless it may.
pub(super) fn check_password(
    settings: &Settings,
    password: &Secret,
    account: &Account,
    any: bool,
) -> Result<(), OperatorError> {
    if any {
        return Ok(());
    }
    let rules = settings.password_rules();
    let refusals = password_rules::check(password.expose(), &rules, Some(&Attributes::of(account)));
    let texts: Vec<_> = refusals.iter().map(language::english).collect();
    if texts.is_empty() {
        return Ok(());
    }
    let text =
        format!("the password is refused (any_password, or --no-validate, accepts it): {}", texts.join(" "));
    Err(OperatorError::invalid("password", text))
}
