//! `vestibule secret-key …`: the rotation of `SECRET_KEY` (docs/rotation.md).

use std::collections::HashMap;
use std::time::Duration;

use vestibule::app::{App, Requirements, StartError};
use vestibule::rotation::{self, KeyRotationError, KeyVault, Progress};
use vestibule::secret_key::KeyState;

use crate::arguments::{Data, Retire, Rotate, RotationStep, SecretKey};
use crate::data_dir::DataDirError;
use crate::terminal::remark;

/// How often it is said how long there is to wait.
const TELL_EVERY: Duration = Duration::from_mins(5);

/// Why a step is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// There is no such table.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or something cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The step can't be taken.
    #[error(transparent)]
    Rotation(#[from] KeyRotationError),
}

/// Does what the command says, and returns what came of it.
pub async fn run(
    command: &SecretKey,
    environment: HashMap<String, String>,
) -> Result<String, SecretKeyError> {
    match command {
        SecretKey::Status(data) => status(data, environment).await,
        SecretKey::Rotate(wanted) => rotate(wanted, environment).await,
        SecretKey::Retire(wanted) => retire(wanted, environment).await,
    }
}

async fn start(data: &Data, environment: HashMap<String, String>) -> Result<App, SecretKeyError> {
    let variables = data.named_variables(environment)?;
    let requirements = Requirements { secret_key: true, ..Requirements::TABLE };
    Ok(App::start(variables, requirements).await?)
}

async fn status(data: &Data, environment: HashMap<String, String>) -> Result<String, SecretKeyError> {
    let app = start(data, environment).await?;
    let vault = KeyVault::open(&app).await?;
    let line = |(id, state)| match state {
        KeyState::First => format!("{id} seals and signs"),
        KeyState::Added(_) => format!("{id} was added, and opens and verifies"),
        KeyState::Replaced(_) => format!("{id} was replaced, and opens and verifies"),
    };
    Ok(vault.document().states().map(line).collect::<Vec<_>>().join("\n"))
}

/// Takes a step of a rotation.
pub async fn rotate(wanted: &Rotate, environment: HashMap<String, String>) -> Result<String, SecretKeyError> {
    let app = start(&wanted.data, environment).await?;
    if wanted.step == RotationStep::Reseal {
        let Progress { accounts, sessions, events, resealed, .. } =
            Box::pin(rotation::reseal(&app, tell)).await?;
        return Ok(format!(
            "{resealed} of {accounts} accounts, {sessions} sessions and {events} recorded events were sealed or signed again"
        ));
    }
    let mut vault = KeyVault::open(&app).await?;
    Ok(match wanted.step {
        RotationStep::Add if vault.add(&app).await? => "a key was added; wait until every process knows it",
        RotationStep::Add => "a key has been added already",
        RotationStep::Promote if vault.promote(&app, wanted.restarted).await? => {
            "the new key seals and signs; reseal"
        }
        RotationStep::Promote => "there is no key to promote",
        RotationStep::Wait => wait(&app, &vault, wanted.restarted).await,
        RotationStep::Reseal => "",
    }
    .to_owned())
}

async fn wait(app: &App, vault: &KeyVault, restarted: bool) -> &'static str {
    let Some(known_at) = rotation::known_at(vault.document()).filter(|_| !restarted) else {
        return "nothing to wait for";
    };
    while let Ok(left) = u64::try_from(known_at.millis() - app.clock.now().millis()) {
        remark(&format!("{} minutes to wait", left / 60_000 + 1));
        tokio::time::sleep(TELL_EVERY.min(Duration::from_millis(left + 1))).await;
    }
    "every process knows the new key; promote it"
}

fn tell(progress: Progress) {
    let Progress { accounts, sessions, events, resealed, unopened } = progress;
    remark(&format!(
        "{accounts} accounts, {sessions} sessions and {events} recorded events so far, {resealed} sealed or \
         signed again, {unopened} not to be opened"
    ));
}

async fn retire(wanted: &Retire, environment: HashMap<String, String>) -> Result<String, SecretKeyError> {
    let app = start(&wanted.data, environment).await?;
    let id = KeyVault::open(&app).await?.retire(&app, wanted.id.as_deref()).await?;
    Ok(format!("the key {id} was retired"))
}
