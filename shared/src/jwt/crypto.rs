//! What `jsonwebtoken` signs and verifies with: *ring*, which TLS links anyway. The crate's own choices would add a
//! second implementation of RSA and of elliptic curves to every function, or a C library's slow start.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaParameters,
    UnparsedPublicKey, VerificationAlgorithm,
};
use ring::{digest, hmac};

/// Makes *ring* what this process signs and verifies tokens with. Calling it again does nothing.
pub fn install() {
    let _ = PROVIDER.install_default();
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        let key = SigningKey::read(*algorithm, key)?;
        Ok(Box::new(Signer { algorithm: *algorithm, key }))
    },
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Verifier { algorithm: *algorithm, key: key.kind().clone() }))
    },
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |der| {
            let public = PublicKeyComponents::<Vec<u8>>::from(rsa(der)?.public());
            Ok((public.n, public.e))
        },
        rsa_pub_components_from_public_key: |_| Err(unusable()),
        ec_pub_components_from_private_key: |der, algorithm| {
            let (curve, signing) = curve(algorithm)?;
            let pair =
                EcdsaKeyPair::from_pkcs8(signing, der, &SystemRandom::new()).map_err(|_| unusable())?;
            // SEC 1, 2.3.3: 4, x, y.
            let point = pair.public_key().as_ref().get(1..).ok_or_else(unusable)?;
            let (x, y) = point.split_at(point.len() / 2);
            Ok((curve, x.to_vec(), y.to_vec()))
        },
        ed_pub_components_from_private_key: |der, _| Ok(ed25519(der)?.public_key().as_ref().to_vec()),
        compute_digest: |data, hash| {
            // Keys are named by their SHA-256, and by no other.
            if !matches!(hash, ThumbprintHash::SHA256) {
                return Err(unusable());
            }
            Ok(digest::digest(&digest::SHA256, data).as_ref().to_vec())
        },
    },
};

/// A private key that is not of its algorithm, or in no form that *ring* reads.
fn unusable() -> Error {
    ErrorKind::InvalidKeyFormat.into()
}

fn rsa(der: &[u8]) -> Result<RsaKeyPair, Error> {
    RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).map_err(|_| unusable())
}

fn ed25519(der: &[u8]) -> Result<Ed25519KeyPair, Error> {
    // OpenSSL writes no public key next to the private one.
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unusable())
}

fn curve(algorithm: Algorithm) -> Result<(EllipticCurve, &'static EcdsaSigningAlgorithm), Error> {
    match algorithm {
        Algorithm::ES256 => Ok((EllipticCurve::P256, &signature::ECDSA_P256_SHA256_FIXED_SIGNING)),
        Algorithm::ES384 => Ok((EllipticCurve::P384, &signature::ECDSA_P384_SHA384_FIXED_SIGNING)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

enum SigningKey {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    fn read(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, Error> {
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        let bytes = key.as_bytes();
        let hmac = |algorithm| Ok(Self::Hmac(hmac::Key::new(algorithm, bytes)));
        let rsa = |padding| Ok(Self::Rsa(Box::new(rsa(bytes)?), padding));
        match algorithm {
            Algorithm::HS256 => hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_SHA512),
            Algorithm::ES256 | Algorithm::ES384 => {
                let pair = EcdsaKeyPair::from_pkcs8(curve(algorithm)?.1, bytes, &SystemRandom::new());
                pair.map(Self::Ecdsa).map_err(|_| unusable())
            }
            Algorithm::EdDSA => Ok(Self::Ed25519(ed25519(bytes)?)),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

struct Signer {
    algorithm: Algorithm,
    key: SigningKey,
}

impl JwtSigner for Signer {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl jsonwebtoken::signature::Signer<Vec<u8>> for Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, jsonwebtoken::signature::Error> {
        let failed = |_| jsonwebtoken::signature::Error::new();
        match &self.key {
            SigningKey::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            SigningKey::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*padding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            SigningKey::Ecdsa(pair) => {
                Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec())
            }
            SigningKey::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

struct Verifier {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl jsonwebtoken::signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), jsonwebtoken::signature::Error> {
        let check = match self.algorithm {
            Algorithm::HS256 => Check::Hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => Check::Hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => Check::Hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Check::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Check::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => Check::Curve(&signature::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Check::Curve(&signature::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => Check::Curve(&signature::ED25519),
            _ => return Err(jsonwebtoken::signature::Error::new()),
        };
        check.run(&self.key, message, signature).map_err(|_| jsonwebtoken::signature::Error::new())
    }
}

enum Check {
    Hmac(hmac::Algorithm),
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

impl Check {
    fn run(
        self,
        key: &DecodingKeyKind,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), ring::error::Unspecified> {
        match (self, key) {
            (Self::Hmac(algorithm), DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(algorithm, secret), message, signature)
            }
            (Self::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                PublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Self::Rsa(parameters), DecodingKeyKind::SecretOrDer(der)) => {
                UnparsedPublicKey::new(parameters, der).verify(message, signature)
            }
            (Self::Curve(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(algorithm, point).verify(message, signature)
            }
            (Self::Hmac(_) | Self::Curve(_), DecodingKeyKind::RsaModulusExponent { .. }) => {
                Err(ring::error::Unspecified)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::{Header, Validation};
    use serde_json::{Value, json};

    use super::super::keys::{Key, PrivateKey};
    use super::*;
    use crate::secret::Secret;

    const RSA: &str = include_str!("../../../tests/testdata/rsa-private-key.pem");
    const EC: &str = include_str!("../../../tests/testdata/ec-private-key.pem");
    const ED: &str = include_str!("../../../tests/testdata/ed25519-private-key.pem");

    /// A key of the curve P-384, in PEM form.
    fn p384() -> String {
        let algorithm = &signature::ECDSA_P384_SHA384_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let text = STANDARD.encode(document.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }

    fn token(key: &Key, subject: &str) -> String {
        jsonwebtoken::encode(&Header::new(key.algorithm), &json!({"sub": subject}), &key.signing).unwrap()
    }

    fn verifies(key: &Key, token: &str) -> bool {
        let mut validation = Validation::new(key.algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(token, &key.verifying, &validation).is_ok()
    }

    #[test]
    fn each_algorithm_verifies_what_it_has_signed_and_nothing_else() {
        install();
        let private = |algorithm: Algorithm| match algorithm {
            Algorithm::ES256 => EC.to_owned(),
            Algorithm::ES384 => p384(),
            Algorithm::EdDSA => ED.to_owned(),
            _ => RSA.to_owned(),
        };
        let pairs = [
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::EdDSA,
        ];
        let pairs = pairs.map(|algorithm| Key::read(&PrivateKey { algorithm, pem: private(algorithm) }));
        let shared = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        let shared = shared.map(|algorithm| Key::shared(algorithm, &Secret::new("shared"), None));
        for key in pairs.into_iter().chain(shared) {
            let key = key.unwrap();
            let (good, other) = (token(&key, "ann"), token(&key, "bob"));
            assert!(verifies(&key, &good), "{:?}", key.algorithm);
            let ((signed, _), (_, signature)) =
                (good.rsplit_once('.').unwrap(), other.rsplit_once('.').unwrap());
            assert!(!verifies(&key, &format!("{signed}.{signature}")), "{:?}", key.algorithm);
        }
    }

    #[test]
    fn a_key_of_one_family_signs_for_no_other() {
        install();
        let key = Key::shared(Algorithm::HS256, &Secret::new("shared"), None).unwrap();
        let header = Header::new(Algorithm::RS256);
        assert!(jsonwebtoken::encode(&header, &json!({}), &key.signing).is_err());
    }
}
