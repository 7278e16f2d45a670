//! Clients: a browser that keeps cookies and repeats its CSRF token, and an app that keeps its session token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use serde_json::Value;

use crate::{Description, wire};

/// Which of the two APIs a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Cookies and CSRF.
    Browser,
    /// `X-Session-Token`.
    App,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Browser, Self::App];

    /// As it stands in paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::App => "app",
        }
    }
}

/// One client, with what it keeps between requests.
#[derive(Debug)]
pub struct Client {
    /// Which API it speaks.
    pub kind: Kind,
    address: String,
    origin: String,
    description: Arc<Description>,
    languages: Option<String>,
    kept: Mutex<Kept>,
}

/// What a client keeps.
#[derive(Clone, Debug, Default)]
struct Kept {
    cookies: BTreeMap<String, String>,
    token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null when it is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Client {
    /// One that was never here before, of the API at `host:port` that describes itself so.
    pub fn new(kind: Kind, address: &str, description: &Arc<Description>) -> Self {
        let (address, origin) = (address.to_owned(), format!("http://{address}"));
        let description = Arc::clone(description);
        Self { kind, address, origin, description, languages: None, kept: Mutex::default() }
    }

    /// The same client, which sends this `Accept-Language` with each request.
    #[must_use]
    pub fn accepting(self, languages: &str) -> Self {
        Self { languages: Some(languages.to_owned()), ..self }
    }

    /// Another client that holds the same session, as a second tab does.
    #[must_use]
    pub fn twin(&self) -> Self {
        let kept = Mutex::new(self.kept().clone());
        let (address, origin, languages) =
            (self.address.clone(), self.origin.clone(), self.languages.clone());
        Self { kind: self.kind, address, origin, description: Arc::clone(&self.description), languages, kept }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// GET with a header.
    pub async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.send(Method::GET, path, &[(name, value)], "").await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// DELETE of JSON.
    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, &[], body.to_string()).await
    }

    /// Sends anything, with headers that take the place of the client's own. Fails unless what was accepted and what comes
    /// back are as the API describes itself.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        if self.kind == Kind::Browser && method != Method::GET && self.cookie("csrftoken").is_none() {
            Box::pin(self.send(Method::GET, "config", &[], "")).await;
        }
        let body = body.into();
        let request = self.request(method.clone(), path, headers, body.clone());
        let path = request.uri().path().to_owned();
        let response = wire::send(&self.address, request).await.expect("the API answers");
        self.receive(&method, &path, &body, response)
    }

    /// Takes what came back to a request, and keeps what it is to keep. Fails unless it is as the API describes itself.
    pub fn receive(&self, method: &Method, path: &str, sent: &[u8], response: Response<Bytes>) -> Answer {
        let (head, body) = response.into_parts();
        let answer = Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            text: String::from_utf8_lossy(&body).into_owned(),
        };
        self.description.check(method, path, sent, &answer);
        self.keep(&answer);
        answer
    }

    /// The request that it would send.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Request<Bytes> {
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/_allauth/{}/v1/{path}", self.kind.name()),
        };
        let mut request = Request::builder().method(method).uri(path).body(body).unwrap();
        let mut set = |name: &str, value: &str| {
            let name = http::HeaderName::try_from(name).unwrap();
            request.headers_mut().insert(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        };
        set("host", &self.address);
        set("content-type", "application/json");
        if let Some(languages) = &self.languages {
            set("accept-language", languages);
        }
        let kept = self.kept();
        match self.kind {
            Kind::Browser => {
                set("user-agent", "Mozilla/5.0 (test)");
                set("origin", &self.origin);
                let cookies: Vec<String> =
                    kept.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
                if !cookies.is_empty() {
                    set("cookie", &cookies.join("; "));
                }
                if let Some(secret) = kept.cookies.get("csrftoken") {
                    set("x-csrftoken", secret);
                }
            }
            Kind::App => {
                set("user-agent", "app/1.0 (test)");
                if let Some(token) = &kept.token {
                    set("x-session-token", token);
                }
            }
        }
        drop(kept);
        for (name, value) in headers {
            set(name, value);
        }
        request
    }

    fn keep(&self, answer: &Answer) {
        let mut kept = self.kept();
        if self.kind == Kind::App {
            if let Some(token) = answer.body["meta"]["session_token"].as_str() {
                kept.token = Some(token.to_owned());
            }
            return;
        }
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                kept.cookies.remove(name);
            } else {
                kept.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The session token that it holds.
    pub fn token(&self) -> Option<String> {
        match self.kind {
            Kind::Browser => self.cookie("sessionid"),
            Kind::App => self.kept().token.clone(),
        }
    }

    /// Takes this for its session token; with none, it has never been here before.
    pub fn hold(&self, token: Option<&str>) {
        let mut kept = self.kept();
        match (self.kind, token) {
            (Kind::App, token) => kept.token = token.map(str::to_owned),
            (Kind::Browser, Some(token)) => {
                kept.cookies.insert("sessionid".to_owned(), token.to_owned());
            }
            (Kind::Browser, None) => {
                kept.cookies.remove("sessionid");
            }
        }
    }

    /// A cookie that it holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.kept().cookies.get(name).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    /// Whether it is a 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Fails unless this is the status, and the one in the envelope.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        if self.body.is_object() {
            assert_eq!(self.body["status"], status, "{}", self.text);
        }
        self
    }

    /// What is wrong, each as `param: code`, or `code` alone.
    pub fn errors(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let error = |error: &Value| match error["param"].as_str() {
            Some(param) => format!("{param}: {}", text(&error["code"])),
            None => text(&error["code"]),
        };
        errors.iter().map(error).collect()
    }

    /// Fails unless it is a 400 with just these errors.
    #[track_caller]
    pub fn refuses(&self, errors: &[&str]) -> &Self {
        self.is(400);
        assert_eq!(self.errors(), errors, "{}", self.text);
        self
    }

    /// Fails unless it is a 401 in which this flow is pending.
    #[track_caller]
    pub fn awaits(&self, flow: &str) -> &Self {
        self.is(401);
        assert_eq!(self.body["meta"]["is_authenticated"], false, "{}", self.text);
        assert_eq!(self.pending(), [flow], "{}", self.text);
        self
    }

    /// Fails unless it says that this address is logged in.
    #[track_caller]
    pub fn is_logged_in_as(&self, email: &str) -> &Self {
        self.is(200);
        assert_eq!(self.body["meta"]["is_authenticated"], true, "{}", self.text);
        assert_eq!(self.body["data"]["user"]["email"], email, "{}", self.text);
        self
    }

    /// Fails unless it says that nobody is logged in, and nothing is pending.
    #[track_caller]
    pub fn is_anonymous(&self) -> &Self {
        self.is(401);
        assert_eq!(self.body["meta"]["is_authenticated"], false, "{}", self.text);
        assert_eq!(self.pending(), [""; 0], "{}", self.text);
        assert!(self.body["data"].get("user").is_none(), "{}", self.text);
        self
    }

    /// The flows that are pending.
    pub fn pending(&self) -> Vec<String> {
        let flows = self.body["data"]["flows"].as_array().cloned().unwrap_or_default();
        let pending = flows.iter().filter(|flow| flow["is_pending"] == true);
        pending.map(|flow| flow["id"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The methods by which somebody has authenticated.
    pub fn methods(&self) -> Vec<String> {
        let methods = self.body["data"]["methods"].as_array().cloned().unwrap_or_default();
        methods.iter().map(|method| method["method"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// All values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}
