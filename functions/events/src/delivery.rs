//! Delivers the events of one commit, and those of a time again.

use std::time::Duration;

use vestibule::app::App;
use vestibule::domain::account_id::AccountId;
use vestibule::domain::event::EventItem;
use vestibule::flows::events::{opened, recorded_at};
use vestibule::store::{Bookmark, Store, StoreError};

use crate::target::{EventSendError, EventTarget};

/// Why events are not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The table can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target does not take them.
    #[error(transparent)]
    Send(#[from] EventSendError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// Delivers the events of an item. One that is gone, as its retention has ended, is none to deliver.
pub async fn deliver(
    app: &App,
    target: &EventTarget,
    account: &AccountId,
    id: &str,
) -> Result<(), DeliveryError> {
    let store = app.store().ok_or(DeliveryError::NoTable)?;
    app.look_for_keys(None).await;
    match store.event_item(account, id).await? {
        Some(item) => put(app, store, target, &item).await.map(drop),
        None => {
            tracing::info!(id, "the events are gone: their retention has ended");
            Ok(())
        }
    }
}

/// Delivers all events of this last time again, and returns how many. Each has the id that it had before.
pub async fn replay(app: &App, target: &EventTarget, last: Duration) -> Result<usize, DeliveryError> {
    let store = app.store().ok_or(DeliveryError::NoTable)?;
    let now = app.clock.now();
    let mut count = 0;
    let mut at: Option<Bookmark> = None;
    loop {
        let page = store.page(at).await?;
        let is_due = |item: &&EventItem| {
            item.expires_at > now.seconds()
                && recorded_at(item).is_some_and(|at| !at.is_older_than(last, now))
        };
        for item in page.events.iter().filter(is_due) {
            count += put(app, store, target, item).await?;
        }
        at = page.next;
        if at.is_none() {
            return Ok(count);
        }
    }
}

/// What was altered is not delivered: `vestibule audit verify` names it.
async fn put(
    app: &App,
    store: &Store,
    target: &EventTarget,
    item: &EventItem,
) -> Result<usize, DeliveryError> {
    let is_signed = || app.secrets().keys.is_event_mac(item);
    let is_recorded = is_signed() || (app.finds_newer_keys().await && is_signed());
    if !is_recorded {
        tracing::error!(
            account = item.account.as_str(),
            id = item.id,
            "not delivered: the events were altered"
        );
        return Ok(0);
    }
    // Once it is deleted, its personal data can't be decrypted: the events go without.
    let account = store.account(&item.account).await?.map(|stored| stored.value);
    let events = opened(&app.secrets().keys, account.as_ref(), item);
    target.send(&events, app.clock.now()).await?;
    tracing::info!(id = item.id, count = events.len(), "delivered");
    Ok(events.len())
}
