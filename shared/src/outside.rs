//! Requests to other services: the HTTP client for all of them, and the clients for providers and for the site's own hook,
//! in the functions that have one.

pub mod hook;
mod http_client;
mod ip_address;

use lambda_http::BoxFuture;

use crate::domain::hook::{HookAnswer, HookQuestion};
use crate::domain::social::{ProviderRequest, ProviderResponse};

pub use http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpRules};

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
