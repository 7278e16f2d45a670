//! Who uses up what: attempts, and budgets of mail.

use http::Method;
use serde_json::{Value, json};

use crate::social::dummy;
use crate::{Client, Kind, PASSWORD, Stack, UNLIMITED, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

const EVERYTHING_BY_CODE: [(&str, &str); 4] = [
    ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
    ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
    ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
    UNLIMITED,
];

/// What any other site can make a browser send: no body, and no header of its own choice.
async fn forge(client: &Client, path: &str) {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for _ in 0..5 {
            let status = client.send(method.clone(), path, &[], "").await.status;
            assert!(status < 500, "{method} {path}: {status}");
        }
    }
}

/// A mail too many is not sent, and all else is done: that the limit was reached is a condition of the commit.
#[tokio::test]
async fn a_mail_too_many_holds_nothing_else_up() {
    for kind in Kind::ALL {
        let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
        let resend = ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "2");
        let often = ("ACCOUNT_RATE_LIMITS", r#"{"confirm_email": null}"#);
        let stack = Stack::start(&[by_code, resend, often, ("MAIL_RATE_LIMIT_RECIPIENT", "1/h")]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        client.post("auth/email/verify/resend", json!({})).await.is(200);
        stack.inbox.take().await;
        client.post("auth/email/verify/resend", json!({})).await.is(200);
        stack.inbox.is_empty().await;
        let ben = json!({"id": 1, "email": "ben@example.com", "email_verified": false});
        // What anybody can have sent has a limit of its own.
        for _ in 0..2 {
            dummy(&stack.client(kind), "login", ben.clone()).await.awaits("verify_email");
        }
        stack.inbox.take().await;
        dummy(&stack.client(kind), "login", ben).await.awaits("verify_email");
        stack.inbox.is_empty().await;
    }
}

/// Whoever makes somebody's browser send such requests does not end what they are about.
#[tokio::test]
async fn requests_that_need_no_csrf_token_use_up_no_attempt() {
    for kind in Kind::ALL {
        let stack = Stack::start(&EVERYTHING_BY_CODE).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        forge(&client, "auth/email/verify").await;
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": code})).await.is(200);

        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        forge(&client, "auth/code/confirm").await;
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/code/confirm", json!({"code": code})).await.is(200);

        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(401);
        forge(&client, "auth/password/reset").await;
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/password/reset", json!({"key": code, "password": PASSWORD})).await;
        log_in(&client, EMAIL, PASSWORD).await.is(200);

        let by_phone = [("ACCOUNT_SIGNUP_FIELDS", "phone*,email*,password1*"), UNLIMITED];
        let stack = Stack::start(&by_phone).await;
        let client = stack.client(kind);
        let number = "+31612345678";
        let new = json!({"email": EMAIL, "phone": number, "password": PASSWORD});
        client.post("auth/signup", new).await.awaits("verify_phone");
        forge(&client, "auth/phone/verify").await;
        let code = stack.inbox.only(number).await.code();
        client.post("auth/phone/verify", json!({"code": code})).await.awaits("verify_email");
    }
}

/// With a guess they count: other sites can't make a browser send a body or such a header, and nobody may guess on without
/// end.
#[tokio::test]
async fn guesses_count_whatever_the_method() {
    for kind in Kind::ALL {
        let stack = Stack::start(&EVERYTHING_BY_CODE).await;
        for (method, header) in [
            (Method::GET, Some(("x-email-verification-key", "BBBB-BBBB"))),
            (Method::HEAD, Some(("x-email-verification-key", "BBBB-BBBB"))),
            (Method::OPTIONS, None),
        ] {
            let (client, email) = (stack.client(kind), format!("{method}@example.com").to_lowercase());
            sign_up(&client, &email).await.awaits("verify_email");
            let body = if header.is_none() { json!({"key": "BBBB-BBBB"}).to_string() } else { String::new() };
            for _ in 0..3 {
                let headers: Vec<_> = header.into_iter().collect();
                client.send(method.clone(), "auth/email/verify", &headers, body.clone()).await.is(400);
            }
            client.post("auth/email/verify", json!({"key": "BBBB-BBBB"})).await.is(409);
        }
    }
}

/// Limits by address and by account are not for other sites to use up.
#[tokio::test]
async fn requests_that_need_no_csrf_token_count_against_no_limit() {
    for kind in Kind::ALL {
        let limits = json!({"login": "2/m/ip", "signup": "2/m/ip", "change_password": "2/m/user",
            "manage_email": "2/m/user", "reauthenticate": "2/m/user", "reset_password_from_key": "2/m/ip"});
        let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", &limits.to_string())]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        forge(&client, "auth/login").await;
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        for path in ["account/password/change", "account/email", "auth/reauthenticate", "auth/password/reset"]
        {
            forge(&client, path).await;
            let answer = client.post(path, Value::Object(serde_json::Map::new())).await;
            assert_eq!(answer.status, 400, "{path}");
        }
        let client = stack.client(kind);
        forge(&client, "auth/signup").await;
        sign_up(&client, "new@example.com").await.awaits("verify_email");
    }
}
