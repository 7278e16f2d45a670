//! The one operation of SNS that publishes (`Publish`), for text messages, kept instead of sent.
//!
//! What is published to the topic is JSON with `phone` and `text`; a `PhoneNumber` works as well.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;

use super::mailbox::{CaughtMessage, Mailbox};

#[derive(Deserialize)]
struct Text {
    phone: String,
    text: String,
}

/// `POST /`
pub fn publish(mailbox: &Mailbox, body: &[u8]) -> Response {
    match message(body) {
        Ok(message) => {
            let id = mailbox.add(message);
            let body = format!(
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                 <PublishResult><MessageId>{id}</MessageId></PublishResult>\
                 <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>\
                 </PublishResponse>"
            );
            xml(StatusCode::OK, body)
        }
        Err(reason) => {
            let body = format!(
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                 <Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>{reason}</Message></Error>\
                 <RequestId>-</RequestId></ErrorResponse>"
            );
            xml(StatusCode::BAD_REQUEST, body)
        }
    }
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

fn message(body: &[u8]) -> Result<CaughtMessage, &'static str> {
    let mut fields: HashMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
    if fields.get("Action").map(String::as_str) != Some("Publish") {
        return Err("only the action Publish is known here");
    }
    let published = fields.remove("Message").ok_or("Message is missing")?;
    let Text { phone, text } = match fields.remove("PhoneNumber") {
        Some(phone) => Text { phone, text: published },
        None => serde_json::from_str(&published).map_err(|_| "Message is not JSON with phone and text")?,
    };
    Ok(CaughtMessage {
        to: vec![phone],
        subject: "Text message".to_owned(),
        text,
        ..CaughtMessage::default()
    })
}
