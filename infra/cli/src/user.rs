//! `vestibule user add`: makes an account without its owner.

use std::collections::HashMap;
use std::io;

use vestibule::app::{App, Requirements, StartError};
use vestibule::operator::{self, NewUser, NewUserError};
use vestibule::secret::Secret;

use crate::arguments::UserAdd;
use crate::data_dir::{self, DataDirError};
use crate::local_aws;

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is no local stack to put it into.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The account cannot be made.
    #[error(transparent)]
    NewUser(#[from] NewUserError),
    /// The password cannot be read.
    #[error("the password cannot be read from the standard input: {0}")]
    Password(#[from] io::Error),
}

/// Makes an account, and returns its id.
pub async fn add(user: &UserAdd, environment: HashMap<String, String>) -> Result<String, UserError> {
    let variables = variables(user, environment)?;
    let requirements = Requirements::TABLE;
    let app = App::start(variables, requirements).await?;
    let new = NewUser {
        email: user.email.clone(),
        password: user.password.as_deref().map(password).transpose()?,
        username: user.username.clone(),
        phone: user.phone.clone(),
        unverified: user.unverified,
        inactive: user.inactive,
        superuser: user.superuser,
    };
    Ok(operator::add_user(&app, new).await?.as_str().to_owned())
}

fn password(argument: &str) -> io::Result<Secret> {
    if argument != "-" {
        return Ok(Secret::new(argument));
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
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
