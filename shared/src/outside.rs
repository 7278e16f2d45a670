//! What asks other services over the network, for the functions that do.

use lambda_http::BoxFuture;

use crate::domain::social::{Answer, Question};

/// Asks other services.
pub trait Outside: Send + Sync {
    /// Asks one, once. Why it was not believed belongs in the log, by name.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer>;
}
