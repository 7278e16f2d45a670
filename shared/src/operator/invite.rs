//! Inviting to sign up.

use super::decide::Desk;
use super::outcome::{ChangedEmail, OpenInvitation, OpenInvitations, OperatorError};
use super::profile::change_fields;
use super::read::email_argument;
use super::request::{AddInvitation, ClearEmail};
use crate::app::{App, Committed};
use crate::changes::{Changes, Letter, LetterContent};
use crate::domain::email;
use crate::domain::invitation::{Invitation, InvitationKey, invitation_id};
use crate::domain::message::{Message, Recipient};
use crate::domain::profile::ProfileValues;
use crate::domain::time::Timestamp;
use crate::flows::notice::render_link;
use crate::outbox;
use crate::snapshot::{Loaded, Need};
use crate::store::{CommitContext, Store};

/// Invites an email address, in place of an invitation that it has.
pub(super) async fn invite(desk: Desk<'_>, new: AddInvitation) -> Result<ChangedEmail, OperatorError> {
    let Desk { app, store, .. } = desk;
    if !app.settings.account.invitations_enabled {
        let text = "ACCOUNT_INVITATIONS_ENABLED is false: no sign-up would accept the invitation";
        return Err(OperatorError::Refused(text.to_owned()));
    }
    let email = email_argument(&new.email)?;
    let now = app.clock.now();
    let mut profile = ProfileValues::new();
    change_fields(&mut profile, &new.fields, &app.settings, now)?;
    let mut outcome = ChangedEmail { email: email::shown(&email), link: None, dry_run: new.dry_run };
    if new.dry_run {
        return Ok(outcome);
    }
    let key = InvitationKey::new(&email, app.random.secret());
    let link = render_link(&app.settings.headless.frontend_urls.account_invitation, key.text().expose());
    let invitation = Invitation { invited_by: new.invited_by, profile, ..Invitation::new(&email, &key, now) };
    let letters = if new.return_link { Vec::new() } else { vec![letter(email, link.clone(), now)] };
    commit(app, store, invitation, &letters, now).await?;
    outcome.link = new.return_link.then_some(link);
    Ok(outcome)
}

fn letter(email: String, url: String, now: Timestamp) -> Letter {
    Letter {
        to: Recipient::Email(email),
        asked_at: now,
        content: LetterContent::Ready(Message::Invitation { url }),
        withheld: false,
        profile: ProfileValues::new(),
        language: None,
    }
}

async fn commit(
    app: &App,
    store: &Store,
    invitation: Invitation,
    letters: &[Letter],
    now: Timestamp,
) -> Result<(), OperatorError> {
    let outbox = outbox::seal(app, letters, now)?;
    let changes =
        Changes { invited: vec![invitation], accounts: Vec::new(), ..Changes::of_account(None, None) };
    let context = CommitContext {
        loaded: &Loaded::default(),
        now,
        session_expires_at: now,
        session_max_age: None,
        unique_email: app.settings.account.unique_email,
        token: &app.random.uuid(now),
        outbox: &outbox,
    };
    store.commit(&changes, &context).await?;
    if let Some(after_commit) = &app.after_commit {
        let messages = outbox.into_iter().map(|(id, _)| id).collect();
        after_commit(Committed { messages, events: Vec::new() }).await;
    }
    Ok(())
}

/// Revokes the invitation of an email address.
pub(super) async fn revoke(desk: Desk<'_>, wanted: ClearEmail) -> Result<ChangedEmail, OperatorError> {
    let email = email_argument(&wanted.email)?;
    let is_invited = if wanted.dry_run {
        let id = invitation_id(&email);
        let mut loaded = desk.store.load(&[], &[Need::Invitation(id.clone())]).await?;
        loaded.invitations.remove(&id).flatten().is_some()
    } else {
        desk.store.revoke_invitation(&email).await?
    };
    let email = email::shown(&email);
    if is_invited {
        Ok(ChangedEmail { email, link: None, dry_run: wanted.dry_run })
    } else {
        Err(OperatorError::NotFound(format!("{email} has no invitation")))
    }
}

/// The invitations that are neither used nor expired, those first that expire first.
pub(super) async fn invitations(app: &App, store: &Store) -> Result<OpenInvitations, OperatorError> {
    let now = app.clock.now();
    let mut found = store.all_invitations().await?;
    found.retain(|invitation| invitation.valid_until > now);
    found.sort_by(|a, b| (a.valid_until, &a.email).cmp(&(b.valid_until, &b.email)));
    let told = found.into_iter().map(|invitation| OpenInvitation {
        email: email::shown(&invitation.email),
        invited_by: invitation.invited_by,
        fields: invitation.profile,
        valid_until: invitation.valid_until.as_seconds(),
    });
    Ok(OpenInvitations { invitations: told.collect() })
}
