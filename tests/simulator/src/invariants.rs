//! What must hold of the table after every round, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use vestibule::domain::account::{Account, Standing};
use vestibule::domain::authenticator::{Authenticator, Factor};
use vestibule::domain::handle::Handle;
use vestibule::domain::message::Recipient;

use crate::memory::Proved;
use crate::person::{Person, code};
use crate::provider;
use crate::settings::IfFails;
use crate::table::{LoggedIn, Table, hash_of};
use crate::world::World;

/// What was seen of the table a round ago.
#[derive(Debug, Default)]
pub struct Seen {
    /// The items.
    pub table: Table,
    accounts: BTreeMap<String, Known>,
    mails: usize,
    /// The sessions, and the accounts at the provider that were logged in with.
    logins: BTreeSet<LoginByProvider>,
    secrets: BTreeSet<String>,
    /// The times of the invitations that were accepted.
    accepted: BTreeSet<i64>,
}

/// A login by a provider: the account, that at the provider, and when. It stays the same when its session gets another
/// token, as by a change of the password.
type LoginByProvider = (String, String, i64);

/// What is known of an account.
#[derive(Clone, Debug)]
struct Known {
    password: Option<String>,
    verified: BTreeSet<String>,
    authenticators: BTreeSet<i64>,
    /// Those of them that logins need besides a password or a code.
    factors: BTreeSet<i64>,
    epoch: u32,
    events: i64,
    /// The email addresses and the credential ids: what logs in to it.
    means: BTreeSet<String>,
    /// The round in which the password was first seen.
    password_since: u32,
    /// Whose it is or was.
    owners: BTreeSet<usize>,
}

/// Fails unless the table is as it must be.
pub fn check(world: &mut World, seen: &mut Seen) {
    seen.table.update(world.services.written());
    learn_secrets(world, seen);
    let (now, before) = (&seen.table, &seen.accounts);
    look_ups_agree(now);
    accounts_are_their_owners(now, world, before);
    sessions_have_accounts(now, world);
    logins_were_proved(now, world, before);
    let is_sure = match world.hook_failure {
        None => false,
        Some(IfFails::Passes) => world.is_calm(),
        Some(IfFails::Stops) => true,
    };
    world.services.hook.check(now, is_sure);
    provider_accounts_are_their_owners(now, world, before, &seen.logins);
    let seconds = world.seconds();
    world.memory.jwt.check(now, seconds);
    let by_uid = |session: &LoggedIn| {
        session.uids.iter().map(|(uid, at)| (session.account.clone(), uid.clone(), *at)).collect::<Vec<_>>()
    };
    seen.logins = now.sessions(seconds).flat_map(by_uid).collect();
    invitations_are_accepted(seen, world);
    changes_are_whole(seen, world);
}

/// No item contains a secret in clear. Codes and keys become known with the mail.
fn learn_secrets(world: &mut World, seen: &mut Seen) {
    let secrets = &mut world.memory.secrets;
    for mail in &world.services.mails[seen.mails..] {
        secrets.extend(code(mail));
        secrets.extend(mail.is_secret().then(|| mail.key()));
    }
    let asked: Vec<String> = world.services.hook.texts().collect();
    let told = secrets.iter().find(|secret| asked.iter().any(|asked| asked.contains(*secret)));
    assert!(told.is_none(), "the hook was told a secret: {told:?}");
    secrets.append(&mut world.services.provider.given);
    secrets.append(&mut world.services.vault.given);
    seen.mails = world.services.mails.len();
    for password in world.people.iter().flat_map(|person| &person.passwords) {
        if !secrets.contains(password) {
            secrets.insert(password.clone());
        }
    }
    let new: Vec<String> = secrets.difference(&seen.secrets).cloned().collect();
    let is_clear = |secret: &&String| seen.table.has_got(secret);
    let clear = seen.secrets.iter().find(is_clear).or(new.iter().find(|secret| seen.table.contains(secret)));
    assert!(clear.is_none(), "the table holds a secret in clear: {clear:?}");
    seen.secrets.extend(new);
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
    for account in table.accounts() {
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

/// Nobody is logged in to an account with verified email addresses but an owner of one. Where verification is optional,
/// the email address of a sign-up counts unverified: an account may get into the hands of two, and stays in them when one
/// removes their email address.
fn accounts_are_their_owners(table: &Table, world: &World, before: &BTreeMap<String, Known>) {
    let holders = holders(world);
    for account in table.accounts() {
        let mut owners = owners(account, world);
        match before.get(account.id.as_str()) {
            Some(known) if !world.is_verification_mandatory => owners.extend(&known.owners),
            _ => {}
        }
        let names: Vec<&str> =
            owners.iter().map(|owner| world.people[*owner].mailboxes[0].as_str()).collect();
        assert!(owners.len() < 2 || !world.is_verification_mandatory, "an account is that of {names:?}");
        let is_of_account = |session: &&LoggedIn| session.account == account.id.as_str();
        for session in table.valid_sessions(world.seconds()).filter(is_of_account) {
            let Some(holder) = holders.get(&session.hash) else { continue };
            let name = &world.people[*holder].mailboxes[0];
            let is_owner = owners.is_empty() || owners.contains(holder);
            assert!(is_owner, "{name} is logged in to the account of {names:?}");
        }
    }
}

/// Whose an account is: who has verified an email address or phone number of it, or has connected it.
fn owners(account: &Account, world: &World) -> BTreeSet<usize> {
    let owns = |person: &Person| {
        account.verified_emails().chain(account.verified_phone()).any(|own| person.owns(own))
    };
    let is_connected =
        |number: usize| account.social_accounts.iter().any(|social| social.uid == provider::uid(number));
    let people = world.people.iter().enumerate();
    people
        .filter(|(number, person)| owns(person) || is_connected(*number))
        .map(|(number, _)| number)
        .collect()
}

/// A session ends with its account, and when that is disabled.
fn sessions_have_accounts(table: &Table, world: &World) {
    for session in table.sessions(world.seconds()) {
        let account = table.account(&session.account);
        let account = account.unwrap_or_else(|| panic!("a session has outlived its account: {session:?}"));
        let is_valid = account.active || session.epoch != account.session_epoch;
        assert!(is_valid, "a session has outlived that its account was disabled: {session:?}");
    }
}

/// A code logs in to no account but one that has the email address it was sent to, a key to none but its own, and a
/// password that was replaced begins no login that is completed. What happens in the same round may come first.
fn logins_were_proved(table: &Table, world: &mut World, before: &BTreeMap<String, Known>) {
    for entry in std::mem::take(&mut world.memory.entries) {
        let id = &entry.account;
        let then = before.get(id);
        match entry.proved {
            Proved::Means(by) => {
                let has = table.account(id).is_some_and(|account| means(account).contains(&by));
                let had = then.is_some_and(|known| known.means.contains(&by));
                assert!(has || had, "somebody has logged in to {id} by {by}, which the account has lost");
            }
            Proved::Password(round) => {
                let since = then.map_or(0, |known| known.password_since);
                assert!(since <= round, "a login to {id} went on after the password had changed");
            }
            Proved::OneFactor => {
                let now = table.account(id).map(factors).unwrap_or_default();
                let had = then.is_some_and(|known| known.factors.intersection(&now).next().is_some());
                assert!(!had, "a login to {id} was spared the second factor");
            }
        }
    }
}

/// The provider logs in to no account but one that is connected, or has an email address that the provider says to be
/// verified; and by an account there only its owner is logged in.
fn provider_accounts_are_their_owners(
    table: &Table,
    world: &World,
    before: &BTreeMap<String, Known>,
    logins: &BTreeSet<LoginByProvider>,
) {
    let holders = holders(world);
    // What was taken from its account in the same round has an epoch of before.
    for session in table.valid_sessions(world.seconds()) {
        for (uid, at) in &session.uids {
            let owner = (0..world.people.len()).find(|person| provider::uid(*person) == *uid);
            let owner = owner.expect("the provider knows people only");
            let name = &world.people[owner].mailboxes[0];
            let holder = holders.get(&session.hash).copied().unwrap_or(owner);
            assert_eq!(holder, owner, "somebody else is logged in by the provider's account of {name}");
            if logins.contains(&(session.account.clone(), uid.clone(), *at)) {
                continue;
            }
            let vouched = world.memory.vouched.get(&owner);
            let is_way = |by: &String| {
                *by == provider::means(owner) || vouched.is_some_and(|vouched| vouched.contains(by))
            };
            let has =
                table.account(&session.account).is_some_and(|account| means(account).iter().any(is_way));
            let had = before.get(&session.account).is_some_and(|known| known.means.iter().any(is_way));
            assert!(
                has || had,
                "{name} has logged in by the provider to {}, which is not theirs",
                session.account
            );
        }
    }
}

/// One invitation makes one account, and none is made without while sign-up is closed.
fn invitations_are_accepted(seen: &mut Seen, world: &World) {
    let Seen { table, accounts, accepted, .. } = seen;
    for account in table.accounts().filter(|account| !accounts.contains_key(account.id.as_str())) {
        let id = account.id.as_str();
        match &account.invited {
            Some(invitation) => {
                assert!(
                    accepted.insert(invitation.at.millis()),
                    "an invitation has made another account: {id}"
                );
            }
            None => assert!(world.is_signup_open, "nobody was invited, and yet there is an account: {id}"),
        }
    }
}

/// Who holds each session.
fn holders(world: &World) -> BTreeMap<String, usize> {
    world.memory.tokens.iter().filter_map(|(token, held)| Some((hash_of(token)?, held.person))).collect()
}

/// A new password ends all sessions that began before, but that of whoever sets it; and what changes is recorded.
fn changes_are_whole(seen: &mut Seen, world: &World) {
    for account in seen.table.accounts() {
        let id = account.id.as_str();
        let mut now = Known::of(account, world);
        let then = seen.accounts.get(id).cloned().unwrap_or_else(|| now.clone());
        if then.password == now.password {
            now.password_since = then.password_since;
        } else if then.password.is_some() {
            assert!(now.epoch > then.epoch, "the password of {id} has changed, and its sessions stay");
        }
        let is_same = (&then.password, &then.verified, &then.authenticators)
            == (&now.password, &now.verified, &now.authenticators);
        assert!(is_same || now.events > then.events, "no event says what has changed in {id}");
        now.owners.extend(&then.owners);
        seen.accounts.insert(id.to_owned(), now);
    }
}

fn factors(account: &Account) -> BTreeSet<i64> {
    let is_factor = |it: &&Authenticator| !matches!(it.factor, Factor::RecoveryCodes(_));
    account.authenticators.iter().filter(is_factor).map(|it| it.id).collect()
}

fn means(account: &Account) -> BTreeSet<String> {
    let emails = account.emails.iter().map(|address| address.email.clone());
    let emails = emails.chain(account.phone.as_ref().map(|phone| phone.number.clone()));
    let keys = account.handles().into_iter().filter_map(|handle| match handle {
        Handle::Credential(id) => Some(id),
        Handle::Social { provider, uid } => Some(format!("SOCIAL#{provider}#{uid}")),
        Handle::Username(_) => None,
    });
    emails.chain(keys).collect()
}

impl Known {
    fn of(account: &Account, world: &World) -> Self {
        let verified = account.emails.iter().filter(|address| address.verified);
        Self {
            password: account.password.as_ref().map(|hash| hash.0.clone()),
            verified: verified
                .map(|address| address.email.clone())
                .chain(account.verified_phone().map(str::to_owned))
                .collect(),
            authenticators: account.authenticators.iter().map(|it| it.id).collect(),
            factors: factors(account),
            epoch: account.session_epoch,
            events: account.events.as_ref().map_or(0, |log| log.seq),
            means: means(account),
            password_since: world.now(),
            owners: owners(account, world),
        }
    }
}
