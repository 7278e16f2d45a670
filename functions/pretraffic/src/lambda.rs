//! Runs on AWS Lambda: puts the parts together, and holds no logic.

use std::collections::HashMap;

use lambda_runtime::{Error, LambdaEvent};
use vestibule::aws::Aws;
use vestibule::lambda;

use crate::hook::{Hook, HookCall};

pub use lambda_runtime::Error as RunError;

/// Starts, and serves CodeDeploy until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    lambda::run_events(start, async |hook: &Hook, event: LambdaEvent<HookCall>| {
        let done = hook.run(event.payload).await;
        done.inspect_err(|error| tracing::error!(error, "failed")).map_err(Error::from)
    })
}

async fn start(variables: HashMap<String, String>) -> Result<Hook, Error> {
    let versions = variables.get("VERSIONS").cloned().ok_or("VERSIONS is not set")?;
    Ok(Hook::new(&versions, &Aws::new(variables)?))
}
