//! Input that becomes a key, a recipient, a header, or a page.

use serde_json::{Value, json};

use super::{ANN, ann_gets_in};
use crate::social::dummy;
use crate::{NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, sign_up};

/// Letters that fold to others (CVE-2019-19844): mail goes to who has the account, or to nobody.
#[tokio::test]
async fn a_look_alike_address_gets_no_mail_of_another() {
    const KIM: &str = "mike@example.com";
    for (path, settings) in [
        ("auth/password/request", vec![UNLIMITED]),
        ("auth/code/request", vec![UNLIMITED, ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]),
    ] {
        let stack = Stack::start(&settings).await;
        stack.add_user(KIM).await;
        for alike in [
            "mi\u{212a}e@example.com",
            "m\u{131}ke@example.com",
            "m\u{130}ke@example.com",
            "\u{ff4d}ike@example.com",
            "mike@exam\u{440}le.com",
            "mike@example\u{3002}com",
            "mike@example.com\u{200b}",
            "mi\u{ad}ke@example.com",
            "mike+x@example.com",
            "mike@example.com.",
            "\"mike\"@example.com",
            "mike@example.com, evil@example.net",
            "mike@example.com\nBcc: evil@example.net",
            "<mike@example.com>",
        ] {
            let client = stack.app();
            client.post(path, json!({"email": alike})).await;
            for mail in stack.inbox.take().await {
                let is_hers = mail.to == KIM;
                let secret = mail.is_secret() || mail.subject.to_lowercase().contains("code");
                assert!(is_hers || !secret, "{alike:?}: {mail:#?}");
                assert!(!is_hers || !mail.text.contains(alike) || alike == KIM, "{alike:?}: {mail:#?}");
            }
        }
        crate::log_in(&stack.app(), KIM, PASSWORD).await.is_logged_in_as(KIM);
    }
}

/// What is between the parts of a key in the table is part of no name.
#[tokio::test]
async fn no_name_becomes_the_key_of_something_else() {
    let settings = [
        UNLIMITED,
        ("ACCOUNT_LOGIN_METHODS", "email,username"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,username,password1*"),
    ];
    let stack = Stack::start(&settings).await;
    let id = stack.add_user(ANN).await;
    let before = stack.dynamodb.keys("").await;
    for name in
        [format!("USER#{id}"), format!("{id} ACCOUNT"), format!("ann#{id}"), ANN.to_owned(), "CLAIM".into()]
    {
        let email = format!("{}@example.net", name.replace([' ', '@'], "x"));
        let body = json!({"email": email, "username": name, "password": NEW_PASSWORD});
        stack.app().post("auth/signup", body).await;
        let body = json!({"username": name, "password": NEW_PASSWORD});
        super::stays_outside(&stack.app().post("auth/login", body).await, &name);
        stack.app().post("auth/password/request", json!({"email": name})).await;
    }
    let after = stack.dynamodb.keys("").await;
    for key in before {
        assert!(after.contains(&key), "{key}");
    }
    assert_eq!(
        after.iter().filter(|key| key.contains(&id) && !key.contains("SESSION#")).count(),
        2,
        "{after:#?}"
    );
    ann_gets_in(&stack).await;
}

/// Names that are shown in mails and on pages stay text.
#[tokio::test]
async fn no_name_is_a_header_or_markup() {
    let name = "<img src=x onerror=alert(1)>\r\nBcc: evil@example.net\r\n\r\n{{ 7 * 191 }}";
    let settings = [UNLIMITED, ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")];
    let stack = super::stack(&settings).await;
    let ann = stack.app();
    super::enter(&ann, ANN).await;
    let headers = [("user-agent", "<script>alert(1)</script>{{ 7 * 191 }}")];
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD}).to_string();
    ann.send(http::Method::POST, "account/password/change", &headers, body).await.is(200);
    dummy(&ann, "connect", json!({"id": 1, "username": name, "first_name": name, "last_name": name})).await;
    let other = stack.app();
    dummy(
        &other,
        "login",
        json!({"id": 2, "first_name": name, "email": "bob@example.org", "email_verified": true}),
    )
    .await;
    for mail in stack.inbox.take().await {
        assert!(!mail.html.contains("<img src=x") && !mail.html.contains("<script"), "{}", mail.html);
        assert!(!mail.text.contains("1337"), "{}", mail.text);
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        assert!([ANN, "bob@example.org"].contains(&mail.to.as_str()), "{}", mail.to);
    }
}

/// What is asked of the table as a key is bounded before (promise 8).
#[tokio::test]
async fn what_is_too_long_for_a_key_is_refused_as_input() {
    let settings = [
        UNLIMITED,
        ("MFA_RATE_LIMITS", "false"),
        ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
        ("ACCOUNT_LOGIN_METHODS", "email,username"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,username,password1*"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
    ];
    let stack = Stack::start(&settings).await;
    stack.add_user(ANN).await;
    for length in [1_000, 1_025, 1_536, 2_000, 2_049, 5_000, 100_000] {
        let long = "a".repeat(length);
        let credential = json!({
            "id": long, "rawId": long, "type": "public-key",
            "response": {"clientDataJSON": "e30", "authenticatorData": "oA", "signature": "eA", "userHandle": "eA"},
        });
        let email = format!("{long}@example.com");
        let domain = format!("a@{}.com", "b.".repeat(length / 2));
        let requests: Vec<(&str, Value)> = vec![
            ("auth/webauthn/login", json!({"credential": credential})),
            ("auth/webauthn/authenticate", json!({"credential": credential})),
            ("auth/login", json!({"username": long, "password": PASSWORD})),
            ("auth/login", json!({"email": email, "password": PASSWORD})),
            ("auth/login", json!({"email": domain, "password": PASSWORD})),
            ("auth/signup", json!({"email": email, "password": PASSWORD})),
            ("auth/signup", json!({"email": ANN, "username": long, "password": PASSWORD})),
            ("auth/password/request", json!({"email": email})),
            ("auth/password/reset", json!({"key": long, "password": PASSWORD})),
            (
                "auth/password/reset",
                json!({"key": format!("{long}-{}-{long}", "0".repeat(16)), "password": PASSWORD}),
            ),
            ("auth/email/verify", json!({"key": long})),
            ("auth/email/verify", json!({"key": format!("{long}:{long}:{long}")})),
            ("auth/code/request", json!({"email": email})),
            (
                "auth/provider/token",
                json!({"provider": long, "process": "login", "token": {"id_token": "x"}}),
            ),
            (
                "auth/provider/token",
                json!({"provider": "dummy", "process": "login", "token": {"id_token": json!({"id": 1, "email": email}).to_string()}}),
            ),
        ];
        for (path, body) in requests {
            let answer = stack.app().post(path, body).await;
            assert!(answer.status < 500, "{path} with {length}: {} {}", answer.status, answer.text);
        }
        for token in [long.clone(), format!("{long}.{}", "x".repeat(43)), format!("{long}.{long}")] {
            if token.len() < 8_000 {
                let app = stack.app();
                app.hold(Some(&token));
                assert_eq!(app.get("auth/session").await.status, 410, "{length}");
            }
        }
    }
    sign_up(&stack.app(), "new@example.com").await.awaits("verify_email");
    ann_gets_in(&stack).await;
}

/// Whatever spellings lead to one account, guesses at it count together (allauth 65.19.4).
#[tokio::test]
async fn a_look_alike_username_brings_no_more_guesses() {
    let settings = [
        ("ACCOUNT_LOGIN_METHODS", "email,username"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,username,password1*"),
        ("ACCOUNT_RATE_LIMITS", r#"{"login": null, "login_failed": "3/5m/key"}"#),
    ];
    let stack = Stack::start(&settings).await;
    let user = vestibule_cli::arguments::UserAdd {
        email: Some(ANN.to_owned()),
        username: Some("admin".to_owned()),
        ..stack.nobody()
    };
    stack.add(user).await;
    let guess = async |name: &str, password: &str| {
        stack.app().post("auth/login", json!({"username": name, "password": password})).await
    };
    for _ in 0..3 {
        guess("admin", "wrong").await.refuses(&["password: username_password_mismatch"]);
    }
    for alike in [
        "admin",
        "ADMIN",
        " aDmIn ",
        "\u{e1}dmin",
        "a\u{301}dmin",
        "adm\u{131}n",
        "adm\u{130}n",
        "\u{430}dmin",
        "\u{ff41}dmin",
        "admin\u{200b}",
        "admin\u{0}",
    ] {
        super::stays_outside(&guess(alike, PASSWORD).await, alike);
    }
}

/// An account without a password has none, rather than an empty one.
#[tokio::test]
async fn no_password_is_not_an_empty_one() {
    let settings =
        [UNLIMITED, ("ACCOUNT_SIGNUP_FIELDS", "email*,password1"), ("ACCOUNT_EMAIL_VERIFICATION", "none")];
    let stack = Stack::start(&settings).await;
    let answer = stack.app().post("auth/signup", json!({"email": ANN})).await;
    assert_eq!(answer.is_logged_in_as(ANN).body["data"]["user"]["has_usable_password"], false);
    for guess in
        [json!(""), json!(" "), json!("\u{0}"), json!("!"), json!("None"), json!("null"), json!(null)]
    {
        let answer = stack.app().post("auth/login", json!({"email": ANN, "password": guess})).await;
        assert_eq!(answer.status, 400, "{guess}: {}", answer.text);
    }
}
