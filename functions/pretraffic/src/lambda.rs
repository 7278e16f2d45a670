//! Runs on AWS Lambda: puts the parts together, and holds no logic.

use std::collections::HashMap;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use vestibule::aws::Aws;
use vestibule::telemetry;

use crate::hook::{Hook, HookCall};

pub use lambda_runtime::Error as RunError;

/// Starts, and serves CodeDeploy until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let variables: HashMap<String, String> = std::env::vars().collect();
        let versions = variables.get("VERSIONS").cloned().ok_or("VERSIONS is not set")?;
        let hook = Hook::new(&versions, &Aws::new(variables)?);
        let hook = &hook;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<HookCall>| {
            let done = telemetry::during(&event.context, hook.run(event.payload)).await;
            done.inspect_err(|error| tracing::error!(error, "failed")).map_err(Error::from)
        }))
        .await
    })
}
