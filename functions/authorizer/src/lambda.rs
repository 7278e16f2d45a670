//! Runs on AWS Lambda: puts the parts together, and holds no logic.

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request as Request;
use lambda_runtime::{Error, LambdaEvent};
use vestibule::app::{App, Requirements};
use vestibule::lambda;

use crate::authorize::authorize_before;

pub use lambda_runtime::Error as RunError;

/// What the function needs of its process.
pub const REQUIREMENTS: Requirements = Requirements { token_keys: true, ..Requirements::TABLE };

/// Starts, and answers API Gateway until Lambda ends the process. Wrong settings end it at once, all of them listed
/// in the log.
pub fn run() -> Result<(), Error> {
    let start = async |variables| Ok(lambda::start(variables, REQUIREMENTS).await?);
    lambda::run_events(start, async |app: &App, event: LambdaEvent<Request>| {
        let request_id = event.payload.request_context.request_id.clone();
        let verdict = authorize_before(app, event.context.deadline, event.payload).await;
        match &verdict {
            Ok(verdict) => {
                tracing::info!(request_id, is_authorized = verdict.is_authorized, "answered");
            }
            Err(error) => tracing::error!(request_id, %error, "failed"),
        }
        Ok(verdict?)
    })
}
