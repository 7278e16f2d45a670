//! One login, as an app makes it, and what belongs to it.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use vestibule::outside::{HttpClient, HttpError, HttpRequest, HttpResponse};
use vestibule::secret::Secret;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// What a run does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    /// Logs in with email address and password.
    Login,
    /// Asks whether the session is authenticated.
    Session,
    /// Ends the sessions of runs whose login was never answered.
    Leftovers,
    /// Logs out.
    Logout,
}

impl ProbeStep {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Session => "session",
            Self::Leftovers => "leftovers",
            Self::Logout => "logout",
        }
    }
}

/// Which step failed, and why; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", step.name())]
pub struct ProbeError {
    /// The step.
    pub step: ProbeStep,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("answered {0}, not {1}")]
    Status(u16, u16),
    #[error("answered without {0}")]
    Lacks(&'static str),
    #[error("API_URL is no URL")]
    NoUrl,
}

/// The email address and the password of the account.
#[derive(Clone, Debug)]
pub struct Credentials {
    email: String,
    password: Secret,
}

impl Credentials {
    /// From the document that the template makes: `{"email": "…", "password": "…"}`.
    pub fn read(document: &Secret) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            email: String,
            password: String,
        }
        let Document { email, password } = serde_json::from_str(document.expose()).ok()?;
        Some(Self { email, password: Secret::new(password) })
    }
}

/// Who logs in, and where.
#[derive(Clone, Debug)]
pub struct Probe {
    client: HttpClient,
    /// What the paths of the endpoints follow.
    api: Url,
    credentials: Credentials,
}

impl Probe {
    /// One that logs in at the API with this public URL.
    pub fn new(client: HttpClient, url: &str, credentials: Credentials) -> Result<Self, ProbeError> {
        let api = Url::parse(url).and_then(|url| url.join("/_allauth/app/v1/"));
        let api = api.map_err(|_| ProbeError { step: ProbeStep::Login, why: Why::NoUrl })?;
        Ok(Self { client, api, credentials })
    }

    /// Logs in, checks the session, and logs out: also where something failed between, so that no session is left.
    pub async fn run(&self) -> Result<(), ProbeError> {
        let credentials =
            json!({"email": self.credentials.email, "password": self.credentials.password.expose()});
        let answer = self.ask(ProbeStep::Login, Method::POST, "auth/login", None, Some(&credentials)).await?;
        // A login that waits for a second factor has a session, too.
        let logged_in = expect(ProbeStep::Login, &answer, StatusCode::OK);
        let token = read(&answer).pointer("/meta/session_token").and_then(Value::as_str).map(Secret::new);
        let Some(token) = token else {
            logged_in?;
            return Err(ProbeError { step: ProbeStep::Login, why: Why::Lacks("a session token") });
        };
        let checked = match logged_in {
            Ok(()) => self.check(&token).await,
            Err(error) => Err(error),
        };
        let logged_out = self.log_out(&token).await;
        checked.and(logged_out)
    }

    async fn check(&self, token: &Secret) -> Result<(), ProbeError> {
        let answer = self.ask(ProbeStep::Session, Method::GET, "auth/session", Some(token), None).await?;
        expect(ProbeStep::Session, &answer, StatusCode::OK)?;
        if read(&answer).pointer("/meta/is_authenticated") != Some(&Value::Bool(true)) {
            return Err(ProbeError { step: ProbeStep::Session, why: Why::Lacks("is_authenticated") });
        }
        self.end_leftovers(token).await
    }

    async fn end_leftovers(&self, token: &Secret) -> Result<(), ProbeError> {
        let answer = self.ask(ProbeStep::Leftovers, Method::GET, "auth/sessions", Some(token), None).await?;
        // Without the app `usersessions`, nobody can list sessions; they expire.
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        expect(ProbeStep::Leftovers, &answer, StatusCode::OK)?;
        let answer = read(&answer);
        let sessions = answer.pointer("/data").and_then(Value::as_array);
        let others = sessions.into_iter().flatten().filter(|session| session["is_current"] == json!(false));
        let others: Vec<&Value> = others.map(|session| &session["id"]).collect();
        if others.is_empty() {
            return Ok(());
        }
        let others = json!({"sessions": others});
        let answer = self
            .ask(ProbeStep::Leftovers, Method::DELETE, "auth/sessions", Some(token), Some(&others))
            .await?;
        expect(ProbeStep::Leftovers, &answer, StatusCode::OK)
    }

    async fn log_out(&self, token: &Secret) -> Result<(), ProbeError> {
        let answer = self.ask(ProbeStep::Logout, Method::DELETE, "auth/session", Some(token), None).await?;
        // What a client without a session is told.
        expect(ProbeStep::Logout, &answer, StatusCode::UNAUTHORIZED)
    }

    async fn ask(
        &self,
        step: ProbeStep,
        method: Method,
        path: &str,
        token: Option<&Secret>,
        body: Option<&Value>,
    ) -> Result<HttpResponse, ProbeError> {
        let url = self.api.join(path).map_err(|_| ProbeError { step, why: Why::NoUrl })?;
        let mut headers = vec![(ACCEPT, JSON)];
        if let Some(token) = token {
            let value = HeaderValue::try_from(token.expose());
            let mut value =
                value.map_err(|_| ProbeError { step, why: Why::Lacks("a usable session token") })?;
            value.set_sensitive(true);
            headers.push((SESSION_TOKEN, value));
        }
        headers.extend(body.map(|_| (CONTENT_TYPE, JSON)));
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let answer = self.client.send(HttpRequest { method, url, headers, body }).await;
        answer.map_err(|error| ProbeError { step, why: error.into() })
    }
}

fn expect(step: ProbeStep, answer: &HttpResponse, status: StatusCode) -> Result<(), ProbeError> {
    let why = || Why::Status(answer.status.as_u16(), status.as_u16());
    if answer.status == status { Ok(()) } else { Err(ProbeError { step, why: why() }) }
}

fn read(answer: &HttpResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vestibule::outside::HttpRules;
    use vestibule_stand_in::{Received, Server};

    use super::*;

    const LOGGED_IN: &str =
        r#"{"status": 200, "meta": {"is_authenticated": true, "session_token": "the-token"}}"#;
    const ALONE: &str = r#"{"status": 200, "data": [{"id": 7, "is_current": true}]}"#;
    const WITH_OTHERS: &str =
        r#"{"status": 200, "data": [{"id": 7, "is_current": true}, {"id": 5, "is_current": false}]}"#;
    const IN: &str = "POST /_allauth/app/v1/auth/login";
    const CHECK: &str = "GET /_allauth/app/v1/auth/session";
    const LIST: &str = "GET /_allauth/app/v1/auth/sessions";
    const END: &str = "DELETE /_allauth/app/v1/auth/sessions";
    const OUT: &str = "DELETE /_allauth/app/v1/auth/session";

    /// What works, unless the test says otherwise of one request.
    fn usual(request: &Received, odd: (&str, &str, &str)) -> String {
        let asked = format!("{} {}", request.method, request.path());
        if asked == odd.0 {
            return Server::with_status(odd.1, odd.2);
        }
        match asked.as_str() {
            IN | CHECK => Server::ok(LOGGED_IN),
            LIST | END => Server::ok(ALONE),
            OUT => Server::with_status("401 Unauthorized", "{}"),
            _ => Server::with_status("404 Not Found", "{}"),
        }
    }

    async fn run(odd: (&'static str, &'static str, &'static str)) -> (Result<(), String>, Server) {
        let server = Server::start(move |request| usual(request, odd)).await;
        let rules =
            HttpRules { timeout: Duration::from_secs(20), private_ip_addresses: true, plain_http: true };
        let credentials = Secret::new(r#"{"email": "probe@example.com", "password": "the-password"}"#);
        let credentials = Credentials::read(&credentials).unwrap();
        let probe = Probe::new(HttpClient::new(rules), &server.url, credentials).unwrap();
        let done = probe.run().await.map_err(|error| format!("{error} {error:?}"));
        (done, server)
    }

    #[tokio::test]
    async fn logs_in_checks_the_session_and_logs_out() {
        let (done, server) = run(("", "", "")).await;
        done.unwrap();
        assert_eq!(server.requests(), [IN, CHECK, LIST, OUT]);
        let login: Value = serde_json::from_str(&server.all()[0].body).unwrap();
        assert_eq!(login, json!({"email": "probe@example.com", "password": "the-password"}));
        let tokens =
            server.asked(|request| request.headers.get("x-session-token").cloned().unwrap_or_default());
        assert_eq!(tokens, ["", "the-token", "the-token", "the-token"]);
    }

    #[tokio::test]
    async fn what_fails_is_named_without_a_secret_and_no_session_is_left() {
        let out = r#"{"meta": {"is_authenticated": false, "session_token": "the-token"}}"#;
        for (odd, error, requests) in [
            ((IN, "400 Bad Request", "{}"), "login: answered 400, not 200", &[IN][..]),
            ((IN, "200 OK", "the-password"), "login: answered without a session token", &[IN]),
            // A second factor: its session is ended, too.
            ((IN, "401 Unauthorized", out), "login: answered 401, not 200", &[IN, OUT]),
            ((CHECK, "503 Unavailable", ""), "session: answered 503, not 200", &[IN, CHECK, OUT]),
            ((CHECK, "200 OK", out), "session: answered without is_authenticated", &[IN, CHECK, OUT]),
            ((CHECK, "302 Found", ""), "session: 127.0.0.1 redirects elsewhere", &[IN, CHECK, OUT]),
            ((LIST, "500 Oops", ""), "leftovers: answered 500, not 200", &[IN, CHECK, LIST, OUT]),
            ((OUT, "200 OK", LOGGED_IN), "logout: answered 200, not 401", &[IN, CHECK, LIST, OUT]),
        ] {
            let (done, server) = run(odd).await;
            let told = done.unwrap_err();
            assert!(told.starts_with(error), "{told}");
            assert!(!told.contains("the-password") && !told.contains("the-token"), "{told}");
            assert_eq!(server.requests(), requests, "{odd:?}");
        }
    }

    #[tokio::test]
    async fn sessions_of_logins_that_were_never_answered_are_ended() {
        let (done, server) = run((LIST, "200 OK", WITH_OTHERS)).await;
        done.unwrap();
        assert_eq!(server.requests(), [IN, CHECK, LIST, END, OUT]);
        assert_eq!(server.all()[3].body, r#"{"sessions":[5]}"#);
        // Where sessions cannot be listed.
        let (done, server) = run((LIST, "404 Not Found", "")).await;
        done.unwrap();
        assert_eq!(server.requests(), [IN, CHECK, LIST, OUT]);
    }
}
