//! Passkeys of others: a key signs for its own account, page, party and challenge.

use serde_json::{Value, json};
use vestibule_tests::Passkey;

use super::MALLORY;
use crate::webauthn::{
    AUTHENTICATE, KEYS, LOGIN, PASSKEYS, REAUTHENTICATE, add, enter, options, prove, start, with_key,
};
use crate::{Client, Kind, PASSWORD, Stack, log_in};

const ANN: &str = super::ANN;
const WRONG: &[&str] = &["credential: incorrect_code"];

/// Mallory, logged in, with a passkey of their own.
async fn mallory(stack: &Stack) -> (Client, Passkey) {
    stack.add_user(MALLORY).await;
    let mut key = Passkey::new(&format!("http://{}", stack.api));
    let client = stack.app();
    enter(&client, MALLORY).await;
    add(&client, &mut key, "?passwordless").await.is(200);
    (client, key)
}

async fn post(client: &Client, path: &str, credential: &Value) -> crate::Answer {
    client.post(path, json!({"credential": credential})).await
}

#[tokio::test]
async fn a_key_is_no_second_factor_of_another_account() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    let (client, mut own) = mallory(&stack).await;
    // Mallory knows the password, and signs with a key of their own, under every name.
    let thief = stack.app();
    log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
    prove(&thief, AUTHENTICATE, &mut own).await.refuses(WRONG);
    own.user_handle.clone_from(&key.user_handle);
    prove(&thief, AUTHENTICATE, &mut own).await.refuses(WRONG);
    prove(&stack.app(), LOGIN, &mut own).await.refuses(WRONG);
    own.id.clone_from(&key.id);
    prove(&thief, AUTHENTICATE, &mut own).await.refuses(WRONG);
    prove(&stack.app(), LOGIN, &mut own).await.refuses(WRONG);
    // Ann's proof is none of who Mallory is.
    prove(&client, REAUTHENTICATE, &mut key).await.refuses(WRONG);
    thief.get("auth/session").await.awaits("mfa_authenticate");
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
}

#[tokio::test]
async fn a_challenge_is_of_one_session_and_one_ceremony() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    // Signed in a session of Mallory's, who relays it; and the other way around.
    let (one, other) = (stack.app(), stack.app());
    let of_one = options(&one, LOGIN).await;
    options(&other, LOGIN).await;
    let signed = key.get(&of_one);
    post(&other, LOGIN, &signed).await.refuses(WRONG);
    post(&stack.app(), LOGIN, &signed).await.refuses(WRONG);
    // It is asked for again, and the first is void.
    options(&one, LOGIN).await;
    post(&one, LOGIN, &signed).await.refuses(WRONG);
    // Nor is what a new key is asked for with, where nobody need be checked, enough for a login.
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
    prove(&ann, REAUTHENTICATE, &mut key).await.is(200);
    let creation = options(&ann, KEYS).await;
    let party = &creation["publicKey"]["rp"]["id"];
    let request = json!({"publicKey": {"rpId": party, "challenge": creation["publicKey"]["challenge"]}});
    key.verifies_user = false;
    post(&ann, LOGIN, &key.get(&request)).await.refuses(WRONG);
    key.verifies_user = true;
    // What is signed to register a key logs nobody in.
    let made = Passkey::new(&key.origin).create(&options(&ann, KEYS).await);
    post(&ann, LOGIN, &made).await.refuses(WRONG);
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_login() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let ann = with_key(&stack, &mut key, Kind::Browser).await;
    let own = key.origin.clone();
    for origin in [
        "https://evil.example".to_owned(),
        format!("{own}.evil.example"),
        own.replace("http://", "https://evil.example@"),
        "null".to_owned(),
        String::new(),
    ] {
        key.origin = origin;
        prove(&stack.app(), LOGIN, &mut key).await.refuses(WRONG);
    }
    key.origin = own;
    // Another party, as an authenticator would sign for it there.
    for party in ["evil.example", "", "127.0.0.2"] {
        let client = stack.app();
        let mut asked = options(&client, LOGIN).await;
        asked["publicKey"]["rpId"] = json!(party);
        let signed = key.get(&asked);
        post(&client, LOGIN, &signed).await.refuses(WRONG);
    }
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
}

#[tokio::test]
async fn a_key_that_was_taken_away_opens_nothing() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    let thief = stack.app();
    let asked = options(&thief, LOGIN).await;
    let waiting = stack.app();
    log_in(&waiting, ANN, PASSWORD).await.awaits("mfa_authenticate");
    let asked_for_factor = options(&waiting, AUTHENTICATE).await;
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
    prove(&ann, REAUTHENTICATE, &mut key).await.is(200);
    let keys = ann.get("account/authenticators").await;
    let id =
        &keys.is(200).body["data"].as_array().unwrap().iter().find(|key| key["type"] == "webauthn").unwrap()
            ["id"];
    ann.delete_with(KEYS, json!({"authenticators": [id]})).await.is(200);
    let signed = key.get(&asked);
    post(&thief, LOGIN, &signed).await.refuses(WRONG);
    let signed = key.get(&asked_for_factor);
    assert!(!post(&waiting, AUTHENTICATE, &signed).await.succeeded());
    log_in(&stack.app(), ANN, PASSWORD).await.is_logged_in_as(ANN);
}

/// Ids of keys are small numbers: another account's are not taken.
#[tokio::test]
async fn a_key_of_another_account_is_neither_renamed_nor_removed() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
    let keys = ann.get("account/authenticators").await;
    let id = keys.is(200).body["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["type"] == "webauthn")
        .unwrap()["id"]
        .clone();
    let (client, _) = mallory(&stack).await;
    let rename = json!({"id": id, "name": "mine"}).to_string();
    client.send(http::Method::PUT, KEYS, &[], rename).await.refuses(&["id: invalid_choice"]);
    let answer = client.delete_with(KEYS, json!({"authenticators": [id]})).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
    let keys = ann.get("account/authenticators").await;
    assert!(keys.is(200).text.contains("\"Key\""), "{}", keys.text);
}
