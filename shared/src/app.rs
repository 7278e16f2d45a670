//! A process: settings, keys, table, clock and randomness, created once at start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::try_join4;

use crate::aws::secret::{AwsSecret, CURRENT, SecretVersion};
use crate::aws::{Aws, AwsError};
use crate::breached::BreachedPasswords;
use crate::clock::Clock;
use crate::domain::account_id::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;
use crate::environment;
use crate::flows::visit::Context;
use crate::jwt::{Jwt, KeyError, KeySet, TokenUse};
use crate::outside::{CaptchaClient, HookClient, Internet, ProviderClient, hook};
use crate::password::Passwords;
use crate::random::Random;
use crate::secret::Secret;
use crate::secret_key::{KeyDocument, READ_AT_MOST_EVERY, READ_EVERY};
use crate::settings::{self, JwtSettings, Settings, TokenStrategy};
use crate::signing::{Keys, Unopened};
use crate::store::Store;
use crate::texts::{LanguageFaults, Languages};

/// What a commit has left to deliver.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// The ids of messages that it has put into the outbox.
    pub messages: Vec<String>,
    /// The recorded events: the account, and the id of the item.
    pub events: Vec<(AccountId, String)>,
}

/// Called after a commit, if there is no stream.
pub type AfterCommit = Arc<dyn Fn(Committed) -> lambda_http::BoxFuture<'static, ()> + Send + Sync>;

/// The state that all requests of a process share.
#[derive(Clone)]
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The keys of the process, replaced when newer ones are read.
    secrets: Arc<RwLock<ProcessKeys>>,
    /// The secret from which `SECRET_KEY` is read again, unless the settings contain it.
    key_source: Option<Arc<KeySource>>,
    /// Whether access and refresh tokens are enabled.
    has_tokens: bool,
    /// The secret with the token keys, if it had none at start.
    token_keys: Option<(Aws, String)>,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
    /// What stands for the internet, in a simulation.
    pub internet: Option<Internet>,
    /// Delivers the messages and events of a commit, if there is no stream.
    pub after_commit: Option<AfterCommit>,
    /// The client for providers, in the function that has one.
    pub outside: Option<Arc<dyn ProviderClient>>,
    /// The texts of responses, in each enabled language.
    pub languages: Languages,
    /// The client of the site's own hook, in the functions that ask it, if there is one.
    pub hook: Option<Arc<dyn HookClient>>,
    /// The client of the bot check, in the functions that have one, if it is on.
    pub captcha: Option<Arc<dyn CaptchaClient>>,
    aws: Option<Aws>,
    store: Option<Store>,
}

/// What a process has around it: a simulation makes its own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// AWS, if it asks anything of it.
    pub aws: Option<Aws>,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
    /// What stands for the internet, if it is not the real one.
    pub internet: Option<Internet>,
}

/// The keys that one request uses from beginning to end.
#[derive(Clone)]
pub struct ProcessKeys {
    /// The keys for links, codes and encryption.
    pub keys: Keys,
    /// The signer of access and refresh tokens; none if they are disabled, or have no keys yet.
    pub jwt: Option<Arc<Jwt>>,
}

/// A secret that holds `SECRET_KEY`, and may hold others by now.
struct KeySource {
    aws: Aws,
    arn: String,
    reading: Mutex<Reading>,
}

/// When a secret was read.
#[derive(Clone, Copy)]
struct Reading {
    /// The latest time that it could be.
    read_at: Timestamp,
    /// The latest time that this process tried to read it again.
    tried_at: Option<Timestamp>,
}

/// Why a process can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are invalid: all errors are listed.
    #[error("{0}")]
    Settings(#[from] settings::Errors),
    /// AWS can't be reached.
    #[error("{0}")]
    Aws(#[from] AwsError),
    /// There is no `SECRET_KEY`.
    #[error("SECRET_KEY: {0}")]
    SecretKey(String),
    /// The dummy provider, which accepts any identity, is enabled on AWS.
    #[error(
        "INSTALLED_APPS: the dummy provider believes whatever it is told, and is for the local stack only"
    )]
    DummyProvider,
    /// The client secrets of the providers can't be used.
    #[error("SOCIALACCOUNT_PROVIDERS_SECRET_ARN: {0}")]
    ProviderSecrets(String),
    /// The hook is in another region or account.
    #[error("ACCOUNT_HOOK_FUNCTION_ARN: {0}")]
    Hook(String),
    /// Texts of an operator's own can't be used: all errors are listed.
    #[error("{0}")]
    Languages(#[from] LanguageFaults),
    /// The file of breached passwords can't be used.
    #[error("PASSWORD_BREACHED_FILE={path}: {reason}")]
    BreachedPasswords {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A secret can't be fetched.
    #[error("{0}")]
    Secret(String),
    /// There is no key for access and refresh tokens, or it can't be used.
    #[error("{0}")]
    TokenKey(String),
}

/// The resources that a process requires besides its settings.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that is needed or is not")]
pub struct Requirements {
    /// The table.
    pub table: bool,
    /// `SECRET_KEY`.
    pub secret_key: bool,
    /// The client secrets of the providers.
    pub provider_secrets: bool,
    /// The keys of access and refresh tokens, if enabled.
    pub token_keys: bool,
    /// What events are signed with, if they are recorded.
    pub events: bool,
    /// The passwords that data breaches have made known, if there is a file of them.
    pub breached_passwords: bool,
    /// The secret key of the bot check, if it is on.
    pub captcha_secret: bool,
    /// The texts of responses: who has none does not link them either.
    pub texts: Option<LoadTexts>,
}

/// Loads texts in the enabled languages.
pub type LoadTexts = fn(&Settings) -> Result<Languages, LanguageFaults>;

impl Requirements {
    /// Everything but texts.
    pub const ALL: Self = Self {
        table: true,
        secret_key: true,
        token_keys: true,
        provider_secrets: true,
        events: true,
        breached_passwords: true,
        captcha_secret: true,
        texts: None,
    };
    /// What operators' commands change accounts with.
    pub const OPERATOR: Self = Self { events: true, ..Self::TABLE };
    /// The table, and nothing secret.
    pub const TABLE: Self = Self {
        secret_key: false,
        token_keys: false,
        provider_secrets: false,
        events: false,
        breached_passwords: false,
        captcha_secret: false,
        ..Self::ALL
    };
}

impl App {
    /// Reads the settings from variables, and connects to what is required.
    pub async fn start(
        variables: HashMap<String, String>,
        requirements: Requirements,
    ) -> Result<Self, StartError> {
        let variables = environment::complete(variables)?;
        let settings::LoadedSettings { settings, hints } = Settings::read(variables.clone())?;
        for hint in hints {
            tracing::warn!("{hint}");
        }
        Self::with_settings(settings, variables, requirements).await
    }

    /// Connects to what is required, with settings that have been read from these variables.
    pub async fn with_settings(
        settings: Settings,
        variables: HashMap<String, String>,
        requirements: Requirements,
    ) -> Result<Self, StartError> {
        // One for all services: what it knows of TLS is made once.
        let wanted = Wanted::of(&settings, requirements);
        let connects = requirements.table || wanted.arns().iter().any(Option::is_some);
        let aws = connects.then(|| Aws::new(variables)).transpose()?;
        let surroundings =
            Surroundings { aws, clock: Clock::system(), random: Random::system(), internet: None };
        Box::pin(Self::within(settings, requirements, surroundings)).await
    }

    /// Starts in these surroundings.
    pub async fn within(
        mut settings: Settings,
        requirements: Requirements,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let Surroundings { aws, clock, random, internet } = surroundings;
        if requirements.breached_passwords {
            read_breached_passwords(&mut settings)?;
        }
        let languages = requirements.texts.map(|load| load(&settings)).transpose()?.unwrap_or_default();
        let wanted = Wanted::of(&settings, requirements);
        if let Some(misplaced) = aws.as_ref().and_then(|aws| hook::misplaced(&settings, aws)) {
            return Err(StartError::Hook(misplaced));
        }
        let store = aws.as_ref().filter(|_| requirements.table).map(|aws| Store::new(aws, &settings.table));
        // Boxed: the SDK's futures are large, and most processes fetch one secret.
        let fetch = |arn| Box::pin(fetch_secret_if(aws.as_ref(), arn));
        let [secret_key, jwt_keys, provider_secrets, captcha] = wanted.arns();
        let fetched =
            try_join4(fetch(secret_key), fetch(jwt_keys), fetch(provider_secrets), fetch(captcha)).await;
        let (secret, token_keys, provider_secrets, captcha) = fetched.map_err(StartError::Secret)?;
        if let Some(token_keys) = &token_keys {
            report_overdue(&settings.headless.jwt, token_keys, clock.now());
        }
        let [secret, token_keys, provider_secrets, captcha] = [secret, token_keys, provider_secrets, captcha]
            .map(|fetched| fetched.map(|fetched| fetched.text));
        settings.captcha.secret = captcha.or(settings.captcha.secret.take());
        let keys = keys(&settings, wanted.secret_key, secret.as_ref(), &random)?;
        if let Some(secrets) = provider_secrets {
            settings.socialaccount.learn(&secrets).map_err(StartError::ProviderSecrets)?;
        }
        let jwt =
            if wanted.jwt { token_maker(&settings.headless.jwt, &keys, token_keys.as_ref())? } else { None };
        let lacks_keys = wanted.jwt && jwt.is_none();
        let reading = Reading { read_at: clock.now(), tried_at: None };
        let key_source = aws.clone().zip(wanted.secret_key_arn.clone());
        let key_source =
            key_source.map(|(aws, arn)| Arc::new(KeySource { aws, arn, reading: Mutex::new(reading) }));
        Ok(Self {
            settings: Arc::new(settings),
            secrets: Arc::new(RwLock::new(ProcessKeys { keys, jwt: jwt.map(Arc::new) })),
            key_source,
            has_tokens: wanted.jwt,
            token_keys: aws.clone().zip(wanted.jwt_keys_arn.clone()).filter(|_| lacks_keys),
            clock,
            random,
            internet,
            after_commit: None,
            outside: None,
            languages,
            hook: None,
            captcha: None,
            aws,
            store,
        })
    }

    /// The current keys.
    pub fn secrets(&self) -> ProcessKeys {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, secrets: ProcessKeys) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    /// The signer of access and refresh tokens; none if they are disabled, or have no keys yet.
    pub fn jwt(&self) -> Option<Arc<Jwt>> {
        self.secrets().jwt
    }

    /// Whether access and refresh tokens are enabled, but have no keys yet.
    pub fn lacks_token_keys(&self) -> bool {
        self.has_tokens && self.jwt().is_none()
    }

    /// Reads newer keys before a request, if the last time is long ago or the access token names an unknown key.
    pub async fn look_for_keys(&self, access_token: Option<&str>) {
        self.look_for_token_keys().await;
        self.read_keys_again(Some(READ_EVERY)).await;
        if let Some(token) = access_token
            && self.settings.headless.jwt.is_shared()
            && self.session_of(token).is_none()
        {
            self.finds_newer_keys().await;
        }
    }

    /// Reads the keys again after an unknown key id, at most once a minute. Returns whether they have changed, so that
    /// the request decides again.
    pub async fn finds_newer_keys(&self) -> bool {
        self.secrets().keys.unknown().take() && self.read_keys_again(None).await
    }

    /// Reads the keys again, where that was so long ago: whether there are others now.
    async fn read_keys_again(&self, after: Option<Duration>) -> bool {
        let is_due = |source: &&Arc<KeySource>| source.is_due(after, self.clock.now());
        let Some(source) = self.key_source.as_ref().filter(is_due) else { return false };
        let found = fetch_secret(Some(&source.aws), Some(&source.arn)).await;
        let read = found.and_then(|secret| {
            let secret = secret.unwrap_or_else(|| Secret::new(""));
            KeyDocument::read(&secret).map_err(|error| error.to_string())
        });
        match read {
            Ok(document) => {
                source.was_read(self.clock.now());
                self.take(document.keys(&self.settings.secret_key_fallbacks))
            }
            Err(error) => {
                tracing::error!(error, "SECRET_KEY can't be read again");
                false
            }
        }
    }

    /// Takes keys into use, unless they are the same.
    fn take(&self, keys: Keys) -> bool {
        let ProcessKeys { keys: before, jwt } = self.secrets();
        if before.ids().eq(keys.ids()) {
            return false;
        }
        let keys = keys.noting(before.unknown().clone());
        let tokens = &self.settings.headless.jwt;
        let jwt = if self.has_tokens && tokens.private_key.is_none() && tokens.is_shared() {
            Jwt::with_derived_secrets(tokens, &keys).ok().map(Arc::new)
        } else {
            jwt
        };
        tracing::info!(key = keys.id(), "SECRET_KEY was read again, and has changed");
        self.replace(ProcessKeys { keys, jwt });
        true
    }

    /// Reads the token keys again if there were none: once tokens are enabled, the function `keys` needs a moment to
    /// generate the first.
    async fn look_for_token_keys(&self) {
        let Some((aws, arn)) = self.token_keys.as_ref().filter(|_| self.lacks_token_keys()) else { return };
        let secrets = self.secrets();
        let found = fetch_secret(Some(aws), Some(arn)).await.and_then(|secret| {
            token_maker(&self.settings.headless.jwt, &secrets.keys, secret.as_ref())
                .map_err(|error| error.to_string())
        });
        match found {
            Ok(Some(found)) => self.replace(ProcessKeys { jwt: Some(Arc::new(found)), ..secrets }),
            Ok(None) => tracing::warn!("{NO_KEYS}"),
            Err(error) => tracing::error!(error, "failed"),
        }
    }

    /// The session of a valid access token.
    pub fn session_of(&self, access_token: &str) -> Option<SessionKey> {
        let claims = self.jwt()?.read(access_token, TokenUse::Access)?;
        claims.session().filter(|_| !claims.has_expired(self.clock.now()))
    }

    /// The secret in AWS Secrets Manager that holds `SECRET_KEY`, if any.
    pub(crate) fn key_vault(&self) -> Option<(&Aws, &str)> {
        self.key_source.as_ref().map(|source| (&source.aws, source.arn.as_str()))
    }

    /// The password hasher of one request.
    pub fn passwords(&self) -> Passwords<'_> {
        Passwords::new(&self.settings.passwords.argon2, &self.random)
    }

    /// What the flows of one request are given.
    pub fn context<'a>(&'a self, secrets: &'a ProcessKeys, passwords: &'a Passwords<'a>) -> Context<'a> {
        Context {
            settings: &self.settings,
            keys: &secrets.keys,
            random: &self.random,
            passwords,
            jwt: secrets.jwt.as_deref(),
        }
    }

    /// The clients of AWS services, if this process uses any.
    pub const fn aws(&self) -> Option<&Aws> {
        self.aws.as_ref()
    }

    /// The table, if this process uses it.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

impl KeySource {
    /// Whether it is time to read it again, as it was not read for so long; it counts as tried then.
    fn is_due(&self, after: Option<Duration>, now: Timestamp) -> bool {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = after.is_none_or(|after| reading.read_at.is_older_than(after, now))
            && reading.tried_at.is_none_or(|at| at.is_older_than(READ_AT_MOST_EVERY, now));
        if is_due {
            reading.tried_at = Some(now);
        }
        is_due
    }

    fn was_read(&self, now: Timestamp) {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).read_at = now;
    }
}

/// Logs that an item can't be decrypted, for the alarm (`infra/alarms.yaml`).
pub(crate) fn report(unopened: Unopened) {
    tracing::error!(Unopened = 1, error = %unopened, "an item of the table cannot be decrypted");
}

/// Reads the file of breached passwords, if there is one.
fn read_breached_passwords(settings: &mut Settings) -> Result<(), StartError> {
    let Some(file) = &mut settings.passwords.breached else { return Ok(()) };
    let unusable = |reason: String| StartError::BreachedPasswords { path: file.path.clone(), reason };
    let content = std::fs::read(&file.path).map_err(|error| unusable(error.to_string()))?;
    let read = BreachedPasswords::read(&content).map_err(|error| unusable(error.to_string()))?;
    file.passwords = Some(Arc::new(read));
    Ok(())
}

/// Which secrets a process needs.
struct Wanted {
    secret_key: bool,
    /// Where it is to be read from, where it is not among the settings.
    secret_key_arn: Option<String>,
    /// Whether it makes or checks tokens.
    jwt: bool,
    /// Where the keys for them are to be read from.
    jwt_keys_arn: Option<String>,
    /// Where the client secrets for other services are to be read from.
    provider_secrets_arn: Option<String>,
    /// Where the secret key of the bot check is to be read from.
    captcha_secret_arn: Option<String>,
}

impl Wanted {
    fn of(settings: &Settings, requirements: Requirements) -> Self {
        let tokens = &settings.headless.jwt;
        let jwt = requirements.token_keys && settings.headless.token_strategy == TokenStrategy::Jwt;
        let is_given = tokens.private_key.is_some();
        let signs_events = requirements.events && settings.events.are_recorded();
        let secret_key = requirements.secret_key || signs_events || (jwt && !is_given && tokens.is_shared());
        let arn_if = |wanted: bool, arn: &Option<String>| arn.clone().filter(|_| wanted);
        Self {
            secret_key,
            secret_key_arn: arn_if(secret_key && settings.secret_key.is_none(), &settings.secret_key_arn),
            jwt,
            jwt_keys_arn: arn_if(jwt && !is_given && !tokens.is_shared(), &tokens.keys_arn),
            provider_secrets_arn: arn_if(
                requirements.provider_secrets,
                &settings.socialaccount.providers_secret_arn,
            ),
            captcha_secret_arn: arn_if(
                requirements.captcha_secret && settings.captcha.is_on() && settings.captcha.secret.is_none(),
                &settings.captcha.secret_arn,
            ),
        }
    }

    fn arns(&self) -> [Option<&str>; 4] {
        let arns =
            [&self.secret_key_arn, &self.jwt_keys_arn, &self.provider_secrets_arn, &self.captcha_secret_arn];
        arns.map(Option::as_deref)
    }
}

/// The keys that everything is derived from, from the settings or from what a secret holds.
fn keys(
    settings: &Settings,
    are_needed: bool,
    fetched: Option<&Secret>,
    random: &Random,
) -> Result<Keys, StartError> {
    let fallbacks = &settings.secret_key_fallbacks;
    match (&settings.secret_key, fetched) {
        // What is never used needs no secret, and least of all the real one.
        _ if !are_needed => Ok(Keys::new(Secret::new(random.secret()))),
        (Some(secret), _) => Ok(Keys::with_fallbacks(secret.clone(), fallbacks.iter().cloned())),
        (None, Some(secret)) => KeyDocument::read(secret)
            .map(|document| document.keys(fallbacks))
            .map_err(|error| StartError::SecretKey(error.to_string())),
        (None, None) => {
            let text = "set it, or SECRET_KEY_ARN to a secret that holds it";
            let why = "; AUDIT_RETENTION_DAYS needs it wherever accounts change (on AWS: the parameter AuditRetentionDays)";
            let why = if settings.events.are_recorded() { why } else { "" };
            Err(StartError::SecretKey(format!("{text}{why}")))
        }
    }
}

/// How much later than planned a rotation may be: Secrets Manager chooses the hour.
const ROTATION_MARGIN_DAYS: i64 = 2;

/// Logs that the token keys should have been rotated long ago, for the alarm (`infra/alarms.yaml`): Secrets Manager may
/// fail to rotate without ever invoking the function `keys`, whose errors would be noticed.
fn report_overdue(settings: &JwtSettings, keys: &SecretVersion, now: Timestamp) {
    let Some(age_days) = overdue(settings, keys.created_at, now) else { return };
    tracing::error!(KeysOverdue = 1, age_days, "the signing keys of tokens were not rotated in time");
}

/// The age of token keys in days, if they should have been rotated long ago.
fn overdue(settings: &JwtSettings, created_at: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let most_days = i64::from(settings.keys_rotation_days?) + ROTATION_MARGIN_DAYS;
    let days = (now.seconds() - created_at?.seconds()) / 86_400;
    (days > most_days).then_some(days)
}

const NO_KEYS: &str =
    "HEADLESS_JWT_KEYS_ARN: the secret holds no keys yet; the function keys makes some when it is rotated";

/// What makes tokens; none where the secret for its keys holds none yet.
fn token_maker(
    settings: &JwtSettings,
    secret_key: &Keys,
    fetched: Option<&Secret>,
) -> Result<Option<Jwt>, StartError> {
    let unusable = |name: &str, error: KeyError| StartError::TokenKey(format!("{name}: {error}"));
    let private = |error| unusable("HEADLESS_JWT_PRIVATE_KEY", error);
    let made = match (&settings.private_key, fetched) {
        (Some(secret), _) if settings.is_shared() => {
            Jwt::with_shared_secret(settings, secret).map_err(private)?
        }
        (None, _) if settings.is_shared() => {
            Jwt::with_derived_secrets(settings, secret_key).map_err(|error| unusable("SECRET_KEY", error))?
        }
        (Some(pem), _) => Jwt::with_private_key(settings, pem).map_err(private)?,
        (None, Some(document)) => {
            let Ok(set) = serde_json::from_str::<KeySet>(document.expose()) else { return Ok(None) };
            Jwt::with_key_set(settings, &set).map_err(|error| unusable("HEADLESS_JWT_KEYS_ARN", error))?
        }
        (None, None) => {
            let text = "HEADLESS_JWT_PRIVATE_KEY: set it, or HEADLESS_JWT_KEYS_ARN to a secret that the function keys keeps";
            return Err(StartError::TokenKey(text.to_owned()));
        }
    };
    Ok(Some(made))
}

/// Reads the current version of a secret in Secrets Manager; none if there is no ARN.
pub async fn fetch_secret(aws: Option<&Aws>, arn: Option<&str>) -> Result<Option<Secret>, String> {
    Ok(fetch_secret_if(aws, arn).await?.map(|fetched| fetched.text))
}

async fn fetch_secret_if(aws: Option<&Aws>, arn: Option<&str>) -> Result<Option<SecretVersion>, String> {
    let (Some(aws), Some(arn)) = (aws, arn) else { return Ok(None) };
    fetch_secret_version(&AwsSecret::new(aws, arn)).await.map(Some)
}

/// Reads the current version of a secret in Secrets Manager.
pub(crate) async fn fetch_secret_version(secret: &AwsSecret) -> Result<SecretVersion, String> {
    let read = secret.get(CURRENT, None).await;
    read.map_err(|why| format!("the secret {} can't be read: {why}", secret.arn()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_overdue_two_days_after_their_rotation() {
        let jwt = |days: &[(&str, &str)]| {
            let variables = days.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Settings::read(variables).unwrap().settings.headless.jwt
        };
        let ninety = jwt(&[("HEADLESS_JWT_KEYS_ROTATION_DAYS", "90")]);
        let day = |days: i64| Timestamp::from_millis(days * 86_400_000 + 1);
        let created_at = Some(day(20_000));
        for (days, expected) in
            [(0, None), (90, None), (92, None), (93, Some(93)), (400, Some(400)), (-1, None)]
        {
            assert_eq!(overdue(&ninety, created_at, day(20_000 + days)), expected, "{days}");
        }
        assert_eq!(overdue(&ninety, None, day(30_000)), None);
        assert_eq!(overdue(&jwt(&[]), created_at, day(30_000)), None);
    }
}
