//! `account/history`: GET shows what was recorded of the authenticated user's account. It is ours, not the contract's.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use vestibule::domain::event::AccountEvent;
use vestibule::flows::history;
use vestibule::http::prelude::*;
use vestibule::snapshot::Need;

/// The longest `before`: a UUID.
const MOST_BEFORE: usize = 36;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "getAccountHistory",
    summary: "List the events of the account",
    text: "The latest first, in pages.",
    parameters: &[Parameter::Query("before", "`next` of the page before, for the next one.")],
    body: Body::None,
    answers: &[
        ResponseSpec::data::<History>("A page of the history."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::REAUTHENTICATION_REQUIRED,
    ],
}];

/// A page of the history of an account.
#[derive(Serialize, JsonSchema)]
struct History {
    /// The events, the latest first.
    #[schemars(schema_with = "told")]
    events: Vec<Value>,
    /// The value of `before` for the next page; `null` on the last one.
    next: Option<String>,
}

/// Events, as users are told of them: of an operator only that it was one.
fn told(generator: &mut SchemaGenerator) -> Schema {
    let events = generator.subschema_for::<Vec<AccountEvent>>();
    let actor = generator.definitions_mut().get_mut("Actor").and_then(|actor| actor.get_mut("properties"));
    if let Some(properties) = actor.and_then(Value::as_object_mut) {
        properties.retain(|name, _| name == "kind");
    }
    events
}

fn before(call: &ApiRequest) -> Option<String> {
    let before = call.query("before").filter(|before| !before.is_empty());
    before.map(|before| before.chars().take(MOST_BEFORE).collect())
}

pub(crate) fn needs(call: &ApiRequest, _: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.account().cloned();
    account.map(|account| Need::Events(account, before(call))).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    if ![Method::GET, Method::HEAD].contains(&call.method) {
        return Err(Stop::NotAllowed);
    }
    let history::HistoryPage { events, next } = history::page(visit, before(call))?;
    Ok(Reply::ok(History { events, next }).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_not_told_which_operator_it_was() {
        let schema = SchemaGenerator::default().into_root_schema_for::<History>().to_value();
        let actor = &schema["$defs"]["Actor"]["properties"];
        assert_eq!(actor.as_object().unwrap().keys().collect::<Vec<_>>(), ["kind"], "{schema:#}");
    }
}
