//! What operators read of accounts. No secret is among it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::outcome::{
    ChangedInvitation, DeclaredFields, FoundUsers, OperatorError, UserAuthenticator, UserDetails, UserEmail,
    UserHistory, UserPage, UserSession, UserSessions, UserSocialAccount, UserSummary,
};
use super::request::{FindUsers, ListUsers};
use crate::app::App;
use crate::domain::account::{Account, PasswordHash};
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, Factor};
use crate::domain::email::{self, EmailAddress};
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::phone;
use crate::domain::session::Login;
use crate::domain::social::SocialAccount;
use crate::domain::time::Timestamp;
use crate::flows::events::opened;
use crate::http::profile_field::ProfileFieldJson;
use crate::settings::Settings;
use crate::snapshot::{EVENT_ITEMS, Loaded, Need};
use crate::store::{ScannedAccounts, Segment, Store};

/// The most accounts of a page of the list, and how many by default.
const MOST_LISTED: usize = 200;
const LISTED: usize = 50;
/// How many times a page of the list reads on, 1 MB each: a page in which little is found ends all the same.
const MOST_SCANS: usize = 8;
/// How many segments of the table are scanned at once.
const SEGMENTS: usize = 4;

/// The id of an account, as an argument.
pub(super) fn id(given: &str) -> Result<AccountId, OperatorError> {
    AccountId::parse(given).ok_or_else(|| {
        OperatorError::invalid(
            "id",
            format!("{given:?} can't be the id of an account: it is user.id in the API"),
        )
    })
}

/// An email address, as an argument, in canonical form.
pub(super) fn email_argument(given: &str) -> Result<String, OperatorError> {
    email::canonical(given)
        .ok_or_else(|| OperatorError::invalid("email", format!("{given:?} is not an email address")))
}

/// A phone number, as an argument.
pub(super) fn phone_argument(given: &str) -> Result<String, OperatorError> {
    let invalid = || {
        OperatorError::invalid(
            "phone",
            format!(
                "{given:?} is not a phone number: it begins with + and the country code, such as +31612345678"
            ),
        )
    };
    phone::validate(given).then(|| given.to_owned()).ok_or_else(invalid)
}

/// An account that is there.
async fn known(store: &Store, given: &str) -> Result<Account, OperatorError> {
    let found = store.account(&id(given)?).await?;
    Ok(found.ok_or(OperatorError::NoAccount)?.value)
}

/// The fields that this process knows.
pub(super) fn fields(settings: &Settings) -> DeclaredFields {
    let fields = settings.account.profile_fields.iter();
    DeclaredFields { fields: fields.map(ProfileFieldJson::from).collect() }
}

/// The accounts with an identifier.
pub(super) async fn find(store: &Store, wanted: &FindUsers) -> Result<FoundUsers, OperatorError> {
    let need = wanted_item(wanted)?;
    let mut loaded = store.load(&[], std::slice::from_ref(&need)).await?;
    let ids: Vec<AccountId> = match need {
        Need::Account(id) => vec![id],
        Need::Handle(handle) => loaded.handles.remove(&handle).flatten().into_iter().collect(),
        Need::Owners(address) => {
            let owners = loaded.owners.remove(&address).unwrap_or_default();
            owners.owners.into_iter().map(|owner| owner.account).collect()
        }
        _ => Vec::new(),
    };
    let needs: Vec<Need> = ids.iter().cloned().map(Need::Account).collect();
    store.load_more(&mut loaded, &needs).await?;
    let users = ids.iter().filter_map(|id| loaded.accounts.get(id)?.as_ref());
    Ok(FoundUsers { users: users.map(|stored| summary(&stored.value)).collect() })
}

/// What to look up: exactly one identifier.
fn wanted_item(wanted: &FindUsers) -> Result<Need, OperatorError> {
    let one = "give one of id, email, phone and username, or provider with uid";
    let mut needs = Vec::new();
    if let Some(given) = &wanted.id {
        needs.push(Need::Account(id(given)?));
    }
    if let Some(given) = &wanted.email {
        needs.push(Need::Owners(Recipient::Email(email_argument(given)?)));
    }
    if let Some(given) = &wanted.phone {
        needs.push(Need::Owners(Recipient::Phone(phone_argument(given)?)));
    }
    if let Some(given) = &wanted.username {
        let invalid = || OperatorError::invalid("username", format!("{given:?} can't be a username"));
        needs.push(Need::Handle(Handle::username(given).ok_or_else(invalid)?));
    }
    match (&wanted.provider, &wanted.uid) {
        (Some(provider), Some(uid)) => needs.push(Need::Handle(Handle::social(provider, uid))),
        (None, None) => {}
        _ => return Err(OperatorError::Malformed(one.to_owned())),
    }
    match (needs.pop(), needs.is_empty()) {
        (Some(need), true) => Ok(need),
        _ => Err(OperatorError::Malformed(one.to_owned())),
    }
}

/// How far a segment of the table has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Begin,
    After([String; 2]),
    End,
}

/// A page of accounts, by a scan: those of the first segment first.
pub(super) async fn list(store: &Store, wanted: &ListUsers) -> Result<UserPage, OperatorError> {
    let limit = wanted.limit.unwrap_or(LISTED);
    if !(1..=MOST_LISTED).contains(&limit) {
        return Err(OperatorError::invalid("limit", format!("limit is 1 to {MOST_LISTED}")));
    }
    let part = wanted.contains.as_deref().map(str::to_lowercase).unwrap_or_default();
    let begin = || vec![Place::Begin; SEGMENTS];
    let mut places = wanted.next.as_deref().map(bookmark).transpose()?.unwrap_or_else(begin);
    let mut page = UserPage { users: Vec::new(), unreadable: Vec::new(), next: None, items_read: 0 };
    // Where nothing is looked for, one scan has accounts enough for a page.
    let mut at_once = if part.is_empty() { 1 } else { SEGMENTS };
    let mut scans = 0;
    while scans < MOST_SCANS && places.iter().any(|place| *place != Place::End) && page.users.len() < limit {
        let scanned = scan(store, &places, at_once).await?;
        scans += scanned.iter().flatten().count();
        page.items_read += scanned.iter().flatten().map(|found| found.items_read).sum::<usize>();
        for (place, found) in places.iter_mut().zip(scanned) {
            // What was read behind a full page is read again with the next one.
            let Some(found) = found.filter(|_| page.users.len() < limit) else { continue };
            page.unreadable.extend(found.unreadable.into_iter().map(|(id, _)| id));
            let last = fill(&mut page, &found.accounts, &part, limit);
            *place = last.or(found.next).map_or(Place::End, Place::After);
        }
        at_once = SEGMENTS;
    }
    if places.iter().any(|place| *place != Place::End) {
        page.next = Some(encoded(&places));
    }
    Ok(page)
}

/// Scans segments that have not been read to their end, so many at once, from where they have been read to.
async fn scan(
    store: &Store,
    places: &[Place],
    at_once: usize,
) -> Result<Vec<Option<ScannedAccounts>>, OperatorError> {
    let mut left = at_once;
    let scans = (0..).zip(places).map(|(number, place)| {
        let after = match place {
            Place::End => None,
            _ if left == 0 => None,
            Place::Begin => Some(None),
            Place::After(key) => Some(Some(key)),
        };
        left -= usize::from(after.is_some());
        let segment = Segment { number, of: SEGMENTS };
        async move {
            match after {
                Some(after) => store.scan_accounts(segment, after).await.map(Some),
                None => Ok(None),
            }
        }
    });
    Ok(try_join_all(scans).await?)
}

/// Adds accounts to a page until it is full, and then returns where the last one of it is.
fn fill(page: &mut UserPage, accounts: &[Account], part: &str, limit: usize) -> Option<[String; 2]> {
    for account in accounts.iter().filter(|account| contains(account, part)) {
        page.users.push(summary(account));
        if page.users.len() == limit {
            return Some(Store::after_account(&account.id));
        }
    }
    None
}

fn encoded(places: &[Place]) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(places).unwrap_or_default())
}

fn bookmark(given: &str) -> Result<Vec<Place>, OperatorError> {
    let decoded = URL_SAFE_NO_PAD.decode(given).ok();
    let places = decoded.and_then(|bytes| serde_json::from_slice::<Vec<Place>>(&bytes).ok());
    let places = places.filter(|places| places.len() == SEGMENTS);
    places.ok_or_else(|| OperatorError::invalid("next", "next is that of the page before, as it is"))
}

/// Whether what names an account, or a field of it, contains a text, in lower case.
fn contains(account: &Account, part: &str) -> bool {
    let fields = account.profile.values().filter_map(Value::as_str).map(str::to_owned);
    let emails = account.emails.iter().map(|address| email::shown(&address.email));
    let names = account.username.iter().chain(&account.email).cloned();
    let numbers = account.phone.iter().map(|phone| phone.number.clone());
    emails.chain(names).chain(numbers).chain(fields).any(|text| text.to_lowercase().contains(part))
        || account.id.as_str().contains(part)
}

pub(super) fn summary(account: &Account) -> UserSummary {
    UserSummary {
        id: account.id.as_str().to_owned(),
        username: account.username.clone(),
        email: account.primary_email().map(email::shown),
        phone: account.phone.as_ref().map(|phone| phone.number.clone()),
        active: account.active,
        superuser: account.superuser,
        created_at: account.created_at.as_seconds(),
        last_login_at: account.last_login_at.map(Timestamp::as_seconds),
    }
}

/// All of an account but its secrets.
pub(super) async fn show(app: &App, store: &Store, given: &str) -> Result<UserDetails, OperatorError> {
    let account = known(store, given).await?;
    let emails = account.emails.iter().map(|address| address.email.clone());
    let needs: Vec<Need> = emails.map(Need::Undeliverable).collect();
    let marks = store.load(&[], &needs).await?;
    let now = app.clock.now();
    Ok(UserDetails {
        summary: summary(&account),
        emails: account.emails.iter().map(|address| email_of(address, &marks, now)).collect(),
        phone_verified: account.verified_phone().is_some(),
        password: account.password.as_ref().and_then(algorithm),
        authenticators: account.authenticators.iter().map(authenticator).collect(),
        social_accounts: account.social_accounts.iter().map(social_account).collect(),
        invitation: account.invited.as_ref().map(ChangedInvitation::from),
        profile: profile(&account, &app.settings),
        public_metadata: account.public_metadata,
        private_metadata: account.private_metadata,
    })
}

fn email_of(address: &EmailAddress, marks: &Loaded, now: Timestamp) -> UserEmail {
    let until = marks.undeliverable.get(&address.email).copied().flatten();
    UserEmail {
        email: email::shown(&address.email),
        verified: address.verified,
        primary: address.primary,
        undeliverable_until: until.filter(|until| *until > now).map(Timestamp::as_seconds),
    }
}

/// The algorithm of a hash, be it in PHC string format or as Django writes it.
fn algorithm(hash: &PasswordHash) -> Option<String> {
    let name = hash.0.split('$').find(|part| !part.is_empty())?;
    (!name.starts_with('!')).then(|| name.to_owned())
}

fn authenticator(it: &Authenticator) -> UserAuthenticator {
    let (name, unused_codes) = match &it.factor {
        Factor::WebAuthn(credential) => (Some(credential.name.clone()), None),
        Factor::RecoveryCodes(codes) => (None, Some(codes.unused.len())),
        Factor::Totp(_) => (None, None),
    };
    UserAuthenticator {
        id: it.id,
        r#type: it.factor.kind().name().to_owned(),
        name,
        unused_codes,
        created_at: it.created_at.as_seconds(),
        last_used_at: it.last_used_at.map(Timestamp::as_seconds),
    }
}

fn social_account(it: &SocialAccount) -> UserSocialAccount {
    UserSocialAccount {
        provider: it.provider.clone(),
        uid: it.uid.clone(),
        display: it.display.clone(),
        connected_at: it.connected_at.as_seconds(),
    }
}

fn profile(account: &Account, settings: &Settings) -> Map<String, Value> {
    let declared = settings.account.profile_fields.iter();
    let values = declared.map(|field| (field.name.clone(), field.value(&account.profile)));
    account.profile.clone().into_iter().chain(values).collect()
}

/// The valid sessions of an account, the oldest first.
pub(super) async fn sessions(app: &App, store: &Store, given: &str) -> Result<UserSessions, OperatorError> {
    let account = known(store, given).await?;
    let mut loaded = store.load(&[], &[Need::Sessions(account.id.clone())]).await?;
    let now = app.clock.now();
    let stored = loaded.sessions.remove(&account.id).unwrap_or_default();
    let valid = stored.into_iter().filter(|stored| stored.value.expires_at > now);
    let mut logins: Vec<Login> = valid
        .filter_map(|stored| stored.value.session.login().cloned())
        .filter(|login| login.account == account.id && login.epoch == account.session_epoch)
        .collect();
    logins.sort_by_key(|login| (login.at, login.id));
    let session = |login: Login| UserSession {
        id: login.id,
        created_at: login.at.as_seconds(),
        last_seen_at: login.last_seen_at.as_seconds(),
        ip: login.ip,
        user_agent: login.user_agent,
    };
    Ok(UserSessions { sessions: logins.into_iter().map(session).collect() })
}

/// A page of the recorded events of an account, the latest first. One that is deleted is known by its id.
pub(super) async fn history(
    app: &App,
    store: &Store,
    given: &str,
    before: Option<String>,
) -> Result<UserHistory, OperatorError> {
    let id = id(given)?;
    let needs = [Need::Account(id.clone()), Need::Events(id.clone(), before.clone())];
    let mut loaded = store.load(&[], &needs).await?;
    let account = loaded.accounts.remove(&id).flatten().map(|stored| stored.value);
    let items = loaded.events.remove(&(id, before.clone())).unwrap_or_default();
    if account.is_none() && items.is_empty() && before.is_none() {
        return Err(OperatorError::NoAccount);
    }
    app.look_for_keys(None).await;
    let (keys, now) = (app.secrets().keys, app.clock.now());
    let mut page = UserHistory { events: Vec::new(), altered: Vec::new(), next: None };
    for item in items.iter().filter(|item| item.expires_at > now.seconds()) {
        if keys.is_event_mac(item) {
            page.events.extend(opened(&keys, account.as_ref(), item).into_iter().rev());
        } else {
            page.altered.push(item.id.clone());
        }
    }
    page.next = items.get(EVENT_ITEMS - 1).map(|last| last.id.clone());
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_identifier_is_looked_up() {
        let email = Some("Ann@Example.com".to_owned());
        let found = wanted_item(&FindUsers { email: email.clone(), ..FindUsers::default() }).unwrap();
        assert_eq!(found, Need::Owners(Recipient::Email("ann@example.com".into())));
        let (provider, uid) = (Some("github".to_owned()), Some("7".to_owned()));
        for wanted in [
            FindUsers::default(),
            FindUsers { email, id: Some("42".into()), ..FindUsers::default() },
            FindUsers { provider: provider.clone(), ..FindUsers::default() },
            FindUsers { uid: uid.clone(), id: Some("42".into()), ..FindUsers::default() },
        ] {
            let error = wanted_item(&wanted).unwrap_err().to_string();
            assert!(error.starts_with("give one of id"), "{error}");
        }
        let found = wanted_item(&FindUsers { provider, uid, ..FindUsers::default() }).unwrap();
        assert_eq!(found, Need::Handle(Handle::social("github", "7")));
    }

    #[test]
    fn hashes_tell_their_algorithm_alone() {
        let told = |hash: &str| algorithm(&PasswordHash(hash.to_owned()));
        assert_eq!(told("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA").as_deref(), Some("argon2id"));
        assert_eq!(told("pbkdf2_sha256$1000000$salt$hash").as_deref(), Some("pbkdf2_sha256"));
        assert_eq!(told("!unusable"), None);
    }

    #[test]
    fn a_bookmark_is_read_as_it_was_written() {
        let after = Place::After(["USER#42".to_owned(), "ACCOUNT".to_owned()]);
        let places = [Place::End, after, Place::Begin, Place::Begin];
        assert_eq!(bookmark(&encoded(&places)).unwrap(), places);
        assert!(bookmark("x").is_err() && bookmark("").is_err() && bookmark(&encoded(&places[1..])).is_err());
    }
}
