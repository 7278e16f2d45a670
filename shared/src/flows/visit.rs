//! A visit: one request by one client, from what was read to what is to be written.
//!
//! A flow asks the visit for accounts, addresses and limits. What has not been read yet stops it with
//! [`Stop::Missing`]: that is read, and the flow decides again from the start. So a flow is a plain function, and
//! cannot forget to load anything; which round trips that takes is up to what is prefetched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::events::Recorder;
use crate::changes::{Changes, Dropped, Letter, LetterContent, SessionChange, Usage};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::challenge::Challenge;
use crate::domain::code::{self, CodeFormat};
use crate::domain::document::UnknownMembers;
use crate::domain::email;
use crate::domain::event::{Actor, ActorKind, EventItem, EventType};
use crate::domain::handle::Handle;
use crate::domain::hook::{HookAnswer, HookQuestion};
use crate::domain::invitation::Invitation;
use crate::domain::language::Language;
use crate::domain::message::Recipient;
use crate::domain::profile::ProfileValues;
use crate::domain::rate::{History, Per, Rate};
use crate::domain::refusal::FieldErrors;
use crate::domain::session::{AuthenticationRecord, Draft, Login, Session, State, TokenFamily, TokenPair};
use crate::domain::social::{Asked, SingleUse};
use crate::domain::stage::{PendingLogin, Stage};
use crate::domain::time::Timestamp;
use crate::domain::token::{SessionKey, SessionToken};
use crate::jwt::{Jwt, SigningError};
use crate::password::Passwords;
use crate::random::Random;
use crate::settings::{Action, Settings, TokenStrategy};
use crate::signing::{Keys, Unopened};
use crate::snapshot::{AddressOwner, AddressOwners, CounterKey, Loaded, Need, Stored, StoredSession};

/// How often a flow may ask to know more; each is a round trip.
pub const MOST_LOADS: u32 = 8;

/// Why a flow does not go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It needs to know more, and is to be run again.
    Missing(Vec<Need>),
    /// The site's own hook is to be asked this, and the flow run again. Nothing is committed before.
    Ask(Box<HookQuestion>),
    /// The hook gave no usable answer: nothing is committed.
    HookFailed,
    /// The hook has answered something else, as others have changed what it was asked about: nothing is committed.
    Outdated,
    /// The input is wrong.
    Invalid(FieldErrors),
    /// It happened too often.
    RateLimited,
    /// It makes no sense in this state.
    Conflict,
    /// It may not be done.
    Forbidden,
    /// The person has to prove again who they are.
    ReauthenticationRequired,
    /// There is no login to go on with.
    Unauthorized,
    /// There are no keys yet for the tokens that it brings.
    Unsigned,
    /// It takes what only a later release knows: this.
    Unsupported(&'static str),
    /// The endpoint does not have this method.
    NotAllowed,
    /// The body is no JSON object.
    Malformed,
    /// The body is larger than 2.5 MiB.
    TooLarge,
    /// What the table keeps for it can't be opened.
    Unopened(Unopened),
}

impl From<FieldErrors> for Stop {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<SigningError> for Stop {
    fn from(error: SigningError) -> Self {
        tracing::error!(%error, "failed");
        Self::Unsigned
    }
}

impl From<Unopened> for Stop {
    fn from(unopened: Unopened) -> Self {
        Self::Unopened(unopened)
    }
}

impl Stop {
    /// The input is wrong in this one way.
    pub fn invalid(error: impl Into<FieldErrors>) -> Self {
        Self::Invalid(error.into())
    }
}

/// What a flow can find out or do, or why it stops.
pub type Decision<T> = Result<T, Stop>;

/// Which kind of client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// A browser: holds its session in a cookie.
    Browser,
    /// An app: holds its session token itself.
    App,
}

/// Who asks, as far as the request tells.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Which kind of client.
    pub client: ClientKind,
    /// Its IP address.
    pub ip: String,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// The language in which messages that it causes are written; none for the default one.
    pub language: Option<Language>,
    /// The scheme and host it asked, such as `https://api.example.com`.
    pub base_url: String,
    /// Whether it presented a session token, be it nonsense, or an access token that is as good as one.
    pub presents_token: bool,
    /// The session token it presented, if that can be one.
    pub token: Option<SessionToken>,
    /// Further ones, as several cookies can have one name; which of them is a session, [`Self::settled`] says.
    pub more_tokens: Vec<SessionToken>,
    /// Which accounts trust it, as far as the cookies of a browser say ([`super::stages::trust`]).
    pub trust: Vec<String>,
    /// The session that it names, by either.
    pub session: Option<SessionKey>,
}

impl Visitor {
    /// The account that what it presented names. That proves nothing yet.
    pub fn account(&self) -> Option<&AccountId> {
        self.session.as_ref()?.account.as_ref()
    }

    /// The session tokens it presented, in the order sent.
    pub fn tokens(&self) -> impl Iterator<Item = &SessionToken> {
        self.token.iter().chain(&self.more_tokens)
    }

    /// The sessions that it may mean, in the order sent.
    pub fn sessions(&self) -> Vec<SessionKey> {
        self.session.iter().cloned().chain(self.more_tokens.iter().map(SessionToken::key)).collect()
    }

    /// The same with one token, that of the session which was found, or else the first; none where there is but one anyway.
    pub fn settled(&self, loaded: &Loaded) -> Option<Self> {
        let found = loaded.session.as_ref().map(|stored| &stored.value.key);
        let token = self.tokens().find(|token| Some(&token.key()) == found).or(self.token.as_ref())?;
        (!self.more_tokens.is_empty()).then(|| Self {
            token: Some(token.clone()),
            session: Some(token.key()),
            more_tokens: Vec::new(),
            ..self.clone()
        })
    }

    /// As much of its `User-Agent` as is kept: 200 characters.
    pub fn short_user_agent(&self) -> String {
        self.user_agent.chars().take(200).collect()
    }
}

/// What a flow works with, the same for every request of a process.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What links and codes are made with.
    pub keys: &'a Keys,
    /// Where random numbers come from.
    pub random: &'a Random,
    /// What hashes passwords.
    pub passwords: &'a Passwords<'a>,
    /// What makes access and refresh tokens, where there are any, and keys for them.
    pub jwt: Option<&'a Jwt>,
}

/// A code that was just made.
#[derive(Debug)]
pub struct NewCode {
    /// As people read it. This is a secret.
    pub text: String,
    /// As it is hashed.
    pub normalised: String,
}

/// A request of a client: its snapshot, and its changes.
#[derive(Debug)]
pub struct Visit<'a> {
    /// The context of the decision.
    pub context: Context<'a>,
    /// The current time.
    pub now: Timestamp,
    /// The client.
    pub visitor: &'a Visitor,
    /// The client's session; changed through [`Self::session_mut`] only.
    session: Session,
    fate: TokenFate,
    modified: bool,
    seen: bool,
    logged_in: bool,
    user: Option<AccountId>,
    loaded: &'a Loaded,
    /// The changed accounts; none for deleted ones.
    accounts: BTreeMap<AccountId, Option<Account>>,
    /// Those of them that are new.
    added: BTreeSet<AccountId>,
    usages: BTreeMap<CounterKey, Usage>,
    letters: Vec<Letter>,
    dropped: Dropped,
    spent: BTreeMap<String, Timestamp>,
    invited: Vec<(Option<Invitation>, Invitation)>,
    accepted: Option<Invitation>,
    cleared: Vec<(String, Timestamp)>,
    trust: Option<String>,
    ended: BTreeSet<SessionKey>,
    others: BTreeMap<SessionKey, Session>,
    issued: Option<TokenPair>,
    noted: Vec<(AccountId, EventType)>,
    actor: Actor,
}

/// What becomes of the token that the client presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenFate {
    /// There was none, or it names no session.
    Absent,
    /// It stays.
    Kept,
    /// The session gets another one.
    Renewed,
    /// The session ends.
    Ended,
}

impl<'a> Visit<'a> {
    /// Opens a visit with the snapshot read so far.
    pub fn open(
        context: Context<'a>,
        visitor: &'a Visitor,
        loaded: &'a Loaded,
        now: Timestamp,
    ) -> Decision<Self> {
        let mut visit = Self {
            context,
            now,
            visitor,
            session: Session::default(),
            fate: TokenFate::Absent,
            modified: false,
            seen: false,
            logged_in: false,
            user: None,
            loaded,
            accounts: BTreeMap::new(),
            added: BTreeSet::new(),
            usages: BTreeMap::new(),
            letters: Vec::new(),
            dropped: Dropped::default(),
            spent: BTreeMap::new(),
            invited: Vec::new(),
            accepted: None,
            cleared: Vec::new(),
            ended: BTreeSet::new(),
            trust: None,
            others: BTreeMap::new(),
            issued: None,
            noted: Vec::new(),
            actor: Actor::USER,
        };
        if let Some(stored) = &loaded.session
            && stored.value.expires_at > now
        {
            visit.session = stored.value.session.clone();
            visit.fate = TokenFate::Kept;
            visit.recognise()?;
            visit.track();
            visit.slide(stored.value.expires_at);
        }
        Ok(visit)
    }

    /// The same, caused by an operator rather than a client.
    #[must_use]
    pub fn caused_by(self, operator: Actor) -> Self {
        Self { actor: operator, ..self }
    }

    /// Finds out who the session is logged in as; ends what has become invalid.
    fn recognise(&mut self) -> Decision<()> {
        match &self.session.state {
            State::Anonymous => {}
            State::Unknown(state) => {
                tracing::warn!("a login ends, as only a later release knows the state in which it is");
                // Whether it was complete, and what was begun in it, is not known either.
                if state.get("pending").is_some() { self.clear_login() } else { self.flush() }
            }
            State::Pending(pending) => {
                if pending.is_expired(self.context.settings.account.login_timeout, self.now) {
                    self.clear_login();
                }
            }
            State::Authenticated(login) => {
                let login = login.clone();
                match self.account(&login.account)? {
                    Some(account) if account.session_epoch == login.epoch => {
                        self.user = account.active.then_some(login.account);
                    }
                    // All sessions of the account have ended, or it is gone.
                    Some(_) | None => self.flush(),
                }
            }
        }
        Ok(())
    }

    /// Records the last activity of the session (`USERSESSIONS_TRACK_ACTIVITY`). It is written at most once
    /// a minute, or with what is written anyway.
    fn track(&mut self) {
        if self.user.is_some() {
            let mut session = std::mem::take(&mut self.session);
            self.seen = self.saw(&mut session);
            self.session = session;
        }
    }

    /// Updates the activity of a session, if tracked, and returns whether to write it.
    pub fn saw(&self, session: &mut Session) -> bool {
        let State::Authenticated(login) = &mut session.state else { return false };
        if !self.settings().usersessions.track_activity {
            return false;
        }
        let is_due = login.last_seen_at.is_older_than(Duration::from_secs(60), self.now);
        let (ip, user_agent) = (self.visitor.ip.clone(), self.visitor.short_user_agent());
        *login = Login { last_seen_at: self.now, ip, user_agent, ..login.clone() };
        is_due
    }

    /// Makes the session last as long again (`SESSION_SAVE_EVERY_REQUEST`): written at most once an hour, but often enough
    /// for a short one not to expire while it is in use.
    fn slide(&mut self, expires_at: Timestamp) {
        let pause = (self.settings().session.cookie_age / 10).min(Duration::from_secs(3600));
        self.seen |= self.slides() && expires_at.plus(pause) < self.end_if_written(&self.session);
    }

    /// When a session ends if it is written now.
    fn end_if_written(&self, session: &Session) -> Timestamp {
        let settings = &self.settings().session;
        session.end(self.now.plus(settings.cookie_age), settings.max_age)
    }

    /// Whether every request renews the session, and there is one to renew.
    pub fn slides(&self) -> bool {
        self.settings().session.save_every_request && self.fate == TokenFate::Kept
    }

    /// The questions to providers so far, in their order, each with its response.
    pub fn asked(&self) -> &'a [Arc<Asked>] {
        &self.loaded.asked
    }

    /// The answer of the site's own hook, which is asked once a request.
    pub(super) fn hook_answer(&self, question: HookQuestion) -> Decision<&'a HookAnswer> {
        match &self.loaded.hooked {
            Some(exchange) if exchange.question == question => Ok(&exchange.answer),
            Some(_) => Err(Stop::Outdated),
            None => Err(Stop::Ask(Box::new(question))),
        }
    }

    /// The settings.
    pub const fn settings(&self) -> &'a Settings {
        self.context.settings
    }

    // The session

    /// The client's session.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The client's session, mutable.
    pub const fn session_mut(&mut self) -> &mut Session {
        self.modified = true;
        &mut self.session
    }

    /// Whether the session is to be written, so that its cookie is renewed.
    pub const fn is_modified(&self) -> bool {
        self.modified
    }

    /// Whether the client presented a token that names no session. One that has expired is not gone yet, as in the contract,
    /// until DynamoDB deletes it.
    pub const fn token_is_stale(&self) -> bool {
        self.loaded.session.is_none()
    }

    /// Whether there is no session at all, now.
    pub fn is_sessionless(&self) -> bool {
        match self.fate {
            TokenFate::Kept | TokenFate::Renewed => false,
            TokenFate::Absent | TokenFate::Ended => self.session.is_blank(),
        }
    }

    /// The authenticated user.
    pub fn user(&self) -> Option<&Account> {
        self.account(self.user.as_ref()?).ok().flatten()
    }

    /// Whether this account is the authenticated user.
    pub(super) fn is_user(&self, account: &AccountId) -> bool {
        self.user.as_ref() == Some(account)
    }

    /// Adds an authentication record.
    pub fn record(&mut self, account: &AccountId, record: AuthenticationRecord) {
        self.session_mut().record(account, record);
    }

    /// Lets a login wait at a stage.
    pub fn pend(&mut self, pending: PendingLogin) {
        // Somebody who is logged in stays so: a second login can't be completed in the same session.
        self.modified = true;
        if self.user.is_none() {
            if pending.attempt.account.as_ref().is_none_or(|account| self.draft(account).is_none()) {
                self.session.draft = None;
            }
            self.session.state = State::Pending(Box::new(pending));
        }
    }

    /// The login that waits at this stage, and whose it is. It stops like `otherwise` if there is none, or none any more:
    /// nothing may be added or used up for a login that is given up.
    pub fn resume(&mut self, stage: &Stage, otherwise: Stop) -> Decision<(PendingLogin, Account)> {
        let Some(pending) = self.session.pending().filter(|pending| pending.stage == *stage).cloned() else {
            return Err(otherwise);
        };
        match self.account_of_login(&pending)?.cloned() {
            Some(account) => Ok((pending, account)),
            None => {
                self.clear_login();
                Err(otherwise)
            }
        }
    }

    /// The account that a login is to; none when what was proved before the password changed, or the account was closed,
    /// proves nothing any more.
    pub(super) fn account_of_login(&self, pending: &PendingLogin) -> Decision<Option<&Account>> {
        let Some(id) = &pending.attempt.account else { return Ok(None) };
        let account = self.account(id)?;
        Ok(account.filter(|account| account.active && account.session_epoch == pending.epoch))
    }

    /// Aborts the pending login, with its authentication records.
    pub fn clear_login(&mut self) {
        let pending = matches!(self.session.state, State::Pending(_) | State::Unknown(_));
        self.modified |= pending || self.session.records.is_some();
        self.session.records = None;
        self.session.draft = None;
        if pending {
            self.session.state = State::Anonymous;
            self.session.unknown = UnknownMembers::NONE;
        }
    }

    /// Ends the session, as a logout does.
    pub fn flush(&mut self) {
        self.session = Session::default();
        self.user = None;
        self.modified = true;
        if self.fate != TokenFate::Absent {
            self.fate = TokenFate::Ended;
        }
    }

    /// Completes a login: the session gets another token, as privilege changes (no fixation), and the account
    /// remembers the time.
    pub fn log_in(&mut self, account: &AccountId) -> Decision<()> {
        // What is in no table can't be logged in to.
        if self.draft(account).is_some() {
            return Err(Stop::Unauthorized);
        }
        self.session.draft = None;
        let now = self.now;
        let before = self.user.take();
        let account = self.account_mut(account)?;
        account.last_login_at = Some(now);
        account.logins += 1;
        let account = account.clone();
        let (id, epoch) = (account.id.clone(), account.session_epoch);
        let goes_on = self.session.login().is_some_and(|login| login.account == id && login.epoch == epoch);
        if goes_on {
            // Whoever logs in again, as a passkey lets them, has no more privileges than before.
            self.modified = true;
        } else {
            // Whoever was logged in here before, or before the password changed, leaves nothing behind.
            if self.session.login().is_some() {
                self.session = Session::default();
            }
            self.session.unknown = UnknownMembers::NONE;
            let login = self.new_login(&account);
            self.session_mut().state = State::Authenticated(login);
            if self.fate == TokenFate::Kept {
                self.fate = TokenFate::Renewed;
            }
        }
        let brings_tokens = self.settings().headless.token_strategy == TokenStrategy::Jwt;
        if brings_tokens && self.visitor.client == ClientKind::App && before.as_ref() != Some(&id) {
            self.context.jwt.ok_or(Stop::Unsigned)?;
            let pair = self.new_pair();
            self.session.tokens =
                Some(TokenFamily { current: pair.clone(), replaced: None, unknown: UnknownMembers::NONE });
            self.issued = Some(pair);
        }
        self.user = Some(id);
        self.logged_in = true;
        Ok(())
    }

    /// Names for an access token and a refresh token.
    pub fn new_pair(&self) -> TokenPair {
        let id = || self.context.random.uuid(self.now);
        TokenPair::new(id(), id(), self.now)
    }

    /// The tokens that an app gets because it has just been logged in.
    pub const fn issued(&self) -> Option<&TokenPair> {
        self.issued.as_ref()
    }

    /// Goes on with the login after the account's epoch has moved, under another token and as a session of its own.
    pub fn stay_logged_in(&mut self, account: &Account) {
        let login = self.new_login(account);
        self.session_mut().state = State::Authenticated(login);
        if self.fate == TokenFate::Kept {
            self.fate = TokenFate::Renewed;
        }
    }

    fn new_login(&self, account: &Account) -> Login {
        Login {
            account: account.id.clone(),
            epoch: account.session_epoch,
            id: self.context.random.id(),
            at: self.now,
            last_seen_at: self.now,
            ip: self.visitor.ip.clone(),
            user_agent: self.visitor.short_user_agent(),
            unknown: UnknownMembers::NONE,
        }
    }

    /// Sets the cookie of a trusted browser.
    pub(super) fn set_trust(&mut self, trust: String) {
        self.trust = Some(trust);
    }

    /// The new cookie of a trusted browser, if it has changed.
    pub fn new_trust(&self) -> Option<&str> {
        self.trust.as_deref()
    }

    /// The number of messages to send so far.
    pub const fn letter_count(&self) -> usize {
        self.letters.len()
    }

    /// Whether the request has logged in.
    pub const fn has_logged_in(&self) -> bool {
        self.logged_in
    }

    /// Ends a session; the client's own by logging out.
    pub fn end_session(&mut self, key: &SessionKey) {
        if self.session_key() == Some(key) {
            self.flush();
        } else {
            self.ended.insert(key.clone());
        }
    }

    /// A session that is still valid, the client's own or another one, with its login.
    pub fn valid_session(&self, key: &SessionKey) -> Decision<Option<(Session, Login)>> {
        let session = if self.session_key() == Some(key) {
            Some(&self.session)
        } else {
            let missing = || Stop::Missing(vec![Need::Session(key.clone())]);
            let stored = self.loaded.others.get(key).ok_or_else(missing)?;
            let valid = stored.as_ref().filter(|stored| stored.value.expires_at > self.now);
            valid.map(|stored| &stored.value.session)
        };
        let Some((session, login)) = session.and_then(|session| Some((session, session.login()?))) else {
            return Ok(None);
        };
        let account = self.account(&login.account)?;
        let valid = account.is_some_and(|account| account.active && account.session_epoch == login.epoch);
        Ok(valid.then(|| (session.clone(), login.clone())))
    }

    /// Writes a session again that was asked for with [`Self::valid_session`], so that it lasts as long again: once a
    /// tenth of its time is over, so that most requests write nothing.
    pub fn keep_alive(&mut self, key: &SessionKey, session: Session) {
        let (own, other) = (self.loaded.session.as_ref(), self.loaded.others.get(key));
        let stored = own.filter(|own| own.value.key == *key).or(other.and_then(Option::as_ref));
        let pause = self.settings().session.cookie_age / 10;
        let end = self.end_if_written(&session);
        if stored.is_some_and(|stored| stored.value.expires_at.plus(pause) < end) {
            self.change_session(key, session);
        }
    }

    /// Changes a session that was asked for with [`Self::valid_session`].
    pub fn change_session(&mut self, key: &SessionKey, session: Session) {
        if self.session_key() == Some(key) {
            *self.session_mut() = session;
        } else {
            self.others.insert(key.clone(), session);
        }
    }

    /// All that is kept of sessions of an account, whether they are valid, have ended, or are still to begin.
    pub fn all_sessions(&self, account: &AccountId) -> Decision<&'a [Stored<StoredSession>]> {
        let missing = || Stop::Missing(vec![Need::Sessions(account.clone())]);
        self.loaded.sessions.get(account).map(Vec::as_slice).ok_or_else(missing)
    }

    /// A page of the recorded events of an account, the latest first ([`Need::Events`]).
    pub(super) fn recorded_events(
        &self,
        account: &AccountId,
        before: Option<String>,
    ) -> Decision<&'a [EventItem]> {
        let page = (account.clone(), before);
        match self.loaded.events.get(&page) {
            Some(items) => Ok(items),
            None => Err(Stop::Missing(vec![Need::Events(page.0, page.1)])),
        }
    }

    /// All valid sessions of an account, the oldest first: (what the table knows it by, its login).
    pub fn sessions(&self, account: &AccountId) -> Decision<Vec<(&'a SessionKey, &'a Login)>> {
        let sessions = self.all_sessions(account)?;
        let epoch = self.account(account)?.map(|account| account.session_epoch);
        let mut valid: Vec<_> = sessions
            .iter()
            .filter(|stored| stored.value.expires_at > self.now)
            .filter_map(|stored| Some((&stored.value.key, stored.value.session.login()?)))
            .filter(|(_, login)| login.account == *account && Some(login.epoch) == epoch)
            .collect();
        valid.sort_by_key(|(_, login)| (login.at, login.id));
        Ok(valid)
    }

    /// The key of this session in the table, if stored.
    pub fn session_key(&self) -> Option<&'a SessionKey> {
        self.loaded.session.as_ref().map(|stored| &stored.value.key)
    }

    // Accounts

    /// An account, as it is or as this visit has changed it.
    pub fn account(&self, id: &AccountId) -> Decision<Option<&Account>> {
        if let Some(draft) = self.draft(id) {
            return Ok(Some(&draft.account));
        }
        if let Some(account) = self.accounts.get(id) {
            return Ok(account.as_ref());
        }
        match self.loaded.accounts.get(id) {
            Some(stored) => Ok(stored.as_ref().map(|stored| &stored.value)),
            None => Err(Stop::Missing(vec![Need::Account(id.clone())])),
        }
    }

    /// The account that a challenge is for; none when it is for it no more. A session that is logged in would have ended
    /// with the account's epoch.
    pub fn account_of(&self, challenge: &Challenge) -> Decision<Option<&Account>> {
        let Some(id) = &challenge.account else { return Ok(None) };
        let goes_on = challenge.epoch.is_some() && self.user.as_ref() == Some(id);
        let asked = self.settings().asks_to_verify(&challenge.to);
        Ok(self.account(id)?.filter(|account| goes_on || challenge.is_for(account, asked)))
    }

    /// Stops with all of these that are not known yet, to be read in one go.
    pub fn require(&self, needs: Vec<Need>) -> Decision<()> {
        let loaded = self.loaded;
        let known = |need: &Need| match need {
            Need::Account(id) => self.account(id).is_ok(),
            Need::Owners(address) => loaded.owners.contains_key(address),
            Need::Claim(address) => loaded.claims.contains_key(address),
            Need::Handle(handle) => loaded.handles.contains_key(handle),
            Need::Spent(hash) => loaded.spent.contains_key(hash),
            Need::Counter(key) => loaded.counters.contains_key(key),
            Need::Invitation(id) => loaded.invitations.contains_key(id),
            Need::Undeliverable(email) => loaded.undeliverable.contains_key(email),
            Need::Sessions(id) => loaded.sessions.contains_key(id),
            Need::Session(key) => loaded.others.contains_key(key),
            Need::Events(id, before) => loaded.events.contains_key(&(id.clone(), before.clone())),
        };
        let missing: Vec<Need> = needs.into_iter().filter(|need| !known(need)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Stop::Missing(missing)) }
    }

    /// An account, mutable; a conflict if it no longer exists.
    pub fn account_mut(&mut self, id: &AccountId) -> Decision<&mut Account> {
        if self.draft(id).is_some() {
            let draft = self.session_mut().draft.as_mut();
            return draft.map(|draft| &mut draft.account).ok_or(Stop::Conflict);
        }
        let account = self.account(id)?.ok_or(Stop::Conflict)?.clone();
        self.accounts.entry(id.clone()).or_insert(Some(account)).as_mut().ok_or(Stop::Conflict)
    }

    /// Adds an account, under an id that no account has: the commit makes that a condition.
    pub fn add_account(&mut self, account: Account) {
        self.added.insert(account.id.clone());
        self.accounts.insert(account.id.clone(), Some(account));
    }

    /// Deletes an account with all its sessions; a conflict if it no longer exists.
    pub fn delete_account(&mut self, id: &AccountId) -> Decision<()> {
        self.account(id)?.ok_or(Stop::Conflict)?;
        for stored in self.all_sessions(id)? {
            self.end_session(&stored.value.key);
        }
        self.accounts.insert(id.clone(), None);
        Ok(())
    }

    /// The sign-up of this session whose account is not made yet, if that is this account.
    pub(super) fn draft(&self, id: &AccountId) -> Option<&Draft> {
        self.session.draft.as_deref().filter(|draft| draft.account.id == *id)
    }

    /// Keeps an account in the session alone, out of the table.
    pub(super) fn hold(&mut self, draft: Draft) {
        let id = draft.account.id.clone();
        self.accounts.remove(&id);
        // A draft was never in the table: what has its id there is another's.
        if self.draft(&id).is_none() && self.is_kept(&id) {
            self.accounts.insert(id, None);
        }
        self.session_mut().draft = Some(Box::new(draft));
    }

    /// Forgets it, as the account is made.
    pub(super) fn forget_draft(&mut self) {
        self.session_mut().draft = None;
    }

    /// Takes back an account that was about to be made.
    pub(super) fn withdraw(&mut self, id: &AccountId) {
        self.accounts.remove(id);
        self.session.records = None;
        self.session.draft = None;
    }

    /// Whether the table has this account.
    pub(super) fn is_kept(&self, id: &AccountId) -> bool {
        matches!(self.loaded.accounts.get(id), Some(Some(_)))
    }

    /// The accounts with an email address or phone number.
    pub fn owners(&self, address: &Recipient) -> Decision<&'a AddressOwners> {
        const NOBODY: &AddressOwners = &AddressOwners { version: None, claimed_by: None, owners: Vec::new() };
        if let Some(email) = address.email() {
            // An optional field may be there and empty.
            if email.is_empty() || email.len() > email::MAX_LENGTH {
                return Ok(NOBODY);
            }
            debug_assert_eq!(
                email::canonical(email).as_deref(),
                Some(email),
                "only canonical addresses are looked up"
            );
        }
        let missing = || Stop::Missing(vec![Need::Owners(address.clone())]);
        self.loaded.owners(address).ok_or_else(missing)
    }

    /// The accounts that a password reset or a login code for this email address or phone number reaches.
    pub fn reached_by(&self, address: &Recipient) -> Decision<Vec<&'a AddressOwner>> {
        Ok(self.owners(address)?.reached(self.settings().asks_to_verify(address)))
    }

    /// The account with a handle; none for what is no handle.
    pub fn owner_of(&self, handle: impl Into<Option<Handle>>) -> Decision<Option<&'a AccountId>> {
        let Some(handle) = handle.into() else { return Ok(None) };
        match self.loaded.handles.get(&handle) {
            Some(owner) => Ok(owner.as_ref()),
            None => Err(Stop::Missing(vec![Need::Handle(handle)])),
        }
    }

    /// Spends a single-use value; false if it was spent before.
    pub fn use_once(&mut self, single_use: &SingleUse) -> Decision<bool> {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(single_use.id.as_bytes()));
        let Some(until) = self.loaded.spent.get(&hash) else {
            return Err(Stop::Missing(vec![Need::Spent(hash)]));
        };
        if until.is_some_and(|until| until >= self.now) {
            return Ok(false);
        }
        self.spent.insert(hash, single_use.expires_at);
        Ok(true)
    }

    /// The invitation that the table knows by this.
    pub fn invitation(&self, id: &str) -> Decision<Option<&'a Invitation>> {
        let missing = || Stop::Missing(vec![Need::Invitation(id.to_owned())]);
        self.loaded.invitations.get(id).map(Option::as_ref).ok_or_else(missing)
    }

    /// Puts an invitation in the place of the one that was read.
    pub fn invite(&mut self, before: Option<Invitation>, after: Invitation) {
        self.invited.push((before, after));
    }

    /// Uses an invitation up, in the commit of the sign-up.
    pub(super) fn accept(&mut self, invitation: Invitation) {
        self.accepted = Some(invitation);
    }

    /// Whether another account has verified this email address or phone number, where only one may. What was not read
    /// counts as no: the commit finds out, and the flow decides again.
    pub fn is_claimed_by_other(&self, address: &Recipient, account: &AccountId) -> bool {
        let is_unique = address.phone().is_some() || self.settings().account.unique_email;
        is_unique && self.loaded.claimed_by(address).is_some_and(|owner| owner != account)
    }

    // Limits

    /// Counts an action against its limits; false when one is reached. GETs are for the caller to exempt.
    pub fn consume(&mut self, action: Action, key: &str) -> Decision<bool> {
        let rates = self.settings().account.rate_limits.for_action(action);
        self.consume_rates(action.name(), rates, key)
    }

    /// Counts an action against its limits, or stops.
    pub fn limit(&mut self, action: Action, key: &str) -> Decision<()> {
        if self.consume(action, key)? { Ok(()) } else { Err(Stop::RateLimited) }
    }

    /// Counts something against limits of its own; false when one is reached.
    pub fn consume_rates(&mut self, action: &str, rates: &[Rate], key: &str) -> Decision<bool> {
        self.expect_counters(action, rates, key)?;
        let now = self.now;
        for rate in rates {
            let usage = self.usage(action, rate, key)?;
            if !usage.after.hit(rate, now) {
                return Ok(false);
            }
            usage.hits += 1;
        }
        Ok(true)
    }

    /// Whether the limits of an action would allow it now.
    pub fn would_allow(&mut self, action: Action, key: &str) -> Decision<bool> {
        let rates = self.settings().account.rate_limits.for_action(action);
        let now = self.now;
        for rate in rates {
            if !self.usage(action.name(), rate, key)?.after.allows(rate, now) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reverts [`Self::consume`].
    pub fn roll_back(&mut self, action: Action, key: &str) -> Decision<()> {
        for rate in self.settings().account.rate_limits.for_action(action) {
            let usage = self.usage(action.name(), rate, key)?;
            usage.after.roll_back();
            usage.hits = usage.hits.saturating_sub(1);
        }
        Ok(())
    }

    /// Resets the counters of an action.
    pub fn forget(&mut self, action: Action, key: &str) -> Decision<()> {
        let rates = self.settings().account.rate_limits.for_action(action);
        self.expect_counters(action.name(), rates, key)?;
        for rate in rates.iter().filter(|rate| rate.per == Per::Key) {
            let usage = self.usage(action.name(), rate, key)?;
            if !usage.after.is_empty() {
                usage.after = History::default();
                usage.hits += 1;
            }
        }
        Ok(())
    }

    /// The counters that an action is counted with, to be read beforehand.
    pub fn counters(
        settings: &Settings,
        action: Action,
        visitor: &Visitor,
        user: Option<&AccountId>,
        key: &str,
    ) -> Vec<Need> {
        let rates = settings.account.rate_limits.for_action(action);
        Self::counters_of(settings, action.name(), rates, visitor, user, key)
    }

    /// The counters that limits of their own are counted with, to be read beforehand.
    pub fn counters_of(
        settings: &Settings,
        action: &str,
        rates: &[Rate],
        visitor: &Visitor,
        user: Option<&AccountId>,
        key: &str,
    ) -> Vec<Need> {
        let counter = |rate| Need::Counter(counter(settings, action, rate, visitor, user, key));
        rates.iter().map(counter).collect()
    }

    fn expect_counters(&self, action: &str, rates: &[Rate], key: &str) -> Decision<()> {
        let missing: Vec<Need> = rates
            .iter()
            .map(|rate| self.counter(action, rate, key))
            .filter(|key| !self.usages.contains_key(key) && !self.loaded.counters.contains_key(key))
            .map(Need::Counter)
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Stop::Missing(missing)) }
    }

    fn usage(&mut self, action: &str, rate: &Rate, key: &str) -> Decision<&mut Usage> {
        let key = self.counter(action, rate, key);
        if !self.usages.contains_key(&key) {
            let Some(before) = self.loaded.counters.get(&key) else {
                return Err(Stop::Missing(vec![Need::Counter(key)]));
            };
            let after = before.as_ref().map(|stored| stored.value.clone()).unwrap_or_default();
            let usage = Usage { before: before.clone(), after, hits: 0, rate: *rate };
            self.usages.insert(key.clone(), usage);
        }
        self.usages.get_mut(&key).ok_or(Stop::Missing(vec![Need::Counter(key)]))
    }

    fn counter(&self, action: &str, rate: &Rate, key: &str) -> CounterKey {
        let user = self.session.account();
        counter(self.settings(), action, rate, self.visitor, user, key)
    }

    // Events

    /// Notes an event that does not follow from what changes.
    pub fn note_event(&mut self, account: &AccountId, what: EventType) {
        self.noted.push((account.clone(), what));
    }

    /// The events that were noted.
    pub fn noted(&self) -> &[(AccountId, EventType)] {
        &self.noted
    }

    /// Takes back such an event.
    pub(super) fn forget_event(&mut self, account: &AccountId, what: &EventType) {
        self.noted.retain(|(of, noted)| of != account || noted != what);
    }

    // Messages

    /// A new code of this format.
    pub fn new_code(&self, format: &CodeFormat) -> NewCode {
        let text = code::generate(format, &mut |bound| self.context.random.below(bound));
        NewCode { normalised: code::normalise(&text), text }
    }

    /// Counts messages that are not sent.
    pub(super) const fn drop_letter(&mut self, dropped: Dropped) {
        self.dropped.by_recipient += dropped.by_recipient;
        self.dropped.in_all += dropped.in_all;
    }

    /// Sends a message without rate limits: a notification, which attackers must not be able to suppress.
    pub fn send_anyway(&mut self, to: Recipient, content: LetterContent) {
        self.send_about(ProfileValues::new(), None, to, content);
    }

    /// The same, with what the message may say of the recipient, and in the recipient's language, if that is known.
    pub(super) fn send_about(
        &mut self,
        profile: ProfileValues,
        language: Option<Language>,
        to: Recipient,
        content: LetterContent,
    ) {
        let letter = self.letter(to, content);
        let language = language.or_else(|| letter.language.clone());
        self.letters.push(Letter { profile, language, ..letter });
    }

    /// Puts a message into the outbox that the delivery drops, so that the request takes the same time.
    pub(super) fn withhold(&mut self, to: Recipient, content: LetterContent) {
        self.letters.push(Letter { withheld: true, ..self.letter(to, content) });
    }

    fn letter(&self, to: Recipient, content: LetterContent) -> Letter {
        let (language, profile) = (self.visitor.language.clone(), ProfileValues::new());
        Letter { to, asked_at: self.now, content, withheld: false, profile, language }
    }

    /// Whether mail to an email address has bounced, or was reported as spam, within 14 days.
    pub fn is_undeliverable(&self, email: &str) -> Decision<bool> {
        Ok(self.undeliverable_until(email)?.is_some())
    }

    fn undeliverable_until(&self, email: &str) -> Decision<Option<Timestamp>> {
        let missing = || Stop::Missing(vec![Need::Undeliverable(email.to_owned())]);
        let until = self.loaded.undeliverable.get(email).ok_or_else(missing)?;
        Ok(until.filter(|until| *until > self.now))
    }

    /// Removes the mark of an undeliverable email address; false if it has none.
    pub fn clear_undeliverable(&mut self, email: &str) -> Decision<bool> {
        let until = self.undeliverable_until(email)?;
        self.cleared.extend(until.map(|until| (email.to_owned(), until)));
        Ok(until.is_some())
    }

    // The end

    /// The changes to write.
    pub fn into_changes(self) -> Changes {
        let loaded = self.loaded;
        let stored = loaded.session.as_ref().map(|stored| (stored.value.key.clone(), stored.version));
        let put = |key, token, replaces| SessionChange::Put {
            key,
            token,
            session: Box::new(self.session.clone()),
            replaces,
        };
        let put_anew = |token: SessionToken, replaces| put(token.key(), Some(token), replaces);
        let new_token = || {
            let account = match &self.session.state {
                State::Anonymous | State::Unknown(_) => None,
                // Whoever asks for a code has proved nothing: the token is not to tell who has an account.
                State::Pending(pending) if pending.stage.is_for_anybody() => None,
                State::Pending(pending) => {
                    let format = self.settings().account.id_format;
                    let stranger = || format.new_id(self.context.random, self.now);
                    pending.attempt.account.clone().or_else(stranger)
                }
                State::Authenticated(login) => Some(login.account.clone()),
            };
            SessionToken::new(account, crate::secret::Secret::new(self.context.random.secret()))
        };
        let session = match (self.fate, stored) {
            _ if !self.modified && !self.seen => SessionChange::None,
            (TokenFate::Ended, Some((key, version))) if self.session.is_blank() => {
                SessionChange::Delete(key, version)
            }
            (TokenFate::Kept, Some(stored)) => {
                put(stored.0.clone(), self.visitor.token.clone(), Some(stored))
            }
            (TokenFate::Ended | TokenFate::Renewed, Some(stored)) => put_anew(new_token(), Some(stored)),
            (TokenFate::Absent | TokenFate::Ended, _) if self.session.is_blank() => SessionChange::None,
            (_, _) => put_anew(new_token(), None),
        };
        let others = self.others.into_iter().filter(|(key, _)| !self.ended.contains(key));
        let others = others.filter_map(|(key, session)| {
            let version = loaded.others.get(&key)?.as_ref()?.version;
            Some((key, version, session))
        });
        let accounts = self.accounts.into_iter().filter_map(|(id, account)| {
            let before = loaded.accounts.get(&id).filter(|_| !self.added.contains(&id)).cloned().flatten();
            let changed = before.as_ref().map(|before| &before.value) != account.as_ref();
            changed.then(|| {
                let account = account.map(|account| fitting(account, before.as_ref()));
                (before, account)
            })
        });
        let mut changes = Changes {
            session,
            others: others.collect(),
            ended: self.ended.iter().cloned().collect(),
            accounts: accounts.collect(),
            counters: self.usages.into_iter().collect(),
            spent: self.spent.into_iter().collect(),
            invited: self.invited,
            accepted: self.accepted,
            cleared: self.cleared,
            letters: self.letters,
            dropped: self.dropped,
            events: Vec::new(),
        };
        let Context { settings, keys, random, .. } = self.context;
        let user_agent = self.visitor.short_user_agent();
        let client = Some((self.visitor.ip.as_str(), user_agent.as_str()));
        let client = client.filter(|_| self.actor.kind == ActorKind::User);
        let recorder = Recorder { settings, keys, random, now: self.now, actor: &self.actor, client };
        recorder.record(&mut changes, loaded, &self.noted);
        changes
    }
}

/// The account as it fits into its item, without some tokens of providers if it is too large.
fn fitting(mut account: Account, before: Option<&Stored<Account>>) -> Account {
    let shed = account.shed_tokens(before.map(|stored| &stored.value));
    if shed > 0 {
        tracing::warn!(
            shed,
            "an account is too large for tokens of all its providers: the oldest are removed"
        );
    }
    account
}

/// Names the counter of a limit. What is counted is hashed: no address stands in a key of the table.
fn counter(
    settings: &Settings,
    action: &str,
    rate: &Rate,
    visitor: &Visitor,
    user: Option<&AccountId>,
    key: &str,
) -> CounterKey {
    let address = || network(&visitor.ip, settings.allauth.rate_limit_ipv6_prefix);
    let (scope, subject) = match (rate.per, user) {
        (Per::Ip, _) | (Per::User, None) => ("ip", address()),
        (Per::User, Some(user)) => ("user", user.as_str().to_owned()),
        (Per::Key, _) => ("key", key.to_lowercase()),
    };
    let subject = URL_SAFE_NO_PAD.encode(Sha256::digest(subject.as_bytes()));
    CounterKey(format!("{action}#{}/{}{scope}#{subject}", rate.amount, rate.duration.as_millis()))
}

/// The network of an IPv6 address, whose owner can use any address in it; an IPv4 address as it is.
fn network(ip: &str, prefix: u8) -> String {
    match ip.parse() {
        Ok(std::net::IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(address.to_bits() & mask).to_string()
        }
        _ => ip.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::World;
    use super::network;
    use crate::domain::social::SingleUse;

    #[test]
    fn what_is_spent_is_of_no_use_as_long_as_it_proves_anything() {
        let mut world = World::new(&[]);
        let once =
            SingleUse { id: "once".into(), expires_at: world.now.plus(std::time::Duration::from_secs(60)) };
        assert!(world.visit(|visit| visit.use_once(&once)).unwrap());
        world.wait(60);
        assert!(!world.visit(|visit| visit.use_once(&once)).unwrap());
    }

    #[test]
    fn a_sliding_session_is_written_once_an_hour_at_most() {
        let mut world = World::new(&[("SESSION_SAVE_EVERY_REQUEST", "true")]);
        world.add(true, None);
        world.log_in();
        let began = world.expires_at;
        world.wait(3600);
        assert!(world.is_logged_in());
        assert_eq!(world.expires_at, began, "not within the hour");
        world.wait(1);
        assert!(world.is_logged_in());
        assert_eq!(world.expires_at, began.plus(std::time::Duration::from_secs(3601)));
        for _ in 0..30 {
            world.wait(86_400);
            assert!(world.is_logged_in());
        }
    }

    #[test]
    fn a_session_ends_at_its_maximum_age_whatever_extends_it() {
        let settings = [("SESSION_SAVE_EVERY_REQUEST", "true"), ("SESSION_COOKIE_AGE", "7200")];
        let mut world = World::new(&[&settings[..], &[("SESSION_MAX_AGE", "10800")]].concat());
        world.add(true, None);
        world.log_in();
        let began = world.now;
        for _ in 0..17 {
            world.wait(600);
            assert!(world.is_logged_in());
            assert!(world.expires_at <= began.plus(std::time::Duration::from_secs(10_800)));
        }
        world.wait(600);
        assert!(!world.is_logged_in());
    }

    #[test]
    fn a_session_does_not_slide_by_itself() {
        let mut world = World::new(&[]);
        world.add(true, None);
        world.log_in();
        let began = world.expires_at;
        world.wait(86_400);
        assert!(world.is_logged_in());
        assert_eq!(world.expires_at, began);
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        assert_eq!(network("2001:db8::1", 64), network("2001:db8::2", 64));
        assert_ne!(network("2001:db8::1", 64), network("2001:db8:1::1", 64));
        assert_eq!(network("2001:db8::1", 128), "2001:db8::1");
        assert_eq!(network("2001:db8::1", 0), "::");
        assert_eq!(network("192.0.2.1", 64), "192.0.2.1");
        assert_eq!(network("", 64), "");
    }
}
