//! `auth/reauthenticate`.

use serde_json::json;
use vestibule_tests::AuthenticatorApp;

use crate::social::dummy;
use crate::{Kind, PASSWORD, Stack, UNLIMITED, log_in};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@example.org";

#[tokio::test]
async fn the_password_is_asked_again() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is_anonymous();
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let wrong = client.post("auth/reauthenticate", json!({"password": "wrong"})).await;
        wrong.refuses(&["password: incorrect_password"]);
        client.post("auth/reauthenticate", json!({})).await.refuses(&["password: required"]);
        let answer = client.post("auth/reauthenticate", json!({"password": PASSWORD})).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["password", "password"]);
        assert_eq!(answer.body["data"]["methods"][1]["reauthenticated"], true);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn guessing_is_limited() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        for _ in 0..5 {
            let wrong = client.post("auth/reauthenticate", json!({"password": "wrong"})).await;
            wrong.refuses(&["password: incorrect_password"]);
        }
        let right = client.post("auth/reauthenticate", json!({"password": PASSWORD})).await;
        right.refuses(&["password: too_many_login_attempts"]);
    }
}

const PHONE: &str = "+31612345678";
const REQUEST: &str = "auth/reauthenticate/code/request";
const CONFIRM: &str = "auth/reauthenticate/code/confirm";
const RESEND: &str = "auth/reauthenticate/code/resend";

#[tokio::test]
async fn a_code_is_another_way() {
    let settings =
        [("ACCOUNT_REAUTHENTICATION_REQUIRED", "true"), ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "1")];
    for kind in Kind::ALL {
        let stack = Stack::start(&settings).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        for path in [REQUEST, CONFIRM, RESEND] {
            client.post(path, json!({"email": EMAIL, "code": "x"})).await.is_anonymous();
        }
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        for path in [CONFIRM, RESEND] {
            client.post(path, json!({"code": "x"})).await.is(409);
        }
        let asked = client.post("account/email", json!({"email": "new@example.com"})).await;
        let recipients = json!([{"email": EMAIL}]);
        let flows =
            json!([{"id": "reauthenticate"}, {"id": "reauthenticate_by_code", "recipients": recipients}]);
        assert_eq!(asked.is(401).body["data"]["flows"], flows);

        client.post(REQUEST, json!({})).await.refuses(&["required"]);
        client.post(REQUEST, json!({"email": EMAIL, "phone": PHONE})).await.refuses(&["select_only_one"]);
        client.post(REQUEST, json!({"email": "ben@example.com"})).await.refuses(&["email: unknown_email"]);
        client.post(REQUEST, json!({"phone": PHONE})).await.refuses(&["phone: unknown_phone"]);
        stack.inbox.is_empty().await;
        client.post(REQUEST, json!({"email": "ANN@example.com"})).await.is(200);
        let first = stack.inbox.only(EMAIL).await.code();
        let asked = client.post("account/email", json!({"email": "new@example.com"})).await;
        assert_eq!(asked.is(401).body["data"]["flows"][1]["is_pending"], true);
        client.post(RESEND, json!({})).await.is(200);
        client.post(RESEND, json!({})).await.is(409);
        client.post(CONFIRM, json!({"code": first})).await.refuses(&["code: incorrect_code"]);
        let code = stack.inbox.only(EMAIL).await.code();
        let answer = client.post(CONFIRM, json!({"code": code})).await;
        answer.is_logged_in_as(EMAIL);
        let proved = &answer.body["data"]["methods"][1];
        assert_eq!((&proved["method"], &proved["email"]), (&json!("code"), &json!(EMAIL)));
        assert_eq!(proved["reauthenticated"], true);
        client.post(CONFIRM, json!({"code": code})).await.is(409);
        client.post("account/email", json!({"email": "new@example.com"})).await.is(200);
    }
}

#[tokio::test]
async fn methods_can_be_switched_off() {
    let settings =
        [("ACCOUNT_REAUTHENTICATION_REQUIRED", "true"), ("ACCOUNT_REAUTHENTICATION_METHODS", "password,mfa")];
    let stack = Stack::start(&settings).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for path in [REQUEST, CONFIRM, RESEND] {
        let answer = client.post(path, json!({"email": EMAIL})).await;
        assert_eq!(answer.is(403).body, json!({"status": 403}));
    }
    let asked = client.post("account/email", json!({"email": "new@example.com"})).await;
    assert_eq!(asked.is(401).body["data"]["flows"], json!([{"id": "reauthenticate"}]));

    let stack = Stack::start(&[settings[0], ("ACCOUNT_REAUTHENTICATION_METHODS", "[]")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for path in ["auth/reauthenticate", "auth/2fa/reauthenticate"] {
        client.post(path, json!({"password": PASSWORD})).await.is(403);
    }
    let asked = client.post("account/email", json!({"email": "new@example.com"})).await;
    assert_eq!(asked.is(401).body["data"]["flows"], json!([]), "to be asked is not to pass");
    stack.inbox.is_empty().await;
}

/// Fails unless both verified addresses are told.
async fn both_hear_of(stack: &Stack, what: &str) {
    let told: Vec<String> = stack.inbox.take().await.into_iter().map(|mail| mail.to).collect();
    for email in [EMAIL, SECOND] {
        assert!(told.iter().any(|to| to == email), "{what}: {told:?}");
    }
}

/// Whatever `ACCOUNT_EMAIL_NOTIFICATIONS` says: all addresses that were verified before hear of what is added.
#[tokio::test]
async fn additions_are_told_at_the_addresses_that_were_verified() {
    let fields = ("ACCOUNT_SIGNUP_FIELDS", "email*, phone, password1*");
    let stack = Stack::start(&[fields, UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    let mails = stack.inbox.take().await;
    let told = mails.iter().find(|mail| mail.to == EMAIL).unwrap();
    assert!(told.text.contains(&format!("{SECOND} was added")), "{}", told.text);
    let key = mails.iter().find(|mail| mail.to == SECOND).unwrap().key();
    client.post("auth/email/verify", json!({"key": key})).await.is(200);
    stack.inbox.take().await;

    client.post("account/phone", json!({"phone": PHONE})).await.is(202);
    let code = stack.inbox.only(PHONE).await.code();
    client.post("auth/phone/verify", json!({"code": code})).await.is(200);
    both_hear_of(&stack, "a number").await;
    dummy(&client, "connect", json!({"id": 1})).await.is(200);
    both_hear_of(&stack, "a service").await;
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    let shown = client.get("account/authenticators/totp").await;
    let app = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    client.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
    both_hear_of(&stack, "an authenticator app").await;
    client.post("account/authenticators/recovery-codes", json!({})).await.is(200);
    both_hear_of(&stack, "recovery codes").await;
}
