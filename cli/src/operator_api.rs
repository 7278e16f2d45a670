//! A client of the operators' API (docs/operators.md), which signs requests with the credentials of its process.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Value, json};
use vestibule::aws::request::AwsRequestError;
use vestibule::operator::{OperatorError, OperatorOutcome, OperatorRequest};

use crate::function_url::{FunctionUrl, FunctionUrlError};

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
    /// A function can't be called.
    #[error(transparent)]
    Function(#[from] FunctionUrlError),
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

impl OperatorApi {
    /// The API whose URLs and credentials are in the environment. With one URL alone, that function gets all requests: the
    /// one that may only read says what it refuses.
    pub fn deployed(environment: &HashMap<String, String>) -> Result<Self, OperatorApiError> {
        let read = FunctionUrl::of(environment, "OPERATOR_READ_URL")?;
        let change = FunctionUrl::of(environment, "OPERATOR_URL")?;
        let (Some(read), Some(change)) =
            (read.clone().or_else(|| change.clone()), change.or_else(|| read.clone()))
        else {
            return Err(OperatorApiError::NoUrl);
        };
        Ok(Self { read, change })
    }

    /// Where it is.
    pub fn place(&self) -> &str {
        self.change.origin()
    }

    /// Asks for an operation.
    pub async fn ask(&self, request: &OperatorRequest) -> OperatorAnswer {
        let function = if request.is_read() { &self.read } else { &self.change };
        let (operation, arguments) = request.parts();
        match function.post(format!("/{operation}"), arguments.to_string()).await {
            Ok(response) => OperatorAnswer { status: StatusCode::OK, body: response.json() },
            Err(error) => refusal(&error),
        }
    }
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
            assert_eq!((api.read.origin(), api.change.origin()), expected);
            assert_eq!(api.place(), expected.1);
        }
    }

    #[test]
    fn without_a_url_it_says_what_to_set() {
        assert!(matches!(api(&[]), Err(OperatorApiError::NoUrl)));
        let error = api(&[("OPERATOR_URL", "here")]).unwrap_err();
        assert!(matches!(error, OperatorApiError::Function(FunctionUrlError::Url("OPERATOR_URL"))));
    }
}
