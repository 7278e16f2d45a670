//! Invitations: who has one signs up while sign-up is closed, with the email address that was invited and no other.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule_cli::arguments::{InviteAdd, InviteCommand, OneEmail};
use vestibule_tests::{change_options, read_options};

use crate::social::{BY_CODE, dummy};
use crate::{Answer, Client, Kind, PASSWORD, Stack, UNLIMITED, credentials, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const OPEN: (&str, &str) = ("ACCOUNT_INVITATIONS_ENABLED", "true");
const CLOSED: [(&str, &str); 3] = [OPEN, ("ACCOUNT_SIGNUP_ENABLED", "false"), UNLIMITED];

/// The key in an invitation's link.
pub(crate) fn key(link: &str) -> String {
    let (page, key) = link.trim().split_once('#').unwrap();
    assert_eq!(page, "http://localhost:3000/account/invitation");
    key.to_owned()
}

async fn invite(stack: &Stack, email: &str) -> String {
    key(&stack.invite(email, true).await.unwrap())
}

async fn accept(client: &Client, email: &str, key: &str) -> Answer {
    let mut body = credentials(email, PASSWORD);
    body["invitation"] = key.into();
    client.post("auth/signup", body).await
}

#[tokio::test]
async fn who_is_invited_by_mail_signs_up_while_that_is_closed() {
    for kind in Kind::ALL {
        let stack = Stack::start(&CLOSED).await;
        sign_up(&stack.client(kind), EMAIL).await.is(403);
        assert_eq!(stack.invite("Ann@Example.com", false).await.unwrap(), format!("invited {EMAIL}"));
        // No request of ours delivers it.
        stack.inbox.wait_for(1).await;
        let mail = stack.inbox.only(EMAIL).await;
        assert!(mail.subject.ends_with("You are invited") && mail.is_secret(), "{}", mail.subject);
        let client = stack.client(kind);
        accept(&client, EMAIL, &key(mail.link())).await.is_logged_in_as(EMAIL);
        let listed = client.get("account/email").await;
        assert_eq!(listed.body["data"], json!([{"email": EMAIL, "verified": true, "primary": true}]));
        assert_eq!(stack.dynamodb.keys("INVITATION#").await, [""; 0], "it is used up");
        stack.inbox.is_empty().await;
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn an_invitation_is_for_its_email_address_and_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&CLOSED).await;
        let key = invite(&stack, EMAIL).await;
        let client = stack.client(kind);
        accept(&client, "eve@example.com", &key).await.refuses(&["email: invitation_for_other_email"]);
        for wrong in ["", "x", "x.y", &key[1..], &format!("{}.{}", &key[..43], "A".repeat(43))] {
            let answer = accept(&client, EMAIL, wrong).await;
            if wrong.is_empty() {
                answer.is(403);
            } else {
                answer.refuses(&["invitation: invalid_or_expired_key"]);
            }
        }
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
        accept(&client, EMAIL, &key).await.is_logged_in_as(EMAIL);
        accept(&stack.client(kind), EMAIL, &key).await.refuses(&["invitation: invalid_or_expired_key"]);
        stack.inbox.is_empty().await;
    }
}

/// An invitation that is there and one that is not answer alike to a key that is wrong.
#[tokio::test]
async fn nobody_learns_who_is_invited() {
    let stack = Stack::start(&[OPEN, UNLIMITED]).await;
    stack.add_user("bob@example.com").await;
    let key = invite(&stack, EMAIL).await;
    let wrong = format!("{}.{}", &key[..43], "A".repeat(43));
    let mut seen = Vec::new();
    for email in [EMAIL, "bob@example.com", "cleo@example.com"] {
        let answer = accept(&stack.app(), email, &wrong).await;
        answer.refuses(&["invitation: invalid_or_expired_key"]);
        seen.push(answer.text);
    }
    assert!(seen.iter().all(|text| *text == seen[0]), "{seen:?}");
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn of_two_sign_ups_with_one_invitation_one_succeeds() {
    let stack = Stack::start(&CLOSED).await;
    let key = invite(&stack, EMAIL).await;
    let clients = [stack.app(), stack.app(), stack.app()];
    stack.dynamodb.set_latency(Duration::from_millis(20));
    let [a, b, c] = &clients;
    let answers = tokio::join!(accept(a, EMAIL, &key), accept(b, EMAIL, &key), accept(c, EMAIL, &key));
    let mut statuses = [answers.0.status, answers.1.status, answers.2.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400]);
    let accounts = stack.dynamodb.keys("USER#").await;
    assert_eq!(accounts.iter().filter(|key| key.ends_with(" ACCOUNT")).count(), 1);
}

#[tokio::test]
async fn an_invitation_is_replaced_and_revoked() {
    let stack = Stack::start(&CLOSED).await;
    let first = invite(&stack, EMAIL).await;
    let second = invite(&stack, EMAIL).await;
    accept(&stack.app(), EMAIL, &first).await.refuses(&["invitation: invalid_or_expired_key"]);
    invite(&stack, "ben@example.com").await;
    let listed = stack.manage_invitations(&InviteCommand::List(read_options())).await.unwrap();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    for (line, email) in lines.into_iter().zip([EMAIL, "ben@example.com"]) {
        let by_whom = line.ends_with(" hours left, by Ops, made by local");
        assert!(line.starts_with(&format!("{email}: ")) && by_whom, "{listed}");
    }
    let revoke =
        |email: &str| InviteCommand::Revoke(OneEmail { email: email.to_owned(), options: change_options() });
    assert_eq!(stack.manage_invitations(&revoke("ANN@example.com")).await.unwrap(), EMAIL);
    accept(&stack.app(), EMAIL, &second).await.refuses(&["invitation: invalid_or_expired_key"]);
    let listed = stack.manage_invitations(&InviteCommand::List(read_options())).await.unwrap();
    assert_eq!(listed.lines().next(), Some("ann@example.com: revoked by local"));
    for (email, reason) in
        [(EMAIL, "ann@example.com has no invitation"), ("x", "\"x\" is not an email address")]
    {
        let error = stack.manage_invitations(&revoke(email)).await.unwrap_err();
        assert_eq!(error.to_string(), reason);
    }
}

/// Seven days are over when the item says so, whether or not DynamoDB has deleted it.
#[tokio::test]
async fn an_invitation_expires() {
    let stack = Stack::start(&CLOSED).await;
    let key = invite(&stack, EMAIL).await;
    let items = stack.dynamodb.items().await;
    let is_it = |item: &&Value| item["pk"]["S"].as_str().unwrap().starts_with("INVITATION#");
    let mut item = items.iter().find(is_it).unwrap().clone();
    assert!(!item.to_string().contains(&key[44..]), "the secret is in no table");
    let mut document: Value = serde_json::from_str(item["document"]["S"].as_str().unwrap()).unwrap();
    let until = document["valid_until"].as_i64().unwrap();
    assert_eq!(item["expires_at"]["N"].as_str().unwrap().parse::<i64>().unwrap(), until / 1000 + 1);
    document["valid_until"] = (until - 7 * 86_400_000).into();
    item["document"]["S"] = document.to_string().into();
    stack.dynamodb.put(&item).await;
    accept(&stack.app(), EMAIL, &key).await.refuses(&["invitation: invalid_or_expired_key"]);
}

#[tokio::test]
async fn an_invitation_is_accepted_by_every_way_to_sign_up() {
    let passkeys = [("MFA_SUPPORTED_TYPES", "webauthn"), ("MFA_PASSKEY_SIGNUP_ENABLED", "true"), BY_CODE];
    let stack = Stack::start(&[&CLOSED[..], &passkeys].concat()).await;
    for kind in Kind::ALL {
        let key = invite(&stack, EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/webauthn/signup", json!({"email": EMAIL})).await.is(403);
        let body = json!({"email": EMAIL, "invitation": key});
        client.post("auth/webauthn/signup", body).await.awaits("mfa_signup_webauthn");
        stack.delete_user(None, Some(EMAIL)).await.unwrap();

        let key = invite(&stack, EMAIL).await;
        let client = stack.client(kind);
        let eve = json!({"id": 1, "email": "eve@example.com", "email_verified": true});
        dummy(&client, "login", eve).await.awaits("provider_signup");
        client.get("auth/provider/signup").await.is(200);
        client.post("auth/provider/signup", json!({"email": "eve@example.com"})).await.is(403);
        let body = json!({"email": EMAIL, "invitation": key});
        client.post("auth/provider/signup", body).await.is_logged_in_as(EMAIL);
        stack.delete_user(None, Some(EMAIL)).await.unwrap();
        stack.inbox.is_empty().await;
    }
}

/// Who has the key has the mailbox, and may learn that there is an account.
#[tokio::test]
async fn who_has_an_account_needs_no_invitation() {
    let stack = Stack::start(&CLOSED).await;
    stack.add_user(EMAIL).await;
    let key = invite(&stack, EMAIL).await;
    accept(&stack.app(), EMAIL, &key).await.refuses(&["email: email_taken"]);
    assert_eq!(stack.dynamodb.keys("INVITATION#").await.len(), 1);
}

/// A field that only operators write comes from the invitation, and from nothing that the client sends.
#[tokio::test]
async fn an_invitation_brings_fields_of_the_account() {
    let fields = (
        "ACCOUNT_PROFILE_FIELDS",
        r#"{"role": {"type": "choice", "choices": ["editor", "owner"], "write": "operator"}}"#,
    );
    let stack = Stack::start(&[OPEN, fields, UNLIMITED]).await;
    let wanted = |value: &str| InviteAdd {
        email: EMAIL.to_owned(),
        by: None,
        fields: vec![("role".to_owned(), value.to_owned())],
        print_link: true,
        options: change_options(),
    };
    let error = stack.manage_invitations(&InviteCommand::Add(wanted("king"))).await.unwrap_err().to_string();
    assert!(error.starts_with("role: Select a valid choice."), "{error}");
    let link = stack.manage_invitations(&InviteCommand::Add(wanted("editor"))).await.unwrap();
    let answer = accept(&stack.app(), EMAIL, &key(&link)).await;
    assert_eq!(answer.is_logged_in_as(EMAIL).body["data"]["user"]["role"], "editor");
}

#[tokio::test]
async fn an_invitation_counts_in_any_domain() {
    let stack = Stack::start(&[OPEN, ("ACCOUNT_SIGNUP_DOMAINS", "corp.test")]).await;
    let key = invite(&stack, EMAIL).await;
    sign_up(&stack.app(), EMAIL).await.refuses(&["email: email_domain_not_allowed"]);
    accept(&stack.app(), EMAIL, &key).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn an_invitation_costs_no_round_trip() {
    let stack = Stack::start(&CLOSED).await;
    let key = invite(&stack, EMAIL).await;
    stack.dynamodb.set_latency(Duration::from_millis(20));
    stack.dynamodb.tally();
    accept(&stack.app(), EMAIL, &key).await.is(200);
    let tally = stack.dynamodb.tally();
    assert!(tally.round_trips <= 3 && tally.writes() == 1, "{tally:?}");
}

#[tokio::test]
async fn invitations_are_off_by_default() {
    let stack = Stack::start(&[]).await;
    let error = stack.invite(EMAIL, true).await.unwrap_err().to_string();
    assert!(error.starts_with("ACCOUNT_INVITATIONS_ENABLED is false"), "{error}");
    let fields = [OPEN, ("ACCOUNT_SIGNUP_FIELDS", "username*,email"), ("ACCOUNT_EMAIL_VERIFICATION", "none")];
    let error = Stack::try_start(&fields).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("an invitation is for an email address"), "{error}");
}
