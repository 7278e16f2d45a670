//! Where the keys are kept: one secret, in versions, of which labels tell the current and the coming one.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use vestibule::secret::Secret;

/// The labels of each version.
pub type Versions = HashMap<String, Vec<String>>;

/// The version in use.
pub const CURRENT: &str = "AWSCURRENT";
/// The version that is to come into use.
pub const PENDING: &str = "AWSPENDING";

/// Secrets Manager did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("Secrets Manager: {0}")]
pub struct VaultError(pub String);

/// A secret in versions.
#[expect(async_fn_in_trait, reason = "nobody but this crate and its tests awaits these")]
pub trait Vault {
    /// The version of this label, or of this label and name; none when there is no such version.
    async fn read(&self, label: &str, version: Option<&str>) -> Result<Option<Secret>, VaultError>;
    /// Adds a version as the pending one.
    async fn add(&self, version: &str, content: &str) -> Result<(), VaultError>;
    /// All versions.
    async fn versions(&self) -> Result<Versions, VaultError>;
    /// Makes a version the current one in place of another.
    async fn promote(&self, version: &str, instead_of: Option<&str>) -> Result<(), VaultError>;
}

/// A secret in Secrets Manager.
pub struct SecretsManager {
    /// Speaks to it.
    pub client: Client,
    /// Which secret.
    pub secret: String,
}

impl Vault for SecretsManager {
    async fn read(&self, label: &str, version: Option<&str>) -> Result<Option<Secret>, VaultError> {
        let ask = self.client.get_secret_value().secret_id(&self.secret).version_stage(label);
        let answer = ask.set_version_id(version.map(str::to_owned)).send().await;
        match answer {
            Ok(answer) => Ok(answer.secret_string.map(Secret::new)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(explain(&error)),
        }
    }

    async fn add(&self, version: &str, content: &str) -> Result<(), VaultError> {
        let put = self.client.put_secret_value().secret_id(&self.secret).client_request_token(version);
        let answer = put.secret_string(content).version_stages(PENDING).send().await;
        answer.map(drop).map_err(|error| explain(&error))
    }

    async fn versions(&self) -> Result<Versions, VaultError> {
        let answer = self.client.describe_secret().secret_id(&self.secret).send().await;
        let answer = answer.map_err(|error| explain(&error))?;
        Ok(answer.version_ids_to_stages.unwrap_or_default())
    }

    async fn promote(&self, version: &str, instead_of: Option<&str>) -> Result<(), VaultError> {
        let update = self.client.update_secret_version_stage().secret_id(&self.secret).version_stage(CURRENT);
        let update = update.move_to_version_id(version);
        let update = update.set_remove_from_version_id(instead_of.map(str::to_owned));
        update.send().await.map(drop).map_err(|error| explain(&error))
    }
}

/// The code of a refusal, and never what a secret holds.
fn explain<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> VaultError {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    VaultError(code.unwrap_or("no answer").to_owned())
}
