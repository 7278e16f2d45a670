//! Where a browser may go on to once it is back from another service, and what it brings there.

use vestibule::http::csrf;
use vestibule::settings::Settings;

/// The longest address, in bytes: the session keeps it.
const LONGEST: usize = 2000;

/// Whether a browser may be sent to this address: a path of this API, or a page of the frontend or of an origin that is
/// trusted (`FRONTEND_URL`, `HEADLESS_FRONTEND_URLS`, `CSRF_TRUSTED_ORIGINS`, `ALLOWED_HOSTS` but for `*`).
///
/// It is read more strictly than browsers do: what they could take for another address than it seems is refused.
pub fn is_allowed(address: &str, settings: &Settings, base_url: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if address.is_empty() || address.len() > LONGEST || address.contains(odd) {
        return false;
    }
    if address.starts_with('/') {
        return !address.starts_with("//");
    }
    let Some(origin) = origin(address) else { return false };
    let own = csrf::is_allowed_origin(&origin, base_url, &settings.csrf.trusted_origins);
    let urls = &settings.headless.frontend_urls;
    let pages = [
        &settings.headless.frontend_url,
        &urls.account_confirm_email,
        &urls.account_reset_password,
        &urls.account_reset_password_from_key,
        &urls.account_signup,
        &urls.socialaccount_login_error,
    ];
    own || pages.into_iter().any(|page| self::origin(page).as_ref() == Some(&origin))
        || settings.allowed_hosts.iter().any(|host| host != "*" && is_host(&origin, host))
}

/// Scheme, host and port. None if there is a user name before the host, which could be taken for it.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && !host.contains('@'))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain);
    is_scheme.then(|| format!("{scheme}://{host}").to_ascii_lowercase())
}

/// Whether an origin is a site of this host, or of one in its domain (`.example.com`).
fn is_host(origin: &str, pattern: &str) -> bool {
    let Some(("http" | "https", host)) = origin.split_once("://") else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let pattern = pattern.to_ascii_lowercase();
    name == pattern
        || pattern.strip_prefix('.').is_some_and(|domain| name == domain || name.ends_with(&pattern))
}

/// An address with more in its query; what it had there already stays, unless it has the same name.
pub(crate) fn with_query(address: &str, more: &[(&str, &str)]) -> String {
    let (address, fragment) = match address.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (address, None),
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if !more.iter().any(|(known, _)| *known == name) {
            pairs.append_pair(&name, &value);
        }
    }
    pairs.extend_pairs(more);
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}?{}{fragment}", pairs.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> Settings {
        let variables = [
            ("FRONTEND_URL", "https://www.example.com"),
            ("HEADLESS_FRONTEND_URLS", r#"{"account_signup": "myapp://auth/signup"}"#),
            ("CSRF_TRUSTED_ORIGINS", r#"["https://*.example.org", "https://a.example:8443"]"#),
            ("ALLOWED_HOSTS", r#"["*", ".example.net"]"#),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings::read(variables).unwrap().settings
    }

    fn allowed(address: &str) -> bool {
        is_allowed(address, &settings(), "https://api.example.com")
    }

    #[test]
    fn pages_of_the_frontend_and_of_trusted_origins_are_allowed() {
        for address in [
            "/back?x=1",
            "https://www.example.com/back#x",
            "https://WWW.example.com",
            "https://api.example.com/x",
            "https://x.example.org/",
            "https://a.example:8443/back",
            "https://deep.example.net/",
            "http://example.net:3000/",
            "myapp://auth/back",
        ] {
            assert!(allowed(address), "{address}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let long = format!("/{}", "x".repeat(2000));
        for address in [
            "",
            "back",
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https:///evil.example",
            "https://evil.example",
            "https://www.example.com.evil.example",
            "https://www.example.com@evil.example",
            "https://www.example.com:evil@evil.example/",
            "https://evil.example/https://www.example.com",
            "https://www.example.com\\@evil.example",
            "http://www.example.com",
            "https://www.example.com:8443",
            "https://a.example",
            "myapp://elsewhere/back",
            "javascript://www.example.com/%0Aalert(1)",
            "https://www.example.com/\r\nSet-Cookie: x",
            " https://www.example.com",
            &long,
        ] {
            assert!(!allowed(address), "{address}");
        }
    }

    #[test]
    fn a_query_is_kept_and_added_to() {
        let more = [("error", "a b")];
        assert_eq!(with_query("https://a.example/x", &more), "https://a.example/x?error=a+b");
        assert_eq!(with_query("/x?y=1&error=old#z", &more), "/x?y=1&error=a+b#z");
    }

    proptest! {
        #[test]
        fn what_is_allowed_goes_to_a_known_host(address in "(https?:)?[/\\\\]{0,3}[a-z@.:\\\\/]{0,12}(example\\.com|evil\\.example)[a-z@.:\\\\/?#]{0,12}") {
            if allowed(&address) {
                // As browsers read it.
                let base = url::Url::parse("https://api.example.com").unwrap();
                let url = base.join(&address).unwrap();
                let host = url.host_str().unwrap_or_default().to_owned();
                prop_assert!(["api.example.com", "www.example.com"].contains(&host.as_str()) || host.ends_with(".example.org") || host.ends_with("example.net"), "{url}");
            }
        }
    }
}
