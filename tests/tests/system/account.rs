//! `account/email`, `account/phone` and `account/password/change`.

use http::Method;
use serde_json::{Value, json};

use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, has_ended, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@example.org";

async fn ask(client: &Client, method: Method, path: &str, body: Value) -> Answer {
    client.send(method, path, &[], body.to_string()).await
}

fn addresses(answer: &Answer) -> Vec<(String, bool, bool)> {
    let listed = answer.body["data"].as_array().unwrap().iter();
    let flag = |address: &Value, name: &str| address[name].as_bool().unwrap();
    listed
        .map(|address| {
            (address["email"].as_str().unwrap().into(), flag(address, "verified"), flag(address, "primary"))
        })
        .collect()
}

#[tokio::test]
async fn an_address_is_added_verified_made_primary_and_the_old_one_removed() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[UNLIMITED, ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);

        let added = client.post("account/email", json!({"email": SECOND})).await;
        added.is(200);
        assert_eq!(addresses(&added), [(EMAIL.into(), true, true), (SECOND.into(), false, false)]);
        let key = stack.inbox.only_to(SECOND).await.key();
        client.post("account/email", json!({"email": SECOND})).await.refuses(&["email: duplicate_email"]);
        let primary = json!({"email": SECOND, "primary": true});
        let early = ask(&client, Method::PATCH, "account/email", primary.clone()).await;
        early.refuses(&["email: unverified_primary_email"]);
        client.post("auth/email/verify", json!({"key": key})).await.is(200);
        stack.inbox.take().await;

        let chosen = ask(&client, Method::PATCH, "account/email", primary).await;
        assert_eq!(addresses(&chosen), [(EMAIL.into(), true, false), (SECOND.into(), true, true)]);
        stack.inbox.only(EMAIL).await;
        let own = ask(&client, Method::DELETE, "account/email", json!({"email": SECOND})).await;
        own.refuses(&["email: cannot_remove_primary_email"]);
        let left = ask(&client, Method::DELETE, "account/email", json!({"email": EMAIL})).await;
        assert_eq!(addresses(&left), [(SECOND.into(), true, true)]);
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
        log_in(&stack.client(kind), SECOND, PASSWORD).await.is(200);
    }
}

#[tokio::test]
async fn an_address_that_somebody_has_is_added_but_never_verified() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    stack.add_user(SECOND).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    let key = stack.inbox.only_to(SECOND).await.key();
    client.post("auth/email/verify", json!({"key": key})).await.refuses(&["key: email_taken"]);
    log_in(&stack.app(), SECOND, PASSWORD).await.is(200);
}

/// Whoever removes an address that another account has verified takes nothing from it.
#[tokio::test]
async fn an_address_stays_with_whoever_has_verified_it() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    stack.add_user(SECOND).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    let key = stack.inbox.only_to(SECOND).await.key();
    let claim = stack.dynamodb.keys(&format!("EMAIL#{SECOND} CLAIM")).await;
    assert_eq!(claim.len(), 1);
    client.delete_with("account/email", json!({"email": SECOND})).await.is(200);
    assert_eq!(stack.dynamodb.keys(&format!("EMAIL#{SECOND} CLAIM")).await, claim);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    client.post("auth/email/verify", json!({"key": key})).await.refuses(&["key: email_taken"]);
}

#[tokio::test]
async fn whoever_has_just_signed_up_corrects_their_address() {
    let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    let stack =
        Stack::start(&[UNLIMITED, by_code, ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "1")]).await;
    let client = stack.app();
    sign_up(&client, EMAIL).await.is(401);
    let old = stack.inbox.only(EMAIL).await.code();
    client.post("account/email", json!({"email": EMAIL})).await.refuses(&["email: same_as_current"]);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    let code = stack.inbox.only(SECOND).await.code();
    client.post("account/email", json!({"email": "third@example.org"})).await.is(409);
    client.post("auth/email/verify", json!({"key": old})).await.refuses(&["key: incorrect_code"]);
    client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(SECOND);
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[UNLIMITED, ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]).await;
        stack.add_user(EMAIL).await;
        let (client, other) = (stack.client(kind), stack.client(kind));
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        log_in(&other, EMAIL, PASSWORD).await.is(200);
        let before = client.token();
        let wrong = json!({"current_password": "wrong", "new_password": NEW_PASSWORD});
        let refused = client.post("account/password/change", wrong).await;
        refused.refuses(&["current_password: enter_current_password"]);
        stack.inbox.is_empty().await;

        let right = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        client.post("account/password/change", right).await.is_logged_in_as(EMAIL);
        assert_ne!(client.token(), before);
        stack.inbox.only(EMAIL).await;
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        other.get("auth/session").await.is(401);
        if kind == Kind::App {
            has_ended(&other).await;
        }
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
        log_in(&stack.client(kind), EMAIL, NEW_PASSWORD).await.is(200);
    }
}

#[tokio::test]
async fn changes_are_only_for_who_has_proved_again_who_they_are() {
    let stack = Stack::start(&[UNLIMITED, ("ACCOUNT_REAUTHENTICATION_REQUIRED", "true")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let asked = client.post("account/email", json!({"email": SECOND})).await;
    asked.is(401);
    let by_code = json!({"id": "reauthenticate_by_code", "recipients": [{"email": EMAIL}]});
    assert_eq!(asked.body["data"]["flows"], json!([{"id": "reauthenticate"}, by_code]));
    stack.inbox.is_empty().await;
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    stack.inbox.only_to(SECOND).await;
}

#[tokio::test]
async fn what_verifies_an_address_is_sent_again_as_often_as_allowed() {
    let limit = ("ACCOUNT_RATE_LIMITS", r#"{"confirm_email": "1/h/key"}"#);
    for (by_code, expected) in [("true", 429), ("false", 403)] {
        for kind in Kind::ALL {
            let stack = Stack::start(&[limit, ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code)]).await;
            stack.add_user(EMAIL).await;
            let client = stack.client(kind);
            log_in(&client, EMAIL, PASSWORD).await.is(200);
            // One that is verified is mailed as well.
            let again = json!({"email": EMAIL});
            ask(&client, Method::PUT, "account/email", again.clone()).await.is(200);
            ask(&client, Method::PUT, "account/email", again).await.is(expected);
            stack.inbox.only(EMAIL).await;
        }
    }
}
