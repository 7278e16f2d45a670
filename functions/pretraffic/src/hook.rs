//! The hook: invokes all versions, and tells CodeDeploy the outcome.

use std::time::Duration;

use aws_sdk_codedeploy::error::SdkError;
use aws_sdk_codedeploy::types::LifecycleEventStatus;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde::Deserialize;
use vestibule::aws::Aws;

use crate::version::{Invocation, event, verdict};

/// Longer than any function may take to start and to answer.
const ONE_INVOCATION: Duration = Duration::from_secs(60);
/// Shorter than the timeout of this function: CodeDeploy would wait an hour for a hook that tells it nothing.
const ALL_INVOCATIONS: Duration = Duration::from_secs(270);

/// The alias of the versions in use.
const LIVE: &str = "live";
/// The alias of those in use before the last deployment. If that one failed after it was invoked here, the version is
/// still in use, and the description has the one before it.
const PREVIOUS: &str = "previous";

/// The versions of a deployment, and the AWS services that know them.
#[derive(Debug)]
pub struct Hook {
    versions: Vec<String>,
    lambda: aws_sdk_lambda::Client,
    codedeploy: aws_sdk_codedeploy::Client,
}

/// What CodeDeploy sends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HookCall {
    deployment_id: String,
    lifecycle_event_hook_execution_id: String,
}

impl Hook {
    /// A hook for the versions whose ARNs stand between commas.
    pub fn new(versions: &str, aws: &Aws) -> Self {
        let patient = aws_sdk_lambda::config::Builder::from(&aws.service("LAMBDA"))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ONE_INVOCATION).build())
            // A new account has a concurrency of 10, and a deployment calls this hook for each function at once.
            .retry_config(
                RetryConfig::standard().with_max_attempts(8).with_max_backoff(Duration::from_secs(10)),
            );
        Self {
            versions: versions.split(',').filter(|arn| !arn.is_empty()).map(str::to_owned).collect(),
            lambda: aws_sdk_lambda::Client::from_conf(patient.build()),
            codedeploy: aws_sdk_codedeploy::Client::new(&aws.service("CODEDEPLOY")),
        }
    }

    /// Invokes all versions, and tells CodeDeploy whether all of them work. If so, the versions in use become those that
    /// `infra/rollback` goes back to.
    pub async fn run(&self, request: HookCall) -> Result<(), String> {
        let outcome = tokio::time::timeout(ALL_INVOCATIONS, self.let_through()).await;
        let status = match outcome {
            Ok(Ok(())) => LifecycleEventStatus::Succeeded,
            Ok(Err(error)) => {
                tracing::error!(error, "the versions get no requests");
                LifecycleEventStatus::Failed
            }
            Err(_) => {
                tracing::error!(
                    seconds = ALL_INVOCATIONS.as_secs(),
                    "not all versions have answered in time"
                );
                LifecycleEventStatus::Failed
            }
        };
        tracing::info!(deployment = request.deployment_id, status = status.as_str(), "hook completed");
        let put = self.codedeploy.put_lifecycle_event_hook_execution_status();
        let put = put.deployment_id(request.deployment_id).status(status);
        let put = put.lifecycle_event_hook_execution_id(request.lifecycle_event_hook_execution_id);
        put.send().await.map(drop).map_err(explain)
    }

    async fn let_through(&self) -> Result<(), String> {
        for version in &self.versions {
            let works = self.invoke(version).await.and_then(|answer| verdict(&answer));
            // At once: other calls of this hook and requests wait for the concurrency that this one takes.
            works.map_err(|error| format!("{version} does not start: {error}"))?;
            tracing::info!(version, "starts");
        }
        for version in &self.versions {
            self.remember_version_before(version).await?;
        }
        Ok(())
    }

    /// Gives the alias `previous` to the version in use, unless that is this one: another call of this hook has let it
    /// through already.
    async fn remember_version_before(&self, version: &str) -> Result<(), String> {
        let Some((function, number)) = version.rsplit_once(':') else { return Ok(()) };
        let live = self.lambda.get_alias().function_name(function).name(LIVE);
        let live = match live.send().await.map_err(SdkError::into_service_error) {
            Ok(live) => live.function_version,
            // A new function.
            Err(error) if error.is_resource_not_found_exception() => None,
            Err(error) => return Err(explain(error)),
        };
        let Some(live) = live.filter(|live| live != number) else { return Ok(()) };
        let previous = self.lambda.get_alias().function_name(function).name(PREVIOUS);
        match previous.send().await.map_err(SdkError::into_service_error) {
            // Another call has done it, or the deployment before went back: then its description has the version that
            // is still the one before.
            Ok(previous) if previous.function_version.as_ref() == Some(&live) => Ok(()),
            Ok(previous) => {
                let update = self.lambda.update_alias().function_name(function).name(PREVIOUS);
                let update = update.function_version(live);
                let update = update.description(previous.function_version.unwrap_or_default());
                match update.send().await.map_err(SdkError::into_service_error) {
                    Err(error) if !error.is_resource_conflict_exception() => Err(explain(error)),
                    _ => Ok(()),
                }
            }
            Err(error) if error.is_resource_not_found_exception() => {
                let create = self.lambda.create_alias().function_name(function).name(PREVIOUS);
                match create.function_version(live).send().await.map_err(SdkError::into_service_error) {
                    Err(error) if !error.is_resource_conflict_exception() => Err(explain(error)),
                    _ => Ok(()),
                }
            }
            Err(error) => Err(explain(error)),
        }
    }

    async fn invoke(&self, version: &str) -> Result<Invocation, String> {
        let payload = event(version).to_string().into_bytes();
        let answer = self.lambda.invoke().function_name(version).payload(payload.into()).send().await;
        let answer = answer.map_err(explain)?;
        Ok(Invocation {
            function_error: answer.function_error,
            payload: answer.payload.map(aws_smithy_types::Blob::into_inner).unwrap_or_default(),
        })
    }
}

fn explain(error: impl std::error::Error) -> String {
    DisplayErrorContext(error).to_string()
}
