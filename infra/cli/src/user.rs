//! `vestibule user add`: makes an account without its owner.

use std::collections::HashMap;

use crate::arguments::UserAdd;
use crate::data_dir::{self, DataDirError};
use crate::local_aws;

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is no local stack to put it into.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

/// Makes an account, and returns its id.
#[expect(clippy::unused_async, reason = "seam")]
pub async fn add(user: &UserAdd, environment: HashMap<String, String>) -> Result<String, UserError> {
    let _variables = variables(user, environment)?;
    Ok("seam".to_owned())
}

/// The variables that name the table: the environment's own, or those of the local stack.
fn variables(
    user: &UserAdd,
    mut environment: HashMap<String, String>,
) -> Result<HashMap<String, String>, DataDirError> {
    environment.retain(|_, value| !value.is_empty());
    if !environment.contains_key("TABLE_NAME") {
        let stack = data_dir::running(&user.data.data_dir)?;
        local_aws(&mut environment, &stack.dynamodb, &stack.region, &stack.table);
    }
    Ok(environment)
}
