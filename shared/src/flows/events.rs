//! Recording of events. They follow from the changes of a commit, as the look-ups of an account do: so no change is without
//! its event, no event without its change, and no flow can forget one. What changes do not tell, flows note
//! (`Visit::note_event`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::changes::{Changes, SessionChange};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor};
use crate::domain::event::{
    AcceptedInvitation, AccountEvent, Actor, EventItem, EventLog, EventType, PersonalData,
};
use crate::domain::message::Recipient;
use crate::domain::session::{Login, Session};
use crate::domain::social::SocialAccount;
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::secret::Sealed;
use crate::settings::{EventData, ProfileFields, Settings};
use crate::signing::{EventKey, Keys, SealPurpose};
use crate::snapshot::{AddressOwners, Loaded, Stored};

/// What events are recorded with.
#[derive(Clone, Copy, Debug)]
pub struct Recorder<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What they are signed with.
    pub keys: &'a Keys,
    /// The source of randomness.
    pub random: &'a Random,
    /// The current time.
    pub now: Timestamp,
    /// The cause.
    pub actor: &'a Actor,
    /// The client's IP address and `User-Agent`, if there is a client.
    pub client: Option<(&'a str, &'a str)>,
}

/// An event, and the email address or phone number that it is about.
type Event = (EventType, Option<Recipient>);

/// The events of each account.
type Found = BTreeMap<AccountId, Vec<Event>>;

impl Recorder<'_> {
    /// Adds the events of these changes to them, and those that flows have noted.
    pub fn record(&self, changes: &mut Changes, loaded: &Loaded, noted: &[(AccountId, EventType)]) {
        if !self.settings.events.are_recorded() {
            return;
        }
        let found = find(&self.settings.account.profile_fields, changes, loaded, noted);
        let logins = sessions(changes, loaded).map(|session| session.and_then(Session::login).cloned());
        for (id, events) in found.into_iter().filter(|(_, events)| !events.is_empty()) {
            let session = logins.iter().flatten().find(|login| login.account == id).map(|login| login.id);
            let item = self.item(changes, loaded, id, events, session);
            changes.events.push(item);
        }
    }

    /// Puts the events of an account together. Those that are committed with its stored data get their place in its
    /// history.
    fn item(
        &self,
        changes: &mut Changes,
        loaded: &Loaded,
        id: AccountId,
        events: Vec<Event>,
        session: Option<i64>,
    ) -> EventItem {
        let kept_until = self.now.plus(self.settings.events.retention());
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let is_its = |account: Option<&Account>| account.is_some_and(|account| account.id == id);
        let change = changes.accounts.iter_mut().find(|(before, after)| {
            is_its(before.as_ref().map(|stored| &stored.value)) || is_its(after.as_ref())
        });
        let (seq, key) = match change {
            Some((before, Some(after))) => {
                let mut log = after.events.clone().unwrap_or(EventLog::NEW);
                if log.key.is_none() && !self.settings.events.include.is_empty() {
                    log.key = Some(self.new_key(&id));
                    after.events = Some(log.clone());
                }
                let key = log.key.clone();
                let before = before.as_ref().map(|stored| &stored.value);
                let seq =
                    before.is_none_or(|before| !after.has_only_logged_in_since(before)).then_some(log.seq);
                if let Some(last) = seq {
                    after.events = Some(EventLog { seq: last + count, kept_until, ..log });
                }
                (seq, key)
            }
            Some((before, None)) => {
                let log = before.as_ref().and_then(|stored| stored.value.events.as_ref());
                (Some(log.map_or(0, |log| log.seq)), None)
            }
            None => {
                let known = loaded.accounts.get(&id).and_then(Option::as_ref);
                (None, known.and_then(|stored| stored.value.events.as_ref()?.key.clone()))
            }
        };
        let data: Vec<PersonalData> = events.iter().map(|(_, about)| self.personal(about.as_ref())).collect();
        let event = |(position, (what, _)): (i64, Event)| AccountEvent {
            id: self.random.uuid(self.now),
            what,
            at: self.now,
            account_id: id.clone(),
            seq: seq.map(|last| last + position),
            actor: self.actor.clone(),
            session,
            personal: None,
        };
        let events: Vec<AccountEvent> = (1..).zip(events).map(event).collect();
        let mut item = EventItem {
            account: id,
            id: self.random.uuid(self.now),
            events: serde_json::to_string(&events).unwrap_or_default(),
            sealed: None,
            mac: String::new(),
            expires_at: kept_until.seconds(),
        };
        item.sealed = key.and_then(|key| self.seal(&key, &item, &data));
        item.mac = self.keys.event_mac(&item);
        item
    }

    fn new_key(&self, account: &AccountId) -> Sealed {
        let key = EventKey::new(self.random).to_secret();
        self.keys.seal(SealPurpose::EventKey, self.random, account.as_str(), &key)
    }

    /// Encrypts personal data. A key that cannot be decrypted is kept, as it may be that another process can.
    fn seal(&self, key: &Sealed, item: &EventItem, data: &[PersonalData]) -> Option<Vec<u8>> {
        if data.iter().all(|data| *data == PersonalData::default()) {
            return None;
        }
        let key = self.keys.open(SealPurpose::EventKey, item.account.as_str(), key);
        let key =
            key.inspect_err(|error| tracing::warn!(%error, "an event is without personal data")).ok()?;
        let plain = serde_json::to_vec(data).ok()?;
        Some(EventKey::read(&key)?.seal(self.random, &item.place(), &plain))
    }

    fn personal(&self, about: Option<&Recipient>) -> PersonalData {
        let included = |data, value: Option<&str>| {
            value.filter(|_| self.settings.events.include.contains(&data)).map(str::to_owned)
        };
        PersonalData {
            ip: included(EventData::Ip, self.client.map(|(ip, _)| ip)),
            user_agent: included(EventData::UserAgent, self.client.map(|(_, user_agent)| user_agent)),
            email: included(EventData::Email, about.and_then(Recipient::email)),
            phone: included(EventData::Phone, about.and_then(Recipient::phone)),
        }
    }
}

/// The types of the events that changes come to, whether or not events are recorded.
pub fn types(
    settings: &Settings,
    changes: &Changes,
    loaded: &Loaded,
    noted: &[(AccountId, EventType)],
) -> Vec<EventType> {
    let found = find(&settings.account.profile_fields, changes, loaded, noted);
    found.into_values().flatten().map(|(what, _)| what).collect()
}

/// The session of the request, after it and before.
fn sessions<'c>(changes: &'c Changes, loaded: &'c Loaded) -> [Option<&'c Session>; 2] {
    let before = loaded.session.as_ref().map(|stored| &stored.value.session);
    let after = match &changes.session {
        SessionChange::None => before,
        SessionChange::Put { session, .. } => Some(&**session),
        SessionChange::Delete(..) => None,
    };
    [after, before]
}

/// The events of each account.
fn find(
    fields: &ProfileFields,
    changes: &Changes,
    loaded: &Loaded,
    noted: &[(AccountId, EventType)],
) -> Found {
    let [after, before] = sessions(changes, loaded);
    let mut found = Found::new();
    for (stored, changed) in &changes.accounts {
        let stored = stored.as_ref().map(|stored| &stored.value);
        let events = of_account(fields, stored, changed.as_ref(), after, noted);
        found.extend(stored.or(changed.as_ref()).map(|account| (account.id.clone(), events)));
    }
    of_sessions(&mut found, changes, loaded, [before, after]);
    for (email, _) in &changes.cleared {
        let address = Recipient::Email(email.clone());
        for owner in loaded.owners(&address).into_iter().flat_map(AddressOwners::foremost) {
            let event = (EventType::EmailCleared {}, Some(address.clone()));
            found.entry(owner.account.clone()).or_default().push(event);
        }
    }
    for (id, what) in noted {
        found.entry(id.clone()).or_default().push((what.clone(), None));
    }
    found
}

/// The events of an item as they are delivered and shown: with their personal data, as far as the account is still there to
/// decrypt it. What a later release has recorded is among them.
pub fn opened(keys: &Keys, account: Option<&Account>, item: &EventItem) -> Vec<Value> {
    let mut events: Vec<Value> = serde_json::from_str(&item.events).unwrap_or_default();
    for (event, data) in events.iter_mut().zip(personal_data(keys, account, item).unwrap_or_default()) {
        if let Value::Object(event) = event
            && data.as_object().is_some_and(|data| !data.is_empty())
        {
            event.insert("personal".into(), data);
        }
    }
    events
}

/// When the events of an item were recorded.
pub fn recorded_at(item: &EventItem) -> Option<Timestamp> {
    let events: Vec<Value> = serde_json::from_str(&item.events).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a time in milliseconds is far below 2^53")]
    let millis = |seconds: f64| (seconds * 1000.0).round() as i64;
    events.first()?["at"].as_f64().map(millis).map(Timestamp::from_millis)
}

fn personal_data(keys: &Keys, account: Option<&Account>, item: &EventItem) -> Option<Vec<Value>> {
    let (sealed, log) = (item.sealed.as_ref()?, account?.events.as_ref()?);
    let key = keys.open(SealPurpose::EventKey, item.account.as_str(), log.key.as_ref()?);
    let key = key.inspect_err(|error| tracing::warn!(%error, "an event is without personal data")).ok()?;
    serde_json::from_slice(&EventKey::read(&key)?.open(&item.place(), sealed)?).ok()
}

/// The events of a change of an account; `session` is the one that a login is completed in.
fn of_account(
    fields: &ProfileFields,
    before: Option<&Account>,
    after: Option<&Account>,
    session: Option<&Session>,
    noted: &[(AccountId, EventType)],
) -> Vec<Event> {
    let mark = |account: Option<&Account>| account.and_then(|account| account.imported.clone());
    if let Some(mark_after) = mark(after)
        && mark(before).is_none_or(|before| before.record != mark_after.record)
    {
        // One event, whatever it has brought: nothing of it happened here.
        return vec![(EventType::UserImported {}, None)];
    }
    let mut events = match (before, after) {
        (None, Some(after)) => of_signup(after),
        (Some(before), Some(after)) => of_change(fields, before, after, noted),
        (Some(_), None) => vec![(EventType::UserDeleted {}, None)],
        (None, None) => Vec::new(),
    };
    if let Some(after) = after.filter(|after| after.logins > before.map_or(0, |before| before.logins)) {
        let records = session.map(|session| session.records_of(&after.id)).unwrap_or_default();
        let mut methods: Vec<String> = records.iter().map(|record| record.method.name().to_owned()).collect();
        methods.dedup();
        events.push((EventType::UserLoggedIn { methods }, None));
    }
    events
}

fn of_signup(after: &Account) -> Vec<Event> {
    let provider = after.social_accounts.first().map(|social| social.provider.clone());
    let email = after.primary_email().map(|email| Recipient::Email(email.to_owned()));
    let invited = after.invited.as_ref();
    let invitation = invited.map(|made| AcceptedInvitation { at: made.at, actor: made.actor.clone() });
    let mut events = vec![(EventType::UserSignedUp { provider, invitation }, email)];
    events.extend(after.verified_emails().map(|email| confirmed(Recipient::Email(email.to_owned()))));
    events.extend(after.verified_phone().map(|phone| confirmed(Recipient::Phone(phone.to_owned()))));
    events
}

fn confirmed(address: Recipient) -> Event {
    let what = match address {
        Recipient::Email(_) => EventType::EmailConfirmed {},
        Recipient::Phone(_) => EventType::PhoneConfirmed {},
    };
    (what, Some(address))
}

/// What each member of an account comes to: one that is new must be given its place here, or does not compile.
fn of_change(
    fields: &ProfileFields,
    before: &Account,
    after: &Account,
    noted: &[(AccountId, EventType)],
) -> Vec<Event> {
    let Account {
        id,
        username,
        password,
        active,
        superuser,
        emails: _,
        phone: _,
        authenticators: _,
        social_accounts: _,
        profile: _,
        session_epoch,
        // Used while no email address is primary, and what is known of the listed ones.
        email: _,
        signup_email: _,
        had_verified: _,
        stripped_at: _,
        unproved: _,
        public_metadata,
        private_metadata,
        // Of a sign-up and of logins, which have events of their own.
        created_at: _,
        last_login_at: _,
        logins: _,
        invited: _,
        events: _,
        imported: _,
        unknown: _,
    } = after;
    let mut found = Vec::new();
    if before.active != *active {
        found.push(if *active { EventType::UserEnabled {} } else { EventType::UserDisabled {} });
    }
    if before.superuser != *superuser {
        found.push(EventType::UserSuperuserChanged { superuser: *superuser });
    }
    if before.username != *username {
        found.push(EventType::UserUsernameChanged {});
    }
    // What was reset is noted; a hash that is replaced at a login is of the same password, and ends no session.
    let is_reset = noted.iter().any(|(account, what)| account == id && *what == EventType::PasswordReset {});
    match (&before.password, password) {
        _ if is_reset => {}
        (None, Some(_)) => found.push(EventType::PasswordSet {}),
        (Some(_), None) => found.push(EventType::PasswordRemoved {}),
        (before_hash, hash) if before_hash != hash && before.session_epoch != *session_epoch => {
            found.push(EventType::PasswordChanged {});
        }
        _ => {}
    }
    of_profile(fields, before, after, &mut found);
    let metadata = [
        ("public", before.public_metadata != *public_metadata),
        ("private", before.private_metadata != *private_metadata),
    ];
    let metadata: Vec<String> =
        metadata.into_iter().filter(|(_, changed)| *changed).map(|(which, _)| which.to_owned()).collect();
    if !metadata.is_empty() {
        found.push(EventType::MetadataChanged { metadata });
    }
    of_authenticators(before, after, &mut found);
    of_social_accounts(before, after, &mut found);
    let mut found: Vec<Event> = found.into_iter().map(|what| (what, None)).collect();
    of_emails(before, after, &mut found);
    of_phone(before, after, &mut found);
    found
}

/// What only operators read is left out: users can read the history.
fn of_profile(fields: &ProfileFields, before: &Account, after: &Account, found: &mut Vec<EventType>) {
    let (old, new) = (fields.listed(&before.profile), fields.listed(&after.profile));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let fields: Vec<String> = changed.cloned().collect();
    if !fields.is_empty() {
        found.push(EventType::ProfileChanged { fields });
    }
}

fn of_emails(before: &Account, after: &Account, found: &mut Vec<Event>) {
    let about = |email: &str| Some(Recipient::Email(email.to_owned()));
    for address in &after.emails {
        let old = before.address(&address.email);
        if old.is_none() {
            found.push((EventType::EmailAdded {}, about(&address.email)));
        }
        if address.verified && !old.is_some_and(|old| old.verified) {
            found.push((EventType::EmailConfirmed {}, about(&address.email)));
        }
    }
    for address in before.emails.iter().filter(|address| after.address(&address.email).is_none()) {
        found.push((EventType::EmailRemoved {}, about(&address.email)));
    }
    let primary = |account: &Account| account.emails.iter().find(|it| it.primary).map(|it| it.email.clone());
    if let (Some(old), Some(new)) = (primary(before), primary(after))
        && old != new
    {
        found.push((EventType::EmailChanged {}, about(&new)));
    }
}

fn of_phone(before: &Account, after: &Account, found: &mut Vec<Event>) {
    let number = |account: &Account| account.phone.as_ref().map(|phone| phone.number.clone());
    let (old, new) = (number(before), number(after));
    let what = match (&old, &new) {
        (None, Some(_)) => Some(EventType::PhoneAdded {}),
        (Some(_), None) => Some(EventType::PhoneRemoved {}),
        (Some(old), Some(new)) if old != new => Some(EventType::PhoneChanged {}),
        _ => None,
    };
    found.extend(what.map(|what| (what, new.clone().or(old).map(Recipient::Phone))));
    let verified = after.verified_phone().filter(|phone| before.verified_phone() != Some(phone));
    found.extend(verified.map(|phone| confirmed(Recipient::Phone(phone.to_owned()))));
}

fn of_authenticators(before: &Account, after: &Account, found: &mut Vec<EventType>) {
    const CODES: AuthenticatorType = AuthenticatorType::RecoveryCodes;
    let is_in =
        |account: &Account, it: &Authenticator| account.authenticators.iter().any(|other| other.id == it.id);
    let kind = |it: &Authenticator| it.factor.kind().name().to_owned();
    let are_replaced = match (before.authenticator(CODES), after.authenticator(CODES)) {
        (Some(old), Some(new)) => old.id != new.id,
        _ => false,
    };
    let is_replaced = |it: &Authenticator| are_replaced && it.factor.kind() == CODES;
    for it in before.authenticators.iter().filter(|it| !is_in(after, it) && !is_replaced(it)) {
        found.push(EventType::AuthenticatorRemoved { authenticator: kind(it) });
    }
    for it in after.authenticators.iter().filter(|it| !is_in(before, it)) {
        let authenticator = kind(it);
        found.push(if is_replaced(it) {
            EventType::AuthenticatorReset { authenticator }
        } else {
            EventType::AuthenticatorAdded { authenticator }
        });
    }
    let left = |account: &Account| match &account.authenticator(CODES)?.factor {
        Factor::RecoveryCodes(codes) => Some(codes.unused.len()),
        Factor::Totp(_) | Factor::WebAuthn(_) => None,
    };
    if let (Some(old), Some(left)) = (left(before), left(after))
        && !are_replaced
        && left < old
    {
        found.push(EventType::RecoveryCodeUsed { left });
    }
}

fn of_social_accounts(before: &Account, after: &Account, found: &mut Vec<EventType>) {
    let is_in =
        |account: &Account, it: &SocialAccount| account.social_account(&it.provider, &it.uid).is_some();
    for it in before.social_accounts.iter().filter(|it| !is_in(after, it)) {
        found.push(EventType::SocialAccountRemoved { provider: it.provider.clone() });
    }
    for it in after.social_accounts.iter().filter(|it| !is_in(before, it)) {
        found.push(EventType::SocialAccountAdded { provider: it.provider.clone() });
    }
}

/// The events of sessions that end, unless their account is deleted with them.
fn of_sessions(
    found: &mut Found,
    changes: &Changes,
    loaded: &Loaded,
    [before, after]: [Option<&Session>; 2],
) {
    let is_kept = |id: &AccountId| {
        let is_its = |stored: &Stored<Account>| stored.value.id == *id;
        !changes.accounts.iter().any(|(before, after)| after.is_none() && before.as_ref().is_some_and(is_its))
    };
    let is_valid = |login: &&Login| {
        let account = loaded.accounts.get(&login.account).and_then(Option::as_ref);
        account.is_some_and(|account| account.value.session_epoch == login.epoch)
    };
    let left = before.and_then(Session::login).filter(is_valid).map(|login| &login.account);
    let stays = after.and_then(Session::login).map(|login| &login.account);
    if let Some(left) = left.filter(|left| Some(*left) != stays && is_kept(left)) {
        found.entry(left.clone()).or_default().push((EventType::UserLoggedOut {}, None));
    }
    for key in &changes.ended {
        let Some(account) = key.account.as_ref().filter(|account| is_kept(account)) else { continue };
        let mut sessions = loaded.sessions.get(account).into_iter().flatten();
        let listed = sessions.find(|stored| stored.value.key == *key);
        let stored = listed.or_else(|| loaded.others.get(key).and_then(Option::as_ref));
        let ended = stored.and_then(|stored| stored.value.session.login()).map(|login| login.id);
        found.entry(account.clone()).or_default().push((EventType::SessionEnded { ended }, None));
    }
}

#[cfg(test)]
mod tests {
    use super::super::login::{self, Identifier};
    use super::super::testing::{EMAIL, PASSWORD, World, keys, totp_code};
    use super::super::visit::{Decision, Visit};
    use super::super::{manage_email, password_change, password_reset, privacy, reauthenticate};
    use super::*;
    use crate::secret::Secret;

    const RECORDED: (&str, &str) = ("AUDIT_RETENTION_DAYS", "14");
    const NO_REAUTHENTICATION: (&str, &str) = ("MFA_REAUTHENTICATION_REQUIRED", "false");

    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::new(&[&[RECORDED], settings].concat());
        world.add(true, None);
        world
    }

    /// The events since the last look.
    fn take(world: &mut World) -> Vec<Value> {
        let items = std::mem::take(&mut world.events);
        for item in &items {
            assert!(keys().is_event_mac(item));
        }
        items.iter().flat_map(|item| serde_json::from_str::<Vec<Value>>(&item.events).unwrap()).collect()
    }

    fn types(events: &[Value]) -> Vec<(&str, Option<i64>)> {
        events.iter().map(|event| (event["type"].as_str().unwrap(), event["seq"].as_i64())).collect()
    }

    #[test]
    fn nothing_is_recorded_by_default() {
        let mut world = World::new(&[("EVENTS_INCLUDE", "ip,email")]);
        world.add(true, None);
        world.log_in();
        assert_eq!(world.events, []);
        assert_eq!(world.owner().events, None);
    }

    #[test]
    fn a_login_has_its_methods_and_its_session_but_no_position() {
        let mut world = world(&[]);
        world.log_in();
        let events = take(&mut world);
        assert_eq!(types(&events), [("user.logged_in", None)]);
        assert_eq!(events[0]["data"], serde_json::json!({"methods": ["password"]}));
        assert_eq!(events[0]["session"], world.session().login().unwrap().id);
        assert_eq!(events[0]["actor"], serde_json::json!({"kind": "user"}));
        assert_eq!(events[0]["at"], 1_700_000_000.0);
        assert_eq!(world.owner().events, None, "two logins at once do not get in each other's way");
        world
            .visit(|visit| {
                visit.flush();
                Ok(())
            })
            .unwrap();
        assert_eq!(types(&take(&mut world)), [("user.logged_out", None)]);
        world
            .visit(|visit| {
                visit.flush();
                Ok(())
            })
            .unwrap();
        assert_eq!(take(&mut world), [] as [Value; 0]);
    }

    #[test]
    fn changes_are_numbered_without_a_gap() {
        let mut world = world(&[NO_REAUTHENTICATION]);
        world.add_app();
        let id = world.owner().id;
        world.visit(|visit| manage_email::add(visit, &id, "second@example.com")).unwrap();
        world.visit(|visit| password_change::change(visit, &Secret::new("Another-Horse-7"), true)).unwrap();
        let events = take(&mut world);
        let expected = [
            ("user.logged_in", None),
            ("authenticator.added", Some(1)),
            ("authenticator.added", Some(2)),
            ("email.added", Some(3)),
            ("password.changed", Some(4)),
        ];
        assert_eq!(types(&events), expected);
        let log = world.owner().events.unwrap();
        assert_eq!((log.seq, log.key), (4, None));
        assert_eq!(log.kept_until, world.now.plus(std::time::Duration::from_secs(14 * 86_400)));
        world.visit(leave).unwrap();
        assert_eq!(types(&take(&mut world)), [("user.deleted", Some(5))]);
    }

    fn leave(visit: &mut Visit<'_>) -> Decision<()> {
        let user = visit.user().unwrap().clone();
        reauthenticate::record_password(visit, &user);
        privacy::delete(visit)
    }

    #[test]
    fn a_reset_is_no_change_by_the_user() {
        let mut world = world(&[]);
        let id = world.owner().id;
        let key = world.reset_key(&id);
        world
            .visit(|visit| {
                let right = password_reset::check(visit, None, &key)?;
                password_reset::reset(visit, &right, None, &Secret::new("Another-Horse-7"))
            })
            .unwrap();
        assert_eq!(types(&take(&mut world)), [("password.reset", Some(1))]);
    }

    #[test]
    fn a_hash_that_is_replaced_at_a_login_changes_no_password() {
        let mut world = world(&[]);
        let id = world.owner().id;
        let old = World::new(&[("PASSWORD_ARGON2_ITERATIONS", "2")]).password_hash();
        world.accounts.get_mut(&id).unwrap().password = Some(old);
        world.log_in();
        assert_eq!(types(&take(&mut world)), [("user.logged_in", Some(1))]);
    }

    #[test]
    fn personal_data_is_sealed_under_the_key_of_the_account() {
        let mut world = world(&[("EVENTS_INCLUDE", r#"["ip", "email"]"#)]);
        world.log_in();
        let id = world.owner().id;
        world.visit(|visit| manage_email::add(visit, &id, "second@example.com")).unwrap();
        let items = world.events.clone();
        let key = world.owner().events.unwrap().key.unwrap();
        let key = keys().open(SealPurpose::EventKey, id.as_str(), &key).unwrap();
        let open = |item: &EventItem| {
            let plain = EventKey::read(&key).unwrap().open(&item.place(), item.sealed.as_ref().unwrap());
            String::from_utf8(plain.unwrap()).unwrap()
        };
        assert_eq!(open(&items[0]), r#"[{"ip":"192.0.2.1"}]"#);
        assert_eq!(open(&items[1]), r#"[{"ip":"192.0.2.1","email":"second@example.com"}]"#);
        let other = EventItem { id: items[0].id.clone(), ..items[1].clone() };
        let moved = EventKey::read(&key).unwrap().open(&other.place(), other.sealed.as_ref().unwrap());
        assert_eq!(moved, None, "it opens in its own item only");
        let text = format!("{:?}", items.iter().map(|item| &item.events).collect::<Vec<_>>());
        assert!(!text.contains("192.0.2.1") && !text.contains("second@"), "{text}");
        world.visit(leave).unwrap();
        assert_eq!(world.events.last().unwrap().sealed, None, "nothing could open it");
    }

    #[test]
    fn whatever_is_altered_is_found_out() {
        let mut world = world(&[("EVENTS_INCLUDE", "ip")]);
        world.log_in();
        let [item] = world.events.as_slice() else { panic!("{:?}", world.events) };
        let other = AccountId::parse("other").unwrap();
        let altered = [
            EventItem { account: other, ..item.clone() },
            EventItem { id: "x".into(), ..item.clone() },
            EventItem { events: item.events.replace("password", "code"), ..item.clone() },
            EventItem { sealed: None, ..item.clone() },
            EventItem { expires_at: item.expires_at + 1, ..item.clone() },
            EventItem { mac: String::new(), ..item.clone() },
        ];
        for item in altered {
            assert!(!keys().is_event_mac(&item), "{item:?}");
        }
    }

    #[test]
    fn a_limit_that_is_reached_is_recorded_once_and_not_by_a_right_code() {
        let limits = ("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "3/m/key"}"#);
        let mut world = world(&[limits, NO_REAUTHENTICATION]);
        let secret = world.add_app();
        world.forget_session();
        world.wait(120);
        take(&mut world);
        let enter = |world: &mut World| {
            world.log_in();
            take(world);
        };
        enter(&mut world);
        for _ in 0..2 {
            assert!(world.give("000").is_err());
        }
        assert_eq!(take(&mut world), [] as [Value; 0]);
        let code = totp_code(&secret, world.now, 0);
        world.give(&code).unwrap();
        assert_eq!(types(&take(&mut world)), [("user.logged_in", Some(3))]);
        world.forget_session();
        enter(&mut world);
        for _ in 0..5 {
            assert!(world.give("000").is_err());
        }
        let events = take(&mut world);
        assert_eq!(types(&events), [("limit.reached", None)]);
        assert_eq!(events[0]["data"], serde_json::json!({"action": "login_failed"}));
    }

    #[test]
    fn a_wrong_password_leaves_no_trace_in_the_history() {
        let mut world = world(&[]);
        for _ in 0..9 {
            let who = Identifier::Email(EMAIL.into());
            let refused = world.visit(|visit| login::authenticate(visit, &who, &Secret::new("wrong")));
            assert!(refused.is_err());
        }
        let who = Identifier::Email(EMAIL.into());
        let refused = world.visit(|visit| login::authenticate(visit, &who, &Secret::new(PASSWORD)));
        assert!(refused.is_err(), "the limit is reached");
        assert_eq!(world.events, []);
    }
}
