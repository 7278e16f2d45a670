//! A client of the operators' API (docs/operators.md), which signs requests with the credentials of its process.

use std::collections::HashMap;
use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;
use vestibule::aws::request::{AwsRequest, AwsRequestError, AwsService};
use vestibule::aws::{Aws, AwsError};
use vestibule::operator::{OperatorError, OperatorOutcome, OperatorRequest};

/// What requests to function URLs are signed for.
const LAMBDA: AwsService = AwsService { name: "lambda", host: "lambda" };

/// The longest that a function may take, and the way there.
const DEADLINE: Duration = Duration::from_secs(65);

/// The operators' API of a deployment.
#[derive(Debug)]
pub struct OperatorApi {
    read: FunctionUrl,
    change: FunctionUrl,
}

/// What it answered.
#[derive(Debug)]
pub struct OperatorAnswer {
    /// The status.
    pub status: StatusCode,
    /// `data` or `errors`.
    pub body: Value,
}

/// Why there is no client of it.
#[derive(Debug, thiserror::Error)]
pub enum OperatorApiError {
    /// No URL is known.
    #[error(
        "OPERATOR_READ_URL and OPERATOR_URL are not set: they are the outputs OperatorReadUrl and OperatorUrl of a stack \
         that is deployed with OperatorApi=true (docs/operators.md)"
    )]
    NoUrl,
    /// A URL would send signatures in the clear, or nowhere.
    #[error("{0} is not the URL of a function: https://, a host, and nothing after it")]
    Url(&'static str),
    /// There are no credentials.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl From<Result<OperatorOutcome, OperatorError>> for OperatorAnswer {
    fn from(outcome: Result<OperatorOutcome, OperatorError>) -> Self {
        match outcome {
            Ok(outcome) => Self { status: StatusCode::OK, body: json!({"data": outcome}) },
            Err(error) => {
                let status =
                    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self { status, body: error.body() }
            }
        }
    }
}

#[derive(Clone, Debug)]
struct FunctionUrl {
    origin: String,
    config: SdkConfig,
}

impl OperatorApi {
    /// The API whose URLs and credentials are in the environment. With one URL alone, that function gets all requests: the
    /// one that may only read says what it refuses.
    pub fn deployed(environment: &HashMap<String, String>) -> Result<Self, OperatorApiError> {
        let read = origin(environment, "OPERATOR_READ_URL")?;
        let change = origin(environment, "OPERATOR_URL")?;
        let (Some(read), Some(change)) =
            (read.clone().or_else(|| change.clone()), change.or_else(|| read.clone()))
        else {
            return Err(OperatorApiError::NoUrl);
        };
        let aws = Aws::new(environment.clone())?;
        let at = |origin: String| FunctionUrl { config: config(&aws, &origin), origin };
        Ok(Self { read: at(read), change: at(change) })
    }

    /// Where it is.
    pub fn place(&self) -> &str {
        &self.change.origin
    }

    /// Asks for an operation.
    pub async fn ask(&self, request: &OperatorRequest) -> OperatorAnswer {
        let function = if request.is_read() { &self.read } else { &self.change };
        let (operation, arguments) = request.parts();
        let arguments = arguments.to_string().into_bytes();
        let request = AwsRequest::new(LAMBDA, "POST", format!("/{operation}"));
        match request.body("application/json", arguments).send(&function.config).await {
            Ok(response) => OperatorAnswer { status: StatusCode::OK, body: response.json() },
            Err(error) => refusal(&error),
        }
    }
}

fn origin(
    environment: &HashMap<String, String>,
    name: &'static str,
) -> Result<Option<String>, OperatorApiError> {
    let Some(given) = environment.get(name).filter(|given| !given.is_empty()) else { return Ok(None) };
    let url = Url::parse(given).map_err(|_| OperatorApiError::Url(name))?;
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_usable = is_bare && url.username().is_empty() && url.password().is_none();
    if !is_usable || !(url.scheme() == "https" || (url.scheme() == "http" && is_loopback)) {
        return Err(OperatorApiError::Url(name));
    }
    Ok(Some(url.origin().ascii_serialization()))
}

/// A change whose answer got lost may be made: only the operator knows whether to ask again.
fn config(aws: &Aws, origin: &str) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_timeout(DEADLINE).build();
    let config = aws.service("LAMBDA").into_builder().endpoint_url(origin);
    config.retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}

/// The errors of the API itself, or in the same form those of AWS in front of it.
fn refusal(error: &AwsRequestError) -> OperatorAnswer {
    let Some(response) = error.raw_response() else {
        let text = "The operators' API cannot be reached, or took too long. If this was a change, look whether it was made.";
        return answer(StatusCode::BAD_GATEWAY, "unreachable", text);
    };
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let body: Value = serde_json::from_slice(response.body().bytes().unwrap_or_default()).unwrap_or_default();
    if body.get("errors").is_some_and(Value::is_array) {
        return OperatorAnswer { status, body };
    }
    match status {
        StatusCode::FORBIDDEN => {
            let text = "AWS refuses this to your credentials. They may have expired, or lack the right to call this \
                        function: the reader's role calls OPERATOR_READ_URL only.";
            answer(status, "access_denied", text)
        }
        StatusCode::TOO_MANY_REQUESTS => {
            answer(status, "throttled", "AWS throttles the function. Wait a moment, and repeat the request.")
        }
        _ => answer(StatusCode::BAD_GATEWAY, "failed", "The function failed. Its log says why."),
    }
}

fn answer(status: StatusCode, code: &str, message: &str) -> OperatorAnswer {
    OperatorAnswer { status, body: json!({"errors": [{"code": code, "message": message}]}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(variables: &[(&str, &str)]) -> Result<OperatorApi, OperatorApiError> {
        let credentials = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let all = credentials.iter().chain(variables);
        OperatorApi::deployed(&all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn one_url_is_enough_and_serves_both() {
        let (read, change) =
            ("https://r.lambda-url.eu-west-1.on.aws", "https://c.lambda-url.eu-west-1.on.aws");
        for (variables, expected) in [
            (vec![("OPERATOR_READ_URL", read), ("OPERATOR_URL", change)], (read, change)),
            (vec![("OPERATOR_READ_URL", "https://r.lambda-url.eu-west-1.on.aws/")], (read, read)),
            (vec![("OPERATOR_URL", change), ("OPERATOR_READ_URL", "")], (change, change)),
        ] {
            let api = api(&variables).unwrap();
            assert_eq!((api.read.origin.as_str(), api.change.origin.as_str()), expected);
            assert_eq!(api.place(), expected.1);
        }
    }

    #[test]
    fn what_is_no_url_of_a_function_is_refused() {
        assert!(matches!(api(&[]), Err(OperatorApiError::NoUrl)));
        for url in [
            "c.lambda-url.eu-west-1.on.aws",
            "http://c.lambda-url.eu-west-1.on.aws",
            "ftp://127.0.0.1",
            "https://c.lambda-url.eu-west-1.on.aws/path",
            "https://c.lambda-url.eu-west-1.on.aws/?x",
            "https://user:password@c.lambda-url.eu-west-1.on.aws",
        ] {
            let error = api(&[("OPERATOR_URL", url)]).unwrap_err();
            assert!(matches!(error, OperatorApiError::Url("OPERATOR_URL")), "{url}");
        }
        let without_credentials =
            HashMap::from([("OPERATOR_URL".to_owned(), "https://c.example".to_owned())]);
        assert!(matches!(OperatorApi::deployed(&without_credentials), Err(OperatorApiError::Aws(_))));
    }
}
