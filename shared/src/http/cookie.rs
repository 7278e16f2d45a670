//! Cookies of browsers (RFC 6265).

use std::fmt::Write as _;
use std::time::Duration;

use lambda_http::http::{HeaderMap, header};

use crate::settings::{SameSite, Settings};

/// The maximum number of cookies of one name that are considered: each may cost a read.
pub const MOST_OF_A_NAME: usize = 4;

/// The values of the cookies of this name, in the order sent, each once.
///
/// A browser sends several where they differ in `Domain` or `Path` (RFC 6265, section 5.4), the older first: those of
/// another site on a parent domain must not hide ours.
pub fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for line in headers.get_all(header::COOKIE) {
        // One header holds all cookies of the domain: another's that is not ASCII must not hide ours.
        let line = String::from_utf8_lossy(line.as_bytes());
        for (_, value) in
            line.split(';').filter_map(|pair| pair.split_once('=')).filter(|(found, _)| found.trim() == name)
        {
            let value = value.trim().trim_matches('"').to_owned();
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    values
}

/// The attributes of a cookie.
#[derive(Clone, Copy, Debug)]
pub struct CookieAttributes<'a> {
    name: &'a str,
    domain: Option<&'a str>,
    path: &'a str,
    secure: bool,
    httponly: bool,
    samesite: SameSite,
    age: Option<Duration>,
}

impl<'a> CookieAttributes<'a> {
    /// The session cookie's (`SESSION_COOKIE_…`).
    pub fn of_session(settings: &'a Settings) -> Self {
        let session = &settings.session;
        Self {
            name: &session.cookie_name,
            domain: session.cookie_domain.as_deref(),
            path: &session.cookie_path,
            secure: session.cookie_secure,
            httponly: session.cookie_httponly,
            samesite: session.cookie_samesite,
            age: Some(session.cookie_age).filter(|_| !session.expire_at_browser_close),
        }
    }

    /// The CSRF cookie's (`CSRF_COOKIE_…`).
    pub fn of_csrf(settings: &'a Settings) -> Self {
        let csrf = &settings.csrf;
        Self {
            name: &csrf.cookie_name,
            domain: csrf.cookie_domain.as_deref(),
            path: &csrf.cookie_path,
            secure: csrf.cookie_secure,
            httponly: csrf.cookie_httponly,
            samesite: csrf.cookie_samesite,
            age: csrf.cookie_age,
        }
    }

    /// The trusted browser cookie's (`MFA_TRUST_COOKIE_…`).
    pub fn of_trust(settings: &'a Settings) -> Self {
        let mfa = &settings.mfa;
        Self {
            name: &mfa.trust_cookie_name,
            domain: mfa.trust_cookie_domain.as_deref(),
            path: &mfa.trust_cookie_path,
            secure: mfa.trust_cookie_secure,
            httponly: mfa.trust_cookie_httponly,
            samesite: mfa.trust_cookie_samesite,
            age: Some(mfa.trust_cookie_age),
        }
    }

    /// The `Set-Cookie` value that sets it.
    pub fn set(&self, value: &str) -> String {
        let age = self.age.map(|age| format!("; Max-Age={}", age.as_secs())).unwrap_or_default();
        self.line(value, &age)
    }

    /// The `Set-Cookie` value that deletes it.
    pub fn delete(&self) -> String {
        self.line("", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0")
    }

    fn line(&self, value: &str, age: &str) -> String {
        let mut line = format!("{}={value}{age}; Path={}", self.name, self.path);
        if let Some(domain) = self.domain {
            let _ = write!(line, "; Domain={domain}");
        }
        if self.secure {
            line.push_str("; Secure");
        }
        if self.httponly {
            line.push_str("; HttpOnly");
        }
        line.push_str(match self.samesite {
            SameSite::Lax => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::None => "; SameSite=None",
            SameSite::Unset => "",
        });
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; sessionid=abc; b=\"x\"".parse().unwrap());
        headers.append(header::COOKIE, "empty=; a=2; a=1".parse().unwrap());
        assert_eq!(all(&headers, "sessionid"), ["abc"]);
        assert_eq!(all(&headers, "b"), ["x"]);
        assert_eq!(all(&headers, "empty"), [""]);
        assert_eq!(all(&headers, "a"), ["1", "2"]);
        assert!(all(&headers, "session").is_empty());
    }

    #[test]
    fn cookies_are_set_as_the_settings_say() {
        let variables = [("SESSION_COOKIE_DOMAIN", "example.com"), ("SESSION_COOKIE_SECURE", "true")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::read(variables).unwrap().settings;
        assert_eq!(
            CookieAttributes::of_session(&settings).set("x"),
            "sessionid=x; Max-Age=1209600; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            CookieAttributes::of_csrf(&settings).set("y"),
            "csrftoken=y; Max-Age=31449600; Path=/; SameSite=Lax"
        );
    }
}
