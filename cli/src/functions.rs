//! The Lambda functions, created once and called in this process.
//!
//! They are told of the local stack only what an environment can tell: where AWS is.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;
use vestibule::app::{App, Requirements};
use vestibule::aws::{Aws, AwsError};
use vestibule::http::{Routes, answer};
use vestibule::settings::Settings;
use vestibule_mail::{AwsSender, Delivery, Mailer, TemplateFaults};

use crate::gateway::Function;

/// The programs of the template, ready to be called.
pub struct Functions {
    /// By the name of the program.
    pub programs: HashMap<String, Function>,
    app: Arc<App>,
    post: Arc<Post>,
}

/// Why the functions cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LocalStartError {
    /// Settings are wrong: all of them are listed.
    #[error(transparent)]
    App(#[from] vestibule::app::StartError),
    /// AWS clients cannot be made.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Templates of mail are wrong: all of them are listed.
    #[error(transparent)]
    Templates(#[from] TemplateFaults),
}

impl Functions {
    /// Starts the functions with these variables, as Lambda would set them.
    pub async fn start(variables: HashMap<String, String>) -> Result<Self, LocalStartError> {
        let mut app = App::start(variables.clone(), Requirements::ALL).await?;
        let mailer = Mailer::from_settings(&app.settings, Aws::new(variables)?)?;
        let post = Arc::new(Post { app: app.clone(), mailer, refused: Mutex::default() });
        let stream = Arc::clone(&post);
        app.after_commit = Some(Arc::new(move |ids| {
            let stream = Arc::clone(&stream);
            Box::pin(async move { stream.deliver(ids).await })
        }));
        app.outside = routes().iter().find_map(|routes| routes.outside).map(|make| make(&app));
        let app = Arc::new(app);
        let programs = routes().into_iter().map(|routes| (routes.name.to_owned(), program(&app, routes)));
        Ok(Self { programs: programs.collect(), app, post })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.app.settings
    }

    /// `CSRF_TRUSTED_ORIGINS`, which the template takes from the same parameter as CORS.
    pub fn trusted_origins(&self) -> &[String] {
        &self.app.settings.csrf.trusted_origins
    }

    /// `FRONTEND_URL`.
    pub fn frontend_url(&self) -> &str {
        &self.app.settings.headless.frontend_url
    }

    /// The bare email address of `DEFAULT_FROM_EMAIL`.
    pub fn sender_address(&self) -> &str {
        let sender = self.app.settings.mail.default_from_email.as_str();
        sender.rsplit('<').next().unwrap_or(sender).trim_end_matches('>')
    }

    /// Delivers what still waits in the outbox: of functions elsewhere, or from before a crash.
    pub async fn deliver_waiting(&self) {
        let Some(store) = self.app.store() else { return };
        match store.waiting(self.app.clock.now()).await {
            Ok(ids) => self.post.deliver(ids).await,
            Err(error) => warn!(%error, "the outbox cannot be read"),
        }
    }
}

/// Does what the table's stream and the function `mail` do on AWS.
struct Post {
    app: App,
    mailer: Mailer<AwsSender>,
    /// They stay in the outbox, but they are not tried again.
    refused: Mutex<HashSet<String>>,
}

impl Post {
    async fn deliver(&self, ids: Vec<String>) {
        for id in ids {
            if self.refused().contains(&id) {
                continue;
            }
            if self.mailer.deliver(&self.app, &id).await == Delivery::Refused {
                self.refused().insert(id);
            }
        }
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each function does what it would on its own, over one connection to the table.
fn program(app: &Arc<App>, routes: Routes) -> Function {
    let (app, routes) = (Arc::clone(app), Arc::new(routes));
    Arc::new(move |request| {
        let (app, routes) = (Arc::clone(&app), Arc::clone(&routes));
        Box::pin(async move { answer(&app, &routes, request).await })
    })
}

/// The functions that answer the API.
pub fn routes() -> [Routes; 10] {
    [
        vestibule_config::routes(),
        vestibule_signup::routes(),
        vestibule_login::routes(),
        vestibule_verify::routes(),
        vestibule_reset::routes(),
        vestibule_session::routes(),
        vestibule_account::routes(),
        vestibule_mfa::routes(),
        vestibule_webauthn::routes(),
        vestibule_provider::routes(),
    ]
}
