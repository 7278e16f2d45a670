//! The operators' API: each operation over HTTP, with what it mails, records and ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::domain::event::Actor;
use vestibule::operator::api::{READER, answer};
use vestibule::operator::{ChangeUser, OperatorRequest, run};
use vestibule_cli::arguments::{UserAdd, UserCommand};
use vestibule_cli::iam::{Access, Roles, access_key_id, arn};
use vestibule_cli::serve::TEMPLATE;
use vestibule_cli::template::Template;
use vestibule_cli::user;
use vestibule_stand_in::Server;
use vestibule_tests::{changing, raw, reading};

use crate::events::{RECORDED, events, types};
use crate::social::dummy;
use crate::template::root;
use crate::{
    Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, credentials, has_ended, log_in,
};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@second.example";
const OTHER: &str = "ben@example.com";
const PHONE: &str = "+31612345678";

async fn stack(settings: &[(&str, &str)]) -> Stack {
    Stack::start(&[&RECORDED, settings].concat()).await
}

/// The arguments about an account, with more.
fn about(id: &str, mut more: Value) -> Value {
    more["id"] = id.into();
    more
}

/// The types of the events that a change has told.
fn told(data: &Value) -> Vec<&str> {
    types(data["events"].as_array().unwrap())
}

/// The email addresses that mail came for; the inbox is empty then. Each says what has changed.
async fn warned(stack: &Stack, what: &str) -> BTreeSet<String> {
    let mails = stack.inbox.take().await;
    for mail in &mails {
        assert!(mail.subject.ends_with("The team changed your account"), "{}", mail.subject);
        assert!(mail.text.contains(what) && !mail.text.contains("IP address"), "{}", mail.text);
    }
    let to: BTreeSet<String> = mails.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(to.len(), mails.len());
    to
}

fn set(emails: &[&str]) -> BTreeSet<String> {
    emails.iter().map(|email| (*email).to_owned()).collect()
}

#[tokio::test]
async fn email_addresses_are_added_verified_made_primary_and_removed() {
    // Whatever the setting for notifications.
    let stack = stack(&[("ACCOUNT_EMAIL_NOTIFICATIONS", "false")]).await;
    let id = stack.add_user(EMAIL).await;
    for (action, event, what, mailed) in [
        ("add", "email.added", "the email address ann@second.example was added", &[EMAIL][..]),
        ("verify", "email.confirmed", "ann@second.example counts as verified now", &[EMAIL, SECOND]),
        ("primary", "email.changed", "ann@second.example is the primary email address", &[EMAIL, SECOND]),
    ] {
        let arguments = about(&id, json!({"action": action, "email": "ANN@second.example"}));
        let data = stack.operate("user.email", arguments.clone()).await;
        assert_eq!((told(&data), &data["id"]), (vec![event], &json!(id)));
        let mails: BTreeSet<String> = serde_json::from_value(data["mails_to"].clone()).unwrap();
        assert_eq!(mails, set(mailed));
        assert_eq!(warned(&stack, what).await, set(mailed));
        let again = stack.operate("user.email", arguments).await;
        assert_eq!((told(&again), warned(&stack, "").await), (vec![], set(&[])), "nothing changes");
    }
    let remove = |email: &str| about(&id, json!({"action": "remove", "email": email}));
    let error = stack.refused(409, "user.email", remove(SECOND)).await;
    assert!(error.contains("make another one primary first"), "{error}");
    let data = stack.operate("user.email", remove(EMAIL)).await;
    assert_eq!((told(&data), warned(&stack, "").await), (vec!["email.removed"], set(&[])));
    let error = stack.refused(404, "user.email", remove(EMAIL)).await;
    assert!(error.contains("does not have the email address ann@example.com"), "{error}");
    stack.operate("user.password", about(&id, json!({"clear": true}))).await;
    let error = stack.refused(409, "user.email", remove(SECOND)).await;
    assert!(error.contains("last means of login"), "{error}");

    let shown = stack.operate("user.show", json!({ "id": id })).await;
    let expected = json!([{"email": SECOND, "verified": true, "primary": true, "undeliverable_until": null}]);
    assert_eq!((&shown["emails"], &shown["password"]), (&expected, &Value::Null));
    let recorded = events(&stack).await;
    let expected = [
        "user.signed_up",
        "email.confirmed",
        "email.added",
        "email.confirmed",
        "email.changed",
        "email.removed",
        "password.removed",
        "sessions.ended",
    ];
    assert_eq!(types(&recorded), expected);
    for event in recorded.iter().skip(2) {
        assert_eq!(event["actor"], json!({"kind": "operator", "id": "local"}), "{event}");
    }
}

#[tokio::test]
async fn no_more_email_addresses_are_added_than_an_account_may_have() {
    let stack = stack(&[("ACCOUNT_MAX_EMAIL_ADDRESSES", "2")]).await;
    let id = stack.add_user(EMAIL).await;
    let add = |email: &str| about(&id, json!({"action": "add", "email": email}));
    stack.operate("user.email", add(SECOND)).await;
    stack.inbox.take().await;
    let error = stack.refused(409, "user.email", add(OTHER)).await;
    assert_eq!(error, "the account has 2 email addresses, the maximum: remove one first");
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn what_another_account_has_proved_is_not_given_away() {
    let stack = stack(&[]).await;
    stack.add(UserAdd { email: Some(EMAIL.into()), phone: Some(PHONE.into()), ..stack.nobody() }).await;
    let ben = stack.add_user(OTHER).await;
    stack.operate("user.email", about(&ben, json!({"action": "add", "email": EMAIL}))).await;
    stack.inbox.take().await;
    let verify = about(&ben, json!({"action": "verify", "email": EMAIL}));
    let error = stack.refused(409, "user.email", verify).await;
    assert_eq!(error, "email: taken: another account has verified the email address ann@example.com");
    let error = stack.refused(409, "user.phone", about(&ben, json!({"action": "set", "phone": PHONE}))).await;
    assert_eq!(error, "phone: taken: another account has the phone number +31612345678");
    let error = stack.refused(409, "user.set", about(&ben, json!({"username": "ANN"}))).await;
    assert_eq!(error, "username: taken: another account has the username \"ANN\"");
    let error = stack.refused(409, "user.add", json!({"email": EMAIL})).await;
    assert!(error.starts_with("email: taken: "), "{error}");
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn a_password_is_set_by_the_rules_and_ends_sessions() {
    for kind in Kind::ALL {
        let stack = stack(&[UNLIMITED]).await;
        let id = stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let weak = about(&id, json!({"password": "12345678"}));
        let error = stack.refused(400, "user.password", weak.clone()).await;
        assert!(
            error.starts_with("password: invalid: the password is refused") && !error.contains("12345678")
        );
        for arguments in [json!({}), json!({"password": "x", "clear": true}), json!({"password": " "})] {
            stack.refused(400, "user.password", about(&id, arguments)).await;
        }
        let dry = about(&id, json!({"password": NEW_PASSWORD, "dry_run": true}));
        let data = stack.operate("user.password", dry).await;
        assert_eq!((told(&data), &data["mails_to"]), (vec!["password.changed"], &json!([EMAIL])));
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;

        let data = stack.operate("user.password", about(&id, json!({"password": NEW_PASSWORD}))).await;
        assert_eq!(told(&data), ["password.changed"]);
        assert_eq!(warned(&stack, "a password was set, and all devices").await, set(&[EMAIL]));
        client.get("auth/session").await.is(401);
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
        log_in(&stack.client(kind), EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
        stack
            .operate("user.password", about(&id, json!({"password": "12345678", "any_password": true})))
            .await;
        log_in(&stack.client(kind), EMAIL, "12345678").await.is_logged_in_as(EMAIL);
        let recorded = events(&stack).await;
        assert!(recorded.iter().all(|event| !event.to_string().contains("12345678")));
    }
}

#[tokio::test]
async fn lost_second_factors_are_taken_away() {
    let stack = stack(&[PATIENT[0], PATIENT[1]]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    add_app(&client, EMAIL).await;
    stack.inbox.take().await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.awaits("mfa_authenticate");

    let shown = stack.operate("user.show", json!({ "id": id })).await;
    let authenticators = shown["authenticators"].as_array().unwrap();
    let kinds: Vec<_> = authenticators.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["totp", "recovery_codes"]);
    for secret in ["secret", "unused\":[", "sealed", "argon2id$"] {
        assert!(!shown.to_string().contains(secret), "{shown}");
    }
    let unknown = about(&id, json!({"authenticator": 1}));
    let error = stack.refused(404, "user.mfa_reset", unknown).await;
    assert!(error.contains("user.show lists them"), "{error}");
    let data = stack.operate("user.mfa_reset", json!({ "id": id })).await;
    assert_eq!(told(&data), ["authenticator.removed", "authenticator.removed", "sessions.ended"]);
    assert_eq!(warned(&stack, "second factors were removed").await, set(&[EMAIL]));
    client.get("auth/session").await.is(401);
    log_in(&stack.app(), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let data = stack.operate("user.mfa_reset", json!({ "id": id })).await;
    assert_eq!((told(&data), warned(&stack, "").await), (vec![], set(&[])));
}

#[tokio::test]
async fn too_many_failed_logins_are_forgiven() {
    let stack = stack(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "3/300s/key"}"#)]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    for _ in 0..3 {
        log_in(&client, EMAIL, "wrong").await.refuses(&["password: email_password_mismatch"]);
    }
    log_in(&client, EMAIL, PASSWORD).await.refuses(&["too_many_login_attempts"]);
    let data = stack.operate("user.unlock", about(&id, json!({"dry_run": true}))).await;
    assert_eq!(told(&data), ["user.unlocked"]);
    log_in(&client, EMAIL, PASSWORD).await.refuses(&["too_many_login_attempts"]);
    stack.operate("user.unlock", json!({ "id": id })).await;
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    stack.inbox.is_empty().await;
    assert!(types(&events(&stack).await).contains(&"user.unlocked"));
}

#[tokio::test]
async fn mails_with_links_are_sent_within_the_limits() {
    let stack = stack(&[("MAIL_RATE_LIMIT_RECIPIENT", "2/h")]).await;
    let user = UserAdd { email: Some(EMAIL.into()), unverified: true, ..stack.nobody() };
    let id = stack.add(user).await;
    let send = |mail: &str| about(&id, json!({ "mail": mail }));
    let data = stack.operate("user.send", send("verification")).await;
    assert_eq!((told(&data), &data["mails_to"]), (vec!["mail.requested"], &json!([EMAIL])));
    let key = stack.inbox.only(EMAIL).await.key();
    stack.app().post("auth/email/verify", json!({ "key": key })).await.is(401);
    let error = stack.refused(409, "user.send", send("verification")).await;
    assert!(error.contains("verified already"), "{error}");
    stack.operate("user.send", send("password_reset")).await;
    let key = stack.inbox.only(EMAIL).await.key();
    let reset = json!({"key": key, "password": NEW_PASSWORD});
    stack.app().post("auth/password/reset", reset).await.is(401);
    let error = stack.refused(409, "user.send", send("password_reset")).await;
    assert!(error.contains("a limit on mail to this email address is reached"), "{error}");
    let elsewhere = about(&id, json!({"mail": "password_reset", "email": OTHER}));
    stack.refused(404, "user.send", elsewhere).await;
    stack.operate("user.disable", json!({ "id": id })).await;
    let error = stack.refused(409, "user.send", send("password_reset")).await;
    assert!(error.contains("enable it first"), "{error}");
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        let id = stack.add_user(EMAIL).await;
        let clients = [stack.client(kind), stack.client(kind), stack.client(kind)];
        for client in &clients {
            log_in(client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        }
        let listed = stack.read("user.sessions", json!({ "id": id })).await;
        let sessions = listed["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 3);
        assert_eq!(sessions[0]["ip"], "127.0.0.1");
        let first = about(&id, json!({"session": sessions[0]["id"]}));
        let data = stack.operate("user.end_sessions", first.clone()).await;
        assert_eq!(told(&data), ["session.ended"]);
        has_ended(&clients[0]).await;
        clients[1].get("auth/session").await.is_logged_in_as(EMAIL);
        let error = stack.refused(404, "user.end_sessions", first).await;
        assert!(error.contains("user.sessions lists them"), "{error}");
        stack.operate("user.end_sessions", json!({ "id": id })).await;
        for client in &clients[1..] {
            client.get("auth/session").await.is(401);
        }
        let listed = stack.read("user.sessions", json!({ "id": id })).await;
        assert_eq!(listed["sessions"], json!([]));
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn a_provider_account_is_disconnected_unless_it_is_the_last_means() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    dummy(&client, "connect", json!({"id": 7})).await.is(200);
    stack.inbox.take().await;
    let wanted = json!({"provider": "dummy", "uid": "7"});
    assert_eq!(stack.read("user.find", wanted.clone()).await["users"][0]["id"], id);
    stack.operate("user.password", about(&id, json!({"clear": true}))).await;
    stack.operate("user.email", about(&id, json!({"action": "remove", "email": EMAIL}))).await;
    let error = stack.refused(409, "user.disconnect", about(&id, wanted.clone())).await;
    assert!(error.contains("last means of login"), "{error}");
    stack.operate("user.phone", about(&id, json!({"action": "set", "phone": PHONE}))).await;
    let data = stack.operate("user.disconnect", about(&id, wanted.clone())).await;
    assert_eq!(told(&data), ["social_account.removed"]);
    assert_eq!(stack.read("user.find", wanted.clone()).await["users"], json!([]));
    stack.refused(404, "user.disconnect", about(&id, wanted)).await;
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn phones_the_mark_of_an_administrator_and_metadata_are_set() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    let phone = |action: &str, number: Value| about(&id, json!({"action": action, "phone": number}));
    let data = stack.operate("user.phone", phone("set", PHONE.into())).await;
    assert_eq!(told(&data), ["phone.added", "phone.confirmed"]);
    assert_eq!(warned(&stack, "the phone number is now +31612345678").await, set(&[EMAIL]));
    for wrong in [phone("set", Value::Null), phone("set", "123".into()), phone("remove", PHONE.into())] {
        stack.refused(400, "user.phone", wrong).await;
    }
    let data = stack.operate("user.phone", phone("remove", Value::Null)).await;
    assert_eq!(told(&data), ["phone.removed"]);
    stack.refused(404, "user.phone", phone("verify", Value::Null)).await;

    let data = stack.operate("user.superuser", about(&id, json!({"value": true}))).await;
    assert_eq!(told(&data), ["user.superuser_changed"]);
    assert_eq!(warned(&stack, "the account is an administrator now").await, set(&[EMAIL]));
    stack.operate("user.superuser", about(&id, json!({"value": false}))).await;
    stack.inbox.is_empty().await;

    let change =
        json!({"username": "Ann", "public_metadata": {"plan": "pro"}, "private_metadata": {"risk": 1}});
    let data = stack.operate("user.set", about(&id, change)).await;
    assert_eq!(told(&data), ["user.username_changed", "metadata.changed"]);
    assert_eq!(data["events"][1]["data"], json!({"metadata": ["public", "private"]}));
    let error = stack.refused(400, "user.set", about(&id, json!({"fields": {"role": "x"}}))).await;
    assert!(error.contains("ACCOUNT_PROFILE_FIELDS"), "{error}");
    let error = stack.refused(400, "user.set", about(&id, json!({"username": "a b"}))).await;
    assert!(error.starts_with("username: invalid: "), "{error}");
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    stack.refused(400, "user.set", about(&id, json!({"public_metadata": {"x": deep}}))).await;
    let shown = stack.read("user.show", json!({ "id": id })).await;
    assert_eq!((&shown["username"], &shown["private_metadata"]), (&json!("Ann"), &json!({"risk": 1})));
}

#[tokio::test]
async fn an_account_is_added_disabled_enabled_and_deleted() {
    let stack = stack(&[]).await;
    let new = json!({"email": EMAIL, "username": "ann", "phone": PHONE, "password": PASSWORD});
    let mut dry = new.clone();
    dry["dry_run"] = true.into();
    stack.operate("user.add", dry).await;
    assert_eq!(stack.read("user.find", json!({"username": "ann"})).await["users"], json!([]));
    let data = stack.operate("user.add", new).await;
    assert_eq!(told(&data), ["user.signed_up", "email.confirmed", "phone.confirmed"]);
    let id = data["id"].as_str().unwrap();
    for wanted in [
        json!({ "id": id }),
        json!({"email": "ANN@example.com"}),
        json!({"phone": PHONE}),
        json!({"username": "Ann"}),
    ] {
        let found = stack.read("user.find", wanted.clone()).await;
        assert_eq!(found["users"][0]["id"], id, "{wanted}");
    }
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    stack.operate("user.disable", json!({ "id": id })).await;
    client.get("auth/session").await.is(401);
    stack.operate("user.enable", json!({ "id": id })).await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    let data = stack.operate("user.delete", json!({ "id": id })).await;
    assert_eq!(told(&data), ["user.deleted"]);
    for operation in ["user.show", "user.sessions"] {
        stack.refused(404, operation, json!({ "id": id })).await;
    }
    let history = stack.read("user.history", json!({ "id": id })).await;
    let recorded = history["events"].as_array().unwrap();
    assert_eq!(types(recorded)[..3], ["user.deleted", "user.logged_in", "user.enabled"]);
    assert_eq!(recorded[0]["actor"], json!({"kind": "operator", "id": "local"}));
    assert_eq!(history["altered"], json!([]));
    stack.refused(404, "user.history", json!({"id": "nobody"})).await;
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn several_accounts_can_have_an_unverified_email_address() {
    let stack = stack(&[]).await;
    let ann = stack.add_user(EMAIL).await;
    let ben = stack.add_user(OTHER).await;
    stack.operate("user.email", about(&ben, json!({"action": "add", "email": EMAIL}))).await;
    let found = stack.read("user.find", json!({"email": EMAIL})).await;
    let ids: BTreeSet<&str> =
        found["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from([ann.as_str(), ben.as_str()]));
    for wanted in [json!({}), json!({"email": EMAIL, "username": "ann"}), json!({"uid": "7"})] {
        let error = stack.refused(400, "user.find", wanted).await;
        assert!(error.contains("give one of id, email"), "{error}");
    }
}

#[tokio::test]
async fn a_search_scans_four_segments_at_once() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    // Where nothing is looked for, the first one may be enough.
    for (wanted, round_trips) in [(json!({"contains": EMAIL}), 1), (json!({}), 2)] {
        stack.dynamodb.tally();
        stack.dynamodb.set_latency(Duration::from_secs(1));
        let page = stack.read("user.list", wanted).await;
        stack.dynamodb.set_latency(Duration::ZERO);
        assert_eq!((&page["users"][0]["id"], &page["next"]), (&json!(id), &Value::Null));
        let tally = stack.dynamodb.tally();
        assert_eq!((tally.operations, tally.round_trips), (vec!["Scan".to_owned(); 4], round_trips));
    }
}

/// The ids that pages of a size list, in their order, and how many pages there are.
async fn listed(stack: &Stack, part: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut ids, mut next, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let wanted = json!({"limit": limit, "next": next, "contains": part});
        let page = stack.read("user.list", wanted).await;
        let users = page["users"].as_array().unwrap();
        // The last segments may be empty, as ids are random.
        assert!(users.len() <= limit && (users.is_empty() || page["items_read"] != 0), "{page}");
        ids.extend(users.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        next = page["next"].clone();
        pages += 1;
        if next.is_null() {
            return (ids, pages);
        }
    }
}

#[tokio::test]
async fn accounts_are_listed_in_pages() {
    let stack = stack(&[]).await;
    let mut all = BTreeSet::new();
    for number in 0..7 {
        all.insert(stack.add_user(&format!("user{number}@example.com")).await);
    }
    for part in ["", "@example.com"] {
        // The order of pages of any size is the same.
        let [all_at_once, by_one, by_three] = [50, 1, 3].map(|limit| listed(&stack, part, limit));
        let (seen, _) = all_at_once.await;
        assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), all);
        assert_eq!(seen.len(), all.len(), "each once: {seen:?}");
        for (pages, least) in [(by_one.await, 7), (by_three.await, 3)] {
            assert!(pages.0 == seen && pages.1 >= least, "{pages:?}, not {seen:?}");
        }
    }
    let found = stack.operate("user.list", json!({"contains": "USER5@"})).await;
    let users = found["users"].as_array().unwrap();
    assert!(users.len() == 1 && users[0]["email"] == "user5@example.com", "{found}");
    for wrong in [json!({"limit": 0}), json!({"limit": 201}), json!({"next": "x"})] {
        stack.refused(400, "user.list", wrong).await;
    }
}

/// With the policies enforced: who may only read changes nothing, whatever is asked.
#[tokio::test]
async fn a_reader_changes_nothing() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    let before = stack.dynamodb.items().await;
    let (status, body) = stack.ask_operator("/read/user.disable", &json!({ "id": id }).to_string()).await;
    assert_eq!((status, &body["errors"][0]["code"]), (403, &json!("read_only")));
    // Not even where the function itself would try.
    let app = stack.function("operator-read", READER).await;
    let request = OperatorRequest::UserDisable(ChangeUser { id: id.clone(), dry_run: false });
    run(&app, &Actor::OPERATOR, request).await.unwrap_err();
    let refused = stack.refusals.take();
    assert!(refused.iter().all(|line| line.contains("the function OperatorRead dynamodb:")), "{refused:?}");
    assert!(!refused.is_empty());
    assert_eq!(stack.dynamodb.items().await, before);
    stack.read("user.show", json!({ "id": id })).await;
}

#[tokio::test]
async fn only_who_has_the_token_is_an_operator() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    let (address, token) = stack.operators();
    let body = json!({ "id": id }).to_string();
    let ask = async |host: &str, authorization: &str| {
        let request = format!(
            "POST /user.delete HTTP/1.1\r\nHost: {host}\r\n{authorization}Connection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(&address, request.as_bytes()).await
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for (host, authorization, status) in [
        (address.as_str(), "", 403),
        (&address, "Authorization: Bearer x\r\n", 403),
        (&address, "Authorization: Bearer \r\n", 403),
        ("evil.example", &bearer, 421),
    ] {
        let answer = ask(host, authorization).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    // As a direct invocation of the function, which no function URL has authenticated.
    let app = stack.function("operator", vestibule::operator::api::WRITER).await;
    let request = http::Request::post("/user.delete").body(body.clone().into()).unwrap();
    let refused = answer(&app, false, None, &request).await;
    assert_eq!(refused.status(), 403);
    stack.read("user.show", json!({ "id": id })).await;
    let answer = ask(&address, &bearer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_answered_with_what_to_do() {
    let stack = stack(&[]).await;
    for (path, body, status, part) in [
        ("/user.explode", "{}", 404, "there is no operation"),
        ("/", "{}", 404, "there is no operation"),
        ("/user.show", "", 400, "not a JSON object"),
        ("/user.show", "[]", 400, "a JSON object"),
        ("/user.show", "{}", 400, "missing field `id`"),
        ("/user.show", r#"{"id": "a b"}"#, 400, "user.id in the API"),
        ("/user.show", r#"{"id": "42", "all": true}"#, 400, "unknown field `all`"),
        ("/user.show", r#"{"id": "42"}"#, 404, "no such account"),
        ("/user.disable", r#"{"id": "42"}"#, 404, "no such account"),
        ("/user.email", r#"{"id": "42", "action": "add", "email": "x"}"#, 400, "is not an email address"),
        ("/email.clear", r#"{"email": "ann@example.com"}"#, 404, "not marked as undeliverable"),
        ("/invite.add", r#"{"email": "ann@example.com"}"#, 409, "ACCOUNT_INVITATIONS_ENABLED"),
        ("/invite.revoke", r#"{"email": "ann@example.com"}"#, 404, "has no invitation"),
    ] {
        let (answered, error) = stack.ask_operator(path, body).await;
        let message = error["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(answered == status && message.contains(part), "{path} {body}: {answered} {error}");
    }
    let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(70_000));
    let (status, error) = stack.ask_operator("/user.show", &long).await;
    assert!(status == 400 && error.to_string().contains("more than 65536 bytes"), "{error}");
}

#[tokio::test]
async fn two_operators_at_once_lose_nothing_of_each_other() {
    let stack = stack(&[UNLIMITED]).await;
    let id = stack.add_user(EMAIL).await;
    let add = |number: usize| {
        let email = format!("ann{number}@example.com");
        stack.operate("user.email", about(&id, json!({"action": "add", "email": email})))
    };
    futures_util::future::join_all((0..6).map(add)).await;
    let shown = stack.read("user.show", json!({ "id": id })).await;
    assert_eq!(shown["emails"].as_array().unwrap().len(), 7);
    let recorded = events(&stack).await;
    let positions: Vec<_> = recorded.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(crate::events::verify(&stack).await, [""; 0]);
}

#[tokio::test]
async fn users_see_that_it_was_an_operator_and_not_which() {
    let stack = stack(&[("ACCOUNT_HISTORY_ENABLED", "true")]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    stack.operate("user.set", about(&id, json!({"private_metadata": {"risk": 1}}))).await;
    stack.operate("user.set", about(&id, json!({"public_metadata": {"plan": "pro"}}))).await;
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    let answer = client.get("account/history").await;
    let seen = answer.is(200).body["data"]["events"].as_array().unwrap();
    assert_eq!(types(seen), ["user.logged_in", "metadata.changed", "email.confirmed", "user.signed_up"]);
    assert_eq!(seen[1]["actor"], json!({"kind": "operator"}));
    assert_eq!(seen[1]["data"], json!({"metadata": ["public"]}));
    let all = stack.read("user.history", json!({ "id": id })).await;
    assert_eq!(all["events"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn invitations_are_made_listed_and_revoked() {
    let stack = stack(&[("ACCOUNT_INVITATIONS_ENABLED", "true")]).await;
    let invite = json!({"email": EMAIL, "invited_by": "Sales"});
    let mut dry = invite.clone();
    dry["dry_run"] = true.into();
    stack.operate("invite.add", dry).await;
    stack.inbox.is_empty().await;
    assert_eq!(stack.read("invite.list", json!({})).await["invitations"], json!([]));
    let data = stack.operate("invite.add", invite).await;
    assert_eq!(data, json!({"email": EMAIL, "dry_run": false}));
    let link = stack.inbox.only(EMAIL).await.link().to_owned();
    let listed = stack.read("invite.list", json!({})).await;
    assert_eq!(listed["invitations"][0]["invited_by"], "Sales");
    assert!(!listed.to_string().contains(&crate::invitations::key(&link)), "{listed}");
    let revoke = json!({"email": EMAIL});
    let mut dry = revoke.clone();
    dry["dry_run"] = true.into();
    stack.operate("invite.revoke", dry).await;
    assert_eq!(stack.read("invite.list", json!({})).await, listed);
    stack.operate("invite.revoke", revoke.clone()).await;
    let mut form = credentials(EMAIL, PASSWORD);
    form["invitation"] = crate::invitations::key(&link).into();
    stack.app().post("auth/signup", form).await.refuses(&["invitation: invalid_or_expired_key"]);
    stack.refused(404, "invite.revoke", revoke).await;
}

#[tokio::test]
async fn who_invited_and_who_revoked_is_listed_and_in_the_history_of_the_account() {
    let stack = stack(&[("ACCOUNT_INVITATIONS_ENABLED", "true")]).await;
    let invite = || stack.operate("invite.add", json!({"email": EMAIL, "return_link": true}));
    // Of two at once, the second is made in the place of the first.
    futures_util::future::join(invite(), invite()).await;
    stack.operate("invite.revoke", json!({"email": EMAIL})).await;
    let operator = json!({"kind": "operator", "id": "local"});
    let changes = async || {
        let listed = stack.read("invite.list", json!({})).await["invitations"][0].clone();
        let changes = listed["changes"].as_array().unwrap().clone();
        assert!(changes.iter().all(|change| change["actor"] == operator && change["at"].is_f64()));
        let revoked: Vec<bool> = changes.iter().map(|change| change["revoked"] == true).collect();
        (listed["revoked"] == true, revoked)
    };
    assert_eq!(changes().await, (true, vec![false, false, true]));
    let link = invite().await["link"].as_str().unwrap().to_owned();
    assert_eq!(changes().await, (false, vec![false, false, true, false]));

    let mut form = credentials(EMAIL, PASSWORD);
    form["invitation"] = crate::invitations::key(&link).into();
    let answer = stack.app().post("auth/signup", form).await;
    let id = answer.is_logged_in_as(EMAIL).body["data"]["user"]["id"].clone();
    let recorded = events(&stack).await;
    let invitation = &recorded[0]["data"]["invitation"];
    assert_eq!((recorded[0]["type"].as_str(), &invitation["actor"]), (Some("user.signed_up"), &operator));
    assert!(invitation["at"].as_f64().unwrap() <= recorded[0]["at"].as_f64().unwrap());
    let shown = stack.read("user.show", json!({ "id": id })).await;
    assert_eq!(shown["invitation"]["actor"], operator);
    assert_eq!(stack.read("invite.list", json!({})).await["invitations"], json!([]));
}

/// The roles of `infra/operator-role.yaml`, as if they were a function's.
fn operator_roles() -> Roles {
    let written = std::fs::read_to_string(root().join("infra/operator-role.yaml")).unwrap();
    let written = written.replace("${Application}", "vestibule");
    let mut functions = String::new();
    for role in ["Reader", "Writer", "Importer"] {
        let (_, rest) = written.split_once(&format!("  {role}:\n    Type: AWS::IAM::Role\n")).unwrap();
        let (_, statements) = rest.split_once("            Statement:\n").unwrap();
        let (statements, _) = statements.split_once("\n\n").unwrap();
        write!(
            functions,
            "  {role}:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: x/{role}/\n      \
             Policies:\n          - Statement:\n{statements}\n\n"
        )
        .unwrap();
    }
    let template = TEMPLATE.replacen("Outputs:\n", &format!("{functions}Outputs:\n"), 1);
    let given = [("AllowedOrigins", "http://localhost:3000"), ("SenderAddress", "vestibule@localhost")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Roles::new(&Template::read(&template, &given).unwrap().functions, &BTreeMap::new())
}

#[test]
fn roles_call_the_urls_of_their_functions_and_nothing_else() {
    let roles = operator_roles();
    let check = |role: &str, action: &str, function: &str, context: &[(&'static str, &str)]| {
        let access = Access {
            action: format!("lambda:{action}"),
            resource: arn("lambda", &format!("function:vestibule-{function}:live")),
            context: context.iter().map(|(key, value)| (*key, vec![(*value).to_owned()])).collect(),
        };
        roles.check(&access_key_id(role), &[access]).is_ok()
    };
    let iam = [("lambda:FunctionUrlAuthType", "AWS_IAM")];
    let by_url = [("lambda:InvokedViaFunctionUrl", "true")];
    for (role, function, expected) in [
        ("Reader", "operator-read", true),
        ("Reader", "operator", false),
        ("Writer", "operator-read", true),
        ("Writer", "operator", true),
        ("Writer", "migration", false),
        ("Writer", "login", false),
        ("Importer", "migration", true),
        ("Importer", "operator-read", false),
        ("Importer", "operator", false),
    ] {
        assert_eq!(check(role, "InvokeFunctionUrl", function, &iam), expected, "{role} {function}");
        assert_eq!(check(role, "InvokeFunction", function, &by_url), expected, "{role} {function}");
        // In a direct invocation the caller would say who it is.
        for context in [&[][..], &[("lambda:InvokedViaFunctionUrl", "false")]] {
            assert!(!check(role, "InvokeFunction", function, context), "{role} {function} {context:?}");
        }
        assert!(!check(role, "InvokeFunctionUrl", function, &[("lambda:FunctionUrlAuthType", "NONE")]));
        assert!(!check(role, "UpdateFunctionCode", function, &iam));
    }
}

/// The environment of an operator who uses the API.
fn environment(more: &[(&str, &str)]) -> HashMap<String, String> {
    let own = [
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_REGION", "eu-west-1"),
    ];
    own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_program_signs_its_requests_to_the_functions() {
    let found = r#"{"data": {"users": [{"id": "42"}]}}"#;
    let reader = Server::start(|_| Server::ok(found)).await;
    let writer = Server::start(|request| {
        let refused = r#"{"errors": [{"code": "refused", "message": "not\u001b[2J now"}]}"#;
        let denied = r#"{"Message": "Forbidden"}"#;
        match request.path() {
            "/user.disable" => {
                Server::ok(r#"{"data": {"id": "42", "events": [], "mails_to": [], "dry_run": false}}"#)
            }
            "/user.enable" => Server::with_status("409 Conflict", refused),
            _ => Server::with_status("403 Forbidden", denied),
        }
    })
    .await;
    let both =
        environment(&[("OPERATOR_READ_URL", &reader.url), ("OPERATOR_URL", &format!("{}/", writer.url))]);
    let ann = || changing(None, Some(EMAIL));
    let run = |command: UserCommand| {
        let environment = both.clone();
        async move { user::run(&command, environment).await.map_err(|error| error.to_string()) }
    };
    assert_eq!(run(UserCommand::Disable(ann())).await.unwrap(), "42");
    let [looked_up] = &reader.all()[..] else { panic!("one request reads") };
    let [changed] = &writer.all()[..] else { panic!("one request writes") };
    assert_eq!((looked_up.path(), changed.path()), ("/user.find", "/user.disable"));
    assert_eq!(looked_up.body, json!({"email": EMAIL}).to_string());
    assert_eq!(serde_json::from_str::<Value>(&changed.body).unwrap(), json!({"id": "42", "dry_run": false}));
    for request in [looked_up, changed] {
        let signed = &request.headers["authorization"];
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/"), "{signed}");
        assert!(signed.contains("/eu-west-1/lambda/aws4_request"), "{signed}");
        assert_eq!(request.headers["x-amz-security-token"], "session");
    }
    assert_eq!(run(UserCommand::Enable(ann())).await.unwrap_err(), "not\\u001b[2J now");
    let denied = run(UserCommand::Delete(ann())).await.unwrap_err();
    assert!(denied.contains("AWS refuses this to your credentials"), "{denied}");
    assert_eq!(writer.all().len(), 3, "each is sent once");
}

#[tokio::test]
async fn the_program_says_what_is_wrong_with_where_it_is_to_go() {
    let url = "https://abc.lambda-url.eu-west-1.on.aws/";
    let change = UserCommand::Disable(changing(Some("42"), None));
    for (given, part) in [
        (&[("OPERATOR_URL", url), ("TABLE_NAME", "vestibule")][..], "give one of them"),
        (&[("OPERATOR_URL", "here")], "OPERATOR_URL is not the URL of a function"),
        (&[("OPERATOR_URL", "http://abc.lambda-url.eu-west-1.on.aws/")], "is not the URL of a function"),
        (&[("OPERATOR_URL", url), ("AWS_ACCESS_KEY_ID", "")], "AWS_ACCESS_KEY_ID is not set"),
        (&[("OPERATOR_URL", "http://127.0.0.1:1")], "cannot be reached"),
    ] {
        let error = user::run(&change, environment(given)).await.unwrap_err().to_string();
        assert!(error.contains(part), "{given:?}: {error}");
    }
    let nowhere = environment(&[("OPERATOR_READ_URL", "http://127.0.0.1:1")]);
    let error = user::run(&UserCommand::Show(reading(Some("42"), None)), nowhere).await.unwrap_err();
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}
