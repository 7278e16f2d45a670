//! Verifying the history of accounts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::outcome::OperatorError;
use super::store;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::event::EventItem;
use crate::domain::time::Timestamp;
use crate::flows::events::opened;
use crate::signing::Keys;
use crate::store::Bookmark;

/// How often an account is read again that seems to be at fault: it may change while it is read.
const MOST_LOOKS: u32 = 3;

/// What is wrong with the history of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// An item does not have the MAC of what it holds.
    #[error("account {0}: the events of the item {1} were altered, or were not recorded by Vestibule")]
    Altered(String, String),
    /// Positions are missing.
    #[error("account {0}: the events {1} to {2} are missing")]
    Missing(String, i64, i64),
    /// A position was given twice, as after the account was set back.
    #[error("account {0}: the position {1} was given twice")]
    Repeated(String, i64),
    /// An event has a position that the account has not given yet.
    #[error("account {0}: the event {1} is recorded, but the account has counted {2} only")]
    Uncounted(String, i64, i64),
    /// There is no such account, and no event of its deletion.
    #[error("account {0}: it is gone, without an event")]
    Gone(String),
}

/// Verifies the history of all accounts, reports each fault, and returns how many accounts have a history.
pub async fn verify(app: &App, mut tell: impl FnMut(HistoryFault)) -> Result<usize, OperatorError> {
    let store = store(app)?;
    let mut accounts = BTreeSet::new();
    let mut at: Option<Bookmark> = None;
    loop {
        let page = store.page(at).await?;
        accounts.extend(page.events.into_iter().map(|item| item.account));
        let counting = page.accounts.into_iter().filter(|stored| stored.value.events.is_some());
        accounts.extend(counting.map(|stored| stored.value.id));
        at = page.next;
        if at.is_none() {
            break;
        }
    }
    for id in &accounts {
        let mut found = Vec::new();
        for _ in 0..MOST_LOOKS {
            // The account first: what is recorded while its events are read, it has not counted yet.
            let account = store.account(id).await?.map(|stored| stored.value);
            let items = store.all_events(id).await?;
            found = faults(&app.secrets().keys, id, account.as_ref(), &items, app.clock.now());
            if found.is_empty() {
                break;
            }
        }
        found.into_iter().for_each(&mut tell);
    }
    Ok(accounts.len())
}

/// What is wrong with a history. What has expired is left out, as it may be deleted in any order.
fn faults(
    keys: &Keys,
    id: &AccountId,
    account: Option<&Account>,
    items: &[EventItem],
    now: Timestamp,
) -> Vec<HistoryFault> {
    let name = || id.as_str().to_owned();
    let mut found = Vec::new();
    let mut numbered: Vec<(i64, bool)> = Vec::new();
    for item in items.iter().filter(|item| item.expires_at > now.seconds()) {
        if !keys.is_event_mac(item) {
            found.push(HistoryFault::Altered(name(), item.id.clone()));
            continue;
        }
        for event in opened(keys, None, item) {
            let position = event.get("seq").and_then(Value::as_i64);
            let is_deletion = event.get("type").is_some_and(|what| what == "user.deleted");
            numbered.extend(position.map(|position| (position, is_deletion)));
        }
    }
    numbered.sort_unstable();
    for ((before, _), (after, _)) in numbered.iter().zip(numbered.iter().skip(1)) {
        match after - before {
            0 => found.push(HistoryFault::Repeated(name(), *after)),
            1 => {}
            _ => found.push(HistoryFault::Missing(name(), before + 1, after - 1)),
        }
    }
    let last = numbered.last().copied();
    match (account, last) {
        (None, Some((_, false))) => found.push(HistoryFault::Gone(name())),
        (None, _) => {}
        (Some(account), last) => {
            let log = account.events.as_ref();
            let counted = log.map_or(0, |log| log.seq);
            let is_kept = log.is_some_and(|log| log.kept_until > now);
            match last.map(|(last, _)| last) {
                Some(last) if last > counted => found.push(HistoryFault::Uncounted(name(), last, counted)),
                Some(last) if last < counted && is_kept => {
                    found.push(HistoryFault::Missing(name(), last + 1, counted));
                }
                None if counted > 0 && is_kept => found.push(HistoryFault::Missing(name(), counted, counted)),
                _ => {}
            }
        }
    }
    found
}
