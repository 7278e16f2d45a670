//! The hook: invokes all versions, and tells CodeDeploy the outcome.

use std::time::Duration;

use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use vestibule::aws::Aws;
use vestibule::aws::request::{AwsRequest, AwsRequestError, AwsResponse, AwsService};

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

/// How Lambda refuses what does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";
/// How Lambda refuses what exists already, or is being changed.
const CONFLICT: &str = "ResourceConflictException";

const LAMBDA: AwsService = AwsService { name: "lambda", host: "lambda" };
const CODEDEPLOY: AwsService = AwsService { name: "codedeploy", host: "codedeploy" };

/// The versions of a deployment, and the AWS services that know them.
#[derive(Debug)]
pub struct Hook {
    versions: Vec<String>,
    lambda: SdkConfig,
    codedeploy: SdkConfig,
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
        let patient = aws
            .service("LAMBDA")
            .into_builder()
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ONE_INVOCATION).build())
            // A new account has a concurrency of 10, and a deployment calls this hook for each function at once.
            .retry_config(
                RetryConfig::standard().with_max_attempts(8).with_max_backoff(Duration::from_secs(10)),
            );
        Self {
            versions: versions.split(',').filter(|arn| !arn.is_empty()).map(str::to_owned).collect(),
            lambda: patient.build(),
            codedeploy: aws.service("CODEDEPLOY"),
        }
    }

    /// Invokes all versions, and tells CodeDeploy whether all of them work. If so, the versions in use become those that
    /// `infra/rollback` goes back to.
    pub async fn run(&self, request: HookCall) -> Result<(), String> {
        let outcome = tokio::time::timeout(ALL_INVOCATIONS, self.let_through()).await;
        let status = match outcome {
            Ok(Ok(())) => "Succeeded",
            Ok(Err(error)) => {
                tracing::error!(error, "the versions get no requests");
                "Failed"
            }
            Err(_) => {
                tracing::error!(
                    seconds = ALL_INVOCATIONS.as_secs(),
                    "not all versions have answered in time"
                );
                "Failed"
            }
        };
        tracing::info!(deployment = request.deployment_id, status, "hook completed");
        let told = json!({
            "deploymentId": request.deployment_id,
            "lifecycleEventHookExecutionId": request.lifecycle_event_hook_execution_id,
            "status": status,
        });
        let put = AwsRequest::new(CODEDEPLOY, "POST", "/")
            .header("x-amz-target", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus")
            .body("application/x-amz-json-1.1", told.to_string());
        put.send(&self.codedeploy).await.map(drop).map_err(explain)
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
        let of_alias = |method, name: &str| on_function(method, function, &format!("aliases/{name}"));
        let Some(live) = self.ask(of_alias("GET", LIVE), NOT_FOUND).await? else {
            // A new function.
            return Ok(());
        };
        let Some(live) = version_of(&live).filter(|live| live != number) else { return Ok(()) };
        let previous = self.ask(of_alias("GET", PREVIOUS), NOT_FOUND).await?;
        let previous = previous.map(|alias| version_of(&alias).unwrap_or_default());
        let change = match previous {
            // Another call has done it, or the deployment before went back: then its description has the version that
            // is still the one before.
            Some(previous) if previous == live => return Ok(()),
            Some(previous) => {
                let update = json!({ "FunctionVersion": live, "Description": previous });
                of_alias("PUT", PREVIOUS).json(&update)
            }
            None => {
                let create = json!({ "Name": PREVIOUS, "FunctionVersion": live });
                on_function("POST", function, "aliases").json(&create)
            }
        };
        // A conflict: another call does the same.
        self.ask(change, CONFLICT).await.map(drop)
    }

    /// Asks Lambda; none if it refuses with this code.
    async fn ask(&self, request: AwsRequest, unless: &str) -> Result<Option<AwsResponse>, String> {
        match request.send(&self.lambda).await {
            Err(error) if has_code(&error, unless) => Ok(None),
            answer => answer.map(Some).map_err(explain),
        }
    }

    async fn invoke(&self, version: &str) -> Result<Invocation, String> {
        let request = on_function("POST", version, "invocations").json(&event(version));
        let answer = request.send(&self.lambda).await.map_err(explain)?;
        Ok(Invocation {
            function_error: answer.header("x-amz-function-error").map(str::to_owned),
            payload: answer.body().to_vec(),
        })
    }
}

/// A request to Lambda about a function or version.
fn on_function(method: &'static str, name: &str, rest: &str) -> AwsRequest {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    AwsRequest::new(LAMBDA, method, format!("/2015-03-31/functions/{name}/{rest}"))
}

/// The version that an alias stands for.
fn version_of(alias: &AwsResponse) -> Option<String> {
    alias.json().get("FunctionVersion").and_then(Value::as_str).map(str::to_owned)
}

fn has_code(error: &AwsRequestError, code: &str) -> bool {
    error.as_service_error().and_then(ErrorMetadata::code) == Some(code)
}

fn explain(error: impl std::error::Error) -> String {
    DisplayErrorContext(error).to_string()
}
