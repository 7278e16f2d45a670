//! Several cookies of one name, as browsers send them where others on the same domain set some, and how cookies are set.

use http::Method;
use serde_json::json;

use crate::{Answer, Client, PASSWORD, Stack, UNLIMITED, add_app, credentials, log_in};

const EMAIL: &str = "ann@example.com";

/// What may stand in front of a good session: another site's, an old one of ours, one of an account, or nothing.
fn stale(account: &str) -> Vec<String> {
    let old = "x".repeat(43);
    vec!["8f0e7wq1p2o3i4u5y6t7r8e9w0q1a2s3".into(), old.clone(), format!("{account}.{old}"), String::new()]
}

async fn with_cookies(client: &Client, cookies: &str) -> Answer {
    client.get_with("auth/session", "cookie", cookies).await
}

fn set(answer: &Answer, name: &str) -> Vec<String> {
    let begins = format!("{name}=");
    answer
        .header("set-cookie")
        .iter()
        .filter(|line| line.starts_with(&begins))
        .map(ToString::to_string)
        .collect()
}

#[tokio::test]
async fn the_first_cookie_that_is_a_session_counts() {
    let stack = Stack::start(&[UNLIMITED]).await;
    let id = stack.add_user(EMAIL).await;
    stack.add_user("ben@example.com").await;
    let (browser, other) = (stack.browser(), stack.browser());
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    log_in(&other, "ben@example.com", PASSWORD).await.is(200);
    let (session, second) = (browser.token().unwrap(), other.token().unwrap());
    let asking = stack.browser();
    stack.dynamodb.tally();
    for stale in stale(&id) {
        let answer =
            with_cookies(&asking, &format!("sessionid={stale}; sessionid={session}; sessionid={second}"))
                .await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(set(&answer, "sessionid"), [""; 0], "a good one is not deleted: {stale}");
        assert_eq!(stack.dynamodb.tally().operations, ["BatchGetItem"], "{stale}");
    }
    // One that has ended is no session, nor is one of before the password changed.
    browser.delete("auth/session").await.is(401);
    with_cookies(&asking, &format!("sessionid={session}; sessionid={second}"))
        .await
        .is_logged_in_as("ben@example.com");
    // Only four are looked at, and where none is good, it goes.
    let many: Vec<String> = (0..4).map(|n| format!("sessionid={}{n}", "x".repeat(42))).collect();
    let answer = with_cookies(&asking, &format!("{}; sessionid={second}", many.join("; "))).await;
    answer.is_anonymous();
    assert_eq!(set(&answer, "sessionid").len(), 1, "{:?}", answer.headers);
}

#[tokio::test]
async fn what_is_changed_is_the_session_that_counts() {
    let stack = Stack::start(&[UNLIMITED]).await;
    let id = stack.add_user(EMAIL).await;
    let browser = stack.browser();
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    let session = browser.token().unwrap();
    for stale in stale(&id) {
        let secret = browser.cookie("csrftoken").unwrap();
        let cookies = format!("sessionid={stale}; sessionid={session}; csrftoken={secret}");
        let body = json!({"password": PASSWORD}).to_string();
        let answer = browser.send(Method::POST, "auth/reauthenticate", &[("cookie", &cookies)], body).await;
        answer.is_logged_in_as(EMAIL);
    }
    browser.hold(Some(&session));
    let listed = browser.get("auth/session").await;
    assert_eq!(listed.body["data"]["methods"].as_array().unwrap().len(), 5, "{}", listed.text);
}

#[tokio::test]
async fn a_session_of_before_a_new_password_hides_no_good_one() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let (old, new) = (stack.browser(), stack.browser());
    log_in(&old, EMAIL, PASSWORD).await.is(200);
    log_in(&new, EMAIL, PASSWORD).await.is(200);
    let change = json!({"current_password": PASSWORD, "new_password": "a-whole-other-horse"});
    new.post("account/password/change", change).await.is(200);
    let cookies = format!("sessionid={}; sessionid={}", old.token().unwrap(), new.token().unwrap());
    with_cookies(&stack.browser(), &cookies).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn the_csrf_header_repeats_any_of_several_cookies() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let browser = stack.browser();
    browser.get("config").await;
    let secret = browser.cookie("csrftoken").unwrap();
    let (foreign, odd) = ("a".repeat(32), "a".repeat(64));
    for (cookies, header, expected) in [
        (format!("csrftoken={foreign}; csrftoken={secret}"), &secret, 200),
        (format!("csrftoken={foreign}; csrftoken={secret}"), &foreign, 200),
        (format!("csrftoken={odd}; csrftoken={secret}"), &secret, 200),
        (format!("csrftoken={odd}; csrftoken={secret}"), &odd, 403),
        (format!("csrftoken={foreign}"), &secret, 403),
    ] {
        let headers = [("cookie", cookies.as_str()), ("x-csrftoken", header.as_str())];
        let body = credentials(EMAIL, PASSWORD).to_string();
        let answer = stack.browser().send(Method::POST, "auth/login", &headers, body).await;
        assert_eq!(answer.status, expected, "{cookies} {header}: {}", answer.text);
    }
    // Which of two is in use is told by nothing but the header: until then neither takes the other's place.
    let cookies = format!("csrftoken={foreign}; csrftoken={secret}");
    let headers = [("cookie", cookies.as_str()), ("x-csrftoken", "")];
    let answer = browser.send(Method::GET, "config", &headers, "").await;
    assert_eq!(set(&answer, "csrftoken"), [""; 0]);
    let headers = [("cookie", cookies.as_str()), ("x-csrftoken", secret.as_str())];
    let answer = browser.send(Method::DELETE, "auth/session", &headers, "").await;
    assert!(
        set(&answer, "csrftoken")[0].starts_with(&format!("csrftoken={secret};")),
        "{:?}",
        answer.headers
    );
}

#[tokio::test]
async fn with_the_token_in_the_session_any_session_cookie_will_do() {
    let stack = Stack::start(&[UNLIMITED, ("CSRF_USE_SESSIONS", "true")]).await;
    let id = stack.add_user(EMAIL).await;
    let browser = stack.browser();
    let token = browser.get("config").await.header("x-csrftoken")[0].to_owned();
    let answer = browser
        .send(
            Method::POST,
            "auth/login",
            &[("x-csrftoken", &token)],
            credentials(EMAIL, PASSWORD).to_string(),
        )
        .await;
    let (token, session) = (answer.is(200).header("x-csrftoken")[0].to_owned(), browser.token().unwrap());
    for stale in stale(&id) {
        let cookies = format!("sessionid={stale}; sessionid={session}");
        let answer = with_cookies(&browser, &cookies).await;
        assert_eq!(answer.is(200).header("x-csrftoken"), [token.as_str()], "{stale}");
        let headers = [("cookie", cookies.as_str()), ("x-csrftoken", token.as_str())];
        let body = json!({"password": PASSWORD}).to_string();
        browser.send(Method::POST, "auth/reauthenticate", &headers, body).await.is(200);
    }
    // But the token must be that of the session which counts: anybody on the domain can plant another cookie.
    let other = stack.browser();
    let planted = other.get("config").await.header("x-csrftoken")[0].to_owned();
    let cookies = format!("sessionid={}; sessionid={session}", other.token().unwrap());
    let headers = [("cookie", cookies.as_str()), ("x-csrftoken", planted.as_str())];
    browser.send(Method::DELETE, "auth/session", &headers, "").await.is(403);
}

#[tokio::test]
async fn any_of_several_cookies_makes_a_browser_trusted() {
    let stack = Stack::start(&[UNLIMITED, ("MFA_TRUST_ENABLED", "true"), ("MFA_TOTP_TOLERANCE", "1")]).await;
    stack.add_user(EMAIL).await;
    let browser = stack.browser();
    let app = add_app(&browser, EMAIL).await;
    browser.delete("auth/session").await.is(401);
    log_in(&browser, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    browser.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.awaits("mfa_trust");
    browser.post("auth/2fa/trust", json!({"trust": true})).await.is(200);
    let trust = browser.cookie("mfa_trusted").unwrap();
    for (before, spared) in [
        ("", true),
        ("mfa_trusted=W10:1tXk:x; ", true),
        ("mfa_trusted=1700000000-xxxx; mfa_trusted=; ", true),
    ] {
        let other = stack.browser();
        other.get("config").await;
        let cookies =
            format!("csrftoken={}; {before}mfa_trusted={trust}", other.cookie("csrftoken").unwrap());
        let body = credentials(EMAIL, PASSWORD).to_string();
        let answer = other.send(Method::POST, "auth/login", &[("cookie", &cookies)], body).await;
        assert_eq!(answer.status == 200, spared, "{before}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_session_cookie_can_end_with_the_browser() {
    let stack = Stack::start(&[("SESSION_EXPIRE_AT_BROWSER_CLOSE", "true")]).await;
    stack.add_user(EMAIL).await;
    let browser = stack.browser();
    let answer = log_in(&browser, EMAIL, PASSWORD).await;
    let line = &set(&answer, "sessionid")[0];
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax") && !line.contains("Max-Age"), "{line}");
    // One that is deleted is so at once.
    let answer = browser.delete("auth/session").await;
    assert!(set(&answer, "sessionid")[0].contains("Max-Age=0"), "{:?}", answer.headers);
}

#[tokio::test]
async fn sessions_slide_where_that_is_set() {
    let stack = Stack::start(&[("SESSION_SAVE_EVERY_REQUEST", "true"), ("SESSION_COOKIE_AGE", "4")]).await;
    stack.add_user(EMAIL).await;
    let (browser, app) = (stack.browser(), stack.app());
    let answer = browser.get("auth/session").await;
    assert_eq!(set(&answer, "sessionid"), [""; 0], "where there is no session, none is made");
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    log_in(&app, EMAIL, PASSWORD).await.is(200);
    let idle = stack.app();
    log_in(&idle, EMAIL, PASSWORD).await.is(200);
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        let answer = browser.get("auth/session").await;
        answer.is(200);
        let line = &set(&answer, "sessionid")[0];
        assert!(line.starts_with(&format!("sessionid={}; Max-Age=4;", browser.token().unwrap())), "{line}");
        app.get("auth/session").await.is(200);
    }
    let ended = idle.get("auth/session").await;
    assert!([401, 410].contains(&ended.status), "{}", ended.text);
}

#[tokio::test]
async fn a_sliding_session_is_not_written_with_every_request() {
    let stack = Stack::start(&[("SESSION_SAVE_EVERY_REQUEST", "true")]).await;
    stack.add_user(EMAIL).await;
    let browser = stack.browser();
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    stack.dynamodb.tally();
    let answer = browser.get("auth/session").await;
    assert_eq!(set(&answer, "sessionid").len(), 1);
    assert_eq!(stack.dynamodb.tally().operations, ["BatchGetItem"]);
}
