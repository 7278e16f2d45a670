//! Cookies, and what is told about a request's origin.

use serde_json::Value;

use super::kind::{Kind, Wrong, list, optional, text};

/// When browsers send a cookie along with requests from other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With links that are followed, not with requests made by pages.
    Lax,
    /// Never.
    Strict,
    /// Always; such a cookie must be secure.
    None,
    /// As the browser likes: the attribute is left out.
    Unset,
}

pub(super) const SAMESITE: Kind<SameSite> =
    Kind::new("\"Lax\", \"Strict\", \"None\", or false for no attribute", |raw| {
        if matches!(raw.json, Some(Value::Null | Value::Bool(false))) {
            return Ok(SameSite::Unset);
        }
        match text(raw)?.to_ascii_lowercase().as_str() {
            "lax" => Ok(SameSite::Lax),
            "strict" => Ok(SameSite::Strict),
            "none" => Ok(SameSite::None),
            "false" => Ok(SameSite::Unset),
            _ => Err(Wrong::Shape),
        }
    });

/// RFC 6265, section 4.1.1: a cookie's name is a token of RFC 9110.
pub(super) const COOKIE_NAME: Kind<String> =
    Kind::new("a cookie's name: letters, digits, - and _, with no blank, comma or semicolon", |raw| {
        let name = text(raw)?;
        if !name.is_empty() && name.chars().all(is_token) { Ok(name) } else { Err(Wrong::Shape) }
    });

pub(super) const COOKIE_DOMAIN: Kind<Option<String>> =
    Kind::new("a host name such as example.com, or null for the API's own host", |raw| {
        match optional(raw, text)? {
            Some(domain) if domain.trim().is_empty() => Ok(None),
            Some(domain) if is_host(domain.strip_prefix('.').unwrap_or(&domain)) => Ok(Some(domain)),
            None => Ok(None),
            Some(_) => Err(Wrong::Shape),
        }
    });

pub(super) const COOKIE_PATH: Kind<String> =
    Kind::new("a path that begins with / and has no ; in it", |raw| {
        let path = text(raw)?;
        if path.starts_with('/') && path.is_ascii() && !path.contains([';', ' ']) {
            Ok(path)
        } else {
            Err(Wrong::Shape)
        }
    });

/// Django names a header as CGI does; what is kept is the header's own name in lower case.
pub(super) const HEADER_NAME: Kind<String> =
    Kind::new("a header in Django's form or as it is sent, such as HTTP_X_CSRFTOKEN or X-CSRFToken", |raw| {
        let given = text(raw)?;
        let name = match given.strip_prefix("HTTP_") {
            Some(name) => name.to_ascii_lowercase().replace('_', "-"),
            // CGI drops what has an underscore.
            None if given.contains('_') => return Err(Wrong::Shape),
            None => given.to_ascii_lowercase(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !name.is_empty() && name.chars().all(plain) { Ok(name) } else { Err(Wrong::Shape) }
    });

/// Headers' names as they are written, in lower case.
pub(super) const HEADER_NAMES: Kind<Vec<String>> =
    Kind::new("a list of headers' names such as X-Request-ID", |raw| {
        let names = list(raw)?;
        let plain = |name: &String| !name.is_empty() && name.chars().all(is_token);
        if !names.iter().all(plain) {
            return Err(Wrong::Shape);
        }
        Ok(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    });

/// The scheme and host of a URL, in lower case.
pub(super) const OPTIONAL_ORIGIN: Kind<Option<String>> =
    Kind::new("a URL of scheme and host such as https://example.com, or null", |raw| {
        let Some(given) = optional(raw, text)?.filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let origin = given.strip_suffix('/').unwrap_or(&given).to_ascii_lowercase();
        let is_web = origin.starts_with("https://") || origin.starts_with("http://");
        if is_web && is_origin(&origin) && !origin.contains('*') {
            Ok(Some(origin))
        } else {
            Err(Wrong::Shape)
        }
    });

/// A path in front of others; it is kept with a slash at both ends.
pub(super) const OPTIONAL_PREFIX: Kind<Option<String>> =
    Kind::new("a path such as /auth/api/, or null", |raw| {
        let Some(given) = optional(raw, text)?.filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let inner = given.trim_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let is_segment =
            |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
        if inner.split('/').all(is_segment) { Ok(Some(format!("/{inner}/"))) } else { Err(Wrong::Shape) }
    });

/// A header's name as it is written, in lower case.
pub(super) const OPTIONAL_HEADER: Kind<Option<String>> =
    Kind::new("a header's name such as X-Real-IP, or null", |raw| match optional(raw, text)? {
        Some(name) if name.trim().is_empty() => Ok(None),
        Some(name) if name.chars().all(is_token) => Ok(Some(name.to_ascii_lowercase())),
        None => Ok(None),
        Some(_) => Err(Wrong::Shape),
    });

pub(super) const ORIGINS: Kind<Vec<String>> =
    Kind::new("a list of origins such as https://www.example.com or https://*.example.com", |raw| {
        let origins = list(raw)?;
        match origins.iter().find(|origin| !is_origin(origin)) {
            None => Ok(origins),
            Some(origin) => Err(Wrong::Because(format!(
                "has {origin:?} where an origin must be a scheme and a host, with nothing after them: \
                 https://www.example.com or https://*.example.com"
            ))),
        }
    });

/// Origins as WebAuthn's client data has them: of pages, with no wildcards, and of Android apps.
pub(super) const WEBAUTHN_ORIGINS: Kind<Vec<String>> = Kind::new(
    "a list of origins such as https://www.example.com or android:apk-key-hash:SHA-256-IN-BASE64URL",
    |raw| {
        let is_app = |origin: &str| {
            let hash = origin.strip_prefix("android:apk-key-hash:").unwrap_or_default();
            hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let is_page = |origin: &str| {
            let web = origin.starts_with("https://") || origin.starts_with("http://");
            web && is_origin(origin) && !origin.contains('*')
        };
        let origins = list(raw)?;
        match origins.iter().find(|origin| !is_page(origin) && !is_app(origin)) {
            None => Ok(origins),
            Some(origin) => Err(Wrong::Because(format!(
                "has {origin:?} where an origin must be a scheme and a host, with nothing after them and no *, \
                 as https://www.example.com, or android:apk-key-hash: and the SHA-256 of an app's signing \
                 certificate in base64url, without padding"
            ))),
        }
    },
);

/// A WebAuthn relying party's id is a domain (WebAuthn, section 4).
pub(super) const RP_ID: Kind<Option<String>> =
    Kind::new("a domain such as example.com, or null", |raw| match optional(raw, text)? {
        Some(id) if id.trim().is_empty() => Ok(None),
        Some(id) if is_host(&id) && !id.starts_with('[') => Ok(Some(id.to_ascii_lowercase())),
        None => Ok(None),
        Some(_) => Err(Wrong::Shape),
    });

pub(super) const HOSTS: Kind<Vec<String>> = Kind::new(
    "a list of one or more of host names, .example.com for a domain and all under it, and *",
    |raw| {
        let hosts = list(raw)?;
        if hosts.is_empty() {
            return Err(Wrong::Because("must name a host, or every request would be refused".to_owned()));
        }
        let is_allowed = |host: &&String| *host == "*" || is_host(host.strip_prefix('.').unwrap_or(host));
        match hosts.iter().find(|host| !is_allowed(host)) {
            None => Ok(hosts),
            Some(host) => Err(Wrong::Because(format!(
                "has {host:?} where a host must be like www.example.com, .example.com or *, \
                 without scheme, port or path"
            ))),
        }
    },
);

const fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(
            character,
            '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~'
        )
}

/// A host name or an IP address, one of version 6 in brackets; no port.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !text.is_empty()
        && text.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && is_host(host.strip_prefix("*.").unwrap_or(host))
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}
