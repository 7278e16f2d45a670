//! The client for requests to providers, in the functions that have one.

use lambda_http::BoxFuture;

use crate::domain::social::{ProviderRequest, ProviderResponse};

/// A client for requests to providers.
pub trait ProviderClient: Send + Sync {
    /// Asks one, once. Why it was not believed belongs in the log, by name.
    fn ask<'a>(&'a self, question: &'a ProviderRequest) -> BoxFuture<'a, ProviderResponse>;
}
