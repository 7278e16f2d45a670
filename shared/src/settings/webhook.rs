//! The URL that events are sent to, and the secrets that they are signed with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use zeroize::Zeroizing;

use super::kind::{Kind, Wrong, optional, text};

/// The secrets that events are signed with, as Standard Webhooks says: with each of them, so that a service can change
/// from one to another.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Zeroizing<Vec<u8>>>);

impl WebhookSecrets {
    /// What [`Self::read`] takes.
    pub const EXPECTS: &str =
        "whsec_ followed by 24 to 64 bytes in base64, or several of these separated by commas";

    /// Reads them as they are given.
    pub fn read(text: &str) -> Option<Self> {
        text.split(',').map(|one| key(one.trim())).collect::<Option<_>>().map(Self)
    }

    /// The keys themselves, for the one place that signs. Never for logs, errors or URLs.
    pub fn expose(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|key| key.as_slice())
    }
}

fn key(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    let key = Zeroizing::new(STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?);
    (24..=64).contains(&key.len()).then_some(key)
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecrets(…)")
    }
}

pub(super) const WEBHOOK_SECRETS: Kind<Option<WebhookSecrets>> = Kind::new(
    "whsec_ followed by 24 to 64 bytes in base64, or several of these separated by commas, or null",
    |raw| {
        let Some(text) = optional(raw, text)? else { return Ok(None) };
        WebhookSecrets::read(&text).map(Some).ok_or(Wrong::Shape)
    },
)
.secret();

pub(super) const EVENTS_URL: Kind<Option<Url>> = Kind::new(
    "a URL such as https://example.com/events, without user, password and fragment, or null",
    |raw| {
        let Some(text) = optional(raw, text)? else { return Ok(None) };
        let url = Url::parse(&text).map_err(|_| Wrong::Shape)?;
        let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if is_web && is_plain { Ok(Some(url)) } else { Err(Wrong::Shape) }
    },
);
