//! The journey of a real site, with all that is its own at once: fields, invitations while sign-up is closed, a hook, claims,
//! events and the history that they make.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use vestibule_authorizer::REQUIREMENTS;
use vestibule_cli::arguments::{InviteAdd, InviteCommand};
use vestibule_tests::{Inbox, Mail, change_options};

use crate::events::{BUS, HISTORY, KEY, RECORDED, delivered, events, ids, items, tampered, types, verify};
use crate::guarding::{ask, by_session, by_token, claims_in};
use crate::hook::StandIn;
use crate::social::dummy;
use crate::tokens::{JWT, RSA_KEY};
use crate::{
    AuthenticatorApp, Client, Fault, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, log_in,
};

const EMAIL: &str = "ann@example.com";
const SECOND: &str = "ann@work.example";
const TAKEN: &str = "bob@competitor.example";
const FREE: &str = "eve@competitor.example";

/// Strangers come in by a service, and by the form only who is invited.
const SETTINGS: [(&str, &str); 6] = [
    ("ACCOUNT_SIGNUP_ENABLED", "false"),
    ("SOCIALACCOUNT_SIGNUP_ENABLED", "true"),
    ("ACCOUNT_INVITATIONS_ENABLED", "true"),
    ("ACCOUNT_PROFILE_FIELDS", FIELDS),
    ("HEADLESS_JWT_AUDIENCE", "vestibule"),
    ("HEADLESS_JWT_CLAIMS", r#"{"role": "profile.role", "auth_time": "auth_time"}"#),
];
const FIELDS: &str = r#"{
    "first_name": {"type": "text", "max": 150, "required": true},
    "last_name": {"type": "text", "max": 150},
    "terms": {"type": "consent", "version": "2026-11", "required": true},
    "role": {"type": "choice", "choices": ["customer", "editor"], "default": "customer", "write": "operator"}
}"#;

/// What everybody is asked at sign-up.
fn form(email: &str) -> Value {
    json!({"email": email, "first_name": "Ann", "last_name": "Lee", "terms": true})
}

fn form_with_password(email: &str) -> Value {
    let mut form = form(email);
    form["password"] = PASSWORD.into();
    form
}

/// Mails apart from events, which the inbox catches as well; it is empty then.
async fn mails(inbox: &Inbox, bus: &mut Vec<Value>) -> Vec<Mail> {
    let (events, mails): (Vec<_>, Vec<_>) = inbox.take().await.into_iter().partition(|mail| mail.to == BUS.1);
    bus.extend(events.iter().map(|event| serde_json::from_str::<Value>(&event.text).unwrap()));
    mails
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.as_str()).collect()
}

#[tokio::test]
async fn the_journey_of_a_real_site() {
    for kind in Kind::ALL {
        let hook = StandIn::of_the_example().await;
        let (name, url) = hook.setting();
        let own =
            [KEY, BUS, RECORDED[1], RECORDED[2], HISTORY, JWT, RSA_KEY, UNLIMITED, (name, url.as_str())];
        let stack = Stack::start(&[&own, &SETTINGS[..], &PATIENT].concat()).await;
        closed_to_strangers(&stack, &hook, kind).await;
        refused_by_the_hook(&stack, &hook, kind).await;
        let (client, id, access) = invited(&stack, &hook, kind).await;
        let mut bus = Vec::new();
        assert_eq!(recipients(&mails(&stack.inbox, &mut bus).await), [""; 0]);
        guarded(&stack, &client, &id, access.as_deref()).await;
        lives(&stack, &client, &mut bus).await;
        told(&stack, &client, &id, &bus).await;
        tampering_is_found(&stack, &id).await;
    }
}

async fn closed_to_strangers(stack: &Stack, hook: &StandIn, kind: Kind) {
    stack.client(kind).post("auth/signup", form_with_password(EMAIL)).await.is(403);
    assert_eq!(hook.take(), [Value::Null; 0]);
    assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
    stack.inbox.is_empty().await;
}

/// The hook is asked, and refuses, alike whether or not there is an account.
async fn refused_by_the_hook(stack: &Stack, hook: &StandIn, kind: Kind) {
    stack.add_user(TAKEN).await;
    let mut seen = Vec::new();
    for (uid, email) in [(1, TAKEN), (2, FREE)] {
        let client = stack.client(kind);
        dummy(&client, "login", json!({"id": uid})).await.awaits("provider_signup");
        let answer = client.post("auth/provider/signup", form(email)).await;
        answer.refuses(&["email: domain_not_welcome"]);
        assert_eq!(answer.body["errors"][0]["message"], "Please sign up with another email address.");
        client.get("auth/session").await.awaits("provider_signup");
        let asked = hook.take();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(
            (&asked[0]["type"], &asked[0]["account"]),
            (&json!("before_signup"), &json!({"email": email}))
        );
        let question = asked[0].to_string().replace(email, "<email>");
        seen.push((answer.text.replace(email, "<email>"), question));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(stack.dynamodb.keys("SOCIAL#").await, [""; 0]);
    assert_eq!(stack.dynamodb.keys(&format!("EMAIL#{FREE}")).await, [""; 0]);
    stack.inbox.is_empty().await;
}

/// Somebody signs up with the mail of an invitation, which brings the role; with their names and their consent.
async fn invited(stack: &Stack, hook: &StandIn, kind: Kind) -> (Client, String, Option<String>) {
    let wanted = InviteAdd {
        email: EMAIL.to_owned(),
        by: Some("Ops".to_owned()),
        fields: vec![("role".to_owned(), "editor".to_owned())],
        print_link: false,
        options: change_options(),
    };
    let said = stack.manage_invitations(&InviteCommand::Add(wanted)).await.unwrap();
    assert_eq!(said, format!("invited {EMAIL}"));
    stack.inbox.wait_for(1).await;
    let key = crate::invitations::key(stack.inbox.only(EMAIL).await.link());

    let client = stack.client(kind);
    let sign_up = async |mut form: Value| {
        form["invitation"] = key.as_str().into();
        client.post("auth/signup", form).await
    };
    let bare = json!({"email": EMAIL, "password": PASSWORD});
    sign_up(bare).await.refuses(&["first_name: required", "terms: required"]);
    sign_up(form_with_password(FREE)).await.refuses(&["email: invitation_for_other_email"]);
    assert_eq!(hook.take(), [Value::Null; 0], "what is wrong anyway is not asked about");
    assert_eq!(stack.dynamodb.keys("INVITATION#").await.len(), 1, "nothing of that uses it up");
    stack.inbox.is_empty().await;

    let answer = sign_up(form_with_password(EMAIL)).await;
    let user = &answer.is_logged_in_as(EMAIL).body["data"]["user"];
    assert_eq!(
        (&user["first_name"], &user["last_name"], &user["role"], &user["terms"]["version"]),
        (&json!("Ann"), &json!("Lee"), &json!("editor"), &json!("2026-11"))
    );
    let asked = hook.take();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (&asked[0]["type"], &asked[0]["profile"]["role"]),
        (&json!("before_signup"), &json!("editor"))
    );
    assert_eq!(stack.dynamodb.keys("INVITATION#").await, [""; 0]);
    let access = answer.body["meta"]["access_token"].as_str().map(str::to_owned);
    (client, user["id"].as_str().unwrap().to_owned(), access)
}

/// Another API of the site knows who asks and their role: by an access token, and by the session.
async fn guarded(stack: &Stack, client: &Client, id: &str, access: Option<&str>) {
    let greeting = (200, json!({"hello": id}));
    assert_eq!(access.is_some(), client.kind == Kind::App);
    if let Some(access) = access {
        let claims = claims_in(access);
        assert_eq!((&claims["sub"], &claims["role"]), (&json!(id), &json!("editor")));
        let bearer = format!("Bearer {access}");
        for path in ["/by-token", "/by-token/sensitive"] {
            assert_eq!(by_token(stack, path, ("authorization", &bearer)).await, greeting);
        }
        // Who may not set a role does not get one by writing it into a token.
        let (head, rest) = access.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let altered = claims.to_string().replace("editor", "owner");
        let altered = BASE64_URL_SAFE_NO_PAD.encode(altered);
        let forged = format!("Bearer {head}.{altered}.{signature}");
        assert_eq!(by_token(stack, "/by-token", ("authorization", &forged)).await.0, 401);
    }
    let app = stack.function("authorizer", REQUIREMENTS).await;
    let headers = crate::guarding::shown(client);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(by_session(&app, "/by-session/sensitive", &headers).await, greeting);
    let verdict = serde_json::to_value(ask(&app, &Method::GET, &headers).await).unwrap();
    let context = &verdict["context"];
    assert_eq!((&context["email"], &context["role"]), (&json!(EMAIL), &json!("editor")));
    stack.inbox.is_empty().await;
}

/// What people do over the years, each with its mails.
async fn lives(stack: &Stack, client: &Client, bus: &mut Vec<Value>) {
    let headers = [("content-type", "application/json")];
    let change = |body: Value| client.send(Method::PATCH, "account/profile", &headers, body.to_string());
    change(json!({"role": "customer"})).await.refuses(&["role: read_only"]);
    let changed = change(json!({"last_name": "Smith"})).await;
    assert_eq!(changed.is(200).body["data"]["last_name"], "Smith");
    assert_eq!(recipients(&mails(&stack.inbox, bus).await), [""; 0]);

    client.post("account/email", json!({"email": SECOND})).await.is(200);
    let sent = mails(&stack.inbox, bus).await;
    assert_eq!(recipients(&sent).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([EMAIL, SECOND]));
    let key = sent.iter().find(|mail| mail.to == SECOND).unwrap().key();
    client.post("auth/email/verify", json!({"key": key})).await.is(200);
    assert_eq!(recipients(&mails(&stack.inbox, bus).await), [""; 0]);

    let passwords = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    client.post("account/password/change", passwords).await.is(200);
    client.post("auth/reauthenticate", json!({"password": NEW_PASSWORD})).await.is(200);
    let shown = client.get("account/authenticators/totp").await;
    let app = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    client.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
    let sent = mails(&stack.inbox, bus).await;
    assert_eq!(recipients(&sent).into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([EMAIL, SECOND]));
    assert!(sent.iter().all(|mail| !mail.is_secret()), "{sent:#?}");

    client.delete("auth/session").await.is(401);
    client.hold(None);
    log_in(client, EMAIL, PASSWORD).await.refuses(&["password: email_password_mismatch"]);
    log_in(client, EMAIL, NEW_PASSWORD).await.awaits("mfa_authenticate");
    client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is_logged_in_as(EMAIL);
    assert_eq!(recipients(&mails(&stack.inbox, bus).await), [""; 0]);
}

/// The events on the bus are those of the table, and sorted by `seq` the journey; user and operator read the same.
async fn told(stack: &Stack, client: &Client, id: &str, bus: &[Value]) {
    let mut recorded = events(stack).await;
    recorded.retain(|event| event["account_id"] == id);
    assert_eq!(ids(bus), ids(&recorded));
    let (mut numbered, others): (Vec<Value>, Vec<Value>) =
        bus.iter().cloned().partition(|event| !event["seq"].is_null());
    numbered.sort_by_key(|event| event["seq"].as_i64());
    numbered.dedup_by_key(|event| event["seq"].as_i64());
    let expected = [
        "user.signed_up",
        "email.confirmed",
        "user.logged_in",
        "profile.changed",
        "email.added",
        "email.confirmed",
        "password.changed",
        "authenticator.added",
        "authenticator.added",
        "user.logged_in",
    ];
    assert_eq!(types(&numbered), expected);
    assert!((1..).zip(&numbered).all(|(position, event)| event["seq"] == position), "{numbered:#?}");
    assert_eq!(types(&others), ["user.logged_out"]);
    for event in bus {
        assert_eq!((&event["actor"], &event["account_id"]), (&json!({"kind": "user"}), &json!(id)));
        assert_eq!(event["personal"]["ip"], "127.0.0.1");
    }
    assert_eq!(numbered[3]["data"], json!({"fields": ["last_name"]}));
    assert_eq!(numbered[4]["personal"]["email"], SECOND);

    client.get("account/history").await.is(401);
    client.post("auth/reauthenticate", json!({"password": NEW_PASSWORD})).await.is(200);
    let history = client.get("account/history").await;
    let read = crate::events::shown(history.is(200));
    assert_eq!((read.len(), ids(&read)), (recorded.len(), ids(&recorded)));
    let lines = stack.history(id).await.unwrap();
    assert_eq!(lines.lines().count(), recorded.len(), "{lines}");
    assert!(types(&recorded).iter().all(|name| lines.contains(name)), "{lines}");
    assert!(lines.contains(SECOND), "{lines}");
    stack.inbox.is_empty().await;
}

/// What somebody who writes to the table alters or removes is found, and named by its account.
async fn tampering_is_found(stack: &Stack, id: &str) {
    assert_eq!(verify(stack).await, [""; 0]);
    let holds = |item: &Value, kind: &str| item["events"]["S"].as_str().unwrap().contains(kind);
    assert_eq!(items(stack).await.iter().filter(|item| holds(item, "password.changed")).count(), 1);
    let altered = tampered(stack, |items| {
        for item in items.iter_mut().filter(|item| holds(item, "profile.changed")) {
            let events = item["events"]["S"].as_str().unwrap().replace("last_name", "first_name");
            item["events"]["S"] = events.into();
        }
    });
    let altered = altered.await;
    let removed = tampered(stack, |items| items.retain(|item| !holds(item, "password.changed"))).await;
    let unsigned = "were altered, or were not recorded by Vestibule";
    for (faults, ends) in [
        (altered, &[unsigned, "the events 4 to 4 are missing"][..]),
        (removed, &["the events 7 to 7 are missing"]),
    ] {
        assert_eq!(faults.len(), ends.len(), "{faults:?}");
        let named =
            |fault: &str, end: &str| fault.starts_with(&format!("account {id}: ")) && fault.ends_with(end);
        assert!(faults.iter().zip(ends).all(|(fault, end)| named(fault, end)), "{faults:?}");
    }
}

/// A commit may fail, or succeed without saying so; and whoever delivers what it recorded may find no table.
#[tokio::test]
async fn whatever_fails_every_event_arrives_and_none_without_its_change() {
    let stack = Stack::start(&[KEY, BUS, RECORDED[2], UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    // A request commits by a transaction; only deliveries read an item by itself.
    let (commit, delivery) = ("TransactWriteItems", "GetItem");
    let mut changed = BTreeSet::from([EMAIL.to_owned()]);
    for (number, (operation, fault, times, status)) in [
        (commit, Fault::InternalError, 1000, 503),
        (commit, Fault::Conflict, 1, 200),
        (commit, Fault::LoseAnswer, 1, 200),
        (delivery, Fault::InternalError, 1000, 200),
        (delivery, Fault::Drop, 1000, 200),
        (delivery, Fault::LoseAnswer, 1, 200),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ann{number}@example.com");
        stack.dynamodb.fail(Some(operation), fault, times);
        client.post("account/email", json!({"email": email})).await.is(status);
        assert_eq!(stack.dynamodb.recover(), times == 1, "{fault:?} has happened");
        changed.extend((status == 200).then_some(email));
    }
    let recorded = ids(&events(&stack).await);
    let lost: Vec<_> = recorded.difference(&ids(&delivered(&stack).await)).cloned().collect();
    assert_eq!(lost.len(), 4, "the two of the operator's sign-up, and two that could not be read: {lost:?}");
    stack.replay_events().await.unwrap();
    let arrived = delivered(&stack).await;
    assert_eq!(ids(&arrived), recorded);
    let listed = client.get("account/email").await;
    let listed = listed.is(200).body["data"].as_array().unwrap().clone();
    let listed: BTreeSet<_> =
        listed.iter().map(|email| email["email"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, changed);
    let added = arrived.iter().filter(|event| event["type"] == "email.added");
    let told: BTreeSet<_> =
        added.map(|event| event["personal"]["email"].as_str().unwrap().to_owned()).collect();
    changed.remove(EMAIL);
    assert_eq!(told, changed);
}
