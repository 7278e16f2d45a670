//! How an operation is carried out: load, decide, commit, as a request is.

use super::outcome::{ChangedUser, OperatorError};
use crate::app::{App, Committed};
use crate::changes::Changes;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::email;
use crate::domain::event::{Actor, EventType};
use crate::domain::message::Recipient;
use crate::domain::time::Timestamp;
use crate::flows::events;
use crate::flows::visit::{ClientKind, Context, MOST_LOADS, Stop, Visit, Visitor};
use crate::outbox;
use crate::snapshot::{Loaded, Need};
use crate::store::{CommitContext, Store, StoreError};

/// How often a change is tried, when others change the account at the same time.
const MOST_TRIES: u32 = 10;

/// An operator at work.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub app: &'a App,
    pub store: &'a Store,
    pub actor: &'a Actor,
}

/// Why a decision does not go on.
pub(super) enum Halt {
    /// A flow stops.
    Stop(Stop),
    /// It is refused.
    Refused(OperatorError),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<OperatorError> for Halt {
    fn from(error: OperatorError) -> Self {
        Self::Refused(error)
    }
}

/// What a decision comes to.
pub(super) type Judged<T> = Result<T, Halt>;

/// What a decision changes, to be told.
pub(super) struct Told {
    /// The events, in their order.
    pub events: Vec<EventType>,
    /// The email addresses that mail is sent to.
    pub mails_to: Vec<String>,
}

/// What a decision changes, to be written, and to be told.
type Decided = (Changes, Told);

/// The account that a decision is about.
pub(super) fn account(visit: &Visit<'_>, id: &AccountId) -> Judged<Account> {
    Ok(visit.account(id)?.ok_or(OperatorError::NoAccount)?.clone())
}

impl Desk<'_> {
    /// Changes an account by a decision: all of it in one commit, or nothing.
    pub async fn change(
        &self,
        id: &AccountId,
        dry_run: bool,
        decide: impl Fn(&mut Visit<'_>) -> Judged<()>,
    ) -> Result<ChangedUser, OperatorError> {
        let Told { events, mails_to } =
            self.carry_out(vec![Need::Account(id.clone())], dry_run, decide).await?;
        Ok(ChangedUser { id: id.as_str().to_owned(), events, mails_to, dry_run })
    }

    /// Carries out a decision, which is known to need this: all of it in one commit, or nothing.
    pub async fn carry_out(
        &self,
        mut needs: Vec<Need>,
        dry_run: bool,
        decide: impl Fn(&mut Visit<'_>) -> Judged<()>,
    ) -> Result<Told, OperatorError> {
        let passwords = self.app.passwords();
        for race in 0..MOST_TRIES {
            self.app.look_for_keys(None).await;
            let secrets = self.app.secrets();
            let context = self.app.context(&secrets, &passwords);
            let now = self.app.clock.now();
            let mut loaded = self.store.load(&[], &needs).await?;
            let (changes, told) = self.decided(context, &mut loaded, &mut needs, now, &decide).await?;
            if dry_run || changes.is_empty() {
                return Ok(told);
            }
            match self.commit(&changes, &loaded, now).await {
                Err(StoreError::Lost) => needs.extend(changes.claims()),
                done => return Ok(done.map(|()| told)?),
            }
            let pause = self.app.random.below((15 * race as usize).min(100) + 1) as u64;
            self.app.clock.wait(std::time::Duration::from_millis(pause)).await;
        }
        Err(OperatorError::Busy)
    }

    /// Decides; whenever a decision needs more items, reads them and decides again.
    async fn decided(
        &self,
        context: Context<'_>,
        loaded: &mut Loaded,
        needs: &mut Vec<Need>,
        now: Timestamp,
        decide: &impl Fn(&mut Visit<'_>) -> Judged<()>,
    ) -> Result<Decided, OperatorError> {
        for _ in 0..MOST_LOADS {
            let missing = match self.decide_once(context, loaded, now, decide) {
                Err(Halt::Stop(Stop::Missing(missing))) => missing,
                Err(Halt::Stop(stop)) => return Err(explained(&stop)),
                Err(Halt::Refused(error)) => return Err(error),
                Ok(decided) => return Ok(decided),
            };
            self.store.load_more(loaded, &missing).await?;
            needs.extend(missing);
        }
        Err(StoreError::Corrupt("an operation never knew enough".to_owned()).into())
    }

    fn decide_once(
        &self,
        context: Context<'_>,
        loaded: &Loaded,
        now: Timestamp,
        decide: impl Fn(&mut Visit<'_>) -> Judged<()>,
    ) -> Judged<Decided> {
        let visitor = no_client();
        let mut visit = Visit::open(context, &visitor, loaded, now)?.caused_by(self.actor.clone());
        decide(&mut visit)?;
        let noted = visit.noted().to_vec();
        let changes = visit.into_changes();
        let recipients = changes.letters.iter().map(|letter| match &letter.to {
            Recipient::Email(address) => email::shown(address),
            Recipient::Phone(number) => number.clone(),
        });
        let told = Told {
            events: events::types(context.settings, &changes, loaded, &noted),
            mails_to: recipients.collect(),
        };
        Ok((changes, told))
    }

    async fn commit(&self, changes: &Changes, loaded: &Loaded, now: Timestamp) -> Result<(), StoreError> {
        let outbox = outbox::seal(self.app, &changes.letters, now)?;
        let context = CommitContext {
            loaded,
            now,
            session_expires_at: now,
            session_max_age: None,
            unique_email: self.app.settings.account.unique_email,
            token: &self.app.random.uuid(now),
            outbox: &outbox,
        };
        self.store.commit(changes, &context).await?;
        if let Some(after_commit) = &self.app.after_commit {
            let messages = outbox.into_iter().map(|(id, _)| id).collect();
            let events = changes.events.iter().map(|item| (item.account.clone(), item.id.clone())).collect();
            after_commit(Committed { messages, events }).await;
        }
        Ok(())
    }
}

/// Nobody's client: an operator has no session, no IP address and no language here.
const fn no_client() -> Visitor {
    Visitor {
        client: ClientKind::App,
        ip: String::new(),
        user_agent: String::new(),
        language: None,
        base_url: String::new(),
        presents_token: false,
        token: None,
        more_tokens: Vec::new(),
        trust: Vec::new(),
        session: None,
    }
}

/// What operators are told of a flow that stops.
fn explained(stop: &Stop) -> OperatorError {
    match stop {
        Stop::RateLimited => OperatorError::Refused("it happened too often; try again later".to_owned()),
        Stop::Conflict => OperatorError::Busy,
        _ => OperatorError::Store(StoreError::Corrupt(format!("the operation stopped: {stop:?}"))),
    }
}
