//! One login, as far as it is the service's business: the exchange, the requests for the profile, what is made of them.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};
use vestibule::clock::Clock;
use vestibule::domain::social::{Identity, RequestSecrets, SingleUse, Tokens};
use vestibule::domain::time::Timestamp;
use vestibule::outside::{HttpClient, HttpRequest, HttpResponse};
use vestibule::secret::Secret;
use vestibule::settings::ProviderApp;

use super::documents::{Discovered, Documents, parse};
use super::error::ProviderError;
use super::id_token::{Binding, Expected, LEEWAY, Sealed, Signing};
use super::keys::{Algorithm, Key};
use super::template::{Known, encoded};
use super::{profile, secret};
use crate::providers::ProviderDeclaration;
use crate::providers::declaration::{Authorization, By, Fetch, Only, Params, Secrets};
use crate::providers::expression;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The longest that a service may say an access token is good for: a century, in seconds.
const LONGEST: u64 = 100 * 366 * 86_400;

/// Where a service is asked what.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub authorize: Url,
    pub token: Url,
    userinfo: Option<String>,
    /// Who makes its id tokens, and where the keys of that are.
    issuer: Option<String>,
    keys: Option<String>,
    basic_auth: bool,
    /// Whether browsers always bring the issuer along (RFC 9207).
    names_itself: bool,
}

impl Endpoints {
    /// From what the service says of itself.
    pub fn discovered(found: Discovered, app: &ProviderApp) -> Result<Self, ProviderError> {
        let methods = expression::elements(&found.token_endpoint_auth_methods_supported);
        let supports = |method: &str| methods.iter().any(|known| known == method);
        let basic_auth = match app.option("token_auth_method").and_then(Value::as_str) {
            Some(method) => method == "client_secret_basic",
            None => supports("client_secret_basic") && !supports("client_secret_post"),
        };
        Ok(Self {
            authorize: parse(&found.authorization_endpoint)?,
            token: parse(&found.token_endpoint)?,
            userinfo: found.userinfo_endpoint,
            issuer: Some(found.issuer),
            keys: found.jwks_uri,
            basic_auth,
            names_itself: expression::is_true(&found.authorization_response_iss_parameter_supported),
        })
    }

    /// From its declaration.
    pub fn declared(
        app: &ProviderApp,
        provider: &'static ProviderDeclaration,
    ) -> Result<Self, ProviderError> {
        let known = Known::of(app, provider);
        Ok(Self {
            authorize: parse(&known.address(provider.authorize)?)?,
            token: parse(&known.address(provider.token)?)?,
            userinfo: None,
            issuer: provider.id_token.map(|tokens| known.text(tokens.issuer)).transpose()?.flatten(),
            keys: provider.id_token.map(|tokens| known.address(tokens.keys)).transpose()?,
            basic_auth: provider.basic_auth,
            names_itself: false,
        })
    }
}

/// What a service gives for a code.
pub(super) struct TokenResponse {
    pub tokens: Tokens,
    pub id_token: Option<Secret>,
    /// All of it.
    pub data: Value,
}

/// What is said about one login.
pub(super) struct Conversation<'a> {
    pub client: &'a HttpClient,
    pub clock: &'a Clock,
    pub documents: &'a Documents,
    /// Whether services are asked for an email address.
    pub query_email: bool,
    pub app: &'a ProviderApp,
    pub provider: &'static ProviderDeclaration,
    pub endpoints: Endpoints,
    pub scope: Vec<String>,
}

impl Conversation<'_> {
    /// What templates can name from the beginning.
    pub fn known<'k>(&'k self, redirect_uri: &'k str, secrets: &'k RequestSecrets) -> Known<'k> {
        Known { redirect_uri, state: secrets.state.expose(), ..self.base() }
    }

    fn base(&self) -> Known<'_> {
        Known { scope: &self.scope, ..Known::of(self.app, self.provider) }
    }

    /// Whether the code is bound by PKCE.
    pub fn pkce(&self) -> bool {
        self.app.pkce.unwrap_or(self.provider.pkce)
    }

    /// Whether an id token for a code may lack the nonce: where PKCE has bound the code to this login, or where an operator has
    /// written down that the service takes no PKCE, of a client that proves itself by a secret.
    pub fn is_nonce_optional(&self) -> bool {
        self.pkce() || (self.app.pkce == Some(false) && self.app.secret.is_some())
    }

    /// Whether an id token must come with the access token.
    pub fn needs_id_token(&self) -> bool {
        let exchanged = self.provider.id_token.is_some_and(|tokens| tokens.exchanged);
        exchanged && (self.provider.profile.is_empty() || self.base().has_scope("openid"))
    }

    /// Whether a browser was sent by who it should have been sent by.
    pub fn check_sender(&self, issuer: Option<&str>) -> Result<(), ProviderError> {
        match (issuer, &self.endpoints.issuer) {
            (None, _) if self.endpoints.names_itself => Err(ProviderError::WrongIssuer),
            (Some(said), Some(issuer)) if said != issuer => Err(ProviderError::WrongIssuer),
            _ => Ok(()),
        }
    }

    /// What the client proves itself with, where it does.
    pub fn client_secret(&self) -> Result<Option<Secret>, ProviderError> {
        match self.provider.secret {
            Secrets::Plain => Ok(self.app.secret.clone()),
            Secrets::Signed(audience) => {
                let now = self.clock.now();
                secret::signed(self.app, self.base().client_id(), audience, now).map(Some)
            }
        }
    }

    /// What has to be known before the exchange.
    pub async fn before(&self, known: Known<'_>) -> Result<Value, ProviderError> {
        match &self.provider.before {
            Some(fetch) => self.fetch(fetch, known).await,
            None => Ok(Value::Null),
        }
    }

    /// Exchanges the code.
    pub async fn token(&self, known: Known<'_>, verifier: &Secret) -> Result<TokenResponse, ProviderError> {
        let provider = self.provider;
        let mut headers = self.headers(&[], known)?;
        let mut params = known.params(provider.token_params)?;
        if let Some(secret) = known.client_secret.filter(|_| self.endpoints.basic_auth) {
            params.retain(|(name, _)| name != "client_id" && name != "client_secret");
            headers.push((AUTHORIZATION, secret_header(secret::basic(known.client_id(), secret).expose())?));
        }
        if self.pkce() {
            params.push(("code_verifier".to_owned(), verifier.expose().to_owned()));
        }
        let request = written(self.endpoints.token.clone(), provider.token_by, &params, headers);
        let reply = self.client.send(request).await?;
        let data = read_token_answer(&reply)?;
        self.answer(data)
    }

    fn answer(&self, data: Value) -> Result<TokenResponse, ProviderError> {
        let provider = self.provider;
        let text = |pointer| expression::text(pointer, &data, &|_| None);
        let access_token = text(provider.access_token).ok_or(ProviderError::Incomplete("an access token"))?;
        let seconds = text(provider.expires_in).and_then(|seconds| seconds.parse::<u64>().ok());
        let expires_at = seconds
            .filter(|seconds| (1..=LONGEST).contains(seconds))
            .map(|seconds| self.clock.now().plus(std::time::Duration::from_secs(seconds)));
        let tokens = Tokens {
            access_token: Secret::new(access_token),
            refresh_token: text(provider.refresh_token).map(Secret::new),
            expires_at,
        };
        let id_token = provider.id_token.filter(|tokens| tokens.exchanged).and_then(|_| text("/id_token"));
        Ok(TokenResponse { tokens, id_token: id_token.map(Secret::new), data })
    }

    /// What an id token says, if it can be believed.
    pub async fn id_token(
        &self,
        token: &Secret,
        binding: Binding<'_>,
        access_token: Option<&str>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let registered = self.app.option("id_token_signed_response_alg").and_then(Value::as_str);
        let signing = registered.map_or(Signing::Published, Signing::Registered);
        let sealed = Sealed::parse(token.expose(), signing)?;
        let key = match sealed.algorithm {
            Algorithm::Hs256 => {
                let secret =
                    self.app.secret.as_ref().ok_or_else(|| ProviderError::Setting("secret".to_owned()))?;
                Key::secret(secret.expose())
            }
            algorithm => {
                let keys = self.endpoints.keys.as_deref().ok_or(ProviderError::UnknownKey)?;
                self.documents.key(keys, sealed.key_id.as_deref(), algorithm).await?
            }
        };
        let known = self.base();
        let audiences: Vec<_> = known.client_ids().collect();
        let trusted = self.app.option("trusted_audiences").map(expression::elements).unwrap_or_default();
        let expected = Expected {
            issuer: self.endpoints.issuer.as_deref().ok_or(ProviderError::WrongIssuer)?,
            audiences: &audiences,
            trusted_audiences: trusted,
            binding,
            access_token,
            now: self.clock.now(),
        };
        sealed.open(&key)?.check(&expected)
    }

    /// The identity by the claims of an id token alone.
    pub fn claimed(&self, mut claims: Map<String, Value>) -> Result<Identity, ProviderError> {
        let single_use = single_use(&claims);
        let renamed = self.provider.id_token.map_or(&[] as Params, |tokens| tokens.renamed);
        for (claim, name) in renamed {
            if let Some(value) = claims.remove(*claim) {
                claims.insert((*name).to_owned(), value);
            }
        }
        self.identified(&Value::Object(claims), None, single_use)
    }

    /// Whose access token it is that a client presents, if it was made for this API.
    pub async fn inspected(&self, access_token: &Secret) -> Result<Identity, ProviderError> {
        let client_secret = self.client_secret()?;
        let known = Known {
            client_secret: client_secret.as_ref().map(Secret::expose),
            access_token: access_token.expose(),
            ..self.base()
        };
        if let Some(inspection) = &self.provider.inspection {
            self.fetch(inspection, known).await?;
        }
        let profile = self.profile(known).await?;
        let tokens = Tokens { access_token: access_token.clone(), refresh_token: None, expires_at: None };
        self.identified(&profile, Some(tokens), None)
    }

    /// The identity by the token response and the user info.
    pub async fn identity(
        &self,
        known: Known<'_>,
        claims: Option<Map<String, Value>>,
        user: Option<Map<String, Value>>,
        tokens: Option<Tokens>,
    ) -> Result<Identity, ProviderError> {
        let is_profile = self.provider.id_token.is_some_and(|tokens| tokens.is_profile);
        let asks = self.app.option("fetch_userinfo").and_then(Value::as_bool).unwrap_or(true);
        let single_use = claims.as_ref().and_then(single_use);
        let profile = match claims {
            Some(mut claims) if is_profile => {
                // Apple tells the name by the browser only. Nobody vouches for it, so it stands back behind what is signed.
                if let Some(name) = user.and_then(|mut user| user.remove("name")) {
                    claims.entry("name").or_insert(name);
                }
                Value::Object(claims)
            }
            Some(claims) if !asks || self.endpoints.userinfo.is_none() => Value::Object(claims),
            Some(claims) => {
                let userinfo = self.profile(known).await?;
                // Both are about one person, be it by a text or a number.
                let subject = |sub: Option<&Value>| sub.and_then(expression::plain);
                if subject(claims.get("sub")).is_none_or(|sub| subject(userinfo.get("sub")) != Some(sub)) {
                    return Err(ProviderError::WrongSubject);
                }
                userinfo
            }
            None => self.profile(known).await?,
        };
        self.identified(&profile, tokens, single_use)
    }

    fn identified(
        &self,
        data: &Value,
        tokens: Option<Tokens>,
        single_use: Option<SingleUse>,
    ) -> Result<Identity, ProviderError> {
        let known = self.base();
        let profile = profile::read(self.app, self.provider, data, &|name| known.named(name))?;
        Ok(Identity { profile, tokens, single_use })
    }

    /// All parts of the profile, put together.
    async fn profile(&self, known: Known<'_>) -> Result<Value, ProviderError> {
        if self.provider.profile.is_empty() {
            return Ok(known.token.clone());
        }
        let mut profile = json!({});
        for fetch in self.provider.profile {
            let known = Known { profile: &profile, ..known };
            if !self.is_wanted(fetch, known) {
                continue;
            }
            let found = match self.fetch(fetch, known).await {
                Err(error) if fetch.optional && error.is_refusal() => continue,
                found => found?,
            };
            match profile.as_object_mut().filter(|_| !fetch.into.is_empty()) {
                Some(members) => {
                    members.insert(fetch.into.to_owned(), found);
                }
                None => profile = found,
            }
        }
        Ok(profile)
    }

    fn is_wanted(&self, fetch: &Fetch, known: Known<'_>) -> bool {
        match fetch.only {
            Only::Always => true,
            Only::ForEmail => self.query_email,
            Only::Lacking(pointer) => expression::text(pointer, known.profile, &|_| None).is_none(),
            Only::Scope(scope) => known.has_scope(scope),
            Only::NoScope(scope) => !known.has_scope(scope),
        }
    }

    async fn fetch(&self, fetch: &Fetch, known: Known<'_>) -> Result<Value, ProviderError> {
        let url = match &self.endpoints.userinfo {
            Some(userinfo) if fetch.url.is_empty() => parse(userinfo)?,
            _ => parse(&known.address(fetch.url)?)?,
        };
        let mut headers = self.headers(fetch.headers, known)?;
        if let Authorization::Token(word) = fetch.authorization {
            headers.push((AUTHORIZATION, secret_header(&format!("{word} {}", known.access_token))?));
        }
        let params = known.params(fetch.params)?;
        let reply = self.client.send(written(url, fetch.by, &params, headers)).await?;
        let data = read_json(&reply)?;
        for (pointer, expected) in fetch.expect {
            let met = match *expected {
                "true" => expression::holds(pointer, &data, &|_| None),
                expected => expression::text(pointer, &data, &|_| None) == known.text(expected)?,
            };
            if !met {
                return Err(ProviderError::Unexpected(pointer));
            }
        }
        let part = expression::value(fetch.part, &data, &|_| None);
        part.cloned().ok_or(ProviderError::Incomplete("the profile"))
    }

    fn headers(
        &self,
        more: Params,
        known: Known<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, ProviderError> {
        let mut declared = known.params(self.provider.headers)?;
        declared.extend(known.params(more)?);
        // Of two, the later one counts.
        let usual = std::iter::once(Ok((ACCEPT, JSON)));
        usual
            .chain(declared.into_iter().map(|(name, value)| {
                let unusable = || ProviderError::Setting(format!("value for the header {name}"));
                let value = secret_header(&value).map_err(|_| unusable())?;
                Ok((HeaderName::try_from(name.as_str()).map_err(|_| unusable())?, value))
            }))
            .collect()
    }
}

fn written(
    mut url: Url,
    by: By,
    params: &[(String, String)],
    mut headers: Vec<(HeaderName, HeaderValue)>,
) -> HttpRequest {
    let (method, body) = match by {
        By::Get => {
            if !params.is_empty() {
                let query = url.query().map_or_else(String::new, |query| format!("{query}&"));
                url.set_query(Some(&(query + &encoded(params))));
            }
            (Method::GET, Vec::new())
        }
        // Dropbox takes a request without parameters only if it does not pretend to have any.
        By::Form if params.is_empty() => (Method::POST, Vec::new()),
        By::Form => {
            headers.push((CONTENT_TYPE, FORM));
            (Method::POST, encoded(params).into_bytes())
        }
        By::Json => {
            headers.push((CONTENT_TYPE, JSON));
            let object: Map<String, Value> =
                params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            (Method::POST, Value::Object(object).to_string().into_bytes())
        }
    };
    HttpRequest { method, url, headers, body }
}

fn secret_header(value: &str) -> Result<HeaderValue, ProviderError> {
    let mut value =
        HeaderValue::try_from(value).map_err(|_| ProviderError::Incomplete("a token of plain text"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// JSON, or a form, as some services answer still.
fn read_token_answer(reply: &HttpResponse) -> Result<Value, ProviderError> {
    let looks_like_json = reply.is_json || reply.body.trim_ascii_start().starts_with(b"{");
    let data = if looks_like_json {
        serde_json::from_slice(&reply.body).map_err(|_| unreadable(reply))
    } else {
        let pairs = form_urlencoded::parse(&reply.body);
        Ok(Value::Object(pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect()))
    };
    match (error_in(data.as_ref().ok()), reply.status.is_success()) {
        (Some(error), _) => Err(error),
        (None, false) => Err(status(reply)),
        (None, true) => data,
    }
}

fn read_json(reply: &HttpResponse) -> Result<Value, ProviderError> {
    let data = serde_json::from_slice(&reply.body);
    if reply.status.is_success() {
        data.map_err(|_| unreadable(reply))
    } else if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
        Err(status(reply))
    } else {
        Err(error_in(data.as_ref().ok()).unwrap_or_else(|| status(reply)))
    }
}

fn unreadable(reply: &HttpResponse) -> ProviderError {
    ProviderError::Unreadable { host: reply.host.clone(), expected: "JSON" }
}

fn status(reply: &HttpResponse) -> ProviderError {
    ProviderError::Status { host: reply.host.clone(), status: reply.status.as_u16() }
}

/// The error that an answer names: as the standard has it, or as Facebook does.
fn error_in(data: Option<&Value>) -> Option<ProviderError> {
    let error = data?.get("error").filter(|error| !expression::is_empty(error))?;
    error.as_str().or_else(|| error.get("type")?.as_str()).map(ProviderError::said)
}

/// What makes an id token one that may be shown once only.
fn single_use(claims: &Map<String, Value>) -> Option<SingleUse> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond what fits is the last there is")]
    let expires_at =
        claims.get("exp").and_then(Value::as_f64).map(|seconds| ((seconds + LEEWAY) * 1000.0) as i64)?;
    let id = json!([text("iss")?, text("jti")?]).to_string();
    Some(SingleUse { id, expires_at: Timestamp::from_millis(expires_at) })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;

    use super::*;

    fn reply(status: u16, is_json: bool, body: &[u8]) -> HttpResponse {
        let status = StatusCode::from_u16(status).unwrap();
        HttpResponse { host: "host".to_owned(), status, is_json, body: body.to_vec().into() }
    }

    #[test]
    fn answers_are_forms_or_json_whatever_they_call_themselves() {
        for (is_json, body) in [
            (true, r#"{"access_token": "a b", "expires_in": "60"}"#),
            (false, "\n {\"access_token\": \"a b\", \"expires_in\": \"60\"}"),
            (false, "access_token=a+b&expires_in=60"),
            (false, "access_token=a%20b&expires_in=60"),
        ] {
            let data = read_token_answer(&reply(200, is_json, body.as_bytes())).unwrap();
            assert_eq!(data, json!({"access_token": "a b", "expires_in": "60"}), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(status in 200_u16..600, is_json: bool, body: Vec<u8>, text in ".{0,60}") {
            for body in [body.as_slice(), text.as_bytes()] {
                let reply = reply(status, is_json, body);
                let read = read_token_answer(&reply);
                prop_assert!(read.is_err() || reply.status.is_success());
                prop_assert!(read_json(&reply).is_err() || reply.status.is_success());
            }
        }
    }
}
