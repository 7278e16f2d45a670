//! Nobody learns from an answer who has an account: for an address that is known and for one that is not, each step of a
//! flow gives the same status, body, headers and shape of tokens. Only the mail differs.

use serde_json::{Value, json};
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
