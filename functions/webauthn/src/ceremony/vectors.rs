//! The test vectors of Web Authentication Level 3, section "Test Vectors".

use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::json;
use vestibule::http::input::json::{Object, Value};

use super::*;

/// The file of the vectors, which says where they are from.
#[derive(Deserialize)]
struct Document {
    vectors: Vec<Vector>,
}

/// A credential that is registered, and used once.
#[derive(Deserialize)]
struct Vector {
    name: String,
    credential_id: String,
    registration: Created,
    assertion: Used,
}

#[derive(Deserialize)]
struct Created {
    challenge: String,
    client_data: String,
    attestation_object: String,
}

#[derive(Deserialize)]
struct Used {
    challenge: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../testdata/w3c.json")).unwrap());

fn bytes(hexadecimal: &str) -> Vec<u8> {
    HEXLOWER.decode(hexadecimal.as_bytes()).unwrap()
}

impl Vector {
    /// What the standard's relying party does with it: the fault that it finds, if any.
    fn run(&self) -> Result<(), CeremonyFault> {
        let party = Party::new("example.org", "example.org", &["https://example.org".to_owned()], false);
        let challenge = bytes(&self.registration.challenge);
        let expected = Expected { party: &party, challenge: &challenge, user_verification: false };
        let created = self.credential(&[
            ("clientDataJSON", &self.registration.client_data),
            ("attestationObject", &self.registration.attestation_object),
        ]);
        let new = register(&expected, &Registration::read(&created)?)?;
        assert_eq!(new.credential_id, bytes(&self.credential_id), "{}", self.name);

        let challenge = bytes(&self.assertion.challenge);
        let used = self.credential(&[
            ("clientDataJSON", &self.assertion.client_data),
            ("authenticatorData", &self.assertion.authenticator_data),
            ("signature", &self.assertion.signature),
        ]);
        let assertion = Assertion::read(&used)?;
        authenticate(&Expected { challenge: &challenge, ..expected }, &new.key, b"handle", &assertion)?;
        let other = Expected { challenge: b"another one", ..expected };
        assert_eq!(
            authenticate(&other, &new.key, b"handle", &assertion),
            Err(CeremonyFault::Challenge),
            "{}",
            self.name
        );
        Ok(())
    }

    /// The JSON that a browser sends.
    fn credential(&self, response: &[(&str, &String)]) -> Value {
        let id = encode(&bytes(&self.credential_id));
        let response: serde_json::Map<_, _> =
            response.iter().map(|(name, value)| ((*name).to_owned(), encode(&bytes(value)).into())).collect();
        let body = json!({"credential": {"id": id, "rawId": id, "type": "public-key", "response": response}});
        Object::parse(body.to_string().as_bytes()).unwrap().get("credential").unwrap().clone()
    }
}

#[test]
fn the_vectors_of_the_standard_give_its_results() {
    assert_eq!(DOCUMENT.vectors.len(), 15);
    for vector in &DOCUMENT.vectors {
        let expected = match vector.name.as_str() {
            // These algorithms are not offered.
            "packed-es384" | "packed-es512" | "packed-ed448" => Err(CeremonyFault::PublicKey),
            // Framed by a page of an origin that is not ours, which the standard leaves to the relying party.
            "none-es256-crossOrigin" | "none-es256-topOrigin" => Err(CeremonyFault::Framed),
            _ => Ok(()),
        };
        assert_eq!(vector.run(), expected, "{}", vector.name);
    }
}
