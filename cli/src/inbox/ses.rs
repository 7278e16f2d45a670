//! The one operation of SES v2 that sends mail (`SendEmail` with `Simple` content), kept instead.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::mailbox::{CaughtMessage, Mailbox};
use super::simulator;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    #[serde(default)]
    from_email_address: String,
    #[serde(default)]
    destination: Destination,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    #[serde(default)]
    email_tags: Vec<Tag>,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Destination {
    #[serde(rename = "ToAddresses")]
    to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses")]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

/// `POST /v2/email/outbound-emails`
pub async fn send_email(State(mailbox): State<Arc<Mailbox>>, body: Bytes) -> Response {
    match message(&body) {
        Ok((message, kind)) => {
            let (to, sent_at) = (message.to.clone(), mailbox.now());
            let id = mailbox.add(message);
            for event in to.iter().filter_map(|to| simulator::event(to, &kind, &id, sent_at)) {
                mailbox.publish(event).await;
            }
            Json(json!({"MessageId": id})).into_response()
        }
        Err(reason) => (
            StatusCode::BAD_REQUEST,
            [("x-amzn-errortype", "BadRequestException")],
            Json(json!({"message": reason})),
        )
            .into_response(),
    }
}

/// The message, and its tag `kind`.
fn message(body: &[u8]) -> Result<(CaughtMessage, String), String> {
    let request: SendEmail = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Some(content) = request.content.simple else {
        return Err("only Content.Simple is caught here, neither Raw nor Template".to_owned());
    };
    let Destination { to, cc, bcc } = request.destination;
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        return Err("Destination has no address".to_owned());
    }
    if request.from_email_address.is_empty() {
        return Err("FromEmailAddress is missing".to_owned());
    }
    let kind = request.email_tags.into_iter().find(|tag| tag.name == "kind").map(|tag| tag.value);
    let message = CaughtMessage {
        from: request.from_email_address,
        to,
        cc,
        bcc,
        reply_to: request.reply_to_addresses,
        subject: content.subject.data,
        text: content.body.text.unwrap_or_default().data,
        html: content.body.html.unwrap_or_default().data,
        is_event: false,
    };
    Ok((message, kind.unwrap_or_default()))
}
