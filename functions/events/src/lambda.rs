//! Runs on AWS Lambda, behind the table's stream: puts the parts together, and holds no logic.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use vestibule::app::{App, Requirements};
use vestibule::telemetry;

use crate::stream::handle;
use crate::target::EventTarget;

pub use lambda_runtime::Error as RunError;

/// What the function needs of its process.
pub const REQUIREMENTS: Requirements = Requirements { secret_key: true, ..Requirements::TABLE };

/// Starts, and delivers what the stream announces until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let variables: HashMap<String, String> = std::env::vars().collect();
        let (app, target) =
            start(variables).await.inspect_err(|error| tracing::error!("can't start:\n{error}"))?;
        let (app, target) = (&app, &target);
        if let Some(store) = app.store() {
            store.warm_up().await;
        }
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
            let handled = async { Ok::<_, Error>(handle(app, target, event.payload).await?) };
            telemetry::during(&event.context, handled).await
        }))
        .await
    })
}

async fn start(variables: HashMap<String, String>) -> Result<(App, EventTarget), Error> {
    let app = App::start(variables, REQUIREMENTS).await?;
    let target = EventTarget::connect(&app).await?;
    Ok((app, target))
}
