//! One process: its settings, its table, its clock and its randomness, made once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use futures_util::future::try_join3;
use jsonwebtoken::AlgorithmFamily;
use lambda_http::http::Uri;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, AwsError};
use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::message::{Envelope, Message, Recipient};
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;
use crate::flows::notice::render_link;
use crate::flows::visit::{Content, Letter};
use crate::http::{Outside, Routes};
use crate::jwt::{Jwt, KeyError, KeySet, TokenUse};
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{self, JwtSettings, LoginMethod, Settings, TokenStrategy};
use crate::signing::{Keys, SealPurpose};
use crate::store::{OutboxItem, Store, StoreError, outbox_place};

/// Called with the ids of messages that a commit has put into the outbox.
pub type AfterCommit = Arc<dyn Fn(Vec<String>) -> lambda_http::BoxFuture<'static, ()> + Send + Sync>;

/// What every request of a process shares.
#[derive(Clone)]
pub struct App {
    /// How the service is set up.
    pub settings: Arc<Settings>,
    /// What links and codes are made with.
    pub keys: Keys,
    /// What makes access and refresh tokens, where there are any: empty as long as there are no keys.
    jwt: Option<Arc<OnceLock<Jwt>>>,
    /// Where keys come from, where there were none at the start.
    token_keys: Option<(Aws, String)>,
    /// Tells the time.
    pub clock: Clock,
    /// Draws random numbers.
    pub random: Random,
    /// Where there is no stream, delivers what a commit has put into the outbox.
    pub after_commit: Option<AfterCommit>,
    /// Asks other services, for the function that does.
    pub outside: Option<Arc<dyn Outside>>,
    store: Option<Store>,
}

/// Why a process can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings are wrong: all of them are listed.
    #[error("{0}")]
    Settings(#[from] settings::Errors),
    /// AWS can't be reached.
    #[error("{0}")]
    Aws(#[from] AwsError),
    /// There is no `SECRET_KEY`.
    #[error("SECRET_KEY: {0}")]
    SecretKey(String),
    /// The dummy provider would let anybody in as anybody.
    #[error(
        "INSTALLED_APPS: the dummy provider believes whatever it is told, and is for the local stack only"
    )]
    DummyProvider,
    /// The secrets of other services can't be used.
    #[error("SOCIALACCOUNT_PROVIDERS_SECRET_ARN: {0}")]
    ProviderSecrets(String),
    /// A secret can't be fetched.
    #[error("{0}")]
    Secret(String),
    /// There is no key for access and refresh tokens, or it can't be used.
    #[error("{0}")]
    TokenKey(String),
}

/// What a process needs besides its settings.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that is needed or is not")]
pub struct Requirements {
    /// The table.
    pub table: bool,
    /// `SECRET_KEY`.
    pub secret_key: bool,
    /// The client secrets for other services.
    pub provider_secrets: bool,
    /// The keys of access and refresh tokens, where there are any.
    pub token_keys: bool,
}

impl Requirements {
    /// Everything.
    pub const ALL: Self = Self { table: true, secret_key: true, token_keys: true, provider_secrets: true };
    /// The table, and nothing secret.
    pub const TABLE: Self =
        Self { table: true, secret_key: false, token_keys: false, provider_secrets: false };

    /// What a function needs.
    pub const fn of(routes: &Routes) -> Self {
        // Whoever looks sessions up can be shown an access token instead.
        let table = routes.uses_table;
        let provider_secrets = routes.outside.is_some();
        Self { table, secret_key: routes.uses_secret_key, token_keys: table, provider_secrets }
    }
}

impl App {
    /// Reads the settings from variables, and connects to what is required.
    pub async fn start(
        variables: HashMap<String, String>,
        requirements: Requirements,
    ) -> Result<Self, StartError> {
        let settings::Loaded { mut settings, hints } = Settings::read(variables.clone())?;
        for hint in hints {
            tracing::warn!("{hint}");
        }
        let random = Random::system();
        let wanted = Wanted::of(&settings, requirements);
        // One for all services: what it knows of TLS is made once.
        let connects = requirements.table || wanted.arns().iter().any(Option::is_some);
        let aws = connects.then(|| Aws::new(variables)).transpose()?;
        let store = aws.as_ref().filter(|_| requirements.table).map(|aws| Store::new(aws, &settings.table));
        // Boxed: the SDK's futures are large, and most processes fetch one secret.
        let fetch = |arn| Box::pin(fetch_secret(aws.as_ref(), arn));
        let [secret_key, jwt_keys, provider_secrets] = wanted.arns();
        let (secret, token_keys, provider_secrets) =
            try_join3(fetch(secret_key), fetch(jwt_keys), fetch(provider_secrets))
                .await
                .map_err(StartError::Secret)?;
        let secret = match settings.secret_key.clone().or(secret) {
            Some(secret) if wanted.secret_key => secret,
            // What is never used needs no secret, and least of all the real one.
            _ if !wanted.secret_key => Secret::new(random.secret()),
            _ => {
                return Err(StartError::SecretKey(
                    "set it, or SECRET_KEY_ARN to a secret that holds it".to_owned(),
                ));
            }
        };
        if let Some(secrets) = provider_secrets {
            settings.socialaccount.learn(&secrets).map_err(StartError::ProviderSecrets)?;
        }
        let keys = Keys::new(secret);
        let jwt =
            if wanted.jwt { token_maker(&settings.headless.jwt, &keys, token_keys.as_ref())? } else { None };
        let lacks_keys = wanted.jwt && jwt.is_none();
        let jwt = wanted.jwt.then(|| Arc::new(jwt.map_or_else(OnceLock::new, OnceLock::from)));
        Ok(Self {
            settings: Arc::new(settings),
            keys,
            jwt,
            token_keys: aws.clone().zip(wanted.jwt_keys_arn.clone()).filter(|_| lacks_keys),
            clock: Clock::system(),
            random,
            after_commit: None,
            outside: None,
            store,
        })
    }

    /// What makes access and refresh tokens; none where there are none, or no keys yet.
    pub fn jwt(&self) -> Option<&Jwt> {
        self.jwt.as_ref()?.get()
    }

    /// Whether there are to be access and refresh tokens, and there are no keys yet.
    pub fn lacks_token_keys(&self) -> bool {
        self.jwt.is_some() && self.jwt().is_none()
    }

    /// Where there were no keys for tokens so far, looks whether there are any now: after tokens were switched on it
    /// takes the function `keys` a moment to make the first.
    pub async fn look_for_token_keys(&self) {
        let (Some(jwt), Some((aws, arn))) = (&self.jwt, &self.token_keys) else { return };
        if jwt.get().is_some() {
            return;
        }
        let found = fetch_secret(Some(aws), Some(arn)).await.and_then(|secret| {
            token_maker(&self.settings.headless.jwt, &self.keys, secret.as_ref())
                .map_err(|error| error.to_string())
        });
        match found {
            Ok(Some(found)) => drop(jwt.set(found)),
            Ok(None) => tracing::warn!("{NO_KEYS}"),
            Err(error) => tracing::error!(error, "failed"),
        }
    }

    /// The session of an access token that is ours and has not expired.
    pub fn session_of(&self, access_token: &str) -> Option<SessionKey> {
        let claims = self.jwt()?.read(access_token, TokenUse::Access)?;
        claims.session().filter(|_| !claims.has_expired(self.clock.now()))
    }

    /// The table, where this process has one.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Seals letters for the outbox, each under an id of its own.
    pub fn seal(
        &self,
        letters: &[Letter],
        now: Timestamp,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        letters.iter().map(|letter| self.seal_one(letter, now)).collect()
    }

    fn seal_one(&self, letter: &Letter, now: Timestamp) -> Result<(String, Vec<u8>), StoreError> {
        let id = self.random.uuid(now);
        let letter = Waiting {
            to: letter.to.clone(),
            asked_at: now,
            content: match &letter.content {
                Content::Ready(message) => WaitingContent::Ready(message.clone()),
                Content::PasswordResetLink { account } => WaitingContent::PasswordResetLink(account.clone()),
            },
        };
        let plain = serde_json::to_vec(&letter).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let sealed = self.keys.seal(SealPurpose::Outbox, &self.random, &outbox_place(&id), &plain);
        Ok((id, sealed))
    }

    /// Opens a message of the outbox, and completes it; none when nothing is to be sent any more.
    pub async fn open(&self, item: &OutboxItem) -> Result<Option<Envelope>, StoreError> {
        let unreadable = || StoreError::Corrupt("a sealed message; was SECRET_KEY changed?".to_owned());
        let plain = self
            .keys
            .open(SealPurpose::Outbox, &outbox_place(&item.id), &item.sealed)
            .ok_or_else(unreadable)?;
        let waiting: Waiting = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
        let site = self.site_name();
        let message = match waiting.content.clone() {
            WaitingContent::Ready(message) => Some(message),
            WaitingContent::PasswordResetLink(account) => self.password_reset(&account, &waiting).await?,
        };
        Ok(message.map(|message| Envelope { id: item.id.clone(), to: waiting.to, site, message }))
    }

    /// What mails call the service: never by a name that a request brings.
    fn site_name(&self) -> String {
        let settings = &self.settings;
        let host = || Some(settings.headless.frontend_url.parse::<Uri>().ok()?.host()?.to_owned());
        settings.site_name.clone().or_else(host).unwrap_or_default()
    }

    async fn password_reset(
        &self,
        account: &AccountId,
        waiting: &Waiting,
    ) -> Result<Option<Message>, StoreError> {
        let Some(store) = self.store() else { return Ok(None) };
        let Some(account) = store.account(account).await? else { return Ok(None) };
        let account = account.value;
        // The address may be the account's no more, or the account closed, since the link was asked for.
        if !account.active || account.address(waiting.to.address()).is_none() {
            return Ok(None);
        }
        let key = self.keys.reset_key(&account, waiting.asked_at);
        let template = &self.settings.headless.frontend_urls.account_reset_password_from_key;
        let by_username = self.settings.account.login_methods.contains(LoginMethod::Username);
        Ok(Some(Message::ResetPassword {
            url: render_link(template, &key),
            username: account.username.filter(|_| by_username),
        }))
    }
}

/// A message as the outbox holds it, under its seal.
#[derive(Serialize, Deserialize)]
struct Waiting {
    to: Recipient,
    asked_at: Timestamp,
    content: WaitingContent,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WaitingContent {
    Ready(Message),
    PasswordResetLink(AccountId),
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
}

impl Wanted {
    fn of(settings: &Settings, requirements: Requirements) -> Self {
        let tokens = &settings.headless.jwt;
        let jwt = requirements.token_keys && settings.headless.token_strategy == TokenStrategy::Jwt;
        let is_given = tokens.private_key.is_some();
        let secret_key = requirements.secret_key || (jwt && !is_given && is_shared(tokens));
        let arn_if = |wanted: bool, arn: &Option<String>| arn.clone().filter(|_| wanted);
        Self {
            secret_key,
            secret_key_arn: arn_if(secret_key && settings.secret_key.is_none(), &settings.secret_key_arn),
            jwt,
            jwt_keys_arn: arn_if(jwt && !is_given && !is_shared(tokens), &tokens.keys_arn),
            provider_secrets_arn: arn_if(
                requirements.provider_secrets,
                &settings.socialaccount.providers_secret_arn,
            ),
        }
    }

    fn arns(&self) -> [Option<&str>; 3] {
        [&self.secret_key_arn, &self.jwt_keys_arn, &self.provider_secrets_arn].map(Option::as_deref)
    }
}

/// Whether tokens are signed with a secret that whoever verifies them has too.
fn is_shared(settings: &JwtSettings) -> bool {
    settings.algorithm.family() == AlgorithmFamily::Hmac
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
    let made = match (&settings.private_key, fetched) {
        (Some(secret), _) if is_shared(settings) => Jwt::with_shared_secret(settings, secret),
        (None, _) if is_shared(settings) => Jwt::with_shared_secret(settings, &secret_key.token_secret()),
        (Some(pem), _) => Jwt::with_private_key(settings, pem)
            .map_err(|error| unusable("HEADLESS_JWT_PRIVATE_KEY", error))?,
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

async fn fetch_secret(aws: Option<&Aws>, arn: Option<&str>) -> Result<Option<Secret>, String> {
    let (Some(aws), Some(arn)) = (aws, arn) else { return Ok(None) };
    let client = aws_sdk_secretsmanager::Client::new(&aws.service("SECRETS_MANAGER"));
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| {
        let why = error.as_service_error().map_or_else(|| "no answer".to_owned(), ToString::to_string);
        format!("the secret {arn} can't be read: {why}")
    })?;
    let secret = answer.secret_string.map(Secret::new);
    secret.map(Some).ok_or_else(|| format!("the secret {arn} holds no text"))
}
