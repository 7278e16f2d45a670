//! The event that API Gateway makes of a request (payload format 2.0), and the function's request
//! that comes of it.
//!
//! Events captured from AWS settle what its documentation leaves open: the path arrives decoded,
//! the `Cookie` header is in `cookies` alone, and bodies are text only under a textual media type.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::routing::Match;
use vestibule::domain::time::Timestamp;

/// What the gateway knows of a request besides its head and body.
pub struct RequestOrigin<'a> {
    /// The route taken.
    pub route: &'a Match<'a>,
    /// The client's address.
    pub source_ip: IpAddr,
    /// The port that the gateway listens on.
    pub port: u16,
    /// The request's own id.
    pub request_id: &'a str,
    /// When it came.
    pub at: Timestamp,
}

/// An event, as the function is given it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEvent {
    version: &'static str,
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<String, String>,
    request_context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: String,
    http: HttpContext,
    request_id: String,
    route_key: String,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpContext {
    method: String,
    path: String,
    protocol: String,
    source_ip: String,
    user_agent: String,
}

impl GatewayEvent {
    /// The event for a request.
    pub fn new(head: &http::request::Parts, body: &[u8], origin: &RequestOrigin<'_>) -> Self {
        let route = origin.route.route;
        let route_key = match route.path.as_str() {
            "$default" => route.path.clone(),
            path => format!("{} {path}", route.method),
        };
        let raw_path = decoded_path(head.uri.path());
        let query = head.uri.query().unwrap_or_default();
        let host = text(&head.headers, &header::HOST);
        let domain = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        let domain = if domain.is_empty() { "localhost" } else { domain };
        let (body, is_base64_encoded) = encoded_body(&head.headers, body);
        Self {
            version: "2.0",
            route_key: route_key.clone(),
            raw_path: raw_path.clone(),
            raw_query_string: query.to_owned(),
            cookies: cookies(&head.headers),
            headers: headers(&head.headers, origin),
            query_string_parameters: query_parameters(query),
            path_parameters: origin.route.parameters.clone(),
            request_context: Context {
                account_id: crate::ACCOUNT,
                api_id: "local",
                domain_name: domain.to_owned(),
                domain_prefix: domain.split('.').next().unwrap_or_default().to_owned(),
                http: HttpContext {
                    method: head.method.to_string(),
                    path: raw_path,
                    protocol: format!("{:?}", head.version),
                    source_ip: origin.source_ip.to_string(),
                    user_agent: text(&head.headers, &header::USER_AGENT),
                },
                request_id: origin.request_id.to_owned(),
                route_key,
                stage: "$default",
                time: log_time(origin.at),
                time_epoch: origin.at.millis(),
            },
            body,
            is_base64_encoded,
        }
    }

    /// The request that a function sees, read from the event's JSON as on Lambda.
    pub fn into_request(self) -> Result<lambda_http::Request, serde_json::Error> {
        lambda_http::request::from_str(&serde_json::to_string(&self)?)
    }
}

/// The path as the gateway matches and passes it on: decoded, and cut at a decoded `?`.
pub fn decoded_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split('?').next().unwrap_or_default().to_owned()
}

/// Repeated headers joined by commas, plus what the gateway adds.
fn headers(headers: &HeaderMap, origin: &RequestOrigin<'_>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<_, _> = headers
        .keys()
        .filter(|name| *name != header::COOKIE)
        .map(|name| (name.to_string(), text(headers, name)))
        .collect();
    let source = origin.source_ip.to_string();
    joined
        .entry("x-forwarded-for".to_owned())
        .and_modify(|chain| *chain = format!("{chain}, {source}"))
        .or_insert(source);
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    joined.insert("x-forwarded-port".to_owned(), origin.port.to_string());
    joined
        .entry("x-amzn-trace-id".to_owned())
        .or_insert_with(|| format!("Root=1-{:08x}-{:.24}", origin.at.seconds(), origin.request_id));
    joined
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    values.join(",")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| {
            let line = String::from_utf8_lossy(value.as_bytes()).into_owned();
            line.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|values| *values = format!("{values},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

fn encoded_body(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(body) if is_textual(&text(headers, &header::CONTENT_TYPE)) => (Some(body.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

fn is_textual(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.is_empty()
        || media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type.as_str())
}

/// As in access logs: `12/Mar/2020:19:03:58 +0000`.
fn log_time(at: Timestamp) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::from_unix_timestamp(at.seconds())
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use lambda_http::RequestExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::template::Route;

    fn event(request: http::request::Builder, body: &[u8]) -> GatewayEvent {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let route =
            Route { method: "ANY".to_owned(), path: "$default".to_owned(), program: "login".to_owned() };
        let route = Match { route: &route, parameters: BTreeMap::new() };
        GatewayEvent::new(
            &head,
            body,
            &RequestOrigin {
                route: &route,
                source_ip: "68.8.83.18".parse().unwrap(),
                port: 443,
                request_id: "1bae89e2512ec92d5d9438a0",
                at: Timestamp::from_millis(1_783_711_145_766),
            },
        )
    }

    /// As a real HTTP API passed such a request on in July 2026, less what names its owner.
    #[test]
    fn the_event_is_what_the_gateway_gives() {
        let body = r#"{"message":"hello","unicode":"λ"}"#;
        let query = "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb\
            &literalPlus=a+b&encodedPlus=a%2Bb&empty=";
        let request = http::Request::post(format!("/capture/space%20value?{query}"))
            .header("Host", "api.example.com")
            .header("User-Agent", "curl/8.7.1")
            .header("Accept", "*/*")
            .header("Cookie", "session=abc123; theme=dark")
            .header("X-Probe", "first")
            .header("X-Probe", "second")
            .header("Content-Type", "application/json")
            .header("Content-Length", "33");
        assert_eq!(
            serde_json::to_value(event(request, body.as_bytes())).unwrap(),
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/capture/space value",
                "rawQueryString": query,
                "cookies": ["session=abc123", "theme=dark"],
                "headers": {
                    "accept": "*/*",
                    "content-length": "33",
                    "content-type": "application/json",
                    "host": "api.example.com",
                    "user-agent": "curl/8.7.1",
                    "x-amzn-trace-id": "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0",
                    "x-forwarded-for": "68.8.83.18",
                    "x-forwarded-port": "443",
                    "x-forwarded-proto": "http",
                    "x-probe": "first,second",
                },
                "queryStringParameters": {
                    "empty": "",
                    "encodedPlus": "a+b",
                    "literalPlus": "a b",
                    "redirect": "https://example.com/a/b",
                    "repeat": "one,two",
                },
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "domainName": "api.example.com",
                    "domainPrefix": "api",
                    "http": {
                        "method": "POST",
                        "path": "/capture/space value",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "68.8.83.18",
                        "userAgent": "curl/8.7.1",
                    },
                    "requestId": "1bae89e2512ec92d5d9438a0",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "10/Jul/2026:19:19:05 +0000",
                    "timeEpoch": 1_783_711_145_766_i64,
                },
                "body": body,
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn the_runtime_reads_the_event_back() {
        let request = http::Request::put("/a%20b?key=1%262")
            .header("Host", "localhost:8000")
            .header("Cookie", "a=1")
            .header("Cookie", "b=2")
            .header("X-Forwarded-For", "203.0.113.9");
        let request = event(request, b"\xff\0").into_request().unwrap();
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.uri(), "http://localhost:8000/a%20b?key=1%262");
        assert_eq!(request.raw_http_path(), "/a b");
        assert_eq!(request.headers()["cookie"], "a=1; b=2");
        assert_eq!(request.headers()["x-forwarded-for"], "203.0.113.9, 68.8.83.18");
        assert_eq!(request.body().as_ref(), b"\xff\0");
    }

    #[test]
    fn bodies_are_text_under_textual_types_alone() {
        for (content_type, body, encoded) in [
            ("", "{}", false),
            ("application/json; charset=utf-8", "{}", false),
            ("application/problem+json", "{}", false),
            ("TEXT/plain", "hi", false),
            ("application/x-www-form-urlencoded", "a=1", true),
            ("image/png", "x", true),
        ] {
            let request = http::Request::post("/").header("Content-Type", content_type);
            let event = serde_json::to_value(event(request, body.as_bytes())).unwrap();
            assert_eq!(event["isBase64Encoded"], encoded, "{content_type}");
            let expected = if encoded { STANDARD.encode(body) } else { body.to_owned() };
            assert_eq!(event["body"], Value::from(expected), "{content_type}");
        }
        let event = serde_json::to_value(event(http::Request::get("/"), b"")).unwrap();
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&Value::Null, &Value::Bool(false)));
    }

    #[test]
    fn paths_are_decoded_as_the_gateway_does() {
        for (raw, decoded) in [
            ("/a%2Fb", "/a/b"),
            ("/users/me%3Fadmin=true", "/users/me"),
            ("/%E2%82%AC", "/€"),
            ("/%ff", "/\u{fffd}"),
            ("/100%", "/100%"),
        ] {
            assert_eq!(decoded_path(raw), decoded, "{raw}");
        }
    }

    /// The fields of AWS's own example of a small event, in its Rust runtime's tests.
    #[test]
    fn a_small_event_has_the_fields_of_a_real_one() {
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let event = serde_json::to_value(event(http::Request::get("/"), b"")).unwrap();
        assert_eq!(
            keys(&event),
            [
                "headers",
                "isBase64Encoded",
                "rawPath",
                "rawQueryString",
                "requestContext",
                "routeKey",
                "version"
            ]
        );
        assert_eq!(
            keys(&event["requestContext"]),
            [
                "accountId",
                "apiId",
                "domainName",
                "domainPrefix",
                "http",
                "requestId",
                "routeKey",
                "stage",
                "time",
                "timeEpoch"
            ]
        );
        assert_eq!(
            keys(&event["requestContext"]["http"]),
            ["method", "path", "protocol", "sourceIp", "userAgent"]
        );
    }

    #[test]
    fn ipv6_hosts_keep_their_brackets() {
        let request = http::Request::get("/").header("Host", "[::1]:8000");
        let event = serde_json::to_value(event(request, b"")).unwrap();
        assert_eq!(event["requestContext"]["domainName"], "[::1]");
    }
}
