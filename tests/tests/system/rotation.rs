//! `SECRET_KEY` is replaced while the service runs, and is never lost in silence.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vestibule::app::Requirements;
use vestibule::rotation::KeyVault;
use vestibule::secret::Secret;
use vestibule::signing::Keys;
use vestibule_cli::arguments::RotationStep;

use crate::{Logs, PASSWORD, PATIENT, Stack, add_app, log_in};

const EMAIL: &str = "ann@example.com";
const PLAIN: &str = "the-key-that-cloudformation-generated-64-characters-long-or-so-x";
const OTHER: &str = "a-key-of-another-secret-that-has-sealed-nothing-in-this-table-xx";
const CODES: &str = "account/authenticators/recovery-codes";

/// The id and the content of each version.
type Versions = Vec<(String, String)>;

/// A secret in Secrets Manager: its versions, and which of them is the current one.
#[derive(Clone)]
struct Vault(Arc<Mutex<(Versions, usize)>>);

impl Vault {
    /// Holds a key, at a URL.
    async fn start() -> (Self, String) {
        let vault = Self(Arc::new(Mutex::new((vec![("made".to_owned(), PLAIN.to_owned())], 0))));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret = vault.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                let (status, body) = secret.answer(&request);
                let body = body.to_string();
                let head = "content-type: application/x-amz-json-1.1\r\nconnection: close";
                let head = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}", body.len());
                let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        (vault, url)
    }

    /// `PutSecretValue` under a label, `UpdateSecretVersionStage` of the label `AWSCURRENT`, or else `GetSecretValue`.
    fn answer(&self, request: &Value) -> (&'static str, Value) {
        let (versions, current) = &mut *self.0.lock().unwrap();
        let id = |name: &str| request[name].as_str().map(str::to_owned);
        let mut shown = *current;
        if let Some(new) = id("SecretString") {
            assert_ne!(request["VersionStages"], json!(["AWSCURRENT"]), "it would be written over another's");
            versions.push((id("ClientRequestToken").unwrap(), new));
            shown = versions.len() - 1;
        } else if let Some(new) = id("MoveToVersionId") {
            if id("RemoveFromVersionId").as_ref() != Some(&versions[*current].0) {
                return (
                    "400 Bad Request",
                    json!({"__type": "InvalidParameterException", "Message": "label"}),
                );
            }
            *current = versions.iter().position(|(id, _)| *id == new).unwrap();
            shown = *current;
        }
        let (id, secret) = &versions[shown];
        ("200 OK", json!({"ARN": "arn", "Name": "key", "VersionId": id, "SecretString": secret}))
    }

    fn content(&self) -> String {
        let (versions, current) = &*self.0.lock().unwrap();
        versions[*current].1.clone()
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.content()).unwrap()
    }

    fn keys(&self) -> Vec<String> {
        let document = self.document();
        let keys = document["keys"].as_array().unwrap();
        keys.iter().map(|entry| entry["key"].as_str().unwrap().to_owned()).collect()
    }

    fn set(&self, content: &str) {
        let (versions, current) = &mut *self.0.lock().unwrap();
        versions.push((versions.len().to_string(), content.to_owned()));
        *current = versions.len() - 1;
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
        // Its key is sealed with the account, and each event signed.
        ("AUDIT_RETENTION_DAYS", "30"),
        ("EVENTS_INCLUDE", "ip"),
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
    let newer = stack.process(Requirements::ALL).await.secrets().keys;
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
    assert!(logs.own().contains("cannot be decrypted"), "{}", logs.own());
    let error = stack.rotate(RotationStep::Reseal).await.unwrap_err().to_string();
    assert!(error.contains("can't be opened by any key"), "{error}");
}

/// A key goes when nothing that it signed can be open, and nothing names it; what was made under it is there still.
#[tokio::test]
async fn a_key_that_nothing_needs_is_retired() {
    let (vault, url) = Vault::start().await;
    let stack = stack(&url).await;
    let client = stack.app();
    let app = add_app(&client, EMAIL).await;
    for step in [RotationStep::Add, RotationStep::Wait, RotationStep::Promote] {
        stack.rotate(step).await.unwrap();
    }
    // It was replaced long ago.
    let mut document = vault.document();
    document["keys"][1]["replaced_at"] = json!(1_700_000_000);
    vault.set(&document.to_string());
    let id = Keys::id_of(&Secret::new(PLAIN));
    let error = stack.retire_key().await.unwrap_err().to_string();
    assert!(error.contains(&format!("the key {id} may still be needed by 1 accounts")), "{error}");

    stack.rotate(RotationStep::Reseal).await.unwrap();
    assert!(stack.retire_key().await.unwrap().contains(&id));
    assert_eq!(vault.keys().len(), 1);
    assert!(!vault.content().contains(PLAIN));
    let error = stack.retire_key().await.unwrap_err().to_string();
    assert!(error.contains("no key has been replaced"), "{error}");
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    client.post("auth/2fa/authenticate", json!({"code": app.code(0)})).await.is_logged_in_as(EMAIL);
}

/// Of two operators who change the keys at once, one is told, and neither's key is lost.
#[tokio::test]
async fn two_operators_do_not_overwrite_each_other() {
    let (vault, url) = Vault::start().await;
    let stack = stack(&url).await;
    let process = stack.process(Requirements::ALL).await;
    let mut first = KeyVault::open(&process).await.unwrap();
    let mut second = KeyVault::open(&process).await.unwrap();
    assert!(first.add(&process).await.unwrap());
    let added = vault.keys();
    let error = second.add(&process).await.unwrap_err().to_string();
    assert!(error.contains("has changed meanwhile") && error.contains("secret-key status"), "{error}");
    assert_eq!(vault.keys(), added);
    // Whoever looks again sees that it is done.
    assert!(!KeyVault::open(&process).await.unwrap().add(&process).await.unwrap());
    // One operator can take several steps on what they have read and written.
    assert!(first.promote(&process, true).await.unwrap());
    assert_eq!(vault.keys(), [added[1].as_str(), added[0].as_str()]);
}
