//! `vestibule events …`: delivering events again.

use std::collections::HashMap;
use std::time::Duration;

use vestibule::app::{App, Requirements, StartError};
use vestibule_events::{DeliveryError, EventTarget, EventTargetError};

use crate::arguments::Replay;
use crate::data_dir::DataDirError;

/// Why nothing is delivered.
#[derive(Debug, thiserror::Error)]
pub enum EventsCommandError {
    /// There is no such table.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or something cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is nothing to deliver to.
    #[error(transparent)]
    Target(#[from] EventTargetError),
    /// It stops at the first failure: it can be run again.
    #[error("stopped, as events were not delivered; run it again: {0}")]
    Delivery(#[from] DeliveryError),
}

/// Delivers events again, and returns how many.
pub async fn replay(
    wanted: &Replay,
    environment: HashMap<String, String>,
) -> Result<usize, EventsCommandError> {
    let variables = wanted.data.named_variables(environment)?;
    let requirements = Requirements { secret_key: true, ..Requirements::OPERATOR };
    let app = App::start(variables, requirements).await?;
    let target = EventTarget::connect(&app).await?;
    let last = Duration::from_secs(u64::from(wanted.hours) * 60 * 60);
    Ok(vestibule_events::replay(&app, &target, last).await?)
}
