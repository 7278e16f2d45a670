//! Runs on AWS Lambda: puts the parts together, and holds no logic.

use std::collections::HashMap;
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use vestibule::app::fetch_secret;
use vestibule::aws::Aws;
use vestibule::lambda;
use vestibule::outside::{HttpClient, HttpRules};

use crate::login::{Credentials, Probe};

pub use lambda_runtime::Error as RunError;

/// Longer than a function may take to start and to answer; all requests together take less than this function's timeout.
const ONE_REQUEST: Duration = Duration::from_secs(10);

/// What `EventBridge` sends.
#[derive(Debug, Deserialize)]
struct Event {
    source: String,
}

/// Starts, and logs in whenever it is invoked until Lambda ends the process.
pub fn run() -> Result<(), Error> {
    lambda::run_events(start, async |probe: &Probe, event: LambdaEvent<Event>| {
        answer(probe, event.payload).await
    })
}

async fn start(variables: HashMap<String, String>) -> Result<Probe, Error> {
    let variable = |name: &str| variables.get(name).cloned().ok_or_else(|| format!("{name} is not set"));
    let (url, arn) = (variable("API_URL")?, variable("CREDENTIALS_ARN")?);
    let credentials = fetch_secret(Some(&Aws::new(variables)?), Some(&arn)).await?;
    let credentials = credentials.and_then(|document| Credentials::read(&document));
    let credentials = credentials.ok_or("the secret CREDENTIALS_ARN has no email and password")?;
    let rules = HttpRules { timeout: ONE_REQUEST, private_ip_addresses: false, plain_http: false };
    Ok(Probe::new(HttpClient::new(rules), &url, credentials)?)
}

async fn answer(probe: &Probe, event: Event) -> Result<(), Error> {
    // A deployment only wants to know whether it starts: the account need not exist yet.
    if event.source != "aws.events" {
        return Ok(());
    }
    match probe.run().await {
        Ok(()) => {
            tracing::info!("the login works");
            Ok(())
        }
        Err(error) => {
            tracing::error!(step = error.step.name(), %error, "the login does not work");
            Err(error.into())
        }
    }
}
