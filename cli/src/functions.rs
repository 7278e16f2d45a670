//! The Lambda functions, created once and called in this process.
//!
//! They are told of the local stack only what an environment can tell: where AWS is, and the credentials of their roles.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;
use vestibule::app::{AfterCommit, App, Committed, Requirements, StartError};
use vestibule::aws::{Aws, AwsError};
use vestibule::http::{Routes, answer};
use vestibule::migration;
use vestibule::operator::api::{READER, WRITER};
use vestibule::settings::Settings;
use vestibule::store::Store;
use vestibule::texts::LanguageFaults;
use vestibule_events::{EventTarget, EventTargetError};
use vestibule_mail::{AwsSender, Delivery, Mailer, MailerFaults};

use crate::gateway::Function;
use crate::iam::access_key_id;
use crate::languages;
use crate::operator_port::OperatorFunctions;

/// The programs of the template, ready to be called.
pub struct Functions {
    /// By the name of the program.
    pub programs: HashMap<String, Function>,
    /// Those of the operators' API.
    pub(crate) operators: OperatorFunctions,
    post: Arc<Post>,
    /// The table, as an administrator sees it.
    stream: Store,
}

/// Why the functions cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LocalStartError {
    /// Settings are wrong: all of them are listed.
    #[error(transparent)]
    App(#[from] StartError),
    /// AWS clients cannot be made.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// There is nothing to deliver events to.
    #[error(transparent)]
    EventTarget(#[from] EventTargetError),
    /// Texts of the site's own languages are wrong: all of them are listed.
    #[error(transparent)]
    Languages(#[from] LanguageFaults),
    /// Templates or texts of messages are wrong: all of them are listed.
    #[error(transparent)]
    Mailer(#[from] MailerFaults),
}

impl Functions {
    /// Starts the functions with these variables, as Lambda would set them, and the settings that they hold.
    pub async fn start(
        settings: &Settings,
        variables: &HashMap<String, String>,
    ) -> Result<Self, LocalStartError> {
        languages::check(settings)?;
        let app = start_one(settings, variables, "mail", vestibule_mail::REQUIREMENTS).await?;
        let aws = Aws::new(signed_by(variables, "mail"))?;
        let mailer = Mailer::from_settings(&app.settings, aws)?;
        let courier = courier(settings, variables).await?;
        let post = Arc::new(Post { app, mailer, refused: Mutex::default(), courier });
        let mut programs = HashMap::new();
        for routes in routes() {
            let mut app = start_one(settings, variables, routes.name, routes.requirements()).await?;
            app.after_commit = Some(delivering(&post));
            routes.equip(&mut app);
            programs.insert(routes.name.to_owned(), program(app, routes));
        }
        let reader = start_one(settings, variables, "operator-read", READER).await?;
        let mut writer = start_one(settings, variables, "operator", WRITER).await?;
        writer.after_commit = Some(delivering(&post));
        let migrator = start_one(settings, variables, "migration", migration::api::REQUIREMENTS).await?;
        let operators = OperatorFunctions { reader, writer, migrator };
        let stream = Store::new(&Aws::new(variables.clone())?, &settings.table);
        Ok(Self { programs, operators, post, stream })
    }

    /// Passes an event of SES to the function `mail`, as `EventBridge` does.
    pub async fn note_feedback(&self, event: serde_json::Value) {
        let Some(store) = self.post.app.store() else { return };
        match serde_json::from_value(event) {
            Ok(feedback) => {
                if let Err(error) = vestibule_mail::note(store, feedback).await {
                    warn!(%error, "an event of SES was lost");
                }
            }
            Err(error) => warn!(%error, "an event of SES cannot be read"),
        }
    }

    /// Delivers what still waits in the outbox: of functions elsewhere, or from before a crash.
    pub async fn deliver_waiting(&self) {
        match self.stream.waiting(self.post.app.clock.now()).await {
            Ok(ids) => self.post.deliver(ids).await,
            Err(error) => warn!(%error, "the outbox cannot be read"),
        }
    }
}

/// Delivers what a commit has put into the outbox and recorded, before the response.
fn delivering(post: &Arc<Post>) -> AfterCommit {
    let post = Arc::clone(post);
    Arc::new(move |committed| {
        let post = Arc::clone(&post);
        Box::pin(async move { post.deliver_all(committed).await })
    })
}

/// A function's process, with the credentials of its role.
async fn start_one(
    settings: &Settings,
    variables: &HashMap<String, String>,
    program: &str,
    requirements: Requirements,
) -> Result<App, StartError> {
    App::with_settings(settings.clone(), signed_by(variables, program), requirements).await
}

fn signed_by(variables: &HashMap<String, String>, program: &str) -> HashMap<String, String> {
    let mut variables = variables.clone();
    variables.insert("AWS_ACCESS_KEY_ID".to_owned(), access_key_id(program));
    variables
}

/// The process of the function `events`, and what it delivers to, where events are delivered.
async fn courier(
    settings: &Settings,
    variables: &HashMap<String, String>,
) -> Result<Option<(App, EventTarget)>, LocalStartError> {
    if !settings.events.are_delivered() {
        return Ok(None);
    }
    let app = start_one(settings, variables, "events", vestibule_events::REQUIREMENTS).await?;
    let target = EventTarget::connect(&app).await?;
    Ok(Some((app, target)))
}

/// Does what the table's stream and the functions `mail` and `events` do on AWS.
struct Post {
    app: App,
    mailer: Mailer<AwsSender>,
    /// They stay in the outbox, but they are not tried again.
    refused: Mutex<HashSet<String>>,
    courier: Option<(App, EventTarget)>,
}

impl Post {
    async fn deliver_all(&self, committed: Committed) {
        self.deliver(committed.messages).await;
        let Some((app, target)) = &self.courier else { return };
        for (account, id) in &committed.events {
            if let Err(error) = vestibule_events::deliver(app, target, account, id).await {
                warn!(%error, "events were not delivered; vestibule events replay delivers them again");
            }
        }
    }

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

fn program(app: App, routes: Routes) -> Function {
    let (app, routes) = (Arc::new(app), Arc::new(routes));
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
