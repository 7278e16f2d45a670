//! The providers of social login (`SOCIALACCOUNT_PROVIDERS`, in allauth's format).

pub mod known;

use serde_json::{Map, Value};

pub use known::{DUMMY, KNOWN_PROVIDERS, KnownProvider, OPENID_CONNECT, known_provider};

use super::kind::{Kind, Raw, Wrong, optional, text};
use super::suggestion::suggestion;
use crate::domain::email;
use crate::secret::Secret;

/// A provider app, the OAuth client of this API at a provider: `APP` or an entry of `APPS`.
#[derive(Clone, Debug)]
pub struct ProviderApp {
    /// The provider: `openid_connect`, `dummy`, or one of [`KNOWN_PROVIDERS`].
    pub provider: String,
    /// The id in the API: the `provider_id`, or the kind where there is but one.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The client id, if any.
    pub client_id: Option<String>,
    /// The client secret; none for a public client.
    pub secret: Option<Secret>,
    /// An additional key of a few providers, such as Apple's team.
    pub key: Option<String>,
    /// The URL of the discovery document, if any.
    pub openid_configuration_url: Option<String>,
    /// The supported flows.
    pub flows: Vec<ProviderFlow>,
    /// Whether it is not listed (`hidden`).
    pub hidden: bool,
    /// The scope (`SCOPE`); none for the provider's default.
    pub scope: Option<Vec<String>>,
    /// Additional parameters of the authorization request (`AUTH_PARAMS`).
    pub auth_params: Vec<(String, String)>,
    /// Whether PKCE is used (`OAUTH_PKCE_ENABLED`); none for the provider's default.
    pub pkce: Option<bool>,
    /// The email addresses that count as verified whatever the provider reports (`VERIFIED_EMAIL`).
    pub verified_email: VerifiedEmail,
    /// Whether a verified email address logs in (`EMAIL_AUTHENTICATION`); none for what
    /// `SOCIALACCOUNT_EMAIL_AUTHENTICATION` says.
    pub email_authentication: Option<bool>,
    options: Map<String, Value>,
}

/// The email addresses of a provider that count as verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedEmail {
    /// Those that the provider reports as verified.
    AsSaid,
    /// All.
    All,
    /// Those of these domains, in lower case, as well.
    Domains(Vec<String>),
}

/// A flow of social login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFlow {
    /// Authorization code flow, by redirect.
    Redirect,
    /// The client presents a token of the provider.
    Token,
}

impl ProviderFlow {
    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "provider_redirect",
            Self::Token => "provider_token",
        }
    }
}

impl ProviderApp {
    /// What else the app's `settings`, or else its provider's, say under this name, in lower case.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.options.get(name)
    }

    /// Whether an email address, in canonical form, counts as verified although the service does not say so.
    pub fn vouches_for(&self, email: &str) -> bool {
        match &self.verified_email {
            VerifiedEmail::AsSaid => false,
            VerifiedEmail::All => true,
            VerifiedEmail::Domains(domains) => email.rsplit_once('@').is_some_and(|(_, domain)| {
                domains.iter().any(|known| email::canonical_domain(known).as_deref() == Some(domain))
            }),
        }
    }

    /// Whether the token flow is supported.
    pub fn takes_tokens(&self) -> bool {
        self.flows.contains(&ProviderFlow::Token)
    }

    /// Takes over the client secret, or an object with `secret`, `key` and `settings`. False when it is neither.
    pub(super) fn learn(&mut self, value: &Value) -> bool {
        match value {
            Value::String(secret) => self.secret = Some(Secret::new(secret.as_str())),
            Value::Object(given) => {
                let text = |key: &str| given.get(key).and_then(Value::as_str);
                if let Some(secret) = text("secret") {
                    self.secret = Some(Secret::new(secret));
                }
                self.key = text("key").map(str::to_owned).or(self.key.take());
                if let Some(Value::Object(settings)) = given.get("settings") {
                    self.options.extend(settings.clone());
                }
            }
            _ => return false,
        }
        true
    }
}

/// The value holds the client secrets, so it is never shown.
pub(super) const PROVIDERS: Kind<Vec<ProviderApp>> = Kind::new(
    "an object such as {\"google\": {\"APP\": {\"client_id\": \"…\", \"secret\": \"…\"}}, \
     \"openid_connect\": {\"APPS\": [{\"provider_id\": \"example\", \"name\": \"Example\", \
     \"client_id\": \"…\", \"secret\": \"…\", \"settings\": {\"server_url\": \"https://id.example.com\"}}]}}",
    providers,
)
.secret();

/// A segment of a path, or none.
pub(super) const SEGMENT: Kind<Option<String>> =
    Kind::new("letters, digits, \"-\", \"_\" or \".\", or null", |raw| {
        let segment = optional(raw, text)?.filter(|text| !text.is_empty());
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if segment.iter().all(|segment| segment.chars().all(plain)) { Ok(segment) } else { Err(Wrong::Shape) }
    })
    .keeping_empty();

fn providers(raw: &Raw<'_>) -> Result<Vec<ProviderApp>, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    // It needs no client; whether it is there at all is for INSTALLED_APPS to say.
    let nothing = Value::Object(Map::new());
    let mut apps = vec![Settings::of(DUMMY, given.get(DUMMY).unwrap_or(&nothing))?.dummy()?];
    for (provider, value) in given.iter().filter(|(provider, _)| *provider != DUMMY) {
        let settings = Settings::of(provider, value)?;
        for app in settings.apps()? {
            apps.push(settings.app(app)?);
        }
    }
    for (position, app) in apps.iter().enumerate() {
        let same = |other: &&ProviderApp| other.id == app.id && !other.hidden && !app.hidden;
        if apps.iter().take(position).any(|other| same(&other)) {
            return because(format!(
                "must give each app a provider_id of its own, not {:?} twice, or hide all but one",
                app.id
            ));
        }
    }
    Ok(apps)
}

fn because<T>(remedy: String) -> Result<T, Wrong> {
    Err(Wrong::Because(remedy))
}

/// What is said of one provider, for all its apps.
struct Settings<'a> {
    provider: &'a str,
    given: &'a Map<String, Value>,
}

impl<'a> Settings<'a> {
    fn of(provider: &'a str, value: &'a Value) -> Result<Self, Wrong> {
        let Value::Object(given) = value else {
            return because(format!("must have an object as {provider:?}"));
        };
        Ok(Self { provider, given })
    }

    fn apps(&self) -> Result<&'a [Value], Wrong> {
        let provider = self.provider;
        let apps = match (self.given.get("APPS"), self.given.get("APP")) {
            (Some(Value::Array(apps)), _) => apps.as_slice(),
            (None, Some(app)) => std::slice::from_ref(app),
            (None, None) if self.given.contains_key("SERVERS") => {
                return because("must list \"APPS\" instead of the older \"SERVERS\"".to_owned());
            }
            // allauth keeps such an app in its database. Without one, nothing is offered.
            (None, None) => &[],
            (Some(_), _) => return because(format!("must have a list as \"APPS\" of {provider}")),
        };
        if !apps.is_empty() && provider != OPENID_CONNECT && known_provider(provider).is_none() {
            let names = KNOWN_PROVIDERS.iter().map(|known| known.id).chain([OPENID_CONNECT]);
            return because(format!(
                "has apps of {provider:?}, which is not supported{}",
                suggestion(provider, names)
            ));
        }
        Ok(apps)
    }

    fn app(&self, app: &Value) -> Result<ProviderApp, Wrong> {
        let provider = self.provider;
        let Value::Object(app) = app else {
            return because(format!("must have an object as app of {provider}"));
        };
        let said = |key: &str| app.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let needed = |key: &str| {
            let missing = || Wrong::Because(format!("must give every app of {provider} a \"{key}\""));
            said(key).map(str::to_owned).ok_or_else(missing)
        };
        let options = self.options(app.get("settings"))?;
        let known = known_provider(provider);
        let openid_configuration_url = match options.get("server_url").and_then(Value::as_str) {
            _ if known.is_some() => None,
            Some(server) if !server.is_empty() => Some(configuration_url(server)),
            _ => {
                return because(format!(
                    "must give every app of {provider} a \"server_url\" in its \"settings\""
                ));
            }
        };
        let id = if known.is_some() {
            said("provider_id").unwrap_or(provider).to_owned()
        } else {
            needed("provider_id")?
        };
        let name = known.map_or_else(|| said("name").unwrap_or_default(), |known| known.name);
        let mut flows = vec![ProviderFlow::Redirect];
        flows.extend(known.is_none_or(|known| known.takes_tokens).then_some(ProviderFlow::Token));
        let client_id = Some(needed("client_id")?);
        let secret = said("secret").map(Secret::new);
        let key = said("key").map(str::to_owned);
        let base = self.common(id, name.to_owned(), flows, options)?;
        Ok(ProviderApp { client_id, secret, key, openid_configuration_url, ..base })
    }

    fn dummy(&self) -> Result<ProviderApp, Wrong> {
        let flows = vec![ProviderFlow::Redirect, ProviderFlow::Token];
        self.common(DUMMY.to_owned(), "Dummy".to_owned(), flows, self.options(None)?)
    }

    /// What the app says, and where it says nothing the provider: `SCOPE` is the provider's spelling of `scope`.
    fn options(&self, app: Option<&Value>) -> Result<Map<String, Value>, Wrong> {
        let mut options: Map<String, Value> = self
            .given
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "APP" | "APPS"))
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        match app {
            Some(Value::Object(settings)) => {
                let said = settings.iter().filter(|(_, value)| !value.is_null());
                options.extend(said.map(|(name, value)| (name.clone(), value.clone())));
            }
            None | Some(Value::Null) => {}
            Some(_) => {
                return because(format!(
                    "must have an object as \"settings\" of an app of {}",
                    self.provider
                ));
            }
        }
        Ok(options)
    }

    fn common(
        &self,
        id: String,
        name: String,
        flows: Vec<ProviderFlow>,
        mut options: Map<String, Value>,
    ) -> Result<ProviderApp, Wrong> {
        let provider = self.provider;
        let mut take = |name: &str| options.remove(name);
        let wrong =
            |name: &str, kind: &str| Wrong::Because(format!("must have {kind} as \"{name}\" of {provider}"));
        let switch = |name: &str, value: Option<Value>| match value {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(on)),
            Some(_) => Err(wrong(name, "true or false")),
        };
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let scope = match take("scope") {
            None => None,
            Some(value) => Some(texts(&value).ok_or_else(|| wrong("SCOPE", "a list of text"))?),
        };
        let auth_params = match take("auth_params") {
            None => Vec::new(),
            Some(Value::Object(params)) => {
                params.into_iter().map(|(name, value)| (name, plain(&value))).collect()
            }
            Some(_) => return Err(wrong("AUTH_PARAMS", "an object")),
        };
        let verified_email = match take("verified_email") {
            None | Some(Value::Bool(false)) => VerifiedEmail::AsSaid,
            Some(Value::Bool(true)) => VerifiedEmail::All,
            Some(value) => {
                let domains = texts(&value)
                    .ok_or_else(|| wrong("VERIFIED_EMAIL", "true, false or a list of domains"))?;
                VerifiedEmail::Domains(domains.iter().map(|domain| domain.to_lowercase()).collect())
            }
        };
        let pkce = switch("OAUTH_PKCE_ENABLED", take("oauth_pkce_enabled"))?;
        let email_authentication = switch("EMAIL_AUTHENTICATION", take("email_authentication"))?;
        let hidden = switch("hidden", take("hidden"))?.unwrap_or(false);
        Ok(ProviderApp {
            provider: provider.to_owned(),
            id,
            name,
            client_id: None,
            secret: None,
            key: None,
            openid_configuration_url: None,
            flows,
            hidden,
            scope,
            auth_params,
            pkce,
            verified_email,
            email_authentication,
            options,
        })
    }
}

/// As Python writes it into a query: text without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// OpenID Connect Discovery 1.0, section 4, unless the setting names another document there.
fn configuration_url(server: &str) -> String {
    if server.contains("/.well-known/") {
        server.to_owned()
    } else {
        format!("{server}/.well-known/openid-configuration")
    }
}
