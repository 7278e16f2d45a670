//! What must hold of the table after every round, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vestibule::domain::account::{Account, Standing};
use vestibule::domain::handle::Handle;
use vestibule::domain::message::Recipient;
use vestibule::domain::session::{Session, State};

use crate::memory::hash_of;
use crate::person::{Person, code};
use crate::world::World;

/// What was known of all accounts a round ago.
#[derive(Debug, Default)]
pub struct Before(BTreeMap<String, Known>);

/// What is told of an account when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    password: Option<String>,
    verified: BTreeSet<String>,
    authenticators: BTreeSet<i64>,
    epoch: u32,
    events: i64,
}

struct Table {
    accounts: Vec<Account>,
    /// Where each is, and whose, of which epoch.
    sessions: Vec<(String, String, u32)>,
    /// By keys: what finds accounts.
    look_ups: BTreeMap<(String, String), Value>,
}

/// Fails unless the table is as it must be.
pub fn check(world: &mut World, before: &mut Before) {
    let items = world.services.items();
    learn_secrets(world);
    let dump = Value::from(items.clone()).to_string();
    let clear = world.memory.secrets.iter().find(|secret| dump.contains(secret.as_str()));
    assert!(clear.is_none(), "the table holds a secret in clear: {clear:?}");
    let table = read(&items, world.seconds());
    look_ups_agree(&table);
    accounts_are_their_owners(&table, world);
    sessions_have_accounts(&table);
    changes_are_whole(&table, before);
}

/// Codes and keys become known with the mail.
fn learn_secrets(world: &mut World) {
    for mail in &world.services.mails {
        world.memory.secrets.extend(code(mail));
        world.memory.secrets.extend(mail.is_secret().then(|| mail.key()));
    }
    let passwords = world.people.iter().flat_map(|person| person.passwords.iter().cloned());
    world.memory.secrets.extend(passwords);
}

fn read(items: &[Value], seconds: u64) -> Table {
    let mut table = Table { accounts: Vec::new(), sessions: Vec::new(), look_ups: BTreeMap::new() };
    for item in items {
        let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let (pk, sk) = (text("pk"), text("sk"));
        if sk == "ACCOUNT" {
            table.accounts.push(serde_json::from_str(&text("document")).expect("an account"));
        } else if let Some(hash) = sk.strip_prefix("SESSION#") {
            let session: Session = serde_json::from_str(&text("document")).expect("a session");
            let ends = item["expires_at"]["N"].as_str().and_then(|at| at.parse().ok()).unwrap_or(0_u64);
            if let State::Authenticated(login) = session.state
                && ends > seconds
            {
                table.sessions.push((hash.to_owned(), login.account.as_str().to_owned(), login.epoch));
            }
        } else if ["EMAIL#", "PHONE#", "USERNAME#", "CREDENTIAL#", "SOCIAL#"]
            .iter()
            .any(|it| pk.starts_with(it))
        {
            table.look_ups.insert((pk, sk), item.clone());
        }
    }
    table
}

fn partition(address: &Recipient) -> String {
    match address {
        Recipient::Email(email) => format!("EMAIL#{email}"),
        Recipient::Phone(number) => format!("PHONE#{number}"),
    }
}

/// Each email address and identifier of an account finds it, and nothing else is found.
fn look_ups_agree(table: &Table) {
    let mut found: BTreeSet<(String, String)> = table.look_ups.keys().cloned().collect();
    let mut verified: BTreeMap<String, String> = BTreeMap::new();
    let mut claimable: BTreeSet<String> = BTreeSet::new();
    for account in &table.accounts {
        let id = account.id.as_str().to_owned();
        for (address, standing) in account.addresses() {
            let pk = partition(&address);
            let key = (pk.clone(), format!("USER#{id}"));
            let item = table.look_ups.get(&key).unwrap_or_else(|| panic!("no look-up {key:?}"));
            assert_eq!(item["standing"]["S"], json!(standing), "{key:?}");
            assert_eq!(item["active"]["BOOL"], account.active, "{key:?}");
            found.remove(&key);
            claimable.insert(pk.clone());
            if standing == Standing::Verified {
                let other = verified.insert(pk.clone(), id.clone());
                assert!(other.is_none(), "two accounts have verified {pk}: {other:?} and {id}");
            }
        }
        for handle in account.handles() {
            let pk = match &handle {
                Handle::Username(name) => format!("USERNAME#{name}"),
                Handle::Credential(id) => format!("CREDENTIAL#{id}"),
                Handle::Social { provider, uid } => format!("SOCIAL#{provider}#{uid}"),
            };
            let key = (pk, "-".to_owned());
            let item = table.look_ups.get(&key).unwrap_or_else(|| panic!("no look-up {key:?}"));
            assert_eq!(item["account"]["S"], id, "{key:?}");
            found.remove(&key);
        }
    }
    for (pk, sk) in found {
        assert!(sk == "CLAIM" && claimable.contains(&pk), "a look-up was left behind: {pk} {sk}");
        let by = table.look_ups[&(pk.clone(), sk)]["verified_by"]["S"].as_str().map(str::to_owned);
        assert_eq!(by.as_ref(), verified.get(&pk), "who has verified {pk}");
        verified.remove(&pk);
    }
    assert!(verified.is_empty(), "verified, but not claimed: {verified:?}");
}

/// Nobody but the owner of a verified email address is logged in to its account.
fn accounts_are_their_owners(table: &Table, world: &World) {
    let holders: BTreeMap<String, usize> =
        world.memory.tokens.iter().filter_map(|(token, held)| Some((hash_of(token)?, held.person))).collect();
    for account in &table.accounts {
        for address in account.emails.iter().filter(|address| address.verified) {
            let owns = |person: &Person| person.owns(&address.email);
            let owner = world.people.iter().position(owns).expect("somebody's mailbox");
            let sessions = table
                .sessions
                .iter()
                .filter(|(_, id, epoch)| id == account.id.as_str() && *epoch == account.session_epoch);
            for (hash, ..) in sessions {
                let holder = holders.get(hash).copied().unwrap_or(owner);
                let name = |number: usize| &world.people[number].mailboxes[0];
                assert_eq!(holder, owner, "{} is logged in to the account of {}", name(holder), name(owner));
            }
        }
    }
}

/// A session ends with its account.
fn sessions_have_accounts(table: &Table) {
    let ids: BTreeSet<&str> = table.accounts.iter().map(|account| account.id.as_str()).collect();
    let orphan = table.sessions.iter().find(|(_, id, _)| !ids.contains(id.as_str()));
    assert!(orphan.is_none(), "a session has outlived its account: {orphan:?}");
}

/// A new password ends all sessions that began before, but that of whoever sets it; and what changes is recorded.
fn changes_are_whole(table: &Table, before: &mut Before) {
    for account in &table.accounts {
        let id = account.id.as_str();
        let now = Known::of(account);
        let Some(then) = before.0.insert(id.to_owned(), now.clone()) else { continue };
        if then.password.is_some() && then.password != now.password {
            assert!(now.epoch > then.epoch, "the password of {id} has changed, and its sessions stay");
        }
        let same = Known { epoch: now.epoch, events: now.events, ..then.clone() };
        assert!(same == now || now.events > then.events, "no event says what has changed in {id}");
    }
}

impl Known {
    fn of(account: &Account) -> Self {
        let verified = account.emails.iter().filter(|address| address.verified);
        Self {
            password: account.password.as_ref().map(|hash| hash.0.clone()),
            verified: verified.map(|address| address.email.clone()).collect(),
            authenticators: account.authenticators.iter().map(|it| it.id).collect(),
            epoch: account.session_epoch,
            events: account.events.as_ref().map_or(0, |log| log.seq),
        }
    }
}
