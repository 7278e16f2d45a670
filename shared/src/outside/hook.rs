//! Asks the site's own hook (`ACCOUNT_HOOK_FUNCTION_ARN`): a Lambda function, or locally any URL.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use lambda_http::BoxFuture;
use lambda_http::http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::HookClient;
use crate::aws::Aws;
use crate::aws::request::{AwsRequest, AwsRequestError, AwsResponse, AwsService};
use crate::domain::hook::{HookAnswer, HookFault, HookQuestion};
use crate::settings::Settings;

const LAMBDA: AwsService = AwsService { name: "lambda", host: "lambda" };

/// How long an answer may take: somebody waits for their login.
const DEADLINE: Duration = Duration::from_secs(5);

/// What Lambda says a function has thrown, or that it ran out of time.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// The client of the hook, if there is one.
pub fn client(settings: &Settings, aws: &Aws) -> Option<Arc<dyn HookClient>> {
    let account = &settings.account;
    let target = match (&account.hook_function_arn, &account.hook_url) {
        (Some(arn), _) => Target::function(arn, aws),
        (None, Some(url)) => Target::url(url, aws)?,
        (None, None) => return None,
    };
    Some(Arc::new(target))
}

/// What is wrong with where the function is, as far as is known where this process is: the region, and by its secret the
/// account.
pub fn misplaced(settings: &Settings, aws: &Aws) -> Option<String> {
    let [region, account] = place(settings.account.hook_function_arn.as_deref()?)?;
    if region != aws.region() {
        let own = aws.region();
        return Some(format!("the function is in the region {region}, and must be in {own}, as this one"));
    }
    let [_, own] = place(settings.secret_key_arn.as_deref()?)?;
    (account != own)
        .then(|| format!("the function is in the account {account}, and must be in {own}, as this one"))
}

/// Region and account of an ARN.
fn place(arn: &str) -> Option<[&str; 2]> {
    let mut parts = arn.split(':').skip(3);
    Some([parts.next()?, parts.next()?])
}

/// Where questions go.
struct Target {
    path: String,
    config: SdkConfig,
}

/// Why there is no answer. Nothing of question or answer is in it.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("it took longer than {} seconds", DEADLINE.as_secs())]
    TooSlow,
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("the function failed: {0}")]
    Failed(String),
    #[error(transparent)]
    Unusable(#[from] HookFault),
}

impl Target {
    fn function(arn: &str, aws: &Aws) -> Self {
        let function = utf8_percent_encode(arn, NON_ALPHANUMERIC);
        let path = format!("/2015-03-31/functions/{function}/invocations");
        Self { path, config: asked_once(aws.service("LAMBDA")) }
    }

    /// Signed with what the local stack has for credentials: nobody there checks it.
    fn url(url: &str, aws: &Aws) -> Option<Self> {
        let url: Uri = url.parse().ok()?;
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let origin = format!("{}://{}", url.scheme_str()?, url.authority()?);
        let config = asked_once(aws.service("LAMBDA")).into_builder().endpoint_url(origin).build();
        Some(Self { path, config })
    }

    async fn put(&self, question: &HookQuestion) -> Result<HookAnswer, NoAnswer> {
        let question = serde_json::to_vec(question).map_err(|_| HookFault::NoVerdict)?;
        let request = AwsRequest::new(LAMBDA, "POST", self.path.clone()).body("application/json", question);
        let response = request.send(&self.config).await.map_err(|error| NoAnswer::from(&error))?;
        if let Some(error) = response.header(FUNCTION_ERROR) {
            return Err(NoAnswer::Failed(error.to_owned()));
        }
        Ok(HookAnswer::read(AwsResponse::body(&response))?)
    }
}

/// The hook has no effect of its own, but it is paid for: once is enough.
fn asked_once(config: SdkConfig) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(2)).operation_timeout(DEADLINE).build();
    config.into_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}

impl From<&AwsRequestError> for NoAnswer {
    fn from(error: &AwsRequestError) -> Self {
        match error {
            AwsRequestError::TimeoutError(_) => Self::TooSlow,
            AwsRequestError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let code = context.err().code().unwrap_or("no code");
                Self::Unreachable(format!("status {status}, {code}"))
            }
            AwsRequestError::DispatchFailure(_) => Self::Unreachable("no connection".to_owned()),
            _ => Self::Unreachable("unreadable response".to_owned()),
        }
    }
}

impl HookClient for Target {
    fn ask<'a>(&'a self, question: &'a HookQuestion) -> BoxFuture<'a, HookAnswer> {
        Box::pin(async move {
            self.put(question).await.unwrap_or_else(|error| {
                tracing::error!(event = question.event.name(), %error, "the hook gave no usable answer");
                HookAnswer::Nothing
            })
        })
    }
}
