//! `auth/password/request` and `auth/password/reset`.

use std::time::Duration;

use serde_json::json;
use vestibule::breached::{BreachedPasswords, password_key};

use crate::{Kind, NEW_PASSWORD, PASSWORD, Stack, log_in};

const EMAIL: &str = "ann@example.com";
const BY_CODE: (&str, &str) = ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true");

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_all_links() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let mut keys = Vec::new();
        for _ in 0..2 {
            stack.client(kind).post("auth/password/request", json!({"email": EMAIL})).await.is(200);
            keys.push(stack.inbox.only(EMAIL).await.key());
        }
        let other = stack.client(kind);
        let reset = |key: &str| json!({"key": key, "password": NEW_PASSWORD});
        other.post("auth/password/reset", reset(&keys[1])).await.is_anonymous();
        other.post("auth/password/reset", reset(&keys[0])).await.refuses(&["key: invalid_password_reset"]);
        let answer = client.get("auth/session").await;
        answer.is(401);
        assert!(answer.body["data"].get("user").is_none());
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_link_dies_with_a_later_login() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let answer = client.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await;
    answer.refuses(&["key: invalid_password_reset"]);
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_reset_forgives_failed_logins() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        for _ in 0..5 {
            log_in(&client, EMAIL, "wrong").await.is(400);
        }
        log_in(&client, EMAIL, PASSWORD).await.refuses(&["too_many_login_attempts"]);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let key = stack.inbox.only(EMAIL).await.key();
        client.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
        log_in(&client, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_weak_password_uses_no_link_up() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let key = stack.inbox.only(EMAIL).await.key();
        let reset = |password: &str| json!({"key": key, "password": password});
        client.post("auth/password/reset", reset("short")).await.refuses(&["password: password_too_short"]);
        let similar = client.post("auth/password/reset", reset("ann@example.com")).await;
        similar.refuses(&["password: password_too_similar"]);
        client.post("auth/password/reset", reset(NEW_PASSWORD)).await.is(401);
    }
}

#[tokio::test]
async fn a_reset_logs_in_where_that_is_set() {
    for (kind, by_code) in
        [(Kind::App, false), (Kind::Browser, false), (Kind::App, true), (Kind::Browser, true)]
    {
        let by_code = by_code.to_string();
        let stack = Stack::start(&[
            ("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true"),
            ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", &by_code),
        ])
        .await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await;
        let mail = stack.inbox.only(EMAIL).await;
        let key = if by_code == "true" { mail.code() } else { mail.key() };
        let answer = client.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["password_reset"]);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_code_can_be_tried_three_times_and_is_of_this_session() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await.awaits("password_reset_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let reset = |key: &str| json!({"key": key, "password": NEW_PASSWORD});
        stack.client(kind).post("auth/password/reset", reset(&code)).await.is(409);
        for _ in 0..3 {
            client.post("auth/password/reset", reset("WRONG-1")).await.refuses(&["key: incorrect_code"]);
        }
        client.post("auth/password/reset", reset(&code)).await.is(409);
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_code_expires() {
    let stack = Stack::start(&[BY_CODE, ("ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT", "1")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(401);
    let code = stack.inbox.only(EMAIL).await.code();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.post("auth/password/reset", json!({"key": code, "password": NEW_PASSWORD})).await.is(409);
}

#[tokio::test]
async fn links_can_be_asked_for_so_often_only() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    for _ in 0..5 {
        stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    }
    stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(429);
    assert_eq!(stack.inbox.take().await.len(), 5);
}

/// Passwords of a breach are refused wherever one is set, and known ones stay.
#[tokio::test]
async fn a_breached_password_is_set_nowhere() {
    const BREACHED: &str = "Tr0ub4dor&3-horse";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("breached.filter");
    let filter = BreachedPasswords::build(vec![password_key(BREACHED)]).unwrap();
    std::fs::write(&path, filter.to_file()).unwrap();
    let setting = ("PASSWORD_BREACHED_FILE", path.to_str().unwrap());
    for kind in Kind::ALL {
        let stack = Stack::start(&[setting, ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true")]).await;
        let client = stack.client(kind);
        let new = json!({"email": "ben@example.com", "password": BREACHED});
        client.post("auth/signup", new).await.refuses(&["password: password_breached"]);
        stack.add_user(EMAIL).await;
        client.post("auth/password/request", json!({"email": EMAIL})).await.awaits("password_reset_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let reset = json!({"key": code, "password": BREACHED});
        client.post("auth/password/reset", reset).await.refuses(&["password: password_breached"]);
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let change = json!({"current_password": PASSWORD, "new_password": BREACHED});
        client.post("account/password/change", change).await.refuses(&["new_password: password_breached"]);
        let by_operator = vestibule_cli::arguments::UserAdd {
            email: Some("cleo@example.com".to_owned()),
            password: Some(BREACHED.to_owned()),
            ..stack.nobody()
        };
        let error = stack.try_add(by_operator).await.unwrap_err().to_string();
        assert!(error.contains("known from a data breach"), "{error}");
    }
    let mut file = std::fs::read(&path).unwrap();
    file[30] ^= 1;
    std::fs::write(&path, file).unwrap();
    let error = Stack::try_start(&[setting]).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("PASSWORD_BREACHED_FILE") && error.contains("is damaged"), "{error}");
    std::fs::remove_file(&path).unwrap();
    let error = Stack::try_start(&[setting]).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
}
