//! A service that people log in with: it speaks OpenID Connect, and tells the truth. It says that an email address is
//! verified only to whom it belongs.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use vestibule_simulator_kernel::hosts::PROVIDER;
use vestibule_simulator_kernel::{Call, Dice, Reply};
use vestibule_tests::identity_provider::query_of;

use crate::person::Person;

/// What the service is called in the API.
pub const ID: &str = "club";
/// What the API is called there.
const CLIENT_ID: &str = "vestibule-simulated";
/// What it proves that with.
const CLIENT_SECRET: &str = "a-secret-of-the-simulated-service";
/// How long an id token is valid, in seconds.
const LIFETIME: u64 = 3600;

/// The service.
#[derive(Debug, Default)]
pub struct Provider {
    /// The codes that were exchanged.
    used: BTreeSet<String>,
    /// The access tokens, and what is said to whoever brings one.
    tokens: BTreeMap<String, Value>,
    /// What it has given that nobody else may know, and not yet taken from here.
    pub given: BTreeSet<String>,
}

/// The setting of the API that names the service.
pub fn setting() -> String {
    let app = json!({
        "provider_id": ID,
        "name": "Club",
        "client_id": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "settings": {"server_url": format!("https://{PROVIDER}")},
    });
    json!({"openid_connect": {"APPS": [app]}}).to_string()
}

/// The number of a person's account there.
pub fn uid(person: usize) -> String {
    format!("member-{person}")
}

/// The look-up of an account by an account there.
pub fn means(person: usize) -> String {
    format!("SOCIAL#{ID}#{}", uid(person))
}

/// What the service says of a person: mostly that a mailbox of theirs is theirs; else any email address, unverified, or
/// none. With it, the email address.
pub fn claims(people: &[Person], person: usize, dice: &mut Dice) -> (Value, Option<String>) {
    let sub = uid(person);
    let email = match dice.below(6) {
        0 => return (json!({"sub": sub}), None),
        1 => people[dice.below(people.len())].mailboxes[dice.below(2)].clone(),
        2 => people[person].mailboxes[1].clone(),
        _ => people[person].mailboxes[0].clone(),
    };
    let is_verified = people[person].owns(&email) && !dice.one_in(4);
    (json!({"sub": sub, "email": email, "email_verified": is_verified}), Some(email))
}

/// The id token that an app gets for a person by itself.
pub fn id_token(claims: &Value, id: Option<&str>, seconds: u64) -> String {
    let mut claims = claims.clone();
    claims["jti"] = json!(id);
    signed(claims, seconds)
}

/// What a client posts in proof of who its person is.
pub fn presented(id_token: &str) -> Value {
    json!({"client_id": CLIENT_ID, "id_token": id_token})
}

/// The `state` that a browser was sent with to this address.
pub fn state(location: &str) -> Option<String> {
    query_of(location).remove("state")
}

/// The parameters that a browser comes back with, which was sent to this address, and whose person has these claims
/// there.
pub fn consent(location: &str, claims: &Value, seconds: u64) -> String {
    let asked = query_of(location);
    // The code has all that the service must remember of it.
    let grant = json!({
        "claims": claims,
        "nonce": asked["nonce"],
        "challenge": asked["code_challenge"],
        "redirect_uri": asked["redirect_uri"],
        "at": seconds,
    });
    format!("state={}&code={}", asked["state"], URL_SAFE_NO_PAD.encode(grant.to_string()))
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed")
}

fn signed(mut claims: Value, seconds: u64) -> String {
    claims["iss"] = format!("https://{PROVIDER}").into();
    claims["aud"] = CLIENT_ID.into();
    claims["iat"] = seconds.into();
    claims["exp"] = (seconds + LIFETIME).into();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(&json!({"alg": "EdDSA", "kid": "key"})), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(text.as_bytes()));
    format!("{text}.{signature}")
}

impl Provider {
    /// Answers a call.
    pub fn answer(&mut self, call: &Call) -> Reply {
        let body = String::from_utf8_lossy(&call.body);
        let url = |path: &str| format!("https://{PROVIDER}{path}");
        let (status, answer) = match call.operation.as_str() {
            "/.well-known/openid-configuration" => {
                let document = json!({
                    "issuer": url(""),
                    "authorization_endpoint": url("/authorize"),
                    "token_endpoint": url("/token"),
                    "userinfo_endpoint": url("/userinfo"),
                    "jwks_uri": url("/keys"),
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                });
                (200, document)
            }
            "/keys" => {
                let x = URL_SAFE_NO_PAD.encode(key().public_key());
                (200, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "key", "use": "sig", "x": x}]}))
            }
            "/token" => self.exchange(&body),
            "/userinfo" => match self.tokens.get(body.trim_start_matches("Bearer ")) {
                Some(claims) => (200, claims.clone()),
                None => (401, json!({"error": "invalid_token"})),
            },
            other => panic!("no function is expected to ask the service for {other}"),
        };
        Reply::Response(status, answer.to_string())
    }

    /// Exchanges a code, once, for whom it was given to.
    fn exchange(&mut self, body: &str) -> (u16, Value) {
        let form = query_of(&format!("?{body}"));
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!((said("client_id"), said("client_secret")), (CLIENT_ID, CLIENT_SECRET));
        let invalid = (400, json!({"error": "invalid_grant"}));
        let code = said("code");
        let grant = URL_SAFE_NO_PAD.decode(code).ok().and_then(|grant| serde_json::from_slice(&grant).ok());
        let Some(grant): Option<Value> = grant else { return invalid };
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, said("code_verifier").as_bytes()));
        let is_theirs = grant["challenge"] == challenge && grant["redirect_uri"] == said("redirect_uri");
        if !is_theirs || !self.used.insert(code.to_owned()) {
            return invalid;
        }
        let mut claims = grant["claims"].clone();
        let access_token = format!("access-{challenge}");
        self.tokens.insert(access_token.clone(), claims.clone());
        claims["nonce"] = grant["nonce"].clone();
        let id_token = signed(claims, grant["at"].as_u64().unwrap_or_default());
        self.given.extend([code.to_owned(), access_token.clone(), id_token.clone()]);
        (
            200,
            json!({"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}),
        )
    }
}
