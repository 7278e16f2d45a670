//! A service to talk to in tests: what it answers is up to the test, and it may lie.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, ServerConfig, SignatureScheme};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use vestibule::domain::time::Timestamp;
use vestibule::settings::{ProviderApp, Settings};

use super::client::Rules;
use super::keys::{Algorithm, Key};

/// The time in tests.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);

/// Everything goes, and quickly enough.
pub const LOCAL: Rules =
    Rules { timeout: Duration::from_secs(20), private_addresses: true, plain_http: true };

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

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    /// The fields of a form, or of the query.
    pub fn form(&self) -> BTreeMap<String, String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// A server on this machine.
pub struct Server {
    pub url: String,
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// One that answers with what a function says, as it stands, and then waits for the other side to hang up.
    pub async fn start(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, None, false).await
    }

    /// One that hangs up itself.
    pub async fn closing(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, None, true).await
    }

    /// One that speaks TLS, as `localhost`.
    pub async fn over_tls(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self::serve(answer, Some(acceptor()), false).await
    }

    async fn serve(
        answer: impl Fn(&Received) -> String + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
        closes: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = received.clone();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (log, answer, tls) = (log.clone(), answer.clone(), tls.clone());
                tokio::spawn(async move {
                    let answer = |request: &Received| {
                        log.lock().unwrap().push(request.clone());
                        answer(request)
                    };
                    match tls {
                        None => converse(stream, answer, closes).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, answer, closes).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), port, received, task }
    }

    /// An answer of JSON.
    pub fn ok(body: &str) -> String {
        Self::with_status("200 OK", body)
    }

    /// An answer of JSON with another status.
    pub fn with_status(status: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }

    /// What was asked so far, as `GET /path`.
    pub fn requests(&self) -> Vec<String> {
        self.all().iter().map(|request| format!("{} {}", request.method, request.path())).collect()
    }

    /// What was asked so far, as a function writes it.
    pub fn asked(&self, written: impl Fn(&Received) -> String) -> Vec<String> {
        self.all().iter().map(written).collect()
    }

    /// What was asked so far.
    pub fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// What the server that speaks TLS shows.
pub fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("testing/tls-cert.pem")).unwrap()
}

/// Believes every certificate: to tests, the whole internet is one server.
#[derive(Debug)]
pub struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testing/tls-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

async fn converse<S>(mut stream: S, answer: impl FnOnce(&Received) -> String, closes: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(request) = receive(&mut stream).await else { return };
    let _ = stream.write_all(answer(&request).as_bytes()).await;
    let _ = stream.flush().await;
    if !closes {
        let _ = stream.read(&mut [0]).await;
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&chunk[..count]);
    }
    Some(Received {
        method: first.next()?,
        target: first.next()?,
        headers,
        body: String::from_utf8(body).ok()?,
    })
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
