//! `auth/session` and `auth/sessions`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Answer, Client, Kind, PASSWORD, Stack, has_ended, log_in};

const EMAIL: &str = "ann@example.com";

async fn three(stack: &Stack, kind: Kind) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..3 {
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        clients.push(client);
    }
    clients
}

fn ids(answer: &Answer, current: bool) -> Vec<Value> {
    let sessions = answer.body["data"].as_array().unwrap().iter();
    sessions.filter(|session| session["is_current"] == current).map(|session| session["id"].clone()).collect()
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        stack.add_user("ben@example.com").await;
        let stranger = stack.client(kind);
        log_in(&stranger, "ben@example.com", PASSWORD).await.is(200);
        let clients = three(&stack, kind).await;

        let listed = clients[0].get("auth/sessions").await;
        listed.is(200);
        assert_eq!(listed.body["data"][0]["ip"], "127.0.0.1");
        let agent = if kind == Kind::App { "app/1.0 (test)" } else { "Mozilla/5.0 (test)" };
        assert_eq!(listed.body["data"][0]["user_agent"], agent);
        let (own, others) = (ids(&listed, true), ids(&listed, false));
        assert_eq!((own.len(), others.len()), (1, 2));

        let of_stranger = ids(&stranger.get("auth/sessions").await, true);
        let foreign = clients[0].delete_with("auth/sessions", json!({"sessions": of_stranger})).await;
        foreign.refuses(&["sessions: invalid_choice"]);
        clients[0].delete_with("auth/sessions", json!({})).await.refuses(&["sessions: required"]);
        stranger.get("auth/session").await.is(200);

        let rest = clients[0].delete_with("auth/sessions", json!({"sessions": [others[0]]})).await;
        rest.is(200);
        assert_eq!((ids(&rest, true), ids(&rest, false)), (own.clone(), vec![others[1].clone()]));
        let mut ended = 0;
        for client in &clients[1..] {
            ended += usize::from(client.get("auth/session").await.status != 200);
        }
        assert_eq!(ended, 1);

        let all = [own[0].clone(), others[1].clone()];
        clients[0].delete_with("auth/sessions", json!({"sessions": all})).await.is_anonymous();
        for client in &clients {
            has_ended(client).await;
        }
        stranger.get("auth/session").await.is(200);
        let left = stack.dynamodb.keys("USER#").await;
        assert_eq!(left.iter().filter(|key| key.contains(" SESSION#")).count(), 1);
    }
}

#[tokio::test]
async fn only_whoever_is_logged_in_has_sessions() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let client = stack.client(kind);
        client.get("auth/sessions").await.is_anonymous();
        client.delete_with("auth/sessions", json!({"sessions": [1]})).await.is_anonymous();
        client.get("auth/session").await.is_anonymous();
        client.delete("auth/session").await.is_anonymous();
    }
}

#[tokio::test]
async fn a_token_that_names_nothing_is_void() {
    let stack = Stack::start(&[]).await;
    let id = stack.add_user(EMAIL).await;
    for token in
        ["nonsense", &"x".repeat(43), &format!("{id}.{}", "x".repeat(43)), &format!("{id}."), "..", "ü"]
    {
        let app = stack.app();
        app.hold(Some(token));
        let answer = app.get("auth/session").await;
        answer.is(410);
        assert!(!answer.text.contains(EMAIL));
        let browser = stack.browser();
        browser.hold(Some(token));
        let answer = browser.get("auth/session").await;
        answer.is_anonymous();
        let cookies = answer.header("set-cookie");
        assert!(
            cookies.iter().any(|line| line.starts_with("sessionid=;") && line.contains("Max-Age=0")),
            "{cookies:?}"
        );
    }
}

#[tokio::test]
async fn a_token_of_one_account_is_none_of_another() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let other = stack.add_user("ben@example.com").await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let token = client.token().unwrap();
    let (_, secret) = token.split_once('.').unwrap();
    client.hold(Some(&format!("{other}.{secret}")));
    client.get("auth/session").await.is(410);
    client.hold(Some(secret));
    client.get("auth/session").await.is(410);
}

/// Nobody has logged in with it yet, and the table has it in a partition of its own.
#[tokio::test]
async fn a_login_by_code_is_kept_and_given_up() {
    for kind in Kind::ALL {
        let by_code = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");
        // Written again after a tenth of its age.
        let sliding = [("SESSION_SAVE_EVERY_REQUEST", "true"), ("SESSION_COOKIE_AGE", "20")];
        let stack = Stack::start(&[by_code, sliding[0], sliding[1]]).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": "ann@example.com"})).await.awaits("login_by_code");
        let version = async || {
            let items = stack.dynamodb.items().await;
            let session = items.iter().find(|item| item["pk"]["S"].as_str().unwrap().starts_with("SESSION#"));
            session.map(|session| session["version"]["N"].clone())
        };
        let before = version().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2100)).await;
        client.get("auth/session").await.awaits("login_by_code");
        assert_ne!(version().await.unwrap(), before);
        client.delete("auth/session").await.is_anonymous();
        assert_eq!(version().await, None);
    }
}

#[tokio::test]
async fn activity_is_tracked_where_that_is_set() {
    let stack = Stack::start(&[("USERSESSIONS_TRACK_ACTIVITY", "true")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.browser();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let listed = client.get("auth/sessions").await;
    listed.is(200);
    assert!(listed.body["data"][0]["last_seen_at"].is_number(), "{}", listed.text);
    // What the client is at this moment is shown, though written once a minute at most.
    let before = stack.dynamodb.items().await;
    let listed = client.get_with("auth/sessions", "user-agent", "another/2.0").await;
    assert_eq!(listed.is(200).body["data"][0]["user_agent"], "another/2.0");
    assert_eq!(stack.dynamodb.items().await, before);
}

#[tokio::test]
async fn activity_of_apps_is_tracked_too() {
    let settings = [("USERSESSIONS_TRACK_ACTIVITY", "true"), ("HEADLESS_TOKEN_STRATEGY", "jwt")];
    let stack = Stack::start(&[settings[0], settings[1], ("HEADLESS_JWT_ALGORITHM", "HS256")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    let answer = log_in(&client, EMAIL, PASSWORD).await;
    let refresh = answer.is(200).body["meta"]["refresh_token"].clone();
    let listed = client.get_with("auth/sessions", "user-agent", "another/2.0").await;
    assert_eq!(listed.is(200).body["data"][0]["user_agent"], "another/2.0");
    stack.app().post("tokens/refresh", json!({"refresh_token": refresh})).await.is(200);
    assert!(client.get("auth/sessions").await.is(200).body["data"][0]["last_seen_at"].is_number());
}

/// A browser sends the cookies of a whole domain in one header.
#[tokio::test]
async fn cookies_of_others_hide_nothing() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.browser();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let (session, csrf) = (client.token().unwrap(), client.cookie("csrftoken").unwrap());
    let cookies = format!("name=Zoë; x; =; sessionid={session}; csrftoken={csrf}");
    client.get_with("auth/session", "cookie", &cookies).await.is_logged_in_as(EMAIL);
    client.send(http::Method::DELETE, "auth/session", &[("cookie", &cookies)], "").await.is(401);
    has_ended(&client).await;
}

/// Generated clients take an `integer` without a format for 32 bits.
#[tokio::test]
async fn ids_fit_32_bits() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let listed = client.get("auth/sessions").await;
    let id = listed.body["data"][0]["id"].as_i64().unwrap();
    assert!((1..=i64::from(i32::MAX)).contains(&id), "{id}");
}
