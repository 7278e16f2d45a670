//! `auth/phone/verify` and `resend`, and signing up and logging in with a number.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{Kind, PASSWORD, Stack, has_ended};

const PHONE: &str = "+31612345678";
const SETTINGS: [(&str, &str); 5] = [
    ("ACCOUNT_LOGIN_METHODS", "phone"),
    ("ACCOUNT_SIGNUP_FIELDS", "phone*,password1*"),
    ("ACCOUNT_EMAIL_VERIFICATION", "none"),
    ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "1"),
    ("ACCOUNT_RATE_LIMITS", r#"{"verify_phone": null}"#),
];

fn body(password: &str) -> Value {
    json!({"phone": PHONE, "password": password})
}

#[tokio::test]
async fn a_journey_with_texts() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        let client = stack.client(kind);
        client.post("auth/signup", body(PASSWORD)).await.awaits("verify_phone");
        let first = stack.inbox.only(PHONE).await.code();
        client.post("auth/phone/verify/resend", json!({})).await.is(200);
        let second = stack.inbox.only(PHONE).await.code();
        client.post("auth/phone/verify/resend", json!({})).await.is(409);
        client.post("auth/phone/verify", json!({"code": first})).await.refuses(&["code: incorrect_code"]);
        let before = client.token();
        let answer = client.post("auth/phone/verify", json!({"code": second})).await;
        answer.is(200);
        assert_eq!(answer.body["meta"]["is_authenticated"], true);
        assert_ne!(client.token(), before);
        client.post("auth/phone/verify", json!({"code": second})).await.is(409);
        client.delete("auth/session").await.is(401);
        has_ended(&client).await;

        client.hold(None);
        client.post("auth/login", body("wrong")).await.refuses(&["password: phone_password_mismatch"]);
        let answer = client.post("auth/login", body(PASSWORD)).await;
        answer.is(200);
        assert_eq!(answer.methods(), ["password"]);
        stack.inbox.is_empty().await;
    }
}

/// Lambda, as far as a function is invoked: what the functions got, and where.
async fn lambda() -> (Arc<Mutex<Vec<(String, Value)>>>, String) {
    let invoked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&invoked);
    let invoke = async move |Path(function): Path<String>, event: String| {
        noted.lock().unwrap().push((function, serde_json::from_str(&event).unwrap()));
        StatusCode::ACCEPTED
    };
    let routes = Router::new().route("/2015-03-31/functions/{function}/invocations", post(invoke));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (invoked, url)
}

#[tokio::test]
async fn a_function_can_send_the_texts() {
    const FUNCTION: &str = "arn:aws:lambda:local:000000000000:function:texts";
    let (invoked, url) = lambda().await;
    let route = [("SMS_TOPIC_ARN", ""), ("SMS_FUNCTION_ARN", FUNCTION), ("AWS_ENDPOINT_URL_LAMBDA", &url)];
    let stack = Stack::start(&[&SETTINGS[..], &route].concat()).await;
    let client = stack.app();
    client.post("auth/signup", body(PASSWORD)).await.awaits("verify_phone");
    let (function, event) = invoked.lock().unwrap().pop().unwrap();
    assert_eq!((function.as_str(), &event["phone"]), (FUNCTION, &json!(PHONE)));
    let code = event["text"].as_str().unwrap().split(' ').next().unwrap();
    client.post("auth/phone/verify", json!({"code": code})).await.is(200);
    assert_eq!(*invoked.lock().unwrap(), []);
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn a_number_that_is_not_verified_is_verified_at_login() {
    let stack = Stack::start(&SETTINGS).await;
    let user = vestibule_cli::arguments::UserAdd {
        phone: Some(PHONE.to_owned()),
        unverified: true,
        ..stack.nobody()
    };
    stack.add(user).await;
    let client = stack.app();
    client.post("auth/login", body(PASSWORD)).await.awaits("verify_phone");
    let code = stack.inbox.only(PHONE).await.code();
    client.post("auth/phone/verify", json!({"code": code})).await.is(200);
}

/// Found by simulation: the next step sends a mail, of which there may be one in three minutes.
#[tokio::test]
async fn a_number_that_is_verified_twice_does_not_bring_two_mails() {
    const EMAIL: &str = "ann@example.com";
    let settings = [
        ("ACCOUNT_LOGIN_METHODS", "phone"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*"),
        ("ACCOUNT_EMAIL_VERIFICATION", "mandatory"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_RATE_LIMITS", r#"{"verify_phone": null}"#),
    ];
    let stack = Stack::start(&settings).await;
    let [one, other] = [stack.app(), stack.app()];
    let account = json!({"phone": PHONE, "password": PASSWORD, "email": EMAIL});
    one.post("auth/signup", account).await.awaits("verify_phone");
    let code = stack.inbox.only(PHONE).await.code();
    other.post("auth/login", body(PASSWORD)).await.awaits("verify_phone");
    let other_code = stack.inbox.only(PHONE).await.code();
    other.post("auth/phone/verify", json!({"code": other_code})).await.awaits("verify_email");
    let mail = stack.inbox.only(EMAIL).await;
    one.post("auth/phone/verify", json!({"code": code})).await.is(429);
    stack.inbox.is_empty().await;
    other.post("auth/email/verify", json!({"key": mail.code()})).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn a_code_can_be_tried_three_times() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        let client = stack.client(kind);
        client.post("auth/signup", body(PASSWORD)).await.awaits("verify_phone");
        let code = stack.inbox.only(PHONE).await.code();
        for _ in 0..3 {
            client
                .post("auth/phone/verify", json!({"code": "WRONG-1"}))
                .await
                .refuses(&["code: incorrect_code"]);
        }
        client.post("auth/phone/verify", json!({"code": code})).await.is(409);
        client.get("auth/session").await.is_anonymous();
    }
}

#[tokio::test]
async fn a_code_in_a_text_instead_of_a_password() {
    let stack = Stack::start(&[&SETTINGS[..], &[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]].concat()).await;
    let user = vestibule_cli::arguments::UserAdd { phone: Some(PHONE.to_owned()), ..stack.nobody() };
    stack.add(user).await;
    let client = stack.app();
    client.post("auth/code/request", json!({"phone": PHONE})).await.awaits("login_by_code");
    let code = stack.inbox.only(PHONE).await.code();
    let answer = client.post("auth/code/confirm", json!({"code": code})).await;
    answer.is(200);
    assert_eq!(answer.methods(), ["code"]);
    assert_eq!(answer.body["data"]["methods"][0]["phone"], PHONE);
}

#[tokio::test]
async fn a_taken_number_is_told_to_its_owner_alone() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        let user = vestibule_cli::arguments::UserAdd { phone: Some(PHONE.to_owned()), ..stack.nobody() };
        stack.add(user).await;
        let client = stack.client(kind);
        client.post("auth/signup", body(PASSWORD)).await.awaits("verify_phone");
        let text = stack.inbox.only(PHONE).await.text;
        assert!(text.contains("account"), "{text}");
        client.post("auth/phone/verify", json!({"code": "WRONG-1"})).await.refuses(&["code: incorrect_code"]);
        assert_eq!(stack.dynamodb.keys("PHONE#").await.len(), 2, "one owner, and the claim");
    }
}
