//! What must hold of the events of accounts in the end: they are recorded if and only if something has changed, and each is
//! delivered at least once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::services::EVENT;
use crate::table::Table;
use crate::world::World;

/// Fails unless the events are as they must be.
pub fn check(world: &World, table: &Table) {
    let recorded = recorded(table);
    let ids = |events: &mut dyn Iterator<Item = &Value>| -> BTreeSet<String> {
        events.map(|event| event["id"].as_str().expect("each event has an id").to_owned()).collect()
    };
    let all = ids(&mut recorded.values().flatten());
    let delivered = ids(&mut world.services.delivered.iter());
    let lost: Vec<&String> = all.difference(&delivered).collect();
    assert!(lost.is_empty(), "events were recorded and never delivered: {lost:?}");
    let made_up: Vec<&String> = delivered.difference(&all).collect();
    assert!(made_up.is_empty(), "events were delivered that nobody recorded: {made_up:?}");
    let text = Value::from(world.services.delivered.clone()).to_string();
    let clear = world.memory.secrets.iter().find(|secret| text.contains(secret.as_str()));
    assert!(clear.is_none(), "an event tells a secret: {clear:?}");
    for (id, events) in &recorded {
        tell_what_happened(table, id, events);
    }
    for account in table.accounts() {
        let id = account.id.as_str();
        assert!(recorded.contains_key(id), "no event tells of the account {id}");
    }
}

/// The events of each account.
fn recorded(table: &Table) -> BTreeMap<String, Vec<Value>> {
    let mut recorded: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for ((pk, _), item) in table.items() {
        let Some(account) = pk.strip_prefix(EVENT) else { continue };
        let events: Vec<Value> =
            serde_json::from_str(item["events"]["S"].as_str().unwrap_or_default()).expect("events");
        recorded.entry(account.to_owned()).or_default().extend(events);
    }
    recorded
}

fn tell_what_happened(table: &Table, id: &str, events: &[Value]) {
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!(count("user.signed_up"), 1, "how often the account {id} has signed up");
    let account = table.account(id);
    assert_eq!(
        count("user.deleted"),
        usize::from(account.is_none()),
        "how often the account {id} was deleted"
    );
    if let Some(account) = account {
        let logins = usize::try_from(account.logins).unwrap_or_default();
        assert_eq!(count("user.logged_in"), logins, "how often somebody has logged in to {id}");
        let by_provider =
            |event: &&Value| event["type"] == "user.signed_up" && !event["data"]["provider"].is_null();
        let connected = events.iter().filter(by_provider).count() + count("social_account.added");
        let left = account.social_accounts.len() + count("social_account.removed");
        assert_eq!(connected, left, "how many accounts at providers were connected to {id}");
    }
}
