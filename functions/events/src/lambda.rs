//! Runs on AWS Lambda, behind the table's stream: puts the parts together, and holds no logic.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use vestibule::app::{App, Requirements};
use vestibule::aws::Aws;
use vestibule::telemetry;

use crate::bus::EventBus;
use crate::stream::handle;

pub use lambda_runtime::Error as RunError;

/// What the function needs of its process.
pub const REQUIREMENTS: Requirements = Requirements { secret_key: true, ..Requirements::TABLE };

/// Starts, and delivers what the stream announces until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let variables: HashMap<String, String> = std::env::vars().collect();
        let (app, bus) =
            start(variables).await.inspect_err(|error| tracing::error!("can't start:\n{error}"))?;
        let (app, bus) = (&app, &bus);
        if let Some(store) = app.store() {
            store.warm_up().await;
        }
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
            let handled = async { Ok::<_, Error>(handle(app, bus, event.payload).await?) };
            telemetry::during(&event.context, handled).await
        }))
        .await
    })
}

async fn start(variables: HashMap<String, String>) -> Result<(App, EventBus), Error> {
    let app = App::start(variables.clone(), REQUIREMENTS).await?;
    let name =
        app.settings.events.bus.clone().ok_or("EVENTS_BUS: set it to the bus that events are put on")?;
    Ok((app, EventBus::new(Aws::new(variables)?, name)))
}
