//! The keys that access and refresh tokens are signed with, and what is published of them.
//!
//! Keys that make themselves come as a set: one signs now, the next one is published long before it signs, and the
//! previous one is published until its last tokens have expired. So a key can be replaced at any time, and no verifier
//! that keeps published keys for a while, API Gateway included, meets a token that they can't verify.

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// A private key, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrivateKey {
    /// What it signs with, by its name in RFC 7518 or RFC 8037, such as `RS256`.
    pub algorithm: Algorithm,
    /// In PEM form.
    pub pem: String,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({:?}, …)", self.algorithm)
    }
}

/// The keys of a service that makes its own, as a secret holds them: a JSON document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeySet {
    /// Signed until the last rotation; none after the first.
    pub previous: Option<PrivateKey>,
    /// Signs.
    pub current: PrivateKey,
    /// Will sign after the next rotation.
    pub next: PrivateKey,
}

impl KeySet {
    /// The set in which the next key signs, and a new one is the next.
    #[must_use]
    pub fn rotated(self, new: PrivateKey) -> Self {
        Self { previous: Some(self.current), current: self.next, next: new }
    }
}

/// Why a key can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is an empty shared secret.
    #[error("must not be empty")]
    Empty,
    /// It is no PEM document.
    #[error("must be a private key in PEM form, beginning with -----BEGIN PRIVATE KEY-----")]
    NotPem,
    /// It is a key, but not for this algorithm.
    #[error("must be a private key for {0:?}: RSA of 2048 bits or more, or as PKCS #8 for ES256 and EdDSA")]
    NotForAlgorithm(Algorithm),
    /// It is damaged: its parts contradict one another.
    #[error("must be a private key that can sign: the parts of this one contradict one another")]
    CannotSign,
}

/// A key, ready to sign and to verify.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub algorithm: Algorithm,
    pub signing: EncodingKey,
    pub verifying: DecodingKey,
    /// What tokens name it by; none where there is one key only.
    pub id: Option<String>,
    /// What is published of it; nothing of a shared secret.
    pub public: Option<Jwk>,
}

impl Key {
    /// A secret that is shared with the verifiers (HMAC).
    pub fn shared(algorithm: Algorithm, secret: &Secret, id: Option<String>) -> Result<Self, KeyError> {
        let bytes = secret.expose().as_bytes();
        let signing = EncodingKey::from_secret(bytes).map_err(|_| KeyError::Empty)?;
        let verifying = DecodingKey::from_secret(bytes).map_err(|_| KeyError::Empty)?;
        Ok(Self { algorithm, signing, verifying, id, public: None })
    }

    pub fn read(key: &PrivateKey) -> Result<Self, KeyError> {
        let algorithm = key.algorithm;
        let der = PrivateKeyDer::from_pem_slice(key.pem.as_bytes()).map_err(|_| KeyError::NotPem)?;
        let der = der.secret_der();
        let wrong = KeyError::NotForAlgorithm(algorithm);
        let signing = match algorithm.family() {
            AlgorithmFamily::Rsa => EncodingKey::from_rsa_der(der),
            AlgorithmFamily::Ec => EncodingKey::from_ec_der(der),
            AlgorithmFamily::Ed => EncodingKey::from_ed_der(der),
            AlgorithmFamily::Hmac => return Err(wrong),
        };
        let mut public = Jwk::from_encoding_key(&signing, algorithm).map_err(|_| wrong)?;
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        // RFC 7638.
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256).map_err(|_| wrong)?);
        let verifying = DecodingKey::from_jwk(&public).map_err(|_| wrong)?;
        let id = public.common.key_id.clone();
        Ok(Self { algorithm, signing, verifying, id, public: Some(public) })
    }

    /// The same, if it can sign: of an RSA key, nothing else tells.
    pub fn tried(self) -> Result<Self, KeyError> {
        match jsonwebtoken::crypto::sign(b"", &self.signing, self.algorithm) {
            Ok(_) => Ok(self),
            Err(_) => Err(KeyError::CannotSign),
        }
    }
}

/// All keys of a service.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// Signs.
    pub current: Key,
    /// Verify as well.
    pub others: Vec<Key>,
}

impl Keys {
    pub const fn one(key: Key) -> Self {
        Self { current: key, others: Vec::new() }
    }

    pub fn read(set: &KeySet) -> Result<Self, KeyError> {
        let others = set.previous.iter().chain([&set.next]).map(Key::read).collect::<Result<_, _>>()?;
        Ok(Self { current: Key::read(&set.current)?.tried()?, others })
    }

    /// The key with this id. Where a token names none: the one that has none, or any secret, as tokens that were signed
    /// with one named none once.
    pub fn find(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        self.all().filter(move |key| key.id.as_deref() == id || (id.is_none() && key.public.is_none()))
    }

    pub fn published(&self) -> JwkSet {
        JwkSet { keys: self.all().filter_map(|key| key.public.clone()).collect() }
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.others)
    }
}
