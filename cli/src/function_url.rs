//! Functions behind function URLs with AWS IAM, called with the credentials of this process.

use std::collections::HashMap;
use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use url::Url;
use vestibule::aws::request::{AwsRequest, AwsRequestError, AwsResponse, AwsService};
use vestibule::aws::{Aws, AwsError};

/// What requests to function URLs are signed for.
const LAMBDA: AwsService = AwsService { name: "lambda", host: "lambda" };

/// The longest that a function may take, and the way there.
const DEADLINE: Duration = Duration::from_secs(65);

/// The URL of a function.
#[derive(Clone, Debug)]
pub struct FunctionUrl {
    origin: String,
    config: SdkConfig,
}

/// Why a function can't be called.
#[derive(Debug, thiserror::Error)]
pub enum FunctionUrlError {
    /// A URL would send signatures in the clear, or nowhere.
    #[error("{0} is not the URL of a function: https://, a host, and nothing after it")]
    Url(&'static str),
    /// There are no credentials.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl FunctionUrl {
    /// The function whose URL is in a variable, with the credentials of the environment; none if it is not set.
    pub fn of(
        environment: &HashMap<String, String>,
        name: &'static str,
    ) -> Result<Option<Self>, FunctionUrlError> {
        let Some(given) = environment.get(name).filter(|given| !given.is_empty()) else { return Ok(None) };
        let url = Url::parse(given).map_err(|_| FunctionUrlError::Url(name))?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_usable = is_bare && url.username().is_empty() && url.password().is_none();
        if !is_usable || !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback)) {
            return Err(FunctionUrlError::Url(name));
        }
        let origin = url.origin().ascii_serialization();
        let config = config(&Aws::new(environment.clone())?, &origin);
        Ok(Some(Self { origin, config }))
    }

    /// Where it is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Sends JSON to a path, once.
    pub async fn post(&self, path: String, body: String) -> Result<AwsResponse, AwsRequestError> {
        let request = AwsRequest::new(LAMBDA, "POST", path);
        request.body("application/json", body).send(&self.config).await
    }
}

/// A change whose answer got lost may be made: only the caller knows whether to ask again.
fn config(aws: &Aws, origin: &str) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_timeout(DEADLINE).build();
    let config = aws.service("LAMBDA").into_builder().endpoint_url(origin);
    config.retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(url: &str) -> Result<Option<FunctionUrl>, FunctionUrlError> {
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("OPERATOR_URL", url),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        FunctionUrl::of(&variables.into(), "OPERATOR_URL")
    }

    #[test]
    fn what_is_no_url_of_a_function_is_refused() {
        assert!(function("").unwrap().is_none());
        for url in ["https://c.lambda-url.eu-west-1.on.aws/", "http://127.0.0.1:8027"] {
            assert_eq!(function(url).unwrap().unwrap().origin(), url.trim_end_matches('/'));
        }
        for url in [
            "c.lambda-url.eu-west-1.on.aws",
            "http://c.lambda-url.eu-west-1.on.aws",
            "ftp://127.0.0.1",
            "https://c.lambda-url.eu-west-1.on.aws/path",
            "https://c.lambda-url.eu-west-1.on.aws/?x",
            "https://user:password@c.lambda-url.eu-west-1.on.aws",
        ] {
            assert!(matches!(function(url), Err(FunctionUrlError::Url("OPERATOR_URL"))), "{url}");
        }
        let without_credentials =
            HashMap::from([("OPERATOR_URL".to_owned(), "https://c.example".to_owned())]);
        let error = FunctionUrl::of(&without_credentials, "OPERATOR_URL").unwrap_err();
        assert!(matches!(error, FunctionUrlError::Aws(_)), "{error}");
    }
}
