//! What is taken for the same, what is refused at once, and the longest of everything.

use http::Method;
use serde_json::{Value, json};

use crate::social::dummy;
use crate::{Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, log_in, sign_up};

const SHOWN: &str = "ann@bücher.example";
const SENT_TO: &str = "ann@xn--bcher-kva.example";
/// Other ways to write it.
const SPELLINGS: [&str; 4] = [
    "Ann@BÜCHER.example",
    "ann@bu\u{308}cher.example",
    "ann@XN--BCHER-KVA.example",
    "\"ann\"@bücher.example",
];

#[tokio::test]
async fn a_mailbox_has_one_account_however_it_is_written() {
    for kind in Kind::ALL {
        let settings = [
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
            UNLIMITED,
        ];
        let stack = Stack::start(&settings).await;
        let client = stack.client(kind);
        sign_up(&client, SHOWN).await.awaits("verify_email");
        let mail = stack.inbox.only(SENT_TO).await;
        client.post("auth/email/verify", json!({"key": mail.code()})).await.is_logged_in_as(SHOWN);
        let listed = client.get("account/email").await;
        assert_eq!(listed.is(200).body["data"][0]["email"], SHOWN);

        for spelling in SPELLINGS {
            let other = stack.client(kind);
            sign_up(&other, spelling).await.awaits("verify_email");
            assert!(stack.inbox.only(SENT_TO).await.text.contains("already"), "{spelling}");
            let other = stack.client(kind);
            log_in(&other, spelling, PASSWORD).await.is_logged_in_as(SHOWN);
            other
                .post("account/email", json!({"email": spelling}))
                .await
                .refuses(&["email: duplicate_email"]);
            let other = stack.client(kind);
            other.post("auth/code/request", json!({"email": spelling})).await.awaits("login_by_code");
            let code = stack.inbox.only(SENT_TO).await.code();
            other.post("auth/code/confirm", json!({"code": code})).await.is_logged_in_as(SHOWN);
            stack.client(kind).post("auth/password/request", json!({"email": spelling})).await.is(200);
            let key = stack.inbox.only(SENT_TO).await.key();
            let reset = json!({"key": key, "password": NEW_PASSWORD});
            assert_eq!(stack.client(kind).post("auth/password/reset", reset).await.status, 401);
            let back = json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD});
            let other = stack.client(kind);
            log_in(&other, spelling, NEW_PASSWORD).await.is_logged_in_as(SHOWN);
            other.post("account/password/change", back).await;
            stack.inbox.take().await;
        }
    }
}

#[tokio::test]
async fn a_mailbox_has_one_budget() {
    let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "3/5m/key"}"#)]).await;
    let client = stack.client(Kind::App);
    for spelling in [SHOWN, SPELLINGS[0], SPELLINGS[1]] {
        log_in(&client, spelling, "wrong").await.refuses(&["password: email_password_mismatch"]);
    }
    log_in(&client, SPELLINGS[2], "wrong").await.refuses(&["too_many_login_attempts"]);
    log_in(&client, SPELLINGS[3], "wrong").await.refuses(&["too_many_login_attempts"]);
}

#[tokio::test]
async fn what_no_mail_can_be_sent_to_is_refused_wherever_it_is_given() {
    let settings = [("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), UNLIMITED];
    let stack = Stack::start(&settings).await;
    stack.add_user("ann@example.com").await;
    let member = stack.client(Kind::App);
    log_in(&member, "ann@example.com", PASSWORD).await.is_logged_in_as("ann@example.com");
    for email in [
        "bob@example.com\u{200b}",
        "\u{feff}bob@example.com",
        "bo\u{200d}b@example.com",
        "bob@exam\u{ad}ple.com",
        "bob@exam\u{200c}ple.com",
        "müller@example.com",
        "\u{131}bob@example.com",
        "\"bo\\\u{1}b\"@example.com",
        "bob@xn--a.com",
        "bob@\u{202e}example.com",
    ] {
        let client = stack.client(Kind::App);
        for path in ["auth/signup", "auth/login", "auth/password/request", "auth/code/request"] {
            let answer = client.post(path, json!({"email": email, "password": PASSWORD})).await;
            answer.refuses(&["email: invalid"]);
        }
        let body = json!({"email": email, "primary": true}).to_string();
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            member.send(method, "account/email", &[], body.clone()).await.refuses(&["email: invalid"]);
        }
        let token = json!({"id": 7, "email": email});
        assert_eq!(dummy(&client, "login", token).await.status, 400, "{email:?}");
    }
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn a_username_is_taken_and_reserved_in_all_its_spellings() {
    let settings = [
        ("ACCOUNT_SIGNUP_FIELDS", "username*, password1*"),
        ("ACCOUNT_LOGIN_METHODS", "username"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
        ("ACCOUNT_USERNAME_BLACKLIST", r#"["admin"]"#),
        UNLIMITED,
    ];
    let stack = Stack::start(&settings).await;
    let sign_up = async |name: &str| {
        stack.client(Kind::App).post("auth/signup", json!({"username": name, "password": PASSWORD})).await
    };
    sign_up("straße").await.is(200);
    for name in ["STRASSE", "ｓｔｒａｓｓｅ", "strasse", "straße\u{3164}"] {
        sign_up(name).await.refuses(&["username: username_taken"]);
    }
    for name in ["ADMIN", "ａｄｍｉｎ", "аdmin", "admіn"] {
        sign_up(name).await.refuses(&["username: username_blacklisted"]);
    }
    let client = stack.client(Kind::App);
    client.post("auth/login", json!({"username": "STRASSE", "password": PASSWORD})).await.is(200);
}

/// What is the longest that each flow takes, and what is longer.
#[tokio::test]
async fn the_longest_of_everything_is_taken_or_refused() {
    let settings = [
        ("ACCOUNT_SIGNUP_FIELDS", "email*, username*, phone, password1*"),
        ("ACCOUNT_LOGIN_METHODS", "email,username,phone"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ("ACCOUNT_EMAIL_MAX_LENGTH", "320"),
        UNLIMITED,
    ];
    let stack = Stack::start(&settings).await;
    let label = "例".repeat(14);
    let widest = format!("{}@{label}.{label}.{label}.example", "a".repeat(120));
    let emails = [format!("{}@example.com", "a".repeat(308)), widest];
    let usernames = ["a".repeat(150), "\u{10400}".repeat(150), "李".repeat(150), "\u{fb03}".repeat(50)];
    let client = stack.client(Kind::App);
    let post = async |path: &str, body: Value| {
        let answer = client.post(path, body).await;
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
        client.hold(None);
        answer
    };
    for (number, email) in emails.iter().enumerate() {
        let body = json!({"email": email, "username": format!("u{number}"), "password": PASSWORD});
        post("auth/signup", body).await.is(200);
        post("auth/login", json!({"email": email, "password": PASSWORD})).await.is(200);
        post("auth/password/request", json!({"email": email})).await.is(200);
        post("auth/code/request", json!({"email": email})).await.is(401);
    }
    for (number, username) in usernames.iter().enumerate() {
        let body =
            json!({"email": format!("n{number}@example.com"), "username": username, "password": PASSWORD});
        post("auth/signup", body).await.is(200);
        post("auth/login", json!({"username": username, "password": PASSWORD})).await.is(200);
    }
    // Longer, and longer when folded.
    let far = "x".repeat(3000);
    for username in ["\u{fdfa}".repeat(150), "a".repeat(151), far.clone()] {
        let body = json!({"email": "o@example.com", "username": username, "password": PASSWORD});
        post("auth/signup", body).await.is(400);
        post("auth/login", json!({"username": username, "password": PASSWORD})).await.is(400);
    }
    for email in [
        format!("{}@example.com", "a".repeat(309)),
        format!("a@{}example.com", "b.".repeat(1500)),
        format!("{far}@例.example"),
    ] {
        for path in ["auth/signup", "auth/login", "auth/password/request", "auth/code/request"] {
            let body = json!({"email": email, "username": "long", "password": PASSWORD});
            post(path, body).await.is(400);
        }
    }
    for id in ["1".repeat(191), "1".repeat(192), "1".repeat(3000)] {
        let right = id.len() == 191;
        let answer = dummy(&client, "login", json!({"id": id, "email": "p@example.com"})).await;
        client.hold(None);
        assert_eq!(answer.status < 402 && answer.status != 400, right, "{}", answer.text);
        assert!(answer.status < 500, "{}", answer.text);
    }
    for phone in [format!("+{}", "1".repeat(15)), format!("+{}", "1".repeat(3000))] {
        let answer = post("auth/login", json!({"phone": phone, "password": PASSWORD})).await;
        answer.is(400);
    }
}

/// The longest value that a schema of the description takes, of this many characters where it sets no limit.
fn longest(document: &Value, schema: &Value, length: usize) -> Value {
    if let Some(path) = schema["$ref"].as_str() {
        let mut named = document.pointer(&path[1..]).unwrap().clone();
        let beside = schema.as_object().unwrap().iter().filter(|(name, _)| *name != "$ref");
        named.as_object_mut().unwrap().extend(beside.map(|(name, value)| (name.clone(), value.clone())));
        return longest(document, &named, length);
    }
    for several in ["allOf", "anyOf"] {
        if let Some(parts) = schema[several].as_array() {
            let taken = if several == "allOf" { parts.len() } else { 1 };
            let values = parts.iter().take(taken).map(|part| longest(document, part, length));
            let members = values.filter_map(|value| value.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
    }
    let length = schema["maxLength"].as_u64().map_or(length, |most| usize::try_from(most).unwrap());
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object();
            let known = properties.into_iter().flatten();
            let mut members: serde_json::Map<String, Value> =
                known.map(|(name, schema)| (name.clone(), longest(document, schema, length))).collect();
            if properties.is_none() {
                members.insert("clientDataJSON".to_owned(), "A".repeat(length).into());
            }
            members.into()
        }
        Some("array") => vec![longest(document, &schema["items"], length); length.min(1000)].into(),
        Some("integer") => i64::MAX.into(),
        Some("boolean") => true.into(),
        _ if schema["format"] == "email" => format!("{}@example.com", "a".repeat(length.max(13) - 12)).into(),
        _ if schema["pattern"].is_string() => format!("+{}", "1".repeat(length.min(15))).into(),
        _ => schema["enum"].get(0).cloned().unwrap_or_else(|| "A".repeat(length).into()),
    }
}

/// Whatever the description lets in is taken or refused, at each length at which a key, an item or a body ends.
#[tokio::test]
async fn every_operation_takes_or_refuses_the_longest() {
    let stack = Stack::start(&[
        ("HEADLESS_SERVE_SPECIFICATION", "true"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*, username, phone, password1*"),
        ("ACCOUNT_LOGIN_METHODS", "email,username,phone"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ("MFA_SUPPORTED_TYPES", "totp,webauthn,recovery_codes"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
        ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
        ("MFA_RATE_LIMITS", "false"),
        ("HEADLESS_TOKEN_STRATEGY", "jwt"),
        ("HEADLESS_JWT_ALGORITHM", "HS256"),
        UNLIMITED,
    ])
    .await;
    stack.add_user("ann@example.com").await;
    let document = stack.app().get("/_allauth/openapi.json").await.body;
    let (stranger, user) = (stack.app(), stack.app());
    let mut tried = 0;
    for (path, described) in document["paths"].as_object().unwrap() {
        let Some(path) = path.split_once("/v1/").map(|(_, path)| path) else { continue };
        for (method, operation) in described.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for length in [191, 192, 1023, 1024, 2048, 2049, 30_000] {
                let body = longest(&document, schema, length).to_string();
                if user.get("auth/session").await.status != 200 {
                    user.hold(None);
                    log_in(&user, "ann@example.com", PASSWORD).await.is(200);
                }
                for client in [&stranger, &user] {
                    let answer = client.send(method.clone(), path, &[], body.clone()).await;
                    assert!(
                        answer.status < 500,
                        "{method} {path} {length}: {} {}",
                        answer.status,
                        answer.text
                    );
                    tried += 1;
                }
                stranger.hold(None);
            }
        }
    }
    assert!(tried > 400, "{tried}");
}
