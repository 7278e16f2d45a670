//! Runs on AWS Lambda, behind the table's stream: puts the parts together, and holds no logic.

use std::collections::HashMap;

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent};
use vestibule::app::{App, Requirements};
use vestibule::lambda;

use crate::stream::handle;
use crate::target::EventTarget;

pub use lambda_runtime::Error as RunError;

/// What the function needs of its process.
pub const REQUIREMENTS: Requirements = Requirements { secret_key: true, ..Requirements::TABLE };

/// Starts, and delivers what the stream announces until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    lambda::run_events(start, async |(app, target): &(App, EventTarget), event: LambdaEvent<Event>| {
        Ok(handle(app, target, event.payload).await?)
    })
}

async fn start(variables: HashMap<String, String>) -> Result<(App, EventTarget), Error> {
    let app = lambda::start(variables, REQUIREMENTS).await?;
    let target = EventTarget::connect(&app).await?;
    Ok((app, target))
}
