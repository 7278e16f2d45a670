//! `auth/reauthenticate`.

use serde_json::json;

use crate::{Kind, PASSWORD, Stack, log_in};

const EMAIL: &str = "ann@example.com";

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
