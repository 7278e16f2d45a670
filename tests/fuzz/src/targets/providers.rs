//! What identity providers say.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use vestibule::clock::Clock;
use vestibule::domain::email;
use vestibule::domain::social::{Identity, MAX_UID_LENGTH, PresentedToken, RequestSecrets};
use vestibule::secret::Secret;
use vestibule::settings::{ProviderApp, Settings};
use vestibule_provider::engine::{AuthorizationResponse, Engine};

use crate::input::{parts, text};
use crate::process::{NOW, run, settings};
use crate::service::Service;

const ISSUER: &str = "https://id.example";
const CLIENT: &str = "client";
const NONCE: &str = "the-nonce";
/// Stands for the signed id token in a token response.
const ID_TOKEN: &str = "$ID_TOKEN";

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap());

/// A provider of OpenID Connect, and the settings that name it. Its endpoints are fixed, so that no input leads elsewhere.
struct Provider {
    service: Service,
    settings: Settings,
}

impl Provider {
    fn new() -> Self {
        let service = Service::start();
        let at = |path: &str| format!("{}{path}", service.url);
        let overrides = json!({
            "issuer": ISSUER,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/keys"),
        });
        let app = json!({
            "provider_id": "test", "name": "Test", "client_id": CLIENT, "secret": "the-secret",
            "settings": {"server_url": service.url, "openid_configuration_overrides": overrides},
        });
        let settings = settings(&[
            ("SOCIALACCOUNT_PROVIDERS", &json!({"openid_connect": {"APP": app}}).to_string()),
            ("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", "true"),
        ]);
        service.says_body("/.well-known/openid-configuration", b"{}");
        service.says_body("/keys", right_keys().as_bytes());
        Self { service, settings }
    }

    fn app(&self) -> &ProviderApp {
        &self.settings.socialaccount.providers[0]
    }

    fn engine(&self) -> Engine {
        Engine::new(&self.settings, Clock::new(|| NOW), None)
    }

    fn verify(&self, engine: &Engine, token: &str) -> Option<Identity> {
        let app = self.app();
        let (id_token, client_id) = (Some(Secret::new(token)), app.client_id.clone());
        let token = PresentedToken { provider: app.id.clone(), client_id, id_token, access_token: None };
        run(engine.verify_token(app, &token)).ok()
    }
}

fn right_keys() -> String {
    let key = URL_SAFE_NO_PAD.encode(KEY.public_key().as_ref());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": key}]}).to_string()
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = KEY.sign(token.as_bytes());
    format!("{token}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// The claims of a token that is right.
fn right_claims() -> Vec<u8> {
    let now = NOW.seconds();
    let claims =
        json!({"iss": ISSUER, "aud": CLIENT, "sub": "1", "exp": now + 60, "iat": now, "nonce": NONCE});
    claims.to_string().into_bytes()
}

const HEADER: &[u8] = br#"{"alg":"EdDSA","kid":"one"}"#;

/// Verifies an id token: header and claims, which are signed here, or all of it.
pub fn id_token(data: &[u8]) {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::new);
    // It remembers documents and keys, so that most tokens cost no request.
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| PROVIDER.engine());
    let [header, claims] = parts(data);
    if let Some(identity) = PROVIDER.verify(&ENGINE, &signed(header, claims)) {
        is_within_bounds(&identity);
        is_for_us(header, claims);
    }
    if let Some(text) = text(data) {
        assert!(PROVIDER.verify(&ENGINE, text).is_none(), "{text:?} is forged");
    }
}

/// What OpenID Connect Core, section 3.1.3.7, asks of a token, read by another parser.
fn is_for_us(header: &[u8], claims: &[u8]) {
    let header: Value = serde_json::from_slice(header).unwrap();
    assert_eq!(header["alg"], "EdDSA");
    let claims: Value = serde_json::from_slice(claims).unwrap();
    assert_eq!(claims["iss"], ISSUER);
    let is_ours = |audience: &Value| audience == CLIENT;
    let audiences = claims["aud"].as_array();
    assert!(is_ours(&claims["aud"]) || audiences.is_some_and(|all| all.iter().any(is_ours)), "{claims}");
    let seconds = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    assert!(seconds(&claims["exp"]).is_some_and(|time| time + 31.0 > NOW.as_seconds()), "{claims}");
}

/// Reads the key set of a provider.
pub fn key_set(data: &[u8]) {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::new);
    PROVIDER.service.says_body("/keys", data);
    if PROVIDER.verify(&PROVIDER.engine(), &signed(HEADER, &right_claims())).is_some() {
        let set: Value = serde_json::from_slice(data).unwrap();
        let right: Value = serde_json::from_str(&right_keys()).unwrap();
        let is_ours = |key: &Value| key["x"] == right["keys"][0]["x"];
        assert!(set["keys"].as_array().is_some_and(|keys| keys.iter().any(is_ours)), "{set}");
    }
}

/// Exchanges a code: discovery document, token response, user info, and the claims of the id token.
pub fn exchange(data: &[u8]) {
    static PROVIDER: LazyLock<Provider> = LazyLock::new(Provider::new);
    let [discovery, token, user_info, claims] = parts(data);
    let claims = if claims.is_empty() { right_claims() } else { claims.to_vec() };
    let id_token = signed(HEADER, &claims);
    let token =
        text(token).map_or_else(|| token.to_vec(), |token| token.replace(ID_TOKEN, &id_token).into_bytes());
    let service = &PROVIDER.service;
    service.says_body("/.well-known/openid-configuration", discovery);
    service.says_body("/token", &token);
    service.says_body("/userinfo", user_info);
    let secrets = RequestSecrets {
        state: Secret::new("the-state"),
        nonce: Secret::new(NONCE),
        verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    };
    let code = Secret::new("the-code");
    let redirect_uri = "https://api.example/accounts/oidc/test/login/callback/";
    let response = AuthorizationResponse::code(&code);
    let engine = PROVIDER.engine();
    if let Ok(identity) = run(engine.exchange(PROVIDER.app(), redirect_uri, &secrets, response)) {
        is_within_bounds(&identity);
    }
}

fn is_within_bounds(identity: &Identity) {
    let profile = &identity.profile;
    assert!((1..=MAX_UID_LENGTH).contains(&profile.uid.chars().count()), "{}", profile.uid);
    assert!(profile.emails.iter().filter(|email| email.primary).count() <= 1, "{:?}", profile.emails);
    for email in &profile.emails {
        email::canonical(&email.email);
    }
}
