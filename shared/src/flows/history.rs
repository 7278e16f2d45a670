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
            let opened = events::opened(keys, Some(user), item).into_iter().rev();
            found.extend(opened.filter_map(for_user));
        } else {
            tracing::error!(account = user.id.as_str(), id = item.id, "recorded events were altered");
        }
    }
    let next = items.get(EVENT_ITEMS - 1).map(|last| last.id.clone());
    Ok(HistoryPage { events: found, next })
}

/// An event as its user reads it: without who an operator is, and what operators note for themselves.
fn for_user(mut event: Value) -> Option<Value> {
    for operator in ["/actor", "/data/invitation/actor"] {
        if let Some(Value::Object(actor)) = event.pointer_mut(operator) {
            actor.retain(|name, _| name == "kind");
        }
    }
    let members = event.as_object_mut()?;
    if let Some(Value::Array(metadata)) = members.get_mut("data").and_then(|data| data.get_mut("metadata")) {
        metadata.retain(|which| which == "public");
        if metadata.is_empty() {
            return None;
        }
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::for_user;

    #[test]
    fn users_learn_nothing_of_who_an_operator_is_or_of_private_metadata() {
        let event = |actor, metadata| json!({"type": "metadata.changed", "actor": actor, "data": {"metadata": metadata}});
        let operator =
            json!({"kind": "operator", "id": "AROA:ann", "arn": "arn:aws:sts::1:assumed-role/x/ann"});
        let told = event(json!({"kind": "operator"}), json!(["public"]));
        assert_eq!(for_user(event(operator.clone(), json!(["public", "private"]))), Some(told));
        assert_eq!(for_user(event(operator.clone(), json!(["private"]))), None);
        let invited = |actor: &_| json!({"type": "user.signed_up", "data": {"invitation": {"at": 1.0, "actor": actor}}});
        assert_eq!(for_user(invited(&operator)), Some(invited(&json!({"kind": "operator"}))));
        let other = json!({"type": "user.disabled", "actor": {"kind": "user"}, "data": {}});
        assert_eq!(for_user(other.clone()), Some(other));
    }
}
