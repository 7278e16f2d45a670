//! `account` DELETE and `account/export`: what is kept about somebody is theirs to see, and theirs to take away.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use vestibule_cli::arguments::UserAdd;

use crate::{
    Answer, AuthenticatorApp, Client, Fault, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED,
    add_app, has_ended, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@example.org";
const THIRD: &str = "ann@example.net";
const PHONE: &str = "+31612345678";
const USERNAME: &str = "ann.the.first";

const DELETION: (&str, &str) = ("ACCOUNT_DELETION_ENABLED", "true");
const EXPORT: (&str, &str) = ("ACCOUNT_EXPORT_ENABLED", "true");

async fn reauthenticate(client: &Client) {
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
}

async fn enter(stack: &Stack, kind: Kind, email: &str) -> Client {
    let client = stack.client(kind);
    log_in(&client, email, PASSWORD).await.is_logged_in_as(email);
    reauthenticate(&client).await;
    client
}

/// Fails unless the client's own session is gone, and a browser is told to forget it.
#[track_caller]
fn has_left(client: &Client, answer: &Answer) {
    answer.is(200);
    assert_eq!(answer.body, json!({"status": 200}));
    if client.kind == Kind::Browser {
        let cookies = answer.header("set-cookie");
        let is_deleted = |line: &&str| line.starts_with("sessionid=;") && line.contains("Max-Age=0");
        assert!(cookies.iter().any(is_deleted), "{cookies:?}");
    }
}

/// Where the table mentions any of these.
async fn mentions(stack: &Stack, names: &[&str]) -> Vec<String> {
    let items = stack.dynamodb.items().await;
    let found =
        items.iter().map(Value::to_string).filter(|item| names.iter().any(|name| item.contains(name)));
    found.collect()
}

#[tokio::test]
async fn there_is_neither_unless_it_is_switched_on() {
    for kind in Kind::ALL {
        for (settings, deletes, exports) in
            [(&[][..], false, false), (&[DELETION], true, false), (&[EXPORT], false, true)]
        {
            let stack = Stack::start(settings).await;
            stack.add_user(EMAIL).await;
            let client = enter(&stack, kind, EMAIL).await;
            client.get("account/export").await.is(if exports { 200 } else { 404 });
            let answer = client.delete("account").await;
            answer.is(if deletes { 200 } else { 404 });
            assert_eq!(mentions(&stack, &[EMAIL]).await.is_empty(), deletes);
        }
    }
}

#[tokio::test]
async fn both_are_for_whoever_has_just_proved_who_they_are() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DELETION, EXPORT]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.delete("account").await.is_anonymous();
        client.get("account/export").await.is_anonymous();
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let before = stack.dynamodb.items().await;
        for answer in [client.delete("account").await, client.get("account/export").await] {
            answer.is(401);
            assert_eq!(answer.body["meta"]["is_authenticated"], true);
            let by_code = json!({"id": "reauthenticate_by_code", "recipients": [{"email": EMAIL}]});
            assert_eq!(answer.body["data"]["flows"], json!([{"id": "reauthenticate"}, by_code]));
            assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
        }
        assert_eq!(stack.dynamodb.items().await, before);
        stack.inbox.is_empty().await;
        reauthenticate(&client).await;
        client.get("account/export").await.is(200);
        has_left(&client, &client.delete("account").await);
        has_ended(&client).await;
    }
}

#[tokio::test]
async fn other_methods_and_bodies_change_nothing() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DELETION, EXPORT]).await;
        stack.add_user(EMAIL).await;
        let client = enter(&stack, kind, EMAIL).await;
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH] {
            client.send(method.clone(), "account", &[], "").await.is(405);
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            client.send(method, "account/export", &[], "").await.is(405);
        }
        client.send(Method::DELETE, "account", &[], "[]").await.is(400);
        let head = client.send(Method::HEAD, "account/export", &[], "").await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;
        if kind == Kind::Browser {
            let forged = client.send(Method::DELETE, "account", &[("x-csrftoken", "x")], "").await;
            forged.is(403);
            client.get("auth/session").await.is_logged_in_as(EMAIL);
        }
    }
}

async fn everything_but_counters(stack: &Stack) -> Vec<String> {
    let keys = stack.dynamodb.keys("").await;
    keys.into_iter().filter(|key| !key.starts_with("RATE#")).collect()
}

const EVERYTHING: [(&str, &str); 6] = [
    DELETION,
    EXPORT,
    ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,phone,password1*"),
    ("ACCOUNT_LOGIN_METHODS", "email,username,phone"),
    ("USERSESSIONS_TRACK_ACTIVITY", "true"),
    ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "false"),
];

/// Somebody who has all that one can have, and a client that is logged in; and the secret of their app.
async fn somebody(stack: &Stack, kind: Kind) -> (String, Client, AuthenticatorApp) {
    let (email, username, phone) = (EMAIL.to_owned(), USERNAME.to_owned(), PHONE.to_owned());
    let user = UserAdd { email: Some(email), username: Some(username), phone: Some(phone), ..stack.nobody() };
    let id = stack.add(user).await;
    let client = stack.client(kind);
    let app = add_app(&client, EMAIL).await;
    client.get("account/authenticators/recovery-codes").await.is(200);
    crate::social::dummy(&client, "connect", json!({"id": 987_654_321})).await.is(200);
    (id, client, app)
}

#[tokio::test]
async fn nothing_is_left_of_whoever_leaves() {
    for kind in Kind::ALL {
        // Limits are on: counters stay, and must not say whose they are.
        let stack = Stack::start(&[&EVERYTHING[..], &PATIENT].concat()).await;
        stack.add_user("ben@example.com").await;
        let before = everything_but_counters(&stack).await;
        let (id, client, app) = somebody(&stack, kind).await;
        stack.inbox.take().await;

        // A second login, one that waits for its second factor, and mail that waits to be answered.
        let (other, waiting) = (stack.client(kind), stack.client(kind));
        log_in(&other, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        other.post("auth/2fa/authenticate", json!({"code": app.code(-1)})).await.is_logged_in_as(EMAIL);
        log_in(&waiting, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        stack.client(kind).post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let reset = stack.inbox.only(EMAIL).await.key();
        assert!(mentions(&stack, &[&id]).await.len() > 5);

        assert_eq!(stack.dynamodb.keys("SOCIAL#").await, ["SOCIAL#dummy#987654321 -"]);
        has_left(&client, &client.delete("account").await);
        let mail = stack.inbox.only(EMAIL).await;
        assert!(mail.subject.ends_with("] Your account was deleted"), "{}", mail.subject);
        assert!(mail.text.contains("127.0.0.1"), "{}", mail.text);
        assert!(!mail.is_secret());

        assert_eq!(mentions(&stack, &[EMAIL, USERNAME, PHONE, &id, "987654321"]).await, [""; 0]);
        assert_eq!(everything_but_counters(&stack).await, before);

        for gone in [&client, &other, &waiting] {
            has_ended(gone).await;
        }
        let answer = waiting.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.status;
        assert!([401, 410].contains(&answer), "{answer}");
        for name in [json!({"email": EMAIL}), json!({"username": USERNAME}), json!({"phone": PHONE})] {
            let mut body = name;
            body["password"] = json!(PASSWORD);
            stack.client(kind).post("auth/login", body).await.is(400);
        }
        let body = json!({"key": reset, "password": NEW_PASSWORD});
        stack.client(kind).post("auth/password/reset", body).await.refuses(&["key: invalid_password_reset"]);
        log_in(&stack.client(kind), "ben@example.com", PASSWORD).await.is_logged_in_as("ben@example.com");
    }
}

#[tokio::test]
async fn an_address_that_an_account_had_before_is_forgotten_as_well() {
    for settings in [&[DELETION][..], &[DELETION, ("ACCOUNT_CHANGE_EMAIL", "true")]] {
        let stack = Stack::start(&[settings, &[UNLIMITED]].concat()).await;
        stack.add_user(EMAIL).await;
        let client = enter(&stack, Kind::App, EMAIL).await;
        client.post("account/email", json!({"email": SECOND})).await.is(200);
        let key = stack.inbox.only_to(SECOND).await.key();
        client.post("auth/email/verify", json!({"key": key})).await.is(200);
        if settings.len() == 1 {
            client
                .send(
                    Method::PATCH,
                    "account/email",
                    &[],
                    json!({"email": SECOND, "primary": true}).to_string(),
                )
                .await
                .is(200);
            client.delete_with("account/email", json!({"email": EMAIL})).await.is(200);
        }
        assert_eq!(stack.dynamodb.keys(&format!("EMAIL#{EMAIL}")).await, [""; 0]);
        assert_eq!(stack.dynamodb.keys(&format!("EMAIL#{SECOND}")).await.len(), 2);
        client.delete("account").await.is(200);
        assert_eq!(mentions(&stack, &[EMAIL, SECOND]).await, [""; 0]);
        stack.inbox.only(SECOND).await;
    }
}

#[tokio::test]
async fn whoever_comes_back_is_somebody_else() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DELETION, UNLIMITED]).await;
        let first = sign_up_and_verify(&stack, kind).await;
        let client = enter(&stack, kind, EMAIL).await;
        client.post("account/email", json!({"email": SECOND})).await.is(200);
        let old_link = stack.inbox.only_to(SECOND).await.key();
        let old_token = client.token().unwrap();
        client.delete("account").await.is(200);
        stack.inbox.only(EMAIL).await;

        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
        let second = sign_up_and_verify(&stack, kind).await;
        assert_ne!(first, second);
        let back = enter(&stack, kind, EMAIL).await;
        back.post("account/email", json!({"email": SECOND})).await.is(200);
        let refused = stack.client(kind).post("auth/email/verify", json!({"key": old_link})).await;
        refused.refuses(&["key: invalid_or_expired_key"]);
        client.hold(Some(&old_token));
        has_ended(&client).await;
    }
}

async fn sign_up_and_verify(stack: &Stack, kind: Kind) -> String {
    let client = stack.client(kind);
    sign_up(&client, EMAIL).await.awaits("verify_email");
    let key = stack.inbox.only(EMAIL).await.key();
    client.post("auth/email/verify", json!({"key": key})).await.is(401);
    let answer = log_in(&client, EMAIL, PASSWORD).await;
    answer.is(200).body["data"]["user"]["id"].as_str().unwrap().to_owned()
}

/// Where several accounts may have one address, it is another's as well, and stays that.
#[tokio::test]
async fn an_address_stays_with_whoever_else_has_it() {
    let stack = Stack::start(&[
        DELETION,
        ("ACCOUNT_UNIQUE_EMAIL", "false"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,password1*"),
        ("ACCOUNT_LOGIN_METHODS", "username"),
    ])
    .await;
    let mut clients = Vec::new();
    for name in ["ann", "ben"] {
        let user = UserAdd { email: Some(EMAIL.into()), username: Some(name.into()), ..stack.nobody() };
        stack.add(user).await;
        let client = stack.app();
        client.post("auth/login", json!({"username": name, "password": PASSWORD})).await.is(200);
        reauthenticate(&client).await;
        clients.push(client);
    }
    clients[0].delete("account").await.is(200);
    let left = stack.dynamodb.keys("EMAIL#").await;
    assert_eq!(left.len(), 1, "the look-up of the other: {left:?}");
    clients[1].get("auth/session").await.is_logged_in_as(EMAIL);
    clients[1].delete("account").await.is(200);
    assert_eq!(stack.dynamodb.keys("EMAIL#").await, [""; 0]);
}

#[tokio::test]
async fn an_account_goes_however_many_addresses_it_has() {
    let stack = Stack::start(&[DELETION, UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let client = enter(&stack, Kind::App, EMAIL).await;
    for number in 1..20 {
        client.post("account/email", json!({"email": format!("ann{number}@example.com")})).await.is(200);
    }
    let full = client.post("account/email", json!({"email": THIRD})).await;
    full.refuses(&["email: max_email_addresses"]);
    assert_eq!(stack.dynamodb.keys("EMAIL#").await.len(), 40);
    client.delete("account").await.is(200);
    assert_eq!(stack.dynamodb.keys("EMAIL#").await, [""; 0]);
}

/// Each session may await one code, and was told that there is room when it asked.
#[tokio::test]
async fn many_sessions_add_no_more_addresses_than_can_be_deleted() {
    let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    let stack = Stack::start(&[DELETION, UNLIMITED, by_code]).await;
    stack.add_user(EMAIL).await;
    let mut asked = Vec::new();
    for number in 1..=20 {
        let (client, email) = (enter(&stack, Kind::App, EMAIL).await, format!("ann{number}@example.com"));
        client.post("account/email", json!({"email": email})).await.is(200);
        asked.push((client, stack.inbox.only(&email).await.code()));
    }
    let (last, code) = asked.pop().unwrap();
    for (client, code) in asked {
        client.post("auth/email/verify", json!({"key": code})).await.is(200);
    }
    let one_too_many = last.post("auth/email/verify", json!({"key": code})).await;
    one_too_many.refuses(&["key: max_email_addresses"]);
    last.delete("account").await.is(200);
    assert_eq!(stack.dynamodb.keys("EMAIL#").await, [""; 0]);
}

/// More sessions than fit into one transaction end before it. Cut short in between, it is simply asked for again.
#[tokio::test]
async fn a_deletion_that_is_cut_short_goes_on_where_it_stopped() {
    let stack = Stack::start(&[DELETION, UNLIMITED]).await;
    let id = stack.add_user(EMAIL).await;
    for _ in 0..230 {
        log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    }
    let client = enter(&stack, Kind::App, EMAIL).await;
    let sessions = async || stack.dynamodb.keys(&format!("USER#{id} SESSION#")).await.len();
    assert_eq!(sessions().await, 231);
    let mut before = 231;
    for _ in 0..2 {
        // One transaction goes through, and then the table is down.
        stack.dynamodb.fail(Some("TransactWriteItems"), Fault::Slow(Duration::ZERO), 1);
        stack.dynamodb.fail(Some("TransactWriteItems"), Fault::Drop, 1000);
        let answer = client.delete("account").await;
        stack.dynamodb.recover();
        answer.is(503);
        assert_eq!(answer.header("retry-after"), ["1"]);
        let left = sessions().await;
        assert!(left < before, "{left} of {before}");
        before = left;
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;
    }
    client.delete("account").await.is(200);
    assert_eq!(mentions(&stack, &[EMAIL, &id]).await, [""; 0]);
    stack.inbox.only(EMAIL).await;
    has_ended(&client).await;
}

#[tokio::test]
async fn an_export_has_everything_but_secrets() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[&EVERYTHING[..], &PATIENT, &[UNLIMITED]].concat()).await;
        stack.add_user("ben@example.com").await;
        log_in(&stack.client(kind), "ben@example.com", PASSWORD).await.is(200);
        let (id, client, app) = somebody(&stack, kind).await;
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        // What another session awaits is theirs as well.
        client.post("account/phone", json!({"phone": "+31612345679"})).await.is(202);
        let texted = stack.inbox.only_to("+31612345679").await.code();

        let answer = client.get("account/export").await;
        answer.is(200);
        let cached = "max-age=0, no-cache, no-store, must-revalidate, private";
        assert_eq!(answer.header("cache-control"), [cached]);
        let data = &answer.body["data"];
        let account = &data["account"];
        assert_eq!(account["id"], id);
        assert_eq!(account["username"], USERNAME);
        assert_eq!(account["email"], EMAIL);
        assert_eq!(account["has_usable_password"], true);
        assert_eq!((&account["is_active"], &account["is_superuser"]), (&json!(true), &json!(false)));
        assert!(account["created_at"].is_number() && account["last_login_at"].is_number(), "{account}");
        assert_eq!(data["email_addresses"], json!([{"email": EMAIL, "verified": true, "primary": true}]));
        let [elsewhere] = &data["social_accounts"].as_array().unwrap()[..] else { panic!("{data}") };
        assert_eq!((&elsewhere["provider"], &elsewhere["uid"]), (&json!("dummy"), &json!("987654321")));
        assert_eq!(data["phone_numbers"], json!([{"phone": PHONE, "verified": true}]));
        let kinds: Vec<&Value> =
            data["authenticators"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
        assert_eq!(kinds.len(), 2);
        assert!(kinds.contains(&&json!("totp")) && kinds.contains(&&json!("recovery_codes")), "{kinds:?}");

        let sessions = data["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 2, "{sessions:#?}");
        let own = sessions.iter().find(|session| session["is_current"] == true).unwrap();
        let agent = if kind == Kind::App { "app/1.0 (test)" } else { "Mozilla/5.0 (test)" };
        assert_eq!((&own["login"]["ip"], &own["login"]["user_agent"]), (&json!("127.0.0.1"), &json!(agent)));
        assert_eq!(own["login"]["is_valid"], true);
        assert!(own["login"]["last_seen_at"].is_number() && own["expires_at"].is_number(), "{own}");
        assert_eq!(own["methods"][0]["method"], "password");
        assert_eq!(own["codes"][0]["to"], "+31612345679");
        let other = sessions.iter().find(|session| session["is_current"] == false).unwrap();
        assert_eq!(other["pending_login"]["stage"], "mfa_authenticate");

        let mut secrets = vec![PASSWORD.to_owned(), app.secret.clone(), texted, client.token().unwrap()];
        let shown = client.get("account/authenticators/recovery-codes").await;
        let codes = shown.body["data"]["unused_codes"].as_array().unwrap().iter();
        secrets.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
        let items = stack.dynamodb.items().await;
        let documents = items.iter().filter(|item| item["pk"]["S"] == format!("USER#{id}"));
        for item in documents {
            secrets.extend(item["sk"]["S"].as_str().unwrap().strip_prefix("SESSION#").map(str::to_owned));
            let document: Value = serde_json::from_str(item["document"]["S"].as_str().unwrap()).unwrap();
            secret_strings(&document, &mut secrets);
        }
        assert!(secrets.len() > 15, "{secrets:?}");
        for secret in &secrets {
            assert!(!answer.text.contains(secret.as_str()), "{secret}");
        }
        assert!(!answer.text.contains("ben@example.com"));
    }
}

/// Everything in a document that looks like a hash, a key or something sealed: long, and without a blank.
fn secret_strings(document: &Value, found: &mut Vec<String>) {
    match document {
        // Identifiers are 36 characters long.
        Value::String(text) if text.len() > 36 && !text.contains(' ') => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| secret_strings(value, found)),
        Value::Object(values) => values.values().for_each(|value| secret_strings(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn sessions_that_have_ended_are_exported_as_such() {
    let stack = Stack::start(&[EXPORT, UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let client = enter(&stack, Kind::App, EMAIL).await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    client.post("account/password/change", body).await.is(200);
    let answer = client.get("account/export").await;
    let sessions = answer.is(200).body["data"]["sessions"].as_array().unwrap();
    let valid = |session: &&Value| session["login"]["is_valid"] == true;
    assert_eq!(sessions.iter().filter(valid).count(), 1);
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().find(valid).unwrap()["is_current"], true);
}

#[tokio::test]
async fn an_operator_deletes_an_account() {
    let stack = Stack::start(&[EVERYTHING[2], EVERYTHING[3], UNLIMITED]).await;
    stack.add_user("ben@example.com").await;
    for by_id in [true, false] {
        let (email, username, phone) = (EMAIL.to_owned(), USERNAME.to_owned(), PHONE.to_owned());
        let user =
            UserAdd { email: Some(email), username: Some(username), phone: Some(phone), ..stack.nobody() };
        let id = stack.add(user).await;
        let client = stack.app();
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let (named, email) = if by_id { (Some(id.as_str()), None) } else { (None, Some("Ann@Example.com")) };
        assert_eq!(stack.delete_user(named, email).await.unwrap(), id);
        assert_eq!(mentions(&stack, &[EMAIL, USERNAME, PHONE, &id]).await, [""; 0]);
        has_ended(&client).await;
        let again = stack.delete_user(named, email).await;
        assert_eq!(again.unwrap_err().to_string(), "there is no such account");
    }
    stack.inbox.is_empty().await;
    log_in(&stack.app(), "ben@example.com", PASSWORD).await.is_logged_in_as("ben@example.com");
}

#[tokio::test]
async fn an_operator_is_asked_which_of_several_accounts() {
    let stack = Stack::start(&[
        ("ACCOUNT_UNIQUE_EMAIL", "false"),
        ("ACCOUNT_LOGIN_METHODS", "username"),
        EVERYTHING[2],
    ])
    .await;
    let mut ids = Vec::new();
    for name in ["ann", "ben"] {
        let user = UserAdd { email: Some(EMAIL.into()), username: Some(name.into()), ..stack.nobody() };
        ids.push(stack.add(user).await);
    }
    let text = stack.delete_user(None, Some(EMAIL)).await.unwrap_err().to_string();
    assert!(ids.iter().all(|id| text.contains(id)), "{text}");
    assert_eq!(stack.dynamodb.keys("USER#").await.len(), 2);
}
