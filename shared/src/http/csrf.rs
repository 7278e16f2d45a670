//! Protection against cross-site request forgery, as in Django: a request must come from a trusted origin, and repeat
//! the secret of the CSRF cookie in a header or form field.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::call::ApiRequest;
use super::cookie;
use crate::domain::token::SessionToken;
use crate::random::Random;
use crate::settings::Settings;

const FIELD: &str = "csrfmiddlewaretoken";
const LENGTH: usize = 32;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Why a request fails the CSRF check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// The `Origin` is not trusted.
    Origin,
    /// There is neither an `Origin` nor a trusted `Referer`.
    Referer,
    /// There is no CSRF cookie.
    NoCookie,
    /// The token in the header is missing, or not that of the cookie.
    Token,
}

impl Forged {
    /// The key of its text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Origin => "pages.forged_origin",
            Self::Referer => "pages.forged_referer",
            Self::NoCookie => "pages.forged_no_cookie",
            Self::Token => "pages.forged_token",
        }
    }
}

/// The secrets that the client has: each in a cookie of its own, as far as that can be one of ours, or bound to its
/// session (`CSRF_USE_SESSIONS`).
fn secrets(call: &ApiRequest, settings: &Settings) -> Vec<String> {
    if settings.csrf.use_sessions {
        return call.visitor.tokens().map(of_session).collect();
    }
    let is_ours =
        |secret: &String| secret.len() == LENGTH && secret.bytes().all(|byte| LETTERS.contains(&byte));
    let cookies = cookie::all(&call.headers, &settings.csrf.cookie_name).into_iter().filter(is_ours);
    cookies.take(cookie::MOST_OF_A_NAME).collect()
}

/// The secret for the CSRF cookie of the response; none if the cookie stays: of several cookies only the one that the
/// request repeats is known to be in use.
pub fn kept(call: &ApiRequest, settings: &Settings, random: &Random) -> Option<String> {
    let secrets = secrets(call, settings);
    match secrets.as_slice() {
        [] => Some(new_secret(random)),
        [secret] => Some(secret.clone()),
        several => {
            let repeated = repeated(call, settings);
            several.iter().find(|secret| **secret == repeated).cloned()
        }
    }
}

/// What the request repeats, in a form or in a header: a form of a page can't send headers.
fn repeated(call: &ApiRequest, settings: &Settings) -> String {
    let field = call.field(FIELD).filter(|token| !token.is_empty());
    field.unwrap_or_else(|| call.header(&settings.csrf.header_name).to_owned())
}

/// The secret of a session (`CSRF_USE_SESSIONS`), derived from the session token, so that nothing is stored. Every
/// response gives it to the frontend in the header `X-CSRFToken`.
pub fn of_session(token: &SessionToken) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("csrf {}", token.text())))
}

/// A new secret: 32 letters and digits.
pub fn new_secret(random: &Random) -> String {
    (0..LENGTH)
        .filter_map(|_| LETTERS.get(random.below(LETTERS.len())))
        .map(|letter| char::from(*letter))
        .collect()
}

/// Checks an unsafe request. If several cookies have the name, it must repeat one of them.
pub fn check(call: &ApiRequest, settings: &Settings) -> Result<(), Forged> {
    if call.is_safe() {
        return Ok(());
    }
    let own = &call.visitor.base_url;
    let trusted = &settings.csrf.trusted_origins;
    match (call.header("origin"), call.header("referer")) {
        ("", referer) if own.starts_with("https://") => {
            let origin = origin_of(referer).ok_or(Forged::Referer)?;
            if !is_allowed_origin(&origin, own, trusted) {
                return Err(Forged::Referer);
            }
        }
        ("", _) => {}
        (origin, _) => {
            if !is_allowed_origin(origin, own, trusted) {
                return Err(Forged::Origin);
            }
        }
    }
    let secrets = secrets(call, settings);
    if secrets.is_empty() {
        return Err(Forged::NoCookie);
    }
    let repeated = repeated(call, settings);
    let is_it = |secret: &String| bool::from(secret.as_bytes().ct_eq(repeated.as_bytes()));
    if secrets.iter().any(is_it) { Ok(()) } else { Err(Forged::Token) }
}

/// Whether an origin is the API's own, or one of `CSRF_TRUSTED_ORIGINS`.
pub fn is_allowed_origin(origin: &str, own: &str, trusted: &[String]) -> bool {
    origin == own || is_trusted(origin, trusted)
}

fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    (scheme == "https").then(|| format!("{scheme}://{host}").to_ascii_lowercase())
}

/// Whether an origin is listed, by name or as a subdomain of `https://*.example.com`.
pub fn is_trusted(origin: &str, trusted: &[String]) -> bool {
    trusted.iter().any(|pattern| match pattern.split_once("://*.") {
        None => pattern == origin,
        Some((scheme, domain)) => origin.split_once("://").is_some_and(|(origin_scheme, host)| {
            let domain = domain.to_ascii_lowercase();
            origin_scheme == scheme && (host == domain || host.ends_with(&format!(".{domain}")))
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_trusted_by_name_or_as_subdomains() {
        let trusted = ["https://a.example".to_owned(), "https://*.example.org".to_owned()];
        for origin in ["https://a.example", "https://x.example.org", "https://example.org"] {
            assert!(is_trusted(origin, &trusted), "{origin}");
        }
        for origin in ["http://a.example", "https://b.a.example", "https://badexample.org", "null", ""] {
            assert!(!is_trusted(origin, &trusted), "{origin}");
        }
    }

    #[test]
    fn the_origin_of_a_referer() {
        assert_eq!(origin_of("https://A.example/x?y").as_deref(), Some("https://a.example"));
        for referer in ["http://a.example/", "nonsense", "", "https:///x"] {
            assert_eq!(origin_of(referer), None, "{referer}");
        }
    }
}
