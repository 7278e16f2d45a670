//! DynamoDB throttled, slow, down, or failing after it has done what it was asked: nothing is done twice, nothing is lost
//! in part, and what is answered is true.

use std::time::Duration;

use futures_util::future::join_all;
use lambda_http::{Body, Context, RequestExt as _};
use serde_json::json;
use vestibule::http::answer;
use vestibule::store::WARM_UP;
use vestibule_authorizer::{Undecided, authorize_before};

use crate::guarding::event;
use crate::{Answer, Client, Fault, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, log_in, sign_up};

/// More often than anybody tries again.
const ALWAYS: usize = 1000;
const COMMIT: Option<&str> = Some("TransactWriteItems");

/// How many failures in a row, of what.
const PASSING: [(Option<&str>, Fault, usize); 14] = [
    (None, Fault::Throughput, 1),
    (None, Fault::Throttling, 2),
    (None, Fault::InternalError, 2),
    (None, Fault::Drop, 1),
    (COMMIT, Fault::Throughput, 2),
    (COMMIT, Fault::Throttling, 1),
    (COMMIT, Fault::InternalError, 2),
    (COMMIT, Fault::Drop, 2),
    (COMMIT, Fault::LoseAnswer, 1),
    (COMMIT, Fault::LoseAnswer, 2),
    (COMMIT, Fault::Conflict, 1),
    (COMMIT, Fault::Conflict, 2),
    // As dozens of requests at once do that write to one counter.
    (COMMIT, Fault::Conflict, 10),
    (COMMIT, Fault::Slow(Duration::from_millis(2300)), 1),
];

const LASTING: [(Option<&str>, Fault); 9] = [
    (None, Fault::Throughput),
    (None, Fault::Throttling),
    (None, Fault::InternalError),
    (None, Fault::Drop),
    (COMMIT, Fault::Throughput),
    (COMMIT, Fault::InternalError),
    (COMMIT, Fault::Drop),
    (COMMIT, Fault::LoseAnswer),
    (COMMIT, Fault::Conflict),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    SignUp,
    LogIn,
    Verify,
    Reset,
    Delete,
}

/// What a deed needs, ready to be done.
struct Ready {
    deed: Deed,
    client: Client,
    email: String,
    key: String,
}

impl Ready {
    async fn for_a(deed: Deed, stack: &Stack, kind: Kind, number: usize) -> Self {
        let email = format!("{deed:?}{number}@example.com").to_lowercase();
        let client = stack.client(kind);
        let mut key = String::new();
        match deed {
            Deed::SignUp => {}
            Deed::LogIn => drop(stack.add_user(&email).await),
            Deed::Verify => {
                sign_up(&client, &email).await.awaits("verify_email");
                key = stack.inbox.only(&email).await.key();
            }
            Deed::Reset => {
                stack.add_user(&email).await;
                client.post("auth/password/request", json!({"email": email})).await.is(200);
                key = stack.inbox.only(&email).await.key();
            }
            Deed::Delete => {
                stack.add_user(&email).await;
                log_in(&client, &email, PASSWORD).await.is(200);
                client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
            }
        }
        // What a browser needs for its first POST.
        client.get("config").await.is(200);
        Self { deed, client, email, key }
    }

    async fn run(&self) -> Answer {
        match self.deed {
            Deed::SignUp => sign_up(&self.client, &self.email).await,
            Deed::LogIn => log_in(&self.client, &self.email, PASSWORD).await,
            Deed::Verify => self.client.post("auth/email/verify", json!({"key": self.key})).await,
            Deed::Reset => {
                let body = json!({"key": self.key, "password": NEW_PASSWORD});
                self.client.post("auth/password/reset", body).await
            }
            Deed::Delete => self.client.delete("account").await,
        }
    }

    /// Fails unless it was done, once.
    async fn is_done(&self, stack: &Stack, answered: bool) {
        let fresh = || stack.client(self.client.kind);
        match self.deed {
            Deed::SignUp => {
                let mails = stack.inbox.wait_for(1).await;
                assert_eq!(mails[0].to, self.email);
                let key = stack.inbox.only(&self.email).await.key();
                self.client.post("auth/email/verify", json!({"key": key})).await.is(401);
                log_in(&fresh(), &self.email, PASSWORD).await.is_logged_in_as(&self.email);
            }
            Deed::LogIn => {
                if answered {
                    self.client.get("auth/session").await.is_logged_in_as(&self.email);
                }
                log_in(&fresh(), &self.email, PASSWORD).await.is_logged_in_as(&self.email);
            }
            Deed::Verify => {
                self.run().await.refuses(&["key: invalid_or_expired_key"]);
                log_in(&fresh(), &self.email, PASSWORD).await.is_logged_in_as(&self.email);
            }
            Deed::Reset => {
                self.run().await.refuses(&["key: invalid_password_reset"]);
                log_in(&fresh(), &self.email, PASSWORD).await.is(400);
                log_in(&fresh(), &self.email, NEW_PASSWORD).await.is_logged_in_as(&self.email);
            }
            Deed::Delete => {
                stack.inbox.wait_for(1).await;
                let mail = stack.inbox.only(&self.email).await;
                assert!(mail.subject.ends_with("Your account was deleted"), "{}", mail.subject);
                self.run().await.is(if self.client.kind == Kind::App { 410 } else { 401 });
                log_in(&fresh(), &self.email, PASSWORD).await.is(400);
                assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
                assert_eq!(stack.dynamodb.keys("EMAIL#").await, [""; 0]);
            }
        }
        stack.inbox.is_empty().await;
        self.is_whole(stack, usize::from(self.deed != Deed::Delete)).await;
    }

    /// Fails unless the table has this many accounts with the address, found by it, and nothing waits to be sent.
    async fn is_whole(&self, stack: &Stack, accounts: usize) {
        let owners = stack.dynamodb.keys(&format!("EMAIL#{} USER#", self.email)).await;
        assert_eq!(owners.len(), accounts, "{owners:?}");
        for owner in owners {
            let (_, id) = owner.split_once(' ').unwrap();
            assert_eq!(stack.dynamodb.keys(&format!("{id} ACCOUNT")).await.len(), 1);
        }
        assert_eq!(stack.dynamodb.keys("OUTBOX#").await, [""; 0]);
    }

    #[track_caller]
    fn has_worked(&self, answer: &Answer) {
        match self.deed {
            Deed::SignUp => answer.awaits("verify_email"),
            Deed::LogIn => answer.is_logged_in_as(&self.email),
            Deed::Verify | Deed::Reset => answer.is_anonymous(),
            Deed::Delete => answer.is(200),
        };
    }
}

/// What passes is not noticed.
async fn survives_what_passes(deed: Deed) {
    join_all(Kind::ALL.map(async |kind| {
        let stack = Stack::start(&[UNLIMITED, ("ACCOUNT_DELETION_ENABLED", "true")]).await;
        for (number, (operation, fault, times)) in PASSING.into_iter().enumerate() {
            let ready = Ready::for_a(deed, &stack, kind, number).await;
            stack.dynamodb.fail(operation, fault, times);
            let answer = ready.run().await;
            assert!(stack.dynamodb.recover(), "{deed:?} met {fault:?} {times} times");
            ready.has_worked(&answer);
            ready.is_done(&stack, true).await;
        }
    }))
    .await;
}

/// What lasts is told, and done not at all; or, where the answer was lost, once.
async fn survives_what_lasts(deed: Deed) {
    join_all(Kind::ALL.map(async |kind| {
        let stack = Stack::start(&[UNLIMITED, ("ACCOUNT_DELETION_ENABLED", "true")]).await;
        for (number, (operation, fault)) in LASTING.into_iter().enumerate() {
            let ready = Ready::for_a(deed, &stack, kind, number).await;
            let before = stack.dynamodb.keys("").await;
            stack.dynamodb.fail(operation, fault, ALWAYS);
            let answer = ready.run().await;
            stack.dynamodb.recover();
            answer.is(503);
            assert_eq!(answer.header("retry-after"), ["1"], "{deed:?} {fault:?}");
            assert_eq!(answer.body, json!({"status": 503}));
            if fault == Fault::LoseAnswer {
                ready.is_done(&stack, false).await;
                continue;
            }
            assert_eq!(stack.dynamodb.keys("").await, before, "{deed:?} {fault:?}");
            stack.inbox.is_empty().await;
            ready.has_worked(&ready.run().await);
            ready.is_done(&stack, true).await;
        }
    }))
    .await;
}

#[tokio::test]
async fn signing_up_survives_what_passes() {
    survives_what_passes(Deed::SignUp).await;
}

#[tokio::test]
async fn logging_in_survives_what_passes() {
    survives_what_passes(Deed::LogIn).await;
}

#[tokio::test]
async fn verifying_survives_what_passes() {
    survives_what_passes(Deed::Verify).await;
}

#[tokio::test]
async fn resetting_survives_what_passes() {
    survives_what_passes(Deed::Reset).await;
}

#[tokio::test]
async fn deleting_survives_what_passes() {
    survives_what_passes(Deed::Delete).await;
}

#[tokio::test]
async fn deleting_survives_what_lasts() {
    survives_what_lasts(Deed::Delete).await;
}

#[tokio::test]
async fn signing_up_survives_what_lasts() {
    survives_what_lasts(Deed::SignUp).await;
}

#[tokio::test]
async fn logging_in_survives_what_lasts() {
    survives_what_lasts(Deed::LogIn).await;
}

#[tokio::test]
async fn verifying_survives_what_lasts() {
    survives_what_lasts(Deed::Verify).await;
}

#[tokio::test]
async fn resetting_survives_what_lasts() {
    survives_what_lasts(Deed::Reset).await;
}

/// A table that is down logs nobody out: a client that asks meanwhile keeps its token.
#[tokio::test]
async fn a_session_survives_an_outage() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        stack.add_user("ann@example.com").await;
        let client = stack.client(kind);
        log_in(&client, "ann@example.com", PASSWORD).await.is(200);
        stack.dynamodb.fail(None, Fault::Drop, ALWAYS);
        let answer = client.get("auth/session").await;
        answer.is(503);
        assert_eq!(answer.header("retry-after"), ["1"]);
        assert!(!answer.header("set-cookie").iter().any(|line| line.starts_with("sessionid")));
        client.delete("auth/session").await.is(503);
        // What needs no table answers all the same.
        client.get("config").await.is(200);
        stack.dynamodb.recover();
        client.get("auth/session").await.is_logged_in_as("ann@example.com");
    }
}

/// Limits that cannot be looked up let nobody through.
#[tokio::test]
async fn limits_fail_closed() {
    let stack = Stack::start(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
    stack.add_user("ann@example.com").await;
    let client = stack.app();
    let key = "0-0:x";
    stack.dynamodb.fail(None, Fault::Throttling, ALWAYS);
    for (path, body) in [
        ("auth/login", json!({"email": "ann@example.com", "password": PASSWORD})),
        ("auth/code/request", json!({"email": "ann@example.com"})),
        ("auth/password/request", json!({"email": "ann@example.com"})),
        ("auth/password/reset", json!({"key": key, "password": PASSWORD})),
        ("auth/signup", json!({"email": "ben@example.com", "password": PASSWORD})),
    ] {
        let answer = client.post(path, body).await;
        answer.is(503);
        assert_eq!(answer.header("retry-after"), ["1"], "{path}");
    }
    stack.dynamodb.recover();
    stack.inbox.is_empty().await;
}

/// Longer than Lambda waits for a function.
const HANGS: Fault = Fault::Slow(Duration::from_secs(60));

/// Lambda ends a function at its deadline, and API Gateway answers 500: the function answers before.
#[tokio::test]
async fn a_table_that_hangs_is_answered_before_the_deadline_of_the_function() {
    let stack = Stack::start(&[]).await;
    let routes = vestibule_cli::routes().into_iter().find(|routes| routes.name == "session").unwrap();
    let app = stack.function("session", routes.requirements()).await;
    stack.dynamodb.fail(None, HANGS, ALWAYS);
    // Less than one call to the table may take.
    let left = Duration::from_secs(3);
    let mut context = Context::default();
    context.deadline = u64::try_from(app.clock.now().plus(left).millis()).unwrap();
    let path = "/_allauth/app/v1/auth/session";
    let request = http::Request::get(path)
        .header("host", "localhost")
        .header("x-session-token", "x".repeat(43))
        .body(Body::Empty)
        .unwrap()
        .with_raw_http_path(path)
        .with_lambda_context(context);
    let response =
        tokio::time::timeout(left, answer(&app, &routes, request)).await.expect("it answers in time");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    stack.dynamodb.recover();
}

/// The API behind the authorizer answers 500 then, and not 403: nobody knows whether the session has ended.
#[tokio::test]
async fn an_authorizer_decides_nothing_when_the_table_hangs() {
    let stack = Stack::start(&[]).await;
    stack.add_user("ann@example.com").await;
    let client = stack.app();
    log_in(&client, "ann@example.com", PASSWORD).await.is(200);
    let app = stack.function("authorizer", vestibule_authorizer::REQUIREMENTS).await;
    let token = client.token().unwrap();
    let left = Duration::from_secs(3);
    let ask = async || {
        let request = event(&http::Method::GET, &[("x-session-token", &token)]);
        let deadline = u64::try_from(app.clock.now().plus(left).millis()).unwrap();
        authorize_before(&app, deadline, serde_json::from_value(request).unwrap()).await
    };
    stack.dynamodb.fail(None, HANGS, ALWAYS);
    let verdict = tokio::time::timeout(left, ask()).await.expect("it answers in time");
    assert!(matches!(verdict, Err(Undecided::Late)), "{verdict:?}");
    stack.dynamodb.recover();
    assert!(ask().await.unwrap().is_authorized);
}

/// A process that starts while the table hangs is ready all the same: reading the secrets may take five of the ten seconds.
#[tokio::test]
async fn a_table_that_hangs_does_not_hold_up_the_start() {
    let stack = Stack::start(&[]).await;
    let app = stack.function("session", vestibule::app::Requirements::TABLE).await;
    stack.dynamodb.fail(None, HANGS, ALWAYS);
    let started = tokio::time::timeout(2 * WARM_UP, app.store().unwrap().warm_up()).await;
    started.expect("it gives up in time");
    stack.dynamodb.recover();
}
