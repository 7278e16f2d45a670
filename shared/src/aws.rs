//! Clients of AWS services, made by hand from the variables that Lambda sets.
//!
//! The `aws-config` crate would find credentials in many more places, and cost a third of a cold
//! start to look. Outside Lambda, `aws configure export-credentials --format env` prints the
//! variables that are read here.

use std::collections::HashMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

pub mod http;
pub mod request;
pub mod secret;

use crate::clock::Clock;
use http::AwsHttp;

/// The certificate authorities that AWS endpoints are signed by (<https://www.amazontrust.com/repository/>), as PEM.
pub const AMAZON_ROOTS: &str = include_str!("aws/amazon-roots.pem");

/// What clients of all AWS services have in common.
#[derive(Clone, Debug)]
pub struct Aws {
    variables: HashMap<String, String>,
    http: SharedHttpClient,
    clock: Clock,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// A variable is missing.
    #[error("{0} is not set: AWS clients need AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    Missing(&'static str),
    /// `AWS_CA_BUNDLE` names a file that cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    CaBundle(String),
}

impl Aws {
    /// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and for
    /// tests and local stacks `AWS_ENDPOINT_URL[_<SERVICE>]`. `AWS_CA_BUNDLE` replaces Amazon's own
    /// certificate authorities, as a proxy that looks into TLS needs it.
    pub fn new(variables: HashMap<String, String>) -> Result<Self, AwsError> {
        let roots = match variables.get("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
            Some(path) => {
                std::fs::read(path).map_err(|error| AwsError::CaBundle(format!("{path}: {error}")))?
            }
            None => AMAZON_ROOTS.as_bytes().to_vec(),
        };
        let http = AwsHttp::new(&roots).map_err(AwsError::CaBundle)?;
        Self::through(variables, SharedHttpClient::new(http), Clock::system())
    }

    /// The same through another HTTP client; time-outs and pauses between attempts are those of a clock.
    pub fn through(
        variables: HashMap<String, String>,
        http: SharedHttpClient,
        clock: Clock,
    ) -> Result<Self, AwsError> {
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            if variables.get(name).is_none_or(String::is_empty) {
                return Err(AwsError::Missing(name));
            }
        }
        Ok(Self { variables, http, clock })
    }

    /// The region, as `AWS_REGION` names it.
    pub fn region(&self) -> &str {
        self.variables.get("AWS_REGION").map_or("", String::as_str)
    }

    /// The configuration for a client of one service, named as in `AWS_ENDPOINT_URL_<SERVICE>`.
    ///
    /// A call is tried three times within five seconds: the frontend waits for the answer.
    pub fn service(&self, name: &str) -> SdkConfig {
        let variable = |name: &str| self.variables.get(name).filter(|value| !value.is_empty()).cloned();
        let credentials = Credentials::new(
            variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
            variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(variable("AWS_REGION").unwrap_or_default()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http.clone())
            .sleep_impl(SharedAsyncSleep::new(self.clock.clone()))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(3)
                    .with_initial_backoff(Duration::from_millis(25))
                    .with_max_backoff(Duration::from_millis(200)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(Duration::from_secs(2))
                    .operation_timeout(Duration::from_secs(5))
                    .build(),
            );
        let own = format!("AWS_ENDPOINT_URL_{name}");
        if let Some(url) = variable(&own).or_else(|| variable("AWS_ENDPOINT_URL")) {
            config.set_endpoint_url(Some(url));
        }
        config.build()
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, length: Duration) -> Sleep {
        Sleep::new(self.wait(length))
    }
}
