//! The engine of social login: what is said between this API and another service, over OAuth 2.0 (RFC 6749) and OpenID
//! Connect Core 1.0.
//!
//! It knows no session and no account, and decides nothing about either. What differs between services is declared in
//! [`providers`]; there is no code for any one of them here. Whatever is wrong has a name in
//! [`ProviderError`], for the log only.

mod conversation;
mod documents;
mod error;
mod id_token;
mod keys;
mod profile;
#[cfg(test)]
mod samples;
mod secret;
mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use vestibule::clock::Clock;
use vestibule::domain::social::{Identity, PresentedToken, RequestSecrets};
use vestibule::outside::{HttpClient, HttpRules, Internet};
use vestibule::secret::Secret;
use vestibule::settings::{ProviderApp, Settings};

pub use error::ProviderError;

use crate::providers::{self, ProviderDeclaration};
use conversation::{Conversation, Endpoints};
use documents::Documents;
use id_token::Binding;

/// Talks to other services. One for each process, as it remembers what services publish.
#[derive(Clone, Debug)]
pub struct Engine {
    client: HttpClient,
    clock: Clock,
    documents: Documents,
    /// Whether services are asked for an email address (`SOCIALACCOUNT_QUERY_EMAIL`).
    query_email: bool,
}

/// The parameters of an authorization response, as the browser brings them.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationResponse<'a> {
    /// What the exchange is made for.
    pub code: &'a Secret,
    /// Apple's `user` parameter at the first authorization, as JSON; it is unsigned.
    pub user: Option<&'a str>,
    /// What VK wants to be told at the exchange.
    pub device_id: Option<&'a str>,
    /// Who has sent it (RFC 9207).
    pub issuer: Option<&'a str>,
}

impl<'a> AuthorizationResponse<'a> {
    /// Nothing but a code.
    pub const fn code(code: &'a Secret) -> Self {
        Self { code, user: None, device_id: None, issuer: None }
    }
}

impl Engine {
    /// One that keeps to the settings: `SOCIALACCOUNT_REQUESTS_TIMEOUT`, `SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES` and
    /// `SOCIALACCOUNT_QUERY_EMAIL`.
    pub fn new(settings: &Settings, clock: Clock, internet: Option<Internet>) -> Self {
        let settings = &settings.socialaccount;
        let rules = HttpRules {
            timeout: settings.requests_timeout,
            private_ip_addresses: settings.allow_private_addresses,
            plain_http: settings.allow_private_addresses,
        };
        let client = HttpClient::new(rules).within(clock.clone(), internet);
        Self::asking(client, clock, settings.query_email)
    }

    fn asking(client: HttpClient, clock: Clock, query_email: bool) -> Self {
        let documents = Documents::new(client.clone(), clock.clone());
        Self { client, clock, documents, query_email }
    }

    /// Where a browser is to be sent, to log in at a service and come back to `redirect_uri`.
    pub async fn authorization_url(
        &self,
        app: &ProviderApp,
        redirect_uri: &str,
        secrets: &RequestSecrets,
    ) -> Result<String, ProviderError> {
        let conversation = self.conversation(app).await?;
        let known = conversation.known(redirect_uri, secrets);
        let mut url = conversation.endpoints.authorize.clone();
        let mut params = known.params(conversation.provider.authorize_params)?;
        if conversation.provider.id_token.is_some_and(|tokens| tokens.exchanged) {
            params.push(("nonce".to_owned(), secrets.nonce.expose().to_owned()));
        }
        if conversation.pkce() {
            params.push(("code_challenge".to_owned(), challenge(&secrets.verifier)));
            params.push(("code_challenge_method".to_owned(), "S256".to_owned()));
        }
        let usual = known.params(conversation.provider.auth_params)?;
        for (name, value) in usual.into_iter().chain(app.auth_params.iter().cloned()) {
            match params.iter_mut().find(|(known, _)| *known == name) {
                // What keeps a login safe is not for settings to replace.
                Some((known, _)) if PROTECTED.contains(&known.as_str()) => {}
                Some((_, known)) => *known = value,
                None => params.push((name, value)),
            }
        }
        let added = template::encoded(&params);
        let query = url
            .query()
            .filter(|query| !query.is_empty())
            .map_or(added.clone(), |query| format!("{query}&{added}"));
        url.set_query(Some(&query));
        Ok(url.into())
    }

    /// Who came back from a service with a code.
    pub async fn exchange(
        &self,
        app: &ProviderApp,
        redirect_uri: &str,
        secrets: &RequestSecrets,
        response: AuthorizationResponse<'_>,
    ) -> Result<Identity, ProviderError> {
        if response.code.expose().is_empty() {
            return Err(ProviderError::NoCode);
        }
        let conversation = self.conversation(app).await?;
        conversation.check_sender(response.issuer)?;
        let client_secret = conversation.client_secret()?;
        let known = template::Known {
            client_secret: client_secret.as_ref().map(Secret::expose),
            code: response.code.expose(),
            device_id: response.device_id.unwrap_or_default(),
            ..conversation.known(redirect_uri, secrets)
        };
        let before = conversation.before(known).await?;
        let known = template::Known { before: &before, ..known };
        let answer = conversation.token(known, &secrets.verifier).await?;
        let access_token = answer.tokens.access_token.expose();
        let known = template::Known { access_token, token: &answer.data, ..known };
        let claims = match &answer.id_token {
            Some(token) => {
                let nonce = secrets.nonce.expose();
                let binding = Binding::Exchanged { nonce, optional: conversation.is_nonce_optional() };
                Some(conversation.id_token(token, binding, Some(access_token)).await?)
            }
            None if conversation.needs_id_token() => return Err(ProviderError::NoIdToken),
            None => None,
        };
        let user = response.user.and_then(|user| serde_json::from_str::<Map<String, Value>>(user).ok());
        conversation.identity(known, claims, user, Some(answer.tokens.clone())).await
    }

    /// Whose token a client presents.
    pub async fn verify_token(
        &self,
        app: &ProviderApp,
        token: &PresentedToken,
    ) -> Result<Identity, ProviderError> {
        let conversation = self.conversation(app).await?;
        let access_token = token.access_token.as_ref();
        match (&token.id_token, access_token) {
            (_, Some(access_token)) if conversation.provider.inspection.is_some() => {
                conversation.inspected(access_token).await
            }
            (Some(id_token), _) if conversation.provider.id_token.is_some() => {
                let access_token = access_token.map(Secret::expose);
                let claims = conversation.id_token(id_token, Binding::Presented, access_token).await?;
                conversation.claimed(claims)
            }
            (None, _) if conversation.provider.id_token.is_some() => Err(ProviderError::NoIdToken),
            _ => Err(ProviderError::Unsupported),
        }
    }

    async fn conversation<'a>(&'a self, app: &'a ProviderApp) -> Result<Conversation<'a>, ProviderError> {
        let provider = providers::find(&app.provider).ok_or(ProviderError::Unsupported)?;
        let endpoints = self.endpoints(app, provider).await?;
        let scope = self.scope(app, provider)?;
        Ok(Conversation {
            client: &self.client,
            clock: &self.clock,
            documents: &self.documents,
            query_email: self.query_email,
            app,
            provider,
            endpoints,
            scope,
        })
    }

    async fn endpoints(
        &self,
        app: &ProviderApp,
        provider: &'static ProviderDeclaration,
    ) -> Result<Endpoints, ProviderError> {
        let endpoints = if provider.authorize.is_empty() {
            Endpoints::discovered(self.documents.discover(app).await?, app)?
        } else {
            Endpoints::declared(app, provider)?
        };
        for url in [&endpoints.authorize, &endpoints.token] {
            self.client.check(url)?;
        }
        Ok(endpoints)
    }

    /// What is asked for: what the app's settings say, or else what is usual.
    fn scope(
        &self,
        app: &ProviderApp,
        provider: &'static ProviderDeclaration,
    ) -> Result<Vec<String>, ProviderError> {
        if let Some(scope) = &app.scope {
            return Ok(scope.clone());
        }
        let usual = template::Known::of(app, provider).text(provider.scope)?.unwrap_or_default();
        let for_email = if self.query_email { provider.email_scope } else { "" };
        Ok(usual
            .split(' ')
            .chain(for_email.split(' '))
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect())
    }
}

/// The parameters that make a login safe.
const PROTECTED: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// What shows that who has the verifier has asked (RFC 7636, section 4.2).
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.expose().as_bytes()))
}
