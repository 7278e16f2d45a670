//! Other services that people can log in through.
//!
//! So far only what `config` and the list of flows show of them.

use serde_json::Value;

use super::kind::{Kind, Wrong};
use super::source::Raw;

/// A service that people can log in through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderApp {
    /// The kind of service: `openid_connect` or `dummy`.
    pub provider: String,
    /// What the API calls it: the `provider_id`, or the kind where there is but one.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The client id this API has there, where it has one.
    pub client_id: Option<String>,
    /// Where the service describes itself, where it does.
    pub openid_configuration_url: Option<String>,
    /// How people can log in through it.
    pub flows: Vec<ProviderFlow>,
}

/// A way to log in through another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFlow {
    /// The browser is sent there and back.
    Redirect,
    /// The client has a token from there already.
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
    /// The provider that believes whatever it is told.
    pub(super) fn dummy() -> Self {
        Self {
            provider: "dummy".to_owned(),
            id: "dummy".to_owned(),
            name: "Dummy".to_owned(),
            client_id: None,
            openid_configuration_url: None,
            flows: vec![ProviderFlow::Redirect, ProviderFlow::Token],
        }
    }
}

/// The value holds the client secrets, so it is never shown.
pub(super) const PROVIDERS: Kind<Vec<ProviderApp>> = Kind::new(
    "an object such as {\"openid_connect\": {\"APPS\": [{\"provider_id\": \"example\", \"name\": \"Example\", \
     \"client_id\": \"…\", \"secret\": \"…\", \"settings\": {\"server_url\": \"https://id.example.com\"}}]}}",
    providers,
)
.secret();

fn providers(raw: &Raw<'_>) -> Result<Vec<ProviderApp>, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    let Some(openid_connect) = given.get("openid_connect") else { return Ok(Vec::new()) };
    let apps = match (openid_connect.get("APPS"), openid_connect.get("APP")) {
        (Some(Value::Array(apps)), _) => apps.as_slice(),
        (None, Some(app)) => std::slice::from_ref(app),
        (None, None) if openid_connect.get("SERVERS").is_some() => {
            return Err(Wrong::Because("must list \"APPS\" instead of the older \"SERVERS\"".to_owned()));
        }
        (None, None) if openid_connect.is_object() => &[],
        _ => return Err(Wrong::Shape),
    };
    let apps = apps.iter().map(openid_connect_app).collect::<Result<Vec<_>, _>>()?;
    for (position, app) in apps.iter().enumerate() {
        if apps.iter().take(position).any(|other| other.id == app.id) {
            return Err(Wrong::Because(format!(
                "must give each app a provider_id of its own, not {:?} twice",
                app.id
            )));
        }
    }
    Ok(apps)
}

fn openid_connect_app(app: &Value) -> Result<ProviderApp, Wrong> {
    let needed = |value: Option<&Value>, key: &str| {
        let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned)
            .ok_or_else(|| Wrong::Because(format!("must give every app of openid_connect a \"{key}\"")))
    };
    let server = needed(app.pointer("/settings/server_url"), "server_url\" in its \"settings")?;
    Ok(ProviderApp {
        provider: "openid_connect".to_owned(),
        id: needed(app.get("provider_id"), "provider_id")?,
        name: app.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        client_id: Some(needed(app.get("client_id"), "client_id")?),
        openid_configuration_url: Some(configuration_url(server)),
        flows: vec![ProviderFlow::Redirect, ProviderFlow::Token],
    })
}

/// OpenID Connect Discovery 1.0, section 4, unless the setting names another document there.
fn configuration_url(server: String) -> String {
    if server.contains("/.well-known/") {
        server
    } else {
        format!("{server}/.well-known/openid-configuration")
    }
}
