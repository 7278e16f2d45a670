//! What a client sends: `RegistrationResponseJSON` and `AuthenticationResponseJSON` (5.1), as
//! `PublicKeyCredential.toJSON()` writes them.

use schemars::JsonSchema;
use serde_json::Map;
use vestibule::domain::handle::MOST_CREDENTIAL_ID_BYTES;
use vestibule::http::input::json::{Object, Value};

use super::encoding::decode;
use super::fault::CeremonyFault;

/// A credential as a client sends it: the `toJSON()` of a `PublicKeyCredential`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "a shape, for the description: what is sent is read member by member")]
pub(crate) struct WebAuthnCredential {
    /// The credential id, in base64url.
    #[schemars(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The credential id, in base64url.
    raw_id: String,
    /// The credential type.
    #[schemars(rename = "type", extend("enum" = ["public-key"]), skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The response of the authenticator, its members in base64url.
    response: Map<String, serde_json::Value>,
    /// The results of client extensions.
    #[schemars(skip_serializing_if = "Option::is_none")]
    client_extension_results: Option<Map<String, serde_json::Value>>,
}

/// The answer to a registration.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// What the authenticator knows the key by.
    pub(crate) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) attestation_object: Vec<u8>,
    /// Whether the key can be found without its id (the extension `credProps`), if the client says so.
    pub(crate) discoverable: Option<bool>,
}

/// The answer to an authentication.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// What the authenticator knows the key by.
    pub(crate) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// Whose key it is, as was said when it was registered; not all authenticators remember.
    pub(crate) user_handle: Option<Vec<u8>>,
}

impl Registration {
    /// Reads one.
    pub(crate) fn read(credential: &Value) -> Result<Self, CeremonyFault> {
        let (id, response) = envelope(credential)?;
        let discoverable = match path(credential, &["clientExtensionResults", "credProps", "rk"]) {
            Some(Value::Bool(discoverable)) => Some(*discoverable),
            _ => None,
        };
        Ok(Self {
            id,
            client_data: bytes(response, "clientDataJSON")?,
            attestation_object: bytes(response, "attestationObject")?,
            discoverable,
        })
    }
}

impl Assertion {
    /// Reads one.
    pub fn read(credential: &Value) -> Result<Self, CeremonyFault> {
        let (id, response) = envelope(credential)?;
        let user_handle = match response.get("userHandle") {
            None | Some(Value::Null) => None,
            Some(_) => Some(bytes(response, "userHandle")?),
        };
        Ok(Self {
            id,
            client_data: bytes(response, "clientDataJSON")?,
            authenticator_data: bytes(response, "authenticatorData")?,
            signature: bytes(response, "signature")?,
            user_handle,
        })
    }
}

/// What both have: the key's id, and the authenticator's response.
fn envelope(credential: &Value) -> Result<(Vec<u8>, &Object), CeremonyFault> {
    let Value::Object(credential) = credential else { return Err(CeremonyFault::Shape("object")) };
    if !matches!(credential.get("type"), None | Some(Value::Null))
        && text(credential, "type")? != "public-key"
    {
        return Err(CeremonyFault::Shape("type"));
    }
    let id = bytes(credential, "rawId")?;
    if id.is_empty()
        || id.len() > MOST_CREDENTIAL_ID_BYTES
        || credential.get("id").is_some() && bytes(credential, "id")? != id
    {
        return Err(CeremonyFault::Id);
    }
    match credential.get("response") {
        Some(Value::Object(response)) => Ok((id, response)),
        _ => Err(CeremonyFault::Shape("response")),
    }
}

fn text<'v>(object: &'v Object, name: &'static str) -> Result<&'v str, CeremonyFault> {
    match object.get(name) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(CeremonyFault::Shape(name)),
    }
}

fn bytes(object: &Object, name: &'static str) -> Result<Vec<u8>, CeremonyFault> {
    decode(text(object, name)?).ok_or(CeremonyFault::Shape(name))
}

fn path<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(object) => object.get(name),
        _ => None,
    })
}
