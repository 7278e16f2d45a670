//! Events of accounts: recorded with what happened, or not at all.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule::app::Requirements;
use vestibule::operator;
use vestibule_cli::arguments::UserAdd;
use vestibule_events::{EventBus, EventTarget};

use crate::{Answer, Client, Fault, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, add_app, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
/// Given, so that operators' commands sign with the same.
pub(crate) const KEY: (&str, &str) = ("SECRET_KEY", "a-key-that-is-long-enough-for-all-that-it-signs");
pub(crate) const RECORDED: [(&str, &str); 3] =
    [KEY, ("AUDIT_RETENTION_DAYS", "30"), ("EVENTS_INCLUDE", "ip,user_agent,email,phone")];

async fn stack(settings: &[(&str, &str)]) -> Stack {
    Stack::start(&[&RECORDED, settings].concat()).await
}

/// All items with events, as they are in the table.
pub(crate) async fn items(stack: &Stack) -> Vec<Value> {
    let mut items = stack.dynamodb.items().await;
    items.retain(|item| item["pk"]["S"].as_str().unwrap().starts_with("EVENT#"));
    items
}

/// All events that are recorded, in the order of their time and position.
pub(crate) async fn events(stack: &Stack) -> Vec<Value> {
    let items = items(stack).await;
    let read =
        |item: &Value| serde_json::from_str::<Vec<Value>>(item["events"]["S"].as_str().unwrap()).unwrap();
    let mut events: Vec<Value> = items.iter().flat_map(read).collect();
    let at = |event: &Value| event["at"].as_f64().unwrap();
    events.sort_by(|a, b| at(a).total_cmp(&at(b)).then(a["seq"].as_i64().cmp(&b["seq"].as_i64())));
    events
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn nothing_is_recorded_unless_it_is_switched_on() {
    let stack = Stack::start(&[("EVENTS_INCLUDE", "ip")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.delete("auth/session").await.is(401);
    assert_eq!(items(&stack).await, [] as [Value; 0]);
    let accounts = stack.dynamodb.items().await;
    assert!(accounts.iter().all(|item| !item.to_string().contains("kept_until")), "{accounts:?}");
}

/// A journey of somebody from the sign-up to the deletion.
async fn journey(stack: &Stack, client: &Client) {
    sign_up(client, EMAIL).await.awaits("verify_email");
    let key = stack.inbox.only(EMAIL).await.key();
    client.post("auth/email/verify", json!({"key": key})).await.is(401);
    add_app(client, EMAIL).await;
    client.post("account/email", json!({"email": "ann2@example.com"})).await.is(200);
    stack.inbox.take().await;
    client.delete_with("account/email", json!({"email": "ann2@example.com"})).await.is(200);
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    client.post("account/password/change", change).await;
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    let other = stack.client(client.kind);
    other.post("auth/password/reset", json!({"key": key, "password": PASSWORD})).await.is(401);
}

#[tokio::test]
async fn sorted_by_their_position_events_are_the_journey() {
    for kind in Kind::ALL {
        let stack = stack(&[PATIENT[0], PATIENT[1], ("MFA_ALLOW_UNVERIFIED_EMAIL", "true")]).await;
        let client = stack.client(kind);
        journey(&stack, &client).await;
        let events = events(&stack).await;
        let numbered: Vec<&Value> = events.iter().filter(|event| !event["seq"].is_null()).collect();
        let found: Vec<_> = numbered.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let expected = [
            "user.signed_up",
            "email.confirmed",
            "authenticator.added",
            "authenticator.added",
            "email.added",
            "email.removed",
            "password.changed",
            "password.reset",
        ];
        assert_eq!(found, expected);
        for (position, event) in (1..).zip(&numbered) {
            assert_eq!(event["seq"], position, "{numbered:#?}");
        }
        let others: Vec<Value> = events.iter().filter(|event| event["seq"].is_null()).cloned().collect();
        assert_eq!(types(&others), ["user.logged_in"]);
        let session = others[0]["session"].as_i64().unwrap();
        for event in &events {
            assert_eq!(event["account_id"], events[0]["account_id"]);
            assert_eq!(event["actor"], json!({"kind": "user"}));
            assert_eq!(event.get("personal"), None, "it is sealed");
        }
        assert_eq!(numbered[2]["session"], session);
        assert_eq!(numbered[0]["session"], Value::Null);
        let ids: BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), events.len());
    }
}

#[tokio::test]
async fn an_item_has_nothing_but_events_and_expires() {
    let stack = stack(&[]).await;
    stack.add_user(EMAIL).await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let items = items(&stack).await;
    assert_eq!(items.len(), 2);
    for item in &items {
        let mut names: Vec<&String> = item.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["events", "expires_at", "mac", "pk", "sealed", "sk"]);
        for personal in [EMAIL, "127.0.0.1"] {
            assert!(!item.to_string().contains(personal), "{item}");
        }
    }
}

#[tokio::test]
async fn sessions_end_with_an_event_each() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        stack.add_user(EMAIL).await;
        let (client, other) = (stack.client(kind), stack.client(kind));
        log_in(&other, EMAIL, PASSWORD).await.is(200);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let listed = client.get("auth/sessions").await;
        let is_other = |session: &&Value| session["is_current"] == false;
        let ended = listed.body["data"].as_array().unwrap().iter().find(is_other).unwrap()["id"].clone();
        client.delete_with("auth/sessions", json!({"sessions": [ended]})).await.is(200);
        client.delete("auth/session").await.is(401);
        let events = events(&stack).await;
        let expected = [
            "user.signed_up",
            "email.confirmed",
            "user.logged_in",
            "user.logged_in",
            "session.ended",
            "user.logged_out",
        ];
        assert_eq!(types(&events), expected);
        assert_eq!(events[4]["data"], json!({"ended": ended}));
        assert_ne!(events[4]["session"], ended);
        assert_eq!(events[5]["session"], events[4]["session"]);
    }
}

#[tokio::test]
async fn operators_are_named_as_the_cause() {
    let stack = stack(&[("ACCOUNT_DELETION_ENABLED", "true")]).await;
    let user = UserAdd { email: Some(EMAIL.to_owned()), unverified: true, ..stack.nobody() };
    stack.add(user).await;
    stack.disable(EMAIL).await;
    stack.delete_user(None, Some(EMAIL)).await.unwrap();
    let events = events(&stack).await;
    assert_eq!(types(&events), ["user.signed_up", "user.disabled", "user.deleted"]);
    for (position, event) in (1..).zip(&events) {
        assert_eq!(event["actor"], json!({"kind": "operator", "id": "local"}));
        assert_eq!((event["seq"].as_i64(), &event["session"]), (Some(position), &Value::Null));
    }
    let left = stack.dynamodb.keys("").await;
    assert!(left.iter().all(|key| key.starts_with("EVENT#")), "the history outlives the account: {left:?}");
}

#[tokio::test]
async fn no_event_is_without_its_change_and_no_change_without_its_event() {
    let stack = stack(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let add = async |email: &str| client.post("account/email", json!({"email": email})).await;
    let before = events(&stack).await.len();
    stack.dynamodb.fail(Some("TransactWriteItems"), Fault::InternalError, 1000);
    add("lost@example.com").await.is(503);
    stack.dynamodb.recover();
    assert_eq!(events(&stack).await.len(), before);
    for (fault, email) in [(Fault::Conflict, "b@example.com"), (Fault::LoseAnswer, "c@example.com")] {
        stack.dynamodb.fail(Some("TransactWriteItems"), fault, 1);
        add(email).await.is(200);
        assert!(stack.dynamodb.recover());
    }
    let events = events(&stack).await;
    let added: Vec<_> = events.iter().filter(|event| event["type"] == "email.added").collect();
    assert_eq!(added.len(), 2, "{events:#?}");
    assert_eq!((&added[0]["seq"], &added[1]["seq"]), (&json!(3), &json!(4)), "{added:#?}");
}

pub(crate) const HISTORY: (&str, &str) = ("ACCOUNT_HISTORY_ENABLED", "true");

async fn reauthenticate(client: &Client) {
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
}

pub(crate) fn shown(answer: &Answer) -> Vec<Value> {
    answer.body["data"]["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn users_read_their_own_history_once_they_have_proved_who_they_are() {
    for kind in Kind::ALL {
        let stack = stack(&[HISTORY]).await;
        stack.add_user("ben@example.com").await;
        let id = stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.get("account/history").await.is_anonymous();
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let refused = client.get("account/history").await;
        refused.is(401);
        assert!(!refused.text.contains("127.0.0.1"), "{}", refused.text);
        client.post("account/email", json!({"email": "ann2@example.com"})).await.is(200);
        reauthenticate(&client).await;
        let answer = client.get("account/history").await;
        answer.is(200);
        let events = shown(&answer);
        assert_eq!(types(&events), ["email.added", "user.logged_in", "email.confirmed", "user.signed_up"]);
        assert!(events.iter().all(|event| event["account_id"] == id), "{events:#?}");
        assert_eq!(events[0]["personal"]["email"], "ann2@example.com");
        assert_eq!(events[1]["personal"]["ip"], "127.0.0.1");
        assert_eq!(events[3]["personal"], json!({"email": EMAIL}), "an operator has no client");
        assert_eq!(answer.body["data"]["next"], Value::Null);
        for method in [http::Method::POST, http::Method::DELETE] {
            client.send(method, "account/history", &[], "").await.is(405);
        }
        // What a cursor cannot be finds nothing, and breaks nothing.
        for before in ["0", &"x".repeat(3000)] {
            client.get(&format!("account/history?before={before}")).await.is(200);
        }
    }
}

#[tokio::test]
async fn there_is_no_history_unless_it_is_switched_on() {
    let stack = stack(&[]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    reauthenticate(&client).await;
    client.get("account/history").await.is(404);
    let error = Stack::try_start(&[HISTORY]).await.err().unwrap().to_string();
    assert!(error.contains("AUDIT_RETENTION_DAYS must not be 0"), "{error}");
}

#[tokio::test]
async fn a_history_comes_in_pages_that_leave_nothing_out() {
    let stack = stack(&[HISTORY, crate::UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for number in 0..30 {
        let email = json!({"email": format!("a{number}@example.com")});
        client.post("account/email", email.clone()).await.is(200);
        client.delete_with("account/email", email).await.is(200);
    }
    reauthenticate(&client).await;
    let (mut path, mut sizes, mut found) = ("account/history".to_owned(), Vec::new(), Vec::new());
    loop {
        let answer = client.get(&path).await;
        let events = shown(answer.is(200));
        sizes.push(events.len());
        found.extend(events);
        let Some(next) = answer.body["data"]["next"].as_str() else { break };
        path = format!("account/history?before={next}");
    }
    // The sign-up has two events in one commit.
    assert_eq!(sizes, [50, 13]);
    let at = |event: &Value| event["at"].as_f64().unwrap();
    assert!(found.is_sorted_by(|later, earlier| at(later) >= at(earlier)), "{found:#?}");
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&found), ids(&events(&stack).await));
}

/// What `audit verify` finds.
pub(crate) async fn verify(stack: &Stack) -> Vec<String> {
    let app = stack.process(Requirements::ALL).await;
    let mut faults = Vec::new();
    operator::verify(&app, |fault| faults.push(fault.to_string())).await.unwrap();
    faults
}

#[tokio::test]
async fn operators_read_a_history_also_of_an_account_that_is_gone() {
    let stack = stack(&PATIENT).await;
    let id = stack.add_user(EMAIL).await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let before = stack.history(&id).await.unwrap();
    assert!(before.contains("127.0.0.1") && before.contains(EMAIL), "{before}");
    stack.delete_user(Some(&id), None).await.unwrap();
    let after = stack.history(&id).await.unwrap();
    assert_eq!(after.lines().count(), before.lines().count() + 1);
    assert!(after.contains("user.deleted"), "{after}");
    assert!(!after.contains("127.0.0.1") && !after.contains(EMAIL), "its key is gone: {after}");
    assert!(stack.history("nobody").await.is_err());
    assert_eq!(verify(&stack).await, [""; 0]);
}

/// Changes the items with events, as those could who write to the table, and puts back what was there.
pub(crate) async fn tampered(stack: &Stack, change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let before = items(stack).await;
    let mut after = before.clone();
    change(&mut after);
    for item in &before {
        stack.dynamodb.remove(item).await;
    }
    for item in &after {
        stack.dynamodb.put(item).await;
    }
    let faults = verify(stack).await;
    for item in &after {
        stack.dynamodb.remove(item).await;
    }
    for item in &before {
        stack.dynamodb.put(item).await;
    }
    assert_eq!(verify(stack).await, [""; 0]);
    faults
}

#[tokio::test]
async fn what_is_altered_or_missing_is_found() {
    let stack = stack(&[]).await;
    let id = stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        client.post("account/email", json!({"email": email})).await.is(200);
    }
    assert_eq!(verify(&stack).await, [""; 0]);
    // Numbers 1 and 2; the login; 3, 4 and 5.
    assert_eq!(items(&stack).await.len(), 5);
    let expect = |faults: Vec<String>, end: &str| {
        let [fault] = faults.as_slice() else { panic!("{end}: {faults:?}") };
        assert!(fault.starts_with(&format!("account {id}: ")) && fault.ends_with(end), "{fault}");
    };
    // The login first, which has no number.
    let sort = |items: &mut Vec<Value>| {
        items.sort_by_key(|item| {
            let events: Vec<Value> = serde_json::from_str(item["events"]["S"].as_str().unwrap()).unwrap();
            events[0]["seq"].as_i64()
        });
    };
    let faults = tampered(&stack, |items| {
        sort(items);
        let events = items[0]["events"]["S"].as_str().unwrap().replace("password", "mfa");
        items[0]["events"]["S"] = events.into();
    });
    expect(faults.await, "were altered, or were not recorded by Vestibule");
    let faults = tampered(&stack, |items| {
        sort(items);
        items.remove(3);
    });
    expect(faults.await, "the events 4 to 4 are missing");
    let faults = tampered(&stack, |items| {
        sort(items);
        items.pop();
    });
    expect(faults.await, "the events 5 to 5 are missing");
    let faults = tampered(&stack, |items| {
        sort(items);
        items.remove(1);
    });
    assert_eq!(faults.await, [""; 0], "the oldest may have expired");
    expect(tampered(&stack, Vec::clear).await, "the events 5 to 5 are missing");

    let account = stack.dynamodb.items().await.into_iter().find(|item| item["sk"]["S"] == "ACCOUNT").unwrap();
    stack.dynamodb.remove(&account).await;
    expect(verify(&stack).await, "it is gone, without an event");
    let mut older = account.clone();
    let document = account["document"]["S"].as_str().unwrap().replace("\"seq\":5", "\"seq\":4");
    older["document"]["S"] = document.into();
    stack.dynamodb.put(&older).await;
    expect(verify(&stack).await, "the event 5 is recorded, but the account has counted 4 only");
}

#[tokio::test]
async fn a_history_costs_two_reads() {
    let stack = stack(&[HISTORY]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    reauthenticate(&client).await;
    stack.dynamodb.tally();
    client.get("account/history").await.is(200);
    let tally = stack.dynamodb.tally();
    assert_eq!((tally.calls(), tally.writes()), (2, 0), "{:?}", tally.operations);
}

pub(crate) const BUS: (&str, &str) = ("EVENTS_BUS", "account-events");

/// What is on the bus: the events that were delivered, and some of them perhaps twice.
pub(crate) async fn delivered(stack: &Stack) -> Vec<Value> {
    let all = stack.inbox.all().await;
    let on_the_bus = all.iter().filter(|mail| mail.to == BUS.1);
    on_the_bus.map(|mail| serde_json::from_str(&mail.text).unwrap()).collect()
}

pub(crate) fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].to_string()).collect()
}

#[tokio::test]
async fn events_are_put_on_the_bus_with_their_personal_data() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[KEY, BUS, RECORDED[2], ("ACCOUNT_DELETION_ENABLED", "true")]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let mails = stack.inbox.all().await;
        let key = mails.iter().find(|mail| mail.to == EMAIL).unwrap().key();
        client.post("auth/email/verify", json!({"key": key})).await.is(401);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        reauthenticate(&client).await;
        client.delete("account").await.is(200);
        let mut found = delivered(&stack).await;
        assert_eq!(ids(&found), ids(&events(&stack).await));
        found.retain(|event| !event["seq"].is_null());
        found.sort_by_key(|event| event["seq"].as_i64());
        assert_eq!(types(&found), ["user.signed_up", "email.confirmed", "user.deleted"]);
        assert_eq!(found[0]["personal"]["email"], EMAIL);
        assert_eq!(found[2].get("personal"), None, "the key is gone with the account");
    }
}

#[tokio::test]
async fn a_bus_that_is_down_loses_nothing_and_holds_nobody_up() {
    let put = "              - Effect: Allow\n                Action: events:PutEvents\n                Resource: !GetAtt EventBus.Arn\n";
    let without = vestibule_cli::serve::TEMPLATE.replacen(put, "              - !Ref AWS::NoValue\n", 1);
    assert_ne!(without, vestibule_cli::serve::TEMPLATE);
    let stack = Stack::of_template(&without, &[KEY, BUS]).await.unwrap();
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.post("account/email", json!({"email": "ann2@example.com"})).await.is(200);
    assert_eq!(delivered(&stack).await, [] as [Value; 0]);
    let refused = stack.refusals.take();
    assert!(
        refused.iter().any(|line| line.contains("the function Events events:PutEvents on ")),
        "{refused:?}"
    );
    let recorded = events(&stack).await;
    assert_eq!(recorded.len(), 4);
    for times in 1..=2 {
        assert_eq!(stack.replay_events().await.unwrap(), recorded.len());
        let found = delivered(&stack).await;
        assert_eq!(found.len(), times * recorded.len());
        assert_eq!(ids(&found), ids(&recorded), "each has the id that it had");
    }
}

#[tokio::test]
async fn what_was_altered_is_not_delivered() {
    let stack = Stack::start(&[KEY, BUS]).await;
    stack.add_user(EMAIL).await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let mut item = items(&stack).await.remove(0);
    let altered = item["events"]["S"].as_str().unwrap().replace("user.", "admin.");
    item["events"]["S"] = altered.into();
    stack.dynamodb.put(&item).await;
    let rest = events(&stack).await.iter().filter(|event| !event.to_string().contains("admin.")).count();
    stack.replay_events().await.unwrap();
    assert!(delivered(&stack).await.iter().all(|event| !event.to_string().contains("admin.")));
    assert!(rest > 0);
}

#[tokio::test]
async fn there_is_nothing_to_replay_without_a_target() {
    let stack = stack(&[]).await;
    let error = stack.replay_events().await.unwrap_err();
    assert!(error.contains("EVENTS_BUS, EVENTS_URL: set one of the two"), "{error}");
}

/// A record of the stream, as Lambda announces it.
pub fn record(pk: &Value, sk: &Value, number: &str) -> Value {
    json!({
        "eventID": number, "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1", "eventSourceARN": "arn",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_772_636_807, "SequenceNumber": number, "SizeBytes": 1,
            "StreamViewType": "KEYS_ONLY", "Keys": {"pk": pk, "sk": sk},
        },
    })
}

/// As Lambda announces what the stream says.
#[tokio::test]
async fn the_function_delivers_what_the_stream_announces_and_names_what_it_could_not() {
    let stack = Stack::start(&[KEY, BUS]).await;
    stack.add_user(EMAIL).await;
    let app = stack.function("events", vestibule_events::REQUIREMENTS).await;
    let bus = |name| EventTarget::Bus(EventBus::new(stack.aws("events"), name));
    let item = items(&stack).await.remove(0);
    // One that has expired is no failure.
    let announced = json!({"Records": [record(&item["pk"], &json!({"S": "gone"}), "1"), record(&item["pk"], &item["sk"], "2")]});
    let handle = async |target| {
        let event = serde_json::from_value(announced.clone()).unwrap();
        serde_json::to_value(vestibule_events::handle(&app, &target, event).await.unwrap()).unwrap()
    };
    assert_eq!(handle(bus(BUS.1)).await, json!({"batchItemFailures": []}));
    assert_eq!(delivered(&stack).await.len(), 2);
    assert_eq!(handle(bus("other")).await, json!({"batchItemFailures": [{"itemIdentifier": "2"}]}));
    assert_eq!(stack.refusals.take().len(), 1);
}

#[tokio::test]
async fn a_changed_profile_is_recorded_by_the_names_that_users_read() {
    let fields =
        r#"{"color": {"type": "text"}, "note": {"type": "text", "write": "operator", "read": "operator"}}"#;
    let stack = stack(&[("ACCOUNT_PROFILE_FIELDS", fields)]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    for (value, expected) in [("violet", 1), ("violet", 1), ("orange", 2)] {
        let body = json!({"color": value}).to_string();
        let headers = [("content-type", "application/json")];
        client.send(http::Method::PATCH, "account/profile", &headers, body).await.is(200);
        let mut found = events(&stack).await;
        found.retain(|event| event["type"] == "profile.changed");
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|event| event["data"] == json!({"fields": ["color"]})), "{found:#?}");
    }
    let items = items(&stack).await;
    assert!(items.iter().all(|item| !item.to_string().contains("violet")), "{items:#?}");
}
