//! `SECRET_KEY` is replaced while the service runs, and is never lost in silence.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vestibule::secret::Secret;
use vestibule::signing::Keys;
use vestibule_cli::arguments::RotationStep;

use crate::{Logs, PASSWORD, PATIENT, Stack, add_app, log_in};

const EMAIL: &str = "ann@example.com";
const PLAIN: &str = "the-key-that-cloudformation-generated-64-characters-long-or-so-x";
const OTHER: &str = "a-key-of-another-secret-that-has-sealed-nothing-in-this-table-xx";
const CODES: &str = "account/authenticators/recovery-codes";

/// A secret in Secrets Manager.
#[derive(Clone)]
struct Vault(Arc<Mutex<String>>);

impl Vault {
    /// Holds a key, at a URL.
    async fn start() -> (Self, String) {
        let vault = Self(Arc::new(Mutex::new(PLAIN.to_owned())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let content = Arc::clone(&vault.0);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                if let Some(new) = request["SecretString"].as_str() {
                    new.clone_into(&mut content.lock().unwrap());
                }
                let secret = content.lock().unwrap().clone();
                let body = json!({"ARN": "arn", "Name": "key", "VersionId": "1", "SecretString": secret});
                let body = body.to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        (vault, url)
    }

    fn keys(&self) -> Vec<String> {
        let document: Value = serde_json::from_str(&self.0.lock().unwrap()).unwrap();
        let keys = document["keys"].as_array().unwrap();
        keys.iter().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect()
    }

    fn set(&self, content: &str) {
        content.clone_into(&mut self.0.lock().unwrap());
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Value {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let length = stream.read(&mut part).await.unwrap_or(0);
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match serde_json::from_str(body) {
            Ok(body) => return body,
            Err(_) if length == 0 => return Value::Null,
            Err(_) => {}
        }
    }
}

async fn stack(url: &str) -> Stack {
    let stack = Stack::start(&[
        PATIENT[0],
        PATIENT[1],
        ("SECRET_KEY_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url),
    ])
    .await;
    stack.add_user(EMAIL).await;
    stack
}

async fn rotate(stack: &Stack) {
    for step in [RotationStep::Add, RotationStep::Wait, RotationStep::Promote, RotationStep::Reseal] {
        // Each may be repeated.
        for _ in 0..2 {
            stack.rotate(step).await.unwrap();
        }
    }
}

#[tokio::test]
async fn nobody_loses_an_authenticator_over_two_rotations() {
    let (vault, url) = Vault::start().await;
    let stack = stack(&url).await;
    let client = stack.app();
    let app = add_app(&client, EMAIL).await;
    let codes = client.get(CODES).await;
    let code = codes.is(200).body["data"]["unused_codes"][0].as_str().unwrap().to_owned();
    client.hold(None);

    // Whoever owns the account is not there while its key is replaced twice.
    rotate(&stack).await;
    let second = vault.keys()[0].clone();
    assert_eq!(vault.keys(), [second.as_str(), PLAIN]);
    rotate(&stack).await;
    let keys = vault.keys();
    assert_eq!(keys[1..], [second.as_str(), PLAIN]);
    let error = stack.retire_key().await.unwrap_err().to_string();
    let id = Keys::id_of(&Secret::new(PLAIN));
    assert!(error.contains(&id) && error.contains("may be open for"), "{error}");

    // And the old keys are gone for good.
    vault.set(&json!({"keys": [{"id": "x", "key": keys[0]}]}).to_string());
    for code in [app.code(0), code] {
        let client = stack.app();
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        client.post("auth/2fa/authenticate", json!({"code": code})).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn what_was_sent_before_a_rotation_is_good_after_it() {
    let (_, url) = Vault::start().await;
    let stack = stack(&url).await;
    let client = stack.app();
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    rotate(&stack).await;
    // An account that was made meanwhile, by a process that knows the new key: this one meets it, and reads it.
    let newer = stack.process(vestibule::app::Requirements::ALL).await.secrets().keys;
    let id = vestibule::domain::account_id::AccountId::parse("nobody").unwrap();
    let now = vestibule::domain::time::Timestamp::from_millis(0);
    let made = newer.email_key(&id, "x@example.com", now, vestibule::signing::Spelling::Base64);
    client.post("auth/email/verify", json!({"key": made})).await.is(400);
    let answer =
        client.post("auth/password/reset", json!({"key": key, "password": crate::NEW_PASSWORD})).await;
    answer.is(401);
    log_in(&client, EMAIL, crate::NEW_PASSWORD).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn what_can_t_be_opened_is_no_wrong_code() {
    let (vault, url) = Vault::start().await;
    let stack = stack(&url).await;
    let client = stack.app();
    let app = add_app(&client, EMAIL).await;
    client.hold(None);
    rotate(&stack).await;
    // The table is beside a secret that sealed nothing in it.
    vault.set(OTHER);
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    let logs = Logs::capture();
    let answer = client.post("auth/2fa/authenticate", json!({"code": app.code(0)})).await;
    answer.is(503);
    assert_eq!(answer.header("retry-after"), ["1"]);
    assert!(!answer.text.contains("Incorrect"), "{}", answer.text);
    assert!(logs.own().contains("can't be opened"), "{}", logs.own());
    let error = stack.rotate(RotationStep::Reseal).await.unwrap_err().to_string();
    assert!(error.contains("can't be opened by any key"), "{error}");
}
