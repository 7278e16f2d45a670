//! Conversion of stored email addresses and username keys to canonical form.

use super::commit_until;
use crate::app::App;
use crate::changes::Changes;
use crate::domain::account::{Account, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::email::EmailAddress;
use crate::domain::event::Actor;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::{email, username};
use crate::snapshot::Need;
use crate::store::{Store, StoreError};

/// How often an account is tried, when its owner changes it at the same time.
const MOST_TRIES: u32 = 5;

/// The result of the conversion of an account. What is canonical already is not told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canonicalised {
    /// An email address has its canonical form now.
    Email {
        /// Whose it is.
        account: AccountId,
        /// As it was.
        from: String,
        /// As it is now.
        to: String,
    },
    /// A username is found under its key now, however it is spelt.
    Username {
        /// Whose it is.
        account: AccountId,
        /// The username.
        name: String,
    },
    /// No mail can be sent to an email address, and it stays as it is.
    Unusable {
        /// Whose it is.
        account: AccountId,
        /// The email address.
        email: String,
    },
    /// Two accounts have verified one mailbox, or have one username, in different spellings; nothing of them was changed.
    Collision {
        /// One.
        account: AccountId,
        /// What it has.
        name: String,
        /// The other one.
        other: AccountId,
    },
}

/// Why it went no further.
#[derive(Debug, thiserror::Error)]
pub enum CanonicaliseError {
    /// An account is changed by its owner all the time.
    #[error("account {0} is being changed; run it again")]
    Busy(String),
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// Converts all accounts, one after the other, and reports each change. It can be run again: what is done is done, and
/// is not told of again.
pub async fn canonicalise(app: &App, mut tell: impl FnMut(Canonicalised)) -> Result<(), CanonicaliseError> {
    let store = app.store().ok_or(CanonicaliseError::NoTable)?;
    for id in store.all_accounts().await? {
        emails(app, store, &id, &mut tell).await?;
        usernames(app, store, &id, &mut tell).await?;
    }
    Ok(())
}

async fn emails(
    app: &App,
    store: &Store,
    id: &AccountId,
    tell: &mut impl FnMut(Canonicalised),
) -> Result<(), CanonicaliseError> {
    let mut claims: Vec<Need> = Vec::new();
    for _ in 0..MOST_TRIES {
        let loaded = store.load(&[], &[&[Need::Account(id.clone())], claims.as_slice()].concat()).await?;
        let Some(stored) = loaded.accounts.get(id).cloned().flatten() else { return Ok(()) };
        let (account, told) = in_canonical_form(&stored.value);
        if account == stored.value {
            told.into_iter().for_each(tell);
            return Ok(());
        }
        let other_owner =
            |address: &Recipient| loaded.claimed_by(address).filter(|owner| *owner != id).cloned();
        let is_verified = |(_, standing): &(Recipient, Standing)| *standing == Standing::Verified;
        let verified = account.addresses().into_iter().filter(is_verified);
        let mut taken = verified.filter_map(|(it, _)| Some((it.address().to_owned(), other_owner(&it)?)));
        if let Some((name, other)) = taken.next().filter(|_| app.settings.account.unique_email) {
            tell(Canonicalised::Collision { account: id.clone(), name, other });
            return Ok(());
        }
        drop(taken);
        let mut changes = Changes::of_account(Some(stored), Some(account));
        match commit_until(app, store, &Actor::OPERATOR, &loaded, &mut changes, app.clock.now()).await {
            Err(StoreError::Lost) => claims = changes.claims(),
            done => {
                done?;
                told.into_iter().for_each(tell);
                return Ok(());
            }
        }
    }
    Err(CanonicaliseError::Busy(id.as_str().to_owned()))
}

/// The account with all email addresses in canonical form; two that are one mailbox become one.
fn in_canonical_form(account: &Account) -> (Account, Vec<Canonicalised>) {
    let mut told = Vec::new();
    let mut form = |address: &str| match email::canonical(address) {
        Some(to) if to == address => to,
        Some(to) => {
            let change = Canonicalised::Email {
                account: account.id.clone(),
                from: address.to_owned(),
                to: to.clone(),
            };
            if !told.contains(&change) {
                told.push(change);
            }
            to
        }
        None => {
            let unusable = Canonicalised::Unusable { account: account.id.clone(), email: address.to_owned() };
            if !told.contains(&unusable) {
                told.push(unusable);
            }
            address.to_owned()
        }
    };
    let mut after = Account { emails: Vec::new(), ..account.clone() };
    for address in &account.emails {
        let email = form(&address.email);
        match after.emails.iter_mut().find(|known| known.email == email) {
            Some(known) => {
                known.verified |= address.verified;
                known.primary |= address.primary;
            }
            None => after.emails.push(EmailAddress { email, ..address.clone() }),
        }
    }
    after.signup_email = account.signup_email.as_deref().map(&mut form);
    after.email = account.email.as_deref().filter(|email| !email.is_empty()).map(&mut form);
    if after.email.is_none() {
        after.email.clone_from(&account.email);
    }
    (after, told)
}

async fn usernames(
    app: &App,
    store: &Store,
    id: &AccountId,
    tell: &mut impl FnMut(Canonicalised),
) -> Result<(), CanonicaliseError> {
    let Some(name) = store.account(id).await?.and_then(|stored| stored.value.username) else { return Ok(()) };
    // What it was found under before.
    let (old, new) = (name.to_lowercase(), username::fold(&name));
    if old == new {
        return Ok(());
    }
    let handles = [&old, &new].map(|key| Handle::Username(key.clone()));
    let loaded = store.load(&[], &handles.clone().map(Need::Handle)).await?;
    let owner = |handle: &Handle| loaded.handles.get(handle).and_then(Option::as_ref);
    match (owner(&handles[0]), owner(&handles[1])) {
        (_, Some(other)) if other != id => {
            tell(Canonicalised::Collision { account: id.clone(), name, other: other.clone() });
        }
        (Some(owner), None) if owner == id => {
            let token = app.random.uuid(app.clock.now());
            match store.move_handle(&handles, id, &token).await {
                Err(StoreError::Lost) => return Err(CanonicaliseError::Busy(id.as_str().to_owned())),
                done => done?,
            }
            tell(Canonicalised::Username { account: id.clone(), name });
        }
        _ => {}
    }
    Ok(())
}
