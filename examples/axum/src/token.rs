//! The account of an access token (RFC 7519), by the keys that Vestibule publishes.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::refusal::Refusal;
use crate::vestibule::Vestibule;

const KEPT: Duration = Duration::from_secs(300);

type Key = RsaPublicKeyComponents<Vec<u8>>;

/// The published keys. They are read again every five minutes, and when a token names another key: then after a pause
/// at least.
pub(crate) struct Keys {
    vestibule: Vestibule,
    issuer: String,
    audience: String,
    pause: Duration,
    published: Mutex<Published>,
}

#[derive(Default)]
struct Published {
    known: HashMap<String, Key>,
    read_at: Option<Instant>,
    asked_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: String,
    exp: u64,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<HashMap<String, String>>,
}

impl Keys {
    pub(crate) fn new(vestibule: Vestibule, issuer: String, audience: String, pause: Duration) -> Self {
        Self { vestibule, issuer, audience, pause, published: Mutex::default() }
    }

    /// Verifies an access token.
    pub(crate) async fn account(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let token = bearer(headers).ok_or(Refusal::Unauthorized)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Unauthorized)?;
        let (header, claims) = signed.split_once('.').ok_or(Refusal::Unauthorized)?;
        let Header { alg, kid } = decode(header)?;
        if alg != "RS256" {
            return Err(Refusal::Unauthorized);
        }
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| Refusal::Unauthorized)?;
        let key = self.find(&kid).await?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .map_err(|_| Refusal::Unauthorized)?;
        let Claims { sub, iss, aud, exp } = decode(claims)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Refusal::Unavailable)?.as_secs();
        let is_good = iss == self.issuer && aud == self.audience && now < exp;
        is_good.then_some(sub).ok_or(Refusal::Unauthorized)
    }

    async fn find(&self, kid: &str) -> Result<Key, Refusal> {
        let mut published = self.published.lock().await;
        let is_older = |at: Option<Instant>, age| at.is_none_or(|at| at.elapsed() > age);
        let is_old = !published.known.contains_key(kid) || is_older(published.read_at, KEPT);
        if is_old && is_older(published.asked_at, self.pause) {
            published.asked_at = Some(Instant::now());
            // Known keys are good while they can't be read again.
            if let Ok(known) = self.read().await {
                published.known = known;
                published.read_at = Some(Instant::now());
            }
        }
        let missing =
            if published.read_at < published.asked_at { Refusal::Unavailable } else { Refusal::Unauthorized };
        published.known.get(kid).map(|Key { n, e }| Key { n: n.clone(), e: e.clone() }).ok_or(missing)
    }

    async fn read(&self) -> Result<HashMap<String, Key>, Refusal> {
        let answer = self.vestibule.get("/.well-known/jwks.json", HeaderMap::new()).await?;
        let set: Set =
            serde_json::from_value(answer.unwrap_or_default()).map_err(|_| Refusal::Unavailable)?;
        let number = |text: Option<&String>| BASE64URL_NOPAD.decode(text?.as_bytes()).ok();
        let key =
            |key: &HashMap<String, String>| Some(Key { n: number(key.get("n"))?, e: number(key.get("e"))? });
        Ok(set.keys.iter().filter_map(|each| Some((each.get("kid")?.clone(), key(each)?))).collect())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let text = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::Unauthorized)?;
    serde_json::from_slice(&text).map_err(|_| Refusal::Unauthorized)
}
