//! The rotation of `SECRET_KEY`, as operators carry it out: what changes in Secrets Manager, and what is sealed again in
//! the table. docs/rotation.md is the runbook.

use std::time::Duration;

use jsonwebtoken::AlgorithmFamily;
use serde_json::{Value, json};

use crate::app::{App, fetch_secret_version, report};
use crate::aws::secret::{AwsSecret, CURRENT, SecretVersion};
use crate::changes::Changes;
use crate::domain::account::Account;
use crate::domain::authenticator::Factor;
use crate::domain::event::{Actor, EventItem};
use crate::domain::session::{Session, State};
use crate::domain::social::AuthorizationRequest;
use crate::domain::time::Timestamp;
use crate::flows::connect::place;
use crate::operator::commit_until;
use crate::random::Random;
use crate::secret::{Sealed, Secret};
use crate::secret_key::{KeyDocument, KeyDocumentError};
use crate::settings::{Settings, TokenStrategy};
use crate::signing::{Keys, SealPurpose, Unopened};
use crate::snapshot::{Loaded, Need, Stored, StoredSession};
use crate::store::{Bookmark, Store, StoreError};

/// How often a change is tried, when its owner changes the same at the same time.
const MOST_TRIES: u32 = 5;

/// Why a step of a rotation fails.
#[derive(Debug, thiserror::Error)]
pub enum KeyRotationError {
    /// The key is not in Secrets Manager.
    #[error(
        "SECRET_KEY_ARN names no secret, or SECRET_KEY is set: only a key in Secrets Manager can be changed from here. \
         Elsewhere set SECRET_KEY to a new key, and SECRET_KEY_FALLBACKS to the one before"
    )]
    NoSecret,
    /// The secret can't be read or written.
    #[error("{0}")]
    Vault(String),
    /// The keys do not allow it.
    #[error(transparent)]
    Document(#[from] KeyDocumentError),
    /// The table can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This process has no table.
    #[error("no table is configured")]
    NoTable,
    /// An item can't be decrypted by any key.
    #[error("{0} of the table can't be opened by any key (the log names each): they were left as they are")]
    Unopened(u64),
    /// What was signed with the key is good until then.
    #[error("links that were signed with the key {0} may be open for {1} more hours")]
    StillOpen(String, i64),
    /// Something is still sealed with the key.
    #[error(
        "the key {id} may still be needed by {accounts} accounts, {sessions} sessions, {events} recorded events and \
         {messages} messages that wait to be sent: reseal first; messages go when they are sent, or after 14 days"
    )]
    StillNeeded {
        /// The key.
        id: String,
        /// Accounts that name it, or no key.
        accounts: u64,
        /// Sessions that name it, or no key.
        sessions: u64,
        /// Recorded events that it has signed.
        events: u64,
        /// Messages that name it, or no key.
        messages: u64,
    },
}

/// The keys in Secrets Manager.
#[derive(Debug)]
pub struct KeyVault {
    secret: AwsSecret,
    document: KeyDocument,
    /// The version of the secret that the document was read from.
    version: String,
}

impl KeyVault {
    /// Reads the keys.
    pub async fn open(app: &App) -> Result<Self, KeyRotationError> {
        let (aws, arn) = app.key_vault().ok_or(KeyRotationError::NoSecret)?;
        let secret = AwsSecret::new(aws, arn);
        let SecretVersion { text, id: version, .. } =
            fetch_secret_version(&secret).await.map_err(KeyRotationError::Vault)?;
        let document = KeyDocument::read(&text)?;
        Ok(Self { secret, document, version })
    }

    /// The keys.
    pub const fn document(&self) -> &KeyDocument {
        &self.document
    }

    /// Adds a new key, unless one has been added already: whether it did.
    pub async fn add(&mut self, app: &App) -> Result<bool, KeyRotationError> {
        let key = Secret::new(app.random.secret());
        let done = self.document.add(&key, app.clock.now())?;
        self.write_if(app, done).await
    }

    /// Makes the key that was added the first one: whether it did.
    pub async fn promote(&mut self, app: &App, is_known: bool) -> Result<bool, KeyRotationError> {
        let done = self.document.promote(app.clock.now(), is_known)?;
        self.write_if(app, done).await
    }

    /// Removes a key that was replaced, and returns its id.
    pub async fn retire(&mut self, app: &App, id: Option<&str>) -> Result<String, KeyRotationError> {
        let (id, unused_since) = self.document.replaced(id)?;
        let id = id.to_owned();
        let open_until = unused_since.plus(signed_lasts(&app.settings));
        let left = open_until.millis() - app.clock.now().millis();
        if left > 0 {
            return Err(KeyRotationError::StillOpen(id, left / 3_600_000 + 1));
        }
        check_unneeded(app, &id).await?;
        self.document.retire(&id);
        self.write_if(app, true).await?;
        Ok(id)
    }

    async fn write_if(&mut self, app: &App, changed: bool) -> Result<bool, KeyRotationError> {
        if changed {
            self.version = self.write(app.random.uuid(app.clock.now())).await.map_err(|why| {
                KeyRotationError::Vault(format!("the secret {} can't be written: {why}", self.secret.arn()))
            })?;
        }
        Ok(changed)
    }

    /// Writes a new version of the secret, and makes it the current one only if the one that was read still is: of two
    /// operators at once, one is told.
    async fn write(&self, version: String) -> Result<String, String> {
        let added = self.secret.add(&version, &self.document.write(), WRITTEN).await;
        added.map_err(|error| error.to_string())?;
        let labelled = self.secret.label(CURRENT, &version, Some(&self.version)).await;
        labelled.map(|()| version).map_err(|error| {
            if error.is("InvalidParameterException") {
                "it has changed meanwhile; look at its keys (vestibule secret-key status), and repeat the step"
                    .to_owned()
            } else {
                error.to_string()
            }
        })
    }
}

/// What a new version of the secret is labelled until it is the current one.
const WRITTEN: &str = "VESTIBULE_WRITTEN";

/// How long anything that is signed is good for: links, codes, trusted browsers, and tokens whose secret follows from
/// `SECRET_KEY`.
fn signed_lasts(settings: &Settings) -> Duration {
    let account = &settings.account;
    let tokens = &settings.headless.jwt;
    let derives_tokens = settings.headless.token_strategy == TokenStrategy::Jwt
        && tokens.private_key.is_none()
        && tokens.algorithm.family() == AlgorithmFamily::Hmac;
    let if_so = |holds: bool, length: Duration| if holds { length } else { Duration::ZERO };
    let lengths = [
        Duration::from_secs_f64(account.email_confirmation_expire_days * 86400.0),
        settings.passwords.reset_timeout,
        account.login_timeout,
        account.email_verification_by_code_timeout,
        account.login_by_code_timeout,
        account.password_reset_by_code_timeout,
        account.phone_verification_timeout,
        AuthorizationRequest::TIMEOUT,
        if_so(
            settings.mfa.trust_enabled || account.login_by_code_trust_enabled,
            settings.mfa.trust_cookie_age,
        ),
        if_so(derives_tokens, tokens.refresh_token_expires_in.max(tokens.access_token_expires_in)),
    ];
    lengths.into_iter().max().unwrap_or_default()
}

/// The progress of re-encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Accounts read.
    pub accounts: u64,
    /// Sessions read.
    pub sessions: u64,
    /// Recorded events read.
    pub events: u64,
    /// Accounts and sessions re-encrypted, and events signed again.
    pub resealed: u64,
    /// Accounts and sessions that can't be decrypted, and events whose signature is not valid.
    pub unopened: u64,
}

/// Re-encrypts everything in the table under the first key, page by page. It may be cut short and done again. Messages
/// that wait to be sent are left as they are: they go when they are sent.
pub async fn reseal(app: &App, mut tell: impl FnMut(Progress)) -> Result<Progress, KeyRotationError> {
    let store = app.store().ok_or(KeyRotationError::NoTable)?;
    let mut progress = Progress::default();
    let mut at: Option<Bookmark> = None;
    loop {
        let page = store.page(at).await?;
        for account in page.accounts {
            progress.accounts += 1;
            progress.count(reseal_account(app, store, account).await?);
        }
        for session in page.sessions {
            progress.sessions += 1;
            progress.count(reseal_session(app, store, session).await?);
        }
        for event in page.events.iter().filter(|event| event.expires_at > app.clock.now().seconds()) {
            progress.events += 1;
            progress.count(sign_again(app, store, event).await?);
        }
        tell(progress);
        at = page.next;
        if at.is_none() {
            break;
        }
    }
    if progress.unopened > 0 { Err(KeyRotationError::Unopened(progress.unopened)) } else { Ok(progress) }
}

impl Progress {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Current => {}
            Outcome::Resealed => self.resealed += 1,
            Outcome::Unopened => self.unopened += 1,
        }
    }
}

/// What came of sealing something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Current,
    Resealed,
    Unopened,
}

async fn reseal_account(app: &App, store: &Store, first: Stored<Account>) -> Result<Outcome, StoreError> {
    let id = first.value.id.clone();
    let mut found = Some(first);
    for _ in 0..MOST_TRIES {
        let Some(stored) = found else { return Ok(Outcome::Current) };
        let mut account = stored.value.clone();
        if let Err(unopened) = reseal_in(&app.secrets().keys, &app.random, seals_of(&mut account)) {
            report(unopened);
            tracing::error!(account = id.as_str(), "not resealed");
            return Ok(Outcome::Unopened);
        }
        give_code_keys(&app.secrets().keys, &app.random, &mut account);
        if account == stored.value {
            return Ok(Outcome::Current);
        }
        let mut changes = Changes::of_account(Some(stored), Some(account));
        match commit_until(app, store, &Actor::OPERATOR, &Loaded::default(), &mut changes, app.clock.now())
            .await
        {
            Err(StoreError::Lost) => found = store.account(&id).await?,
            done => return done.map(|()| Outcome::Resealed),
        }
    }
    Err(StoreError::Lost)
}

async fn reseal_session(
    app: &App,
    store: &Store,
    first: Stored<StoredSession>,
) -> Result<Outcome, StoreError> {
    let key = first.value.key.clone();
    let mut found = Some(first);
    for _ in 0..MOST_TRIES {
        let Some(stored) = found.filter(|stored| stored.value.expires_at > app.clock.now()) else {
            return Ok(Outcome::Current);
        };
        let mut session = stored.value.session.clone();
        let seals = seals_of_session(&mut session);
        if let Err(unopened) = reseal_in(&app.secrets().keys, &app.random, seals) {
            report(unopened);
            return Ok(Outcome::Unopened);
        }
        if session == stored.value.session {
            return Ok(Outcome::Current);
        }
        let others = vec![(key.clone(), stored.version, session)];
        let mut changes = Changes { others, accounts: Vec::new(), ..Changes::of_account(None, None) };
        let until = stored.value.expires_at;
        match commit_until(app, store, &Actor::OPERATOR, &Loaded::default(), &mut changes, until).await {
            Err(StoreError::Lost) => {
                let loaded = store.load(&[], &[Need::Session(key.clone())]).await?;
                found = loaded.others.into_values().flatten().next();
            }
            done => return done.map(|()| Outcome::Resealed),
        }
    }
    Err(StoreError::Lost)
}

async fn sign_again(app: &App, store: &Store, event: &EventItem) -> Result<Outcome, StoreError> {
    let keys = app.secrets().keys;
    if Keys::signer_of_events(event) == Some(keys.id()) {
        return Ok(Outcome::Current);
    }
    if !keys.is_event_mac(event) {
        tracing::error!(
            account = event.account.as_str(),
            id = event.id,
            "not signed again: not the events that were signed"
        );
        return Ok(Outcome::Unopened);
    }
    store.sign_events(event, &keys.event_mac(event)).await.map(|()| Outcome::Resealed)
}

/// Fails unless nothing in the table needs the key: what names it does, and so may what names none.
async fn check_unneeded(app: &App, id: &str) -> Result<(), KeyRotationError> {
    let store = app.store().ok_or(KeyRotationError::NoTable)?;
    let needs = |sealer: Option<&str>| sealer.is_none_or(|sealer| sealer == id);
    let any_needs = |seals: Vec<Seal<'_>>| seals.iter().any(|seal| needs(seal.sealed.sealer()));
    let (mut accounts, mut sessions, mut events, mut messages) = (0, 0, 0, 0);
    let keys = app.secrets().keys;
    // What was altered needs no key: it is not what any has signed.
    let is_signed = |event: &&EventItem| {
        event.expires_at > app.clock.now().seconds()
            && Keys::signer_of_events(event) == Some(id)
            && keys.is_event_mac(event)
    };
    let mut at: Option<Bookmark> = None;
    loop {
        let mut page = store.page(at).await?;
        for stored in &mut page.accounts {
            let is_needed = has_unkeyed_codes(&stored.value)
                || names(&unknown_of(&stored.value), id)
                || any_needs(seals_of(&mut stored.value));
            accounts += u64::from(is_needed);
        }
        for stored in &mut page.sessions {
            let is_needed = stored.value.expires_at > app.clock.now()
                && (names(&unknown_of_session(&stored.value.session), id)
                    || any_needs(seals_of_session(&mut stored.value.session)));
            sessions += u64::from(is_needed);
        }
        let of_messages = page.messages.iter().filter(|it| needs(Keys::sealer_of_message(&it.sealed)));
        messages += of_messages.map(|_| 1).sum::<u64>();
        events += page.events.iter().filter(is_signed).map(|_| 1).sum::<u64>();
        at = page.next;
        if at.is_none() {
            break;
        }
    }
    if accounts + sessions + events + messages == 0 {
        return Ok(());
    }
    Err(KeyRotationError::StillNeeded { id: id.to_owned(), accounts, sessions, events, messages })
}

/// Whether what a later release has stored names the key: whatever is sealed begins with the id of its key. What users
/// choose is not searched, as the id is no secret.
fn names(unknown: &Value, id: &str) -> bool {
    unknown.to_string().contains(&format!("\"{id}."))
}

/// What only a later release knows of an account, where it could have sealed something.
fn unknown_of(account: &Account) -> Value {
    let authenticators = account.authenticators.iter().map(|authenticator| {
        let factor = match &authenticator.factor {
            Factor::Totp(totp) => &totp.unknown,
            Factor::RecoveryCodes(codes) => &codes.unknown,
            Factor::WebAuthn(credential) => &credential.unknown,
        };
        json!([authenticator.unknown, factor])
    });
    let socials = account.social_accounts.iter().map(|social| json!(social.unknown));
    json!([
        account.unknown,
        account.events.as_ref().map(|log| &log.unknown),
        account.authenticators.unknown(),
        account.social_accounts.unknown(),
        authenticators.chain(socials).collect::<Vec<_>>(),
    ])
}

/// What only a later release knows of a session.
fn unknown_of_session(session: &Session) -> Value {
    let state = match &session.state {
        State::Unknown(state) => state.clone(),
        State::Authenticated(login) => json!(login.unknown),
        State::Pending(pending) => json!(pending.unknown),
        State::Anonymous => Value::Null,
    };
    let signup =
        session.social_signup.as_ref().map(|pending| json!([pending.unknown, pending.profile.unknown]));
    json!([session.unknown, state, signup])
}

/// Something sealed, and what it is bound to.
struct Seal<'a> {
    purpose: SealPurpose,
    place: String,
    sealed: &'a mut Sealed,
}

/// All that an account keeps sealed.
fn seals_of(account: &mut Account) -> Vec<Seal<'_>> {
    let id = account.id.clone();
    let own = |purpose, sealed| Seal { purpose, place: id.as_str().to_owned(), sealed };
    let mut seals = Vec::new();
    for authenticator in &mut account.authenticators {
        match &mut authenticator.factor {
            Factor::Totp(totp) => seals.push(own(SealPurpose::TotpSecret, &mut totp.secret)),
            Factor::RecoveryCodes(codes) => {
                seals.extend(codes.shown.as_mut().map(|sealed| own(SealPurpose::RecoveryCodes, sealed)));
                seals.extend(codes.key.as_mut().map(|sealed| own(SealPurpose::RecoveryKey, sealed)));
            }
            Factor::WebAuthn(_) => {}
        }
    }
    let key = account.events.as_mut().and_then(|log| log.key.as_mut());
    seals.extend(key.map(|sealed| own(SealPurpose::EventKey, sealed)));
    for social in &mut account.social_accounts {
        let place = place(Some(&id), &social.provider, &social.uid);
        let tokens = social.tokens.as_mut();
        seals.extend(tokens.map(|sealed| Seal { purpose: SealPurpose::ProviderTokens, place, sealed }));
    }
    seals
}

/// All that a session keeps sealed.
fn seals_of_session(session: &mut Session) -> Vec<Seal<'_>> {
    let owner = session.account().map(|id| id.as_str().to_owned());
    let mut seals = Vec::new();
    if let (Some(place), Some(sealed)) = (owner, session.totp_secret.as_mut()) {
        seals.push(Seal { purpose: SealPurpose::TotpSecret, place, sealed });
    }
    if let Some(pending) = &mut session.social_signup {
        let place = place(None, &pending.profile.provider, &pending.profile.uid);
        let tokens = pending.tokens.as_mut();
        seals.extend(tokens.map(|sealed| Seal { purpose: SealPurpose::ProviderTokens, place, sealed }));
    }
    seals
}

fn reseal_in(keys: &Keys, random: &Random, seals: Vec<Seal<'_>>) -> Result<(), Unopened> {
    for Seal { purpose, place, sealed } in seals {
        if let Some(again) = keys.reseal(purpose, random, &place, sealed)? {
            *sealed = again;
        }
    }
    Ok(())
}

/// Whether an account has recovery codes whose hashes follow from `SECRET_KEY` itself.
fn has_unkeyed_codes(account: &Account) -> bool {
    account.authenticators.iter().any(|authenticator| match &authenticator.factor {
        Factor::RecoveryCodes(codes) => codes.key.is_none(),
        Factor::Totp(_) | Factor::WebAuthn(_) => false,
    })
}

/// Keeps what such hashes were made with, sealed, so that they outlast the key.
fn give_code_keys(keys: &Keys, random: &Random, account: &mut Account) {
    let place = account.id.as_str().to_owned();
    for authenticator in &mut account.authenticators {
        if let Factor::RecoveryCodes(codes) = &mut authenticator.factor
            && codes.key.is_none()
        {
            let secret = keys.code_hasher().to_secret();
            codes.key = Some(keys.seal(SealPurpose::RecoveryKey, random, &place, &secret));
        }
    }
}

/// When every process knows the key that was added; none where none is waiting.
pub fn known_at(document: &KeyDocument) -> Option<Timestamp> {
    document.added().map(|(_, known_at)| known_at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::account_id::AccountId;
    use crate::domain::authenticator::{Authenticator, RecoveryCodes, Totp};
    use crate::domain::document::UnknownMembers;
    use crate::domain::social::SocialAccount;
    use crate::signing::CodeHasher;

    const OLD: &str = "the-key-before-that-only-these-tests-know";
    const NEW: &str = "the-key-after-that-only-these-tests-know";

    fn keys(first: &str, fallbacks: &[&str]) -> Keys {
        Keys::with_fallbacks(Secret::new(first), fallbacks.iter().map(|key| Secret::new(*key)))
    }

    /// As it was sealed before seals named their key.
    fn unnamed(sealed: &Sealed) -> Sealed {
        Sealed(sealed.0.split_once('.').unwrap().1.to_owned())
    }

    /// An account of before there were ids of keys, and keys of recovery codes.
    fn account() -> Account {
        let at = Timestamp::from_millis(0);
        let mut account = Account::new(AccountId::parse("0198c0de").unwrap(), at);
        let (old, random) = (keys(OLD, &[]), Random::system());
        let seal = |purpose, place: &str| unnamed(&old.seal(purpose, &random, place, &Secret::new("x")));
        let codes = RecoveryCodes {
            unused: vec![old.code_hasher().hash(&account.id, "12345678")],
            key: None,
            total: 1,
            shown: Some(seal(SealPurpose::RecoveryCodes, "0198c0de")),
            viewed_at: None,
            unknown: UnknownMembers::NONE,
        };
        let totp = Totp::new(seal(SealPurpose::TotpSecret, "0198c0de"));
        let factors = [Factor::Totp(totp), Factor::RecoveryCodes(codes)];
        let authenticators = (1..).zip(factors).map(|(id, factor)| Authenticator::new(id, factor, at));
        account.authenticators = authenticators.collect::<Vec<_>>().into();
        account.social_accounts = vec![SocialAccount {
            provider: "a".into(),
            uid: "1".into(),
            display: None,
            tokens: Some(seal(SealPurpose::ProviderTokens, "0198c0de a 1")),
            connected_at: at,
            unknown: UnknownMembers::NONE,
        }]
        .into();
        account
    }

    #[test]
    fn a_key_is_needed_by_what_only_a_later_release_can_open() {
        let account = serde_json::to_value(account()).unwrap();
        for later in [json!({"secret": "0ldk3y00.c2VjcmV0"}), json!("{\"secret\":\"0ldk3y00.c2VjcmV0\"}")] {
            let mut account = account.clone();
            // Users choose what begins with it.
            account["username"] = json!("0ldk3y00.x");
            account["authenticators"][0]["later"] = later;
            let mut account: Account = serde_json::from_value(account).unwrap();
            let unknown = unknown_of(&account);
            assert!(names(&unknown, "0ldk3y00") && !names(&unknown, "ldk3y00"));
            account.authenticators.clear();
            assert!(!names(&unknown_of(&account), "0ldk3y00"));
        }
    }

    #[test]
    fn everything_of_an_account_outlasts_the_key() {
        let mut account = account();
        let random = Random::system();
        let both = keys(NEW, &[OLD]);
        assert!(has_unkeyed_codes(&account));
        reseal_in(&both, &random, seals_of(&mut account)).unwrap();
        give_code_keys(&both, &random, &mut account);
        assert!(!has_unkeyed_codes(&account));
        let new = keys(NEW, &[]);
        let id = account.id.clone();
        let seals = seals_of(&mut account);
        assert_eq!(seals.len(), 4);
        for Seal { purpose, place, sealed } in seals {
            assert_eq!(sealed.sealer(), Some(new.id()));
            let opened = new.open(purpose, &place, sealed).unwrap();
            if purpose == SealPurpose::RecoveryKey {
                let hash = keys(OLD, &[]).code_hasher().hash(&id, "12345678");
                assert!(CodeHasher::read(&opened).unwrap().matches(&id, "12345678", &hash));
            }
        }
        let before = account.clone();
        reseal_in(&both, &random, seals_of(&mut account)).unwrap();
        give_code_keys(&both, &random, &mut account);
        assert_eq!(account, before, "the step may be repeated");
    }

    #[test]
    fn what_no_key_opens_is_left_as_it_is() {
        let mut account = account();
        let before = account.clone();
        let opened = reseal_in(&keys(NEW, &[]), &Random::system(), seals_of(&mut account));
        assert_eq!(opened, Err(Unopened(SealPurpose::TotpSecret)));
        assert_eq!(account, before);
    }

    #[test]
    fn what_was_signed_is_waited_for_as_long_as_it_is_good() {
        let lasts = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            signed_lasts(&Settings::read(variables).unwrap().settings).as_secs()
        };
        assert_eq!(lasts(&[]), 3 * 86400);
        assert_eq!(lasts(&[("PASSWORD_RESET_TIMEOUT", "600000")]), 600_000);
        assert_eq!(lasts(&[("MFA_TRUST_ENABLED", "true")]), 14 * 86400);
        let hmac = [("HEADLESS_TOKEN_STRATEGY", "jwt"), ("HEADLESS_JWT_ALGORITHM", "HS256")];
        let long = ("HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN", "5000000");
        assert_eq!(lasts(&[hmac[0], hmac[1], long]), 5_000_000);
        assert_eq!(lasts(&[hmac[0], long]), 3 * 86400, "RS256 has keys of its own");
    }
}
