//! The functions themselves, made once and called in this process.
//!
//! They are told of the local stack only what an environment can tell: where AWS is.

use std::collections::HashMap;
use std::sync::Arc;

use vestibule::app::{App, Requirements, StartError};
use vestibule::http::{Routes, answer};

use crate::gateway::Function;

/// The programs of the template, ready to be called.
pub struct Functions {
    /// By the name of the program.
    pub programs: HashMap<String, Function>,
    app: Arc<App>,
}

impl Functions {
    /// Starts the functions with these variables, as Lambda would set them.
    pub async fn start(variables: HashMap<String, String>) -> Result<Self, StartError> {
        let app = Arc::new(App::start(variables, Requirements::ALL).await?);
        let programs = routes().into_iter().map(|routes| (routes.name.to_owned(), program(&app, routes)));
        Ok(Self { programs: programs.collect(), app })
    }

    /// `CSRF_TRUSTED_ORIGINS`, which the template takes from the same parameter as CORS.
    pub fn trusted_origins(&self) -> &[String] {
        &self.app.settings.csrf.trusted_origins
    }

    /// `FRONTEND_URL`.
    pub fn frontend_url(&self) -> &str {
        &self.app.settings.headless.frontend_url
    }

    /// Delivers what still waits in the outbox: of functions elsewhere, or from before a crash.
    #[expect(clippy::unused_async, reason = "seam")]
    pub async fn deliver_waiting(&self) {}
}

/// Each function does what it would on its own, over one connection to the table.
fn program(app: &Arc<App>, routes: Routes) -> Function {
    let (app, routes) = (Arc::clone(app), Arc::new(routes));
    Arc::new(move |request| {
        let (app, routes) = (Arc::clone(&app), Arc::clone(&routes));
        Box::pin(async move { answer(&app, &routes, request).await })
    })
}

fn routes() -> [Routes; 6] {
    ["config", "signup", "login", "verify", "reset", "session"].map(|name| Routes {
        name,
        endpoints: &[],
        uses_table: true,
        uses_secret_key: true,
    })
}
