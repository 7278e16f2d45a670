//! A service that speaks OpenID Connect, and GitHub's API, and knows whoever a test says it knows.
//!
//! It is as strict as the best there are: a code is good once, for who asked for it; should it come again, what it was
//! exchanged for before ends (RFC 6749, section 4.1.2).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

/// What the API is called there.
pub const CLIENT_ID: &str = "vestibule-tests";
/// What it proves that with.
pub const CLIENT_SECRET: &str = "a-secret-of-the-service";

/// One service.
pub struct IdentityProvider {
    /// Where it is.
    pub url: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    url: String,
    key: EcdsaKeyPair,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    codes: HashMap<String, Grant>,
    tokens: HashMap<String, Value>,
    exchanges: usize,
    lie: Option<(String, Value)>,
    forged: Option<String>,
}

struct Grant {
    claims: Value,
    asked: HashMap<String, String>,
    used: bool,
}

impl IdentityProvider {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let shared = Arc::new(Shared { url: url.clone(), key, state: Mutex::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { url, shared, task }
    }

    /// Its entry among the `APPS` of `openid_connect`.
    pub fn app(&self, id: &str) -> Value {
        json!({
            "provider_id": id,
            "name": format!("The {id}"),
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": self.url},
        })
    }

    /// Lets somebody with these claims log in who was sent here to this address. Returns the code they are sent back with.
    pub fn consent(&self, location: &str, claims: Value) -> String {
        let asked = query_of(location);
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!(asked["response_type"], "code");
        assert!(asked.get("code_challenge_method").is_none_or(|method| method == "S256"));
        let mut state = self.shared.state();
        let code = format!("code-{}", state.codes.len());
        state.codes.insert(code.clone(), Grant { claims, asked, used: false });
        code
    }

    /// An id token with these claims, as a client gets one by itself.
    pub fn id_token(&self, claims: &Value) -> String {
        self.shared.id_token(claims)
    }

    /// From now on says this in every id token that is exchanged for a code, whatever is true.
    pub fn lie(&self, claim: &str, value: Value) {
        self.shared.state().lie = Some((claim.to_owned(), value));
    }

    /// From now on gives this in place of an id token.
    pub fn forge(&self, id_token: &str) {
        self.shared.state().forged = Some(id_token.to_owned());
    }

    /// What it signs with its key, whatever that is.
    pub fn sign(&self, header: &Value, payload: &Value) -> String {
        self.shared.sign(header, payload)
    }

    /// Its public key (RFC 7517).
    pub fn public_key(&self) -> Value {
        self.shared.public_key()
    }

    /// How often somebody has tried to exchange a code.
    pub fn exchanges(&self) -> usize {
        self.shared.state().exchanges
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the query of an address says.
pub fn query_of(address: &str) -> HashMap<String, String> {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id_token(&self, claims: &Value) -> String {
        #[expect(clippy::disallowed_methods, reason = "a service has a clock of its own")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let mut payload = json!({"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300});
        for (name, value) in claims.as_object().unwrap() {
            payload[name] = value.clone();
        }
        self.sign(&json!({"alg": "ES256", "typ": "JWT", "kid": "key"}), &payload)
    }

    fn sign(&self, header: &Value, payload: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn public_key(&self) -> Value {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "key", "x": x, "y": y})
    }

    fn answer(&self, path: &str, body: &str, bearer: &str) -> (u16, Value) {
        match path {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": self.url,
                    "authorization_endpoint": format!("{}/authorize", self.url),
                    "token_endpoint": format!("{}/token", self.url),
                    "userinfo_endpoint": format!("{}/userinfo", self.url),
                    "jwks_uri": format!("{}/jwks", self.url),
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }),
            ),
            "/jwks" => (200, json!({"keys": [self.public_key()]})),
            "/login/oauth/access_token" | "/token" => self.exchange(&query_of(&format!("?{body}"))),
            "/api/v3/user" | "/userinfo" => match self.state().tokens.get(bearer) {
                Some(claims) => (200, claims.clone()),
                None => (401, json!({"error": "invalid_token"})),
            },
            "/api/v3/user/emails" => match self.state().tokens.get(bearer) {
                Some(claims) => (200, claims["emails"].clone()),
                None => (401, json!({"error": "invalid_token"})),
            },
            _ => (404, json!({})),
        }
    }

    fn exchange(&self, form: &HashMap<String, String>) -> (u16, Value) {
        let mut state = self.state();
        state.exchanges += 1;
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if (said("client_id"), said("client_secret")) != (CLIENT_ID, CLIENT_SECRET) {
            return (401, json!({"error": "invalid_client"}));
        }
        let invalid = (400, json!({"error": "invalid_grant"}));
        let code = said("code").to_owned();
        let Some(grant) = state.codes.get_mut(&code) else { return invalid };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(said("code_verifier")));
        let knows_verifier = match grant.asked.get("code_challenge") {
            Some(expected) => *expected == challenge,
            // As LinkedIn: what it does not know it refuses.
            None => !form.contains_key("code_verifier"),
        };
        if !knows_verifier || grant.asked["redirect_uri"] != said("redirect_uri") {
            return invalid;
        }
        let claims = grant.claims.clone();
        let mut id_claims = claims.clone();
        id_claims["nonce"] = json!(grant.asked.get("nonce"));
        if std::mem::replace(&mut grant.used, true) {
            state.tokens.remove(&code);
            return invalid;
        }
        // The code names the access token: nobody else sees either.
        state.tokens.insert(code.clone(), claims);
        if let Some((claim, value)) = &state.lie {
            id_claims[claim] = value.clone();
        }
        let forged = state.forged.clone();
        drop(state);
        let id_token = forged.unwrap_or_else(|| self.id_token(&id_claims));
        let refresh = format!("refresh-{code}");
        (
            200,
            json!({"access_token": code, "token_type": "Bearer", "expires_in": 300, "refresh_token": refresh, "id_token": id_token}),
        )
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, &shared));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    let (status, content) = shared.answer(&path, &String::from_utf8_lossy(&body), &bearer);
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::new(content.to_string().into())).unwrap())
}
