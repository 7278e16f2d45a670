//! Runs on AWS Lambda, as Secrets Manager's rotation function: puts the parts together, and holds no logic.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use vestibule::aws::Aws;
use vestibule::environment;
use vestibule::random::Random;
use vestibule::settings::Settings;
use vestibule::telemetry;

use crate::rotation::{Step, rotate};
use crate::vault::SecretsManager;

pub use lambda_runtime::Error as RunError;

/// What Secrets Manager sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    step: Step,
    secret_id: String,
    client_request_token: String,
}

/// Starts, and takes steps of rotations until Lambda ends the process. Wrong settings end it at once.
pub fn run() -> Result<(), Error> {
    telemetry::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let variables: HashMap<String, String> = std::env::vars().collect();
        let settings = environment::complete(variables.clone())
            .and_then(Settings::read)
            .inspect_err(|error| tracing::error!("can't start:\n{error}"))?
            .settings
            .headless
            .jwt;
        let client = Client::new(&Aws::new(variables)?.service("SECRETS_MANAGER"));
        let (settings, client, random) = (&settings, &client, &Random::system());
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Request>| {
            let Request { step, secret_id, client_request_token } = event.payload;
            let vault = SecretsManager { client: client.clone(), secret: secret_id };
            telemetry::during(&event.context, async {
                let done = rotate(&vault, step, &client_request_token, settings, random).await;
                match &done {
                    Ok(()) => tracing::info!(?step, "done"),
                    Err(error) => tracing::error!(?step, %error, "failed"),
                }
                done.map_err(Error::from)
            })
            .await
        }))
        .await
    })
}
