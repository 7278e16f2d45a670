//! `vestibule user …`: the operator's operations on accounts.

use std::collections::HashMap;
use std::io;

use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::account_id::AccountId;
use vestibule::domain::profile::Metadata;
use vestibule::operator::{self, NewUser, NewUserError, OwnDataChange};
use vestibule::secret::Secret;

use crate::arguments::{Data, UserAdd, UserSelector, UserSet};
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
    /// The password or the metadata cannot be read.
    #[error("the standard input cannot be read: {0}")]
    Input(#[from] io::Error),
    /// Metadata are not what they are to be.
    #[error("{0} takes a JSON object, such as '{{\"plan\": \"pro\"}}': {1}")]
    Metadata(&'static str, serde_json::Error),
    /// One input cannot be both.
    #[error("only one of --public-metadata and --private-metadata can be read from the standard input")]
    OneInput,
}

/// Makes an account, and returns its id.
pub async fn add(user: &UserAdd, environment: HashMap<String, String>) -> Result<String, UserCommandError> {
    let requirements = Requirements { breached_passwords: true, ..Requirements::OPERATOR };
    let app = App::start(user.data.variables(environment)?, requirements).await?;
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

/// What is a site's own in an account, as JSON.
pub async fn show(
    user: &UserSelector,
    environment: HashMap<String, String>,
) -> Result<String, UserCommandError> {
    let app = App::start(user.data.variables(environment)?, Requirements::TABLE).await?;
    let found = operator::own_data(&app, &named(user)?).await?;
    Ok(format!("{:#}", serde_json::json!(found)))
}

/// Sets what is a site's own in an account, and returns its id.
pub async fn set(wanted: &UserSet, environment: HashMap<String, String>) -> Result<String, UserCommandError> {
    let given = [&wanted.public_metadata, &wanted.private_metadata];
    if given.iter().all(|given| given.as_deref() == Some("-")) {
        return Err(UserCommandError::OneInput);
    }
    let change = OwnDataChange {
        values: wanted.values.iter().cloned().collect(),
        public_metadata: metadata("--public-metadata", wanted.public_metadata.as_deref())?,
        private_metadata: metadata("--private-metadata", wanted.private_metadata.as_deref())?,
    };
    let app = start(&wanted.user.data, environment).await?;
    Ok(operator::set_own_data(&app, &named(&wanted.user)?, &change).await?.as_str().to_owned())
}

fn metadata(option: &'static str, given: Option<&str>) -> Result<Option<Metadata>, UserCommandError> {
    let text = match given {
        Some("-") => Some(io::read_to_string(io::stdin())?),
        other => other.map(str::to_owned),
    };
    let read = |text: String| serde_json::from_str(&text);
    text.map(read).transpose().map_err(|error| UserCommandError::Metadata(option, error))
}

/// Deletes an account, and returns its id.
pub async fn delete(
    user: &UserSelector,
    environment: HashMap<String, String>,
) -> Result<String, UserCommandError> {
    let app = start(&user.data, environment).await?;
    Ok(operator::delete_user(&app, &named(user)?).await?.as_str().to_owned())
}

/// The recorded events of an account, one a line.
pub async fn history(
    user: &UserSelector,
    environment: HashMap<String, String>,
) -> Result<String, UserCommandError> {
    let app = App::start(user.data.variables(environment)?, READS_EVENTS).await?;
    let events = operator::history(&app, &named(user)?).await?;
    Ok(events.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Verifies the history of all accounts: how many have one, and how many faults were printed.
pub async fn verify(
    data: &Data,
    environment: HashMap<String, String>,
) -> Result<(usize, usize), UserCommandError> {
    let app = App::start(data.named_variables(environment)?, READS_EVENTS).await?;
    let mut faults = 0;
    let accounts = operator::verify(&app, |fault| {
        faults += 1;
        println!("{fault}");
    });
    let accounts = accounts.await?;
    Ok((accounts, faults))
}

/// Whatever the settings of this process: events may have been recorded under others.
const READS_EVENTS: Requirements = Requirements { secret_key: true, ..Requirements::OPERATOR };

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
    Ok(App::start(data.named_variables(environment)?, Requirements::OPERATOR).await?)
}
