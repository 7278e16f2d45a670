//! How accounts and sessions look to clients: users, methods and flows.

use lambda_http::http::StatusCode;
use serde_json::{Map, Value, json};

use super::reply::Reply;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::authenticator::{Authenticator, AuthenticatorType, Factor};
use crate::domain::session::AuthenticationRecord;
use crate::domain::stage::StageKey;
use crate::domain::time::Timestamp;
use crate::flows::visit::{Client, Visit};
use crate::flows::{mfa, password_reset};
use crate::settings::{ProviderFlow, Settings};

/// A user, without what is empty.
pub fn user(account: &Account, settings: &Settings) -> Value {
    let mut user = Map::new();
    user.insert("id".into(), json!(account.id.as_str()));
    user.insert("display".into(), json!(account.display()));
    user.insert("has_usable_password".into(), json!(account.password.is_some()));
    let filled = |text: &&str| !text.is_empty();
    user.extend(account.primary_email().filter(filled).map(|email| ("email".into(), json!(email))));
    if settings.account.usernames {
        let name = account.username.as_deref().filter(filled);
        user.extend(name.map(|name| ("username".into(), json!(name))));
    }
    Value::Object(user)
}

/// An email address of an account.
pub fn email_address(address: &EmailAddress) -> Value {
    json!({"email": address.email, "verified": address.verified, "primary": address.primary})
}

/// An authenticator, without what is secret about it. That of an app has no id and no name.
pub fn authenticator(authenticator: &Authenticator) -> Value {
    let mut shown = json!({
        "type": authenticator.factor.kind().name(),
        "created_at": authenticator.created_at.as_seconds(),
        "last_used_at": authenticator.last_used_at.map(Timestamp::as_seconds),
    });
    let more = match &authenticator.factor {
        Factor::Totp(_) => json!({}),
        Factor::RecoveryCodes(codes) => {
            json!({"total_code_count": codes.total, "unused_code_count": codes.unused.len()})
        }
        Factor::WebAuthn(credential) => {
            let mut more = json!({"id": authenticator.id, "name": credential.name});
            if let (Some(passwordless), Value::Object(more)) = (credential.passwordless, &mut more) {
                more.insert("is_passwordless".into(), json!(passwordless));
            }
            more
        }
    };
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

/// Whether somebody is logged in, and if not, how they can.
pub fn authentication(visit: &Visit<'_>) -> Reply {
    let status = if visit.user().is_some() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    authentication_with(visit, status)
}

/// The same with 401: somebody is logged in, but has to prove again who they are.
pub fn reauthentication(visit: &Visit<'_>) -> Reply {
    authentication_with(visit, StatusCode::UNAUTHORIZED)
}

/// There is nothing to go on with, whether somebody is logged in or not; 410 when the session is gone.
pub fn unauthorized(visit: &Visit<'_>, status: StatusCode) -> Reply {
    let data = json!({"flows": flows(visit, None)});
    Reply { data: Some(data), ..Reply::status(status) }.with_meta("is_authenticated", Value::Null)
}

fn authentication_with(visit: &Visit<'_>, status: StatusCode) -> Reply {
    let account = visit.user();
    let mut data = Map::new();
    if let Some(account) = account {
        let records = visit.session().records_of(&account.id);
        data.insert("user".into(), user(account, visit.settings()));
        data.insert("methods".into(), records.iter().map(method).collect());
    }
    if status != StatusCode::OK {
        data.insert("flows".into(), flows(visit, account));
    }
    let reply = Reply { data: Some(Value::Object(data)), ..Reply::status(status) };
    reply.with_meta("is_authenticated", json!(account.is_some()))
}

fn method(record: &AuthenticationRecord) -> Value {
    let mut method = Map::new();
    method.insert("method".into(), json!(record.method.name()));
    method.insert("at".into(), json!(record.at.as_seconds()));
    method.extend(record.email.as_ref().map(|email| ("email".into(), json!(email))));
    method.extend(record.username.as_ref().map(|name| ("username".into(), json!(name))));
    method.extend(record.phone.as_ref().map(|phone| ("phone".into(), json!(phone))));
    if let Some(used) = record.authenticator {
        method.insert("id".into(), json!(used.id));
        method.insert("type".into(), json!(used.kind.name()));
        if used.passwordless {
            method.insert("passwordless".into(), json!(true));
        }
    }
    if record.reauthenticated {
        method.insert("reauthenticated".into(), json!(true));
    }
    Value::Object(method)
}

fn flows(visit: &Visit<'_>, account: Option<&Account>) -> Value {
    let settings = visit.settings();
    let mut flows = match account {
        Some(account) => reauthentication_flows(account, settings),
        None => login_flows(settings, visit.visitor.client),
    };
    if let Some(pending) = visit.session().pending() {
        let id = pending.stage.key().name();
        let known = flows.iter_mut().find(|flow| flow.get("id").is_some_and(|known| known == id));
        match known {
            Some(flow) => {
                flow.insert("is_pending".into(), json!(true));
            }
            None => {
                let mut flow = flow(id);
                flow.insert("is_pending".into(), json!(true));
                if let Some(account) = mfa::resume(visit).ok().map(|(_, account)| account) {
                    flow.insert("types".into(), types(&account));
                }
                flows.push(flow);
            }
        }
    }
    if !settings.socialaccount.only && settings.account.password_reset_by_code_enabled {
        let mut flow = flow("password_reset_by_code");
        flow.insert("is_pending".into(), json!(password_reset::is_pending(visit)));
        flows.push(flow);
    }
    flows.into_iter().map(Value::Object).collect()
}

fn flow(id: &str) -> Map<String, Value> {
    Map::from_iter([("id".to_owned(), json!(id))])
}

fn reauthentication_flows(account: &Account, settings: &Settings) -> Vec<Map<String, Value>> {
    let mut flows: Vec<_> = account.password.iter().map(|_| flow("reauthenticate")).collect();
    if settings.apps.mfa && !account.authenticators.is_empty() {
        let mut flow = flow("mfa_reauthenticate");
        flow.insert("types".into(), types(account));
        flows.push(flow);
    }
    flows
}

fn types(account: &Account) -> Value {
    account.authenticator_types().into_iter().map(AuthenticatorType::name).collect()
}

fn login_flows(settings: &Settings, client: Client) -> Vec<Map<String, Value>> {
    let mut flows = Vec::new();
    if !settings.socialaccount.only {
        flows.push(flow("login"));
    }
    if settings.account.login_by_code_enabled {
        flows.push(flow(StageKey::LoginByCode.name()));
    }
    if settings.account.signup_open && !settings.socialaccount.only {
        flows.push(flow("signup"));
    }
    if settings.apps.socialaccount {
        let kinds: &[ProviderFlow] = match client {
            Client::Browser => &[ProviderFlow::Redirect, ProviderFlow::Token],
            Client::App => &[ProviderFlow::Token],
        };
        flows.extend(kinds.iter().filter_map(|kind| provider_flow(settings, *kind)));
    }
    if settings.apps.mfa && settings.mfa.passkey_login_enabled {
        flows.push(flow("mfa_login_webauthn"));
    }
    flows
}

fn provider_flow(settings: &Settings, kind: ProviderFlow) -> Option<Map<String, Value>> {
    let providers = settings.socialaccount.providers.iter().filter(|provider| provider.flows.contains(&kind));
    let ids: Vec<&str> = providers.map(|provider| provider.id.as_str()).collect();
    (!ids.is_empty()).then(|| {
        let mut flow = flow(kind.name());
        flow.insert("providers".into(), json!(ids));
        flow
    })
}
