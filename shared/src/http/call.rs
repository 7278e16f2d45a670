//! An API request: method, path, client and headers, as endpoints see it.

use std::net::IpAddr;
use std::sync::Arc;

use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use url::Url;

use super::input::json::{BodyError, Object};
use super::{cookie, form, origin_verify};
use crate::app::App;
use crate::domain::token::SessionToken;
use crate::flows::visit::{ClientKind, Decision, Stop, Visitor};
use crate::settings::Settings;
use crate::snapshot::Loaded;
use crate::texts::Texts;

/// An API request of a browser or an app.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The path below `/_allauth/<client>/v1/`, or an absolute path, which begins with `/`.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// The client, with its tokens and IP address.
    pub visitor: Visitor,
    /// The headers.
    pub headers: HeaderMap,
    /// The texts of pages and errors, in the language of the client.
    pub texts: Arc<Texts>,
    body: Vec<u8>,
    form: Vec<(String, String)>,
}

/// Why a request is not an API request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// The path is unknown.
    UnknownPath,
    /// The host is not in `ALLOWED_HOSTS`.
    UnknownHost,
    /// It did not come through the CDN that it must come through.
    Unverified,
}

impl ApiRequest {
    /// Parses an HTTP request.
    pub fn read(request: Request, app: &App, texts: &Arc<Texts>) -> Result<Self, NoCall> {
        let settings = &*app.settings;
        let path = request.raw_http_path().to_owned();
        let (client, rest) = match split_path(&path) {
            Some((ClientKind::Browser, _)) if !settings.headless.clients.browser => {
                return Err(NoCall::UnknownPath);
            }
            Some((ClientKind::App, _)) if !settings.headless.clients.app => return Err(NoCall::UnknownPath),
            Some(known) => known,
            // Whoever is led here by another site, or a link, is a browser.
            None => (ClientKind::Browser, path.as_str()),
        };
        let source_ip = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (parts, body) = request.into_parts();
        let headers = parts.headers;
        let base_url = base_url(&headers, settings)?;
        let body = match body {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            // What else there may be in a later version of the runtime is no JSON object.
            _ => Vec::new(),
        };
        let visitor = Visitor {
            language: texts.language.clone().filter(|_| texts.is_negotiated),
            ..visitor(client, &headers, &source_ip, base_url, app)
        };
        let (texts, method) = (Arc::clone(texts), parts.method);
        let form = form::read(text(&headers, header::CONTENT_TYPE.as_str()), &body);
        Ok(Self { method, path: rest.to_owned(), query, visitor, headers, texts, body, form })
    }

    /// A request to another API, by its headers: of an app if it has a token, else of a browser.
    pub fn elsewhere(method: Method, headers: HeaderMap, source_ip: &str, app: &App) -> Self {
        let shows_token =
            headers.contains_key("x-session-token") || access_token(&headers, &app.settings).is_some();
        let client = if shows_token { ClientKind::App } else { ClientKind::Browser };
        let visitor = visitor(client, &headers, source_ip, origin(&headers), app);
        let (path, query, body, form) = (String::new(), String::new(), Vec::new(), Vec::new());
        Self { method, path, query, visitor, headers, texts: Arc::default(), body, form }
    }

    /// The same request with the session that the snapshot settled; none if nothing was open.
    pub fn settled(&self, loaded: &Loaded) -> Option<Self> {
        Some(Self { visitor: self.visitor.settled(loaded)?, ..self.clone() })
    }

    /// The value of a header; empty if it is missing or not text.
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }

    /// Whether the request has an `Authorization` header with the access tokens' scheme, valid or not.
    pub fn shows_access_token(&self, settings: &Settings) -> bool {
        self.visitor.client == ClientKind::App
            && self.header("x-session-token").is_empty()
            && access_token(&self.headers, settings).is_some()
    }

    /// Whether the path is one of the clients' API, not an absolute one.
    pub fn is_to_api(&self) -> bool {
        !self.path.starts_with('/')
    }

    /// The query parameter of this name; the last of several.
    pub fn query(&self, name: &str) -> Option<String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }

    /// The form field of this name; the last of several.
    pub fn field(&self, name: &str) -> Option<String> {
        self.form.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// Whether the method is GET.
    pub fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether its method is safe (RFC 9110, section 9.2.1), so that it needs no CSRF token.
    pub fn is_safe(&self) -> bool {
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&self.method)
    }

    /// Whether it is a safe request without a body, which other sites can make a browser send: it uses up no attempt
    /// and counts against no rate limit. With a body it does, or HEAD would allow unlimited attempts.
    pub fn is_forgeable(&self) -> bool {
        self.is_get() || (self.is_safe() && self.body.is_empty())
    }

    /// The body as a JSON object; an empty body is an empty object.
    pub fn object(&self) -> Decision<Object> {
        Object::parse(&self.body).map_err(|error| match error {
            BodyError::TooLarge => Stop::TooLarge,
            BodyError::NotUtf8 | BodyError::Malformed | BodyError::TooDeep | BodyError::NotAnObject => {
                Stop::Malformed
            }
        })
    }

    /// Parses the input of every method but GET: its errors come before a disallowed method.
    pub fn input<T>(&self, read: impl FnOnce(&Object) -> Decision<T>) -> Decision<Option<T>> {
        if self.is_get() { Ok(None) } else { read(&self.object()?).map(Some) }
    }

    /// Requires POST: other methods are not allowed.
    pub fn posted<T>(&self, input: Option<T>) -> Decision<T> {
        input.filter(|_| self.method == Method::POST).ok_or(Stop::NotAllowed)
    }
}

fn visitor(client: ClientKind, headers: &HeaderMap, source_ip: &str, base_url: String, app: &App) -> Visitor {
    let settings = &*app.settings;
    let said = match client {
        ClientKind::App => Vec::from_iter(
            Some(text(headers, "x-session-token").to_owned()).filter(|token| !token.is_empty()),
        ),
        ClientKind::Browser => cookie::all(headers, &settings.session.cookie_name),
    };
    let mut tokens = said.iter().filter_map(|text| SessionToken::parse(text)).take(cookie::MOST_OF_A_NAME);
    let token = tokens.next();
    let by_access_token = match client {
        ClientKind::App if said.is_empty() => {
            access_token(headers, settings).and_then(|token| app.session_of(token))
        }
        _ => None,
    };
    // Whose session has ended is told so, unless access tokens are to count as nothing then.
    let told = by_access_token.is_some() && !settings.headless.jwt.stateful_validation_enabled;
    Visitor {
        client,
        ip: client_ip(headers, source_ip, settings),
        user_agent: text(headers, header::USER_AGENT.as_str()).to_owned(),
        language: None,
        base_url,
        presents_token: !said.is_empty() || told,
        session: token.as_ref().map(SessionToken::key).or(by_access_token),
        more_tokens: tokens.collect(),
        token,
        trust: match client {
            ClientKind::App => Vec::new(),
            ClientKind::Browser => {
                let cookies = cookie::all(headers, &settings.mfa.trust_cookie_name).into_iter();
                cookies.take(cookie::MOST_OF_A_NAME).collect()
            }
        },
    }
}

/// The base URL of the API: `PUBLIC_URL`, or else the origin of the settings that a proxy names, or else the scheme and
/// host of the request, if the host is allowed.
pub fn base_url(headers: &HeaderMap, settings: &Settings) -> Result<String, NoCall> {
    let host = text(headers, header::HOST.as_str()).to_ascii_lowercase();
    if !host_is_allowed(&host, &settings.allowed_hosts) {
        return Err(NoCall::UnknownHost);
    }
    let public = settings.public_url.clone().or_else(|| forwarded_origin(headers, settings));
    Ok(public.unwrap_or_else(|| origin(headers)))
}

/// The origin of `FRONTEND_URL` or of an entry of `CSRF_TRUSTED_ORIGINS` whose host `X-Forwarded-Host` names. A client can
/// write that header as well as a proxy can: so it only chooses among URLs that the operator wrote, and of several values,
/// none counts. Where requests must come through a CDN, those that bypass it have been refused before.
fn forwarded_origin(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    let mut values = headers.get_all("x-forwarded-host").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let host = value.to_str().ok()?.trim();
    if !is_host(host) {
        return None;
    }
    let configured = std::iter::once(&settings.headless.frontend_url).chain(&settings.csrf.trusted_origins);
    configured.filter_map(|url| Url::parse(url).ok()).map(|url| url.origin()).find_map(|origin| {
        let configured = origin.ascii_serialization();
        let (scheme, _) = configured.split_once("://")?;
        let named = Url::parse(&format!("{scheme}://{host}")).ok()?;
        (named.origin() == origin).then_some(configured)
    })
}

/// Whether a text consists of what a host name and port consist of.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

fn origin(headers: &HeaderMap) -> String {
    let host = text(headers, header::HOST.as_str()).to_ascii_lowercase();
    let scheme = if text(headers, "x-forwarded-proto") == "https" { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// The access token in the `Authorization` header (RFC 9110, 11.6.2), whose scheme is case-insensitive.
pub fn access_token<'h>(headers: &'h HeaderMap, settings: &Settings) -> Option<&'h str> {
    let mut words = text(headers, header::AUTHORIZATION.as_str()).split_whitespace();
    let (scheme, token) = (words.next()?, words.next()?);
    let expected = &settings.headless.jwt.authorization_header_scheme;
    (scheme.eq_ignore_ascii_case(expected) && words.next().is_none()).then_some(token)
}

fn split_path(path: &str) -> Option<(ClientKind, &str)> {
    let path = path.strip_prefix("/_allauth/")?;
    let (client, rest) = path.split_once("/v1/")?;
    match client {
        _ if rest.starts_with('/') => None,
        "browser" => Some((ClientKind::Browser, rest)),
        "app" => Some((ClientKind::App, rest)),
        _ => None,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).unwrap_or_default()
}

/// Whether a `Host` is allowed, as Django's `ALLOWED_HOSTS` has it: by name, by domain (`.example.com`), or any.
fn host_is_allowed(host: &str, allowed: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_end_matches('.');
    is_host(name)
        && allowed.iter().map(|pattern| pattern.to_ascii_lowercase()).any(|pattern| {
            pattern == "*"
                || pattern == name
                || pattern.strip_prefix('.').is_some_and(|domain| name == domain || name.ends_with(&pattern))
        })
}

/// The client's IP address: what API Gateway saw, or what trusted proxies in front of it say.
///
/// The gateway is a proxy as well, and counts as one: what it adds to `X-Forwarded-For` is the address that it saw.
fn client_ip(headers: &HeaderMap, source_ip: &str, settings: &Settings) -> String {
    let seen = || ip(source_ip).unwrap_or_else(|| source_ip.to_owned());
    // Requests to other APIs reach the authorizer without having passed the CDN.
    if !origin_verify::is_verified(headers, settings) {
        return seen();
    }
    if let Some(name) = &settings.allauth.trusted_client_ip_header {
        let said = text(headers, name);
        let read = if name == VIEWER_ADDRESS { without_port(said).or_else(|| ip(said)) } else { ip(said) };
        return read.unwrap_or_else(seen);
    }
    let mut said: Vec<&str> = text(headers, "x-forwarded-for").split(',').map(str::trim).collect();
    if said.last().and_then(|last| ip(last)) != Some(seen()) {
        said.push(source_ip);
    }
    let count = settings.allauth.trusted_proxy_count;
    let trusted = said.len().checked_sub(count).filter(|_| count > 0).and_then(|at| said.get(at));
    trusted.and_then(|said| ip(said)).unwrap_or_else(seen)
}

/// The header in which CloudFront tells the viewer's IP address, always with its port, and IPv6 without brackets.
const VIEWER_ADDRESS: &str = "cloudfront-viewer-address";

/// An IP address in its usual spelling, without the port that may follow it.
fn ip(said: &str) -> Option<String> {
    let said = said.trim();
    let bare = said.strip_prefix('[').and_then(|said| said.strip_suffix(']')).unwrap_or(said);
    let parsed: Option<IpAddr> = bare.parse().ok();
    parsed.map(|address| address.to_canonical().to_string()).or_else(|| without_port(said))
}

/// The same, where a port is sure to follow: without brackets, what follows the last colon of an IPv6 address could be
/// either.
fn without_port(said: &str) -> Option<String> {
    let (address, port) = said.trim().rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;

    use super::*;

    #[test]
    fn hosts_are_allowed_by_name_domain_or_all() {
        let allowed = |host: &str, patterns: &[&str]| {
            host_is_allowed(host, &patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>())
        };
        assert!(allowed("localhost:8000", &["localhost"]));
        assert!(allowed("a.example.com", &[".example.com"]));
        assert!(allowed("example.com", &[".Example.com"]));
        assert!(allowed("anything", &["*"]));
        assert!(!allowed("badexample.com", &[".example.com"]));
        assert!(!allowed("localhost", &[]));
        assert!(!allowed("", &["*"]));
        assert!(!allowed("a/b", &["*"]));
    }

    #[test]
    fn a_forwarded_host_chooses_among_the_urls_of_the_settings() {
        let base = |forwarded: &[&str], variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let settings = Settings::read(variables).unwrap().settings;
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "abc.execute-api.eu-west-1.amazonaws.com".parse().unwrap());
            headers.insert("x-forwarded-proto", "https".parse().unwrap());
            for value in forwarded {
                headers.append("x-forwarded-host", HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            base_url(&headers, &settings).unwrap()
        };
        let own = "https://abc.execute-api.eu-west-1.amazonaws.com";
        let origins =
            "https://example.com,https://*.example.org,https://xn--bcher-kva.example,http://localhost:8080";
        let configured = [
            ("FRONTEND_URL", "https://app.example.com/start"),
            ("CSRF_TRUSTED_ORIGINS", origins),
            ("ALLOWED_HOSTS", "*"),
        ];
        for (forwarded, expected) in [
            ("app.example.com", "https://app.example.com"),
            ("example.com", "https://example.com"),
            (" EXAMPLE.com ", "https://example.com"),
            ("example.com:443", "https://example.com"),
            ("example.com:", "https://example.com"),
            ("localhost:8080", "http://localhost:8080"),
            ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(base(&[forwarded], &configured), expected, "{forwarded}");
        }
        for forwarded in [
            "",
            "evil.example",
            "example.com.evil.example",
            "evilexample.com",
            "example.com.",
            "example.com:444",
            "example.com:80",
            "localhost",
            "a.example.org",
            "*.example.org",
            "example.com, evil.example",
            "evil.example, example.com",
            "example.com/path",
            "evil.example/example.com",
            "user@example.com",
            "example.com@evil.example",
            "example.com#",
            "example.com?a",
            "ex%61mple.com",
            "https://example.com",
            "//example.com",
            "exam\tple.com",
            "\u{ff45}xample.com",
            "b\u{fc}cher.example",
            "[::1]",
        ] {
            assert_eq!(base(&[forwarded], &configured), own, "{forwarded}");
        }
        assert_eq!(base(&["example.com", "example.com"], &configured), own, "two headers");
        assert_eq!(base(&[], &configured), own);
        let mut public = configured.to_vec();
        public.push(("PUBLIC_URL", "https://api.example.net"));
        assert_eq!(base(&["example.com"], &public), "https://api.example.net");
    }

    #[test]
    fn paths_name_the_client() {
        assert_eq!(split_path("/_allauth/app/v1/auth/login"), Some((ClientKind::App, "auth/login")));
        for path in [
            "/_allauth/",
            "/_allauth/app/v2/config",
            "/_allauth/other/v1/config",
            "/_allauth/app/v1//config",
            "/config",
        ] {
            assert_eq!(split_path(path), None, "{path}");
        }
    }

    #[test]
    fn proxies_are_believed_as_far_as_they_are_trusted() {
        let ip = |forwarded: &str, variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let settings = Settings::read(variables).unwrap().settings;
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            headers.insert("x-real-ip", "192.0.2.5".parse().unwrap());
            client_ip(&headers, "198.51.100.1", &settings)
        };
        let proxies = |count: &'static str| [("ALLAUTH_TRUSTED_PROXY_COUNT", count)];
        assert_eq!(ip("203.0.113.7", &[]), "198.51.100.1");
        // The gateway alone: what it saw, whatever the client says.
        assert_eq!(ip("6.6.6.6, 198.51.100.1", &proxies("1")), "198.51.100.1");
        assert_eq!(ip("6.6.6.6", &proxies("1")), "198.51.100.1");
        // One more in front of it.
        for forwarded in
            ["6.6.6.6, 203.0.113.7, 198.51.100.1", "203.0.113.7:4711, 198.51.100.1", "203.0.113.7"]
        {
            assert_eq!(ip(forwarded, &proxies("2")), "203.0.113.7", "{forwarded}");
        }
        for forwarded in ["198.51.100.1", "nonsense, 198.51.100.1", "", ", 198.51.100.1"] {
            assert_eq!(ip(forwarded, &proxies("2")), "198.51.100.1", "{forwarded}");
        }
        assert_eq!(ip("x", &[("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "X-Real-IP")]), "192.0.2.5");
    }

    /// As where the authorizer of another API is asked: nobody has checked the request before.
    #[test]
    fn proxies_are_not_believed_without_the_secret_of_the_cdn() {
        let hash = crate::settings::origin_verify_hash("secret");
        for trusted in
            [("ALLAUTH_TRUSTED_PROXY_COUNT", "2"), ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "X-Real-IP")]
        {
            let url = ("PUBLIC_URL", "https://example.com");
            let variables = [trusted, url, ("ORIGIN_VERIFY_SHA256", &*hash)];
            let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let settings = Settings::read(variables).unwrap().settings;
            for (secret, expected) in
                [("secret", "203.0.113.7"), ("guessed", "198.51.100.1"), ("", "198.51.100.1")]
            {
                let headers = [
                    ("x-forwarded-for", "203.0.113.7, 198.51.100.1"),
                    ("x-real-ip", "203.0.113.7"),
                    ("x-origin-verify", secret),
                ];
                let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
                let ip = client_ip(&HeaderMap::from_iter(headers), "198.51.100.1", &settings);
                assert_eq!(ip, expected, "{trusted:?} {secret}");
            }
        }
    }

    #[test]
    fn the_address_of_a_viewer_is_read_as_cloudfront_writes_it() {
        let settings = [("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "CloudFront-Viewer-Address")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::read(settings).unwrap().settings;
        for (said, expected) in [
            ("198.51.100.10:46532", "198.51.100.10"),
            ("198.51.100.10", "198.51.100.10"),
            ("2001:db8::1:46532", "2001:db8::1"),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334:46532", "2001:db8:85a3::8a2e:370:7334"),
            ("2001:db8:0:1::9:9985", "2001:db8:0:1::9"),
            ("[2001:db8::7]:46532", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:203.0.113.9:46532", "203.0.113.9"),
            ("nonsense", "192.0.2.1"),
            ("", "192.0.2.1"),
        ] {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static(VIEWER_ADDRESS),
                said.parse().unwrap(),
            )]);
            assert_eq!(client_ip(&headers, "192.0.2.1", &settings), expected, "{said}");
        }
    }
}
