//! Settings stop the start when they are wrong, and do what they say when they are right.

use http::Method;
use serde_json::json;

use crate::{PASSWORD, Stack, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

#[tokio::test]
async fn wrong_settings_stop_the_start_all_at_once() {
    let wrong = [
        ("ACCOUNT_EMAIL_VERIFICATION", "maybe"),
        ("ACCOUNT_LOGIN_METHODES", "email"),
        ("ACCOUNT_LOGIN_TIMEOUT", "soon"),
        ("ACCOUNT_RATE_LIMITS", r#"{"login": "often"}"#),
        ("HEADLESS_ONLY", "false"),
        ("SESSION_COOKIE_SAMESITE", "Loose"),
    ];
    let error = match Stack::try_start(&wrong).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    for (name, value) in wrong {
        let line =
            error.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {error}"));
        assert!(line.contains(value) || name == "ACCOUNT_LOGIN_METHODES", "{line}");
    }
    assert!(error.contains("ACCOUNT_LOGIN_METHODS"), "a suggestion: {error}");
}

#[tokio::test]
async fn contradictions_stop_the_start() {
    for settings in [
        &[("ACCOUNT_EMAIL_VERIFICATION", "optional"), ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]
            [..],
        &[("ACCOUNT_EMAIL_VERIFICATION", "mandatory"), ("ACCOUNT_SIGNUP_FIELDS", "username*,password1*")],
        &[("SESSION_COOKIE_SAMESITE", "None"), ("SESSION_COOKIE_SECURE", "false")],
    ] {
        assert!(Stack::try_start(settings).await.is_err(), "{settings:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_key_is_not_repeated() {
    let error = match Stack::try_start(&[("SECRET_KEY", "short"), ("ACCOUNT_LOGIN_TIMEOUT", "soon")]).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    assert!(!error.contains("short\"") && !error.contains("=short"), "{error}");
}

#[tokio::test]
async fn cookies_are_as_they_are_set() {
    let stack = Stack::start(&[
        ("SESSION_COOKIE_NAME", "sid"),
        ("SESSION_COOKIE_AGE", "3600"),
        ("SESSION_COOKIE_PATH", "/_allauth"),
        ("SESSION_COOKIE_SAMESITE", "Strict"),
        ("CSRF_COOKIE_NAME", "token"),
        ("CSRF_HEADER_NAME", "HTTP_X_TOKEN"),
    ])
    .await;
    stack.add_user(EMAIL).await;
    let client = stack.browser();
    client.get("config").await;
    let token = client.cookie("token").unwrap();
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let answer = client.send(Method::POST, "auth/login", &[("x-token", &token)], body).await;
    answer.is(200);
    let cookies = answer.header("set-cookie");
    let session = cookies.iter().find(|line| line.starts_with("sid=")).unwrap();
    assert!(session.ends_with("; Max-Age=3600; Path=/_allauth; HttpOnly; SameSite=Strict"), "{session}");
}

#[tokio::test]
async fn links_lead_where_the_settings_say() {
    for (page, begins, ends) in [
        ("https://app.example.com/v/{key}", "https://app.example.com/v/", ""),
        ("https://app.example.com/v?key={key}&x=1", "https://app.example.com/v?key=", "&x=1"),
        ("myapp://verify/{key}", "myapp://verify/", ""),
    ] {
        let pages = json!({"account_confirm_email": page}).to_string();
        let stack = Stack::start(&[("HEADLESS_FRONTEND_URLS", &pages)]).await;
        let client = stack.app();
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let mail = stack.inbox.only(EMAIL).await;
        let link = mail.text.split_whitespace().find(|word| word.starts_with(begins));
        let link = link.unwrap_or_else(|| panic!("{}", mail.text));
        let key = link.strip_prefix(begins).unwrap().strip_suffix(ends).unwrap().replace("%3A", ":");
        client.post("auth/email/verify", json!({"key": key})).await.is(401);
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn no_mail_names_a_host_that_a_request_brought() {
    let pages = json!({
        "account_confirm_email": "/v/{key}",
        "account_reset_password": "/r",
        "account_reset_password_from_key": "/r/{key}",
        "account_signup": "/s",
    });
    for pages in [pages, json!({})] {
        let stack = Stack::start(&[
            ("FRONTEND_URL", "https://app.example.com/auth/"),
            ("HEADLESS_FRONTEND_URLS", &pages.to_string()),
        ])
        .await;
        let evil = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        let stranger = "stranger@example.com";
        for (path, body) in [
            ("auth/signup", json!({"email": EMAIL, "password": PASSWORD})),
            ("auth/signup", json!({"email": EMAIL, "password": PASSWORD})),
            ("auth/password/request", json!({"email": EMAIL})),
            ("auth/password/request", json!({"email": stranger})),
        ] {
            stack.app().send(Method::POST, path, &evil, body.to_string()).await;
        }
        let mails = stack.inbox.take().await;
        assert!(mails.len() >= 3, "{mails:#?}");
        for mail in mails {
            assert!(mail.text.contains("https://app.example.com/auth/"), "{}", mail.text);
            assert!(!mail.text.contains("evil") && !mail.subject.contains("evil"), "{}", mail.text);
            assert!(mail.subject.contains("app.example.com"), "{}", mail.subject);
        }
    }
}

#[tokio::test]
async fn names_of_older_allauths_still_work() {
    let stack = Stack::start(&[
        ("ACCOUNT_AUTHENTICATION_METHOD", "username"),
        ("ACCOUNT_USERNAME_REQUIRED", "true"),
        ("ACCOUNT_EMAIL_REQUIRED", "false"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
    ])
    .await;
    let answer = stack.app().get("config").await;
    assert_eq!(answer.body["data"]["account"]["login_methods"], json!(["username"]), "{}", answer.text);
    let signed_up = stack.app().post("auth/signup", json!({"username": "ann", "password": PASSWORD})).await;
    signed_up.is(200);
}
