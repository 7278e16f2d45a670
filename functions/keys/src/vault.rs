//! Where the keys are kept: one secret, in versions, of which labels tell the current and the coming one.

use std::collections::HashMap;

pub use vestibule::aws::secret::CURRENT;
use vestibule::aws::secret::{AwsSecret, SecretError};
use vestibule::secret::Secret;

/// The labels of each version.
pub type Versions = HashMap<String, Vec<String>>;

/// The version that is to come into use.
pub const PENDING: &str = "AWSPENDING";

/// Secrets Manager did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("Secrets Manager: {0}")]
pub struct VaultError(#[from] pub SecretError);

/// A secret in versions.
#[expect(async_fn_in_trait, reason = "nobody but this crate and its tests awaits these")]
pub trait Vault {
    /// The version of this label, or of this label and name; none when there is no such version.
    async fn read(&self, label: &str, version: Option<&str>) -> Result<Option<Secret>, VaultError>;
    /// Adds a version as the pending one.
    async fn add(&self, version: &str, content: &Secret) -> Result<(), VaultError>;
    /// All versions.
    async fn versions(&self) -> Result<Versions, VaultError>;
    /// Makes a version the current one in place of another.
    async fn promote(&self, version: &str, instead_of: Option<&str>) -> Result<(), VaultError>;
}

impl Vault for AwsSecret {
    async fn read(&self, label: &str, version: Option<&str>) -> Result<Option<Secret>, VaultError> {
        match self.get(label, version).await {
            Ok(found) => Ok(Some(found.text)),
            Err(error) if error.is("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn add(&self, version: &str, content: &Secret) -> Result<(), VaultError> {
        Ok(Self::add(self, version, content, PENDING).await?)
    }

    async fn versions(&self) -> Result<Versions, VaultError> {
        Ok(Self::versions(self).await?)
    }

    async fn promote(&self, version: &str, instead_of: Option<&str>) -> Result<(), VaultError> {
        Ok(self.label(CURRENT, version, instead_of).await?)
    }
}
