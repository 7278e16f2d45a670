//! The bot check: sign-ups and what mails take a token of the service, whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Router};
use http::Method;
use serde_json::{Value, json};

use crate::social::dummy;
use crate::{Answer, Client, Kind, Logs, PASSWORD, Stack, UNLIMITED, credentials, log_in};

const EMAIL: &str = "ann@example.com";
const SECRET: &str = "the-secret-key-of-the-site";

type Requests = Arc<Mutex<Vec<BTreeMap<String, String>>>>;

/// A service that takes one token once, `human`, as issued on a page of the frontend.
async fn service() -> (Requests, String) {
    let requests = Requests::default();
    let routes = Router::new().route("/siteverify", post(verify)).with_state(Arc::clone(&requests));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/siteverify", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (requests, url)
}

async fn verify(
    State(requests): State<Requests>,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, String) {
    let answer = match (form["secret"].as_str(), form["response"].as_str()) {
        (SECRET, "human") => json!({"success": true, "hostname": "localhost"}),
        (SECRET, "elsewhere") => json!({"success": true, "hostname": "evil.test"}),
        (SECRET, "nowhere") => json!({"success": true}),
        (SECRET, "down") => Value::Null,
        (SECRET, _) => json!({"success": false, "error-codes": ["invalid-input-response"]}),
        _ => json!({"success": false, "error-codes": ["invalid-input-secret"]}),
    };
    requests.lock().unwrap().push(form);
    let status = if answer.is_null() { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    (status, answer.to_string())
}

fn settings<'a>(url: &'a str, secret: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("CAPTCHA_PROVIDER", "turnstile"),
        ("CAPTCHA_SECRET", secret),
        ("CAPTCHA_URL", url),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        UNLIMITED,
    ]
}

async fn post_with(client: &Client, path: &str, token: &str, body: &Value) -> Answer {
    client.send(Method::POST, path, &[("x-captcha-token", token)], body.to_string()).await
}

#[tokio::test]
async fn sign_ups_and_what_mails_take_a_token() {
    for kind in Kind::ALL {
        let (requests, url) = service().await;
        let passkeys = [("MFA_SUPPORTED_TYPES", "webauthn"), ("MFA_PASSKEY_SIGNUP_ENABLED", "true")];
        let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
        let stack = Stack::start(&[&settings(&url, SECRET)[..], &passkeys, &[by_code]].concat()).await;
        stack.add_user(EMAIL).await;
        let service = stack.client(kind);
        dummy(&service, "login", json!({"id": 1})).await.awaits("provider_signup");
        let requested = json!({"email": EMAIL});
        for (client, path, body, status) in [
            (&stack.client(kind), "auth/signup", credentials("ben@example.com", PASSWORD), 401),
            (&stack.client(kind), "auth/webauthn/signup", json!({"email": "cleo@example.com"}), 401),
            (&service, "auth/provider/signup", json!({"email": "dora@example.com"}), 401),
            (&stack.client(kind), "auth/password/request", requested.clone(), 200),
            (&stack.client(kind), "auth/code/request", requested.clone(), 401),
        ] {
            client.post(path, body.clone()).await.refuses(&["bot_check_failed"]);
            assert_eq!(requests.lock().unwrap().len(), 0, "no token is none");
            for token in ["robot", "elsewhere", "nowhere"] {
                post_with(client, path, token, &body).await.refuses(&["bot_check_failed"]);
            }
            stack.inbox.is_empty().await;
            post_with(client, path, "human", &body).await.is(status);
            let asked = std::mem::take(&mut *requests.lock().unwrap());
            assert_eq!(asked.len(), 4, "each token is verified once");
            assert_eq!(asked[3]["remoteip"], "127.0.0.1");
            assert_eq!(stack.inbox.take().await.len(), 1, "{path}");
        }
        // What neither signs up nor mails takes none.
        log_in(&stack.client(kind), EMAIL, "wrong").await.is(400);
        service.get("auth/session").await;
        assert_eq!(requests.lock().unwrap().len(), 0);
    }
}

type Pairs = &'static [(&'static str, &'static str)];

/// Settings, what begins, the member with the recipient, and what causes another message to whom.
const REPEATED: [(Pairs, &str, &str, Pairs); 3] = [
    (
        &[
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "9"),
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "9"),
        ],
        "auth/signup",
        "email",
        &[("auth/email/verify/resend", "ben@example.com"), ("account/email", "cleo@example.com")],
    ),
    (
        &[
            ("ACCOUNT_SIGNUP_FIELDS", "phone*,password1*"),
            ("ACCOUNT_LOGIN_METHODS", "phone"),
            ("ACCOUNT_EMAIL_VERIFICATION", "none"),
            ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "9"),
            ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "9"),
        ],
        "auth/signup",
        "phone",
        &[("auth/phone/verify/resend", "+31612345678"), ("account/phone", "+31612345679")],
    ),
    (
        &[("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "9")],
        "auth/code/request",
        "email",
        &[("auth/code/resend", EMAIL)],
    ),
];

/// One token is no licence to write to everybody.
#[tokio::test]
async fn what_mails_again_takes_another_token() {
    for (more, begins, field, again) in REPEATED {
        for kind in Kind::ALL {
            let (requests, url) = service().await;
            let stack = Stack::start(&[&settings(&url, SECRET)[..], more].concat()).await;
            stack.add_user(EMAIL).await;
            for (path, _) in again {
                // Who has nothing pending hears that, and no bot check.
                let status = stack.client(kind).post(path, json!({field: "x"})).await.status;
                assert_eq!((status, requests.lock().unwrap().len()), (409, 0), "{path}");
            }
            let client = stack.client(kind);
            let mut body = json!({field: again[0].1});
            if begins == "auth/signup" {
                body["password"] = PASSWORD.into();
            }
            post_with(&client, begins, "human", &body).await.is(401);
            stack.inbox.only(again[0].1).await;
            for (path, to) in again {
                let body = json!({field: to});
                client.post(path, body.clone()).await.refuses(&["bot_check_failed"]);
                post_with(&client, path, "robot", &body).await.refuses(&["bot_check_failed"]);
                stack.inbox.is_empty().await;
                assert!(post_with(&client, path, "human", &body).await.succeeded(), "{path}");
                stack.inbox.only(to).await;
            }
        }
    }
}

#[tokio::test]
async fn who_is_logged_in_is_not_asked() {
    for kind in Kind::ALL {
        let (requests, url) = service().await;
        let stack = Stack::start(&settings(&url, SECRET)).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        stack.inbox.only(EMAIL).await;
        client.post("account/email", json!({"email": "ann@example.org"})).await.is(200);
        let added = stack.inbox.take().await;
        assert!(added.iter().any(|mail| mail.to == "ann@example.org"), "{added:?}");
        assert_eq!(requests.lock().unwrap().len(), 0);
        // A token that names no session proves nothing.
        let stranger = stack.client(kind);
        stranger.hold(Some("nonsense"));
        stranger.post("auth/password/request", json!({"email": EMAIL})).await.refuses(&["bot_check_failed"]);
        stack.inbox.is_empty().await;
    }
}

/// A bot costs no call to the table, and learns nothing.
#[tokio::test]
async fn a_bot_reads_and_counts_nothing() {
    let (_, url) = service().await;
    let stack = Stack::start(&settings(&url, SECRET)).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    stack.dynamodb.tally();
    let known = post_with(&client, "auth/signup", "robot", &credentials(EMAIL, PASSWORD)).await;
    let unknown = post_with(&client, "auth/signup", "robot", &credentials("bob@example.com", "x")).await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(stack.dynamodb.tally().calls(), 0);
}

#[tokio::test]
async fn a_service_that_is_down_or_refuses_the_secret_is_a_503() {
    let (_, url) = service().await;
    let body = credentials(EMAIL, PASSWORD);
    for (secret, token, url) in [
        (SECRET, "down", url.as_str()),
        ("another-key", "human", &url),
        (SECRET, "human", "http://127.0.0.1:1/x"),
    ] {
        let logs = Logs::capture();
        let stack = Stack::start(&settings(url, secret)).await;
        let answer = post_with(&stack.app(), "auth/signup", token, &body).await;
        assert_eq!(answer.is(503).header("retry-after"), ["1"]);
        stack.inbox.is_empty().await;
        let log = logs.own();
        assert!(log.contains("the bot check is not available"), "{log}");
        assert!(!log.contains(secret) && !log.contains("response="), "{log}");
        let open = [&settings(url, secret)[..], &[("CAPTCHA_FAIL_OPEN", "true")]].concat();
        let stack = Stack::start(&open).await;
        post_with(&stack.app(), "auth/signup", token, &body).await.awaits("verify_email");
        stack.app().post("auth/signup", body.clone()).await.refuses(&["bot_check_failed"]);
    }
}

/// The local stack needs no account at a service.
#[tokio::test]
async fn the_local_stack_stands_in_for_the_service() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("CAPTCHA_PROVIDER", "hcaptcha")]).await;
        let (client, body) = (stack.client(kind), credentials(EMAIL, PASSWORD));
        client.post("auth/signup", body.clone()).await.refuses(&["bot_check_failed"]);
        for wrong in ["human", "stand-in:evil.test:1", "stand-in:1"] {
            post_with(&client, "auth/signup", wrong, &body).await.refuses(&["bot_check_failed"]);
        }
        stack.inbox.is_empty().await;
        post_with(&client, "auth/signup", "stand-in:localhost:1", &body).await.awaits("verify_email");
        stack.inbox.only(EMAIL).await;
        let again = stack.client(kind);
        post_with(&again, "auth/signup", "stand-in:localhost:1", &body).await.refuses(&["bot_check_failed"]);
    }
}

#[tokio::test]
async fn a_check_needs_a_service_and_its_secret() {
    let error =
        Stack::try_start(&[("CAPTCHA_PROVIDER", "hcaptcha"), ("CAPTCHA_URL", "https://example.com/")]);
    let error = error.await.map(drop).unwrap_err().to_string();
    assert!(error.contains("CAPTCHA_SECRET_ARN must be set, or CAPTCHA_SECRET"), "{error}");
    let error =
        Stack::try_start(&[("CAPTCHA_PROVIDER", "recaptcha")]).await.map(drop).unwrap_err().to_string();
    assert!(error.contains(r#"must be "turnstile", "hcaptcha" or null"#), "{error}");
}
