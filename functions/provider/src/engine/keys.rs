//! The keys that services sign with, and the check of a signature (RFC 7515, 7517, 7518, 8037).
//!
//! Which kinds of signature are possible follows from the key and never from the token: an RSA key checks RSA
//! signatures only, and a client secret is a key only where the app's registration says so. The arithmetic is ring's,
//! which TLS brings anyway. Crates that read whole tokens bring a second set of it, with an open advisory
//! (RUSTSEC-2023-0071) in the RSA part.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde::Deserialize;

use crate::providers::expression;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    const ALL: &[(&str, Self)] = &[
        ("HS256", Self::Hs256),
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
    ];

    /// By its registered name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// Its registered name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| *name)
    }

    /// The hash that `at_hash` is made with.
    pub const fn hash(self) -> &'static ring::digest::Algorithm {
        match self {
            Self::Hs256 | Self::Rs256 | Self::Ps256 | Self::Es256 => &ring::digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &ring::digest::SHA384,
            Self::Rs512 | Self::Ps512 | Self::EdDsa => &ring::digest::SHA512,
        }
    }
}

/// A key.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// The modulus and the exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point of the curve, uncompressed.
    P256(Vec<u8>),
    /// A point of the curve, uncompressed.
    P384(Vec<u8>),
    /// A compressed point.
    Ed25519(Vec<u8>),
    /// A secret that both sides know.
    Secret(hmac::Key),
}

impl Key {
    /// A client secret as a key.
    pub fn secret(text: &str) -> Self {
        Self::Secret(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))
    }

    /// Whether it is for this kind of signature.
    pub const fn makes(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Hs256, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::P256(_) => matches!(algorithm, Es256),
            Self::P384(_) => matches!(algorithm, Es384),
            Self::Ed25519(_) => matches!(algorithm, EdDsa),
            Self::Secret(_) => matches!(algorithm, Hs256),
        }
    }

    /// Whether it has made this signature, with this algorithm. RSA keys of less than 2048 bits have made none.
    pub fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by_curve = |kind: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(kind, key).verify(message, signature).is_ok()
        };
        self.makes(algorithm)
            && match self {
                Self::Rsa { n, e } => rsa_kind(algorithm).is_some_and(|kind| {
                    signature::RsaPublicKeyComponents { n, e }.verify(kind, message, signature).is_ok()
                }),
                Self::P256(point) => by_curve(&signature::ECDSA_P256_SHA256_FIXED, point),
                Self::P384(point) => by_curve(&signature::ECDSA_P384_SHA384_FIXED, point),
                Self::Ed25519(point) => by_curve(&signature::ED25519, point),
                Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            }
    }
}

const fn rsa_kind(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Hs256 | Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
    })
}

/// What a service publishes of its keys.
#[derive(Debug, Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// A key as it is published; what else there is to it does not matter here.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<serde_json::Value>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<serde_json::Value>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a service that signatures can be checked with.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Named>);

#[derive(Debug)]
struct Named {
    id: Option<String>,
    /// The one algorithm that it is for, where that is said.
    algorithm: Option<String>,
    key: Key,
}

impl KeySet {
    /// Reads a JWK set. Keys of unknown kinds, or for other purposes, are left out, as RFC 7517, section 5, asks; so are
    /// shared secrets, which are never published.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let published: Published = serde_json::from_slice(json).ok()?;
        let keys = published.keys.into_iter().filter_map(|mut key| {
            key.as_object_mut()?.retain(|_, value| !expression::is_empty(value));
            serde_json::from_value(key).ok()
        });
        Some(Self(keys.filter_map(named).collect()))
    }

    /// The key of that name for that algorithm. A token that names none can only mean the one key there is for it.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let fits = |named: &&Named| {
            named.key.makes(algorithm)
                && named.algorithm.as_deref().is_none_or(|name| name == algorithm.name())
        };
        let mut fitting = self.0.iter().filter(fits);
        match id {
            Some(id) => fitting.find(|named| named.id.as_deref() == Some(id)).map(|named| &named.key),
            None => fitting.next().filter(|_| fitting.next().is_none()).map(|named| &named.key),
        }
    }
}

fn named(jwk: Jwk) -> Option<Named> {
    let for_signatures = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| {
            expression::elements(operations).iter().any(|operation| operation == "verify")
        });
    let key = key(&jwk).filter(|_| for_signatures)?;
    Some(Named { id: jwk.kid.as_ref().and_then(expression::plain), algorithm: jwk.alg, key })
}

fn key(jwk: &Jwk) -> Option<Key> {
    let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Some(Key::Rsa { n: stripped(number(&jwk.n)?), e: stripped(number(&jwk.e)?) }),
        ("EC", Some("P-256")) => point(number(&jwk.x)?, number(&jwk.y)?, 32).map(Key::P256),
        ("EC", Some("P-384")) => point(number(&jwk.x)?, number(&jwk.y)?, 48).map(Key::P384),
        ("OKP", Some("Ed25519")) => number(&jwk.x).map(Key::Ed25519),
        _ => None,
    }
}

/// Without the zeros that some put before a number.
fn stripped(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Uncompressed, as SEC 1 has it.
fn point(x: Vec<u8>, y: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [vec![4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signed text of a standard: its key set, what was signed, and the signature.
    struct Example {
        keys: &'static str,
        algorithm: Algorithm,
        message: &'static str,
        signature: &'static str,
    }

    /// The examples of RFC 7515, appendices A.2 and A.3, and of RFC 8037, appendix A.4.
    const EXAMPLES: &[Example] = &[
        Example {
            keys: r#"{"keys": [{"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}"#,
            algorithm: Algorithm::Rs256,
            message: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        },
        Example {
            keys: r#"{"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
            algorithm: Algorithm::Es256,
            message: "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        },
        Example {
            keys: r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
            algorithm: Algorithm::EdDsa,
            message: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        },
    ];

    #[test]
    fn the_examples_of_the_standards_are_right() {
        for Example { keys, algorithm, message, signature } in EXAMPLES {
            let keys = KeySet::parse(keys.as_bytes()).unwrap();
            let key = keys.find(None, *algorithm).unwrap();
            let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(key.has_signed(*algorithm, message.as_bytes(), &signature), "{algorithm:?}");
            assert!(!key.has_signed(*algorithm, b"another message", &signature), "{algorithm:?}");
            signature[0] ^= 1;
            assert!(!key.has_signed(*algorithm, message.as_bytes(), &signature), "{algorithm:?}");
            assert!(!key.has_signed(*algorithm, message.as_bytes(), b""), "{algorithm:?}");
        }
    }

    #[test]
    fn a_key_is_for_its_own_algorithms_only() {
        for Example { keys, algorithm, message, signature } in EXAMPLES {
            let keys = KeySet::parse(keys.as_bytes()).unwrap();
            let key = keys.find(None, *algorithm).unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for (name, other) in Algorithm::ALL.iter().filter(|(_, other)| other != algorithm) {
                assert!(!key.has_signed(*other, message.as_bytes(), &signature), "{algorithm:?} as {name}");
            }
        }
        let published = KeySet::parse(EXAMPLES[0].keys.as_bytes()).unwrap();
        assert!(published.find(None, Algorithm::Hs256).is_none());
    }

    #[test]
    fn keys_are_found_by_name_and_purpose() {
        let set = |keys: &str| KeySet::parse(format!(r#"{{"keys": [{keys}]}}"#).as_bytes()).unwrap();
        let key = |more: &str| format!(r#"{{"kty": "OKP", "crv": "Ed25519", "x": "AA", {more}}}"#);
        let find = |set: &KeySet, id| set.find(id, Algorithm::EdDsa).is_some();

        let one = set(&key(r#""kid": "a", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"]"#));
        assert!(find(&one, Some("a")) && find(&one, None) && !find(&one, Some("b")));
        let two = set(&[key(r#""kid": "a""#), key(r#""kid": "b""#)].join(","));
        assert!(find(&two, Some("b")) && !find(&two, None));
        for other in [r#""use": "enc""#, r#""key_ops": ["encrypt"]"#, r#""alg": "ES256""#] {
            assert!(!find(&set(&key(other)), None), "{other}");
        }
        let secret =
            set(r#"{"kty": "oct", "k": "AAAA"}, 7, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}"#);
        assert!(!find(&secret, None) && secret.find(None, Algorithm::Hs256).is_none());
    }

    #[test]
    fn what_is_no_key_set_is_none() {
        for json in ["", "{}", "[]", "null", r#"{"keys": {}}"#, r#"{"keys": 1}"#] {
            assert!(KeySet::parse(json.as_bytes()).is_none(), "{json}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(json: Vec<u8>, x in ".{0,60}", signature: Vec<u8>) {
            KeySet::parse(&json);
            let jwk = serde_json::json!({"keys": [
                {"kty": "RSA", "n": x, "e": x}, {"kty": "OKP", "crv": "Ed25519", "x": x},
            ]});
            let keys = KeySet::parse(jwk.to_string().as_bytes()).unwrap();
            for (_, algorithm) in Algorithm::ALL {
                if let Some(key) = keys.find(None, *algorithm) {
                    proptest::prop_assert!(!key.has_signed(*algorithm, b"message", &signature));
                }
            }
        }
    }
}
