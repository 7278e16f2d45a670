//! An HTTP API as AWS runs it, on a local port: it routes, limits, and turns requests into events
//! and the functions' responses into HTTP. It knows nothing of accounts.

mod cors;
mod event;
mod routing;

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tracing::{Instrument as _, error, info};

use crate::template::{Api, Cors};
use event::{GatewayEvent, RequestOrigin};
use routing::RouteTable;
use vestibule::clock::Clock;
use vestibule::random::Random;

/// The largest body that API Gateway takes: 10 MB.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How much more is read and thrown away, so that a client that sends too much hears why.
const MAX_EXCESS_BYTES: usize = 30 * 1024 * 1024;
/// The largest request line and headers that API Gateway takes together.
const MAX_HEAD_BYTES: usize = 10_240;
/// The longest that an HTTP API waits for a function.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// What all paths of the clients begin with.
const OWN_PREFIX: &str = "/_allauth/";
/// The header in which HTTP APIs tell the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// A function, as the gateway calls it.
pub type Function =
    Arc<dyn Fn(lambda_http::Request) -> BoxFuture<'static, Response<lambda_http::Body>> + Send + Sync>;

/// The gateway of one HTTP API.
pub struct Gateway {
    routes: RouteTable,
    cors: Option<Cors>,
    functions: HashMap<String, Function>,
    welcome: String,
    prefix: Option<String>,
    /// What a request needs to run; the others wait for theirs, each in its turn.
    turns: Arc<Semaphore>,
    clock: Clock,
    random: Random,
}

/// A route leads to a program that is not there.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml leads {path} to the function {program}, which this program does not have")]
pub struct NoFunction {
    path: String,
    program: String,
}

impl Gateway {
    /// A gateway with the routes of a template, and the programs they lead to by name. The page
    /// `welcome` is shown at `/`, unless a route has that path.
    pub fn new(
        api: Api,
        functions: HashMap<String, Function>,
        welcome: String,
        clock: Clock,
        random: Random,
    ) -> Result<Self, NoFunction> {
        for route in &api.routes {
            if !functions.contains_key(&route.program) {
                return Err(NoFunction { path: route.path.clone(), program: route.program.clone() });
            }
        }
        let routes = RouteTable::new(api.routes);
        let turns = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Ok(Self { routes, cors: api.cors, functions, welcome, prefix: None, turns, clock, random })
    }

    /// The same, which runs so many requests at once.
    #[must_use]
    pub fn with_concurrency(self, concurrency: usize) -> Self {
        let turns = Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS));
        Self { turns: Arc::new(turns), ..self }
    }

    /// The same, with the API under another prefix as well (`HEADLESS_URL_PREFIX`), as what stands in front of it rewrites
    /// paths on AWS.
    #[must_use]
    pub fn with_prefix(self, prefix: Option<String>) -> Self {
        Self { prefix, ..self }
    }

    /// Answers a request from `peer` that came to `port`, and logs it.
    pub async fn answer(&self, request: Request<Body>, peer: SocketAddr, port: u16) -> Response<Body> {
        let began = self.clock.now();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let cors = self.cors.as_ref().map(|cors| (cors, request.headers().clone()));
        let request_id = format!("{:024x}", u128::from_be_bytes(self.random.bytes()) >> 32);
        let mut response = self.respond(request, peer, port, &request_id).await;
        if let Some((cors, request_headers)) = cors {
            cors::mark(cors, &method, &request_headers, response.headers_mut());
        }
        if let Ok(value) = HeaderValue::try_from(&request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let ms = self.clock.now().millis() - began.millis();
        // A path is percent-encoded here; a query may hold secrets.
        info!("{method} {path} {} {ms} ms", response.status().as_u16());
        response
    }

    async fn respond(
        &self,
        request: Request<Body>,
        peer: SocketAddr,
        port: u16,
        request_id: &str,
    ) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        if let Some(uri) = self.prefix.as_ref().and_then(|prefix| rewritten(&head.uri, prefix)) {
            head.uri = uri;
        }
        if head_bytes(&head) > MAX_HEAD_BYTES {
            return refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        if !is_own_host(&head.headers) {
            return refuse(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let path = event::decoded_path(head.uri.path());
        let Some(route) = self.routes.find(head.method.as_str(), &path) else {
            if self.cors.is_some() && cors::is_preflight(&head.method, &head.headers) {
                return StatusCode::NO_CONTENT.into_response();
            }
            if path == "/" && matches!(head.method, Method::GET | Method::HEAD) {
                return page(self.welcome.clone());
            }
            return refuse(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match whole(body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let origin = RequestOrigin {
            route: &route,
            source_ip: peer.ip().to_canonical(),
            port,
            request_id,
            at: self.clock.now(),
        };
        let request = match GatewayEvent::new(&head, &body, &origin).into_request() {
            Ok(request) => request,
            Err(error) => {
                error!(%error, "the event cannot be read");
                return refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            }
        };
        match self.functions.get(&route.route.program) {
            Some(function) => self.invoke(function, request).await,
            None => refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }

    /// Runs a function when it is its turn, to its end, even if the client goes away, as Lambda does.
    async fn invoke(&self, function: &Function, request: lambda_http::Request) -> Response<Body> {
        let function = Arc::clone(function);
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let run = async move {
            let _turn = turn;
            function(request).await
        };
        match tokio::time::timeout(MAX_WAIT, tokio::spawn(run.in_current_span())).await {
            Ok(Ok(response)) => into_http(response),
            Ok(Err(error)) => {
                error!(%error, "the function failed");
                refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Err(_) => {
                error!("the function has not answered within {} s", MAX_WAIT.as_secs());
                refuse(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}

/// What follows the prefix, under the API's own; none where nothing does.
pub fn rewritten(uri: &Uri, prefix: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    format!("{OWN_PREFIX}{rest}").parse().ok()
}

fn into_http(response: Response<lambda_http::Body>) -> Response<Body> {
    let (head, body) = response.into_parts();
    let body = match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    };
    Response::from_parts(head, body)
}

/// What counts toward the gateway's limit: the request line, and names and values of headers.
fn head_bytes(head: &http::request::Parts) -> usize {
    let line = head.method.as_str().len()
        + head.uri.path_and_query().map_or(0, |target| target.as_str().len())
        + "  HTTP/1.1".len();
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": ".len());
    line + headers.sum::<usize>()
}

/// API Gateway gets no request whose host it does not have, so the functions never see one that is
/// no host at all.
fn is_own_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let Some(host) = hosts.next() else { return true };
    let is_host = host.to_str().is_ok_and(|host| {
        !host.contains(['/', '@', '?', '#', '\\']) && url::Url::parse(&format!("http://{host}/")).is_ok()
    });
    is_host && hosts.next().is_none()
}

async fn whole(mut body: Body) -> Result<Vec<u8>, Response<Body>> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(refuse(StatusCode::BAD_REQUEST, "Bad Request"));
        };
        let Some(data) = frame.data_ref() else { continue };
        length += data.len();
        if length <= MAX_BODY_BYTES {
            bytes.extend_from_slice(data);
        } else if length > MAX_BODY_BYTES + MAX_EXCESS_BYTES {
            break;
        }
    }
    if length > MAX_BODY_BYTES {
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"));
    }
    Ok(bytes)
}

/// An answer that the gateway gives itself.
fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    let body = format!(r#"{{"message":"{message}"}}"#);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn page(html: String) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
    ];
    (headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::template::Route;

    fn gateway() -> Gateway {
        let route = |path: &str, program: &str| Route {
            method: "ANY".to_owned(),
            path: path.to_owned(),
            program: program.to_owned(),
        };
        let echo: Function = Arc::new(|request: lambda_http::Request| {
            let body = request.body().to_vec();
            Box::pin(async move {
                Response::builder()
                    .status(201)
                    .header("set-cookie", "a=1")
                    .header("set-cookie", "b=2")
                    .header("access-control-allow-origin", "https://evil.example")
                    .header("x-method", request.method().as_str())
                    .body(lambda_http::Body::Binary(body))
                    .unwrap()
            })
        });
        let failing: Function = Arc::new(|_| Box::pin(async { panic!("on purpose") }));
        let cors = Cors {
            allow_origins: vec!["http://localhost:3000".to_owned()],
            allow_methods: vec!["POST".to_owned()],
            ..Cors::default()
        };
        Gateway::new(
            Api { routes: vec![route("/echo", "echo"), route("/fail", "failing")], cors: Some(cors) },
            HashMap::from([("echo".to_owned(), echo), ("failing".to_owned(), failing)]),
            "<h1>Welcome</h1>".to_owned(),
            Clock::system(),
            Random::system(),
        )
        .unwrap()
    }

    async fn send(request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
        let response = gateway().answer(request, "127.0.0.1:4711".parse().unwrap(), 8000).await;
        let (head, body) = response.into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    fn message(body: &[u8]) -> String {
        serde_json::from_slice::<Value>(body).unwrap()["message"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_function_answers_with_all_its_cookies() {
        for method in ["POST", "OPTIONS", "HEAD"] {
            let request = Request::builder().method(method).uri("/echo?x=1");
            let (status, headers, body) = send(request.body(Body::from("hi")).unwrap()).await;
            assert_eq!((status, body.as_slice()), (201, b"hi".as_slice()));
            assert_eq!(headers["x-method"], method);
            let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
            assert_eq!(cookies, ["a=1", "b=2"]);
            assert!(headers.contains_key(REQUEST_ID));
            assert!(!headers.contains_key("access-control-allow-origin"), "the gateway's to say");
        }
    }

    #[tokio::test]
    async fn bodies_have_a_limit() {
        let request = Request::post("/echo").body(Body::from(vec![b'x'; MAX_BODY_BYTES])).unwrap();
        assert_eq!(send(request).await.0, 201);
        let request = Request::post("/echo").body(Body::from(vec![b'x'; MAX_BODY_BYTES + 1])).unwrap();
        let (status, _, body) = send(request).await;
        assert_eq!((status, message(&body).as_str()), (413, "Request Entity Too Large"));
    }

    #[tokio::test]
    async fn heads_have_a_limit() {
        let request = |bytes| Request::get("/echo").header("x", "y".repeat(bytes)).body(Body::empty());
        let rest = "GET /echo HTTP/1.1".len() + "x: ".len();
        assert_eq!(send(request(MAX_HEAD_BYTES - rest).unwrap()).await.0, 201);
        assert_eq!(send(request(MAX_HEAD_BYTES - rest + 1).unwrap()).await.0, 431);
    }

    #[tokio::test]
    async fn what_is_not_there_is_said() {
        let (status, headers, body) = send(Request::get("/nope").body(Body::empty()).unwrap()).await;
        assert_eq!((status, message(&body).as_str()), (404, "Not Found"));
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        let (status, _, body) = send(Request::get("/").body(Body::empty()).unwrap()).await;
        assert_eq!((status, body.as_slice()), (200, b"<h1>Welcome</h1>".as_slice()));
    }

    #[test]
    fn another_prefix_leads_to_the_api() {
        let rewritten =
            |path: &str| rewritten(&path.parse().unwrap(), "/auth/api/").map(|uri| uri.to_string());
        assert_eq!(
            rewritten("/auth/api/browser/v1/config?a=%2F").as_deref(),
            Some("/_allauth/browser/v1/config?a=%2F")
        );
        for path in ["/auth/api", "/auth/apis/x", "/x/auth/api/y", "/_allauth/browser/v1/config"] {
            assert_eq!(rewritten(path), None, "{path}");
        }
    }

    #[tokio::test]
    async fn a_panic_fails_one_request() {
        let (status, _, body) = send(Request::get("/fail").body(Body::empty()).unwrap()).await;
        assert_eq!((status, message(&body).as_str()), (500, "Internal Server Error"));
    }

    #[tokio::test]
    async fn no_more_requests_run_at_once_than_the_gateway_is_to() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most_seen = Arc::clone(&most);
        let counting: Function = Arc::new(move |_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            Box::pin(async move {
                most.fetch_max(1 + running.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Response::new(lambda_http::Body::Empty)
            })
        });
        let mut gateway = gateway().with_concurrency(3);
        gateway.functions.insert("echo".to_owned(), counting);
        let ask = async |_| {
            let request = Request::get("/echo").body(Body::empty()).unwrap();
            gateway.answer(request, "127.0.0.1:4711".parse().unwrap(), 8000).await.status()
        };
        let answers = futures_util::future::join_all((0..12).map(ask)).await;
        assert_eq!((answers, most_seen.load(Ordering::SeqCst)), (vec![StatusCode::OK; 12], 3));
    }

    #[tokio::test]
    async fn hosts_that_are_none_are_refused() {
        for (host, expected) in [
            ("localhost:8000", 201),
            ("[::1]:8000", 201),
            ("auth.example.com", 201),
            ("a b", 400),
            ("a/b", 400),
            ("user@host", 400),
            ("", 400),
            ("host:99999", 400),
            ("\u{e9}", 400),
        ] {
            let host = HeaderValue::from_bytes(host.as_bytes()).unwrap();
            let request = Request::get("/echo").header(header::HOST, host).body(Body::empty());
            assert_eq!(send(request.unwrap()).await.0, expected);
        }
    }

    #[tokio::test]
    async fn preflights_go_to_the_function_or_are_answered() {
        for (path, expected, method) in [("/echo", 201, Some("OPTIONS")), ("/nope", 204, None)] {
            let request = Request::options(path)
                .header(header::ORIGIN, "http://localhost:3000")
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
            let (status, headers, body) = send(request.body(Body::empty()).unwrap()).await;
            assert_eq!((status, body.len()), (expected, 0));
            assert_eq!(headers.get("x-method").map(|name| name.to_str().unwrap()), method);
            assert_eq!(headers["access-control-allow-origin"], "http://localhost:3000");
            assert_eq!(headers["access-control-allow-methods"], "POST");
        }
        let request = Request::get("/echo").header(header::ORIGIN, "http://localhost:3000");
        let (_, headers, _) = send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(headers["access-control-allow-origin"], "http://localhost:3000");
    }

    #[test]
    fn routes_need_their_functions() {
        let route = Route { method: "ANY".to_owned(), path: "/a".to_owned(), program: "absent".to_owned() };
        let api = Api { routes: vec![route], cors: None };
        let error =
            Gateway::new(api, HashMap::new(), String::new(), Clock::system(), Random::system()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "template.yaml leads /a to the function absent, which this program does not have"
        );
    }
}
