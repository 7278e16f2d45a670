//! Nobody learns from an answer who has an account: for an address that is known and for one that is not, each step of a
//! flow gives the same status, body, headers and shape of tokens. Only the mail differs.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule_cli::arguments::UserAdd;
use vestibule_tests::Mail;

use crate::{Answer, Client, Kind, PASSWORD, Stack, UNLIMITED, credentials};

const KNOWN: &str = "anna@example.com";
const UNKNOWN: &str = "bert@example.com";

/// What can be seen of an answer, with everything random replaced by its form.
fn shape(answer: &Answer, email: &str) -> Value {
    let mut body = answer.body.clone();
    if let Some(token) = body["meta"].get_mut("session_token") {
        *token = form(token.as_str().unwrap()).into();
    }
    let mut headers: Vec<String> = Vec::new();
    for (name, value) in &answer.headers {
        let value = value.to_str().unwrap();
        headers.push(match name.as_str() {
            "set-cookie" => {
                let (pair, attributes) = value.split_once(';').unwrap();
                let (cookie, value) = pair.split_once('=').unwrap();
                format!("{cookie}={};{attributes}", form(value))
            }
            "date" | "apigw-requestid" => name.to_string(),
            name => format!("{name}: {value}"),
        });
    }
    let text = answer.text.replace(email, "<email>");
    json!({"status": answer.status, "body": body, "headers": headers, "bytes": text.len()})
}

/// The lengths of a token's parts, and the version where a part is a UUID.
fn form(token: &str) -> String {
    let part = |part: &str| match part.len() {
        36 => format!("uuid v{}", &part[14..15]),
        length => length.to_string(),
    };
    token.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// A path, perhaps with the header that a GET is to have, and the body for an address.
type Step = (&'static str, fn(&str) -> Value);

async fn step(client: &Client, path: &str, body: &Value) -> Answer {
    match path.split_once('?') {
        Some((path, header)) => client.get_with(path, header, body["key"].as_str().unwrap()).await,
        None if path == "auth/session" => client.get(path).await,
        None => client.post(path, body.clone()).await,
    }
}

/// Takes the same steps for both addresses, and compares what is seen; returns the mails, for the known one first.
async fn compare(settings: &[(&str, &str)], kind: Kind, steps: &[Step]) -> [Vec<Mail>; 2] {
    let stack = Stack::start(&[settings, &[UNLIMITED]].concat()).await;
    stack.add_user(KNOWN).await;
    let (one, other) = (stack.client(kind), stack.client(kind));
    for (path, body) in steps {
        let known = step(&one, path, &body(KNOWN)).await;
        let unknown = step(&other, path, &body(UNKNOWN)).await;
        assert!(known.status < 500, "{}", known.text);
        assert_eq!(shape(&known, KNOWN), shape(&unknown, UNKNOWN), "{} {path}", kind.name());
        assert_eq!(one.token().as_deref().map(form), other.token().as_deref().map(form));
    }
    let (known, unknown) = stack.inbox.take().await.into_iter().partition(|mail| mail.to == KNOWN);
    [known, unknown]
}

fn signup(email: &str) -> Value {
    credentials(email, PASSWORD)
}

fn email(email: &str) -> Value {
    json!({"email": email})
}

fn nothing(_: &str) -> Value {
    json!({})
}

fn wrong_key(_: &str) -> Value {
    json!({"key": "WRONG-1", "password": PASSWORD})
}

fn wrong_code(_: &str) -> Value {
    json!({"code": "WRONG-1"})
}

fn wrong_password(email: &str) -> Value {
    credentials(email, "wrong-password")
}

fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject.rsplit("] ").next().unwrap()).collect()
}

#[tokio::test]
async fn signing_up() {
    for kind in Kind::ALL {
        let steps: &[Step] = &[
            ("auth/signup", signup),
            ("auth/session", nothing),
            ("auth/email/verify?x-email-verification-key", wrong_key),
            ("auth/email/verify", wrong_key),
            ("auth/email/verify/resend", nothing),
            ("auth/session", nothing),
        ];
        let [known, unknown] = compare(&[], kind, steps).await;
        assert_eq!((known.len(), unknown.len()), (1, 1));
        assert!(known[0].text.contains("/account/password/reset"), "{}", known[0].text);
        assert!(!known[0].is_secret());
        assert!(unknown[0].is_secret());

        let by_code = [
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "1"),
        ];
        let [known, unknown] = compare(&by_code, kind, &[steps, &steps[1..]].concat()).await;
        assert_eq!(known.len(), 1, "no code is sent again to whom none was sent");
        assert_eq!(unknown.len(), 2);
        assert_ne!(subjects(&known)[0], subjects(&unknown)[0]);
    }
}

/// A rule of who may sign up is applied before it is known who has an account.
#[tokio::test]
async fn signing_up_from_another_domain() {
    for kind in Kind::ALL {
        let settings = [("ACCOUNT_SIGNUP_DOMAINS", "allowed.test")];
        let [known, unknown] = compare(&settings, kind, &[("auth/signup", signup)]).await;
        assert_eq!((known.len(), unknown.len()), (0, 0));
        let open = [("ACCOUNT_SIGNUP_DOMAINS", "example.com"), ("ACCOUNT_PREVENT_ENUMERATION", "false")];
        let stack = Stack::start(&open).await;
        stack.add_user(KNOWN).await;
        stack.client(kind).post("auth/signup", signup(KNOWN)).await.refuses(&["email: email_taken"]);
    }
}

#[tokio::test]
async fn asking_for_a_login_code() {
    for kind in Kind::ALL {
        let settings =
            [("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "1")];
        let [known, unknown] = compare(
            &settings,
            kind,
            &[
                ("auth/code/request", email),
                ("auth/session", nothing),
                ("auth/code/confirm", wrong_code),
                ("auth/code/resend", nothing),
                ("auth/code/resend", nothing),
                ("auth/code/confirm", wrong_code),
                ("auth/code/confirm", wrong_code),
                ("auth/code/confirm", wrong_code),
                ("auth/session", nothing),
            ],
        )
        .await;
        assert_eq!((known.len(), unknown.len()), (2, 1), "{known:#?} {unknown:#?}");
        assert!(unknown[0].text.contains("/account/signup"), "{}", unknown[0].text);
    }
}

#[tokio::test]
async fn asking_for_a_new_password() {
    for kind in Kind::ALL {
        let steps: &[Step] = &[
            ("auth/password/request", email),
            ("auth/session", nothing),
            ("auth/password/reset?x-password-reset-key", wrong_key),
            ("auth/password/reset", wrong_key),
            ("auth/password/reset", wrong_key),
            ("auth/password/reset", wrong_key),
            ("auth/session", nothing),
        ];
        for by_code in ["false", "true"] {
            let settings = [("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", by_code)];
            let [known, unknown] = compare(&settings, kind, steps).await;
            assert_eq!((known.len(), unknown.len()), (1, 1));
            assert!(unknown[0].text.contains("/account/signup"), "{}", unknown[0].text);
            let quiet = [settings[0], ("ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS", "false")];
            let [known, unknown] = compare(&quiet, kind, steps).await;
            assert_eq!((known.len(), unknown.len()), (1, 0));
        }
    }
}

#[tokio::test]
async fn logging_in() {
    for kind in Kind::ALL {
        let steps: &[Step] =
            &[("auth/login", wrong_password), ("auth/login", wrong_password), ("auth/session", nothing)];
        let [known, unknown] = compare(&[], kind, steps).await;
        assert_eq!((known.len(), unknown.len()), (0, 0));
    }
}

#[tokio::test]
async fn where_it_is_no_secret_it_is_said() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[
            ("ACCOUNT_PREVENT_ENUMERATION", "false"),
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ])
        .await;
        stack.add_user(KNOWN).await;
        let client = stack.client(kind);
        client.post("auth/signup", signup(KNOWN)).await.refuses(&["email: email_taken"]);
        client.post("auth/code/request", email(UNKNOWN)).await.refuses(&["email: unknown_email"]);
        client.post("auth/password/request", email(UNKNOWN)).await.refuses(&["email: unknown_email"]);
        stack.inbox.is_empty().await;
    }
}

/// Whoever has left is nobody: not even the mail differs.
#[tokio::test]
async fn whoever_has_left_is_unknown() {
    let steps: &[Step] = &[
        ("auth/login", wrong_password),
        ("auth/code/request", email),
        ("auth/password/request", email),
        ("auth/signup", signup),
        ("auth/session", nothing),
    ];
    for kind in Kind::ALL {
        let stack = Stack::start(&[("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"), UNLIMITED]).await;
        stack.add_user(KNOWN).await;
        stack.delete_user(None, Some(KNOWN)).await.unwrap();
        let (one, other) = (stack.client(kind), stack.client(kind));
        for (path, body) in steps {
            let left = step(&one, path, &body(KNOWN)).await;
            let unknown = step(&other, path, &body(UNKNOWN)).await;
            assert_eq!(shape(&left, KNOWN), shape(&unknown, UNKNOWN), "{} {path}", kind.name());
        }
        let (left, unknown): (Vec<_>, Vec<_>) =
            stack.inbox.take().await.into_iter().partition(|mail| mail.to == KNOWN);
        assert_eq!(subjects(&left), subjects(&unknown));
        assert_eq!(left.len(), 3, "{left:#?}");
    }
}

/// An address or a number that is verified by code at sign-up, and can be corrected meanwhile.
struct Corrected {
    settings: &'static [(&'static str, &'static str)],
    field: &'static str,
    known: &'static str,
    unknown: &'static str,
    /// Where it can be corrected to.
    fresh: [&'static str; 2],
    resend: &'static str,
    change: &'static str,
    verify: &'static str,
    key: &'static str,
}

const CORRECTED: [Corrected; 2] = [
    Corrected {
        settings: &[
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "9"),
            ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "9"),
            UNLIMITED,
        ],
        field: "email",
        known: KNOWN,
        unknown: UNKNOWN,
        fresh: ["cleo@example.com", "dora@example.com"],
        resend: "auth/email/verify/resend",
        change: "account/email",
        verify: "auth/email/verify",
        key: "key",
    },
    Corrected {
        settings: &[
            ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*"),
            ("ACCOUNT_LOGIN_METHODS", "email,phone"),
            ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
            ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", "9"),
            ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "9"),
            UNLIMITED,
        ],
        field: "phone",
        known: "+31612345678",
        unknown: "+31612345679",
        fresh: ["+31612345610", "+31612345611"],
        resend: "auth/phone/verify/resend",
        change: "account/phone",
        verify: "auth/phone/verify",
        key: "code",
    },
];

impl Corrected {
    async fn stack(&self) -> Stack {
        let stack = Stack::start(self.settings).await;
        let phone = (self.field == "phone").then(|| self.known.to_owned());
        stack.add(UserAdd { email: Some(KNOWN.to_owned()), phone, ..stack.nobody() }).await;
        stack
    }

    fn one(&self, value: &str) -> Value {
        json!({self.field: value})
    }

    /// Signs up with this address or number; the other one is nobody's.
    fn joining(&self, value: &str, number: usize) -> Value {
        let mut new = signup(&format!("some{number}@example.com"));
        new[self.field] = value.into();
        new
    }
}

/// What can be seen of an answer, without the addresses and numbers that were given.
fn masked(answer: &Answer, given: &[&str]) -> String {
    let seen = shape(answer, "\0").to_string();
    given.iter().fold(seen, |seen, given| seen.replace(given, "<given>"))
}

fn masked_mail(mail: &Mail) -> (String, String) {
    let text = mail.text.replace(&mail.code(), "<code>");
    (mail.subject.clone(), text.replace(&mail.to, "<to>"))
}

/// Whoever corrects an address or a number that has an account sees the same as with one that has none, gets the same
/// message, and gets in with its code.
#[tokio::test]
async fn correcting_what_was_given_at_sign_up() {
    for what in &CORRECTED {
        for kind in Kind::ALL {
            let stack = what.stack().await;
            let mut seen = Vec::new();
            for (number, (given, fresh)) in [what.known, what.unknown].into_iter().zip(what.fresh).enumerate()
            {
                let client = stack.client(kind);
                let mut steps = Vec::new();
                for (path, body) in [
                    ("auth/signup", what.joining(given, number)),
                    (what.resend, json!({})),
                    (what.change, what.one(fresh)),
                ] {
                    steps.push(masked(&client.post(path, body).await, &[given, fresh]));
                }
                steps.push(masked(&client.get("auth/session").await, &[given, fresh]));
                let mail = stack.inbox.take().await.into_iter().find(|mail| mail.to == fresh).unwrap();
                steps.push(format!("{:?}", masked_mail(&mail)));
                client.post(what.verify, json!({what.key: mail.code()})).await.is(200);
                client.delete("auth/session").await.is(401);
                client.post("auth/login", json!({what.field: fresh, "password": PASSWORD})).await;
                seen.push(steps);
            }
            assert_eq!(seen[0], seen[1], "{} {}", kind.name(), what.field);
        }
    }
}

/// An account that is corrected to an address or a number that has one already: nothing tells, not even another session.
#[tokio::test]
async fn correcting_to_what_has_an_account() {
    for what in &CORRECTED {
        for kind in Kind::ALL {
            let stack = what.stack().await;
            let mut seen = Vec::new();
            for (number, (target, own)) in [what.known, what.unknown].into_iter().zip(what.fresh).enumerate()
            {
                let (client, other) = (stack.client(kind), stack.client(kind));
                let given = [target, own];
                let mut steps = Vec::new();
                for (path, body) in [
                    ("auth/signup", what.joining(own, number)),
                    (what.change, what.one(target)),
                    (what.resend, json!({})),
                    (what.verify, json!({what.key: "BBBB-BBBB"})),
                ] {
                    steps.push(masked(&client.post(path, body).await, &given));
                }
                let old = json!({what.field: own, "password": PASSWORD});
                steps.push(masked(&other.post("auth/login", old).await, &given));
                steps.push(masked(&client.post(what.change, what.one(own)).await, &given));
                let mails = stack.inbox.take().await;
                let latest = mails.iter().rfind(|mail| mail.to == own).unwrap();
                client.post(what.verify, json!({what.key: latest.code()})).await.is(200);
                seen.push(steps);
            }
            assert_eq!(seen[0], seen[1], "{} {}", kind.name(), what.field);
        }
    }
}

/// A number of one's own gets a code, whether or not the address that goes with it has an account.
#[tokio::test]
async fn a_code_for_the_number_tells_nothing_of_the_address() {
    let settings = [("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*"), UNLIMITED];
    for kind in Kind::ALL {
        let stack = Stack::start(&settings).await;
        stack.add_user(KNOWN).await;
        for (email, number) in [(KNOWN, "+31612345610"), (UNKNOWN, "+31612345611")] {
            let client = stack.client(kind);
            let new = json!({"email": email, "phone": number, "password": PASSWORD});
            client.post("auth/signup", new).await.awaits("verify_phone");
            let code = stack.inbox.only(number).await.code();
            client.post("auth/phone/verify", json!({"code": code})).await.awaits("verify_email");
            stack.inbox.only(email).await;
        }
    }
}

/// Limits are reached by both or by neither.
#[tokio::test]
async fn signing_up_at_a_limit() {
    let code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    for kind in Kind::ALL {
        let stack = Stack::start(&[code]).await;
        stack.add_user(KNOWN).await;
        stack.add_user("dora@example.com").await;
        for address in [KNOWN, UNKNOWN] {
            // Somebody who is logged in has had a code sent there just now.
            let other = stack.client(kind);
            other.post("auth/login", credentials("dora@example.com", PASSWORD)).await.is(200);
            other.post("account/email", email(address)).await.is(200);
            let client = stack.client(kind);
            client.post("auth/signup", signup(address)).await.is(429);
            client.get("auth/session").await.is_anonymous();
        }
        // Nothing is left of it.
        let client = stack.client(kind);
        client.post("auth/login", credentials(UNKNOWN, PASSWORD)).await.is(400);

        let limit = ("ACCOUNT_RATE_LIMITS", r#"{"verify_phone": "1/m/ip", "signup": null}"#);
        let stack = Stack::start(&[&CORRECTED[1].settings[..5], &[limit]].concat()).await;
        let phone = Some(CORRECTED[1].known.to_owned());
        stack.add(UserAdd { email: Some(KNOWN.to_owned()), phone, ..stack.nobody() }).await;
        stack.client(kind).post("auth/signup", CORRECTED[1].joining("+31612345690", 1)).await.is(401);
        for (index, number) in [CORRECTED[1].known, CORRECTED[1].unknown].into_iter().enumerate() {
            stack.client(kind).post("auth/signup", CORRECTED[1].joining(number, 2 + index)).await.is(429);
        }
    }
}

/// Each step takes the same round trips for an address or a number that is known and for one that is not.
#[tokio::test]
async fn round_trips_tell_nothing() {
    const ANONYMOUS: &[(&str, &str)] = &[
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "9"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
    ];
    for what in &CORRECTED {
        let settings: Vec<_> = what.settings.iter().filter(|it| **it != UNLIMITED).copied().collect();
        let loose = (
            "ACCOUNT_RATE_LIMITS",
            r#"{"confirm_email": "99/s/key", "verify_phone": "99/s/key",
            "change_phone": "99/s/user", "request_login_code": "99/s/key"}"#,
        );
        let stack = Stack::start(&[&settings[..], ANONYMOUS, &[loose]].concat()).await;
        let phone = (what.field == "phone").then(|| what.known.to_owned());
        stack.add(UserAdd { email: Some(KNOWN.to_owned()), phone, ..stack.nobody() }).await;
        stack.dynamodb.set_latency(Duration::from_millis(20));
        stack.dynamodb.hold_deliveries();
        let mut seen = Vec::new();
        for (number, (given, fresh)) in [what.known, what.unknown].into_iter().zip(what.fresh).enumerate() {
            let wrong = json!({what.key: "BBBB-BBBB"});
            let journeys = [
                vec![
                    ("auth/signup", what.joining(given, number)),
                    (what.resend, json!({})),
                    (what.verify, wrong.clone()),
                    (what.change, what.one(fresh)),
                    (what.resend, json!({})),
                    (what.verify, wrong),
                ],
                vec![
                    ("auth/code/request", what.one(given)),
                    ("auth/code/resend", json!({})),
                    ("auth/code/confirm", json!({"code": "BBBB-BBBB"})),
                ],
            ];
            let mut costs = Vec::new();
            // The second journey is about an address that is still nobody's.
            for steps in journeys.iter().rev() {
                let client = stack.app();
                for (path, body) in steps {
                    stack.dynamodb.tally();
                    let answer = client.post(path, body.clone()).await;
                    costs.push((*path, answer.status, stack.dynamodb.tally().round_trips));
                }
            }
            seen.push(costs);
        }
        assert_eq!(seen[0], seen[1], "{}", what.field);
    }
}
