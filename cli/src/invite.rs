//! `vestibule invite …`: the operator's operations on invitations.

use std::collections::HashMap;

use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::invitation::Invitation;
use vestibule::operator::{self, InvitationError, NewInvitation};

use crate::arguments::{Data, InviteAdd, InviteCommand, InviteRevoke};
use crate::data_dir::DataDirError;

/// Why there is no invitation.
#[derive(Debug, thiserror::Error)]
pub enum InviteCommandError {
    /// No local stack runs.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It cannot be made, listed or revoked.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
}

/// Runs a command, and returns what to print.
pub async fn run(
    command: &InviteCommand,
    environment: HashMap<String, String>,
) -> Result<String, InviteCommandError> {
    match command {
        InviteCommand::Add(wanted) => add(wanted, environment).await,
        InviteCommand::List(data) => list(data, environment).await,
        InviteCommand::Revoke(wanted) => revoke(wanted, environment).await,
    }
}

/// Invites an email address. Returns it, or the link if that is asked for instead of a mail.
pub async fn add(
    wanted: &InviteAdd,
    environment: HashMap<String, String>,
) -> Result<String, InviteCommandError> {
    // Messages are encrypted before they are stored.
    let requirements = Requirements { secret_key: !wanted.print_link, ..Requirements::TABLE };
    let app = App::start(wanted.data.named_variables(environment)?, requirements).await?;
    let new = NewInvitation {
        email: wanted.email.clone(),
        invited_by: wanted.by.clone(),
        values: wanted.fields.iter().cloned().collect(),
        send: !wanted.print_link,
    };
    let link = operator::invite(&app, new).await?;
    Ok(if wanted.print_link { link.expose().to_owned() } else { format!("invited {}", wanted.email) })
}

async fn list(data: &Data, environment: HashMap<String, String>) -> Result<String, InviteCommandError> {
    let app = App::start(data.named_variables(environment)?, Requirements::TABLE).await?;
    let now = app.clock.now();
    let line = |invitation: &Invitation| {
        let hours = (invitation.valid_until.seconds() - now.seconds()) / 3600;
        let by = invitation.invited_by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        format!("{}: {} days and {} hours left{by}", invitation.email, hours / 24, hours % 24)
    };
    Ok(operator::invitations(&app).await?.iter().map(line).collect::<Vec<_>>().join("\n"))
}

async fn revoke(
    wanted: &InviteRevoke,
    environment: HashMap<String, String>,
) -> Result<String, InviteCommandError> {
    let app = App::start(wanted.data.named_variables(environment)?, Requirements::TABLE).await?;
    Ok(operator::revoke(&app, &wanted.email).await?)
}
