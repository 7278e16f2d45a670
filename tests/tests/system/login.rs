//! `auth/login`.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::{Kind, PASSWORD, Stack, credentials, has_ended, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

#[tokio::test]
async fn right_and_wrong_passwords() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let id = stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
        log_in(&client, "ben@example.com", PASSWORD).await.refuses(&["password: email_password_mismatch"]);
        client.get("auth/session").await.is_anonymous();
        let answer = log_in(&client, " Ann@Example.COM ", PASSWORD).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.body["data"]["user"]["id"], id.as_str());
        assert_eq!(answer.body["data"]["user"]["has_usable_password"], true);
        assert_eq!(answer.methods(), ["password"]);
        assert_eq!(answer.body["data"]["methods"][0]["email"], EMAIL);
        log_in(&client, EMAIL, PASSWORD).await.is(409);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;
    }
}

/// Where there are other identifiers, an email address may be left out, or be empty: nobody has that one.
#[tokio::test]
async fn an_empty_email_address_is_nobodys() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_LOGIN_METHODS", "email,username")]).await;
        let client = stack.client(kind);
        log_in(&client, "", PASSWORD).await.refuses(&["password: email_password_mismatch"]);
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_login_gives_another_token() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        // A session that waits for the address of another account.
        sign_up(&client, "ben@example.com").await.awaits("verify_email");
        let before = client.token().unwrap();
        let stolen = client.twin();
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        assert_ne!(client.token().unwrap(), before);
        has_ended(&stolen).await;
        assert_eq!(
            stack.dynamodb.keys("USER#").await.iter().filter(|key| key.contains(" SESSION#")).count(),
            1
        );
    }
}

/// The browser decides with its own settings how long a cookie stays: `remember` is not the headless API's.
#[tokio::test]
async fn remember_is_ignored() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let mut cookies = Vec::new();
    for remember in [json!(true), json!(false), json!(null), json!("x")] {
        let client = stack.browser();
        let mut body = credentials(EMAIL, PASSWORD);
        body["remember"] = remember;
        let answer = client.post("auth/login", body).await;
        answer.is_logged_in_as(EMAIL);
        let set =
            answer.header("set-cookie").into_iter().find(|line| line.starts_with("sessionid=")).unwrap();
        cookies.push(set.split_once(';').unwrap().1.to_owned());
    }
    assert!(cookies[0].contains("Max-Age=1209600"), "{}", cookies[0]);
    assert!(cookies[0].contains("HttpOnly"), "{}", cookies[0]);
    cookies.dedup();
    assert_eq!(cookies.len(), 1);
}

#[tokio::test]
async fn too_many_failures_are_refused_even_with_the_right_password() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        for _ in 0..5 {
            log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
        }
        log_in(&client, EMAIL, "wrong").await.refuses(&["too_many_login_attempts"]);
        log_in(&client, EMAIL, PASSWORD).await.refuses(&["too_many_login_attempts"]);
        // Others are not locked out.
        stack.add_user("ben@example.com").await;
        log_in(&client, "ben@example.com", PASSWORD).await.is_logged_in_as("ben@example.com");
    }
}

#[tokio::test]
async fn too_many_attempts_are_refused() {
    let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login": "2/m/ip"}"#)]).await;
    stack.add_user(EMAIL).await;
    for _ in 0..2 {
        log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    }
    let answer = log_in(&stack.app(), EMAIL, PASSWORD).await;
    answer.is(429);
    assert_eq!(answer.body, json!({"status": 429}));
}

#[tokio::test]
async fn inactive_accounts_are_not_told_apart() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let user = vestibule_cli::arguments::UserAdd {
            email: Some(EMAIL.to_owned()),
            inactive: true,
            ..stack.nobody()
        };
        stack.add(user).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
        log_in(&client, EMAIL, PASSWORD).await.is_anonymous();
        client.get("auth/session").await.is_anonymous();
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn an_unverified_address_is_verified_first() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let user = vestibule_cli::arguments::UserAdd {
            email: Some(EMAIL.to_owned()),
            unverified: true,
            ..stack.nobody()
        };
        stack.add(user).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.awaits("verify_email");
        stack.inbox.only(EMAIL).await.key();
        // The link stays good, so there is no other one within three minutes.
        log_in(&client, EMAIL, PASSWORD).await.awaits("verify_email");
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn usernames_and_addresses() {
    let stack = Stack::start(&[
        ("ACCOUNT_LOGIN_METHODS", "username,email"),
        ("ACCOUNT_SIGNUP_FIELDS", "username*,email*,password1*"),
    ])
    .await;
    let user = vestibule_cli::arguments::UserAdd {
        email: Some(EMAIL.to_owned()),
        username: Some("ann".to_owned()),
        ..stack.nobody()
    };
    stack.add(user).await;
    let answer = stack.app().post("auth/login", json!({"username": "Ann", "password": PASSWORD})).await;
    answer.is_logged_in_as(EMAIL);
    assert_eq!(answer.body["data"]["user"]["username"], "ann");
    assert_eq!(answer.body["data"]["methods"][0]["username"], "Ann");
    log_in(&stack.app(), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let wrong = stack.app().post("auth/login", json!({"username": "ann", "password": "wrong"})).await;
    wrong.refuses(&["password: username_password_mismatch"]);
}

#[tokio::test]
async fn a_login_has_to_be_complete_in_time() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[
            ("ACCOUNT_LOGIN_TIMEOUT", "1"),
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ])
        .await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        client.get("auth/session").await.is_anonymous();
        client.post("auth/email/verify", json!({"key": code})).await.is(409);
        client.get("auth/session").await.is_anonymous();
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    let answer = client.get("auth/login").await;
    answer.is(405);
    assert_eq!(answer.header("allow"), ["POST, OPTIONS"]);
    let put = client.send(Method::PUT, "auth/login", &[], credentials(EMAIL, PASSWORD).to_string()).await;
    put.is(405);
    assert_eq!(put.text, "");
    client.get("auth/session").await.is_anonymous();
}
