//! The URL that events are sent to, each as one request, signed as Standard Webhooks says.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue};
use http::{Method, StatusCode};
use ring::hmac;
use serde_json::Value;
use url::Url;
use vestibule::domain::time::Timestamp;
use vestibule::outside::{HttpClient, HttpError, HttpRequest, HttpRules};
use vestibule::settings::WebhookSecrets;

/// How long a request may take. The events of a commit are sent at once, so ten commits, which Lambda hands over together,
/// stay within the function's timeout.
const DEADLINE: Duration = Duration::from_secs(10);

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A URL that takes events.
#[derive(Clone, Debug)]
pub struct Webhook {
    http: HttpClient,
    url: Url,
    secrets: WebhookSecrets,
}

/// Why an event was not accepted. Nothing of the URL's path, of the event or of the response is in it.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The response is no acceptance.
    #[error("{host} did not accept an event: status {status}")]
    Refused {
        /// The host name.
        host: String,
        /// The status of the response.
        status: StatusCode,
    },
    /// No header can name the event.
    #[error("the id of an event is not one for a header")]
    BadId(#[from] InvalidHeaderValue),
}

impl Webhook {
    /// One that is sent what these secrets sign, to public IP addresses and over TLS only, unless others are allowed.
    pub fn new(url: Url, secrets: WebhookSecrets, allow_private_addresses: bool) -> Self {
        let rules = HttpRules {
            timeout: DEADLINE,
            private_ip_addresses: allow_private_addresses,
            plain_http: allow_private_addresses,
        };
        Self { http: HttpClient::new(rules), url, secrets }
    }

    /// Sends events, all at once. After an error, some of them may have been accepted: each has an id.
    pub async fn send(&self, events: &[Value], now: Timestamp) -> Result<(), WebhookError> {
        join_all(events.iter().map(|event| self.post(event, now))).await.into_iter().collect()
    }

    async fn post(&self, event: &Value, now: Timestamp) -> Result<(), WebhookError> {
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
        let (timestamp, body) = (now.seconds(), event.to_string());
        let request = HttpRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (ID, HeaderValue::from_str(id)?),
                (TIMESTAMP, HeaderValue::from(timestamp)),
                (SIGNATURE, HeaderValue::from_str(&signatures(&self.secrets, id, timestamp, &body))?),
            ],
            body: body.into_bytes(),
        };
        let response = self.http.send(request).await?;
        let (host, status) = (response.host, response.status);
        if status.is_success() { Ok(()) } else { Err(WebhookError::Refused { host, status }) }
    }
}

/// One signature for each secret, separated by spaces: a service has to know one of them.
fn signatures(secrets: &WebhookSecrets, id: &str, timestamp: i64, body: &str) -> String {
    let content = format!("{id}.{timestamp}.{body}");
    let sign = |key| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), content.as_bytes());
    let signed: Vec<String> =
        secrets.expose().map(|key| format!("v1,{}", STANDARD.encode(sign(key)))).collect();
    signed.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vestibule_stand_in::{Received, Server};

    use super::*;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    /// With a path that must not be shown.
    fn webhook(server: &Server) -> Webhook {
        let url = format!("{}/hidden?hidden=1", server.url).parse().unwrap();
        Webhook::new(url, WebhookSecrets::read(SECRET).unwrap(), true)
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_767_225_650_123)
    }

    fn events() -> [Value; 2] {
        [json!({"id": "1", "type": "user.logged_in"}), json!({"id": "2", "type": "user.deleted"})]
    }

    /// Computed with Python's `hmac`.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let id = "01990a5c-7d3e-7c41-9a54-0d7b2f6c1e01";
        let body = r#"{"id":"01990a5c-7d3e-7c41-9a54-0d7b2f6c1e01","type":"user.logged_in"}"#;
        let expected = "v1,0xurG/ytQ2Ca/2/+S1xUbjUs3KhgtpdVme/XTIojUr8=";
        let sign =
            |secrets: &str| signatures(&WebhookSecrets::read(secrets).unwrap(), id, 1_767_225_650, body);
        assert_eq!(sign(SECRET), expected);
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(sign(&format!("{other},{SECRET}")), format!("{} {expected}", sign(other)));
    }

    #[tokio::test]
    async fn each_event_is_one_signed_request() {
        let server = Server::start(|_| Server::with_status("204 No Content", "")).await;
        webhook(&server).send(&events(), now()).await.unwrap();
        let mut all = server.all();
        all.sort_by_key(|request| request.headers["webhook-id"].clone());
        assert_eq!(all.len(), 2);
        for (request, event) in all.iter().zip(events()) {
            assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/hidden?hidden=1"));
            assert_eq!(request.body, event.to_string());
            assert_eq!(request.headers["content-type"], "application/json");
            assert_eq!(request.headers["webhook-timestamp"], "1767225650");
            let id = event["id"].as_str().unwrap();
            assert_eq!(request.headers["webhook-id"], id);
            let secrets = WebhookSecrets::read(SECRET).unwrap();
            let expected = signatures(&secrets, id, 1_767_225_650, &request.body);
            assert_eq!(request.headers["webhook-signature"], expected);
        }
    }

    #[tokio::test]
    async fn all_but_an_acceptance_is_a_failure_that_shows_nothing() {
        for (answer, expected) in [
            (
                Server::with_status("500 Internal Server Error", "hidden"),
                "did not accept an event: status 500 Internal Server Error",
            ),
            (Server::with_status("410 Gone", "hidden"), "did not accept an event: status 410 Gone"),
            (
                "HTTP/1.1 302 Found\r\nLocation: /hidden\r\nContent-Length: 0\r\n\r\n".to_owned(),
                "redirects elsewhere",
            ),
            ("hidden".to_owned(), "can't be reached"),
        ] {
            let server = Server::closing(move |_| answer.clone()).await;
            let error = webhook(&server).send(&events(), now()).await.unwrap_err().to_string();
            assert!(error.starts_with("127.0.0.1 ") && error.contains(expected), "{error}");
            assert!(!error.contains("hidden"), "{error}");
            assert_eq!(server.all().len(), 2, "redirects are not followed, and nothing is sent twice");
        }
    }

    #[tokio::test]
    async fn one_refusal_holds_up_no_other_event() {
        let refusing = |request: &Received| {
            let status = if request.headers["webhook-id"] == "1" { "503 Busy" } else { "200 OK" };
            Server::with_status(status, "")
        };
        let server = Server::start(refusing).await;
        webhook(&server).send(&events(), now()).await.unwrap_err();
        assert_eq!(server.all().len(), 2);
    }

    #[tokio::test]
    async fn an_endless_response_is_a_failure() {
        let server = Server::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned()).await;
        let rules =
            HttpRules { timeout: Duration::from_millis(50), private_ip_addresses: true, plain_http: true };
        let slow = Webhook { http: HttpClient::new(rules), ..webhook(&server) };
        let error = slow.send(&events(), now()).await.unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1 took longer than 50ms");
    }

    #[tokio::test]
    async fn private_ip_addresses_are_asked_for_nothing_unless_they_are_allowed() {
        let server = Server::start(|_| Server::ok("{}")).await;
        let secrets = || WebhookSecrets::read(SECRET).unwrap();
        for url in [server.url.clone(), format!("https://127.0.0.1:{}/", server.port)] {
            let strict = Webhook::new(url.parse().unwrap(), secrets(), false);
            strict.send(&events(), now()).await.unwrap_err();
        }
        assert_eq!(server.all().len(), 0);
    }

    #[test]
    fn the_secret_is_not_shown() {
        let url = "https://events.example.com/".parse().unwrap();
        let shown = format!("{:?}", Webhook::new(url, WebhookSecrets::read(SECRET).unwrap(), false));
        assert!(shown.contains("WebhookSecrets(…)") && !shown.contains("AAEC"), "{shown}");
    }
}
