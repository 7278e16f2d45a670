//! What services publish about themselves: discovery documents and keys, kept for a while.
//!
//! A key that is not among those kept may be a new one, so the keys are then fetched again; but a client that sends
//! tokens with invented names of keys gets that done once in half a minute.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;
use vestibule::clock::Clock;
use vestibule::domain::time::Timestamp;
use vestibule::outside::{HttpClient, HttpError, HttpRequest};
use vestibule::settings::ProviderApp;

use super::error::ProviderError;
use super::keys::{Algorithm, Key, KeySet};
use crate::providers::expression;

/// How long a discovery document is good for.
const DISCOVERY_AGE: Duration = Duration::from_secs(3600);
/// How long keys are good for: so long a key counts that its service has withdrawn.
const KEYS_AGE: Duration = Duration::from_secs(900);
/// How soon keys are fetched again for the sake of an unknown one.
const KEYS_PAUSE: Duration = Duration::from_secs(30);

const WELL_KNOWN: &str = "/.well-known/";

/// What a service says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovered {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: Option<String>,
    pub jwks_uri: Option<String>,
    /// A list, as a rule.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Value,
    /// Yes or no, as a rule.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: Value,
}

/// Documents of services, by their addresses.
#[derive(Clone)]
pub(super) struct Documents {
    client: HttpClient,
    clock: Clock,
    discovered: Cache<Map<String, Value>>,
    keys: Cache<KeySet>,
}

type Cache<T> = Arc<Mutex<HashMap<String, Kept<T>>>>;

struct Kept<T> {
    since: Timestamp,
    /// Whether it was fetched although there was one that was fresh.
    again: bool,
    value: Arc<T>,
}

impl<T> Kept<T> {
    fn is_younger_than(&self, age: Duration, now: Timestamp) -> bool {
        !self.since.is_older_than(age, now)
    }
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Documents")
    }
}

impl Documents {
    pub fn new(client: HttpClient, clock: Clock) -> Self {
        Self { client, clock, discovered: Cache::default(), keys: Cache::default() }
    }

    /// What the service of an app says of itself, but for what the app's `openid_configuration_overrides` say.
    pub async fn discover(&self, app: &ProviderApp) -> Result<Discovered, ProviderError> {
        let address = app.openid_configuration_url.as_deref();
        let address = address.ok_or_else(|| ProviderError::Setting("server_url".to_owned()))?;
        let mut document = self.document(address).await?;
        let overrides = app.option("openid_configuration_overrides").and_then(Value::as_object);
        document.extend(overrides.cloned().unwrap_or_default());
        document.retain(|_, value| !expression::is_empty(value));
        let unreadable = || unreadable(address, "discovery document");
        let found: Discovered = serde_json::from_value(Value::Object(document)).map_err(|_| unreadable())?;
        // What an operator has written down need not be what the address says.
        let said_by_operator = overrides.is_some_and(|overrides| overrides.contains_key("issuer"));
        if said_by_operator || is_issuer_of(&found.issuer, address) {
            Ok(found)
        } else {
            Err(ProviderError::WrongIssuer)
        }
    }

    async fn document(&self, address: &str) -> Result<Map<String, Value>, ProviderError> {
        let now = self.clock.now();
        let kept = kept(&self.discovered, address).filter(|kept| kept.is_younger_than(DISCOVERY_AGE, now));
        if let Some(kept) = kept {
            return Ok(kept.value.as_ref().clone());
        }
        let body = self.fetch(address).await?;
        let document: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| unreadable(address, "discovery document"))?;
        keep(&self.discovered, address, Kept { since: now, again: false, value: Arc::new(document.clone()) });
        Ok(document)
    }

    /// The key of that name for that algorithm, among those that are at an address.
    pub async fn key(
        &self,
        address: &str,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Key, ProviderError> {
        let now = self.clock.now();
        let kept = kept(&self.keys, address).filter(|kept| kept.is_younger_than(KEYS_AGE, now));
        if let Some(kept) = &kept {
            if let Some(key) = kept.value.find(id, algorithm) {
                return Ok(key.clone());
            }
            if kept.again && kept.is_younger_than(KEYS_PAUSE, now) {
                return Err(ProviderError::UnknownKey);
            }
        }
        let body = self.fetch(address).await?;
        let keys = KeySet::parse(&body).ok_or_else(|| unreadable(address, "set of keys"))?;
        let key = keys.find(id, algorithm).cloned();
        keep(&self.keys, address, Kept { since: now, again: kept.is_some(), value: Arc::new(keys) });
        key.ok_or(ProviderError::UnknownKey)
    }

    async fn fetch(&self, address: &str) -> Result<Bytes, ProviderError> {
        let url = parse(address)?;
        let headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        let request = HttpRequest { method: Method::GET, url, headers, body: Vec::new() };
        let reply = self.client.send(request).await?;
        if reply.status.is_success() {
            Ok(reply.body)
        } else {
            Err(ProviderError::Status { host: reply.host, status: reply.status.as_u16() })
        }
    }
}

/// An address that a setting or a service gives.
pub(super) fn parse(address: &str) -> Result<Url, ProviderError> {
    // What it is instead is not repeated: it may hold anything.
    let unusable = |_| HttpError::BadUrl("what the settings or the service give".to_owned());
    Ok(Url::parse(address).map_err(unusable)?)
}

/// Whether a document at this address may speak for an issuer (Discovery, section 4.3): the one whose name the address
/// begins with, or, as in RFC 8414, section 3.1, is put around.
fn is_issuer_of(issuer: &str, address: &str) -> bool {
    let Some((before, after)) = address.split_once(WELL_KNOWN) else { return false };
    let issuer = issuer.trim_end_matches('/');
    let path = after.split_once('/').map_or("", |(_, path)| path);
    issuer == before.trim_end_matches('/') || (!path.is_empty() && issuer == format!("{before}/{path}"))
}

fn unreadable(address: &str, expected: &'static str) -> ProviderError {
    let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    ProviderError::Unreadable { host: host.unwrap_or_default(), expected }
}

fn locked<T>(cache: &Cache<T>) -> MutexGuard<'_, HashMap<String, Kept<T>>> {
    // Nothing panics while it is held; if something did, what is kept would still be right.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kept<T>(cache: &Cache<T>, address: &str) -> Option<Kept<T>> {
    locked(cache).get(address).map(|kept| Kept { value: kept.value.clone(), ..*kept })
}

fn keep<T>(cache: &Cache<T>, address: &str, document: Kept<T>) {
    locked(cache).insert(address.to_owned(), document);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_speaks_for_the_issuer_whose_address_it_is_at() {
        for (issuer, address) in [
            ("https://id.example", "https://id.example/.well-known/openid-configuration"),
            ("https://id.example/", "https://id.example/.well-known/openid-configuration"),
            ("https://id.example", "https://id.example//.well-known/openid-configuration"),
            ("https://id.example/realms/a", "https://id.example/realms/a/.well-known/openid-configuration"),
            ("https://id.example/a", "https://id.example/.well-known/oauth-authorization-server/a"),
        ] {
            assert!(is_issuer_of(issuer, address), "{issuer} at {address}");
        }
        for (issuer, address) in [
            ("https://evil.example", "https://id.example/.well-known/openid-configuration"),
            ("https://id.example/realms/b", "https://id.example/realms/a/.well-known/openid-configuration"),
            ("https://id.example", "https://id.example/realms/a/.well-known/openid-configuration"),
            ("http://id.example", "https://id.example/.well-known/openid-configuration"),
            ("", "/.well-known/openid-configuration-"),
            ("https://id.example", "https://id.example"),
        ] {
            assert!(!is_issuer_of(issuer, address) || issuer.is_empty(), "{issuer} at {address}");
        }
    }
}
