//! Email addresses that mail bounces from: nobody can have more sent there, and whoever owns the account can.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use vestibule::app::{App, Requirements};
use vestibule::domain::time::Timestamp;

use crate::events::{RECORDED, events};
use crate::{Answer, Client, Kind, PASSWORD, Stack, UNLIMITED, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
/// SES's mailbox simulator, and so the local stack's inbox, reports a bounce for it.
const BOUNCES: &str = "bounce@simulator.amazonses.com";
const COMPLAINS: &str = "complaint@simulator.amazonses.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const BY_CODE: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");

async fn forget_password(client: &Client, email: &str) -> (u16, String) {
    let answer = client.post("auth/password/request", json!({"email": email})).await;
    (answer.status, answer.text)
}

/// Asks for another verification mail, as the owner of an account.
async fn verify_again(client: &Client, email: &str) -> Answer {
    client.send(Method::PUT, "account/email", &[], json!({"email": email}).to_string()).await
}

/// What `account/email` says of each email address: whether it is undeliverable.
async fn listed(client: &Client) -> Vec<(String, Value)> {
    let answer = client.get("account/email").await;
    let list = answer.is(200).body["data"].as_array().unwrap();
    list.iter().map(|one| (one["email"].as_str().unwrap().to_owned(), one["undeliverable"].clone())).collect()
}

/// Marks an email address as undeliverable, as a bounce so long ago does.
async fn mark(stack: &Stack, email: &str, ago: Duration) {
    let app = stack.process(Requirements::TABLE).await;
    let ago = i64::try_from(ago.as_millis()).unwrap();
    let at = Timestamp::from_millis(app.clock.now().millis() - ago);
    app.store().unwrap().mark_undeliverable(email, at).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_to_who_bounces_or_complains_and_no_answer_tells() {
    for kind in Kind::ALL {
        for email in [BOUNCES, COMPLAINS] {
            let stack = Stack::start(&[UNLIMITED, BY_CODE]).await;
            stack.add_user(email).await;
            let first = forget_password(&stack.client(kind), email).await;
            stack.inbox.only(email).await;
            assert_eq!(stack.dynamodb.keys("UNDELIVERABLE#").await.len(), 1);
            assert!(!stack.dynamodb.keys("UNDELIVERABLE#").await[0].contains('@'), "it is hashed");

            assert_eq!(forget_password(&stack.client(kind), email).await, first);
            stack
                .client(kind)
                .post("auth/code/request", json!({"email": email}))
                .await
                .awaits("login_by_code");
            sign_up(&stack.client(kind), email).await.awaits("verify_email");
            stack.inbox.is_empty().await;
            assert!(stack.dynamodb.keys("OUTBOX#").await.is_empty(), "nothing waits to be sent");
            // Others are not affected.
            forget_password(&stack.client(kind), EMAIL).await;
            stack.inbox.only(EMAIL).await;
        }
    }
}

#[tokio::test]
async fn a_request_for_who_bounces_takes_the_same_calls() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[UNLIMITED]).await;
        for email in [EMAIL, "nobody@example.com"] {
            stack.add_user(EMAIL).await;
            let mut costs = Vec::new();
            for _ in 0..2 {
                stack.dynamodb.tally();
                forget_password(&stack.client(kind), email).await;
                // What follows the commit is the delivery's.
                let mut calls = stack.dynamodb.tally().operations;
                let commit = calls.iter().position(|name| name == "TransactWriteItems").unwrap();
                calls.truncate(commit + 1);
                costs.push(calls);
                mark(&stack, email, Duration::ZERO).await;
            }
            assert_eq!(costs[0], costs[1], "{email}");
            stack.inbox.only(email).await;
            stack.delete_user(None, Some(EMAIL)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_owner_sees_it_and_may_ask_for_a_verification_and_its_delivery_clears_it() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[UNLIMITED]).await;
        stack.add_user(EMAIL).await;
        let owner = stack.client(kind);
        log_in(&owner, EMAIL, PASSWORD).await.is(200);
        let other = "ann2@example.com";
        owner.post("account/email", json!({"email": other})).await.is(200);
        stack.inbox.take().await;
        assert_eq!(listed(&owner).await, [(EMAIL.into(), Value::Null), (other.into(), Value::Null)]);
        mark(&stack, other, DAY).await;
        assert_eq!(listed(&owner).await, [(EMAIL.into(), Value::Null), (other.into(), true.into())]);

        forget_password(&stack.client(kind), other).await;
        stack.inbox.is_empty().await;
        verify_again(&owner, other).await.is(200);
        stack.inbox.only(other).await;
        assert_eq!(listed(&owner).await, [(EMAIL.into(), Value::Null), (other.into(), Value::Null)]);

        // One that bounces again stays marked; its owner may try as often as the limits allow.
        owner.post("account/email", json!({"email": BOUNCES})).await.is(200);
        verify_again(&owner, BOUNCES).await.is(200);
        let mails = stack.inbox.take().await;
        assert_eq!(mails.iter().filter(|mail| mail.to == BOUNCES).count(), 2);
        assert_eq!(listed(&owner).await.pop().unwrap(), (BOUNCES.into(), true.into()));
    }
}

#[tokio::test]
async fn a_mark_ends_after_14_days_or_when_an_operator_clears_it() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    mark(&stack, EMAIL, 14 * DAY).await;
    forget_password(&stack.app(), EMAIL).await;
    stack.inbox.only(EMAIL).await;

    mark(&stack, EMAIL, 13 * DAY).await;
    forget_password(&stack.app(), EMAIL).await;
    stack.inbox.is_empty().await;
    assert_eq!(stack.clear_email("Ann@EXAMPLE.com").await.unwrap(), EMAIL);
    forget_password(&stack.app(), EMAIL).await;
    stack.inbox.only(EMAIL).await;
    assert!(stack.clear_email(EMAIL).await.unwrap_err().contains("is not marked"));
    assert!(stack.clear_email("ann").await.unwrap_err().contains("is not an email address"));
}

#[tokio::test]
async fn that_an_operator_clears_it_is_in_the_history_of_who_has_the_email_address() {
    let stack = Stack::start(&RECORDED).await;
    let owner = stack.add_user(EMAIL).await;
    let other = stack.add_user("ben@example.com").await;
    stack.add_user("cleo@example.com").await;
    let add = json!({"id": other, "action": "add", "email": EMAIL});
    stack.operate("user.email", add).await;
    mark(&stack, EMAIL, DAY).await;
    let before = events(&stack).await.len();
    stack.operate("email.clear", json!({"email": EMAIL, "dry_run": true})).await;
    assert_eq!(events(&stack).await.len(), before);
    stack.operate("email.clear", json!({"email": EMAIL})).await;
    assert_eq!(events(&stack).await.len(), before + 2);
    for id in [owner, other] {
        let history = stack.read("user.history", json!({ "id": id })).await;
        let last = &history["events"][0];
        assert_eq!((last["type"].as_str(), last["seq"].as_i64()), (Some("email.cleared"), None));
        assert_eq!(last["actor"], json!({"kind": "operator", "id": "local"}));
        assert_eq!(last["personal"], json!({"email": EMAIL}));
    }
    assert_eq!(crate::events::verify(&stack).await, [""; 0]);
    stack.refused(404, "email.clear", json!({"email": EMAIL})).await;
    assert_eq!(events(&stack).await.len(), before + 2, "nothing was changed");
}

/// What SES reports now of a mail that was sent so many seconds ago, to these email addresses.
fn event(sent_to: &[&str], ago: i64, now: Timestamp, kind: &str, report: &Value) -> Value {
    let at = |millis: i64| {
        let time = std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap());
        time::OffsetDateTime::from(time).format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let mail =
        json!({"messageId": "m-1", "timestamp": at(now.millis() - ago * 1000), "destination": sent_to});
    json!({"source": "aws.ses", "time": at(now.millis()), "detail": {"mail": mail, kind: report}})
}

/// A permanent bounce of a mail that was sent to some, by its report of others.
fn bounce(sent_to: &[&str], reported: &[&str], now: Timestamp) -> Value {
    let recipients: Vec<Value> = reported.iter().map(|to| json!({"emailAddress": to})).collect();
    event(sent_to, 1, now, "bounce", &json!({"bounceType": "Permanent", "bouncedRecipients": recipients}))
}

fn delivery(sent_to: &[&str], ago: i64, now: Timestamp) -> Value {
    event(sent_to, ago, now, "delivery", &json!({"recipients": sent_to}))
}

async fn note(app: &App, event: Value) {
    vestibule_mail::note(app.store().unwrap(), serde_json::from_value(event).unwrap()).await.unwrap();
}

#[tokio::test]
async fn events_may_come_again_and_in_any_order() {
    let stack = Stack::start(&[]).await;
    let app = stack.process(Requirements::TABLE).await;
    let now = app.clock.now();
    let earlier = Timestamp::from_millis(now.millis() - 9000);
    let marks = async || stack.dynamodb.keys("UNDELIVERABLE#").await.len();
    let to = [EMAIL];
    for _ in 0..2 {
        note(&app, bounce(&to, &to, now)).await;
        assert_eq!(marks().await, 1);
    }
    // A delivery of a mail that left before the bounce says nothing; nor does an older bounce that comes late.
    note(&app, delivery(&to, 5, now)).await;
    note(&app, bounce(&to, &to, earlier)).await;
    note(&app, delivery(&to, 5, now)).await;
    assert_eq!(marks().await, 1);
    for _ in 0..2 {
        note(&app, delivery(&to, -1, now)).await;
        assert_eq!(marks().await, 0);
    }
}

#[tokio::test]
async fn a_report_marks_whom_the_mail_was_sent_to_in_any_spelling_and_nobody_else() {
    let stack = Stack::start(&[UNLIMITED]).await;
    let app = stack.process(Requirements::TABLE).await;
    let now = app.clock.now();
    let marks = async || stack.dynamodb.keys("UNDELIVERABLE#").await.len();
    // The server of a recipient names another's email address, or none.
    for named in ["victim@example.com", "<>", "", "ann", "Ann <ann@example.com>", "ann+1@example.com"] {
        note(&app, bounce(&[EMAIL], &[named], now)).await;
        assert_eq!(marks().await, 0, "{named}");
    }
    note(&app, bounce(&[EMAIL], &[], now)).await;
    assert_eq!(marks().await, 0);
    // Several recipients, of whom two bounce, in other spellings; nobody has an account.
    let sent_to = ["ann@xn--bcher-kva.example", "ben+news@example.com", "eve@example.com"];
    note(&app, bounce(&sent_to, &["ANN@b\u{fc}cher.example", "Ben+News@EXAMPLE.com"], now)).await;
    assert_eq!(marks().await, 2);
    for (email, mails) in
        [("Ann@B\u{dc}CHER.example", 0), ("ben+news@example.com", 0), ("eve@example.com", 1)]
    {
        stack.add_user(email).await;
        forget_password(&stack.app(), email).await;
        assert_eq!(stack.inbox.take().await.len(), mails, "{email}");
    }
}
