//! The site's own hook: asked before sign-ups and logins, followed where it answers, and feared where it does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::Notify;
use vestibule_tests::Passkey;

use crate::social::{BY_CODE, depart, dummy, landing, submit};
use crate::webauthn::{LOGIN, PASSKEYS, prove, with_key};
use crate::{
    Client, Kind, Logs, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, credentials, log_in,
    sign_up,
};

const EMAIL: &str = "ann@example.com";
const ARN: &str = "arn:aws:lambda:local:000000000000:function:hook:live";

/// What the hook does with a question.
#[derive(Clone)]
enum Reaction {
    Says(Value),
    Writes(String),
    /// A status of Lambda's own.
    Status(u16),
    /// Lambda says that the function has failed.
    Fails,
    Sleeps,
}

use Reaction::{Fails, Says, Sleeps, Status, Writes};

/// A function of the site's own, reached by a URL, or as Lambda would be.
#[derive(Clone)]
pub(crate) struct StandIn {
    /// Each question, and the path that it came by.
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    react: Arc<dyn Fn(&Value) -> Reaction + Send + Sync>,
    /// Where set, told of each question, and waited for before the answer.
    gate: Option<Arc<(Notify, Notify)>>,
    url: String,
}

impl StandIn {
    async fn start(react: impl Fn(&Value) -> Reaction + Send + Sync + 'static) -> Self {
        Self::with_gate(react, None).await
    }

    /// The example of `docs/hook.md`.
    pub(crate) async fn of_the_example() -> Self {
        Self::start(|question| Says(vestibule_hook_example::decide(question))).await
    }

    async fn with_gate(
        react: impl Fn(&Value) -> Reaction + Send + Sync + 'static,
        gate: Option<Arc<(Notify, Notify)>>,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let standin = Self { asked: Arc::default(), react: Arc::new(react), gate, url };
        let routes = Router::new().fallback(answer).with_state(standin.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        standin
    }

    pub(crate) fn setting(&self) -> (&'static str, String) {
        ("ACCOUNT_HOOK_URL", format!("{}/decide", self.url))
    }

    /// The questions since it was last asked.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.asked.lock().unwrap()).into_iter().map(|(_, question)| question).collect()
    }
}

async fn answer(State(standin): State<StandIn>, request: axum::extract::Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let question: Value = serde_json::from_slice(&body).unwrap();
    let reaction = (standin.react)(&question);
    standin.asked.lock().unwrap().push((path, question));
    if let Some(gate) = &standin.gate {
        gate.0.notify_one();
        gate.1.notified().await;
    }
    let response = Response::builder();
    match reaction {
        Says(answer) => response.body(Body::from(answer.to_string())),
        Writes(text) => response.body(Body::from(text)),
        Status(status) => response.status(status).body(Body::empty()),
        Fails => response.header("x-amz-function-error", "Unhandled").body(Body::from("{}")),
        Sleeps => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            response.body(Body::empty())
        }
    }
    .unwrap()
}

fn allow(_: &Value) -> Reaction {
    Says(json!({"allow": true}))
}

/// Refuses one kind of event, and allows the other.
fn refusing(event: &'static str, param: Option<&'static str>) -> impl Fn(&Value) -> Reaction {
    move |question| {
        if question["type"] != event {
            return allow(question);
        }
        let mut refusal =
            json!({"allow": false, "code": "not_welcome", "message": "Ask us for an invitation."});
        if let Some(param) = param {
            refusal["param"] = param.into();
        }
        Says(refusal)
    }
}

async fn stack(standin: &StandIn, more: &[(&str, &str)]) -> Stack {
    let (name, url) = standin.setting();
    Stack::start(&[&[(name, url.as_str())], more].concat()).await
}

#[tokio::test]
async fn a_sign_up_and_a_login_are_asked_about() {
    for kind in Kind::ALL {
        let hook = StandIn::start(allow).await;
        let stack = stack(&hook, &[BY_CODE]).await;
        let client = stack.client(kind);
        sign_up(&client, EMAIL).await.awaits("verify_email");
        let asker = match kind {
            Kind::Browser => {
                json!({"kind": "browser", "ip": "127.0.0.1", "user_agent": "Mozilla/5.0 (test)"})
            }
            Kind::App => json!({"kind": "app", "ip": "127.0.0.1", "user_agent": "app/1.0 (test)"}),
        };
        let question = json!({
            "type": "before_signup", "account": {"email": EMAIL}, "profile": {}, "client": asker, "method": "password",
        });
        assert_eq!(hook.take(), [question]);

        let code = stack.inbox.only(EMAIL).await.code();
        let answer = client.post("auth/email/verify", json!({"key": code})).await;
        let id = answer.is_logged_in_as(EMAIL).body["data"]["user"]["id"].clone();
        let login = json!({
            "type": "before_login", "account": {"id": id, "email": EMAIL, "username": "ann"}, "profile": {},
            "client": asker, "method": "password",
        });
        assert_eq!(hook.take(), std::slice::from_ref(&login));

        let other = stack.client(kind);
        log_in(&other, EMAIL, "wrong").await.is(400);
        assert_eq!(hook.take(), [Value::Null; 0], "only once all that proves them has passed");
        log_in(&other, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        assert_eq!(hook.take(), [login]);
        other.get("auth/session").await.is(200);
        other.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        assert_eq!(hook.take(), [Value::Null; 0]);
    }
}

#[tokio::test]
async fn a_sign_up_that_logs_in_at_once_is_asked_about_once() {
    let hook = StandIn::start(allow).await;
    let stack = stack(&hook, &[("ACCOUNT_EMAIL_VERIFICATION", "none")]).await;
    sign_up(&stack.app(), EMAIL).await.is_logged_in_as(EMAIL);
    let service = json!({"id": 1, "email": "ben@example.com", "email_verified": true});
    dummy(&stack.app(), "login", service.clone()).await.is(200);
    let asked = hook.take();
    assert_eq!(asked.iter().map(|question| &question["type"]).collect::<Vec<_>>(), ["before_signup"; 2]);
    assert_eq!((&asked[1]["method"], &asked[1]["provider"]), (&json!("socialaccount"), &json!("dummy")));
    dummy(&stack.app(), "login", service).await.is(200);
    let asked = hook.take();
    assert_eq!(asked[0]["type"], "before_login");
    assert_eq!((&asked[0]["method"], &asked[0]["provider"]), (&json!("socialaccount"), &json!("dummy")));
}

#[tokio::test]
async fn a_refusal_is_the_error_of_the_form() {
    for kind in Kind::ALL {
        for (param, error) in [(Some("email"), "email: not_welcome"), (None, "not_welcome")] {
            let hook = StandIn::start(refusing("before_signup", param)).await;
            let stack = stack(&hook, &[]).await;
            let refused = sign_up(&stack.client(kind), EMAIL).await;
            refused.refuses(&[error]);
            assert_eq!(refused.body["errors"][0]["message"], "Ask us for an invitation.");
            assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
            let service = json!({"id": 1, "email": EMAIL, "email_verified": true});
            dummy(&stack.client(kind), "login", service).await.refuses(&[error]);
            assert_eq!(stack.dynamodb.keys("SOCIAL#").await, [""; 0]);
            stack.inbox.is_empty().await;
        }
    }
}

#[tokio::test]
async fn a_refused_login_is_over() {
    for kind in Kind::ALL {
        let hook = StandIn::start(refusing("before_login", None)).await;
        let stack = stack(&hook, &[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.refuses(&["not_welcome"]);
        client.get("auth/session").await.is_anonymous();
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/code/confirm", json!({"code": code})).await.refuses(&["not_welcome"]);
        client.get("auth/session").await.is_anonymous();
        // The code was used.
        client.post("auth/code/confirm", json!({"code": code})).await.is(409);
        assert_eq!(hook.take().len(), 2);
    }
}

/// By redirect, a refusal is told to the frontend by its code.
#[tokio::test]
async fn a_refusal_and_a_failure_come_back_from_a_service() {
    let by_service = async |react: fn(&Value) -> Reaction| {
        let hook = StandIn::start(react).await;
        let stack = stack(&hook, &[]).await;
        let browser = stack.browser();
        let page = depart(&browser, "dummy", "login").await;
        let fields = [("id", "1"), ("email", EMAIL), ("email_verified", "on")];
        let error = landing(&submit(&browser, &page, &fields).await).1;
        assert_eq!(hook.take().len(), 1);
        browser.get("auth/session").await.is_anonymous();
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
        error
    };
    let refuse = |question: &Value| refusing("before_signup", None)(question);
    assert_eq!(by_service(refuse).await.as_deref(), Some("not_welcome"));
    assert_eq!(by_service(|_| Fails).await.as_deref(), Some("temporarily_unavailable"));
}

#[tokio::test]
async fn what_cannot_be_used_is_answered_with_503_and_changes_nothing() {
    let say = |answer: Value| Says(answer);
    for (reaction, reason) in [
        (Fails, "the function failed"),
        (Status(429), "status 429"),
        (Status(500), "status 500"),
        (Writes(String::new()), "not a JSON object"),
        (Writes("<html>".to_owned()), "not a JSON object"),
        (say(json!({"allow": "yes"})), "not a JSON object with allow"),
        (say(json!({"allow": true, "superuser": true})), "other members than profile"),
        (say(json!({"allow": true, "profile": {"plan": "gold"}})), "profile"),
        (say(json!({"allow": false, "code": "Nein", "message": "No."})), "code must be"),
        (say(json!({"allow": false, "code": "x", "message": "No.", "param": "is_staff"})), "param must be"),
        (Writes(" ".repeat(17 * 1024)), "more than 16 KB"),
    ] {
        let logs = Logs::capture();
        let hook = StandIn::start(move |_| reaction.clone()).await;
        let stack = stack(&hook, &[]).await;
        stack.add_user("ben@example.com").await;
        let client = stack.app();
        let before = stack.dynamodb.items().await.len();
        let answer = sign_up(&client, EMAIL).await;
        assert_eq!(answer.is(503).header("retry-after"), ["1"], "{reason}");
        log_in(&client, "ben@example.com", PASSWORD).await.is(503);
        assert_eq!(stack.dynamodb.items().await.len(), before, "{reason}");
        stack.inbox.is_empty().await;
        assert_eq!(hook.take().len(), 2, "each is asked once: {reason}");
        let log = logs.own();
        assert!(log.contains("the hook gave no usable answer") && log.contains(reason), "{reason}: {log}");
        assert!(!log.contains(EMAIL) && !log.contains("gold") && !log.contains("is_staff"), "{log}");
    }
}

#[tokio::test]
async fn a_hook_that_is_slow_or_gone_is_not_waited_for() {
    let hook = StandIn::start(|_| Sleeps).await;
    let slow = stack(&hook, &[]).await;
    let gone = Stack::start(&[("ACCOUNT_HOOK_URL", "http://127.0.0.1:1/")]).await;
    let (slow, gone) = (slow.app(), gone.app());
    let (slow, gone) = tokio::join!(sign_up(&slow, EMAIL), sign_up(&gone, EMAIL));
    slow.is(503);
    gone.is(503);
}

#[tokio::test]
async fn a_setting_goes_on_without_an_answer() {
    let hook = StandIn::start(|_| Fails).await;
    let stack = stack(&hook, &[("ACCOUNT_HOOK_FAIL_OPEN", "true"), BY_CODE]).await;
    let client = stack.app();
    sign_up(&client, EMAIL).await.awaits("verify_email");
    let code = stack.inbox.only(EMAIL).await.code();
    client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(EMAIL);
    assert_eq!(hook.take().len(), 2);
}

/// The question is the same whether or not the email address has an account, and so is the answer.
#[tokio::test]
async fn nobody_learns_from_it_who_has_an_account() {
    for kind in Kind::ALL {
        for react in [allow as fn(&Value) -> Reaction, |question| refusing("before_signup", None)(question)] {
            let hook = StandIn::start(react).await;
            let stack = stack(&hook, &[UNLIMITED]).await;
            stack.add_user(EMAIL).await;
            let mut seen = Vec::new();
            for email in [EMAIL, "bob@example.com"] {
                let answer = sign_up(&stack.client(kind), email).await;
                let asked = hook.take();
                assert_eq!(asked.len(), 1);
                let masked = |text: String| text.replace(email, "<email>");
                let data = masked(format!("{}{}", answer.body["data"], answer.body["errors"]));
                seen.push((answer.status, data, masked(asked[0].to_string())));
            }
            assert_eq!(seen[0], seen[1]);
        }
    }
}

/// It costs no round trip to the table.
#[tokio::test]
async fn asking_costs_nothing_of_the_table() {
    let hook = StandIn::start(allow).await;
    let tally = async |stack: Stack| {
        stack.add_user(EMAIL).await;
        stack.dynamodb.set_latency(Duration::from_millis(20));
        stack.dynamodb.hold_deliveries();
        let mut costs = Vec::new();
        for email in ["ben@example.com", EMAIL] {
            stack.dynamodb.tally();
            sign_up(&stack.app(), email).await.awaits("verify_email");
            let tally = stack.dynamodb.tally();
            costs.push((tally.round_trips, tally.calls(), tally.writes()));
        }
        log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
        let tally = stack.dynamodb.tally();
        costs.push((tally.round_trips, tally.calls(), tally.writes()));
        costs
    };
    assert_eq!(tally(stack(&hook, &[]).await).await, tally(Stack::start(&[]).await).await);
    assert_eq!(hook.take().len(), 3);
}

/// An answer is to one question: if what it was about has changed meanwhile, it is none.
#[tokio::test]
async fn an_account_that_changes_meanwhile_is_a_conflict() {
    let gate = Arc::new((Notify::new(), Notify::new()));
    let hook = StandIn::with_gate(allow, Some(Arc::clone(&gate))).await;
    let settings = [
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*"),
        ("ACCOUNT_LOGIN_METHODS", "email,phone"),
        UNLIMITED,
    ];
    let stack = stack(&hook, &settings).await;
    stack.add_user(EMAIL).await;
    let (owner, other) = (stack.app(), stack.app());
    gate.1.notify_one();
    log_in(&owner, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    owner.post("account/phone", json!({"phone": "+31612345678"})).await;
    let code = stack.inbox.only("+31612345678").await.code();
    gate.0.notified().await;
    let (answer, ()) = tokio::join!(log_in(&other, EMAIL, PASSWORD), async {
        gate.0.notified().await;
        owner.post("auth/phone/verify", json!({"code": code})).await.is(200);
        gate.1.notify_one();
    });
    answer.is(409);
    assert_eq!(hook.take().len(), 2, "it is not asked again");
    other.get("auth/session").await.is_anonymous();
    gate.1.notify_one();
    log_in(&other, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
}

/// So it is when an account of the email address appears: the answer is to a sign-up, and not to a login.
#[tokio::test]
async fn an_account_that_appears_meanwhile_is_a_conflict() {
    let gate = Arc::new((Notify::new(), Notify::new()));
    let hook = StandIn::with_gate(allow, Some(Arc::clone(&gate))).await;
    let stack = stack(&hook, &[("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true")]).await;
    let service = json!({"id": 1, "email": EMAIL, "email_verified": true});
    let client = stack.app();
    let (answer, ()) = tokio::join!(dummy(&client, "login", service.clone()), async {
        gate.0.notified().await;
        stack.add_user(EMAIL).await;
        gate.1.notify_one();
    });
    answer.is(409);
    assert_eq!(hook.take().len(), 1, "it is not asked again");
    gate.1.notify_one();
    dummy(&client, "login", service).await.is_logged_in_as(EMAIL);
}

/// The same for a passkey, which has a description of its own.
#[tokio::test]
async fn an_account_that_changes_while_a_passkey_logs_in_is_a_conflict() {
    let gate = Arc::new((Notify::new(), Notify::new()));
    let hook = StandIn::with_gate(allow, Some(Arc::clone(&gate))).await;
    let nickname = ("ACCOUNT_PROFILE_FIELDS", r#"{"nickname": {"type": "text"}}"#);
    let stack = stack(&hook, &[&PASSKEYS[..], &[nickname]].concat()).await;
    let id = stack.add_user(EMAIL).await;
    let mut key = Passkey::new(&format!("http://{}", stack.api));
    gate.1.notify_one();
    let client = with_key(&stack, &mut key, Kind::App).await;
    gate.0.notified().await;
    let (answer, ()) = tokio::join!(prove(&client, LOGIN, &mut key), async {
        gate.0.notified().await;
        stack.operate("user.set", json!({"id": id, "fields": {"nickname": "Ann"}})).await;
        gate.1.notify_one();
    });
    answer.is(409);
    client.get("auth/session").await.is_anonymous();
}

/// A sign-up is not corrected to what the hook would have refused.
#[tokio::test]
async fn corrections_of_a_sign_up_are_asked_about() {
    let hook = StandIn::start(|question| {
        let email = question["account"]["email"].as_str().unwrap_or_default();
        if email.ends_with("@evil.test") {
            refusing("before_signup", Some("email"))(question)
        } else {
            allow(question)
        }
    })
    .await;
    let correctable = ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "9");
    let stack = stack(&hook, &[BY_CODE, correctable, UNLIMITED]).await;
    let client = stack.app();
    sign_up(&client, EMAIL).await.awaits("verify_email");
    stack.inbox.only(EMAIL).await;
    hook.take();
    client.post("account/email", json!({"email": "eve@evil.test"})).await.refuses(&["email: not_welcome"]);
    stack.inbox.is_empty().await;
    client.post("account/email", json!({"email": "anna@example.com"})).await.is(200);
    stack.inbox.only("anna@example.com").await;
    let asked = hook.take();
    assert_eq!((asked.len(), &asked[1]["method"]), (2, &json!("password")));
}

#[tokio::test]
async fn corrections_of_the_phone_number_are_asked_about() {
    for kind in Kind::ALL {
        let hook = StandIn::start(|question| {
            if question["account"]["phone"] == "+31612345679" {
                refusing("before_signup", Some("phone"))(question)
            } else {
                allow(question)
            }
        })
        .await;
        let settings = [
            ("ACCOUNT_SIGNUP_FIELDS", "phone*,password1*"),
            ("ACCOUNT_LOGIN_METHODS", "phone"),
            ("ACCOUNT_EMAIL_VERIFICATION", "none"),
            ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "9"),
            UNLIMITED,
        ];
        let stack = stack(&hook, &settings).await;
        let client = stack.client(kind);
        let form = json!({"phone": "+31612345678", "password": PASSWORD});
        client.post("auth/signup", form).await.awaits("verify_phone");
        let first = stack.inbox.only("+31612345678").await.code();
        hook.take();
        client.post("account/phone", json!({"phone": "+31612345679"})).await.refuses(&["phone: not_welcome"]);
        stack.inbox.is_empty().await;
        client.post("account/phone", json!({"phone": "+31612345670"})).await.is(202);
        let code = stack.inbox.only("+31612345670").await.code();
        let asked = hook.take();
        let numbers: Vec<_> = asked.iter().map(|question| &question["account"]["phone"]).collect();
        assert_eq!(numbers, ["+31612345679", "+31612345670"]);
        if first != code {
            client.post("auth/phone/verify", json!({"code": first})).await.refuses(&["code: incorrect_code"]);
        }
        client.post("auth/phone/verify", json!({"code": code})).await.is(200);
    }
}

/// A stack that asks a function as on AWS.
async fn on_lambda(hook: &StandIn, more: &[(&str, &str)]) -> Stack {
    let arn = [("ACCOUNT_HOOK_FUNCTION_ARN", ARN), ("AWS_ENDPOINT_URL_LAMBDA", hook.url.as_str())];
    Stack::start(&[&arn[..], more].concat()).await
}

/// One elsewhere could never be asked: each login would be answered with 503.
#[tokio::test]
async fn a_function_of_another_region_or_account_stops_the_start() {
    let start = async |more: &[(&str, &str)]| Stack::try_start(more).await.map(drop).unwrap_err().to_string();
    let elsewhere = "arn:aws:lambda:us-east-1:000000000000:function:hook:live";
    assert_eq!(
        start(&[("ACCOUNT_HOOK_FUNCTION_ARN", elsewhere)]).await,
        "ACCOUNT_HOOK_FUNCTION_ARN: the function is in the region us-east-1, and must be in local, as this one"
    );
    let secret = "arn:aws:secretsmanager:local:123456789012:secret:vestibule/key";
    assert_eq!(
        start(&[("ACCOUNT_HOOK_FUNCTION_ARN", ARN), ("SECRET_KEY_ARN", secret)]).await,
        "ACCOUNT_HOOK_FUNCTION_ARN: the function is in the account 000000000000, and must be in 123456789012, as this one"
    );
}

const FIELDS: (&str, &str) = (
    "ACCOUNT_PROFILE_FIELDS",
    r#"{"company": {"type": "text", "required": true}, "role": {"type": "choice", "choices": ["staff", "guest"],
        "write": "operator"}, "terms": {"type": "consent", "version": "2026-11"}, "visits": {"type": "integer", "max": 9,
        "write": "operator"}}"#,
);

/// It sees the site's own fields, and sets them as an operator can.
#[tokio::test]
async fn the_hook_sets_fields_of_the_profile() {
    let hook = StandIn::start(|question| match question["type"].as_str() {
        Some("before_signup") if question["profile"]["company"] == "Rivals" => {
            refusing("before_signup", Some("company"))(question)
        }
        Some("before_signup") => Says(json!({"allow": true, "profile": {"role": "guest"}})),
        _ => Says(json!({"allow": true, "profile": {"role": "staff", "visits": 1}})),
    })
    .await;
    for kind in Kind::ALL {
        let stack = stack(&hook, &[FIELDS, BY_CODE, UNLIMITED]).await;
        let mut body = credentials(EMAIL, PASSWORD);
        (body["company"], body["terms"]) = ("Rivals".into(), true.into());
        stack.client(kind).post("auth/signup", body.clone()).await.refuses(&["company: not_welcome"]);
        body["company"] = "Friends".into();
        let client = stack.client(kind);
        client.post("auth/signup", body).await.awaits("verify_email");
        let asked = hook.take().pop().unwrap();
        assert_eq!(asked["profile"], json!({"company": "Friends", "terms": {"version": "2026-11"}}));
        let code = stack.inbox.only(EMAIL).await.code();
        let answer = client.post("auth/email/verify", json!({"key": code})).await;
        let user = &answer.is_logged_in_as(EMAIL).body["data"]["user"];
        assert_eq!((&user["role"], &user["visits"]), (&json!("staff"), &json!(1)));
        assert_eq!(hook.take()[0]["profile"]["role"], "guest");
    }
}

#[tokio::test]
async fn a_profile_that_fields_do_not_allow_is_no_answer() {
    for profile in [
        json!({"plan": "gold"}),
        json!({"role": "owner"}),
        json!({"role": 1}),
        json!({"role": ""}),
        json!({"visits": 10}),
        json!({"visits": "1"}),
        json!({"visits": 1.5}),
        json!({"company": null}),
        json!({"terms": true}),
        json!({"terms": {"version": "2026-11"}}),
        json!({"company": "x".repeat(9000)}),
    ] {
        let hook = StandIn::start(move |_| Says(json!({"allow": true, "profile": profile}))).await;
        let stack = stack(&hook, &[FIELDS]).await;
        let mut body = credentials(EMAIL, PASSWORD);
        body["company"] = "Friends".into();
        stack.app().post("auth/signup", body).await.is(503);
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
    }
}

/// Each function that signs up or logs in may invoke it, by its policy.
#[tokio::test]
async fn every_function_that_asks_invokes_the_function() {
    let hook = StandIn::start(allow).await;
    let settings = [
        BY_CODE,
        UNLIMITED,
        ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "9"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true"),
        ("MFA_SUPPORTED_TYPES", "totp,webauthn"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
    ];
    let stack = on_lambda(&hook, &[&settings[..], &PATIENT[..]].concat()).await;
    let asked = |events: &[&str]| {
        let asked = std::mem::take(&mut *hook.asked.lock().unwrap());
        let path = format!("/2015-03-31/functions/{}/invocations", ARN.replace(':', "%3A"));
        assert!(asked.iter().all(|(by, _)| *by == path), "{asked:?}");
        let types: Vec<&Value> = asked.iter().map(|(_, question)| &question["type"]).collect();
        assert_eq!(types, events);
    };
    let client = stack.app();
    sign_up(&client, EMAIL).await.awaits("verify_email");
    asked(&["before_signup"]);
    stack.inbox.only(EMAIL).await;
    client.post("account/email", json!({"email": "anna@example.com"})).await.is(200);
    asked(&["before_signup"]);
    let code = stack.inbox.only("anna@example.com").await.code();
    client.post("auth/email/verify", json!({"key": code})).await.is(200);
    asked(&["before_login"]);
    dummy(&stack.app(), "login", json!({"id": 1, "email": "ben@example.com", "email_verified": true}))
        .await
        .is(200);
    asked(&["before_signup"]);

    stack.add_user(EMAIL).await;
    let reset = stack.app();
    reset.post("auth/password/request", json!({"email": EMAIL})).await.awaits("password_reset_by_code");
    let code = stack.inbox.only(EMAIL).await.code();
    reset.post("auth/password/reset", json!({"key": code, "password": NEW_PASSWORD})).await.is(200);
    asked(&["before_login"]);

    stack.add_user("cleo@example.com").await;
    let owner = stack.app();
    let app = add_app(&owner, "cleo@example.com").await;
    asked(&["before_login"]);
    let client = stack.app();
    log_in(&client, "cleo@example.com", PASSWORD).await.awaits("mfa_authenticate");
    asked(&[]);
    client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is(200);
    asked(&["before_login"]);
    log_in_with_passkey(&stack, &owner).await;
    asked(&["before_login"]);
}

async fn log_in_with_passkey(stack: &Stack, owner: &Client) {
    const KEYS: &str = "account/authenticators/webauthn";
    let mut key = Passkey::new(&format!("http://{}", stack.api));
    let options = owner.get(&format!("{KEYS}?passwordless")).await.body["data"]["creation_options"].take();
    owner.post(KEYS, json!({"credential": key.create(&options)})).await.is(200);
    let client = stack.app();
    let options = client.get("auth/webauthn/login").await.body["data"]["request_options"].take();
    client.post("auth/webauthn/login", json!({"credential": key.get(&options)})).await.is(200);
}

/// The example of `docs/hook.md`, behind the stack.
#[tokio::test]
async fn the_example_decides() {
    let hook = StandIn::of_the_example().await;
    let stack = stack(&hook, &[BY_CODE]).await;
    sign_up(&stack.app(), "eve@competitor.example").await.refuses(&["email: domain_not_welcome"]);
    stack.inbox.is_empty().await;
    let client = stack.app();
    let answer = client.post("auth/signup", credentials(EMAIL, PASSWORD)).await;
    answer.awaits("verify_email");
    let code = stack.inbox.only(EMAIL).await.code();
    client.post("auth/email/verify", json!({"key": code})).await.is_logged_in_as(EMAIL);
}
