//! Who may sign up: which ways are open, and from which domains.

use serde_json::json;

use crate::social::{BY_CODE, depart, dummy, landing, submit};
use crate::{Client, Kind, PASSWORD, Stack, UNLIMITED, credentials, log_in, sign_up};

const DOMAINS: (&str, &str) = ("ACCOUNT_SIGNUP_DOMAINS", "example.com, *.partner.example");
const EMAIL: &str = "ann@example.com";
const OUTSIDE: &str = "eve@evil.test";

#[tokio::test]
async fn each_way_to_sign_up_is_opened_by_itself() {
    let open = |own, social| [("ACCOUNT_SIGNUP_ENABLED", own), ("SOCIALACCOUNT_SIGNUP_ENABLED", social)];
    for kind in Kind::ALL {
        let stack = Stack::start(&open("false", "true")).await;
        sign_up(&stack.client(kind), EMAIL).await.is(403);
        let service = json!({"id": 1, "email": EMAIL, "email_verified": true});
        dummy(&stack.client(kind), "login", service.clone()).await.is_logged_in_as(EMAIL);

        let stack = Stack::start(&open("true", "false")).await;
        dummy(&stack.client(kind), "login", service.clone()).await.is(403);
        sign_up(&stack.client(kind), EMAIL).await.awaits("verify_email");
        stack.inbox.only(EMAIL).await;
        // Who signed up before the way was closed still comes in by it.
        let stack = Stack::start(&open("true", "true")).await;
        dummy(&stack.client(kind), "login", service).await.is_logged_in_as(EMAIL);
        let shown = dummy(&stack.client(kind), "login", json!({"id": 2})).await;
        shown.awaits("provider_signup");
    }
}

#[tokio::test]
async fn a_way_that_is_closed_redirects_with_its_reason() {
    let stack = Stack::start(&[("SOCIALACCOUNT_SIGNUP_ENABLED", "false")]).await;
    let browser = stack.browser();
    let page = depart(&browser, "dummy", "login").await;
    let answer = submit(&browser, &page, &[("id", "1"), ("email", EMAIL)]).await;
    assert_eq!(landing(&answer).1.as_deref(), Some("signup_closed"));
    assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
}

async fn is_refused(client: &Client, path: &str, email: &str) {
    let mut body = credentials(email, PASSWORD);
    if path != "auth/signup" {
        body.as_object_mut().unwrap().remove("password");
    }
    client.post(path, body).await.refuses(&["email: email_domain_not_allowed"]);
}

#[tokio::test]
async fn other_domains_sign_up_in_no_way() {
    const PASSKEYS: [(&str, &str); 2] =
        [("MFA_SUPPORTED_TYPES", "webauthn"), ("MFA_PASSKEY_SIGNUP_ENABLED", "true")];
    let settings = [DOMAINS, BY_CODE, UNLIMITED, PASSKEYS[0], PASSKEYS[1]];
    for kind in Kind::ALL {
        let stack = Stack::start(&settings).await;
        let service = stack.client(kind);
        dummy(&service, "login", json!({"id": 1})).await.awaits("provider_signup");
        for email in [OUTSIDE, "ann@mail.example.com", "ann@partner.example", "ann@example.com.evil.test"] {
            is_refused(&stack.client(kind), "auth/signup", email).await;
            is_refused(&stack.client(kind), "auth/webauthn/signup", email).await;
            is_refused(&service, "auth/provider/signup", email).await;
        }
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
        stack.inbox.is_empty().await;

        sign_up(&stack.client(kind), "Ann@EXAMPLE.com").await.awaits("verify_email");
        stack.inbox.only(EMAIL).await;
        sign_up(&stack.client(kind), "ben@mail.partner.example").await.awaits("verify_email");
        stack.inbox.only("ben@mail.partner.example").await;
        service
            .post("auth/provider/signup", json!({"email": "cleo@example.com"}))
            .await
            .awaits("verify_email");
        stack.inbox.only("cleo@example.com").await;
    }
}

/// What a service says of somebody is held to it as well: an email address of another domain is neither asked nor kept.
#[tokio::test]
async fn a_service_brings_nobody_of_another_domain() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DOMAINS, BY_CODE]).await;
        let client = stack.client(kind);
        let eve = json!({"id": 6, "email": OUTSIDE, "email_verified": true});
        dummy(&client, "login", eve).await.awaits("provider_signup");
        let shown = client.get("auth/provider/signup").await;
        assert_eq!(shown.is(200).body["data"]["email"], json!([]));
        // Claiming an email address of the domain takes proof, although the service vouches for another one.
        client.post("auth/provider/signup", json!({"email": EMAIL})).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(EMAIL);
        let listed = client.get("account/email").await;
        assert_eq!(listed.is(200).body["data"].as_array().unwrap().len(), 1, "{}", listed.text);
        assert!(stack.dynamodb.keys("EMAIL#eve@evil.test").await.is_empty());

        let vouched = json!({"id": 7, "email": "ben@example.com", "email_verified": true});
        dummy(&stack.client(kind), "login", vouched).await.is_logged_in_as("ben@example.com");
    }
}

#[tokio::test]
async fn a_sign_up_is_not_corrected_to_another_domain() {
    let correctable = ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "9");
    for kind in Kind::ALL {
        let stack = Stack::start(&[DOMAINS, BY_CODE, correctable, UNLIMITED]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        stack.inbox.only(EMAIL).await;
        client
            .post("account/email", json!({"email": OUTSIDE}))
            .await
            .refuses(&["email: email_domain_not_allowed"]);
        stack.inbox.is_empty().await;
        client.post("account/email", json!({"email": "ben@example.com"})).await.is(200);
        stack.inbox.only("ben@example.com").await;
    }
}

/// It says who may sign up, and nothing of accounts that are there: those that an operator adds, and their changes.
#[tokio::test]
async fn accounts_that_are_there_are_not_restricted() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DOMAINS]).await;
        stack.add_user(OUTSIDE).await;
        let client = stack.client(kind);
        log_in(&client, OUTSIDE, PASSWORD).await.is_logged_in_as(OUTSIDE);
        client.post("account/email", json!({"email": "eve@other.test"})).await.is(200);
        stack.inbox.only_to("eve@other.test").await;
    }
}
