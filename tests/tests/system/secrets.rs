//! Nothing secret is logged, and nothing secret is in the table.

use serde_json::{Value, json};

use crate::events::RECORDED;
use crate::{Client, Kind, Logs, NEW_PASSWORD, PASSWORD, PATIENT, Stack, add_app, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

/// What must occur nowhere.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, secret: &str) {
        self.0.push((what, secret.to_owned()));
        if let Some((_, part)) = secret.rsplit_once('.') {
            self.0.push((what, part.to_owned()));
        }
    }

    fn of(&mut self, client: &Client) {
        if let Some(token) = client.token() {
            self.add("a session token", &token);
        }
        if let Some(csrf) = client.cookie("csrftoken") {
            self.add("a CSRF token", &csrf);
        }
    }

    #[track_caller]
    fn are_not_in(&self, place: &str, text: &str) {
        for (what, secret) in &self.0 {
            assert!(!secret.is_empty());
            assert!(!text.contains(secret), "{what} is in {place}: {secret}");
        }
    }
}

/// All that is in the table; what is JSON there, both as it is and quoted.
async fn table(stack: &Stack) -> String {
    let items = stack.dynamodb.items().await;
    assert!(!items.is_empty());
    let documents = items.iter().filter_map(|item| item["document"]["S"].as_str());
    documents.map(str::to_owned).chain(items.iter().map(Value::to_string)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_journey_with_links_gives_nothing_away() {
    for kind in Kind::ALL {
        let logs = Logs::capture();
        let stack = Stack::start(&[&RECORDED[..], &[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]].concat()).await;
        let mut secrets = Secrets::default();
        secrets.add("a password", PASSWORD);
        secrets.add("a password", NEW_PASSWORD);
        secrets.add("a wrong password", "wrong-but-close");
        let client = stack.client(kind);

        sign_up(&client, EMAIL).await.awaits("verify_email");
        secrets.of(&client);
        secrets.are_not_in("the table", &table(&stack).await);
        let mail = stack.inbox.only(EMAIL).await;
        secrets.add("a verification key", &mail.key());
        secrets.are_not_in("the table", &table(&stack).await);
        client.get_with("auth/email/verify", "x-email-verification-key", &mail.key()).await.is(200);
        client.post("auth/email/verify", json!({"key": mail.key()})).await.is(401);
        log_in(&client, EMAIL, "wrong-but-close").await.is(400);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        secrets.of(&client);
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        secrets.of(&client);
        secrets.are_not_in("the table", &table(&stack).await);

        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let key = stack.inbox.only(EMAIL).await.key();
        secrets.add("a reset key", &key);
        client.get_with("auth/password/reset", "x-password-reset-key", &key).await.is(200);
        let other = stack.client(kind);
        other.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
        secrets.are_not_in("the table", &table(&stack).await);

        let logged = logs.own();
        assert!(logged.contains("answered"), "{logged}");
        secrets.are_not_in("the log", &logged);
        assert!(!logged.contains(EMAIL), "an address is in the log");
    }
}

#[tokio::test]
async fn a_journey_with_codes_gives_nothing_away() {
    for kind in Kind::ALL {
        let logs = Logs::capture();
        let by_code = [
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ];
        let stack = Stack::start(&[&RECORDED[..], &by_code].concat()).await;
        let mut secrets = Secrets::default();
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        secrets.of(&client);
        let code = stack.inbox.only(EMAIL).await.code();
        secrets.add("a verification code", &code);
        secrets.are_not_in("the table", &table(&stack).await);
        client.post("auth/email/verify", json!({"key": code})).await.is(200);
        secrets.of(&client);
        client.delete("auth/session").await.is(401);
        client.hold(None);

        client.post("auth/code/request", json!({"email": EMAIL})).await.is(401);
        secrets.of(&client);
        let code = stack.inbox.only(EMAIL).await.code();
        secrets.add("a login code", &code);
        secrets.are_not_in("the table", &table(&stack).await);
        client.post("auth/code/confirm", json!({"code": code})).await.is(200);
        secrets.of(&client);
        client.delete("auth/session").await.is(401);
        client.hold(None);

        client.post("auth/password/request", json!({"email": EMAIL})).await.is(401);
        secrets.of(&client);
        let code = stack.inbox.only(EMAIL).await.code();
        secrets.add("a reset code", &code);
        secrets.are_not_in("the table", &table(&stack).await);
        client.post("auth/password/reset", json!({"key": code, "password": NEW_PASSWORD})).await.is(401);
        secrets.are_not_in("the table", &table(&stack).await);
        secrets.are_not_in("the log", &logs.own());
    }
}

#[tokio::test]
async fn second_factors_give_nothing_away() {
    for kind in Kind::ALL {
        let logs = Logs::capture();
        // Digits enough not to be part of some number by chance.
        let long = ("MFA_RECOVERY_CODE_DIGITS", "20");
        let trust = ("MFA_TRUST_ENABLED", "true");
        let stack = Stack::start(&[&RECORDED[..], &PATIENT, &[long, trust]].concat()).await;
        stack.add_user(EMAIL).await;
        let mut secrets = Secrets::default();
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let shown = client.get("account/authenticators/totp").await;
        secrets.add("the secret of an app", shown.is(404).body["meta"]["secret"].as_str().unwrap());
        secrets.are_not_in("the table", &table(&stack).await);
        let client = stack.client(kind);
        let app = add_app(&client, EMAIL).await;
        secrets.add("the secret of an app", &app.secret);
        secrets.are_not_in("the table", &table(&stack).await);
        let codes = client.get("account/authenticators/recovery-codes").await;
        for code in codes.is(200).body["data"]["unused_codes"].as_array().unwrap() {
            secrets.add("a recovery code", code.as_str().unwrap());
        }
        secrets.of(&client);
        secrets.are_not_in("the table", &table(&stack).await);
        client.delete("auth/session").await.is(401);
        client.hold(None);
        for code in [app.code(0), codes.body["data"]["unused_codes"][0].as_str().unwrap().to_owned()] {
            log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
            client.post("auth/2fa/authenticate", json!({"code": code})).await;
            if kind == Kind::Browser {
                client.post("auth/2fa/trust", json!({"trust": false})).await.is(200);
            }
            secrets.of(&client);
            secrets.are_not_in("the table", &table(&stack).await);
            client.delete("auth/session").await.is(401);
            client.hold(None);
        }
        if kind == Kind::Browser {
            log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
            client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.awaits("mfa_trust");
            client.post("auth/2fa/trust", json!({"trust": true})).await.is(200);
            secrets.add("what a trusted browser holds", &client.cookie("mfa_trusted").unwrap());
        }
        secrets.are_not_in("the table", &table(&stack).await);
        secrets.are_not_in("the log", &logs.own());
    }
}

/// What waits to be sent holds links and codes, and is sealed.
#[tokio::test]
async fn the_outbox_is_sealed() {
    let stack = Stack::start(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
    stack.add_user("ben@example.com").await;
    stack.dynamodb.hold_deliveries();
    sign_up(&stack.app(), EMAIL).await.awaits("verify_email");
    stack.app().post("auth/code/request", json!({"email": "ben@example.com"})).await.is(401);
    stack.inbox.is_empty().await;
    let items = stack.dynamodb.items().await;
    let waiting: Vec<&Value> =
        items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("OUTBOX#")).collect();
    assert_eq!(waiting.len(), 2);
    for item in waiting {
        let sealed = item["sealed"]["B"].as_str().unwrap();
        assert!(sealed.len() > 100);
        let mut names: Vec<&String> = item.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["created_at", "expires_at", "pk", "sealed", "sk"]);
        assert!(!item.to_string().contains("example.com"), "{item}");
    }
}

/// When things fail, what is logged says what failed, and nothing of what it was about.
#[tokio::test]
async fn failures_give_nothing_away() {
    let logs = Logs::capture();
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    for fault in [crate::Fault::InternalError, crate::Fault::Drop, crate::Fault::Throughput] {
        stack.dynamodb.fail(None, fault, 1000);
        log_in(&client, EMAIL, PASSWORD).await.is(503);
        client.post("auth/email/verify", json!({"key": "secret-key"})).await;
        stack.dynamodb.recover();
    }
    let logged = logs.own();
    assert!(logged.contains("the table is unavailable"), "{logged}");
    for secret in [EMAIL, PASSWORD, "secret-key"] {
        assert!(!logged.contains(secret), "{secret} is in {logged}");
    }
}
