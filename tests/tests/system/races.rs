//! Many requests at once: whatever can happen once happens once, and what is left is whole.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{join, join_all, join4};
use http::Method;
use serde_json::json;
use vestibule::app::Requirements;
use vestibule::changes::Changes;
use vestibule::domain::account::Account;
use vestibule::domain::account_id::AccountId;
use vestibule::snapshot::{Loaded, Stored};
use vestibule::store::{CommitContext, StoreError};
use vestibule_tests::identity_provider::{CLIENT_ID, IdentityProvider, query_of};

use crate::{
    Answer, Client, Fault, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, credentials,
    has_ended, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";
pub(crate) const MANY: usize = 64;

/// Makes this many requests at once.
pub(crate) async fn at_once<F: Future<Output = Answer>>(
    count: usize,
    request: impl Fn(usize) -> F,
) -> Vec<Answer> {
    join_all((0..count).map(request)).await
}

/// Fails unless each answer is one that a loser may get: that it came too late, or is to come again.
#[track_caller]
pub(crate) fn has_lost(answer: &Answer) {
    match answer.status {
        400 | 401 | 409 | 410 => {}
        503 => assert_eq!(answer.header("retry-after"), ["1"]),
        status => assert!(status < 400, "{status} is no answer to who comes too late: {}", answer.text),
    }
}

#[track_caller]
pub(crate) fn one_wins(answers: &[Answer], wins: impl Fn(&Answer) -> bool) -> usize {
    let winners: Vec<usize> = (0..answers.len()).filter(|at| wins(&answers[*at])).collect();
    assert_eq!(
        winners.len(),
        1,
        "{winners:?} of {:?}",
        answers.iter().map(|it| it.status).collect::<Vec<_>>()
    );
    answers.iter().enumerate().filter(|(at, _)| *at != winners[0]).for_each(|(_, answer)| has_lost(answer));
    winners[0]
}

pub(crate) async fn count(stack: &Stack, prefix: &str, part: &str) -> usize {
    stack.dynamodb.keys(prefix).await.iter().filter(|key| key.contains(part)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_makes_one_account() {
    for kind in Kind::ALL {
        for count_at_once in [2, 16] {
            let stack = Stack::start(&[]).await;
            let clients: Vec<Client> = (0..count_at_once).map(|_| stack.client(kind)).collect();
            let answers = at_once(count_at_once, |at| sign_up(&clients[at], EMAIL)).await;
            for answer in &answers {
                // All look the same, whoever was first; but some may have to come again.
                if answer.status != 503 {
                    answer.awaits("verify_email");
                }
            }
            assert!(answers.iter().any(|answer| answer.status == 401));
            assert_eq!(count(&stack, "USER#", " ACCOUNT").await, 1);
            assert_eq!(count(&stack, "EMAIL#", " USER#").await, 1);
            // One mail within three minutes: the link for the one that made the account.
            let key = stack.inbox.only(EMAIL).await.key();
            clients[0].post("auth/email/verify", json!({"key": key})).await.is(401);
            log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_username_makes_one_account() {
    let stack = Stack::start(&[
        ("ACCOUNT_LOGIN_METHODS", "username"),
        ("ACCOUNT_SIGNUP_FIELDS", "username*,password1*"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
        UNLIMITED,
    ])
    .await;
    let clients: Vec<Client> = (0..8).map(|_| stack.app()).collect();
    let body = |at: usize| json!({"username": if at.is_multiple_of(2) { "ann" } else { "ANN" }, "password": PASSWORD});
    let answers = at_once(8, |at| clients[at].post("auth/signup", body(at))).await;
    one_wins(&answers, |answer| answer.status == 200);
    assert_eq!(count(&stack, "USER#", " ACCOUNT").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_code_logs_in_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), UNLIMITED]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
        let answers = at_once(MANY, |at| twins[at].post("auth/code/confirm", json!({"code": code}))).await;
        let winner = one_wins(&answers, |answer| answer.status == 200);
        twins[winner].get("auth/session").await.is_logged_in_as(EMAIL);
        assert_eq!(count(&stack, "", "SESSION#").await, 1);
        stack.inbox.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_code_verifies_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"), UNLIMITED]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let code = stack.inbox.only(EMAIL).await.code();
        let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
        let answers = at_once(MANY, |at| twins[at].post("auth/email/verify", json!({"key": code}))).await;
        let winner = one_wins(&answers, |answer| answer.status == 200);
        twins[winner].get("auth/session").await.is_logged_in_as(EMAIL);
        assert_eq!(count(&stack, "", "SESSION#").await, 1);
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_link_verifies_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[UNLIMITED]).await;
        sign_up(&stack.client(kind), EMAIL).await.awaits("verify_email");
        let key = stack.inbox.only(EMAIL).await.key();
        let clients: Vec<Client> = (0..MANY).map(|_| stack.client(kind)).collect();
        let answers = at_once(MANY, |at| clients[at].post("auth/email/verify", json!({"key": key}))).await;
        one_wins(&answers, |answer| answer.status == 401);
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_code_sets_one_password() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"), UNLIMITED]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await.awaits("password_reset_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
        let body = |at: usize| json!({"key": code, "password": format!("{NEW_PASSWORD}-{at}")});
        let answers = at_once(MANY, |at| twins[at].post("auth/password/reset", body(at))).await;
        // A twin whose session is gone gets 410 or 409.
        let winner = one_wins(&answers, |answer| answer.status == 401);
        one_password(&stack, kind, winner).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_link_sets_one_password() {
    for kind in Kind::ALL {
        for links in [1, 2] {
            let stack = Stack::start(&[UNLIMITED]).await;
            stack.add_user(EMAIL).await;
            let mut keys = Vec::new();
            for _ in 0..links {
                stack.client(kind).post("auth/password/request", json!({"email": EMAIL})).await.is(200);
                keys.push(stack.inbox.only(EMAIL).await.key());
            }
            let clients: Vec<Client> = (0..MANY).map(|_| stack.client(kind)).collect();
            let body =
                |at: usize| json!({"key": keys[at % links], "password": format!("{NEW_PASSWORD}-{at}")});
            let answers = at_once(MANY, |at| clients[at].post("auth/password/reset", body(at))).await;
            let winner = one_wins(&answers, |answer| answer.status == 401);
            one_password(&stack, kind, winner).await;
        }
    }
}

/// The winner's new password is the account's, and nobody else's is.
async fn one_password(stack: &Stack, kind: Kind, winner: usize) {
    for at in (0..MANY).step_by(9).chain([winner]) {
        let answer = log_in(&stack.client(kind), EMAIL, &format!("{NEW_PASSWORD}-{at}")).await;
        answer.is(if at == winner { 200 } else { 400 });
    }
    log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
}

/// Logins of one account that wait for its second factor.
async fn waiting_for_the_factor(stack: &Stack, kind: Kind, count: usize) -> Vec<Client> {
    let clients: Vec<Client> = (0..count).map(|_| stack.client(kind)).collect();
    for client in &clients {
        log_in(client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_of_an_app_is_a_second_factor_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
        stack.add_user(EMAIL).await;
        let app = add_app(&stack.client(kind), EMAIL).await;
        // Once in one login, and then in many.
        let login = waiting_for_the_factor(&stack, kind, 1).await.remove(0);
        let twins: Vec<Client> = (0..MANY).map(|_| login.twin()).collect();
        let others = waiting_for_the_factor(&stack, kind, MANY).await;
        for (clients, code) in [(twins, app.code(0)), (others, app.code(1))] {
            let body = json!({"code": code});
            let answers = at_once(MANY, |at| clients[at].post("auth/2fa/authenticate", body.clone())).await;
            let winner = one_wins(&answers, |answer| answer.status == 200);
            clients[winner].get("auth/session").await.is_logged_in_as(EMAIL);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_code_is_a_second_factor_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
        stack.add_user(EMAIL).await;
        let owner = stack.client(kind);
        add_app(&owner, EMAIL).await;
        let codes = owner.get("account/authenticators/recovery-codes").await;
        let body = json!({"code": codes.body["data"]["unused_codes"][0]});
        let clients = waiting_for_the_factor(&stack, kind, MANY).await;
        let answers = at_once(MANY, |at| clients[at].post("auth/2fa/authenticate", body.clone())).await;
        let winner = one_wins(&answers, |answer| answer.status == 200);
        clients[winner].get("auth/session").await.is_logged_in_as(EMAIL);
        let left = owner.get("account/authenticators/recovery-codes").await;
        assert_eq!(left.body["data"]["unused_code_count"], 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_codes_that_are_shown_once_are_shown_once() {
    for kind in Kind::ALL {
        let once = ("MFA_RECOVERY_CODES_SHOW_ONCE", "true");
        let stack = Stack::start(&[&PATIENT[..], &[UNLIMITED, once]].concat()).await;
        stack.add_user(EMAIL).await;
        let owner = stack.client(kind);
        add_app(&owner, EMAIL).await;
        let twins: Vec<Client> = (0..MANY).map(|_| owner.twin()).collect();
        let answers = at_once(MANY, |at| twins[at].get("account/authenticators/recovery-codes")).await;
        one_wins(&answers, |answer| answer.body["data"].get("unused_codes").is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_can_be_guessed_at_three_times_however_fast() {
    let stack = Stack::start(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
    let code = stack.inbox.only(EMAIL).await.code();
    let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
    let answers =
        at_once(MANY, |at| twins[at].post("auth/code/confirm", json!({"code": format!("WRONG-{at}")}))).await;
    answers.iter().for_each(has_lost);
    assert!(answers.iter().filter(|answer| answer.status == 400).count() <= 3);
    let mut tries = answers.iter().filter(|answer| answer.status == 400).count();
    while client.post("auth/code/confirm", json!({"code": "WRONG-X"})).await.status == 400 {
        tries += 1;
    }
    assert_eq!(tries, 3);
    client.post("auth/code/confirm", json!({"code": code})).await.is(409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_can_be_guessed_at_five_times_however_fast() {
    for kind in Kind::ALL {
        let stack =
            Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login": null, "login_failed": "5/5m/key"}"#)]).await;
        stack.add_user(EMAIL).await;
        let clients: Vec<Client> = (0..MANY).map(|_| stack.client(kind)).collect();
        let answers =
            at_once(MANY, |at| clients[at].post("auth/login", credentials(EMAIL, &format!("wrong-{at}"))))
                .await;
        answers.iter().for_each(has_lost);
        let is_real = |answer: &Answer| answer.errors() == ["password: email_password_mismatch"];
        let mut real = answers.iter().filter(|answer| is_real(answer)).count();
        assert!(real <= 5, "{real}");
        while is_real(&log_in(&clients[0], EMAIL, "wrong").await) {
            real += 1;
        }
        assert_eq!(real, 5, "each real answer was counted, and nothing else");
        log_in(&clients[0], EMAIL, PASSWORD).await.refuses(&["too_many_login_attempts"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_passwords_at_once_all_log_in_or_come_again() {
    let stack = Stack::start(&[UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let clients: Vec<Client> = (0..16).map(|_| stack.app()).collect();
    let answers = at_once(16, |at| log_in(&clients[at], EMAIL, PASSWORD)).await;
    let mut logged_in = 0;
    for (answer, client) in answers.iter().zip(&clients) {
        if answer.status == 503 {
            has_lost(answer);
        } else {
            answer.is_logged_in_as(EMAIL);
            client.get("auth/session").await.is_logged_in_as(EMAIL);
            logged_in += 1;
        }
    }
    assert!(logged_in > 0);
    assert_eq!(count(&stack, "USER#", " SESSION#").await, logged_in);
}

/// People behind one IP address, as in an office or on a mobile network, share its counters.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_behind_one_address_do_not_shut_each_other_out() {
    let stack = Stack::start(&[]).await;
    let emails: Vec<String> = (0..8).map(|at| format!("user{at}@example.com")).collect();
    for email in &emails {
        stack.add_user(email).await;
    }
    let clients: Vec<Client> = emails.iter().map(|_| stack.app()).collect();
    let answers = at_once(8, |at| log_in(&clients[at], &emails[at], PASSWORD)).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200; 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_brings_back_once() {
    let idp = IdentityProvider::start().await;
    let setting = json!({"openid_connect": {"APPS": [idp.app("club")]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let browser = stack.browser();
    let form = "provider=club&process=login&callback_url=%2Fback";
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let departed = browser.send(Method::POST, "auth/provider/redirect", &kind, form).await;
    let location = departed.header("location")[0].to_owned();
    let code = idp.consent(&location, json!({"sub": "ann", "email": EMAIL, "email_verified": true}));
    let state = &query_of(&location)["state"];
    let path = format!("/accounts/oidc/club/login/callback/?state={state}&code={code}");
    let tabs: Vec<Client> = (0..MANY).map(|_| browser.twin()).collect();
    let answers = at_once(MANY, |at| tabs[at].get(&path)).await;
    let winner = one_wins(&answers, |answer| answer.header("location") == ["/back"]);
    // Services revoke what they gave when a code comes twice.
    assert_eq!(idp.exchanges(), 1);
    for (at, answer) in answers.iter().enumerate().filter(|(at, _)| *at != winner) {
        let refused = answer.status == 503 || answer.header("location")[0].contains("error=unknown");
        assert!(refused, "{at}: {} {:?}", answer.status, answer.headers);
    }
    tabs[winner].get("auth/session").await.is_logged_in_as(EMAIL);
    assert_eq!(count(&stack, "USER#", " SESSION#").await, 1);
    assert_eq!(count(&stack, "SOCIAL#", "").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_token_that_is_good_once_logs_in_once() {
    let idp = IdentityProvider::start().await;
    let setting = json!({"openid_connect": {"APPS": [idp.app("club")]}}).to_string();
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting)]).await;
    let id_token =
        idp.id_token(&json!({"sub": "ann", "email": EMAIL, "email_verified": true, "jti": "once"}));
    let token = json!({"client_id": CLIENT_ID, "id_token": id_token});
    let body = json!({"provider": "club", "process": "login", "token": token});
    let clients: Vec<Client> = (0..MANY).map(|_| stack.app()).collect();
    let answers = at_once(MANY, |at| clients[at].post("auth/provider/token", body.clone())).await;
    one_wins(&answers, |answer| answer.status == 200);
    assert_eq!(count(&stack, "USER#", " SESSION#").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_elsewhere_belongs_to_one_account_here() {
    let stack = Stack::start(&[UNLIMITED]).await;
    let clients: Vec<Client> = (0..16).map(|_| stack.app()).collect();
    for (at, client) in clients.iter().enumerate() {
        let email = format!("user{at}@example.com");
        stack.add_user(&email).await;
        log_in(client, &email, PASSWORD).await.is(200);
    }
    let token = json!({"id_token": json!({"id": 1}).to_string()});
    let body = json!({"provider": "dummy", "process": "connect", "token": token});
    let answers = at_once(16, |at| clients[at].post("auth/provider/token", body.clone())).await;
    one_wins(&answers, |answer| answer.status == 200);
    assert_eq!(count(&stack, "SOCIAL#", "").await, 1);
}

const DELETION: (&str, &str) = ("ACCOUNT_DELETION_ENABLED", "true");

/// A client that may delete Ann's account.
async fn about_to_leave(stack: &Stack, kind: Kind) -> Client {
    let client = stack.client(kind);
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_deleted_once() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DELETION, UNLIMITED]).await;
        stack.add_user(EMAIL).await;
        let client = about_to_leave(&stack, kind).await;
        let twins: Vec<Client> = (0..MANY).map(|_| client.twin()).collect();
        let answers = at_once(MANY, |at| twins[at].delete("account")).await;
        one_wins(&answers, |answer| answer.status == 200);
        stack.inbox.only(EMAIL).await;
        assert_eq!(count(&stack, "USER#", "").await, 0);
        assert_eq!(count(&stack, "EMAIL#", "").await, 0);
    }
}

/// Whoever logs in at the same time does so before, and is logged out, or finds nobody; no session is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_outlives_its_account() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[DELETION, UNLIMITED]).await;
        stack.add_user(EMAIL).await;
        let leaver = about_to_leave(&stack, kind).await;
        let clients: Vec<Client> = (0..16).map(|_| stack.client(kind)).collect();
        let (logins, deletions) = join(
            at_once(16, |at| log_in(&clients[at], EMAIL, PASSWORD)),
            at_once(8, |_| async {
                let mut answer = leaver.twin().delete("account").await;
                while answer.status == 503 {
                    answer = leaver.twin().delete("account").await;
                }
                answer
            }),
        )
        .await;
        one_wins(&deletions, |answer| answer.status == 200);
        logins.iter().for_each(has_lost);
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
        assert_eq!(count(&stack, "EMAIL#", "").await, 0);
        for client in clients.iter().filter(|client| client.token().is_some()) {
            has_ended(client).await;
        }
        stack.inbox.only(EMAIL).await;
    }
}

/// A deletion that reads the account later than its sessions would know of the login, but not of its session.
#[tokio::test]
async fn a_deletion_ends_the_session_of_a_login_while_it_reads() {
    let stack = Stack::start(&[DELETION, UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let leaver = about_to_leave(&stack, Kind::App).await;
    stack.dynamodb.fail(Some("BatchGetItem"), Fault::Slow(Duration::from_millis(600)), 1);
    let other = stack.app();
    let (deleted, logged_in) = join(leaver.delete("account"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        log_in(&other, EMAIL, PASSWORD).await
    })
    .await;
    deleted.is(200);
    logged_in.is(200);
    assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
}

/// Two logins in one millisecond are two: an account is not deleted by who knows of one of them.
#[tokio::test]
async fn an_account_is_not_deleted_under_a_login() {
    let stack = Stack::start(&[]).await;
    let id = AccountId::parse(&stack.add_user(EMAIL).await).unwrap();
    let app = stack.process(Requirements::TABLE).await;
    let store = app.store().unwrap();
    let now = app.clock.now();
    let commit = async |token: &str, before: &Stored<Account>, after: Option<Account>| {
        let loaded = Loaded::default();
        let context = CommitContext {
            loaded: &loaded,
            now,
            session_expires_at: now,
            session_max_age: None,
            unique_email: true,
            token,
            outbox: &[],
        };
        store.commit(&Changes::of_account(Some(before.clone()), after), &context).await
    };
    let logged_in = |before: &Stored<Account>| {
        let logins = before.value.logins + 1;
        Some(Account { last_login_at: Some(now), logins, ..before.value.clone() })
    };

    let before = store.account(&id).await.unwrap().unwrap();
    commit("first login", &before, logged_in(&before)).await.unwrap();
    let between = store.account(&id).await.unwrap().unwrap();
    commit("second login", &before, logged_in(&before)).await.unwrap();
    let lost = commit("deletion", &between, None).await;
    assert!(matches!(lost, Err(StoreError::Lost)), "{lost:?}");

    let newest = store.account(&id).await.unwrap().unwrap();
    assert_eq!((newest.value.logins, newest.value.last_login_at), (2, Some(now)));
    commit("deletion of all", &newest, None).await.unwrap();
    assert!(store.account(&id).await.unwrap().is_none());
}

/// An address is verified for an account that goes, or not at all; and whoever signs up with it meanwhile gets an account
/// of their own, or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_to_an_account_that_goes() {
    let second = "ann@example.org";
    for round in 0..4 {
        let stack = Stack::start(&[DELETION, UNLIMITED]).await;
        let id = stack.add_user(EMAIL).await;
        let leaver = about_to_leave(&stack, Kind::App).await;
        leaver.post("account/email", json!({"email": second})).await.is(200);
        let key = stack.inbox.only_to(second).await.key();
        let (other, stranger, twin) = (stack.app(), stack.app(), leaver.twin());
        let (verified, added, signed_up, deleted) = join4(
            other.post("auth/email/verify", json!({"key": key})),
            twin.post("account/email", json!({"email": "third@example.org"})),
            sign_up(&stranger, EMAIL),
            async {
                for _ in 0..round {
                    leaver.get("config").await.is(200);
                }
                leaver.delete("account").await
            },
        )
        .await;
        deleted.is(200);
        has_lost(&verified);
        has_lost(&added);
        if signed_up.status != 503 {
            signed_up.awaits("verify_email");
        }
        let left = stack.dynamodb.keys("").await;
        assert!(left.iter().all(|key| !key.contains(&id)), "{left:#?}");
        let accounts = count(&stack, "USER#", " ACCOUNT").await;
        assert!(accounts <= 1);
        assert_eq!(count(&stack, "EMAIL#", " USER#").await, accounts, "{left:#?}");
        assert_eq!(count(&stack, "EMAIL#", " CLAIM").await, accounts, "{left:#?}");
    }
}
