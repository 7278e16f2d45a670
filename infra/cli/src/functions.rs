//! The functions themselves, made once and called in this process.
//!
//! They are told of the local stack only what an environment can tell: where AWS is.

use std::collections::HashMap;
use std::sync::Arc;

use crate::gateway::Function;

/// The programs of the template, ready to be called.
pub struct Functions {
    /// By the name of the program.
    pub programs: HashMap<String, Function>,
    /// `CSRF_TRUSTED_ORIGINS`, which the template takes from the same parameter as CORS.
    pub trusted_origins: Vec<String>,
    /// `FRONTEND_URL`.
    pub frontend_url: String,
}

/// Why the functions cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

impl Functions {
    /// Starts the functions with these variables, as Lambda would set them.
    #[expect(clippy::unused_async, reason = "seam")]
    pub async fn start(variables: HashMap<String, String>) -> Result<Self, StartError> {
        let echo: Function = Arc::new(|request: lambda_http::Request| {
            Box::pin(async move {
                lambda_http::Response::new(lambda_http::Body::Text(format!(
                    "{} {}",
                    request.method(),
                    request.uri()
                )))
            })
        });
        let programs = ["config", "signup", "login", "verify", "reset", "session"]
            .into_iter()
            .map(|name| (name.to_owned(), Arc::clone(&echo)))
            .collect();
        let origins = variables.get("CSRF_TRUSTED_ORIGINS").cloned().unwrap_or_default();
        Ok(Self {
            programs,
            trusted_origins: serde_json::from_str(&origins)
                .unwrap_or_else(|_| origins.split(',').map(str::to_owned).collect()),
            frontend_url: variables.get("FRONTEND_URL").cloned().unwrap_or_default(),
        })
    }

    /// Delivers what still waits in the outbox: of functions elsewhere, or from before a crash.
    #[expect(clippy::unused_async, reason = "seam")]
    pub async fn deliver_waiting(&self) {}
}
