//! The URL that events are sent to, and the secret that they are signed with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use zeroize::Zeroizing;

use super::kind::{Kind, Wrong, optional, text};

/// The secret that events are signed with, as Standard Webhooks says.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// What [`Self::read`] takes.
    pub const EXPECTS: &str = "whsec_ followed by 24 to 64 bytes in base64";

    /// Reads it as it is given.
    pub fn read(text: &str) -> Option<Self> {
        let key = Zeroizing::new(STANDARD.decode(text.strip_prefix("whsec_")?).ok()?);
        (24..=64).contains(&key.len()).then_some(Self(key))
    }

    /// The key itself, for the one place that signs. Never for logs, errors or URLs.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

pub(super) const WEBHOOK_SECRET: Kind<Option<WebhookSecret>> =
    Kind::new("whsec_ followed by 24 to 64 bytes in base64, or null", |raw| {
        let Some(text) = optional(raw, text)? else { return Ok(None) };
        WebhookSecret::read(&text).map(Some).ok_or(Wrong::Shape)
    })
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
