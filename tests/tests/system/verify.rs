//! `auth/email/verify` and `resend`.

use serde_json::json;

use crate::{Kind, PASSWORD, Stack, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const BY_CODE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");

#[tokio::test]
async fn a_link_works_in_another_client_and_logs_nobody_in() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION", "true")]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let key = stack.inbox.only(EMAIL).await.key();
        let other = stack.client(kind);
        let looked = other.get_with("auth/email/verify", "x-email-verification-key", &key).await;
        looked.is(200);
        assert_eq!(looked.body["meta"]["is_authenticating"], false);
        other.post("auth/email/verify", json!({"key": key})).await.is_anonymous();
        other.get("auth/session").await.is_anonymous();
        log_in(&other, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_link_logs_in_whoever_signed_up_where_that_is_set() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION", "true")]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let key = stack.inbox.only(EMAIL).await.key();
        client.post("auth/email/verify", json!({"key": key})).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn keys_that_are_not_ours_are_refused() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let key = stack.inbox.only(EMAIL).await.key();
        let (head, tail) = key.split_at(key.len() - 1);
        let forged = format!("{head}{}", if tail == "A" { "B" } else { "A" });
        for wrong in [forged.as_str(), head, "x", "::", "a:b:c"] {
            let answer = client.post("auth/email/verify", json!({"key": wrong})).await;
            answer.refuses(&["key: invalid_or_expired_key"]);
        }
        client.post("auth/email/verify", json!({})).await.refuses(&["key: required"]);
        client.post("auth/email/verify/resend", json!({})).await.is(409);
        log_in(&client, EMAIL, PASSWORD).await.awaits("verify_email");
    }
}

#[tokio::test]
async fn a_code_is_sent_again_and_only_the_last_one_is_right() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[
            BY_CODE,
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "true"),
            ("ACCOUNT_RATE_LIMITS", r#"{"confirm_email": null}"#),
        ])
        .await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let first = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify/resend", json!({})).await.is(200);
        let second = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": first})).await.refuses(&["key: incorrect_code"]);
        client.post("auth/email/verify", json!({"key": second})).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn resending_is_limited() {
    let stack = Stack::start(&[BY_CODE, ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "true")]).await;
    let client = stack.app();
    sign_up(&client, EMAIL).await.awaits("verify_email");
    stack.inbox.only(EMAIL).await;
    client.post("auth/email/verify/resend", json!({})).await.is(429);
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn a_code_can_be_tried_three_times_and_looking_counts() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[BY_CODE]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        let looked = client.get_with("auth/email/verify", "x-email-verification-key", "WRONG-1").await;
        looked.refuses(&["key: incorrect_code"]);
        client.post("auth/email/verify", json!({"key": "WRONG-1"})).await.refuses(&["key: incorrect_code"]);
        client.post("auth/email/verify", json!({"key": "WRONG-1"})).await.refuses(&["key: incorrect_code"]);
        client.post("auth/email/verify", json!({"key": code})).await.is(409);
        client.get("auth/session").await.is_anonymous();
    }
}
