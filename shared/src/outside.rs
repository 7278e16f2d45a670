//! Requests to other services: the HTTP client for all of them, and the client for providers, in the functions that have
//! one.

mod http_client;
mod ip_address;

use lambda_http::BoxFuture;

use crate::domain::social::{ProviderRequest, ProviderResponse};

pub use http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpRules};

/// A client for requests to providers.
pub trait ProviderClient: Send + Sync {
    /// Asks one, once. Why it was not believed belongs in the log, by name.
    fn ask<'a>(&'a self, question: &'a ProviderRequest) -> BoxFuture<'a, ProviderResponse>;
}
