//! One process: its settings, its table, its clock and its randomness, made once.

use std::collections::HashMap;
use std::sync::Arc;

use lambda_http::http::Uri;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, AwsError};
use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::message::{Envelope, Message, Recipient};
use crate::domain::time::Timestamp;
use crate::flows::notice::render_link;
use crate::flows::visit::{Content, Letter};
use crate::http::Outside;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::{self, LoginMethod, Settings};
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
    /// The secrets of other services can't be used.
    #[error("SOCIALACCOUNT_PROVIDERS_SECRET_ARN: {0}")]
    ProviderSecrets(String),
}

/// What a process needs besides its settings.
#[derive(Clone, Copy, Debug)]
pub struct Requirements {
    /// The table.
    pub table: bool,
    /// `SECRET_KEY`.
    pub secret_key: bool,
    /// The client secrets for other services.
    pub provider_secrets: bool,
}

impl Requirements {
    /// Everything.
    pub const ALL: Self = Self { table: true, secret_key: true, provider_secrets: true };
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
        let asks =
            requirements.secret_key && settings.secret_key.is_none() && settings.secret_key_arn.is_some();
        let providers = settings.socialaccount.providers_secret_arn.clone();
        let providers = providers.filter(|_| requirements.provider_secrets);
        // One for all services: what it knows of TLS is made once.
        let connects = requirements.table || asks || providers.is_some();
        let aws = connects.then(|| Aws::new(variables)).transpose()?;
        let store = aws.as_ref().filter(|_| requirements.table).map(|aws| Store::new(aws, &settings.table));
        let secret = match (&settings.secret_key, &settings.secret_key_arn, &aws) {
            // What is never used needs no secret, and least of all the real one.
            _ if !requirements.secret_key => Secret::new(random.secret()),
            (Some(secret), ..) => secret.clone(),
            (None, Some(arn), Some(aws)) => fetch_secret(aws, arn).await.map_err(StartError::SecretKey)?,
            (None, ..) => {
                return Err(StartError::SecretKey(
                    "set it, or SECRET_KEY_ARN to a secret that holds it".to_owned(),
                ));
            }
        };
        if let (Some(arn), Some(aws)) = (providers, &aws) {
            let secrets = fetch_secret(aws, &arn).await.map_err(StartError::ProviderSecrets)?;
            settings.socialaccount.learn(&secrets).map_err(StartError::ProviderSecrets)?;
        }
        Ok(Self {
            settings: Arc::new(settings),
            keys: Keys::new(secret),
            clock: Clock::system(),
            random,
            after_commit: None,
            outside: None,
            store,
        })
    }

    /// The table, where this process has one.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Seals letters for the outbox, each under an id of its own.
    pub fn seal(
        &self,
        letters: &[Letter],
        base_url: &str,
        now: Timestamp,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        letters.iter().map(|letter| self.seal_one(letter, base_url, now)).collect()
    }

    fn seal_one(
        &self,
        letter: &Letter,
        base_url: &str,
        now: Timestamp,
    ) -> Result<(String, Vec<u8>), StoreError> {
        let id = self.random.uuid(now);
        let letter = Waiting {
            to: letter.to.clone(),
            base_url: base_url.to_owned(),
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
        let host = waiting.base_url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned));
        let site = self.settings.site_name.clone().or(host).unwrap_or_default();
        let message = match waiting.content.clone() {
            WaitingContent::Ready(message) => Some(message),
            WaitingContent::PasswordResetLink(account) => self.password_reset(&account, &waiting).await?,
        };
        Ok(message.map(|message| Envelope { id: item.id.clone(), to: waiting.to, site, message }))
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
            url: render_link(template, &key, &waiting.base_url),
            username: account.username.filter(|_| by_username),
        }))
    }
}

/// A message as the outbox holds it, under its seal.
#[derive(Serialize, Deserialize)]
struct Waiting {
    to: Recipient,
    base_url: String,
    asked_at: Timestamp,
    content: WaitingContent,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WaitingContent {
    Ready(Message),
    PasswordResetLink(AccountId),
}

async fn fetch_secret(aws: &Aws, arn: &str) -> Result<Secret, String> {
    let client = aws_sdk_secretsmanager::Client::new(&aws.service("SECRETS_MANAGER"));
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| {
        let why = error.as_service_error().map_or_else(|| "no answer".to_owned(), ToString::to_string);
        format!("the secret {arn} can't be read: {why}")
    })?;
    answer.secret_string.map(Secret::new).ok_or_else(|| format!("the secret {arn} holds no text"))
}
