//! Client data: what a browser says it was asked, and by which page. The authenticator signs a hash of it.

use serde::Deserialize;

use super::fault::CeremonyFault;

/// Which ceremony client data is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A registration.
    Create,
    /// An assertion.
    Get,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// `CollectedClientData` (5.8.1). What else it holds, clients may add.
#[derive(Debug, Deserialize)]
pub(super) struct ClientData {
    /// The ceremony.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The challenge, in base64url.
    pub(super) challenge: String,
    /// The page's origin; an app's key on Android, as `android:apk-key-hash:…`.
    pub(super) origin: String,
    /// Whether the page is framed by one of another origin.
    #[serde(rename = "crossOrigin", default)]
    pub(super) cross_origin: bool,
    /// The origin of the outermost page then.
    #[serde(rename = "topOrigin", default)]
    pub(super) top_origin: Option<String>,
}

impl ClientData {
    pub(super) fn parse(json: &[u8]) -> Result<Self, CeremonyFault> {
        // A byte order mark is no part of the text (UTF-8 decode, in the Encoding standard).
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        serde_json::from_slice(json).map_err(|_| CeremonyFault::ClientData)
    }
}
