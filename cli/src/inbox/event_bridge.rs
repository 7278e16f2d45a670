//! The one operation of `EventBridge` that puts events on a bus (`PutEvents`), for events of accounts, kept in the inbox.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::mailbox::{CaughtMessage, Mailbox};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    event_bus_name: String,
    detail_type: String,
    detail: String,
}

/// `POST /`
pub fn put_events(mailbox: &Mailbox, body: &[u8]) -> Response {
    let Ok(PutEvents { entries }) = serde_json::from_slice(body) else {
        let error = json!({"__type": "ValidationException", "message": "only PutEvents is known here"});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    let results: Vec<Value> =
        entries.into_iter().map(|entry| json!({"EventId": mailbox.add(message(entry))})).collect();
    Json(json!({"FailedEntryCount": 0, "Entries": results})).into_response()
}

fn message(entry: Entry) -> CaughtMessage {
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or(Value::String(entry.detail));
    CaughtMessage {
        to: vec![entry.event_bus_name],
        subject: entry.detail_type,
        text: serde_json::to_string_pretty(&detail).unwrap_or_default(),
        is_event: true,
        ..CaughtMessage::default()
    }
}
