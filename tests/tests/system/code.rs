//! `auth/code/request`, `confirm` and `resend`: logging in with a code.

use std::time::Duration;

use serde_json::json;

use crate::{Kind, PASSWORD, Stack, has_ended, log_in};

const EMAIL: &str = "ann@example.com";
const BY_CODE: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");

#[tokio::test]
async fn a_code_instead_of_a_password() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE, ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "1")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let first = stack.inbox.only(EMAIL).await.code();
        client.post("auth/code/resend", json!({})).await.is(200);
        let second = stack.inbox.only(EMAIL).await.code();
        assert_ne!(first, second);
        client.post("auth/code/resend", json!({})).await.is(409);
        stack.inbox.is_empty().await;

        client.post("auth/code/confirm", json!({"code": first})).await.refuses(&["code: incorrect_code"]);
        // A code is of no use to another session.
        stack.client(kind).post("auth/code/confirm", json!({"code": second})).await.is(409);
        let before = client.token();
        let answer = client.post("auth/code/confirm", json!({"code": second})).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["code"]);
        assert_ne!(client.token(), before);
        client.post("auth/code/confirm", json!({"code": second})).await.is(409);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        client.delete("auth/session").await.is(401);
        has_ended(&client).await;
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_code_after_the_password() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE, ("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
        stack.inbox.is_empty().await;
        log_in(&client, EMAIL, PASSWORD).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        client.get("auth/session").await.awaits("login_by_code");
        let answer = client.post("auth/code/confirm", json!({"code": code})).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["password", "code"]);
        // By code, one code is enough.
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/code/confirm", json!({"code": code})).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_code_can_be_tried_three_times() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        for _ in 0..3 {
            client
                .post("auth/code/confirm", json!({"code": "WRONG-1"}))
                .await
                .refuses(&["code: incorrect_code"]);
        }
        client.post("auth/code/confirm", json!({"code": code})).await.is(409);
        let answer = client.get("auth/session").await;
        assert!(answer.pending().is_empty(), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_code_expires() {
    let stack = Stack::start(&[BY_CODE, ("ACCOUNT_LOGIN_BY_CODE_TIMEOUT", "1")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
    let code = stack.inbox.only(EMAIL).await.code();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.post("auth/code/confirm", json!({"code": code})).await.is(409);
}

#[tokio::test]
async fn codes_can_be_asked_for_so_often_only() {
    let stack = Stack::start(&[BY_CODE]).await;
    stack.add_user(EMAIL).await;
    for _ in 0..3 {
        stack.app().post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
    }
    let answer = stack.app().post("auth/code/request", json!({"email": EMAIL})).await;
    answer.refuses(&["email: too_many_login_attempts"]);
    assert_eq!(stack.inbox.take().await.len(), 3);
}

#[tokio::test]
async fn switched_off_it_is_not_there() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.is(404);
        client.post("auth/code/confirm", json!({"code": "x"})).await.is(409);
        stack.inbox.is_empty().await;
    }
}
