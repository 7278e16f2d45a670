//! Runs on AWS Lambda, as Secrets Manager's rotation function: puts the parts together, and holds no logic.

use std::collections::HashMap;

use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use vestibule::aws::Aws;
use vestibule::aws::secret::AwsSecret;
use vestibule::environment;
use vestibule::lambda;
use vestibule::random::Random;
use vestibule::settings::{JwtSettings, Settings};

use crate::rotation::{Step, rotate};

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
    lambda::run_events(start, async |keys: &Keys, event: LambdaEvent<Request>| {
        let Request { step, secret_id, client_request_token } = event.payload;
        let vault = AwsSecret::new(&keys.aws, secret_id);
        let done = rotate(&vault, step, &client_request_token, &keys.settings, &keys.random).await;
        match &done {
            Ok(()) => tracing::info!(?step, "done"),
            Err(error) => tracing::error!(?step, %error, "failed"),
        }
        Ok(done?)
    })
}

/// What rotations are made with.
struct Keys {
    settings: JwtSettings,
    aws: Aws,
    random: Random,
}

async fn start(variables: HashMap<String, String>) -> Result<Keys, Error> {
    let settings = environment::complete(variables.clone()).and_then(Settings::read)?.settings.headless.jwt;
    Ok(Keys { settings, aws: Aws::new(variables)?, random: Random::system() })
}
