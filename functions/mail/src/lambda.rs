//! Runs on AWS Lambda, behind the table's stream and SES's events: puts the parts together, and holds no logic.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use vestibule::app::{App, Requirements};
use vestibule::aws::Aws;
use vestibule::lambda;
use vestibule::outbox;
use vestibule::settings::{ProfilePart, Settings};
use vestibule::store::OutboxClaim;
use vestibule::store::StoreError;

use crate::catalogue;
use crate::delivery::{Claim, Mailer, Outbox};
use crate::feedback::note;
use crate::sending::{AwsSender, TextRoute};
use crate::stream::handle;
use crate::templates::{MailerFaults, Templates};

pub use lambda_runtime::Error as RunError;

/// What the function needs of its process.
pub const REQUIREMENTS: Requirements = Requirements { secret_key: true, ..Requirements::TABLE };

/// Starts, and delivers what the stream announces until Lambda ends the process. Wrong settings or templates end it
/// at once, all of them listed in the log.
pub fn run() -> Result<(), Error> {
    lambda::run_events(start, async |(app, mailer): &(App, Mailer<AwsSender>), event: LambdaEvent<Value>| {
        answer(mailer, app, event.payload).await
    })
}

/// Handles an event of `EventBridge`, which has a `detail`, or of the table's stream.
async fn answer(mailer: &Mailer<AwsSender>, app: &App, event: Value) -> Result<Value, Error> {
    if event.get("detail").is_some() {
        let noted = note(table(app)?, serde_json::from_value(event)?).await;
        noted.inspect_err(|error| tracing::error!(%error, "failed"))?;
        return Ok(Value::Null);
    }
    let event: Event = serde_json::from_value(event)?;
    Ok(serde_json::to_value(handle(mailer, app, event).await?)?)
}

async fn start(variables: HashMap<String, String>) -> Result<(App, Mailer<AwsSender>), Error> {
    let app = lambda::start(variables.clone(), REQUIREMENTS).await?;
    let mailer = Mailer::from_settings(&app.settings, Aws::new(variables)?)?;
    Ok((app, mailer))
}

impl Mailer<AwsSender> {
    /// The mailer that the settings describe; its templates and texts are checked here.
    pub fn from_settings(settings: &Settings, aws: Aws) -> Result<Self, MailerFaults> {
        let mail = &settings.mail;
        let prefix = settings.account.email_subject_prefix.clone();
        let fields = settings.account.profile_fields.of(ProfilePart::Shown).map(|field| field.name.clone());
        let folder = mail.templates_dir.as_ref().map(AsRef::as_ref);
        let languages = catalogue::languages(settings)?;
        let templates = Templates::load(folder, languages, prefix, fields.collect())?;
        let texts = match (&mail.sms_topic_arn, &mail.sms_function_arn) {
            (Some(topic), _) => TextRoute::Topic(topic.clone()),
            (None, Some(function)) => TextRoute::Function(function.clone()),
            (None, None) => TextRoute::None,
        };
        let sender = AwsSender::new(
            move |service| aws.service(service),
            mail.default_from_email.clone(),
            mail.ses_configuration_set.clone(),
            texts,
        );
        Ok(Self::new(templates, sender))
    }
}

impl Outbox for App {
    async fn claim(&self, id: &str) -> Result<Claim, StoreError> {
        let store = table(self)?;
        let item = match store.claim(id, self.clock.now()).await? {
            OutboxClaim::Taken(item) => item,
            OutboxClaim::Busy => return Ok(Claim::Busy),
            OutboxClaim::Gone => return Ok(Claim::Gone),
        };
        match outbox::open(self, &item).await {
            Ok(Some(envelope)) => Ok(Claim::Taken(Box::new(envelope))),
            Ok(None) => store.delivered(id).await.map(|()| Claim::Gone),
            Err(error) => {
                // A claim that cannot be given back expires by itself.
                drop(store.release(id).await);
                Err(error)
            }
        }
    }

    async fn delivered(&self, id: &str) -> Result<(), StoreError> {
        table(self)?.delivered(id).await
    }

    async fn release(&self, id: &str) -> Result<(), StoreError> {
        table(self)?.release(id).await
    }
}

fn table(app: &App) -> Result<&vestibule::store::Store, StoreError> {
    app.store().ok_or_else(|| StoreError::Unavailable("this process has none".to_owned()))
}
