//! Asks a service whether a token was issued to a person (`CAPTCHA_PROVIDER`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use form_urlencoded::Serializer;
use lambda_http::BoxFuture;
use lambda_http::http::header::{CONTENT_TYPE, HeaderValue};
use lambda_http::http::{Method, Uri};
use serde::Deserialize;
use url::Url;

use super::{CaptchaClient, CaptchaVerdict, HttpClient, HttpError, HttpRequest, HttpRules, Internet};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::settings::Settings;

/// How long the service may take: somebody waits.
const DEADLINE: Duration = Duration::from_secs(3);

/// The longest token: Turnstile's have at most 2,048 characters, hCaptcha's more.
const MOST_TOKEN: usize = 8192;

/// What is wrong with the secret or the service, and not with the token.
const NOT_THE_TOKEN: [&str; 5] = [
    "missing-input-secret",
    "invalid-input-secret",
    "sitekey-secret-mismatch",
    "bad-request",
    "internal-error",
];

/// The client of the service, if there is one.
pub fn client(
    settings: &Settings,
    clock: Clock,
    internet: Option<Internet>,
) -> Option<Arc<dyn CaptchaClient>> {
    let captcha = &settings.captcha;
    let url = captcha.url.as_deref().unwrap_or(captcha.provider?.url());
    let rules = HttpRules {
        timeout: DEADLINE,
        private_ip_addresses: settings.socialaccount.allow_private_addresses,
        plain_http: settings.socialaccount.allow_private_addresses,
    };
    let origins = settings.csrf.trusted_origins.iter().chain(&settings.public_url);
    let urls = origins.chain([&settings.headless.frontend_url]);
    Some(Arc::new(Verifier {
        http: HttpClient::new(rules).within(clock, internet),
        url: url.parse().ok()?,
        secret: captcha.secret.clone()?,
        hostnames: urls
            .filter_map(|url| Some(url.parse::<Uri>().ok()?.host()?.to_ascii_lowercase()))
            .collect(),
    }))
}

struct Verifier {
    http: HttpClient,
    url: Url,
    secret: Secret,
    /// The hosts of the pages that tokens are issued to people on.
    hostnames: BTreeSet<String>,
}

/// The response of both services.
#[derive(Deserialize)]
struct Verification {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

/// Why it is not known whether a token is right.
#[derive(Debug, thiserror::Error)]
enum Unverified {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the response is no verification (status {0})")]
    Unreadable(u16),
    #[error("the service does not accept the request: {0}")]
    Refused(&'static str),
}

impl Verifier {
    async fn ask(&self, token: &str, ip: &str) -> Result<bool, Unverified> {
        let form = Serializer::new(String::new())
            .append_pair("secret", self.secret.expose())
            .append_pair("response", token)
            .append_pair("remoteip", ip)
            .finish();
        let request = HttpRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))],
            body: form.into_bytes(),
        };
        let response = self.http.send(request).await?;
        let unreadable = |_| Unverified::Unreadable(response.status.as_u16());
        let found: Verification = serde_json::from_slice(&response.body).map_err(unreadable)?;
        if found.success {
            let hostname = found.hostname.unwrap_or_default().to_ascii_lowercase();
            let is_ours = self.hostnames.contains(&hostname);
            if !is_ours {
                tracing::warn!(hostname, "a token of the bot check was issued on another host");
            }
            return Ok(is_ours);
        }
        let of_ours =
            NOT_THE_TOKEN.into_iter().find(|code| found.error_codes.iter().any(|given| given == code));
        of_ours.map_or(Ok(false), |code| Err(Unverified::Refused(code)))
    }
}

impl CaptchaClient for Verifier {
    fn verify<'a>(&'a self, token: &'a str, ip: &'a str) -> BoxFuture<'a, CaptchaVerdict> {
        Box::pin(async move {
            if token.is_empty() || token.len() > MOST_TOKEN {
                return CaptchaVerdict::Refused;
            }
            match self.ask(token, ip).await {
                Ok(true) => CaptchaVerdict::Human,
                Ok(false) => CaptchaVerdict::Refused,
                Err(error) => {
                    tracing::error!(%error, "the bot check is not available");
                    CaptchaVerdict::Unknown
                }
            }
        })
    }
}
