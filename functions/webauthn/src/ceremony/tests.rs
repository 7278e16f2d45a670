use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use vestibule::http::input::json::{Object, Value};

use super::*;

/// What one authenticator answered, made and judged by `testdata/generate.py`.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    kind: String,
    name: String,
    user_verification: bool,
    challenge: String,
    public_key: String,
    /// How far the key had counted before.
    seen: u32,
    handle: String,
    credential: serde_json::Value,
    /// The name of the fault that is in it.
    fault: Option<String>,
}

static ROWS: LazyLock<Vec<Row>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../testdata/ceremonies.json")).unwrap());

fn row(kind: &str, name: &str) -> Row {
    ROWS.iter().find(|row| row.kind == kind && row.name == name).unwrap().clone()
}

fn party() -> Party {
    let origins = ["https://example.com", "android:apk-key-hash:aGFzaA"];
    Party::new("example.com", "example.com", &origins.map(str::to_owned), false)
}

fn read(credential: &serde_json::Value) -> Value {
    let body = serde_json::json!({"credential": credential}).to_string();
    Object::parse(body.as_bytes()).unwrap().get("credential").unwrap().clone()
}

impl Row {
    fn run(&self) -> Result<(), CeremonyFault> {
        let challenge = decode(&self.challenge).unwrap();
        let expected =
            Expected { party: &party(), challenge: &challenge, user_verification: self.user_verification };
        let credential = read(&self.credential);
        if self.kind == "registration" {
            register(&expected, &Registration::read(&credential)?)?;
        } else {
            let public_key = self.public_key.clone();
            let key = CredentialKey {
                public_key,
                sign_count: self.seen,
                unknown: vestibule::domain::document::UnknownMembers::NONE,
            };
            let handle = decode(&self.handle).unwrap();
            let after = authenticate(&expected, &key, &handle, &Assertion::read(&credential)?)?;
            assert!(after.sign_count >= key.sign_count, "{}", self.name);
        }
        Ok(())
    }
}

#[test]
fn good_answers_are_taken_and_bad_ones_refused_for_what_is_wrong_with_them() {
    for row in ROWS.iter() {
        let fault = row.run().err().map(|fault| {
            let name = format!("{fault:?}");
            name.split('(').next().unwrap().to_owned()
        });
        assert_eq!(fault, row.fault, "{}: {}", row.kind, row.name);
    }
}

#[test]
fn what_is_kept_of_a_key_checks_its_signatures() {
    for name in ["ES256", "EdDSA", "RS256"] {
        let (made, used) = (row("registration", name), row("assertion", name));
        let challenge = decode(&made.challenge).unwrap();
        let expected = Expected { party: &party(), challenge: &challenge, user_verification: true };
        let new = register(&expected, &Registration::read(&read(&made.credential)).unwrap()).unwrap();
        assert_eq!((&new.key.public_key, new.user_verified), (&made.public_key, true));
        let assertion = Assertion::read(&read(&used.credential)).unwrap();
        assert_eq!(assertion.id, new.credential_id);
        let kept = CredentialKey::from_document(&new.key.to_document()).unwrap();
        let handle = decode(&used.handle).unwrap();
        assert_eq!(authenticate(&expected, &kept, &handle, &assertion).unwrap().sign_count, 1);
        assert_eq!(authenticate(&expected, &kept, b"other", &assertion), Err(CeremonyFault::UserHandle));
    }
}

#[test]
fn what_another_server_has_accepted_is_read_and_written() {
    for name in ["ES256", "EdDSA", "RS256"] {
        let made = row("registration", name);
        let accepted = AcceptedRegistration::read(&made.credential.to_string()).unwrap();
        assert_eq!(accepted.public_key, made.public_key);
        assert_eq!(accepted.origin, "https://example.com");
        assert!(accepted.is_for("example.com") && !accepted.is_for("www.example.com"));
        let written = accepted.write().unwrap();
        assert_eq!(AcceptedRegistration::read(&written.to_string()).unwrap(), accepted);
        let new = AcceptedRegistration::new(
            "example.com",
            &accepted.origin,
            &accepted.credential_id,
            &accepted.public_key,
        );
        let expected = AcceptedRegistration { sign_count: accepted.sign_count, discoverable: None, ..new };
        assert_eq!(expected, AcceptedRegistration { discoverable: None, ..accepted });
    }
    let used = row("assertion", "ES256").credential;
    for wrong in [used.to_string(), "{}".to_owned(), "[".to_owned()] {
        assert!(AcceptedRegistration::read(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_is_asked_for_in_the_words_of_the_standard() {
    let user = CredentialUser { handle: b"42", name: "a@example.com", display_name: "A" };
    let options = creation(&party(), user, &[1; 32], &["a25vd24"], true, "required");
    assert_eq!(
        serde_json::to_value(options).unwrap(),
        serde_json::json!({"publicKey": {
            "rp": {"id": "example.com", "name": "example.com"},
            "user": {"id": "NDI", "name": "a@example.com", "displayName": "A"},
            "challenge": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -7},
                {"type": "public-key", "alg": -8},
                {"type": "public-key", "alg": -257},
            ],
            "excludeCredentials": [{"type": "public-key", "id": "a25vd24"}],
            "authenticatorSelection":
                {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
            "extensions": {"credProps": true},
        }})
    );
    let options = serde_json::to_value(request(&party(), &[1; 32], &[], "preferred")).unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"], serde_json::json!([]));
}

#[test]
fn an_attestation_object_has_each_member_once() {
    let members =
        [("fmt", Cbor::from("none")), ("attStmt", Cbor::Map(Vec::new())), ("authData", Cbor::Bytes(vec![1]))];
    let object = |members: &[(&str, Cbor)]| {
        let members = members.iter().map(|(name, value)| (Cbor::from(*name), value.clone())).collect();
        let mut bytes = Vec::new();
        ciborium::into_writer(&Cbor::Map(members), &mut bytes).unwrap();
        attested_data(&bytes)
    };
    assert_eq!(object(&members), Ok(vec![1]));
    for twice in &members {
        let more = [&members[..], std::slice::from_ref(twice)].concat();
        assert_eq!(object(&more), Err(CeremonyFault::AttestationObject), "{}", twice.0);
    }
}

#[test]
fn a_client_says_whether_a_credential_is_discoverable() {
    for (extensions, expected) in [
        (serde_json::json!({"credProps": {"rk": true}}), Some(true)),
        (serde_json::json!({"credProps": {"rk": false}}), Some(false)),
        (serde_json::json!({"credProps": true}), None),
        (serde_json::json!({}), None),
    ] {
        let mut credential = row("registration", "ES256").credential;
        credential["clientExtensionResults"] = extensions.clone();
        let read = Registration::read(&read(&credential)).unwrap();
        assert_eq!(read.discoverable, expected, "{extensions}");
    }
}

/// The bytes of an answer that clients make, by their names.
const BINARY: [&str; 5] =
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

/// Changes a few bytes, somewhere.
fn mutated(bytes: &mut Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) {
    for (at, kind, byte) in changes {
        if bytes.is_empty() {
            return;
        }
        let at = at.index(bytes.len());
        match kind % 4 {
            0 => bytes[at] = *byte,
            1 => bytes[at] ^= 1 << (byte % 8),
            2 => bytes.insert(at, *byte),
            _ => {
                bytes.remove(at);
            }
        }
    }
}

proptest! {
    // `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_breaks_anything(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = attested_data(&bytes);
        let _ = AuthenticatorData::parse(&bytes);
        let _ = ClientData::parse(&bytes);
        let _ = PublicKey::check(&bytes);
    }

    #[test]
    fn a_changed_answer_breaks_nothing(
        which in any::<prop::sample::Index>(),
        member in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        let mut row = which.get(&ROWS).clone();
        let name = member.get(&BINARY);
        if let Some(text) = row.credential["response"][*name].as_str() {
            let mut bytes = decode(text).unwrap();
            mutated(&mut bytes, &changes);
            row.credential["response"][*name] = encode(&bytes).into();
            let _ = row.run();
        }
    }

    #[test]
    fn nothing_that_is_signed_can_be_changed(
        kind in prop::sample::select(vec!["ES256", "EdDSA", "RS256"]),
        member in prop::sample::select(vec!["clientDataJSON", "authenticatorData"]),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut row = row("assertion", kind);
        let mut bytes = decode(row.credential["response"][member].as_str().unwrap()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        row.credential["response"][member] = encode(&bytes).into();
        prop_assert!(row.run().is_err());
    }
}
