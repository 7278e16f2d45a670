//! The history of an account, for its user.

use serde_json::Value;

use super::visit::{Decision, Stop, Visit};
use super::{events, reauthenticate};
use crate::snapshot::EVENT_ITEMS;

/// A page of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The events, the latest first.
    pub events: Vec<Value>,
    /// What the next page is before; none after the last one.
    pub next: Option<String>,
}

/// A page of the history of the user, who has just proved their identity by something that the account had before this
/// session logged in. What was altered is no part of it, nor what has expired and is yet to be deleted.
pub fn page(visit: &Visit<'_>, before: Option<String>) -> Decision<HistoryPage> {
    let user = visit.user().ok_or(Stop::Unauthorized)?;
    let items = visit.recorded_events(&user.id, before)?;
    reauthenticate::require_always(visit)?;
    let keys = visit.context.keys;
    let mut found = Vec::new();
    for item in items.iter().filter(|item| item.expires_at > visit.now.seconds()) {
        if keys.is_event_mac(item) {
            found.extend(events::opened(keys, Some(user), item).into_iter().rev());
        } else {
            tracing::error!(account = user.id.as_str(), id = item.id, "recorded events were altered");
        }
    }
    let next = items.get(EVENT_ITEMS - 1).map(|last| last.id.clone());
    Ok(HistoryPage { events: found, next })
}
