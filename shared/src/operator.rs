//! The operators' operations on accounts. The API, the program and the page all call [`run`].

mod access;
mod add;
pub mod api;
mod canonicalise;
mod decide;
mod history;
mod invite;
mod outcome;
mod profile;
mod read;
mod request;
mod send;

pub use canonicalise::{CanonicaliseError, Canonicalised, canonicalise};
pub use history::{HistoryFault, verify};
pub use outcome::{
    ChangedEmail, ChangedInvitation, ChangedUser, DeclaredFields, FoundUsers, OpenInvitation,
    OpenInvitations, OperatorError, OperatorErrorBody, OperatorOutcome, UserAuthenticator, UserDetails,
    UserEmail, UserHistory, UserPage, UserSession, UserSessions, UserSocialAccount, UserSummary,
};
pub(crate) use profile::check_metadata;
pub use request::{
    AddInvitation, AddUser, ChangeEmail, ChangePassword, ChangePhone, ChangeUser, ClearEmail,
    DisconnectProvider, EmailChange, EndSessions, FindUsers, ListUsers, NoArguments, OperatorMail,
    OperatorRequest, PhoneChange, ReadHistory, ResetMfa, SendMail, SetSuperuser, SetUser, UserById,
};

use crate::app::App;
use crate::changes::Changes;
use crate::domain::event::Actor;
use crate::domain::time::Timestamp;
use crate::flows::events::Recorder;
use crate::snapshot::Loaded;
use crate::store::{CommitContext, Store, StoreError};
use decide::Desk;

/// Carries out a request of an operator: all of it, or nothing.
pub async fn run(
    app: &App,
    actor: &Actor,
    request: OperatorRequest,
) -> Result<OperatorOutcome, OperatorError> {
    use OperatorOutcome as Outcome;
    use OperatorRequest as Request;
    let store = store(app)?;
    let desk = Desk { app, store, actor };
    // Boxed: each of these is a large future, and one of them runs.
    let changed = match request {
        Request::UserFind(wanted) => return read::find(store, &wanted).await.map(Outcome::Found),
        Request::UserList(wanted) => return read::list(store, &wanted).await.map(Outcome::Page),
        Request::UserShow(user) => {
            return read::show(app, store, &user.id).await.map(Box::new).map(Outcome::User);
        }
        Request::UserSessions(user) => {
            return read::sessions(app, store, &user.id).await.map(Outcome::Sessions);
        }
        Request::UserHistory(page) => {
            return read::history(app, store, &page.id, page.next).await.map(Outcome::History);
        }
        Request::InviteList(_) => return invite::invitations(app, store).await.map(Outcome::Invitations),
        Request::FieldList(_) => return Ok(Outcome::Fields(read::fields(&app.settings))),
        Request::EmailClear(wanted) => {
            return Box::pin(send::clear(desk, wanted)).await.map(Outcome::ChangedEmail);
        }
        Request::InviteAdd(new) => {
            return Box::pin(invite::invite(desk, new)).await.map(Outcome::ChangedEmail);
        }
        Request::InviteRevoke(wanted) => {
            return Box::pin(invite::revoke(desk, wanted)).await.map(Outcome::ChangedEmail);
        }
        Request::UserAdd(new) => Box::pin(add::add(desk, new)).await,
        Request::UserSet(wanted) => Box::pin(profile::set(desk, wanted)).await,
        Request::UserPassword(wanted) => Box::pin(access::password(desk, wanted)).await,
        Request::UserEmail(wanted) => Box::pin(access::email(desk, wanted)).await,
        Request::UserPhone(wanted) => Box::pin(access::phone(desk, wanted)).await,
        Request::UserMfaReset(wanted) => Box::pin(access::mfa_reset(desk, wanted)).await,
        Request::UserUnlock(wanted) => Box::pin(send::unlock(desk, wanted)).await,
        Request::UserSend(wanted) => Box::pin(send::send(desk, wanted)).await,
        Request::UserEndSessions(wanted) => Box::pin(access::end_sessions(desk, wanted)).await,
        Request::UserDisconnect(wanted) => Box::pin(access::disconnect(desk, wanted)).await,
        Request::UserDisable(user) => Box::pin(access::set_active(desk, &user.id, false, user.dry_run)).await,
        Request::UserEnable(user) => Box::pin(access::set_active(desk, &user.id, true, user.dry_run)).await,
        Request::UserSuperuser(wanted) => Box::pin(access::superuser(desk, wanted)).await,
        Request::UserDelete(user) => Box::pin(access::delete(desk, &user.id, user.dry_run)).await,
    };
    changed.map(Outcome::Changed)
}

fn store(app: &App) -> Result<&Store, OperatorError> {
    app.store().ok_or_else(|| StoreError::Unavailable("no table is configured".to_owned()).into())
}

/// Commits changes, with the events that they come to and who made them; sessions that they write last until then.
pub(crate) async fn commit_until(
    app: &App,
    store: &Store,
    actor: &Actor,
    loaded: &Loaded,
    changes: &mut Changes,
    session_expires_at: Timestamp,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (settings, keys, random) = (&app.settings, &app.secrets().keys, &app.random);
    let recorder = Recorder { settings, keys, random, now, actor, client: None };
    recorder.record(changes, loaded, &[]);
    let context = CommitContext {
        loaded,
        now,
        session_expires_at,
        session_max_age: None,
        unique_email: app.settings.account.unique_email,
        token: &app.random.uuid(now),
        outbox: &[],
    };
    store.commit(changes, &context).await
}
