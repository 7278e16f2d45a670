//! Forged requests: every unsafe method of every path that browsers use, as another site can make a browser send it.

use http::Method;
use serde_json::Value;

use super::ANN;
use crate::{Client, PASSWORD, Stack, UNLIMITED, log_in};

/// The unsafe operations that are described for browsers.
async fn unsafe_operations(stack: &Stack) -> Vec<(Method, String)> {
    let document = stack.app().get("/_allauth/openapi.json").await;
    let mut operations = Vec::new();
    for (path, methods) in document.body["paths"].as_object().unwrap() {
        let Some(path) = path
            .strip_prefix("/_allauth/{client}/v1/")
            .or_else(|| path.strip_prefix("/_allauth/browser/v1/"))
        else {
            continue;
        };
        for method in
            methods.as_object().unwrap().keys().filter(|name| *name != "get" && *name != "parameters")
        {
            operations.push((method.to_uppercase().parse().unwrap(), path.to_owned()));
        }
    }
    operations
}

/// Everything that may change with a request, but for what counts requests.
async fn kept(stack: &Stack) -> Vec<Value> {
    let items = stack.dynamodb.items().await;
    items.into_iter().filter(|item| !item.to_string().contains("RATE#")).collect()
}

/// Headers of a request that another site makes a browser send.
type Headers<'a> = Vec<(&'a str, &'a str)>;

fn forgeries<'a>(token: &'a str, look_alike: &'a str) -> Vec<(&'static str, Headers<'a>)> {
    vec![
        ("no token", vec![("x-csrftoken", "")]),
        ("another token", vec![("x-csrftoken", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]),
        ("half a token", vec![("x-csrftoken", &token[..16])]),
        ("another site", vec![("origin", "https://evil.example")]),
        ("a site that looks alike", vec![("origin", look_alike)]),
        ("no site", vec![("origin", "null")]),
        ("a form", vec![("x-csrftoken", ""), ("content-type", "application/x-www-form-urlencoded")]),
        ("a form of plain text", vec![("x-csrftoken", ""), ("content-type", "text/plain")]),
        ("a form with files", vec![("x-csrftoken", ""), ("content-type", "multipart/form-data; boundary=x")]),
        (
            "a form of another site",
            vec![("origin", "https://evil.example"), ("content-type", "application/x-www-form-urlencoded")],
        ),
        ("another method", vec![("x-csrftoken", ""), ("x-http-method-override", "GET")]),
    ]
}

#[tokio::test]
async fn no_other_site_changes_anything_in_a_browser_s_name() {
    let settings = [
        UNLIMITED,
        ("HEADLESS_SERVE_SPECIFICATION", "true"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_DELETION_ENABLED", "true"),
        ("ACCOUNT_EXPORT_ENABLED", "true"),
        ("MFA_TRUST_ENABLED", "true"),
        ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
    ];
    let stack = super::stack(&settings).await;
    let browser = stack.browser();
    log_in(&browser, ANN, PASSWORD).await.is_logged_in_as(ANN);
    let operations = unsafe_operations(&stack).await;
    assert!(operations.len() > 30, "{operations:?}");
    let token = browser.cookie("csrftoken").unwrap();
    let look_alike = format!("http://{}.evil.example", stack.api);
    let before = kept(&stack).await;
    let body =
        format!(r#"{{"email": "{ANN}", "password": "{PASSWORD}", "code": "x", "csrfmiddlewaretoken": ""}}"#);
    for (method, path) in &operations {
        for (what, headers) in forgeries(&token, &look_alike) {
            let answer = browser.send(method.clone(), path, &headers, body.clone()).await;
            assert_eq!(answer.status, 403, "{method} {path}: {what}: {}", answer.text);
            assert!(!answer.text.contains(&token), "{method} {path}: {what}");
        }
    }
    assert_eq!(kept(&stack).await, before);
    browser.get("auth/session").await.is_logged_in_as(ANN);
}

/// The token is of one browser: another's is wrong, also where the attacker has one of their own.
#[tokio::test]
async fn the_token_of_another_browser_is_wrong() {
    for settings in [&[UNLIMITED][..], &[UNLIMITED, ("CSRF_USE_SESSIONS", "true")]] {
        let stack = super::stack(settings).await;
        let by_session = settings.len() > 1;
        let (ann, mallory) = (stack.browser(), stack.browser());
        let token = async |client: &Client| {
            let answer = client.get("config").await;
            if by_session {
                answer.header("x-csrftoken").first().map(|token| (*token).to_owned())
            } else {
                client.cookie("csrftoken")
            }
        };
        let (of_ann, of_mallory) = (token(&ann).await.unwrap(), token(&mallory).await.unwrap());
        assert_ne!(of_ann, of_mallory);
        let body = format!(r#"{{"email": "{ANN}", "password": "{PASSWORD}"}}"#);
        let headers = [("x-csrftoken", of_mallory.as_str())];
        assert_eq!(ann.send(Method::POST, "auth/login", &headers, body.clone()).await.status, 403);
        let headers = [("x-csrftoken", of_ann.as_str())];
        ann.send(Method::POST, "auth/login", &headers, body).await.is_logged_in_as(ANN);
    }
}
