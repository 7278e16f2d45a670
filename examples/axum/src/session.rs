//! The account of a session, as Vestibule says; remembered for some seconds.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, Method, header};
use ring::digest::{SHA256, digest};

use crate::refusal::Refusal;
use crate::vestibule::Vestibule;

const MOST: usize = 10_000;

pub(crate) struct Sessions {
    vestibule: Vestibule,
    /// Whose pages may change something, separated by blanks.
    origins: String,
    /// How long a logout may go unnoticed.
    kept: Duration,
    known: Mutex<HashMap<Vec<u8>, (String, Instant)>>,
}

impl Sessions {
    pub(crate) fn new(vestibule: Vestibule, origins: String, kept: Duration) -> Self {
        Self { vestibule, origins, kept, known: Mutex::default() }
    }

    /// Finds the account by the header of an app or the cookie of a browser.
    pub(crate) async fn account(&self, method: &Method, headers: &HeaderMap) -> Result<String, Refusal> {
        let mut proof = HeaderMap::new();
        let path = if let Some(token) = headers.get("x-session-token") {
            proof.insert("x-session-token", token.clone());
            "/_allauth/app/v1/auth/session"
        } else {
            proof.insert(header::COOKIE, cookie(headers).ok_or(Refusal::Unauthorized)?);
            // The cookie comes with requests that other sites forge, too.
            if !method.is_safe() && !self.trusts(headers.get(header::ORIGIN)) {
                return Err(Refusal::Forged);
            }
            "/_allauth/browser/v1/auth/session"
        };
        let name =
            proof.values().flat_map(|value| [path.as_bytes(), value.as_bytes()]).collect::<Vec<_>>().concat();
        let name = digest(&SHA256, &name).as_ref().to_vec();
        if let Some(account) = self.remembered(&name) {
            return Ok(account);
        }
        if let Some(agent) = headers.get(header::USER_AGENT) {
            proof.insert(header::USER_AGENT, agent.clone());
        }
        let answer = self.vestibule.get(path, proof).await?.ok_or(Refusal::Unauthorized)?;
        // A number where ids are numbers, and text in tokens even then.
        let account = answer.pointer("/data/user/id").filter(|id| id.is_string() || id.is_i64());
        let account = account.ok_or(Refusal::Unavailable)?;
        let account = account.as_str().map_or_else(|| account.to_string(), str::to_owned);
        self.remember(name, &account);
        Ok(account)
    }

    fn trusts(&self, origin: Option<&HeaderValue>) -> bool {
        self.origins.split_whitespace().any(|trusted| origin.is_some_and(|origin| origin == trusted))
    }

    fn remembered(&self, name: &[u8]) -> Option<String> {
        let known = self.known.lock().ok()?;
        let (account, until) = known.get(name)?;
        (Instant::now() < *until).then(|| account.clone())
    }

    fn remember(&self, name: Vec<u8>, account: &str) {
        let Ok(mut known) = self.known.lock() else { return };
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name, (account.to_owned(), Instant::now() + self.kept));
    }
}

/// The session's cookie, without the others.
fn cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let one = all.flat_map(|value| value.split("; ")).find(|pair| pair.starts_with("sessionid="))?;
    HeaderValue::from_str(one).ok()
}
