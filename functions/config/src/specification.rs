//! The description of what this deployment serves, as an OpenAPI document.
//!
//! What the whole API can be is embedded, as `make docs` has written it from the endpoints of all functions, with marks
//! for what depends on settings (`vestibule::http::openapi` explains them). Here it is pruned: afterwards it names no path,
//! field or answer that these settings switch off.

use std::collections::BTreeMap;

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::{Map, Value, json};
use vestibule::app::App;
use vestibule::http::reply;
use vestibule::settings::{Clients, Settings, When};

use super::{page, profile};

/// Everything there can be.
const WHOLE: &str = include_str!("../../../docs/openapi.json");

pub(crate) fn json(app: &App, base_url: &str) -> Option<Response<Body>> {
    let text = served(app, base_url)?.to_string();
    Some(answer(text, "application/vnd.oai.openapi+json", Some("inline; filename=openapi.json")))
}

pub(crate) fn yaml(app: &App, base_url: &str) -> Option<Response<Body>> {
    let text = serde_saphyr::to_string(&served(app, base_url)?).ok()?;
    Some(answer(text, "application/vnd.oai.openapi", Some("inline; filename=openapi.yaml")))
}

pub(crate) fn html(app: &App, base_url: &str) -> Option<Response<Body>> {
    let mut response = answer(page::render(&served(app, base_url)?), "text/html; charset=utf-8", None);
    // The page needs its style and its search, and nothing else.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src '{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        page::SCRIPT_HASH
    );
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).ok()?);
    Some(response)
}

fn served(app: &App, base_url: &str) -> Option<Value> {
    When::Specification.holds(&app.settings).then(|| document(&app.settings, base_url)).flatten()
}

fn answer(text: String, media: &'static str, disposition: Option<&'static str>) -> Response<Body> {
    let mut response = reply::empty(StatusCode::OK).map(|_| Body::Text(text));
    let mut set =
        |name: HeaderName, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, media);
    disposition.map(|disposition| set(header::CONTENT_DISPOSITION, disposition));
    response
}

/// What an API with these settings at this address serves. None if what is embedded is no JSON, which a test rules out.
pub fn document(settings: &Settings, base_url: &str) -> Option<Value> {
    let mut document: Value = serde_json::from_str(WHOLE).ok()?;
    prune(&mut document, settings);
    let names = [
        ("SessionCookie", settings.session.cookie_name.as_str()),
        ("CSRFToken", settings.csrf.header_name.as_str()),
        ("JWT", settings.headless.jwt.authorization_header_scheme.as_str()),
    ];
    for (scheme, name) in names {
        let place = if scheme == "JWT" { "scheme" } else { "name" };
        if let Some(known) = document.pointer_mut(&format!("/components/securitySchemes/{scheme}/{place}")) {
            *known = name.into();
        }
    }
    *document.pointer_mut("/servers")? = json!([{"url": base_url}]);
    let paths = document.pointer_mut("/paths")?;
    *paths = pinned(paths.take(), settings.headless.clients);
    drop_unused(&mut document);
    Some(document)
}

/// Takes out what these settings switch off, and all marks.
fn prune(value: &mut Value, settings: &Settings) {
    match value {
        Value::Array(items) => {
            items.retain(|item| is_there(item, settings));
            for item in items {
                prune(item, settings);
            }
        }
        Value::Object(members) => {
            members.retain(|_, member| is_there(member, settings));
            members.remove("x-when");
            for member in members.values_mut() {
                prune(member, settings);
            }
            let part = members.remove("x-profile").and_then(|part| serde_json::from_value(part).ok());
            if let Some(part) = part {
                profile::describe(members, &settings.account.profile_fields, part);
            }
            if members.get("parameters").is_some_and(|left| left == &json!([])) {
                members.remove("parameters");
            }
            finish_responses(members);
            finish_choice(members);
            finish_properties(members, settings);
            fill_limits(members, settings);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_there(value: &Value, settings: &Settings) -> bool {
    value.get("x-when").is_none_or(|when| holds(when, settings))
}

fn holds(when: &Value, settings: &Settings) -> bool {
    match when {
        Value::Array(all) => all.iter().all(|when| holds(when, settings)),
        when => serde_json::from_value::<When>(when.clone()).is_ok_and(|when| when.holds(settings)),
    }
}

/// Makes an `enum` of a choice between constants, as generators read it; what each of them means goes into the description.
fn finish_choice(members: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = members.get("oneOf") else { return };
    let values: Vec<Value> = choices.iter().filter_map(|choice| choice.get("const").cloned()).collect();
    if values.len() != choices.len() {
        return;
    }
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let meanings = choices.iter().filter_map(|choice| {
        Some(format!("- `{}`: {}", said(choice.get("const")?), said(choice.get("description")?)))
    });
    let about = members.get("description").map(said).into_iter();
    let text: Vec<String> = about.chain(std::iter::once(String::new())).chain(meanings).collect();
    members.insert("description".to_owned(), text.join("\n").trim().into());
    members.insert("type".to_owned(), "string".into());
    members.insert("enum".to_owned(), values.into());
    members.remove("oneOf");
}

/// Makes one response of each status, of all the answers that are left of it.
fn finish_responses(members: &mut Map<String, Value>) {
    let Some(Value::Object(responses)) = members.get_mut("responses") else { return };
    for response in responses.values_mut() {
        if let Value::Array(answers) = response {
            *response = merged(std::mem::take(answers));
        }
    }
    responses.retain(|_, response| !response.is_null());
}

fn merged(mut answers: Vec<Value>) -> Value {
    if answers.len() < 2 {
        return answers.pop().unwrap_or_default();
    }
    let mut texts = Vec::new();
    let mut schemas: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for answer in answers {
        texts.extend(answer.get("description").and_then(Value::as_str).map(str::to_owned));
        for (media, content) in answer.get("content").and_then(Value::as_object).into_iter().flatten() {
            schemas.entry(media.clone()).or_default().extend(content.get("schema").cloned());
        }
    }
    let content: Map<_, _> = schemas.into_iter().map(|(media, any)| (media, any_of(any))).collect();
    json!({"description": texts.join(" Or: "), "content": content})
}

fn any_of(mut schemas: Vec<Value>) -> Value {
    schemas.dedup();
    match schemas.as_slice() {
        [] => json!({}),
        [only] => json!({"schema": only}),
        _ => json!({"schema": {"anyOf": schemas}}),
    }
}

/// Says of each property that is left whether it must be there.
fn finish_properties(members: &mut Map<String, Value>, settings: &Settings) {
    let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
    let mut also = Vec::new();
    for (name, property) in properties.iter_mut() {
        let when = property.as_object_mut().and_then(|property| property.remove("x-required"));
        if when.is_some_and(|when| holds(&when, settings)) {
            also.push(json!(name));
        }
    }
    let known = properties.clone();
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| name.as_str().is_some_and(|name| known.contains_key(name)));
        required.append(&mut also);
    }
    if members.get("required") == Some(&json!([])) {
        members.remove("required");
    }
}

fn fill_limits(members: &mut Map<String, Value>, settings: &Settings) {
    let Some(Value::Object(limits)) = members.remove("x-limits") else { return };
    for (limit, setting) in limits {
        let value = match setting.as_str() {
            Some("email_max_length") => settings.account.email_max_length,
            Some("username_min_length") => settings.account.username_min_length,
            _ => continue,
        };
        members.insert(limit, value.into());
    }
}

/// What a path has in place of the kind of client. Such a path leaves nothing else open.
const CLIENT: &str = "{client}";

/// Where one kind of client is served, its paths name it.
fn pinned(paths: Value, clients: Clients) -> Value {
    let only = match (clients.browser, clients.app) {
        (true, false) => "browser",
        (false, true) => "app",
        _ => return paths,
    };
    let Value::Object(paths) = paths else { return paths };
    let pinned = paths.into_iter().map(|(path, mut described)| {
        if path.contains(CLIENT)
            && let Value::Object(described) = &mut described
        {
            described.remove("parameters");
        }
        (path.replace(CLIENT, only), described)
    });
    Value::Object(pinned.collect())
}

/// Takes out components that nothing refers to any more, and then those that only they referred to; and tags without
/// operations.
fn drop_unused(document: &mut Value) {
    loop {
        let mut used = Vec::new();
        references(document, &mut used);
        let mut dropped = false;
        for kind in ["schemas", "responses", "parameters"] {
            if let Some(Value::Object(components)) = document.pointer_mut(&format!("/components/{kind}")) {
                let before = components.len();
                components.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
                dropped |= components.len() < before;
            }
        }
        if !dropped {
            break;
        }
    }
    let text = document.get("paths").map(Value::to_string).unwrap_or_default();
    if let Some(Value::Array(tags)) = document.get_mut("tags") {
        tags.retain(|tag| tag.get("name").is_some_and(|name| text.contains(&format!("\"tags\":[{name}]"))));
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                references(item, found);
            }
        }
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get("$ref") {
                found.push(path.clone());
            }
            for member in members.values() {
                references(member, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
