//! Passkeys and security keys.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use vestibule_tests::{Logs, Passkey};

use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, log_in};

const EMAIL: &str = "ann@example.com";
pub(crate) const KEYS: &str = "account/authenticators/webauthn";
pub(crate) const AUTHENTICATE: &str = "auth/webauthn/authenticate";
pub(crate) const REAUTHENTICATE: &str = "auth/webauthn/reauthenticate";
pub(crate) const LOGIN: &str = "auth/webauthn/login";
pub(crate) const SIGNUP: &str = "auth/webauthn/signup";

const SUPPORTED: (&str, &str) = ("MFA_SUPPORTED_TYPES", r#"["totp", "webauthn", "recovery_codes"]"#);
pub(crate) const PASSKEYS: [(&str, &str); 5] = [
    SUPPORTED,
    UNLIMITED,
    ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
    ("MFA_RATE_LIMITS", "false"),
    ("ACCOUNT_EMAIL_NOTIFICATIONS", "true"),
];
pub(crate) const SIGNUPS: [(&str, &str); 6] = [
    SUPPORTED,
    UNLIMITED,
    ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
    ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
    ("ACCOUNT_EMAIL_VERIFICATION", "mandatory"),
    ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
];

/// A stack with Ann's account, and a key that nobody has yet.
pub(crate) async fn start(settings: &[(&str, &str)]) -> (Stack, Passkey) {
    let stack = Stack::start(settings).await;
    stack.add_user(EMAIL).await;
    let key = Passkey::new(&format!("http://{}", stack.api));
    (stack, key)
}

/// Logs somebody in, for everything.
pub(crate) async fn enter(client: &Client, email: &str) {
    log_in(client, email, PASSWORD).await.is_logged_in_as(email);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
}

/// What a path asks for.
pub(crate) async fn options(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    let data = &answer.is(200).body["data"];
    data.get("creation_options").unwrap_or(&data["request_options"]).clone()
}

pub(crate) async fn add(client: &Client, key: &mut Passkey, query: &str) -> Answer {
    let credential = key.create(&options(client, &format!("{KEYS}{query}")).await);
    client.post(KEYS, json!({"name": "Key", "credential": credential})).await
}

pub(crate) async fn prove(client: &Client, path: &str, key: &mut Passkey) -> Answer {
    let credential = key.get(&options(client, path).await);
    client.post(path, json!({"credential": credential})).await
}

/// Ann with a key, logged out again, in a client of this kind.
pub(crate) async fn with_key(stack: &Stack, key: &mut Passkey, kind: Kind) -> Client {
    let client = stack.client(kind);
    enter(&client, EMAIL).await;
    add(&client, key, "?passwordless").await.is(200);
    client.delete("auth/session").await.is(401);
    client.hold(None);
    stack.inbox.take().await;
    client
}

#[tokio::test]
async fn a_key_is_asked_for_after_the_password() {
    for kind in Kind::ALL {
        let (stack, mut key) = start(&PASSKEYS).await;
        let client = stack.client(kind);
        enter(&client, EMAIL).await;
        let added = add(&client, &mut key, "").await;
        assert_eq!(added.is(200).body["data"]["is_passwordless"], false);
        assert_eq!(added.body["meta"]["recovery_codes_generated"], true);
        assert!(stack.inbox.only(EMAIL).await.text.contains("key"));
        client.delete("auth/session").await.is(401);
        client.hold(None);

        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        let proof = key.get(&options(&client, AUTHENTICATE).await);
        let answer = client.post(AUTHENTICATE, json!({"credential": proof})).await;
        assert_eq!(answer.is_logged_in_as(EMAIL).methods(), ["password", "mfa"]);
        let keys = client.get("account/authenticators").await;
        assert!(keys.is(200).body["data"][0]["last_used_at"].is_number());
        stack.inbox.is_empty().await;

        // What is used up proves nothing more.
        client.post(AUTHENTICATE, json!({"credential": proof})).await.is(401);
        client
            .post(REAUTHENTICATE, json!({"credential": proof}))
            .await
            .refuses(&["credential: incorrect_code"]);
        let answer = prove(&client, REAUTHENTICATE, &mut key).await;
        assert_eq!(answer.is(200).body["data"]["methods"][2]["reauthenticated"], true);
    }
}

#[tokio::test]
async fn a_credential_id_is_as_long_as_webauthn_allows_and_no_longer() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let client = stack.client(Kind::App);
    enter(&client, EMAIL).await;
    for (length, right) in [(1023, true), (1024, false), (1536, false), (2000, false), (60_000, false)] {
        key.id = vec![b'A'; length];
        let status = add(&client, &mut key, "?passwordless").await.status;
        assert_eq!(status, if right { 200 } else { 400 }, "{length}");
        let credential = key.get(&options(&client, REAUTHENTICATE).await);
        let body = json!({"credential": credential});
        let status = client.post(REAUTHENTICATE, body.clone()).await.status;
        assert_eq!(status, if right { 200 } else { 400 }, "{length}");
        let stranger = stack.client(Kind::App);
        stranger.get(LOGIN).await.is(200);
        stranger.post(LOGIN, body.clone()).await.is(400);
        for (method, path) in [(Method::POST, AUTHENTICATE), (Method::POST, LOGIN), (Method::PUT, SIGNUP)] {
            let status = stack.client(Kind::App).send(method, path, &[], body.to_string()).await.status;
            assert!((400..500).contains(&status), "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn a_passkey_logs_in_whoever_is_logged_in() {
    for kind in Kind::ALL {
        let (stack, mut key) = start(&PASSKEYS).await;
        stack.add_user("bob@example.com").await;
        let client = with_key(&stack, &mut key, kind).await;
        let answer = prove(&client, LOGIN, &mut key).await;
        let [method] = answer.is_logged_in_as(EMAIL).body["data"]["methods"].as_array().unwrap().as_slice()
        else {
            panic!("{}", answer.text)
        };
        assert_eq!((&method["method"], &method["passwordless"]), (&json!("mfa"), &json!(true)));
        prove(&client, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
        // Somebody else was logged in: nothing of theirs is left.
        let other = stack.client(kind);
        enter(&other, "bob@example.com").await;
        let answer = prove(&other, LOGIN, &mut key).await;
        assert!(!answer.is_logged_in_as(EMAIL).methods().contains(&"password".to_owned()));
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_passkey_says_whose_it_is_and_knows_its_user() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let client = with_key(&stack, &mut key, Kind::App).await;
    let handle = key.user_handle.take();
    for wrong in [None, Some(""), Some("!!"), Some("bm9ib2R5"), Some("AP8"), Some(&"A".repeat(400))] {
        key.user_handle = wrong.map(str::to_owned);
        prove(&client, LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
    }
    key.user_handle = handle;
    key.verifies_user = false;
    prove(&client, LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
    // A challenge for a second factor, where the user need not be verified, does not help either.
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    let weak = key.get(&options(&client, AUTHENTICATE).await);
    client.post(LOGIN, json!({"credential": weak})).await.refuses(&["credential: incorrect_code"]);
    client.post(AUTHENTICATE, json!({"credential": weak})).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn somebody_signs_up_with_a_passkey() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SIGNUPS).await;
        let client = stack.client(kind);
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        client.post(SIGNUP, json!({"email": EMAIL})).await.awaits("verify_email");
        client.get(SIGNUP).await.is(409);
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/email/verify", json!({"key": code})).await.awaits("mfa_signup_webauthn");
        let options = options(&client, SIGNUP).await;
        assert_eq!(options["publicKey"]["authenticatorSelection"]["residentKey"], "required");
        key.verifies_user = false;
        let weak = json!({"credential": key.create(&options)});
        client.send(Method::PUT, SIGNUP, &[], weak.to_string()).await.refuses(&["incorrect_code"]);
        key.verifies_user = true;
        let body = json!({"name": "Phone", "credential": key.create(&options)}).to_string();
        let answer = client.send(Method::PUT, SIGNUP, &[], body.clone()).await;
        assert_eq!(answer.is_logged_in_as(EMAIL).body["data"]["user"]["has_usable_password"], false);
        client.send(Method::PUT, SIGNUP, &[], body).await.refuses(&["incorrect_code"]);
        let keys = client.get("account/authenticators").await;
        // Without recovery codes.
        assert_eq!(keys.is(200).body["data"].as_array().unwrap().len(), 1);
        assert_eq!(keys.body["data"][0]["name"], "Phone");
        stack.inbox.is_empty().await;

        client.delete("auth/session").await.is(401);
        client.hold(None);
        prove(&client, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
        client.post(SIGNUP, json!({"email": "new@example.com"})).await.is(409);
    }
}

/// Whoever signs up with somebody else's address has got no further than that when its owner takes it back.
#[tokio::test]
async fn a_sign_up_that_is_given_up_adds_no_passkey() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SIGNUPS).await;
        let (thief, owner) = (stack.client(kind), stack.client(kind));
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        thief.post(SIGNUP, json!({"email": EMAIL})).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        thief.post("auth/email/verify", json!({"key": code})).await.awaits("mfa_signup_webauthn");
        let credential = key.create(&options(&thief, SIGNUP).await);

        owner.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let reset = json!({"key": stack.inbox.only(EMAIL).await.key(), "password": NEW_PASSWORD});
        owner.post("auth/password/reset", reset).await.is(401);

        let body = json!({"credential": credential}).to_string();
        thief.send(Method::PUT, SIGNUP, &[], body).await.is(409);
        thief.get(SIGNUP).await.is(409);
        thief.get("auth/session").await.is_anonymous();
        assert_eq!(stack.dynamodb.keys("CREDENTIAL#").await, [""; 0]);
        prove(&thief, LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
        log_in(&owner, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
        assert_eq!(owner.get("account/authenticators").await.is(200).body["data"], json!([]));
    }
}

#[tokio::test]
async fn an_account_that_is_closed_meanwhile_gets_no_passkey() {
    let stack = Stack::start(&SIGNUPS).await;
    let client = stack.app();
    let mut key = Passkey::new(&format!("http://{}", stack.api));
    client.post(SIGNUP, json!({"email": EMAIL})).await.awaits("verify_email");
    let code = stack.inbox.only(EMAIL).await.code();
    client.post("auth/email/verify", json!({"key": code})).await.awaits("mfa_signup_webauthn");
    let body = json!({"name": "Phone", "credential": key.create(&options(&client, SIGNUP).await)});
    stack.disable(EMAIL).await;
    client.send(Method::PUT, SIGNUP, &[], body.to_string()).await.is(409);
    assert!(stack.dynamodb.keys("CREDENTIAL#").await.is_empty());
}

#[tokio::test]
async fn a_sign_up_with_a_passkey_tells_of_no_account() {
    let stack = Stack::start(&SIGNUPS).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post(SIGNUP, json!({"email": EMAIL})).await.awaits("verify_email");
    assert_eq!(stack.inbox.only(EMAIL).await.to, EMAIL);
    let body = json!({"credential": {"id": "x"}}).to_string();
    client.send(Method::PUT, SIGNUP, &[], body).await.refuses(&["incorrect_code"]);
    client.get(SIGNUP).await.is(409);
}

#[tokio::test]
async fn what_is_no_credential_is_refused() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let client = stack.app();
    enter(&client, EMAIL).await;
    let options = options(&client, KEYS).await;
    let good = key.create(&options);
    let broken = |member: &str, value: Value| {
        let mut credential = good.clone();
        credential["response"][member] = value;
        credential
    };
    for credential in [
        json!(0),
        json!(false),
        json!(0.0),
        json!(1),
        json!("0"),
        json!("\"x\""),
        json!({"id": "x"}),
        json!({"response": good["response"]}),
        json!([good]),
        broken("attestationObject", json!("AAAA")),
        broken("attestationObject", json!(1)),
        broken("clientDataJSON", json!("e30")),
        json!({"rawId": "é", "response": {}}),
    ] {
        let body = json!({"name": "x", "credential": credential});
        client.post(KEYS, body).await.refuses(&["incorrect_code"]);
        let answer = client.post(REAUTHENTICATE, json!({"credential": credential})).await;
        answer.refuses(&["credential: incorrect_code"]);
        client.post(LOGIN, json!({"credential": credential})).await.refuses(&["credential: incorrect_code"]);
    }
    assert_eq!(client.get("account/authenticators").await.is(200).body["data"], json!([]));
    // None of that has used up the challenge, and a credential may come as text.
    client.post(KEYS, json!({"credential": good.to_string()})).await.is(200);
    stack.inbox.only(EMAIL).await;
}

#[tokio::test]
async fn a_key_that_counts_backwards_is_refused_and_reported() {
    let logs = Logs::capture();
    let (stack, mut key) = start(&PASSKEYS).await;
    let client = with_key(&stack, &mut key, Kind::App).await;
    key.count = 7;
    prove(&client, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
    for seen_before in [7, 5] {
        key.count = seen_before;
        prove(&client, LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
    }
    assert!(logs.own().contains("the key's counter went back"), "{}", logs.own());
}

#[tokio::test]
async fn nobody_registers_the_key_of_somebody_else() {
    let (stack, mut key) = start(&PASSKEYS).await;
    stack.add_user("bob@example.com").await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    let bob = stack.app();
    enter(&bob, "bob@example.com").await;
    let handle = key.user_handle.clone();
    add(&bob, &mut key, "").await.refuses(&["incorrect_code"]);
    key.user_handle = handle;
    // When its owner gives it up, it can be anybody's.
    enter_with_key(&ann, &mut key).await;
    let keys = ann.get("account/authenticators").await;
    let id = &keys.is(200).body["data"][0]["id"];
    ann.delete_with(KEYS, json!({"authenticators": [id]})).await.is(200);
    assert_eq!(ann.get("account/authenticators").await.is(200).body["data"], json!([]));
    assert!(stack.inbox.only(EMAIL).await.text.contains("key"));
    add(&bob, &mut key, "").await.is(200);
    key.user_handle = None;
    prove(&bob, REAUTHENTICATE, &mut key).await.is(200);
}

/// Logs in with a passkey, and for everything.
async fn enter_with_key(client: &Client, key: &mut Passkey) {
    prove(client, LOGIN, key).await.is_logged_in_as(EMAIL);
    prove(client, REAUTHENTICATE, key).await.is(200);
}

#[tokio::test]
async fn keys_have_names() {
    let (stack, _) = start(&PASSKEYS).await;
    let client = stack.browser();
    enter(&client, EMAIL).await;
    let mut ids = Vec::new();
    for (name, expected) in
        [("", "Master key"), ("  ", "Backup key"), (" <b>é</b> ", "<b>é</b>"), ("", "Key nr. 4")]
    {
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        let credential = key.create(&options(&client, KEYS).await);
        let answer = client.post(KEYS, json!({"name": name, "credential": credential})).await;
        assert_eq!(answer.is(200).body["data"]["name"], expected);
        ids.push(answer.body["data"]["id"].clone());
    }
    let mut key = Passkey::new(&format!("http://{}", stack.api));
    let credential = key.create(&options(&client, KEYS).await);
    let body = json!({"name": "x".repeat(1001), "credential": credential});
    client.post(KEYS, body).await.refuses(&["name: max_length"]);

    let rename = async |body: Value| client.send(Method::PUT, KEYS, &[], body.to_string()).await;
    let answer = rename(json!({"id": ids[1], "name": " Spare "})).await;
    assert_eq!(answer.is(200).body["data"]["name"], "Spare");
    rename(json!({"id": ids[1], "name": "x".repeat(101)})).await.refuses(&["name: max_length"]);
    rename(json!({"id": 1, "name": ""})).await.refuses(&["id: invalid_choice", "name: required"]);
    let keys = client.get("account/authenticators").await;
    let names = keys.is(200).body["data"].as_array().unwrap().iter().filter_map(|key| key["name"].as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["Master key", "Spare", "<b>é</b>", "Key nr. 4"]);
}

#[tokio::test]
async fn keys_wait_for_a_verified_address_and_for_who_one_is() {
    let (stack, mut key) = start(&[SUPPORTED, ("ACCOUNT_EMAIL_VERIFICATION", "optional")]).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let answer = client.get(KEYS).await;
    assert_eq!(answer.is(401).body["data"]["flows"][0]["id"], "reauthenticate");
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    client.post("account/email", json!({"email": "other@example.com"})).await.is(200);
    let answer = client.get(KEYS).await;
    assert_eq!(answer.is(409).errors(), ["unverified_email"]);
    let credential =
        key.create(&json!({"publicKey": {"rp": {"id": "x"}, "user": {"id": "x"}, "challenge": "AAAA"}}));
    assert_eq!(
        client.post(KEYS, json!({"credential": credential})).await.is(409).errors(),
        ["unverified_email"]
    );
}

#[tokio::test]
async fn only_pages_of_ours_use_keys() {
    let app = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck";
    let listed = format!(r#"["https://app.example.com", "{app}"]"#);
    let settings =
        [PASSKEYS.as_slice(), &[("MFA_WEBAUTHN_RP_ID", "example.com"), ("MFA_WEBAUTHN_ORIGINS", &listed)]]
            .concat();
    let (stack, mut key) = start(&settings).await;
    let client = stack.app();
    enter(&client, EMAIL).await;
    for (origin, is_ours) in [
        ("https://app.example.com", true),
        (app, true),
        ("https://example.com", false),
        ("https://evil.example.com", false),
        (key.origin.clone().as_str(), false),
        ("android:apk-key-hash:AAAA", false),
    ] {
        let mut key = Passkey::new(origin);
        let options = options(&client, KEYS).await;
        assert_eq!(options["publicKey"]["rp"]["id"], "example.com");
        let body = json!({"credential": key.create(&options)});
        let answer = client.post(KEYS, body).await;
        assert_eq!(answer.status == 200, is_ours, "{origin}: {}", answer.text);
    }
    key.origin = "https://app.example.com".to_owned();
    add(&client, &mut key, "").await.is(200);
    prove(&client, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn pages_that_may_call_use_keys() {
    let settings = [
        PASSKEYS.as_slice(),
        &[("FRONTEND_URL", "https://www.example.com/app"), ("CSRF_TRUSTED_ORIGINS", "https://*.example.org")],
    ]
    .concat();
    let (stack, key) = start(&settings).await;
    let domain = format!("https://{}", stack.api.split(':').next().unwrap());
    let client = stack.app();
    enter(&client, EMAIL).await;
    for (origin, is_ours) in [
        (key.origin.as_str(), true),
        (domain.as_str(), true),
        ("https://www.example.com", true),
        ("https://a.example.org", true),
        ("https://example.com", false),
        ("http://www.example.com", false),
        ("https://evil.example", false),
    ] {
        let body = json!({"credential": Passkey::new(origin).create(&options(&client, KEYS).await)});
        let answer = client.post(KEYS, body).await;
        assert_eq!(answer.status == 200, is_ours, "{origin}: {}", answer.text);
    }
}

#[tokio::test]
async fn wrong_answers_to_a_second_factor_are_limited() {
    let limits = ("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "3/m/key"}"#);
    let (stack, mut key) = start(&[SUPPORTED, limits]).await;
    let client = with_key(&stack, &mut key, Kind::App).await;
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    let mut other = Passkey::new(&key.origin);
    for _ in 0..3 {
        prove(&client, AUTHENTICATE, &mut other).await.refuses(&["credential: incorrect_code"]);
    }
    prove(&client, AUTHENTICATE, &mut key).await.refuses(&["credential: too_many_login_attempts"]);
}

#[tokio::test]
async fn passkey_logins_are_limited_by_address() {
    let limits = ("MFA_RATE_LIMITS", r#"{"webauthn_login": "2/m/ip"}"#);
    let (stack, mut key) = start(&[SUPPORTED, ("MFA_PASSKEY_LOGIN_ENABLED", "true"), limits]).await;
    let client = with_key(&stack, &mut key, Kind::Browser).await;
    prove(&client, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
    client.post(LOGIN, json!({})).await.refuses(&["credential: required"]);
    prove(&client, LOGIN, &mut key).await.is(429);
}

// Races

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_assertion_proves_once() {
    for path in [AUTHENTICATE, REAUTHENTICATE, LOGIN] {
        let (stack, mut key) = start(&PASSKEYS).await;
        let client = with_key(&stack, &mut key, Kind::App).await;
        match path {
            AUTHENTICATE => log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate").clone(),
            REAUTHENTICATE => prove(&client, LOGIN, &mut key).await,
            _ => client.get("config").await,
        };
        let body = json!({"credential": key.get(&options(&client, path).await)});
        let twins: Vec<Client> = (0..64).map(|_| client.twin()).collect();
        let answers = join_all(twins.iter().map(|twin| twin.post(path, body.clone()))).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{path}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 400, 401, 410, 503].contains(status)),
            "{path}: {statuses:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_belongs_to_one_account() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let mut requests = Vec::new();
    for number in 0..8 {
        let email = format!("user{number}@example.com");
        stack.add_user(&email).await;
        let client = stack.app();
        enter(&client, &email).await;
        let body = json!({"credential": key.create(&options(&client, KEYS).await)});
        requests.push((client, body));
    }
    let answers = join_all(requests.iter().map(|(client, body)| client.post(KEYS, body.clone()))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 7, "{statuses:?}");
    assert_eq!(stack.dynamodb.keys("CREDENTIAL#").await.len(), 1);
}
