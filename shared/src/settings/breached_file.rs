//! The file of passwords that data breaches have made known.

use std::sync::Arc;

use super::kind::{Kind, optional, text};
use crate::breached::BreachedPasswords;

/// The file; what is in it, once the process has read it. Only those that set passwords do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreachedFile {
    /// Where it is.
    pub path: String,
    /// What is in it.
    pub passwords: Option<Arc<BreachedPasswords>>,
}

pub(super) const BREACHED_FILE: Kind<Option<BreachedFile>> =
    Kind::new("the path of a file, or null", |raw| {
        let path = optional(raw, text)?.filter(|path| !path.trim().is_empty());
        Ok(path.map(|path| BreachedFile { path, passwords: None }))
    });
