//! Inviting to sign up.

use super::decide::Desk;
use super::outcome::{ChangedEmail, ChangedInvitation, OpenInvitation, OpenInvitations, OperatorError};
use super::profile::change_fields;
use super::read::email_argument;
use super::request::{AddInvitation, ClearEmail};
use crate::app::App;
use crate::changes::LetterContent;
use crate::domain::email;
use crate::domain::invitation::{Invitation, InvitationKey};
use crate::domain::message::{Message, Recipient};
use crate::domain::profile::ProfileValues;
use crate::flows::notice::render_link;
use crate::snapshot::Need;
use crate::store::Store;

/// Invites an email address, in place of an invitation that it has.
pub(super) async fn invite(desk: Desk<'_>, new: AddInvitation) -> Result<ChangedEmail, OperatorError> {
    let Desk { app, actor, .. } = desk;
    if !app.settings.account.invitations_enabled {
        let text = "ACCOUNT_INVITATIONS_ENABLED is false: no sign-up would accept the invitation";
        return Err(OperatorError::Refused(text.to_owned()));
    }
    let email = email_argument(&new.email)?;
    let mut profile = ProfileValues::new();
    change_fields(&mut profile, &new.fields, &app.settings, app.clock.now())?;
    let key = InvitationKey::new(&email, app.random.secret());
    let link = render_link(&app.settings.headless.frontend_urls.account_invitation, key.text().expose());
    desk.carry_out(vec![Need::Invitation(key.id.clone())], new.dry_run, |visit| {
        let before = visit.invitation(&key.id)?;
        let invitation = Invitation {
            invited_by: new.invited_by.clone(),
            profile: profile.clone(),
            ..Invitation::new(&email, &key, visit.now)
        };
        visit.invite(before.cloned(), invitation.made_by(actor.clone(), before, visit.now));
        if !new.return_link {
            let content = LetterContent::Ready(Message::Invitation { url: link.clone() });
            visit.send_anyway(Recipient::Email(email.clone()), content);
        }
        Ok(())
    })
    .await?;
    let link = (new.return_link && !new.dry_run).then_some(link);
    Ok(ChangedEmail { email: email::shown(&email), link, dry_run: new.dry_run })
}

/// Revokes the invitation of an email address.
pub(super) async fn revoke(desk: Desk<'_>, wanted: ClearEmail) -> Result<ChangedEmail, OperatorError> {
    let email = email_argument(&wanted.email)?;
    let nobodys = InvitationKey::new(&email, desk.app.random.secret());
    desk.carry_out(vec![Need::Invitation(nobodys.id.clone())], wanted.dry_run, |visit| {
        let open = visit.invitation(&nobodys.id)?.filter(|invitation| invitation.is_open(visit.now)).cloned();
        let none = || OperatorError::NotFound(format!("{} has no invitation", email::shown(&email)));
        let open = open.ok_or_else(none)?;
        let revoked = open.clone().revoked_by(desk.actor.clone(), &nobodys, visit.now);
        visit.invite(Some(open), revoked);
        Ok(())
    })
    .await?;
    Ok(ChangedEmail { email: email::shown(&email), link: None, dry_run: wanted.dry_run })
}

/// The invitations that are neither used nor expired, also revoked ones, those first that expire first.
pub(super) async fn invitations(app: &App, store: &Store) -> Result<OpenInvitations, OperatorError> {
    let now = app.clock.now();
    let mut found = store.all_invitations().await?;
    found.retain(|invitation| invitation.valid_until > now);
    found.sort_by(|a, b| (a.valid_until, &a.email).cmp(&(b.valid_until, &b.email)));
    let told = found.into_iter().map(|invitation| OpenInvitation {
        email: email::shown(&invitation.email),
        revoked: invitation.is_revoked(),
        invited_by: invitation.invited_by,
        fields: invitation.profile,
        valid_until: invitation.valid_until.as_seconds(),
        changes: invitation.changes.iter().map(ChangedInvitation::from).collect(),
    });
    Ok(OpenInvitations { invitations: told.collect() })
}
