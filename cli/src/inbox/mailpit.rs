//! Mailpit's API, as far as tests use it: list, read and delete messages
//! (<https://mailpit.axllent.org/docs/api-v1/>).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use super::mailbox::{Caught, Mailbox};

/// How much of the text a listing shows, in characters.
const SNIPPET: usize = 250;

/// Which part of the list is wanted.
#[derive(Deserialize)]
#[serde(default)]
pub struct Page {
    start: usize,
    limit: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { start: 0, limit: 50 }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    name: String,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    #[serde(rename = "ID")]
    id: String,
    from: Address,
    to: Vec<Address>,
    cc: Vec<Address>,
    bcc: Vec<Address>,
    reply_to: Vec<Address>,
    subject: String,
    tags: [(); 0],
    size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(flatten)]
    head: Head,
    created: String,
    snippet: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    #[serde(flatten)]
    head: Head,
    date: String,
    text: String,
    #[serde(rename = "HTML")]
    html: String,
    inline: [(); 0],
    attachments: [(); 0],
}

/// `GET /api/v1/messages`
pub async fn list(State(mailbox): State<Arc<Mailbox>>, Query(page): Query<Page>) -> Response {
    let (total, messages) = mailbox.list(page.start, page.limit);
    let messages: Vec<_> = messages.iter().map(summary).collect();
    Json(json!({
        "total": total,
        "unread": total,
        "count": messages.len(),
        "messages_count": total,
        "start": page.start,
        "tags": [],
        "messages": messages,
    }))
    .into_response()
}

/// `GET /api/v1/message/{ID}`
pub async fn show(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>) -> Response {
    match mailbox.get(&id) {
        Some(caught) => Json(detail(caught)).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"Error": "not found"}))).into_response(),
    }
}

/// `DELETE /api/v1/messages`, with `{"IDs": […]}` or without a body for all.
pub async fn remove(State(mailbox): State<Arc<Mailbox>>, body: Bytes) -> Response {
    #[derive(Deserialize, Default)]
    struct Wanted {
        #[serde(rename = "IDs", default)]
        ids: Vec<String>,
    }
    let wanted = if body.is_empty() { Ok(Wanted::default()) } else { serde_json::from_slice(&body) };
    match wanted {
        Ok(Wanted { ids }) => {
            mailbox.remove(&ids);
            "ok".into_response()
        }
        Err(error) => {
            let error = format!("the body is {{\"IDs\": […]}} or empty: {error}");
            (StatusCode::BAD_REQUEST, Json(json!({"Error": error}))).into_response()
        }
    }
}

fn summary(caught: &Caught) -> Summary {
    let words: Vec<_> = caught.message.text.split_whitespace().collect();
    let snippet = words.join(" ").chars().take(SNIPPET).collect();
    Summary { created: iso_time(caught.created), snippet, head: head(caught) }
}

fn detail(caught: Caught) -> Detail {
    Detail {
        head: head(&caught),
        date: iso_time(caught.created),
        text: caught.message.text,
        html: caught.message.html,
        inline: [],
        attachments: [],
    }
}

fn head(caught: &Caught) -> Head {
    let message = &caught.message;
    let addresses = |texts: &[String]| texts.iter().map(|text| address(text)).collect();
    Head {
        id: caught.id.clone(),
        from: address(&message.from),
        to: addresses(&message.to),
        cc: addresses(&message.cc),
        bcc: addresses(&message.bcc),
        reply_to: addresses(&message.reply_to),
        subject: message.subject.clone(),
        tags: [],
        size: message.text.len() + message.html.len(),
    }
}

fn address(text: &str) -> Address {
    let named = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let (name, address) = named.unwrap_or(("", text));
    let name = decoded(name.trim()).unwrap_or_else(|| name.trim().trim_matches('"').replace("\\\"", "\""));
    Address { name, address: address.to_owned() }
}

/// What encoded words say (RFC 2047), of the kind that the function `mail` makes.
fn decoded(name: &str) -> Option<String> {
    let word = |word: &str| {
        let word = word.strip_prefix("=?UTF-8?B?")?.strip_suffix("?=")?;
        STANDARD.decode(word).ok()
    };
    let words: Vec<Vec<u8>> = name.split(' ').map(word).collect::<Option<_>>()?;
    String::from_utf8(words.concat()).ok()
}

fn iso_time(millis: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split() {
        for (text, name, expected) in [
            ("a@example.com", "", "a@example.com"),
            ("Ann <a@example.com>", "Ann", "a@example.com"),
            (r#""Ann \"x\" <y>" <a@example.com>"#, r#"Ann "x" <y>"#, "a@example.com"),
            ("=?UTF-8?B?QsO8Y2g=?= =?UTF-8?B?ZXI=?= <a@example.com>", "Bücher", "a@example.com"),
            ("+31612345678", "", "+31612345678"),
        ] {
            let Address { name: found, address } = address(text);
            assert_eq!((found.as_str(), address.as_str()), (name, expected));
        }
    }

    #[test]
    fn times_are_iso() {
        assert_eq!(iso_time(1_783_711_145_766), "2026-07-10T19:19:05.766Z");
    }
}
