//! `config`: GET.

use lambda_http::http::Method;
use serde_json::{Map, Value, json};
use vestibule::flows::visit::{Client, Visit};
use vestibule::http::call::Call;
use vestibule::http::reply::{Halt, Reply};
use vestibule::settings::{LoginMethod, LoginMethods, ProviderApp, ProviderFlow, Settings};

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    call.input(|_| Ok(()))?;
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(Halt::NotAllowed);
    }
    Ok(Reply::ok(describe(visit.settings(), call.visitor.client)))
}

fn describe(settings: &Settings, client: Client) -> Value {
    let mut config = Map::new();
    config.insert("account".into(), account(settings));
    if settings.apps.socialaccount {
        config.insert("socialaccount".into(), json!({"providers": providers(settings, client)}));
    }
    if settings.apps.mfa {
        let mfa = &settings.mfa;
        let types: Vec<&str> = mfa.supported_types.iter().map(|kind| kind.name()).collect();
        config.insert(
            "mfa".into(),
            json!({
                "supported_types": types,
                "passkey_login_enabled": mfa.passkey_login_enabled,
            }),
        );
    }
    if settings.apps.usersessions {
        let tracked = settings.usersessions.track_activity;
        config.insert("usersessions".into(), json!({"track_activity": tracked}));
    }
    Value::Object(config)
}

fn account(settings: &Settings) -> Value {
    let account = &settings.account;
    let methods: Vec<&str> = account.login_methods.iter().map(LoginMethod::name).collect();
    let mut config = json!({
        "login_methods": methods,
        "is_open_for_signup": account.signup_open,
        "email_verification_by_code_enabled": account.email_verification_by_code_enabled,
        "login_by_code_enabled": account.login_by_code_enabled,
        "password_reset_by_code_enabled": account.password_reset_by_code_enabled,
    });
    if let (Some(method), Value::Object(config)) =
        (authentication_method(&account.login_methods), &mut config)
    {
        config.insert("authentication_method".into(), json!(method));
    }
    config
}

/// For old clients, which know of no phones.
fn authentication_method(methods: &LoginMethods) -> Option<&'static str> {
    match (methods.contains(LoginMethod::Email), methods.contains(LoginMethod::Username)) {
        (true, true) => Some("username_email"),
        (true, false) => Some("email"),
        (false, true) => Some("username"),
        (false, false) => None,
    }
}

fn providers(settings: &Settings, client: Client) -> Vec<Value> {
    let needed = match client {
        Client::Browser => ProviderFlow::Redirect,
        Client::App => ProviderFlow::Token,
    };
    let providers = settings.socialaccount.providers.iter();
    let mut providers: Vec<&ProviderApp> =
        providers.filter(|provider| provider.flows.contains(&needed)).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    providers.into_iter().map(provider).collect()
}

fn provider(provider: &ProviderApp) -> Value {
    let flows: Vec<&str> = provider.flows.iter().map(|flow| flow.name()).collect();
    let mut described = Map::new();
    described.insert("id".into(), json!(provider.id));
    described.insert("name".into(), json!(provider.name));
    described.insert("flows".into(), json!(flows));
    described.extend(provider.client_id.as_ref().map(|id| ("client_id".into(), json!(id))));
    let url = provider.openid_configuration_url.as_ref();
    described.extend(url.map(|url| ("openid_configuration_url".into(), json!(url))));
    Value::Object(described)
}
