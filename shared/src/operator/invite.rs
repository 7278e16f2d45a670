//! Inviting to sign up.

use std::collections::BTreeMap;

use super::profile::change_fields;
use crate::app::App;
use crate::changes::{Changes, Letter, LetterContent};
use crate::domain::email;
use crate::domain::invitation::{Invitation, InvitationKey};
use crate::domain::message::{Message, Recipient};
use crate::domain::profile::ProfileValues;
use crate::flows::notice::render_link;
use crate::outbox;
use crate::secret::Secret;
use crate::snapshot::Loaded;
use crate::store::{CommitContext, StoreError};

/// An invitation to make.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The email address.
    pub email: String,
    /// Who invites.
    pub invited_by: Option<String>,
    /// Values of fields that the account gets, by their names, as text.
    pub values: BTreeMap<String, String>,
    /// Whether the link is sent to the email address.
    pub send: bool,
}

/// Why there is no invitation.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// It is no email address.
    #[error("{0:?} is not an email address")]
    NoEmail(String),
    /// No sign-up would take its key.
    #[error("ACCOUNT_INVITATIONS_ENABLED is false: no sign-up would accept the invitation")]
    Disabled,
    /// A field would not be accepted.
    #[error("{0}")]
    Invalid(String),
    /// There is nothing to revoke.
    #[error("{0} has no invitation")]
    None(String),
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
}

/// Invites an email address, in the place of an invitation that it has; returns the link, which is a secret.
pub async fn invite(app: &App, new: NewInvitation) -> Result<Secret, InvitationError> {
    let store = app.store().ok_or(InvitationError::NoTable)?;
    if !app.settings.account.invitations_enabled {
        return Err(InvitationError::Disabled);
    }
    let email = email::canonical(&new.email).ok_or(InvitationError::NoEmail(new.email))?;
    let now = app.clock.now();
    let mut profile = ProfileValues::new();
    change_fields(&mut profile, new.values.iter().collect(), &app.settings, now)
        .map_err(InvitationError::Invalid)?;
    let key = InvitationKey::new(&email, app.random.secret());
    let link = render_link(&app.settings.headless.frontend_urls.account_invitation, key.text().expose());
    let letter = Letter {
        to: Recipient::Email(email.clone()),
        asked_at: now,
        content: LetterContent::Ready(Message::Invitation { url: link.clone() }),
        withheld: false,
        profile: ProfileValues::new(),
        language: None,
    };
    let letters = if new.send { vec![letter] } else { Vec::new() };
    let outbox = outbox::seal(app, &letters, now)?;
    let invited_by = new.invited_by;
    let invitation = Invitation { invited_by, profile, ..Invitation::new(&email, &key, now) };
    let changes =
        Changes { invited: vec![invitation], accounts: Vec::new(), ..Changes::of_account(None, None) };
    let context = CommitContext {
        loaded: &Loaded::default(),
        now,
        session_expires_at: now,
        unique_email: app.settings.account.unique_email,
        token: &app.random.uuid(now),
        outbox: &outbox,
    };
    store.commit(&changes, &context).await?;
    Ok(Secret::new(link))
}

/// Revokes the invitation of an email address; returns the email address in canonical form.
pub async fn revoke(app: &App, given: &str) -> Result<String, InvitationError> {
    let store = app.store().ok_or(InvitationError::NoTable)?;
    let email = email::canonical(given).ok_or_else(|| InvitationError::NoEmail(given.to_owned()))?;
    if store.revoke_invitation(&email).await? { Ok(email) } else { Err(InvitationError::None(email)) }
}

/// The invitations that are neither used nor void, those first that will be void first.
pub async fn invitations(app: &App) -> Result<Vec<Invitation>, InvitationError> {
    let store = app.store().ok_or(InvitationError::NoTable)?;
    let now = app.clock.now();
    let mut found = store.all_invitations().await?;
    found.retain(|invitation| invitation.valid_until > now);
    found.sort_by(|a, b| (a.valid_until, &a.email).cmp(&(b.valid_until, &b.email)));
    Ok(found)
}
