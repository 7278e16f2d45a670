//! Releases side by side: what a later release has stored is kept, and lets nobody in; what an earlier one has stored is read.

use serde_json::{Value, json};
use vestibule_cli::arguments::RotationStep;

use crate::{Kind, Logs, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, log_in};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@example.org";
const CODES: &str = "account/authenticators/recovery-codes";
const DELETION: (&str, &str) = ("ACCOUNT_DELETION_ENABLED", "true");
const UNVERIFIED: (&str, &str) = ("MFA_ALLOW_UNVERIFIED_EMAIL", "true");
const KINDS: (&str, &str) = ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn");
const EXPORT: (&str, &str) = ("ACCOUNT_EXPORT_ENABLED", "true");

async fn stack(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start(&[&PATIENT, settings].concat()).await;
    stack.add_user(EMAIL).await;
    stack
}

/// The items with a sort key that begins with this: `ACCOUNT` or `SESSION#`.
async fn items(stack: &Stack, sort: &str) -> Vec<Value> {
    let mut items = stack.dynamodb.items().await;
    items.retain(|item| item["sk"]["S"].as_str().unwrap().starts_with(sort));
    items
}

fn document(item: &Value) -> Value {
    serde_json::from_str(item["document"]["S"].as_str().unwrap()).unwrap()
}

/// The only document of its sort.
async fn only(stack: &Stack, sort: &str) -> Value {
    let items = items(stack, sort).await;
    assert_eq!(items.len(), 1, "{items:?}");
    document(&items[0])
}

/// Changes the only document of its sort, as another release would.
pub(crate) async fn rewrite(stack: &Stack, sort: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut item = items(stack, sort).await.remove(0);
    let mut rewritten = document(&item);
    change(&mut rewritten);
    item["document"]["S"] = rewritten.to_string().into();
    stack.dynamodb.put(&item).await;
    rewritten
}

fn push(id: i64) -> Value {
    json!({"id": id, "created_at": 1, "factor": {"push": {"device": "phone", "credential_id": "bGF0ZXI"}}})
}

#[tokio::test]
async fn members_of_a_later_release_outlast_every_write() {
    let stack = stack(&[UNLIMITED, UNVERIFIED]).await;
    let client = stack.app();
    add_app(&client, EMAIL).await;
    let later = json!({"since": [1, 2.5]});
    rewrite(&stack, "ACCOUNT", |account| {
        account["locale"] = later.clone();
        account["emails"][0]["locale"] = later.clone();
        account["authenticators"][0]["factor"]["totp"]["locale"] = later.clone();
        account["authenticators"][1]["locale"] = later.clone();
    })
    .await;
    rewrite(&stack, "SESSION#", |session| {
        session["locale"] = later.clone();
        session["state"]["authenticated"]["locale"] = later.clone();
        session["records"]["records"][0]["locale"] = later.clone();
    })
    .await;

    client.post("account/email", json!({"email": SECOND})).await.is(200);
    client.post(CODES, json!({})).await.is(200);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    client.post("account/password/change", body).await.is(200);

    let account = only(&stack, "ACCOUNT").await;
    assert_eq!(account["emails"][1]["email"], SECOND);
    assert_eq!(account["emails"][1].get("locale"), None);
    for kept in [&account, &account["emails"][0], &account["authenticators"][0]["factor"]["totp"]] {
        assert_eq!(kept["locale"], later, "{account}");
    }
    assert_eq!(account["authenticators"][1].get("locale"), None, "the recovery codes are new ones");
    let session = only(&stack, "SESSION#").await;
    for kept in [&session, &session["records"]["records"][0]] {
        assert_eq!(kept["locale"], later, "{session}");
    }
    for item in [items(&stack, "ACCOUNT").await, items(&stack, "SESSION#").await].concat() {
        assert_eq!(item["schema_version"]["N"], "1");
    }
}

#[tokio::test]
async fn a_second_factor_of_a_later_release_lets_nobody_in() {
    for kind in Kind::ALL {
        let stack = stack(&[UNLIMITED]).await;
        let before = stack.client(kind);
        log_in(&before, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let account =
            rewrite(&stack, "ACCOUNT", |account| account["authenticators"] = json!([push(7)])).await;
        let table = stack.dynamodb.items().await;
        let logs = Logs::capture();
        let client = stack.client(kind);
        let answer = log_in(&client, EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.header("retry-after").len(), 1);
        let own = logs.own();
        assert!(
            own.contains("ERROR") && own.contains("only a later release knows the second factors"),
            "{own}"
        );
        assert!(own.contains("auth/login"), "{own}");
        log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
        client.get("auth/session").await.is(if client.token().is_some() { 410 } else { 401 });
        assert_eq!(stack.dynamodb.items().await, table, "nothing is written for a login that can't go on");

        // Whoever was logged in stays so, sees what this release knows, and what it does not know stands.
        before.get("auth/session").await.is_logged_in_as(EMAIL);
        assert_eq!(before.get("account/authenticators").await.is(200).body["data"], json!([]));
        before.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        before.post("account/password/change", body).await.is(200);
        let written = only(&stack, "ACCOUNT").await;
        assert_ne!(written["password"], account["password"]);
        assert_eq!(written["authenticators"], account["authenticators"]);
    }
}

#[tokio::test]
async fn where_another_factor_is_known_that_one_is_asked_for() {
    let stack = stack(&[UNLIMITED]).await;
    let client = stack.app();
    let app = add_app(&client, EMAIL).await;
    rewrite(&stack, "ACCOUNT", |account| {
        account["authenticators"].as_array_mut().unwrap().insert(0, push(7));
    })
    .await;
    let other = stack.app();
    log_in(&other, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    other.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is_logged_in_as(EMAIL);
    // The last second factor that is known goes, but not the last one: the recovery codes stay, and are asked for.
    client.delete("account/authenticators/totp").await.is(200);
    let codes = client.get(CODES).await.is(200).body["data"]["unused_codes"].clone();
    let other = stack.app();
    log_in(&other, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    other.post("auth/2fa/authenticate", json!({"code": codes[0]})).await.is_logged_in_as(EMAIL);
    let left = only(&stack, "ACCOUNT").await["authenticators"].clone();
    assert_eq!((&left[1], left.as_array().unwrap().len()), (&push(7), 2));
}

#[tokio::test]
async fn a_stage_of_a_later_release_ends_the_login_and_not_the_session() {
    for kind in Kind::ALL {
        let stack = stack(&[UNLIMITED]).await;
        let client = stack.client(kind);
        let app = add_app(&client, EMAIL).await;
        client.delete("auth/session").await.is(401);
        client.hold(None);
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        rewrite(&stack, "SESSION#", |session| {
            session["state"]["pending"]["stage"] = json!({"verify_passport": {"number": 1}});
            session["locale"] = json!("nl");
        })
        .await;
        let logs = Logs::capture();
        client.get("auth/session").await.is_anonymous();
        assert!(logs.own().contains("WARN"), "{}", logs.own());
        assert_eq!(only(&stack, "SESSION#").await, json!({"state": "anonymous"}));
        client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is(401);
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn a_password_hash_of_a_later_release_is_nobodys_password_until_a_reset() {
    let stack = stack(&[UNLIMITED]).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let hash = "$balloon$v=1$m=8,t=1$c2FsdHNhbHQ$aGFzaGhhc2g";
    rewrite(&stack, "ACCOUNT", |account| account["password"] = json!(hash)).await;
    let other = stack.app();
    log_in(&other, EMAIL, PASSWORD).await.refuses(&["password: email_password_mismatch"]);
    client
        .post("auth/reauthenticate", json!({"password": PASSWORD}))
        .await
        .refuses(&["password: incorrect_password"]);
    // Nobody sets another one without the current one, as where there is none.
    for current in [json!({}), json!({"current_password": PASSWORD})] {
        let mut body = current;
        body["new_password"] = json!(NEW_PASSWORD);
        client.post("account/password/change", body).await.is(400);
    }
    client.post("account/email", json!({"email": SECOND})).await.is(200);
    assert_eq!(only(&stack, "ACCOUNT").await["password"], hash, "it is kept");
    stack.inbox.take().await;
    other.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    other.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
    log_in(&other, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
}

/// An account with an authenticator and a social account that only a later release knows, and what they are found by.
async fn add_later_means(stack: &Stack) {
    let social = json!({"provider": "google", "uid": "7", "wallet": {"kind": "later"}});
    let account = rewrite(stack, "ACCOUNT", |account| {
        account["authenticators"] = json!([push(7)]);
        account["social_accounts"] = json!([social]);
    })
    .await;
    for key in ["CREDENTIAL#bGF0ZXI", "SOCIAL#google#7"] {
        let item = json!({"pk": {"S": key}, "sk": {"S": "-"}, "account": {"S": account["id"]}});
        stack.dynamodb.put(&item).await;
    }
}

#[tokio::test]
async fn a_deletion_takes_all_by_which_an_account_is_found() {
    for by_operator in [false, true] {
        let stack = stack(&[UNLIMITED, DELETION, EXPORT]).await;
        let client = stack.app();
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        add_later_means(&stack).await;
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let export = client.get("account/export").await;
        assert_eq!(export.is(200).body["data"]["authenticators"], json!([]), "it tells what it knows");
        assert_eq!(export.body["data"]["social_accounts"], json!([]));
        if by_operator {
            stack.delete_user(None, Some(EMAIL)).await.unwrap();
        } else {
            client.delete("account").await.is(200);
        }
        let left = stack.dynamodb.items().await;
        let is_counter = |item: &Value| item["pk"]["S"].as_str().unwrap().starts_with("RATE#");
        assert!(left.iter().all(is_counter), "{left:?}");
    }
}

#[tokio::test]
async fn a_rotation_seals_again_what_it_knows_and_keeps_the_rest() {
    let key = "a-key-of-64-characters-that-the-operator-and-the-stack-both-know";
    let stack = stack(&[UNLIMITED, ("SECRET_KEY", key)]).await;
    let client = stack.app();
    add_app(&client, EMAIL).await;
    let later = json!({"id": 7, "created_at": 1, "factor": {"push": {"secret": "0ldk3y00.c2VjcmV0"}}});
    rewrite(&stack, "ACCOUNT", |account| {
        account["authenticators"].as_array_mut().unwrap().push(later.clone());
        // As it was sealed before seals named their key: it is sealed again.
        let totp = &mut account["authenticators"][0]["factor"]["totp"]["secret"];
        *totp = json!(totp.as_str().unwrap().split_once('.').unwrap().1);
    })
    .await;
    let told = stack.rotate(RotationStep::Reseal).await.unwrap();
    let account = only(&stack, "ACCOUNT").await;
    let totp = account["authenticators"][0]["factor"]["totp"]["secret"].as_str().unwrap();
    assert!(totp.contains('.'), "{told}: {totp}");
    assert_eq!(account["authenticators"][2], later);
}

#[tokio::test]
async fn a_document_of_a_later_schema_is_refused_and_left_alone() {
    for (sort, path) in [("ACCOUNT", "auth/session"), ("SESSION#", "auth/session")] {
        let stack = stack(&[UNLIMITED]).await;
        let client = stack.app();
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let mut item = items(&stack, sort).await.remove(0);
        item["schema_version"] = json!({"N": "2"});
        stack.dynamodb.put(&item).await;
        let table = stack.dynamodb.items().await;
        let logs = Logs::capture();
        let answer = client.get(path).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(logs.own().contains("the later schema_version of an item under USER#"), "{}", logs.own());
        assert_eq!(stack.dynamodb.items().await, table);
    }
}

/// Puts documents of an earlier release, without a schema version, in the place of this client's own.
async fn go_back(stack: &Stack, id: &str) -> (Value, Value) {
    let text = include_str!("../../../shared/testdata/stored.json");
    let stored: Value =
        serde_json::from_str(&text.replace("0199a1c0-5e00-7000-8000-000000000001", id)).unwrap();
    let mut written = Vec::new();
    for (sort, mut document) in [
        ("ACCOUNT", stored["accounts"]["everything"].clone()),
        ("SESSION#", stored["sessions"]["everything"].clone()),
    ] {
        let now = self::document(&items(stack, sort).await[0]);
        if sort == "ACCOUNT" {
            (document["password"], document["session_epoch"]) =
                (now["password"].clone(), now["session_epoch"].clone());
        } else {
            document["state"] = now["state"].clone();
            document["records"]["records"] = now["records"]["records"].clone();
        }
        let mut item = items(stack, sort).await.remove(0);
        item.as_object_mut().unwrap().remove("schema_version").unwrap();
        item["document"]["S"] = document.to_string().into();
        stack.dynamodb.put(&item).await;
        written.push(document);
    }
    let session = written.pop().unwrap();
    (written.pop().unwrap(), session)
}

#[tokio::test]
async fn documents_of_an_earlier_release_are_used_and_written_back() {
    let stack = Stack::start(&[PATIENT[0], PATIENT[1], UNLIMITED, UNVERIFIED, EXPORT, KINDS]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let (mut account, mut session) = go_back(&stack, &id).await;
    client.get("auth/session").await.is_logged_in_as(EMAIL);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    let listed = client.get("account/authenticators").await.is(200).body["data"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");
    let data = client.get("account/export").await.is(200).body["data"].clone();
    assert_eq!(data["social_accounts"].as_array().unwrap().len(), 2, "{data}");
    assert_eq!(data["sessions"][0]["journeys"].as_array().unwrap().len(), 2, "{data}");

    client.post("account/email", json!({"email": SECOND})).await.is(200);
    account["emails"]
        .as_array_mut()
        .unwrap()
        .push(json!({"email": SECOND, "verified": false, "primary": false}));
    let written = only(&stack, "ACCOUNT").await;
    // What was added lately without a proof is noted anew, and what is gone from the account is not.
    account["unproved"] = written["unproved"].clone();
    assert_eq!(written, account);
    let written = only(&stack, "SESSION#").await;
    session["records"] = written["records"].clone();
    assert_eq!(written, session);
}
