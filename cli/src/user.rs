//! `vestibule user …`: the operator's operations on accounts.

use std::collections::HashMap;
use std::io;

use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::account_id::AccountId;
use vestibule::operator::{self, NewUser, NewUserError};
use vestibule::secret::Secret;

use crate::arguments::{Data, UserAdd, UserSelector};
use crate::data_dir::DataDirError;

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum UserCommandError {
    /// There is no local stack to put it into.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The account cannot be made.
    #[error(transparent)]
    NewUser(#[from] NewUserError),
    /// The account cannot be changed.
    #[error(transparent)]
    Change(#[from] operator::UserError),
    /// What names the account cannot be an id.
    #[error("{0:?} is not the id of an account")]
    NoId(String),
    /// The password cannot be read.
    #[error("the password cannot be read from the standard input: {0}")]
    Password(#[from] io::Error),
}

/// Makes an account, and returns its id.
pub async fn add(user: &UserAdd, environment: HashMap<String, String>) -> Result<String, UserCommandError> {
    let app = App::start(user.data.variables(environment)?, Requirements::TABLE).await?;
    let new = NewUser {
        email: user.email.clone(),
        password: user.password.as_deref().map(password).transpose()?,
        any_password: user.no_validate,
        username: user.username.clone(),
        phone: user.phone.clone(),
        unverified: user.unverified,
        inactive: user.inactive,
        superuser: user.superuser,
    };
    Ok(operator::add_user(&app, new).await?.as_str().to_owned())
}

/// Closes an account, or opens it again, and returns its id.
pub async fn set_active(
    user: &UserSelector,
    active: bool,
    environment: HashMap<String, String>,
) -> Result<String, UserCommandError> {
    let app = start(&user.data, environment).await?;
    Ok(operator::set_active(&app, &named(user)?, active).await?.as_str().to_owned())
}

/// Deletes an account, and returns its id.
pub async fn delete(
    user: &UserSelector,
    environment: HashMap<String, String>,
) -> Result<String, UserCommandError> {
    let app = start(&user.data, environment).await?;
    Ok(operator::delete_user(&app, &named(user)?).await?.as_str().to_owned())
}

fn named(user: &UserSelector) -> Result<operator::UserName, UserCommandError> {
    Ok(match (&user.id, &user.email) {
        (Some(id), _) => {
            operator::UserName::Id(AccountId::parse(id).ok_or_else(|| UserCommandError::NoId(id.clone()))?)
        }
        (None, email) => operator::UserName::Email(email.clone().unwrap_or_default()),
    })
}

fn password(argument: &str) -> io::Result<Secret> {
    if argument != "-" {
        return Ok(Secret::new(argument));
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

async fn start(data: &Data, environment: HashMap<String, String>) -> Result<App, UserCommandError> {
    Ok(App::start(data.named_variables(environment)?, Requirements::TABLE).await?)
}
