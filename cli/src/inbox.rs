//! The inbox of the local stack for mails, text messages and events: an endpoint that speaks as SES, SNS and
//! `EventBridge` do, Mailpit's API for tests, and a page for people. Nothing is ever sent. It also stands in for the
//! service of the bot check.

pub mod captcha;
pub mod console;
mod event_bridge;
mod mailbox;
mod mailpit;
mod ses;
mod simulator;
mod sns;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use http::{HeaderMap, header};

use crate::style::style;
use mailbox::Mailbox;
pub use mailbox::{Echo, Publish};
use vestibule::clock::Clock;
use vestibule::random::Random;

/// The largest message that SES takes: 40 MB.
const MAX_MESSAGE_BYTES: usize = 40 * 1024 * 1024;

/// The page may run its own script and nothing else; mails are shown in a sandbox, with pictures
/// and styles of their own, as mail programs show them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    connect-src 'self'; img-src * data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `EventBridge` names its operation in a header, SNS in a form.
fn at_root(mailbox: &Mailbox, headers: &HeaderMap, body: &[u8]) -> Response {
    if headers.contains_key("x-amz-target") {
        event_bridge::put_events(mailbox, body)
    } else {
        sns::publish(mailbox, body)
    }
}

/// Everything that an inbox answers; it begins empty. `publish` gets the events of SES.
pub fn router(clock: Clock, random: Random, echo: Option<Echo>, publish: Publish) -> Router {
    let script = ([(header::CONTENT_TYPE, "text/javascript")], include_str!("pages/inbox.js"));
    let style = ([(header::CONTENT_TYPE, "text/css")], style() + include_str!("pages/inbox.css"));
    let page = ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("pages/inbox.html")));
    let root = async |State(mailbox): State<Arc<Mailbox>>, headers: HeaderMap, body: Bytes| {
        at_root(&mailbox, &headers, &body)
    };
    let captcha = Arc::new(captcha::StandIn::default());
    let verify = move |Form(question)| {
        let captcha = Arc::clone(&captcha);
        async move { Json(captcha.verify(question)) }
    };
    Router::new()
        .route(captcha::PATH, post(verify))
        .route("/", get(async || page.into_response()).post(root))
        .route("/inbox.js", get(async || script.into_response()))
        .route("/inbox.css", get(async || style.into_response()))
        .route("/v2/email/outbound-emails", post(ses::send_email))
        .route("/api/v1/messages", get(mailpit::list).delete(mailpit::remove))
        .route("/api/v1/message/{id}", get(mailpit::show))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES))
        .with_state(Arc::new(Mailbox::new(clock, random, echo, publish)))
}
