//! `auth/signup`, and the journeys that begin with it.

use serde_json::json;

use crate::{Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, credentials, has_ended, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

#[tokio::test]
async fn a_journey_with_links() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let client = stack.client(kind);

        sign_up(&client, EMAIL).await.awaits("verify_email");
        let mail = stack.inbox.only(EMAIL).await;
        assert!(mail.link().starts_with("http://localhost:3000/account/verify-email/"), "{}", mail.text);
        let key = mail.key();

        let answer = client.get_with("auth/email/verify", "x-email-verification-key", &key).await;
        answer.is(200);
        assert_eq!(answer.body["data"]["email"], EMAIL);
        assert_eq!(answer.body["meta"]["is_authenticating"], true);
        client.get("auth/session").await.awaits("verify_email");

        // By link, verifying does not log in.
        client.post("auth/email/verify", json!({"key": key})).await.is_anonymous();
        client.post("auth/email/verify", json!({"key": key})).await.refuses(&["key: invalid_or_expired_key"]);

        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let answer = client.get("auth/session").await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["password"]);
        stack.inbox.is_empty().await;

        let other = stack.client(kind);
        let answer = other.post("auth/password/request", json!({"email": EMAIL})).await;
        answer.is(200);
        assert_eq!(answer.body, json!({"status": 200}));
        let key = stack.inbox.only(EMAIL).await.key();
        let answer = other.get_with("auth/password/reset", "x-password-reset-key", &key).await;
        answer.is(200);
        assert_eq!(answer.body["data"]["user"]["email"], EMAIL);
        let reset = json!({"key": key, "password": NEW_PASSWORD});
        other.post("auth/password/reset", reset.clone()).await.is_anonymous();
        other.post("auth/password/reset", reset).await.refuses(&["key: invalid_password_reset"]);

        // With the old password all sessions have ended.
        let answer = client.get("auth/session").await;
        answer.is(401);
        assert!(answer.body["data"].get("user").is_none(), "{}", answer.text);
        client.hold(None);
        log_in(&client, EMAIL, PASSWORD).await.refuses(&["password: email_password_mismatch"]);
        log_in(&client, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
        client.delete("auth/session").await.is_anonymous();
        has_ended(&client).await;
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_journey_with_codes() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_EMAIL_NOTIFICATIONS", "true"),
        ])
        .await;
        let client = stack.client(kind);

        sign_up(&client, EMAIL).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": "WRONG-1"})).await.refuses(&["key: incorrect_code"]);
        client.get("auth/session").await.awaits("verify_email");
        let answer = client.post("auth/email/verify", json!({"key": code.to_lowercase()})).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), [""; 0]);
        client.post("auth/email/verify", json!({"key": code})).await.is(409);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        client.delete("auth/session").await.is(401);
        client.hold(None);
        stack.inbox.is_empty().await;

        let request = client.post("auth/password/request", json!({"email": EMAIL})).await;
        request.awaits("password_reset_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let answer = client.get_with("auth/password/reset", "x-password-reset-key", &code).await;
        answer.is(200);
        assert_eq!(answer.body["data"]["user"]["email"], EMAIL);
        let weak = client.post("auth/password/reset", json!({"key": code, "password": "1234567"})).await;
        weak.refuses(&[
            "password: password_too_short",
            "password: password_too_common",
            "password: password_entirely_numeric",
        ]);
        let reset = json!({"key": code, "password": NEW_PASSWORD});
        client.post("auth/password/reset", reset.clone()).await.is(401);
        client.post("auth/password/reset", reset).await.is(409);
        let mail = stack.inbox.only(EMAIL).await;
        assert!(mail.subject.contains("Your password was reset"), "{}", mail.subject);

        log_in(&client, EMAIL, PASSWORD).await.refuses(&["password: email_password_mismatch"]);
        log_in(&client, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
        client.delete("auth/session").await.is(401);
        has_ended(&client).await;
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn optional_and_no_verification_let_in_at_once() {
    for (verification, mails) in [("optional", 1), ("none", 0)] {
        for kind in Kind::ALL {
            let stack = Stack::start(&[("ACCOUNT_EMAIL_VERIFICATION", verification)]).await;
            let client = stack.client(kind);
            sign_up(&client, EMAIL).await.is_logged_in_as(EMAIL);
            client.get("auth/session").await.is_logged_in_as(EMAIL);
            assert_eq!(stack.inbox.take().await.len(), mails);
            // Who is let in at once would learn anyway that the address is taken.
            sign_up(&stack.client(kind), EMAIL).await.refuses(&["email: email_taken"]);
            stack.inbox.is_empty().await;
            assert_eq!(stack.dynamodb.keys("EMAIL#").await.len(), 2, "one owner, and the claim");
        }
    }
}

#[tokio::test]
async fn strict_prevention_makes_a_second_account() {
    let stack = Stack::start(&[
        ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ("ACCOUNT_PREVENT_ENUMERATION", "strict"),
        UNLIMITED,
    ])
    .await;
    let (first, second) = (stack.app(), stack.app());
    sign_up(&first, EMAIL).await.is_logged_in_as(EMAIL);
    sign_up(&second, EMAIL).await.is_logged_in_as(EMAIL);
    let keys: Vec<String> = stack.inbox.take().await.iter().map(vestibule_tests::Mail::key).collect();
    assert_eq!(keys.len(), 2);
    // Whoever verifies it first keeps it.
    second.post("auth/email/verify", json!({"key": keys[1]})).await.is(200);
    first.post("auth/email/verify", json!({"key": keys[0]})).await.refuses(&["key: email_taken"]);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_made() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let client = stack.client(kind);
        for (body, errors) in [
            (json!({}), &["email: required", "password: required"][..]),
            (json!({"email": "nonsense", "password": PASSWORD}), &["email: invalid"]),
            (json!({"email": "user@", "password": ""}), &["email: invalid", "password: required"]),
            (credentials(EMAIL, "short"), &["password: password_too_short"]),
            (credentials(EMAIL, "password"), &["password: password_too_common"]),
            (json!({"email": [EMAIL], "password": PASSWORD}), &["email: invalid"]),
        ] {
            client.post("auth/signup", body).await.refuses(errors);
        }
        stack.inbox.is_empty().await;
        for prefix in ["USER#", "EMAIL#", "SESSION#", "OUTBOX#"] {
            assert_eq!(stack.dynamodb.keys(prefix).await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn sign_up_can_be_closed() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_SIGNUP_ENABLED", "false")]).await;
        let client = stack.client(kind);
        let answer = sign_up(&client, EMAIL).await;
        answer.is(403);
        assert_eq!(client.get("config").await.body["data"]["account"]["is_open_for_signup"], false);
        stack.inbox.is_empty().await;
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
    }
}

#[tokio::test]
async fn whoever_is_logged_in_does_not_sign_up() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        sign_up(&client, "ben@example.com").await.is(409);
        stack.inbox.is_empty().await;
        client.get("auth/session").await.is_logged_in_as(EMAIL);
    }
}

/// A token that anybody may have seen before somebody signs up with it gets nobody in.
#[tokio::test]
async fn signing_up_ends_the_session_of_before() {
    for kind in Kind::ALL {
        let settings = [("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), ("ACCOUNT_EMAIL_VERIFICATION", "none")];
        let stack = Stack::start(&settings).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let before = client.token();
        assert_eq!(stack.dynamodb.keys("SESSION#").await.len(), 1);
        sign_up(&client, EMAIL).await.is_logged_in_as(EMAIL);
        assert_ne!(client.token(), before);
        assert_eq!(stack.dynamodb.keys("SESSION#").await, [""; 0]);
        client.hold(before.as_deref());
        has_ended(&client).await;
    }
}

#[tokio::test]
async fn usernames_are_unique_whatever_their_case() {
    let stack = Stack::start(&[
        ("ACCOUNT_LOGIN_METHODS", "username"),
        ("ACCOUNT_SIGNUP_FIELDS", "username*,password1*"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
        ("ACCOUNT_USERNAME_BLACKLIST", "admin"),
    ])
    .await;
    let client = stack.app();
    let body = |name: &str| json!({"username": name, "password": PASSWORD});
    let answer = client.post("auth/signup", body("Ann")).await;
    answer.is(200);
    assert_eq!(answer.body["data"]["user"]["username"], "Ann");
    assert_eq!(answer.body["data"]["user"]["display"], "Ann");
    stack.app().post("auth/signup", body("aNN")).await.refuses(&["username: username_taken"]);
    stack.app().post("auth/signup", body("Admin")).await.refuses(&["username: username_blacklisted"]);
    stack.app().post("auth/signup", body("a b")).await.refuses(&["username: invalid"]);
    for name in ["Ann", "ann"] {
        stack.app().post("auth/login", body(name)).await.is(200);
    }
    stack.inbox.is_empty().await;
}

/// As allauth has it: whoever fills the field is told that all went well.
#[tokio::test]
async fn whoever_fills_the_honeypot_gets_no_account() {
    for kind in Kind::ALL {
        for by_code in ["true", "false"] {
            let stack = Stack::start(&[
                ("ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", "address"),
                ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code),
            ])
            .await;
            let honest = sign_up(&stack.client(kind), "ben@example.com").await;
            stack.inbox.only("ben@example.com").await;
            let trap = |email: &str, filled: serde_json::Value| json!({"email": email, "password": PASSWORD, "address": filled});
            // The same for an address that somebody has, who is not told either.
            for email in [EMAIL, "ben@example.com"] {
                let bot = stack.client(kind);
                let fooled = bot.post("auth/signup", trap(email, json!("1 Main Street"))).await;
                assert_eq!(fooled.is(401).body["data"], honest.body["data"]);
                bot.get("auth/session").await.awaits("verify_email");
            }
            stack.inbox.is_empty().await;
            log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
            // What is wrong is told as ever, and an empty field is none.
            let short = json!({"email": EMAIL, "password": "short", "address": "x"});
            stack.client(kind).post("auth/signup", short).await.is(400);
            for empty in [json!(""), json!(" "), json!(null)] {
                let email = format!("ann{}@example.com", empty.to_string().len());
                stack.client(kind).post("auth/signup", trap(&email, empty)).await.awaits("verify_email");
                stack.inbox.only(&email).await;
            }
        }
    }
}

#[tokio::test]
async fn the_honeypot_is_no_field_that_people_fill() {
    for name in ["email", "password", "username"] {
        let settings = [
            ("ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", name),
            ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,password1*"),
        ];
        assert!(Stack::try_start(&settings).await.is_err(), "{name}");
    }
    assert!(Stack::try_start(&[("ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", "phone")]).await.is_ok());
}
