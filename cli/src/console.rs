//! The console: a page for operators on loopback, which passes what it asks for on to the operators' API.
//!
//! It lends the rights of an operator to a browser, in which other sites run their code as well. So it answers to one host
//! alone, takes requests only from its own page, and only with the token of the link that was printed. The token is in the
//! fragment, which browsers send nowhere; the page keeps it in memory and sends it in a header, which no other origin can.

mod link;

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use vestibule::clock::Clock;
use vestibule::operator::OperatorRequest;
use vestibule::operator::api::WRITER;
use vestibule::random::Random;

use crate::arguments::{ConsoleOptions, Data};
use crate::hosts::Hosts;
use crate::layer::Layer;
use crate::operator::{Door, OperatorCommandError};
use crate::operator_api::OperatorAnswer;
use crate::pages::{self, Module, modules};
use crate::ports::{self, Port, PortError};
use crate::style::style;
use crate::terminal::print;
use link::{ConsoleLink, IDLE, NoAccess};

/// The largest body of an operation: an account's metadata, and more.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How often the command looks whether its link has expired: a machine that slept counts no time.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The flag and the variable of its port.
pub const PORT_FLAG: &str = "--console-port (VESTIBULE_CONSOLE_PORT)";

/// The header that has the token.
const TOKEN: HeaderName = HeaderName::from_static("x-console-token");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const INDEX: &str = include_str!("pages/console/index.html");
const OWN_STYLE: &str = include_str!("pages/console/console.css");

/// The modules of the page.
const MODULES: &[Module] = modules! {
    "pages/console/":
    "account.js" "accounts.js" "add.js" "api.js" "change.js" "fields.js" "history.js" "identity.js" "invitations.js"
    "main.js" "methods.js" "router.js" "sessions.js" "standing.js"
};

/// What every answer says of itself: it is for this origin alone, in no frame, and not stored.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// There is nothing to pass requests on to.
    #[error(transparent)]
    Door(#[from] OperatorCommandError),
    /// Its port cannot be used.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The operating system refuses something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the console until Ctrl-C, SIGTERM, or the end of its link.
pub async fn run(
    options: &ConsoleOptions,
    environment: HashMap<String, String>,
) -> Result<String, ConsoleError> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let place = place(&options.data, &environment);
    let door = Door::open(&options.data, environment, WRITER).await?;
    let number = options.port.console_port;
    let port = ports::listen(Ipv4Addr::LOCALHOST.into(), number, PORT_FLAG).await?;
    let console = Console::new(&port, door, &place, None);
    print(&format!(
        "\nThe console of {}\n\n  {}\n\nThis link has your rights: keep it to yourself. It ends after {} idle minutes; \
         Ctrl-C ends it now.\n",
        console.place,
        console.url(),
        IDLE.as_secs() / 60,
    ));
    let mut layer = Layer::new();
    layer.serve(port.listeners, &router(&console));
    let end = tokio::select! {
        _ = interrupt.recv() => "The console has ended.".to_owned(),
        _ = terminate.recv() => "The console has ended.".to_owned(),
        () = idle(&console.link) => {
            let minutes = IDLE.as_secs() / 60;
            format!("The console has ended after {minutes} idle minutes. `vestibule console` starts it again.")
        }
    };
    layer.stop().await;
    Ok(end)
}

/// What it changes, as the operator is to know it.
fn place(data: &Data, environment: &HashMap<String, String>) -> String {
    let given = |name| environment.get(name).filter(|value| !value.is_empty());
    match (given("OPERATOR_URL").or_else(|| given("OPERATOR_READ_URL")), given("TABLE_NAME")) {
        (Some(url), _) => url.clone(),
        (None, Some(table)) => format!("the table {table}"),
        (None, None) => format!("the local stack in {}", data.path().display()),
    }
}

/// Waits until the link has expired.
async fn idle(link: &ConsoleLink) {
    loop {
        let remaining = link.remaining();
        if remaining.is_zero() {
            return;
        }
        tokio::time::sleep(remaining.min(LOOK_EVERY)).await;
    }
}

/// What the page asks.
pub struct Console {
    authority: String,
    door: Door,
    place: String,
    link: ConsoleLink,
    /// Tells the link that takes the place of one that has expired, where the console does not end with it.
    tell: Option<Tell>,
}

/// Tells something to who runs the program.
pub type Tell = fn(&str);

impl Console {
    /// One that listens at a port.
    pub fn new(port: &Port, door: Door, place: &str, tell: Option<Tell>) -> Arc<Self> {
        let authority = format!("{}:{}", Ipv4Addr::LOCALHOST, port.number);
        let link = ConsoleLink::new(Clock::system(), Random::system());
        Arc::new(Self { authority, door, place: place.to_owned(), link, tell })
    }

    /// Where it is.
    pub fn origin(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The link that opens the page.
    pub fn url(&self) -> String {
        format!("{}/#{}", self.origin(), self.link.token().expose())
    }

    /// Whether a request comes from the page, and from who has the link.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let is = |name: &HeaderName, expected: &str| {
            let mut values = headers.get_all(name).iter();
            values.next().is_some_and(|value| value == expected) && values.next().is_none()
        };
        if !is(&SEC_FETCH_SITE, "same-origin") || !is(&header::ORIGIN, &self.origin()) {
            return Err(Refusal::Site);
        }
        let token = headers.get(&TOKEN).and_then(|token| token.to_str().ok()).unwrap_or_default();
        self.link.check(token).map_err(Refusal::Token)?;
        if is(&header::CONTENT_TYPE, "application/json") { Ok(()) } else { Err(Refusal::ContentType) }
    }
}

/// Why a request is not passed on.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Site,
    Token(NoAccess),
    ContentType,
    TooLarge,
    NoObject,
}

impl Refusal {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Site => {
                (StatusCode::FORBIDDEN, "forbidden", "Only the console's own page may ask for this.")
            }
            Self::Token(NoAccess::Wrong) => (
                StatusCode::UNAUTHORIZED,
                "wrong_link",
                "This is not the link that was printed last. Open that one, from where Vestibule runs.",
            ),
            Self::Token(NoAccess::Expired) => (
                StatusCode::UNAUTHORIZED,
                "expired_link",
                "The link has expired: it was idle for 30 minutes. Reload the page, and open the new link, which is \
                 printed where Vestibule runs.",
            ),
            Self::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "no_json", "The body must be application/json.")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than 64 KB."),
            Self::NoObject => (StatusCode::BAD_REQUEST, "no_object", "The body must be a JSON object."),
        }
    }
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        (status, Json(json!({"errors": [{"code": code, "message": message}]}))).into_response()
    }
}

/// Everything that a console answers.
pub fn router(console: &Arc<Console>) -> Router {
    let environment = json!({"place": console.place}).to_string();
    let mut router = Router::new()
        .route("/", get(page))
        .route("/environment.json", pages::file("application/json", environment))
        .route("/style.css", pages::file("text/css", style() + pages::COMMON_STYLE + OWN_STYLE))
        .route("/api/{operation}", post(pass_on));
    for (name, text) in MODULES.iter().chain(pages::COMMON) {
        router = router.route(&format!("/modules/{name}"), pages::file("text/javascript", *text));
    }
    let router = router.with_state(Arc::clone(console));
    Hosts::Only(console.authority.clone()).before(router).layer(map_response(
        async |mut response: Response| {
            let headers = response.headers_mut();
            for (name, value) in HEADERS {
                headers.insert(name, HeaderValue::from_static(value));
            }
            response
        },
    ))
}

/// The page is for everyone who runs a browser here; a new link is for who sees where it is printed.
async fn page(State(console): State<Arc<Console>>) -> Html<&'static str> {
    if let Some(tell) = console.tell
        && console.link.renew().is_some()
    {
        tell(&format!("\nThe console has a new link: {}\n", console.url()));
    }
    Html(INDEX)
}

async fn pass_on(
    State(console): State<Arc<Console>>,
    Path(operation): Path<String>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    console.admit(request.headers())?;
    let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| Refusal::TooLarge)?;
    let arguments: Value = serde_json::from_slice(&body).map_err(|_| Refusal::NoObject)?;
    let answer = match OperatorRequest::parse(&operation, &arguments) {
        Ok(request) => console.door.answer(request).await,
        Err(error) => OperatorAnswer::from(Err(error)),
    };
    Ok((answer.status, Json(answer.body)).into_response())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::pages::tests::check;
    use vestibule::domain::time::Timestamp;

    #[test]
    fn every_module_is_served_and_makes_no_html() {
        check("console", MODULES);
    }

    #[tokio::test]
    async fn it_waits_until_its_link_has_expired() {
        let time = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&time);
        let clock = Clock::new(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        let link = ConsoleLink::new(clock, Random::system());
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, idle(&link)).await.is_err(), "it has just begun");
        time.store(30 * 60 * 1000 + 1, Ordering::SeqCst);
        idle(&link).await;
    }
}
