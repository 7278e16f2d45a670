//! `vestibule invite …`: the operator's operations on invitations.

use std::collections::HashMap;

use serde_json::Value;
use vestibule::app::Requirements;
use vestibule::clock::Clock;
use vestibule::domain::text::escaped;
use vestibule::operator::{AddInvitation, NoArguments, OperatorRequest};

use crate::arguments::{InviteAdd, InviteCommand, ReadOptions};
use crate::email;
use crate::operator::{Door, OperatorCommandError};
use crate::terminal::escaped_json;
use crate::user::fields;

/// Runs a command, and returns what to print.
pub async fn run(
    command: &InviteCommand,
    environment: HashMap<String, String>,
) -> Result<String, OperatorCommandError> {
    match command {
        InviteCommand::Add(wanted) => add(wanted, environment).await,
        InviteCommand::List(options) => list(options, environment).await,
        InviteCommand::Revoke(wanted) => {
            email::change(wanted, OperatorRequest::InviteRevoke, environment).await
        }
    }
}

/// Invites an email address. Returns it, or the link if that is asked for instead of a mail.
async fn add(
    wanted: &InviteAdd,
    environment: HashMap<String, String>,
) -> Result<String, OperatorCommandError> {
    let request = OperatorRequest::InviteAdd(AddInvitation {
        email: wanted.email.clone(),
        invited_by: wanted.by.clone(),
        fields: fields(&wanted.fields),
        return_link: wanted.print_link,
        dry_run: wanted.options.dry_run,
    });
    let door = Door::open(&wanted.options.read.data, environment, request.requirements()).await?;
    let outcome = &door.ask(request).await?;
    Ok(match (wanted.options.read.json, outcome["link"].as_str()) {
        (true, _) => escaped_json(&outcome.to_string()),
        (false, Some(link)) => link.to_owned(),
        (false, None) => format!("invited {}", email::told(outcome, &wanted.options)),
    })
}

async fn list(
    options: &ReadOptions,
    environment: HashMap<String, String>,
) -> Result<String, OperatorCommandError> {
    let door = Door::open(&options.data, environment, Requirements::TABLE).await?;
    let now = Clock::system().now().seconds();
    let found = &door.ask(OperatorRequest::InviteList(NoArguments {})).await?;
    let line = |invitation: &Value| {
        if options.json {
            return escaped_json(&invitation.to_string());
        }
        let text = |name: &str| invitation.pointer(name).and_then(Value::as_str).map(escaped);
        let last = invitation["changes"].as_array().map_or(0, |changes| changes.len().saturating_sub(1));
        let mut names = ["arn", "id"].map(|name| format!("/changes/{last}/actor/{name}")).into_iter();
        let operator = names.find_map(|name| text(&name));
        let email = text("/email").unwrap_or_default();
        if invitation["revoked"] == true {
            return format!("{email}: revoked by {}", operator.as_deref().unwrap_or("an operator"));
        }
        let by = text("/invited_by").map(|by| format!(", by {by}")).unwrap_or_default();
        let made = operator.map(|who| format!(", made by {who}")).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "a time in seconds is far below 2^53")]
        let until = invitation["valid_until"].as_f64().unwrap_or_default() as i64;
        let hours = (until - now) / 3600;
        format!("{email}: {} days and {} hours left{by}{made}", hours / 24, hours % 24)
    };
    let invitations = found["invitations"].as_array().into_iter().flatten();
    Ok(invitations.map(line).collect::<Vec<_>>().join("\n"))
}
