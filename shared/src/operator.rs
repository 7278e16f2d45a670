//! The operator's operations on accounts, outside the API.

mod canonicalise;
mod history;
mod invite;
mod profile;

pub use canonicalise::{CanonicaliseError, Canonicalised, canonicalise};
pub use history::{HistoryFault, history, verify};
pub use invite::{InvitationError, NewInvitation, invitations, invite, revoke};
pub use profile::{OwnData, OwnDataChange, own_data, set_own_data};

use crate::app::App;
use crate::changes::Changes;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::email::EmailAddress;
use crate::domain::event::ActorKind;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::phone::Phone;
use crate::domain::time::Timestamp;
use crate::domain::{email, phone, text, username};
use crate::flows::events::Recorder;
use crate::flows::signup;
use crate::http::language;
use crate::password::Passwords;
use crate::password_rules::{self, Attributes};
use crate::secret::Secret;
use crate::snapshot::{Loaded, Need};
use crate::store::{CommitContext, Store, StoreError};

/// How often a change is tried, when its owner changes the account at the same time.
const MOST_TRIES: u32 = 5;

/// An account to create. No mail is sent.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the operator's own")]
pub struct NewUser {
    /// The email address, which becomes the primary one.
    pub email: Option<String>,
    /// The password; without one, no password can be used.
    pub password: Option<Secret>,
    /// Whether the password may violate the password rules (`AUTH_PASSWORD_VALIDATORS`).
    pub any_password: bool,
    /// The username; made from the address where usernames are on and none is given.
    pub username: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// Whether email address and phone number are unverified.
    pub unverified: bool,
    /// Whether the account is disabled.
    pub inactive: bool,
    /// Whether the account is marked as an administrator.
    pub superuser: bool,
}

/// Why no account was created.
#[derive(Debug, thiserror::Error)]
pub enum NewUserError {
    /// A value is malformed.
    #[error("{0:?} is not a valid {1}")]
    Invalid(String, &'static str),
    /// The password is empty.
    #[error("the password is empty; leave it out for an account without one")]
    EmptyPassword,
    /// The password does not meet the rules for passwords.
    #[error("the password is refused (--no-validate takes it all the same): {0}")]
    WeakPassword(String),
    /// Another account has it.
    #[error("another account has the {1} {0:?}")]
    Taken(String, &'static str),
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// Creates an account.
pub async fn add_user(app: &App, new: NewUser) -> Result<AccountId, NewUserError> {
    let store = app.store().ok_or(NewUserError::NoTable)?;
    let mut user = new;
    // As the endpoints read it.
    user.password = user.password.map(|password| Secret::new(text::strip(password.expose())));
    if let Some(given) = user.email.take().filter(|given| !given.trim().is_empty()) {
        let email = email::canonical(&given);
        user.email = Some(email.ok_or(NewUserError::Invalid(given, "email address"))?);
    }
    check(&user)?;
    let usernames = app.settings.account.usernames;
    let wanted = usernames.then(|| {
        let usual = || signup::usual_username(&app.settings, user.email.as_deref());
        user.username.clone().unwrap_or_else(usual)
    });
    let needs = [
        user.email.clone().map(Recipient::Email).map(Need::Owners),
        wanted.as_deref().and_then(Handle::username).map(Need::Handle),
        user.phone.clone().map(Recipient::Phone).map(Need::Owners),
    ];
    let needs: Vec<Need> = needs.into_iter().flatten().collect();
    let loaded = store.load(&[], &needs).await?;
    let is_free = loaded.handles.values().all(Option::is_none);
    let name = match (&user.username, wanted) {
        (None, Some(usual)) => {
            let free = |_: &str| Ok::<_, StoreError>(is_free);
            Some(signup::generate_username(&app.settings, &app.random, &usual, free)?)
        }
        (Some(name), Some(_)) if !is_free => return Err(NewUserError::Taken(name.clone(), "username")),
        (_, wanted) => wanted,
    };
    if let Some(email) = &user.email
        && app.settings.account.unique_email
        && !user.unverified
        && loaded.claimed_by(&Recipient::Email(email.clone())).is_some()
    {
        return Err(NewUserError::Taken(email.clone(), "address"));
    }
    if let Some(phone) = &user.phone
        && loaded.owners(&Recipient::Phone(phone.clone())).is_some_and(|owners| owners.is_taken(None))
    {
        return Err(NewUserError::Taken(phone.clone(), "phone number"));
    }
    check_password(app, &user, name.as_deref())?;
    let account = make(app, user, name)?;
    let id = account.id.clone();
    commit(app, store, &loaded, &mut Changes::of_account(None, Some(account))).await?;
    Ok(id)
}

/// An account, as an operator names it.
#[derive(Clone, Debug)]
pub enum UserName {
    /// By its id: `user.id` in the API.
    Id(AccountId),
    /// By an email address, if only one account has it.
    Email(String),
}

/// Why an account is neither changed nor deleted.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The account is unknown.
    #[error("there is no such account")]
    Unknown,
    /// Several accounts have the email address.
    #[error("several accounts have this email address; select one by its id: {0}")]
    Ambiguous(String),
    /// A value is not one that the account may have.
    #[error("{0}")]
    Invalid(String),
    /// Concurrent requests change the account.
    #[error("the account is being changed; try again")]
    Busy,
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// Disables or enables an account. All its sessions end, with their tokens.
pub async fn set_active(app: &App, who: &UserName, active: bool) -> Result<AccountId, UserError> {
    let set = |account: &mut Account| {
        if account.active != active {
            account.active = active;
            account.end_sessions();
        }
        Ok(())
    };
    change(app, who, set).await
}

/// Changes an account, as often as its owner is faster. What changes nothing is not written.
async fn change(
    app: &App,
    who: &UserName,
    apply: impl Fn(&mut Account) -> Result<(), UserError>,
) -> Result<AccountId, UserError> {
    let store = app.store().ok_or(UserError::NoTable)?;
    for _ in 0..MOST_TRIES {
        let id = find(store, who).await?;
        let loaded = store.load(&[], &[Need::Account(id.clone())]).await?;
        let stored = loaded.accounts.get(&id).cloned().flatten().ok_or(UserError::Unknown)?;
        let mut account = stored.value.clone();
        apply(&mut account)?;
        if account == stored.value {
            return Ok(id);
        }
        match commit(app, store, &loaded, &mut Changes::of_account(Some(stored), Some(account))).await {
            Err(StoreError::Lost) => {}
            done => return Ok(done.map(|()| id)?),
        }
    }
    Err(UserError::Busy)
}

/// Deletes an account with all its data. No mail is sent.
pub async fn delete_user(app: &App, who: &UserName) -> Result<AccountId, UserError> {
    let store = app.store().ok_or(UserError::NoTable)?;
    let mut claims = Vec::new();
    for _ in 0..MOST_TRIES {
        let id = find(store, who).await?;
        let needs = [Need::Account(id.clone()), Need::Sessions(id.clone())];
        let loaded = store.load(&[], &[&needs, claims.as_slice()].concat()).await?;
        let stored = loaded.accounts.get(&id).cloned().flatten().ok_or(UserError::Unknown)?;
        let sessions = loaded.sessions.get(&id).into_iter().flatten();
        let ended = sessions.map(|session| session.value.key.clone()).collect();
        let mut changes = Changes { ended, ..Changes::of_account(Some(stored), None) };
        match commit(app, store, &loaded, &mut changes).await {
            Err(StoreError::Lost) => claims = changes.claims(),
            done => return Ok(done.map(|()| id)?),
        }
    }
    Err(UserError::Busy)
}

async fn find(store: &Store, who: &UserName) -> Result<AccountId, UserError> {
    let email = match who {
        UserName::Id(id) => return Ok(id.clone()),
        UserName::Email(given) => email::canonical(given).ok_or(UserError::Unknown)?,
    };
    let address = Recipient::Email(email.clone());
    let loaded = store.load(&[], &[Need::Owners(address.clone())]).await?;
    let owners = loaded.owners(&address).map(|owners| owners.owners.as_slice()).unwrap_or_default();
    match owners {
        [] => Err(UserError::Unknown),
        [owner] => Ok(owner.account.clone()),
        several => {
            let ids: Vec<&str> = several.iter().map(|owner| owner.account.as_str()).collect();
            Err(UserError::Ambiguous(ids.join(", ")))
        }
    }
}

async fn commit(app: &App, store: &Store, loaded: &Loaded, changes: &mut Changes) -> Result<(), StoreError> {
    commit_until(app, store, loaded, changes, app.clock.now()).await
}

/// Commits changes, with the events that they come to; sessions that they write last until then.
pub(crate) async fn commit_until(
    app: &App,
    store: &Store,
    loaded: &Loaded,
    changes: &mut Changes,
    session_expires_at: Timestamp,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (settings, keys, random) = (&app.settings, &app.secrets().keys, &app.random);
    Recorder { settings, keys, random, now, actor: ActorKind::Operator, client: None }.record(
        changes,
        loaded,
        &[],
    );
    let context = CommitContext {
        loaded,
        now,
        session_expires_at,
        unique_email: app.settings.account.unique_email,
        token: &app.random.uuid(now),
        outbox: &[],
    };
    store.commit(changes, &context).await
}

fn check(user: &NewUser) -> Result<(), NewUserError> {
    let invalid = |text: &str, what| Err(NewUserError::Invalid(text.to_owned(), what));
    match user {
        NewUser { phone: Some(number), .. } if !phone::validate(number) => {
            invalid(number, "phone number (such as +31612345678)")
        }
        NewUser { username: Some(name), .. } if username::check(name, &[]).is_err() => {
            invalid(name, "username")
        }
        NewUser { email: None, username: None, phone: None, .. } => {
            invalid("", "account: give it an email address, a username or a phone number")
        }
        _ => Ok(()),
    }
}

fn check_password(app: &App, user: &NewUser, name: Option<&str>) -> Result<(), NewUserError> {
    let Some(password) = user.password.as_ref().map(Secret::expose) else { return Ok(()) };
    if password.is_empty() {
        return Err(NewUserError::EmptyPassword);
    }
    if user.any_password {
        return Ok(());
    }
    let email = user.email.as_deref().map(email::shown);
    let known = Attributes { username: name, email, phone: user.phone.as_deref() };
    let refusals = password_rules::check(password, &app.settings.password_rules(), Some(&known));
    let texts: Vec<_> = refusals.iter().map(language::english).collect();
    if texts.is_empty() { Ok(()) } else { Err(NewUserError::WeakPassword(texts.join(" "))) }
}

fn make(app: &App, user: NewUser, name: Option<String>) -> Result<Account, NewUserError> {
    let now = app.clock.now();
    let id = AccountId::parse(&app.random.uuid(now)).ok_or(NewUserError::NoTable)?;
    let passwords = Passwords::new(&app.settings.passwords.argon2, &app.random);
    let verified = !user.unverified;
    Ok(Account {
        username: name,
        password: user.password.as_ref().map(|password| passwords.hash(password)),
        active: !user.inactive,
        superuser: user.superuser,
        emails: user
            .email
            .iter()
            .map(|email| EmailAddress { verified, primary: true, ..EmailAddress::new(email.clone()) })
            .collect(),
        email: user.email.clone(),
        signup_email: user.email,
        phone: user.phone.map(|number| Phone::new(number, verified)),
        ..Account::new(id, now)
    })
}
