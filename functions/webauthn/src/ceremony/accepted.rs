//! Registrations that another server has accepted. django-allauth stores them as the browser sent them; what moves is the
//! public key, not the attestation.

use ciborium::Value as Cbor;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vestibule::http::input::json::Value;
use vestibule::settings::Settings;

use super::attested_data;
use super::authenticator_data::AuthenticatorData;
use super::client_data::{ClientData, Kind};
use super::encoding::{decode, encode};
use super::fault::CeremonyFault;
use super::party::Party;
use super::public_key::PublicKey;
use super::response::Registration;

/// The flags of authenticator data with a key in it, of a user who was present.
const ATTESTED_BY_A_USER: u8 = 0b0100_0001;

/// The make of the authenticator is not stored.
const NO_AAGUID: [u8; 16] = [0; 16];

/// A registration that another server has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRegistration {
    /// The credential id, in base64url.
    pub credential_id: String,
    /// The public key: a COSE key in base64url.
    pub public_key: String,
    /// The signature counter at registration.
    pub sign_count: u32,
    /// Whether it is a discoverable credential (`credProps.rk`), if the client said so.
    pub discoverable: Option<bool>,
    /// The origin of the page where it was made.
    pub origin: String,
    /// The SHA-256 of the relying party id.
    pub rp_id_hash: [u8; 32],
}

impl AcceptedRegistration {
    /// One for this relying party, of a key that counts no signature and says nothing else yet.
    pub fn new(rp_id: &str, origin: &str, credential_id: &str, public_key: &str) -> Self {
        Self {
            credential_id: credential_id.to_owned(),
            public_key: public_key.to_owned(),
            sign_count: 0,
            discoverable: None,
            origin: origin.to_owned(),
            rp_id_hash: Sha256::digest(rp_id.as_bytes()).into(),
        }
    }

    /// Reads `RegistrationResponseJSON`. Its challenge and its attestation are not verified: that server has done so.
    ///
    /// # Errors
    /// Why nothing could be verified by it here.
    pub fn read(json: &str) -> Result<Self, impl std::error::Error + use<>> {
        let credential = Value::parse(json).map_err(|_| CeremonyFault::Shape("JSON"))?;
        let response = Registration::read(&credential)?;
        let client_data = ClientData::parse(&response.client_data)?;
        if client_data.kind != Kind::Create.name() {
            return Err(CeremonyFault::Kind);
        }
        let data = AuthenticatorData::parse(&attested_data(&response.attestation_object)?)?;
        let attested = data.attested.ok_or(CeremonyFault::AuthenticatorData)?;
        PublicKey::check(&attested.public_key)?;
        if attested.credential_id != response.id {
            return Err(CeremonyFault::Id);
        }
        Ok(Self {
            credential_id: encode(&attested.credential_id),
            public_key: encode(&attested.public_key),
            sign_count: data.sign_count,
            discoverable: response.discoverable,
            origin: client_data.origin,
            rp_id_hash: data.rp_id_hash,
        })
    }

    /// Whether it is for this relying party.
    pub fn is_for(&self, rp_id: &str) -> bool {
        self.rp_id_hash == *Sha256::digest(rp_id.as_bytes())
    }

    /// Whether a page of the origin where it was made may use credentials of this relying party (`MFA_WEBAUTHN_ORIGINS`).
    pub fn is_allowed(&self, settings: &Settings, rp_id: &str) -> bool {
        Party::of(settings, &format!("https://{rp_id}")).expects(&self.origin)
    }

    /// As `RegistrationResponseJSON`, without an attestation.
    ///
    /// # Errors
    /// If the credential id or the public key is not in base64url, or longer than a credential id may be.
    pub fn write(&self) -> Result<serde_json::Value, impl std::error::Error + use<>> {
        let id = decode(&self.credential_id).ok_or(CeremonyFault::Id)?;
        let key = decode(&self.public_key).ok_or(CeremonyFault::PublicKey)?;
        let length = u16::try_from(id.len()).map_err(|_| CeremonyFault::Id)?;
        let data = [
            self.rp_id_hash.as_slice(),
            &[ATTESTED_BY_A_USER],
            &self.sign_count.to_be_bytes(),
            &NO_AAGUID,
            &length.to_be_bytes(),
            &id,
            &key,
        ];
        let object = [
            ("fmt", Cbor::from("none")),
            ("attStmt", Cbor::Map(Vec::new())),
            ("authData", Cbor::Bytes(data.concat())),
        ];
        let object = Cbor::Map(object.map(|(name, value)| (name.into(), value)).into());
        let mut attestation_object = Vec::new();
        ciborium::into_writer(&object, &mut attestation_object)
            .map_err(|_| CeremonyFault::AttestationObject)?;
        let client_data = json!({
            "type": Kind::Create.name(), "challenge": "", "origin": self.origin, "crossOrigin": false,
        });
        let extensions = match self.discoverable {
            Some(discoverable) => json!({"credProps": {"rk": discoverable}}),
            None => json!({}),
        };
        Ok::<_, CeremonyFault>(json!({
            "type": "public-key",
            "id": self.credential_id,
            "rawId": self.credential_id,
            "clientExtensionResults": extensions,
            "response": {
                "clientDataJSON": encode(client_data.to_string().as_bytes()),
                "attestationObject": encode(&attestation_object),
            },
        }))
    }
}
