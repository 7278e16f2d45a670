//! A request, as the endpoints see it.

use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};

use super::cookie;
use super::input::json::{BodyError, MAX_BODY_BYTES, Object};
use super::reply::Halt;
use crate::app::App;
use crate::domain::token::SessionToken;
use crate::flows::visit::{Client, Visitor};
use crate::settings::Settings;

/// A request by one of the two kinds of client.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// What follows `/_allauth/<client>/v1/`, or the whole path, which begins with `/`, where it is none of the clients'.
    pub path: String,
    /// What follows the path, without `?`.
    pub query: String,
    /// Who asks.
    pub visitor: Visitor,
    /// The headers.
    pub headers: HeaderMap,
    body: Vec<u8>,
}

/// Why a request is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// Its path is not one of this API's.
    UnknownPath,
    /// Its host is not one of `ALLOWED_HOSTS`.
    UnknownHost,
}

impl Call {
    /// Reads a request.
    pub fn read(request: Request, app: &App) -> Result<Self, NoCall> {
        let settings = &*app.settings;
        let path = request.raw_http_path().to_owned();
        let (client, rest) = match split_path(&path) {
            Some((Client::Browser, _)) if !settings.headless.clients.browser => {
                return Err(NoCall::UnknownPath);
            }
            Some((Client::App, _)) if !settings.headless.clients.app => return Err(NoCall::UnknownPath),
            Some(known) => known,
            // Whoever is led here by another site, or a link, is a browser.
            None => (Client::Browser, path.as_str()),
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
        let visitor = visitor(client, &headers, &source_ip, base_url, app);
        Ok(Self { method: parts.method, path: rest.to_owned(), query, visitor, headers, body })
    }

    /// A request to another API, as far as its headers tell who makes it: an app if it shows a token, else a browser.
    pub fn elsewhere(method: Method, headers: HeaderMap, source_ip: &str, app: &App) -> Self {
        let shows_token =
            headers.contains_key("x-session-token") || access_token(&headers, &app.settings).is_some();
        let client = if shows_token { Client::App } else { Client::Browser };
        let visitor = visitor(client, &headers, source_ip, origin(&headers), app);
        Self { method, path: String::new(), query: String::new(), visitor, headers, body: Vec::new() }
    }

    /// A header's text; empty when it is missing or no text.
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }

    /// Whether it is by an access token that it says who makes it, be that one or not.
    pub fn shows_access_token(&self, settings: &Settings) -> bool {
        self.visitor.client == Client::App
            && self.header("x-session-token").is_empty()
            && access_token(&self.headers, settings).is_some()
    }

    /// Whether it is to one of the paths of the clients' API.
    pub fn is_to_api(&self) -> bool {
        !self.path.starts_with('/')
    }

    /// What the query says under this name; the last, should it be there more than once.
    pub fn query(&self, name: &str) -> Option<String> {
        last(self.query.as_bytes(), name)
    }

    /// What a submitted form says under this name; the last, should it be there more than once.
    ///
    /// Forms are `application/x-www-form-urlencoded`, as a page of the frontend submits one.
    pub fn field(&self, name: &str) -> Option<String> {
        let kind = self.header(header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
        let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        last(&self.body, name).filter(|_| is_form && self.body.len() <= MAX_BODY_BYTES)
    }

    /// Whether it only asks.
    pub fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether its method is safe (RFC 9110, section 9.2.1), so that it needs no CSRF token.
    pub fn is_safe(&self) -> bool {
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&self.method)
    }

    /// Whether it is a safe request without a body, which any other site can make a browser send: it uses up no attempt
    /// and counts against no limit. With a body it does, or attempts could be made by HEAD without end.
    pub fn is_forgeable(&self) -> bool {
        self.is_get() || (self.is_safe() && self.body.is_empty())
    }

    /// The body as a JSON object; an empty body is an empty object.
    pub fn object(&self) -> Result<Object, Halt> {
        Object::parse(&self.body).map_err(|error| match error {
            BodyError::TooLarge => Halt::TooLarge,
            BodyError::NotUtf8 | BodyError::Malformed | BodyError::TooDeep | BodyError::NotAnObject => {
                Halt::Malformed
            }
        })
    }

    /// Reads input, which every method but GET is expected to bring: what is wrong with it comes before whether the
    /// method is allowed at all.
    pub fn input<T>(&self, read: impl FnOnce(&Object) -> Result<T, Halt>) -> Result<Option<T>, Halt> {
        if self.is_get() { Ok(None) } else { read(&self.object()?).map(Some) }
    }

    /// Goes on with a POST; other methods are not allowed.
    pub fn posted<T>(&self, input: Option<T>) -> Result<T, Halt> {
        input.filter(|_| self.method == Method::POST).ok_or(Halt::NotAllowed)
    }
}

fn last(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
}

fn visitor(client: Client, headers: &HeaderMap, source_ip: &str, base_url: String, app: &App) -> Visitor {
    let settings = &*app.settings;
    let said = match client {
        Client::App => Some(text(headers, "x-session-token").to_owned()).filter(|token| !token.is_empty()),
        Client::Browser => cookie::find(headers, &settings.session.cookie_name),
    };
    let token = said.as_deref().and_then(SessionToken::parse);
    let by_access_token = match (client, &said) {
        (Client::App, None) => access_token(headers, settings).and_then(|token| app.session_of(token)),
        _ => None,
    };
    // Whose session has ended is told so, unless access tokens are to count as nothing then.
    let told = by_access_token.is_some() && !settings.headless.jwt.stateful_validation_enabled;
    Visitor {
        client,
        ip: client_ip(headers, source_ip, settings),
        user_agent: text(headers, header::USER_AGENT.as_str()).to_owned(),
        base_url,
        presents_token: said.is_some() || told,
        session: token.as_ref().map(SessionToken::key).or(by_access_token),
        token,
        trust: match client {
            Client::App => None,
            Client::Browser => cookie::find(headers, &settings.mfa.trust_cookie_name),
        },
    }
}

/// The scheme and host that somebody asked, such as `https://api.example.com`, if it may be asked.
pub fn base_url(headers: &HeaderMap, settings: &Settings) -> Result<String, NoCall> {
    let host = text(headers, header::HOST.as_str()).to_ascii_lowercase();
    if !host_is_allowed(&host, &settings.allowed_hosts) {
        return Err(NoCall::UnknownHost);
    }
    Ok(origin(headers))
}

fn origin(headers: &HeaderMap) -> String {
    let host = text(headers, header::HOST.as_str()).to_ascii_lowercase();
    let scheme = if text(headers, "x-forwarded-proto") == "https" { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// What follows the scheme in `Authorization` (RFC 9110, 11.6.2), whose case does not matter.
pub fn access_token<'h>(headers: &'h HeaderMap, settings: &Settings) -> Option<&'h str> {
    let mut words = text(headers, header::AUTHORIZATION.as_str()).split_whitespace();
    let (scheme, token) = (words.next()?, words.next()?);
    let expected = &settings.headless.jwt.authorization_header_scheme;
    (scheme.eq_ignore_ascii_case(expected) && words.next().is_none()).then_some(token)
}

fn split_path(path: &str) -> Option<(Client, &str)> {
    let path = path.strip_prefix("/_allauth/")?;
    let (client, rest) = path.split_once("/v1/")?;
    match client {
        _ if rest.starts_with('/') => None,
        "browser" => Some((Client::Browser, rest)),
        "app" => Some((Client::App, rest)),
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
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !name.is_empty()
        && name.bytes().all(plain)
        && allowed.iter().map(|pattern| pattern.to_ascii_lowercase()).any(|pattern| {
            pattern == "*"
                || pattern == name
                || pattern.strip_prefix('.').is_some_and(|domain| name == domain || name.ends_with(&pattern))
        })
}

/// The client's address: what API Gateway saw, or what trusted proxies in front of it say.
fn client_ip(headers: &HeaderMap, source_ip: &str, settings: &Settings) -> String {
    if let Some(name) = &settings.allauth.trusted_client_ip_header {
        return address(text(headers, name)).unwrap_or_else(|| source_ip.to_owned());
    }
    let mut said: Vec<&str> =
        text(headers, "x-forwarded-for").split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    // The gateway itself adds what it saw: that is no proxy of the operator's.
    if said.last() == Some(&source_ip) {
        said.pop();
    }
    let count = settings.allauth.trusted_proxy_count;
    let trusted = said.len().checked_sub(count).filter(|_| count > 0).and_then(|at| said.get(at));
    trusted.and_then(|said| address(said)).unwrap_or_else(|| source_ip.to_owned())
}

/// An address without its port, in its usual spelling.
fn address(said: &str) -> Option<String> {
    let said = said.trim();
    let parsed = said.parse().or_else(|_| said.parse().map(|with_port: std::net::SocketAddr| with_port.ip()));
    parsed.ok().map(|address: std::net::IpAddr| address.to_string())
}

#[cfg(test)]
mod tests {
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
    fn paths_name_the_client() {
        assert_eq!(split_path("/_allauth/app/v1/auth/login"), Some((Client::App, "auth/login")));
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
        let one = [("ALLAUTH_TRUSTED_PROXY_COUNT", "1")];
        assert_eq!(ip("203.0.113.7", &[]), "198.51.100.1");
        assert_eq!(ip("6.6.6.6, 203.0.113.7, 198.51.100.1", &one), "203.0.113.7");
        assert_eq!(ip("203.0.113.7:4711, 198.51.100.1", &one), "203.0.113.7");
        assert_eq!(ip("198.51.100.1", &one), "198.51.100.1");
        assert_eq!(ip("nonsense, 198.51.100.1", &one), "198.51.100.1");
        assert_eq!(ip("x", &[("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "X-Real-IP")]), "192.0.2.5");
    }
}
