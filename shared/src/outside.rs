//! Requests to other services: the HTTP client for all of them, and the clients for providers and for the site's own hook,
//! in the functions that have one.

pub mod captcha;
pub mod hook;
mod http_client;
mod ip_address;

use lambda_http::BoxFuture;

use crate::domain::hook::{HookAnswer, HookQuestion};
use crate::domain::social::{ProviderRequest, ProviderResponse};

pub use http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpRules, Internet};

/// A client for requests to providers.
pub trait ProviderClient: Send + Sync {
    /// Asks one, once. Why it was not believed belongs in the log, by name.
    fn ask<'a>(&'a self, question: &'a ProviderRequest) -> BoxFuture<'a, ProviderResponse>;
}

/// A client for requests to the site's own hook.
pub trait HookClient: Send + Sync {
    /// Asks it, once. Why there is no usable answer belongs in the log.
    fn ask<'a>(&'a self, question: &'a HookQuestion) -> BoxFuture<'a, HookAnswer>;
}

/// What a service says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaVerdict {
    /// It was issued to a person, on a page of the frontend, and not used before.
    Human,
    /// It was not.
    Refused,
    /// The service is not available, or not set up right. The log says why.
    Unknown,
}

/// A client of a service that tells people from bots.
pub trait CaptchaClient: Send + Sync {
    /// Verifies a token that came from an IP address. That uses it up.
    fn verify<'a>(&'a self, token: &'a str, ip: &'a str) -> BoxFuture<'a, CaptchaVerdict>;
}
