//! A world for the tests of flows: accounts and one client's session in memory, read as snapshots and changed by what flows
//! decide. How the table does it, and its races, are for the system tests.

use std::collections::BTreeMap;
use std::time::Duration;

use super::login::{self, Identifier};
use super::stages::{self, mfa};
use super::totp;
use super::visit::{ClientKind, Context, Decision, MOST_LOADS, Stop, Visit, Visitor};
use crate::changes::{Changes, Letter, LetterContent, SessionChange};
use crate::domain::account::{Account, PasswordHash, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::email::EmailAddress;
use crate::domain::event::EventItem;
use crate::domain::message::{Message, Origin, Recipient};
use crate::domain::phone::Phone;
use crate::domain::rate::History;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::token::{SessionKey, SessionToken};
use crate::jwt::Jwt;
use crate::password::Passwords;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{Settings, TokenStrategy};
use crate::signing::Keys;
use crate::snapshot::{AddressOwner, AddressOwners, CounterKey, Loaded, Need, Stored, StoredSession};

pub(crate) const EMAIL: &str = "ann@example.com";
pub(crate) const PASSWORD: &str = "Correct-Horse-9";

/// One client, and all that the service knows.
pub(crate) struct World {
    pub now: Timestamp,
    pub accounts: BTreeMap<AccountId, Account>,
    /// What was sent, the oldest first.
    pub letters: Vec<Letter>,
    /// What was recorded, likewise.
    pub events: Vec<EventItem>,
    /// Which kind of client it is; an app unless a test says otherwise.
    pub client: ClientKind,
    /// Where it is.
    pub ip: String,
    /// The cookie of a trusted browser.
    pub trust: Option<String>,
    settings: Settings,
    session: Option<(SessionToken, Session)>,
    /// When the client's session expires.
    pub expires_at: Timestamp,
    counters: BTreeMap<CounterKey, History>,
    spent: BTreeMap<String, Timestamp>,
}

impl World {
    pub fn new(variables: &[(&str, &str)]) -> Self {
        let cheap = [("PASSWORD_ARGON2_MEMORY_KIB", "8"), ("PASSWORD_ARGON2_ITERATIONS", "1")];
        let variables = cheap.iter().chain(variables).map(|(name, value)| ((*name).into(), (*value).into()));
        Self {
            now: Timestamp::from_millis(1_700_000_000_000),
            accounts: BTreeMap::new(),
            letters: Vec::new(),
            events: Vec::new(),
            client: ClientKind::App,
            ip: "192.0.2.1".into(),
            trust: None,
            settings: Settings::read(variables).unwrap().settings,
            session: None,
            expires_at: Timestamp::from_millis(0),
            counters: BTreeMap::new(),
            spent: BTreeMap::new(),
        }
    }

    /// Adds an account with an address and a password, and perhaps a number.
    pub fn add(&mut self, verified: bool, phone: Option<&str>) -> AccountId {
        let random = Random::system();
        let id = AccountId::parse(&random.uuid(self.now)).unwrap();
        let mut account = Account::new(id.clone(), self.now);
        account.email = Some(EMAIL.into());
        account.signup_email = Some(EMAIL.into());
        account.emails = vec![EmailAddress { verified, primary: true, ..EmailAddress::new(EMAIL.into()) }];
        account.phone = phone.map(|number| Phone::new(number.into(), verified));
        account.password = Some(self.password_hash());
        self.accounts.insert(id.clone(), account);
        id
    }

    /// A hash of the password at this world's cost.
    pub fn password_hash(&self) -> PasswordHash {
        let random = Random::system();
        Passwords::new(&self.settings.passwords.argon2, &random).hash(&Secret::new(PASSWORD))
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// Whether the client is logged in.
    pub fn is_logged_in(&mut self) -> bool {
        self.visit(|visit| Ok(visit.user().is_some())).unwrap()
    }

    /// The client's session.
    pub fn session(&self) -> Session {
        self.session.as_ref().map(|(_, session)| session.clone()).unwrap_or_default()
    }

    /// The token that the client holds.
    pub fn token(&self) -> Option<String> {
        self.session.as_ref().map(|(token, _)| token.text())
    }

    /// What the table knows its session by.
    pub fn key(&self) -> Option<SessionKey> {
        self.session.as_ref().map(|(token, _)| token.key())
    }

    /// The client forgets its session.
    pub fn forget_session(&mut self) {
        self.session = None;
    }

    /// The latest message.
    pub fn latest(&self) -> &Message {
        match &self.letters.last().expect("something was sent").content {
            LetterContent::Ready(message) => message,
            LetterContent::PasswordResetLink(_) => panic!("a link is made when it is delivered"),
        }
    }

    /// The code of the latest message.
    pub fn code(&self) -> String {
        match self.latest() {
            Message::ConfirmEmailCode { code, .. }
            | Message::ConfirmPhoneCode { code }
            | Message::LoginCode { code }
            | Message::ResetPasswordCode { code } => code.clone(),
            other => panic!("no code in {other:?}"),
        }
    }

    /// The account, of which there is one.
    pub fn owner(&self) -> Account {
        self.accounts.values().next().unwrap().clone()
    }

    /// Begins a login with the right password.
    pub fn log_in(&mut self) {
        self.visit(|visit| {
            let (who, password) = (Identifier::Email(EMAIL.into()), Secret::new(PASSWORD));
            let account = login::authenticate(visit, &who, &password)?;
            login::log_in(visit, account, who, &password)
        })
        .unwrap();
    }

    /// Logs in, and adds an authenticator app, where that takes no reauthentication: its secret.
    pub fn add_app(&mut self) -> String {
        self.log_in();
        let account = self.owner();
        let setup = self.visit(|visit| Ok(totp::begin(visit, &account))).unwrap();
        let code = totp_code(setup.secret.expose(), self.now, 0);
        self.visit(|visit| {
            let shown = totp::shown_secret(visit, &account)?;
            totp::check_setup(visit, &account, shown.as_ref(), &code)?;
            totp::activate(visit, &account)
        })
        .unwrap();
        setup.secret.expose().to_owned()
    }

    /// Gives a code of an app, or a recovery code, as the second factor of a login.
    pub fn give(&mut self, code: &str) -> Decision<()> {
        self.visit(|visit| {
            let (pending, account) = mfa::resume(visit)?;
            let authenticator = mfa::check_code(visit, &account, code)?;
            let next = mfa::complete(visit, pending, authenticator)?;
            stages::go_on(visit, next)
        })
    }

    /// Where the client's requests come from, as a notification tells it now.
    pub fn origin(&self) -> Origin {
        Origin { at: self.now.seconds(), ip: "192.0.2.1".into(), user_agent: "test".into() }
    }

    /// A key of a reset link for an account.
    pub fn reset_key(&self, id: &AccountId) -> String {
        keys().reset_key(&self.accounts[id], EMAIL, self.now)
    }

    /// Runs a flow as a request does, and commits what it changes.
    pub fn visit<T>(&mut self, flow: impl Fn(&mut Visit<'_>) -> Decision<T>) -> Decision<T> {
        let random = Random::system();
        let settings = self.settings.clone();
        let passwords = Passwords::new(&settings.passwords.argon2, &random);
        let keys = keys();
        let tokens = &settings.headless;
        let jwt = (tokens.token_strategy == TokenStrategy::Jwt)
            .then(|| Jwt::with_derived_secrets(&tokens.jwt, &keys).unwrap());
        let context = Context {
            settings: &settings,
            keys: &keys,
            random: &random,
            passwords: &passwords,
            jwt: jwt.as_ref(),
        };
        let visitor = Visitor {
            client: self.client,
            ip: self.ip.clone(),
            user_agent: "test".into(),
            language: None,
            base_url: "https://api.example.com".into(),
            presents_token: self.session.is_some(),
            token: self.session.as_ref().map(|(token, _)| token.clone()),
            more_tokens: Vec::new(),
            trust: self.trust.clone().into_iter().collect(),
            session: self.session.as_ref().map(|(token, _)| token.key()),
        };
        let mut loaded = Loaded { session: self.load_session(), ..Loaded::default() };
        for _ in 0..MOST_LOADS {
            let outcome =
                stages::open(context, &visitor, &loaded, self.now).and_then(|mut visit| {
                    match flow(&mut visit) {
                        Err(Stop::Missing(needs)) => Err(Stop::Missing(needs)),
                        outcome => {
                            let trust = visit.new_trust().map(str::to_owned);
                            Ok((outcome, trust, visit.into_changes()))
                        }
                    }
                });
            match outcome {
                Err(Stop::Missing(needs)) => needs.into_iter().for_each(|need| self.load(&mut loaded, need)),
                Err(stop) => return Err(stop),
                Ok((outcome, trust, changes)) => {
                    self.trust = trust.or_else(|| self.trust.take());
                    self.commit(changes);
                    return outcome;
                }
            }
        }
        panic!("the flow never knew enough");
    }

    fn commit(&mut self, changes: Changes) {
        for (before, after) in changes.accounts {
            match after {
                Some(account) => drop(self.accounts.insert(account.id.clone(), account)),
                None => self.accounts.retain(|id, _| Some(id) != before.as_ref().map(|it| &it.value.id)),
            }
        }
        let counted = changes.counters.into_iter().filter(|(_, usage)| usage.hits > 0);
        self.counters.extend(counted.map(|(key, usage)| (key, usage.after)));
        self.letters.extend(changes.letters);
        self.events.extend(changes.events);
        self.spent.extend(changes.spent);
        match changes.session {
            SessionChange::None => {}
            SessionChange::Delete(..) => self.session = None,
            SessionChange::Put { token, session, .. } => {
                let held = token.or_else(|| self.session.take().map(|(token, _)| token));
                let settings = &self.settings.session;
                self.expires_at = session.end(self.now.plus(settings.cookie_age), settings.max_age);
                self.session = Some((held.unwrap(), *session));
            }
        }
    }

    fn load_session(&self) -> Option<Stored<StoredSession>> {
        self.session.as_ref().map(|(token, session)| Stored {
            version: 1,
            value: StoredSession { key: token.key(), session: session.clone(), expires_at: self.expires_at },
        })
    }

    fn owners(&self, address: &Recipient) -> AddressOwners {
        let owner = |account: &Account| {
            let standing = account.standing(address)?;
            Some(AddressOwner { account: account.id.clone(), standing, active: account.active })
        };
        let owners: Vec<_> = self.accounts.values().filter_map(owner).collect();
        let claims = |owner: &&AddressOwner| owner.standing == Standing::Verified;
        let claimed_by = owners.iter().find(claims).map(|owner| owner.account.clone());
        AddressOwners { version: None, claimed_by, owners }
    }

    fn load(&self, loaded: &mut Loaded, need: Need) {
        match need {
            Need::Account(id) => {
                let account = self.accounts.get(&id).cloned();
                loaded.accounts.insert(id, account.map(|value| Stored { version: 1, value }));
            }
            Need::Owners(address) => {
                let owners = self.owners(&address);
                loaded.owners.insert(address, owners);
            }
            Need::Claim(address) => {
                let owners = self.owners(&address);
                loaded.claims.insert(address, owners.claimed_by);
            }
            Need::Handle(handle) => {
                let owner = self.accounts.values().find(|account| account.handles().contains(&handle));
                let owner = owner.map(|account| account.id.clone());
                loaded.handles.insert(handle, owner);
            }
            Need::Spent(hash) => {
                let until = self.spent.get(&hash).copied();
                loaded.spent.insert(hash, until);
            }
            Need::Counter(key) => {
                let history = self.counters.get(&key).cloned();
                loaded.counters.insert(key, history.map(|value| Stored { version: 1, value }));
            }
            Need::Invitation(id) => {
                loaded.invitations.insert(id, None);
            }
            Need::Undeliverable(email) => {
                loaded.undeliverable.insert(email, None);
            }
            Need::Session(key) => {
                let found = self.load_session().filter(|stored| stored.value.key == key);
                loaded.others.insert(key, found);
            }
            Need::Events(id, before) => {
                let of = |item: &&EventItem| item.account == id;
                let items = self.events.iter().rev().filter(of).cloned().collect();
                loaded.events.insert((id, before), items);
            }
            Need::Sessions(id) => {
                loaded.sessions.insert(id, self.load_session().into_iter().collect());
            }
        }
    }
}

/// What an app with this secret shows, so many periods of 30 seconds from now.
pub(crate) fn totp_code(secret: &str, now: Timestamp, periods: i64) -> String {
    totp::code_at(secret, now.seconds() / 30 + periods)
}

pub(crate) fn keys() -> Keys {
    Keys::new(Secret::new("a-secret-that-only-these-tests-know"))
}

/// The codes of the errors that a flow stops with.
pub(crate) fn codes<T: std::fmt::Debug>(decision: Decision<T>) -> Vec<String> {
    match decision {
        Err(Stop::Invalid(errors)) => errors.into_iter().map(|error| error.kind.code().to_owned()).collect(),
        other => panic!("expected refused input, got {other:?}"),
    }
}
