//! What authenticators and browsers say in WebAuthn.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value as Json, json};
use vestibule::domain::authenticator::CredentialKey;
use vestibule::domain::handle::MOST_CREDENTIAL_ID_BYTES;
use vestibule::http::input::json::Value;
use vestibule_webauthn::{AcceptedRegistration, Assertion, Expected, Party, authenticate};

use crate::input::{parts, text};
use crate::process::APP;

const CHALLENGE: &[u8] = b"a challenge of 32 bytes for all.";
const HANDLE: &[u8] = b"0199a1c0-5e00-7000-8000-000000000001";
const RP_ID: &str = "api.example.com";

static PARTY: LazyLock<Party> = LazyLock::new(|| Party::of(&APP.settings, "https://api.example.com"));
static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());

/// Reads the JSON of a registration.
pub fn registration(data: &[u8]) {
    if let Some(Ok(accepted)) = text(data).map(AcceptedRegistration::read) {
        is_read_back(&accepted);
    }
}

/// Reads an attestation object.
pub fn attestation(data: &[u8]) {
    let id = credential_id(data).unwrap_or_else(|| b"id".to_vec());
    let client_data =
        json!({"type": "webauthn.create", "challenge": "", "origin": "https://www.example.com"});
    let body = json!({
        "id": URL_SAFE_NO_PAD.encode(&id),
        "rawId": URL_SAFE_NO_PAD.encode(&id),
        "type": "public-key",
        "response": {
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data.to_string()),
            "attestationObject": URL_SAFE_NO_PAD.encode(data),
        },
    });
    let Ok(accepted) = AcceptedRegistration::read(&body.to_string()) else { return };
    assert_eq!(accepted.credential_id, URL_SAFE_NO_PAD.encode(&id));
    assert!((1..=MOST_CREDENTIAL_ID_BYTES).contains(&id.len()), "{}", id.len());
    let key = URL_SAFE_NO_PAD.decode(&accepted.public_key).unwrap();
    assert!(data.windows(key.len()).any(|part| part == key), "the key is not in the object");
    is_read_back(&accepted);
}

/// The credential id in an attestation object, where its authenticator data has one.
fn credential_id(object: &[u8]) -> Option<Vec<u8>> {
    let object: Cbor = ciborium::from_reader(object).ok()?;
    let (_, data) = object.as_map()?.iter().find(|(name, _)| name.as_text() == Some("authData"))?;
    let (length, id) = data.as_bytes()?.get(53..)?.split_first_chunk()?;
    id.get(..usize::from(u16::from_be_bytes(*length))).map(<[u8]>::to_vec)
}

fn is_read_back(accepted: &AcceptedRegistration) {
    let written = accepted.write().unwrap_or_else(|error| panic!("{error}: {accepted:?}"));
    let read = AcceptedRegistration::read(&written.to_string());
    assert_eq!(&read.unwrap_or_else(|error| panic!("{error}: {written}")), accepted);
    accepted.is_for(RP_ID);
    accepted.is_allowed(&APP.settings, RP_ID);
}

/// Verifies client data, authenticator data and a signature, or signs them if there is none.
pub fn assertion(data: &[u8]) {
    let [client_data, authenticator_data, signature] = parts(data);
    let signed = [authenticator_data, digest(&SHA256, client_data).as_ref()].concat();
    let signature =
        if signature.is_empty() { KEY.sign(&signed).as_ref().to_vec() } else { signature.to_vec() };
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let body = json!({
        "rawId": encode(b"id"),
        "response": {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(authenticator_data),
            "signature": encode(&signature),
            "userHandle": encode(HANDLE),
        },
    });
    let response = Assertion::read(&Value::parse(&body.to_string()).unwrap()).unwrap();
    let expected = Expected { party: &PARTY, challenge: CHALLENGE, user_verification: false };
    let key = CredentialKey::new(encode(&public_key()), 5);
    let Ok(kept) = authenticate(&expected, &key, HANDLE, &response) else { return };

    let said: Json =
        serde_json::from_slice(client_data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(client_data)).unwrap();
    assert_eq!(said["type"], "webauthn.get");
    assert_eq!(said["challenge"].as_str().unwrap().trim_end_matches('='), encode(CHALLENGE));
    let origin = said["origin"].as_str().unwrap();
    assert!(origin.starts_with("https://") && origin.contains(".example"), "{origin}");
    assert_eq!(authenticator_data[..32], *digest(&SHA256, RP_ID.as_bytes()).as_ref());
    assert!(authenticator_data[32] & 1 == 1 && kept.sign_count > 5, "{kept:?}");
    let key = UnparsedPublicKey::new(&ED25519, KEY.public_key().as_ref());
    assert!(key.verify(&signed, &signature).is_ok(), "the signature is wrong");
}

/// The key in COSE form (RFC 9053, section 2.2).
fn public_key() -> Vec<u8> {
    let number = |number: i64| Cbor::from(number);
    let members = vec![
        (number(1), number(1)),
        (number(3), number(-8)),
        (number(-1), number(6)),
        (number(-2), Cbor::Bytes(KEY.public_key().as_ref().to_vec())),
    ];
    let mut key = Vec::new();
    ciborium::into_writer(&Cbor::Map(members), &mut key).unwrap();
    key
}
