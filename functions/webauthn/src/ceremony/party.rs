//! The relying party: us, as authenticators and browsers see us.

use vestibule::http::csrf;
use vestibule::settings::Settings;

/// Who asks for keys, and which pages may ask in its name.
#[derive(Clone, Debug)]
pub struct Party {
    /// The domain that keys are bound to; a page can only ask for keys of its own domain or one above it.
    pub(crate) id: String,
    /// What people may be shown as its name.
    pub(crate) name: String,
    origins: Vec<String>,
    any_origin: bool,
}

impl Party {
    /// As the settings have it, for a request to this scheme and host.
    ///
    /// Unless `MFA_WEBAUTHN_ORIGINS` says otherwise, the pages are those that may call the API anyway, and those at the
    /// domain itself, which is also what apps of Apple's systems give as their origin. The reference takes pages at any
    /// subdomain too: a subdomain that is taken over could use its users' keys.
    pub fn of(settings: &Settings, base_url: &str) -> Self {
        let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
        let domain = host.split(':').next().unwrap_or(host);
        let id = settings.mfa.webauthn_rp_id.clone().unwrap_or_else(|| domain.to_owned());
        let mut origins = settings.mfa.webauthn_origins.clone();
        if origins.is_empty() {
            origins.extend([base_url.to_owned(), format!("https://{id}")]);
            origins.extend(origin_of(&settings.headless.frontend_url));
            origins.extend(settings.csrf.trusted_origins.iter().cloned());
        }
        let name = settings.site_name.clone().unwrap_or_else(|| host.to_owned());
        Self { id, name, origins, any_origin: settings.mfa.webauthn_allow_insecure_origin }
    }

    #[cfg(test)]
    pub(super) fn new(id: &str, name: &str, origins: &[String], any_origin: bool) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), origins: origins.to_vec(), any_origin }
    }

    /// Whether a page of this origin may ask in its name.
    pub(super) fn expects(&self, origin: &str) -> bool {
        self.any_origin || csrf::is_trusted(origin, &self.origins)
    }
}

/// The scheme and host of an address, as browsers write them.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_url_is_its_scheme_and_host() {
        for (url, expected) in [
            ("https://App.Example/sign-in?x=1", Some("https://app.example")),
            ("https://app.example:8443?x", Some("https://app.example:8443")),
            ("app.example", None),
        ] {
            assert_eq!(origin_of(url).as_deref(), expected, "{url}");
        }
    }
}
