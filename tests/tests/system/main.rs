//! Whole journeys over HTTP: through the gateway's routes, the functions, the embedded DynamoDB and the inbox.
//!
//! One module a route or a concern, all in one program: linking takes longer than running.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what tests share may fail as tests do")]

mod account;
mod attacks;
mod bad_days;
mod bad_input;
mod bot_check;
mod budget;
mod cloudfront;
mod code;
mod config;
mod cookies;
mod deployment;
mod django;
mod enumeration;
mod events;
mod gate;
mod guarding;
mod hook;
mod input;
mod invitations;
mod keys;
mod languages;
mod limits;
mod login;
mod mfa;
mod migration;
mod migration_function;
mod monitoring;
mod openapi;
mod operators;
mod own;
mod ownership;
mod password;
mod permissions;
mod phone;
mod pretraffic;
mod privacy;
mod probe;
mod profile;
mod races;
mod reauthenticate;
mod releases;
mod rotation;
mod routes;
mod secrets;
mod sessions;
mod settings;
mod signup;
mod social;
mod standards;
mod template;
mod tokens;
mod undeliverable;
mod verify;
mod webauthn;
mod webhook;

use serde_json::{Value, json};
use vestibule_tests::{Answer, AuthenticatorApp, Client, Fault, Kind, Logs, PASSWORD, PATIENT, Stack, raw};

/// Another password that all validators take.
const NEW_PASSWORD: &str = "a-whole-other-horse";

/// Without limits on how often things may be done, for tests that are about something else.
const UNLIMITED: (&str, &str) = ("ACCOUNT_RATE_LIMITS", "false");

/// What signing up and logging in take.
fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

async fn sign_up(client: &Client, email: &str) -> Answer {
    client.post("auth/signup", credentials(email, PASSWORD)).await
}

async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("auth/login", credentials(email, password)).await
}

/// Logs in, proves again who it is, and adds an authenticator app.
async fn add_app(client: &Client, email: &str) -> AuthenticatorApp {
    log_in(client, email, PASSWORD).await.is_logged_in_as(email);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    let shown = client.get("account/authenticators/totp").await;
    let app = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    client.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
    app
}

/// Fails unless nobody is logged in with this client any more: apps are told that their token is void.
async fn has_ended(client: &Client) {
    let answer = client.get("auth/session").await;
    answer.is(if client.kind == Kind::App { 410 } else { 401 });
    assert!(answer.body["data"].get("user").is_none(), "{}", answer.text);
}
