//! Proofs of who somebody is that are made up in a session that was left open (promise 3).

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use vestibule_tests::{AuthenticatorApp, Passkey};

use super::{ANN, MALLORY};
use crate::social::dummy;
use crate::webauthn::{KEYS, REAUTHENTICATE};
use crate::{Answer, Client, NEW_PASSWORD, PATIENT, Stack, UNLIMITED, log_in};

const SETTINGS: [(&str, &str); 6] = [
    UNLIMITED,
    ("ACCOUNT_REAUTHENTICATION_TIMEOUT", "1"),
    ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
    ("ACCOUNT_SIGNUP_FIELDS", "email*"),
    ("ACCOUNT_DELETION_ENABLED", "true"),
    ("ACCOUNT_EXPORT_ENABLED", "true"),
];
const SUPPORTED: (&str, &str) = ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn");
const REQUIRED: (&str, &str) = ("ACCOUNT_REAUTHENTICATION_REQUIRED", "true");

/// Ann, who logs in by a service only, and has left her session open for longer than a proof is good for.
async fn left_open(stack: &Stack) -> Client {
    let client = stack.app();
    dummy(&client, "login", json!({"id": 1, "email": ANN, "email_verified": true}))
        .await
        .is_logged_in_as(ANN);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    client
}

#[track_caller]
fn asks(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
}

/// What only the owner may do.
async fn takes_all(clients: &[&Client], what: &str) {
    for client in clients {
        asks(&client.get("account/export").await, what);
        asks(&client.delete("account").await, what);
    }
}

#[tokio::test]
async fn nothing_that_is_added_on_the_spot_proves_who_one_is() {
    for settings in [&SETTINGS[..], &[&SETTINGS[..], &[("MFA_REAUTHENTICATION_REQUIRED", "false")]].concat()]
    {
        let stack = Stack::start(&[settings, &[SUPPORTED]].concat()).await;
        let thief = left_open(&stack).await;
        takes_all(&[&thief], "nothing").await;
        // A first password.
        let change = json!({"new_password": NEW_PASSWORD});
        asks(&thief.post("account/password/change", change).await, "a first password");
        let again = stack.app();
        assert_eq!(log_in(&again, ANN, NEW_PASSWORD).await.status, 400);
        assert!(!thief.post("auth/reauthenticate", json!({"password": NEW_PASSWORD})).await.succeeded());
        takes_all(&[&thief], "a password").await;
        // A first app.
        let shown = thief.get("account/authenticators/totp").await;
        if let Some(url) = shown.body["meta"]["totp_url"].as_str() {
            let app = AuthenticatorApp::scan(url);
            let answer = thief.post("account/authenticators/totp", json!({"code": app.code(0)})).await;
            asks(&answer, "a first app");
            assert!(!thief.post("auth/2fa/reauthenticate", json!({"code": app.code(1)})).await.succeeded());
        }
        // A first key.
        let asked = thief.get(KEYS).await;
        if asked.status == 200 {
            let mut key = Passkey::new(&format!("http://{}", stack.api));
            let credential = key.create(&asked.body["data"]["creation_options"]);
            asks(&thief.post(KEYS, json!({"name": "x", "credential": credential})).await, "a first key");
        }
        let asked = thief.get(REAUTHENTICATE).await;
        assert!(
            asked.status >= 400
                || asked.body["data"]["request_options"]["publicKey"]["allowCredentials"] == json!([])
        );
        takes_all(&[&thief], "an authenticator").await;
        thief.get("auth/session").await.is_logged_in_as(ANN);
        dummy(&stack.app(), "login", json!({"id": 1})).await.is_logged_in_as(ANN);
    }
}

/// Recovery codes that are read in a session that was left open prove nothing in it.
#[tokio::test]
async fn recovery_codes_that_are_read_on_the_spot_prove_nothing() {
    let off = [("MFA_REAUTHENTICATION_REQUIRED", "false")];
    let stack = Stack::start(&[&SETTINGS[..], &PATIENT[..], &[SUPPORTED], &off].concat()).await;
    let thief = stack.app();
    let ann = json!({"id": 1, "email": ANN, "email_verified": true});
    dummy(&thief, "login", ann).await.is_logged_in_as(ANN);
    let shown = thief.get("account/authenticators/totp").await;
    let app = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    thief.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    takes_all(&[&thief], "nothing").await;
    let codes = thief.get("account/authenticators/recovery-codes").await;
    let code = codes.is(200).body["data"]["unused_codes"][0].clone();
    thief.post("auth/2fa/reauthenticate", json!({"code": code})).await;
    takes_all(&[&thief], "a recovery code").await;
    let change = json!({"new_password": NEW_PASSWORD});
    asks(&thief.post("account/password/change", change).await, "a first password");
    // Its owner has the app.
    thief.post("auth/2fa/reauthenticate", json!({"code": app.code(1)})).await.is(200);
    thief.get("account/export").await.is(200);
}

/// Where reauthentication is required, who has no method left is refused, rather than let pass.
#[tokio::test]
async fn who_has_nothing_to_prove_it_with_is_refused() {
    for methods in ["password", "mfa", "password,mfa"] {
        let methods = ("ACCOUNT_REAUTHENTICATION_METHODS", methods);
        let settings = [&SETTINGS[..], &[SUPPORTED, REQUIRED, methods]].concat();
        let stack = Stack::start(&settings).await;
        let thief = left_open(&stack).await;
        let attempts: Vec<(Method, &str, Value)> = vec![
            (Method::POST, "account/email", json!({"email": MALLORY})),
            (Method::PATCH, "account/email", json!({"email": ANN, "primary": true})),
            (Method::DELETE, "account/email", json!({"email": ANN})),
            (Method::POST, "account/password/change", json!({"new_password": NEW_PASSWORD})),
            (Method::DELETE, "account/providers", json!({"provider": "dummy", "account": "1"})),
            (Method::DELETE, "account", json!({})),
            (Method::GET, "account/export", json!({})),
        ];
        for (method, path, body) in attempts {
            let answer = thief.send(method.clone(), path, &[], body.to_string()).await;
            assert!([400, 401].contains(&answer.status), "{method} {path}: {}", answer.text);
            if answer.status == 401 {
                assert_eq!(answer.body["data"]["flows"], json!([]), "{method} {path}: {}", answer.text);
            }
        }
        let answer = dummy(&thief, "connect", json!({"id": 666})).await;
        assert!(!answer.succeeded(), "{}", answer.text);
        thief.get("auth/session").await.is_logged_in_as(ANN);
        assert_eq!(crate::social::providers(&thief).await, ["dummy 1"]);
    }
}

/// All verified addresses hear of what is added, so that its owner knows.
#[tokio::test]
async fn additions_are_told_to_the_addresses_that_were_there_before() {
    let stack = super::stack(&[UNLIMITED]).await;
    let ann = stack.app();
    super::enter(&ann, ANN).await;
    ann.post("account/email", json!({"email": MALLORY.replace("net", "org")})).await.is(200);
    let mails = stack.inbox.take().await;
    assert!(mails.iter().any(|mail| mail.to == ANN), "{mails:#?}");
    dummy(&ann, "connect", json!({"id": 1})).await.is(200);
    assert!(stack.inbox.take().await.iter().any(|mail| mail.to == ANN));
}
