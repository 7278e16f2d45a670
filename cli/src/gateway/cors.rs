//! Cross-origin requests, answered as an HTTP API does: it replaces what the function says about CORS. A preflight
//! goes to the function as well where an `ANY` route matches, and its status decides whether the browser goes on.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::template::Cors;

/// Whether a browser asks before a request. Where no route matches, the gateway answers by itself.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Sets the headers of an answer.
pub fn mark(cors: &Cors, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
    for name in [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE,
    ] {
        response.remove(name);
    }
    let Some(origin) = allowed_origin(cors, request) else { return warn_of_refusal(cors, request) };
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if is_preflight(method, request) {
        insert_list(response, ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods);
        insert_list(response, ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
        if let Some(seconds) = cors.max_age {
            response.insert(ACCESS_CONTROL_MAX_AGE, seconds.into());
        }
    } else {
        insert_list(response, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers);
    }
    if cors.allow_credentials {
        response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn allowed_origin(cors: &Cors, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let matches = |allowed: &String| match allowed.as_str() {
        "http://*" | "https://*" => text.starts_with(allowed.trim_end_matches('*')),
        _ => allowed == text,
    };
    cors.allow_origins.iter().any(matches).then(|| origin.clone())
}

/// A browser says nothing of the reason, and in the log the response looks like any other.
fn warn_of_refusal(cors: &Cors, request: &HeaderMap) {
    if let Some(origin) = refused_origin(request) {
        let trusted = cors.allow_origins.join(", ");
        tracing::warn!(
            "{origin} is not among CSRF_TRUSTED_ORIGINS ({trusted}): its pages cannot read the response"
        );
    }
}

/// The origin of the page whose script is refused. `Sec-Fetch-Mode` says that a script asks: without an origin, it is
/// one of the API's own page, or a server's (Node.js).
fn refused_origin(request: &HeaderMap) -> Option<&str> {
    let text = |name: &str| request.get(name)?.to_str().ok();
    let origin = text(ORIGIN.as_str())?;
    let is_own = origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(HOST.as_str()));
    (text("sec-fetch-mode") == Some("cors") && !is_own).then_some(origin)
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, items: &[String]) {
    if let Ok(value) = HeaderValue::try_from(items.join(","))
        && !items.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        Cors {
            allow_origins: list(origins),
            allow_methods: list(&["GET", "POST"]),
            allow_headers: list(&["content-type", "x-csrftoken"]),
            expose_headers: list(&["retry-after"]),
            allow_credentials: true,
            max_age: Some(600),
        }
    }

    fn request(origin: &str) -> HeaderMap {
        [(ORIGIN, HeaderValue::from_str(origin).unwrap())].into_iter().collect()
    }

    fn preflight(origin: &str) -> HeaderMap {
        let asked = (ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        request(origin).into_iter().filter_map(|(name, value)| Some((name?, value))).chain([asked]).collect()
    }

    fn lines(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn preflight_answers_an_allowed_origin() {
        let (mut headers, asked) = (HeaderMap::new(), preflight("http://localhost:3000"));
        mark(&cors(&["http://localhost:3000"]), &Method::OPTIONS, &asked, &mut headers);
        assert_eq!(
            lines(&headers),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-headers: content-type,x-csrftoken",
                "access-control-allow-methods: GET,POST",
                "access-control-allow-origin: http://localhost:3000",
                "access-control-max-age: 600",
            ]
        );
    }

    #[test]
    fn the_log_names_origins_of_pages_alone() {
        let refused = |origin: Option<&'static str>, mode: Option<&'static str>| {
            let fields = [("host", Some("localhost:8000")), ("origin", origin), ("sec-fetch-mode", mode)];
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let fields = fields.map(|(name, value)| (HeaderName::from_static(name), value));
            let request = fields.map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
            refused_origin(&request).map(str::to_owned)
        };
        let page = "http://localhost:5173";
        assert_eq!(refused(Some(page), Some("cors")).as_deref(), Some(page));
        assert_eq!(refused(Some("http://localhost:8000"), Some("cors")), None, "the API's own page");
        assert_eq!(refused(None, Some("cors")), None, "fetch of Node.js, or the API's own page");
        assert_eq!(refused(Some(page), Some("navigate")), None);
        assert_eq!(refused(Some(page), None), None);
    }

    #[test]
    fn other_origins_get_nothing() {
        for origin in ["http://localhost:3001", "http://localhost:3000.evil.example", "null"] {
            let cors = cors(&["http://localhost:3000"]);
            for (method, request) in [(Method::OPTIONS, preflight(origin)), (Method::GET, request(origin))] {
                let mut response = HeaderMap::new();
                response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                mark(&cors, &method, &request, &mut response);
                assert!(response.is_empty(), "{method} {origin}");
            }
        }
    }

    #[test]
    fn answers_say_who_may_read_them() {
        let mut response = HeaderMap::new();
        mark(&cors(&["https://*"]), &Method::GET, &request("https://a.example"), &mut response);
        assert_eq!(
            lines(&response),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://a.example",
                "access-control-expose-headers: retry-after",
            ]
        );
        let mut response = HeaderMap::new();
        mark(&cors(&["*"]), &Method::GET, &request("http://b.example"), &mut response);
        assert_eq!(response[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }

    #[test]
    fn only_real_preflights_are_taken_for_such() {
        let mut headers = request("http://localhost:3000");
        assert!(!is_preflight(&Method::OPTIONS, &headers));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        assert!(is_preflight(&Method::OPTIONS, &headers));
        assert!(!is_preflight(&Method::POST, &headers));
        headers.remove(ORIGIN);
        assert!(!is_preflight(&Method::OPTIONS, &headers));
    }
}
