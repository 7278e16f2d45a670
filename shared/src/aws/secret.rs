//! A secret in Secrets Manager: text in versions, of which labels tell the current one.

use std::collections::HashMap;

use aws_types::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Aws;
use super::request::{AwsRequest, AwsRequestError, AwsService};
use crate::domain::time::Timestamp;
use crate::secret::Secret;

const SECRETS_MANAGER: AwsService = AwsService { name: "secretsmanager", host: "secretsmanager" };

/// The label of the version in use.
pub const CURRENT: &str = "AWSCURRENT";

/// A secret in Secrets Manager.
#[derive(Clone, Debug)]
pub struct AwsSecret {
    config: SdkConfig,
    arn: String,
}

/// A version of a secret.
#[derive(Debug)]
pub struct SecretVersion {
    /// Its id.
    pub id: String,
    /// What it holds.
    pub text: Secret,
    /// The time of its creation.
    pub created_at: Option<Timestamp>,
}

/// Why Secrets Manager did not do what it was asked to. Nothing of a secret is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It says why.
    #[error("{code}: {message}")]
    Refused {
        /// The code.
        code: String,
        /// The message.
        message: String,
    },
    /// It gives no answer.
    #[error("no answer")]
    NoAnswer,
    /// The answer is not one to the question, as where a secret is binary.
    #[error("the answer has no {0}")]
    Without(&'static str),
}

impl SecretError {
    /// Whether this is the code of the refusal.
    pub fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == expected)
    }
}

impl From<AwsRequestError> for SecretError {
    fn from(error: AwsRequestError) -> Self {
        let Some(refusal) = error.as_service_error() else { return Self::NoAnswer };
        let text = |part: Option<&str>| part.unwrap_or("nothing is said").to_owned();
        Self::Refused { code: text(refusal.code()), message: text(refusal.message()) }
    }
}

/// What is read of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: Option<String>,
    version_id: Option<String>,
    /// In seconds since 1970.
    created_date: Option<f64>,
    version_ids_to_stages: Option<HashMap<String, Vec<String>>>,
}

impl AwsSecret {
    /// The secret that has this ARN.
    pub fn new(aws: &Aws, arn: impl Into<String>) -> Self {
        Self { config: aws.service("SECRETS_MANAGER"), arn: arn.into() }
    }

    /// Its ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Reads the version that has this label, and this id, if one is given.
    pub async fn get(&self, label: &str, version: Option<&str>) -> Result<SecretVersion, SecretError> {
        let wanted = json!({"VersionStage": label, "VersionId": version});
        let answer = self.ask("secretsmanager.GetSecretValue", wanted).await?;
        let text = answer.secret_string.ok_or(SecretError::Without("text"))?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are far below 2^53")]
        let millis = |seconds: f64| (seconds * 1000.0) as i64;
        Ok(SecretVersion {
            id: answer.version_id.unwrap_or_default(),
            text: Secret::new(text),
            created_at: answer.created_date.map(millis).map(Timestamp::from_millis),
        })
    }

    /// Adds a version with this id and label. To add the same again does nothing.
    pub async fn add(&self, version: &str, text: &Secret, label: &str) -> Result<(), SecretError> {
        let new =
            json!({"ClientRequestToken": version, "SecretString": text.expose(), "VersionStages": [label]});
        self.ask("secretsmanager.PutSecretValue", new).await.map(drop)
    }

    /// The ids of all versions, with the labels of each.
    pub async fn versions(&self) -> Result<HashMap<String, Vec<String>>, SecretError> {
        let answer = self.ask("secretsmanager.DescribeSecret", json!({})).await?;
        answer.version_ids_to_stages.ok_or(SecretError::Without("versions"))
    }

    /// Gives a label to a version, in place of the one that has it.
    pub async fn label(
        &self,
        label: &str,
        version: &str,
        instead_of: Option<&str>,
    ) -> Result<(), SecretError> {
        let change =
            json!({"VersionStage": label, "MoveToVersionId": version, "RemoveFromVersionId": instead_of});
        self.ask("secretsmanager.UpdateSecretVersionStage", change).await.map(drop)
    }

    /// Calls an operation (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/>). Arguments of null are left
    /// out.
    async fn ask(&self, operation: &'static str, mut arguments: Value) -> Result<Answer, SecretError> {
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("SecretId".to_owned(), self.arn.as_str().into());
            arguments.retain(|_, value| !value.is_null());
        }
        let request = AwsRequest::new(SECRETS_MANAGER, "POST", "/")
            .header("x-amz-target", operation)
            .body("application/x-amz-json-1.1", arguments.to_string());
        let response = request.send(&self.config).await?;
        serde_json::from_slice(response.body()).map_err(|_| SecretError::Without("JSON"))
    }
}
