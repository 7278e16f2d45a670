//! Events of accounts by HTTPS: each arrives signed, and again where it was not accepted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use vestibule_events::EventTarget;
use vestibule_stand_in::{Received, Server};

use crate::events::{KEY, RECORDED, events, ids, items, record};
use crate::{Kind, Logs, PASSWORD, Stack, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// As an operator has it who delivers to the stack's URL from outside it.
const PRIVATE: (&str, &str) = ("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", "true");

async fn stack(url: &str) -> Stack {
    Stack::start(&[KEY, RECORDED[2], PRIVATE, ("EVENTS_URL", url), ("EVENTS_SECRET", SECRET)]).await
}

/// A server that accepts events, unless it is said to be down, and the switch for that.
async fn server() -> (Server, Arc<AtomicBool>) {
    let is_down = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_down);
    let answer = move |_: &Received| {
        let status =
            if switch.load(Ordering::SeqCst) { "500 Internal Server Error" } else { "204 No Content" };
        Server::with_status(status, "")
    };
    (Server::start(answer).await, is_down)
}

/// The event of a request, if the request is signed.
fn verified(request: &Received) -> Value {
    let (id, timestamp) = (&request.headers["webhook-id"], &request.headers["webhook-timestamp"]);
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.{}", request.body).as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(request.headers["webhook-signature"], format!("v1,{expected}"));
    let event: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(event["id"], id.as_str());
    event
}

fn received(server: &Server) -> Vec<Value> {
    server.all().iter().map(verified).collect()
}

#[tokio::test]
async fn each_event_is_sent_once_with_a_signature() {
    for kind in Kind::ALL {
        let logs = Logs::capture();
        let (server, _) = server().await;
        let stack = stack(&format!("{}/hidden-path", server.url)).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let key = stack.inbox.only(EMAIL).await.key();
        client.post("auth/email/verify", json!({"key": key})).await.is(401);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let found = received(&server);
        assert_eq!(ids(&found), ids(&events(&stack).await));
        assert_eq!(found.len(), ids(&found).len(), "each of them once");
        let types: BTreeSet<_> = found.iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(types, BTreeSet::from(["email.confirmed", "user.logged_in", "user.signed_up"]));
        let signed_up = found.iter().find(|event| event["type"] == "user.signed_up").unwrap();
        assert_eq!(signed_up["personal"]["email"], EMAIL);
        let table = json!(stack.dynamodb.items().await).to_string();
        for hidden in [SECRET.trim_start_matches("whsec_"), "hidden-path"] {
            assert!(!logs.own().contains(hidden) && !table.contains(hidden), "{hidden}");
            assert!(server.all().iter().all(|request| !request.body.contains(hidden)));
        }
    }
}

#[tokio::test]
async fn a_url_that_is_down_loses_nothing_and_holds_nobody_up() {
    let (server, is_down) = server().await;
    let stack = stack(&format!("{}/hidden-path", server.url)).await;
    stack.add_user(EMAIL).await;
    is_down.store(true, Ordering::SeqCst);
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let recorded = events(&stack).await;
    assert!(!received(&server).is_empty());
    let error = stack.replay_events().await.unwrap_err();
    assert!(error.contains("127.0.0.1 did not accept an event: status 500"), "{error}");
    assert!(!error.contains("hidden-path"), "{error}");

    is_down.store(false, Ordering::SeqCst);
    let before = received(&server).len();
    assert_eq!(stack.replay_events().await.unwrap(), recorded.len());
    let again = received(&server).split_off(before);
    assert_eq!(again.len(), recorded.len());
    assert_eq!(ids(&again), ids(&recorded), "each has the id that it had");
}

#[tokio::test]
async fn what_is_not_accepted_is_named_to_the_stream_and_sent_again() {
    let (server, is_down) = server().await;
    let stack = stack(&server.url).await;
    stack.add_user(EMAIL).await;
    let app = stack.function("events", vestibule_events::REQUIREMENTS).await;
    let target = EventTarget::connect(&app).await.unwrap();
    let item = items(&stack).await.remove(0);
    let before = received(&server).len();
    for (down, expected) in [(true, json!([{"itemIdentifier": "7"}])), (false, json!([]))] {
        is_down.store(down, Ordering::SeqCst);
        let announced = json!({"Records": [record(&item["pk"], &item["sk"], "7")]});
        let announced = serde_json::from_value(announced).unwrap();
        let answer = vestibule_events::handle(&app, &target, announced).await.unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap(), json!({"batchItemFailures": expected}));
    }
    let sent = received(&server).split_off(before);
    let of_the_item: Vec<Value> = serde_json::from_str(item["events"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(sent.len(), 2 * of_the_item.len());
    assert_eq!(ids(&sent), ids(&of_the_item), "with the same id");
}

#[tokio::test]
async fn a_url_without_a_usable_secret_does_not_start() {
    let url = ("EVENTS_URL", "https://events.example.com/");
    let unsigned = Stack::try_start(&[url]).await.err().unwrap().to_string();
    assert!(unsigned.contains("EVENTS_SECRET_ARN must be set, or EVENTS_SECRET"), "{unsigned}");
    let wrong = Stack::try_start(&[url, ("EVENTS_SECRET", "whsec_hidden")]).await.err().unwrap().to_string();
    assert!(wrong.contains("EVENTS_SECRET: must be whsec_ followed by"), "{wrong}");
    assert!(!wrong.contains("hidden"), "{wrong}");
}
