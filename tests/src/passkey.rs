//! A browser and its authenticator: makes a key, and signs with it, as Web Authentication says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const ATTESTED: u8 = 1 << 6;

/// One key.
pub struct Passkey {
    /// The origin of the page that uses it.
    pub origin: String,
    /// What the authenticator knows it by.
    pub id: Vec<u8>,
    /// Whether the authenticator checks who is there.
    pub verifies_user: bool,
    /// Whose it is, as was said when it was made.
    pub user_handle: Option<String>,
    /// How often it has signed.
    pub count: u32,
    key: EcdsaKeyPair,
}

impl Passkey {
    /// A key that is used by pages of this origin.
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let id = Sha256::digest(key.public_key()).to_vec();
        Self { origin: origin.to_owned(), id, verifies_user: true, user_handle: None, count: 0, key }
    }

    /// Answers `navigator.credentials.create()` with these options.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.user_handle = Some(options["user"]["id"].as_str().unwrap().to_owned());
        let mut data = self.data(&options["rp"]["id"], ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        // COSE: a map with the type EC2, the algorithm ES256, the curve P-256, and the coordinates.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        let discoverable = options["authenticatorSelection"]["residentKey"] == "required";
        self.credential(
            &json!({"credProps": {"rk": discoverable}}),
            &json!({
                "clientDataJSON": encode(&self.client_data("webauthn.create", &options["challenge"])),
                "attestationObject": encode(&attestation),
            }),
        )
    }

    /// Answers `navigator.credentials.get()` with these options.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.count += 1;
        let client_data = self.client_data("webauthn.get", &options["challenge"]);
        let data = self.data(&options["rpId"], 0);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(
            &json!({}),
            &json!({
                "clientDataJSON": encode(&client_data),
                "authenticatorData": encode(&data),
                "signature": encode(signature.as_ref()),
                "userHandle": self.user_handle,
            }),
        )
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false});
        data.to_string().into_bytes()
    }

    fn data(&self, party: &Value, flags: u8) -> Vec<u8> {
        let verified = if self.verifies_user { USER_VERIFIED } else { 0 };
        let mut data = Sha256::digest(party.as_str().unwrap()).to_vec();
        data.push(flags | USER_PRESENT | verified);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn credential(&self, extensions: &Value, response: &Value) -> Value {
        json!({
            "type": "public-key",
            "id": encode(&self.id),
            "rawId": encode(&self.id),
            "clientExtensionResults": extensions,
            "response": response,
        })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
