//! Cookies of browsers (RFC 6265).

use std::fmt::Write as _;
use std::time::Duration;

use lambda_http::http::{HeaderMap, header};

use crate::settings::{SameSite, Settings};

/// The value of a cookie that the client sent, if it sent one of this name.
pub fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get_all(header::COOKIE).into_iter().find_map(|value| {
        // One header holds all cookies of the domain: another's that is not ASCII must not hide ours.
        let line = String::from_utf8_lossy(value.as_bytes());
        let mut pairs = line.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
        Some(value.trim().trim_matches('"').to_owned())
    })
}

/// How a cookie is set.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    name: &'a str,
    domain: Option<&'a str>,
    path: &'a str,
    secure: bool,
    httponly: bool,
    samesite: SameSite,
    age: Option<Duration>,
}

impl<'a> Attributes<'a> {
    /// Of the session (`SESSION_COOKIE_…`).
    pub fn of_session(settings: &'a Settings) -> Self {
        let session = &settings.session;
        Self {
            name: &session.cookie_name,
            domain: session.cookie_domain.as_deref(),
            path: &session.cookie_path,
            secure: session.cookie_secure,
            httponly: session.cookie_httponly,
            samesite: session.cookie_samesite,
            age: Some(session.cookie_age),
        }
    }

    /// Of the CSRF token (`CSRF_COOKIE_…`).
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

    /// Of a trusted browser (`MFA_TRUST_COOKIE_…`).
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

    /// The header that sets it.
    pub fn set(&self, value: &str) -> String {
        let age = self.age.map(|age| format!("; Max-Age={}", age.as_secs())).unwrap_or_default();
        self.line(value, &age)
    }

    /// The header that removes it.
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
        headers.append(header::COOKIE, "empty=".parse().unwrap());
        assert_eq!(find(&headers, "sessionid").as_deref(), Some("abc"));
        assert_eq!(find(&headers, "b").as_deref(), Some("x"));
        assert_eq!(find(&headers, "empty").as_deref(), Some(""));
        assert_eq!(find(&headers, "session"), None);
    }

    #[test]
    fn cookies_are_set_as_the_settings_say() {
        let variables = [("SESSION_COOKIE_DOMAIN", "example.com"), ("SESSION_COOKIE_SECURE", "true")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::read(variables).unwrap().settings;
        assert_eq!(
            Attributes::of_session(&settings).set("x"),
            "sessionid=x; Max-Age=1209600; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            Attributes::of_csrf(&settings).set("y"),
            "csrftoken=y; Max-Age=31449600; Path=/; SameSite=Lax"
        );
    }
}
