//! Apps, rules and keys for tests of the engine.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use vestibule::domain::time::Timestamp;
use vestibule::outside::HttpRules;
use vestibule::settings::{ProviderApp, Settings};

use super::keys::{Algorithm, Key};

/// The time in tests.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);

/// Everything goes, and quickly enough.
pub const LOCAL: HttpRules =
    HttpRules { timeout: Duration::from_secs(20), private_ip_addresses: true, plain_http: true };

/// Keys for tests; nothing else is protected by them.
pub const P256_PEM: &str = include_str!("testing/p256.pem");
const ED25519_PEM: &str = include_str!("testing/ed25519.pem");
const RSA_A_PEM: &str = include_str!("testing/rsa-a.pem");
const RSA_B_PEM: &str = include_str!("testing/rsa-b.pem");

/// An app as the settings have it.
pub fn app(provider: &str, app: Value) -> ProviderApp {
    app_with(provider, app, json!({}))
}

/// An app of a provider with settings of its own.
pub fn app_with(provider: &str, app: Value, mut settings: Value) -> ProviderApp {
    settings["APP"] = app;
    let providers = json!({provider: settings}).to_string();
    let variables = [("SOCIALACCOUNT_PROVIDERS".to_owned(), providers)];
    let settings = Settings::read(variables).unwrap().settings;
    settings.socialaccount.providers.into_iter().find(|app| app.provider == provider).unwrap()
}

/// Somebody who signs tokens.
pub struct Signer {
    pub id: String,
    pub algorithm: Algorithm,
    material: Material,
}

enum Material {
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    Secret(String),
}

fn der(pem: &str) -> PrivatePkcs8KeyDer<'static> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap()
}

impl Signer {
    fn new(id: &str, algorithm: Algorithm, material: Material) -> Self {
        Self { id: id.to_owned(), algorithm, material }
    }

    /// With a key of P-256.
    pub fn es256(id: &str) -> Self {
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            der(P256_PEM).secret_pkcs8_der(),
            &SystemRandom::new(),
        );
        Self::new(id, Algorithm::Es256, Material::P256(Box::new(key.unwrap())))
    }

    /// With an RSA key.
    pub fn rs256(id: &str) -> Self {
        Self::rsa(id, RSA_A_PEM)
    }

    /// With another RSA key.
    pub fn another_rs256(id: &str) -> Self {
        Self::rsa(id, RSA_B_PEM)
    }

    fn rsa(id: &str, pem: &str) -> Self {
        let key = RsaKeyPair::from_pkcs8(der(pem).secret_pkcs8_der()).unwrap();
        Self::new(id, Algorithm::Rs256, Material::Rsa(Box::new(key)))
    }

    /// With a key of Ed25519.
    pub fn eddsa(id: &str) -> Self {
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der(ED25519_PEM).secret_pkcs8_der()).unwrap();
        Self::new(id, Algorithm::EdDsa, Material::Ed25519(Box::new(key)))
    }

    /// With a shared secret.
    pub fn hs256(id: &str, secret: &str) -> Self {
        Self::new(id, Algorithm::Hs256, Material::Secret(secret.to_owned()))
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": self.algorithm.name(), "kid": self.id, "typ": "JWT"}), claims)
    }

    /// A token with this header and these claims.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.material {
            Material::P256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Material::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Material::Secret(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
                ring::hmac::sign(&key, message).as_ref().to_vec()
            }
            Material::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// What checks its signatures.
    pub fn key(&self) -> Key {
        match &self.material {
            Material::P256(key) => Key::P256(key.public_key().as_ref().to_vec()),
            Material::Ed25519(key) => Key::Ed25519(key.public_key().as_ref().to_vec()),
            Material::Secret(secret) => Key::secret(secret),
            Material::Rsa(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                Key::Rsa { n: public.n, e: public.e }
            }
        }
    }

    /// The same as it is published.
    pub fn jwk(&self) -> Value {
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self.key() {
            Key::P256(point) => {
                json!({"kty": "EC", "crv": "P-256", "x": number(&point[1..33]), "y": number(&point[33..])})
            }
            Key::Ed25519(point) => json!({"kty": "OKP", "crv": "Ed25519", "x": number(&point)}),
            Key::Rsa { n, e } => json!({"kty": "RSA", "n": number(&n), "e": number(&e)}),
            Key::P384(_) | Key::Secret(_) => json!({"kty": "oct"}),
        };
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm.name());
        jwk["use"] = json!("sig");
        jwk
    }
}
