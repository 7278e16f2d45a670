//! Many at once on what is good once, as far as the module `races` does not show it already.

use serde_json::json;
use vestibule_tests::PATIENT;

use super::ANN;
use crate::races::{MANY, at_once, count, has_lost, one_wins};
use crate::social::{BY_CODE, dummy};
use crate::tokens::{HS256, JWT, refresh, tokens, with_access};
use crate::{Client, Kind, PASSWORD, Stack, UNLIMITED, add_app, credentials, log_in};

const NEW: &str = "new@example.org";
const PHONE: &str = "+31612345678";

/// One email address, by every way to sign up at once: by password, by passkey, and by a service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_makes_one_account_whatever_the_way() {
    let settings = [
        BY_CODE,
        UNLIMITED,
        ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
        ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
    ];
    let stack = Stack::start(&settings).await;
    let clients: Vec<Client> = (0..30).map(|_| stack.app()).collect();
    let answers = at_once(30, async |at| match at % 3 {
        0 => clients[at].post("auth/signup", credentials(NEW, PASSWORD)).await,
        1 => clients[at].post("auth/webauthn/signup", json!({"email": NEW})).await,
        _ => dummy(&clients[at], "login", json!({"id": at, "email": NEW})).await,
    })
    .await;
    for answer in &answers {
        if answer.status != 503 {
            answer.awaits("verify_email");
        }
    }
    assert_eq!(count(&stack, "USER#", " ACCOUNT").await, 1);
    assert_eq!(count(&stack, "EMAIL#", " USER#").await, 1);
    assert!(count(&stack, "SOCIAL#", "").await <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_by_text_logs_in_once() {
    let settings = [
        UNLIMITED,
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_METHODS", "email,phone"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*"),
    ];
    let stack = Stack::start(&settings).await;
    let user = vestibule_cli::arguments::UserAdd {
        email: Some(ANN.to_owned()),
        phone: Some(PHONE.to_owned()),
        ..stack.nobody()
    };
    stack.add(user).await;
    let client = stack.app();
    client.post("auth/code/request", json!({"phone": PHONE})).await.awaits("login_by_code");
    let body = json!({"code": stack.inbox.only(PHONE).await.code()});
    let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
    let answers = at_once(MANY, |at| twins[at].post("auth/code/confirm", body.clone())).await;
    let winner = one_wins(&answers, |answer| answer.status == 200);
    twins[winner].get("auth/session").await.is_logged_in_as(ANN);
}

/// The same code proves it once more in one session of many, and is then used up for logins as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_of_an_app_proves_once_at_whatever_endpoint() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
        stack.add_user(ANN).await;
        let owner = stack.client(kind);
        let app = add_app(&owner, ANN).await;
        let twins: Vec<Client> = (0..MANY / 2).map(|_| owner.twin()).collect();
        let logins: Vec<Client> = (0..MANY / 2).map(|_| stack.client(kind)).collect();
        for login in &logins {
            log_in(login, ANN, PASSWORD).await.awaits("mfa_authenticate");
        }
        let body = json!({"code": app.code(1)});
        let answers = at_once(MANY, async |at| match twins.get(at) {
            Some(twin) => twin.post("auth/2fa/reauthenticate", body.clone()).await,
            None => logins[at - twins.len()].post("auth/2fa/authenticate", body.clone()).await,
        })
        .await;
        one_wins(&answers, |answer| answer.status == 200);
    }
}

/// Without grace a refresh token is exchanged once at most, and what comes twice ends the session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_without_grace_is_exchanged_once() {
    let settings = [JWT, HS256, UNLIMITED, ("HEADLESS_JWT_REFRESH_GRACE", "0")];
    let stack = Stack::start(&settings).await;
    stack.add_user(ANN).await;
    let (_, first) = tokens(&stack).await;
    let answers = at_once(MANY, |_| refresh(&stack, &first.refresh)).await;
    assert!(answers.iter().filter(|answer| answer.status == 200).count() <= 1);
    answers.iter().filter(|answer| answer.status != 200).for_each(has_lost);
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let second = answer.body["data"]["refresh_token"].as_str().unwrap();
        refresh(&stack, second).await.is(400);
    }
    with_access(&stack, &first.access).await.is(410);
    log_in(&stack.app(), ANN, PASSWORD).await.is_logged_in_as(ANN);
}

/// Of all that replace the one address of an account at once, one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_changed_to_one_other() {
    let stack = super::stack(&[BY_CODE, UNLIMITED, ("ACCOUNT_CHANGE_EMAIL", "true")]).await;
    let ann = stack.app();
    super::enter(&ann, ANN).await;
    ann.post("account/email", json!({"email": NEW})).await.is(200);
    let body = json!({"key": stack.inbox.only(NEW).await.code()});
    let twins: Vec<Client> = (0..MANY).map(|_| ann.twin()).collect();
    let answers = at_once(MANY, |at| twins[at].post("auth/email/verify", body.clone())).await;
    one_wins(&answers, |answer| answer.status == 200);
    log_in(&stack.app(), NEW, PASSWORD).await.is_logged_in_as(NEW);
    log_in(&stack.app(), ANN, PASSWORD).await.is(400);
    assert_eq!(count(&stack, &format!("EMAIL#{ANN}"), "").await, 0);
}
