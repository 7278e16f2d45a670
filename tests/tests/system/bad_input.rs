//! What nobody should send: never a 5xx, never an echo of what may be secret.

use http::Method;
use serde_json::{Value, json};

use crate::{Answer, Client, Kind, PASSWORD, Stack, UNLIMITED, log_in, raw, sign_up};

const SETTINGS: [(&str, &str); 6] = [
    ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
    ("ACCOUNT_LOGIN_METHODS", "email,username"),
    ("MFA_SUPPORTED_TYPES", "totp,webauthn,recovery_codes"),
    ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
    ("MFA_RATE_LIMITS", "false"),
    UNLIMITED,
];
const SECRET: &str = "hunter2-is-my-secret";
const PATHS: [&str; 25] = [
    "config",
    "auth/signup",
    "auth/login",
    "auth/reauthenticate",
    "auth/code/request",
    "auth/code/confirm",
    "auth/code/resend",
    "auth/email/verify",
    "auth/email/verify/resend",
    "auth/phone/verify",
    "auth/phone/verify/resend",
    "auth/password/request",
    "auth/password/reset",
    "auth/session",
    "auth/sessions",
    "auth/2fa/authenticate",
    "auth/2fa/reauthenticate",
    "auth/2fa/trust",
    "account/authenticators",
    "account/authenticators/totp",
    "account/authenticators/recovery-codes",
    "account/authenticators/webauthn",
    "auth/webauthn/authenticate",
    "auth/webauthn/reauthenticate",
    "auth/webauthn/login",
];
const METHODS: [Method; 8] = [
    Method::POST,
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::PATCH,
    Method::OPTIONS,
    Method::TRACE,
    Method::DELETE,
];

#[track_caller]
fn is_harmless(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text);
    assert!(!answer.text.contains(SECRET), "{what}: {}", answer.text);
    assert!(!answer.text.contains("panicked"), "{what}: {}", answer.text);
}

fn hostile_bodies() -> Vec<(String, Vec<u8>)> {
    let mut bodies: Vec<(String, Vec<u8>)> = [
        "{",
        "[]",
        "[1]",
        "null",
        "true",
        "1",
        "\"x\"",
        "{}",
        "{\"",
        "}",
        "{]",
        "nul",
        "NaN",
        "1e999",
        "\u{feff}{}",
        "{\"email\": 1e999}",
        "{\"email\": NaN, \"password\": -Infinity}",
        "{\"email\"",
        "{'email': 1}",
        " ",
        "\0",
        "--",
    ]
    .map(|text| (text.to_owned(), text.into()))
    .into();
    bodies.push(("not UTF-8".to_owned(), b"{\"email\": \"\xff\xfe\"}".to_vec()));
    bodies.push(("half a surrogate pair".to_owned(), br#"{"email": "\ud800"}"#.to_vec()));
    bodies.push(("deep lists".to_owned(), "[".repeat(100_000).into()));
    bodies.push(("deep objects".to_owned(), "{\"a\":".repeat(100_000).into()));
    let deep = format!("{{\"email\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    bodies.push(("a deep value".to_owned(), deep.into()));
    bodies.push(("a long number".to_owned(), format!("{{\"email\": {}}}", "9".repeat(10_000)).into()));
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"a": {"b": []}}),
        json!("a\u{0}b"),
        json!("a@b.example\r\nBcc: c@d.example"),
        json!("x".repeat(10_000)),
        json!("\u{202e}"),
        json!("😀@example.com"),
        json!(["a", ["b"]]),
        json!("' OR 1=1 --"),
    ];
    for value in values {
        let names = [
            "email",
            "username",
            "phone",
            "code",
            "key",
            "sessions",
            "password",
            "remember",
            "trust",
            "name",
            "credential",
        ];
        let same: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
        let text = Value::Object(same).to_string();
        bodies.push((text.chars().take(200).collect(), text.into()));
        let text = json!({"email": value, "username": value, "key": value, "password": SECRET}).to_string();
        bodies.push((text.chars().take(200).collect(), text.into()));
    }
    bodies
}

/// Paths that see more than a body once there is a session.
const WITH_SESSION: [&str; 13] = [
    "auth/reauthenticate",
    "auth/code/confirm",
    "auth/email/verify",
    "auth/phone/verify",
    "auth/password/reset",
    "auth/session",
    "auth/sessions",
    "auth/2fa/reauthenticate",
    "account/authenticators/totp",
    "account/authenticators/recovery-codes",
    "account/authenticators/webauthn",
    "auth/webauthn/reauthenticate",
    "auth/webauthn/login",
];

async fn everything(client: &Client, paths: &[&str], state: &str) {
    // Both kinds of client share all that looks at bodies.
    let some = if client.kind == Kind::App { 1 } else { 7 };
    for path in paths.iter().copied() {
        for (what, body) in hostile_bodies().into_iter().step_by(some) {
            let method = if path == "auth/sessions" { Method::DELETE } else { Method::POST };
            let answer = client.send(method.clone(), path, &[], body).await;
            is_harmless(&answer, &format!("{} {state}: {method} {path} {what}", client.kind.name()));
        }
    }
}

#[tokio::test]
async fn hostile_bodies_are_harmless_for_strangers() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        everything(&stack.client(kind), &PATHS, "stranger").await;
        assert_eq!(stack.dynamodb.keys("USER#").await, [""; 0]);
    }
}

#[tokio::test]
async fn hostile_bodies_are_harmless_in_a_session() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        stack.add_user("ann@example.com").await;
        let client = stack.client(kind);
        log_in(&client, "ann@example.com", PASSWORD).await.is(200);
        everything(&client, &WITH_SESSION, "user").await;
        client.get("auth/session").await.is_logged_in_as("ann@example.com");
        let client = stack.client(kind);
        sign_up(&client, "ben@example.com").await;
        everything(&client, &WITH_SESSION, "waiting").await;
    }
}

#[tokio::test]
async fn every_method_of_every_path_answers() {
    for kind in Kind::ALL {
        let stack = Stack::start(&SETTINGS).await;
        let client = stack.client(kind);
        for path in PATHS {
            for method in &METHODS {
                for body in ["", "{}", "{"] {
                    let answer = client.send(method.clone(), path, &[], body).await;
                    is_harmless(&answer, &format!("{method} {path} {body}"));
                    if *method == Method::HEAD {
                        assert_eq!(answer.text, "");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let stack = Stack::start(&[]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        for path in [
            "",
            "nothing",
            "auth",
            "auth/",
            "auth/login/",
            "auth//login",
            "auth/login%2f",
            "../config",
            "auth/login/x",
        ] {
            for method in [Method::GET, Method::POST] {
                let answer = client.send(method, path, &[], "{}").await;
                assert_eq!(answer.status, 404, "{path} {}", answer.text);
            }
        }
    }
    for path in [
        "/_allauth/other/v1/config",
        "/_allauth/app/v2/config",
        "/_allauth/",
        "/_allauth",
        "/x",
        "/%00",
        "/_allauth/app/v1/%ff",
    ] {
        assert_eq!(stack.app().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let stack = Stack::start(&[]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        let body = |bytes: usize| json!({"email": "x".repeat(bytes), "password": SECRET}).to_string();
        let answer = client.send(Method::POST, "auth/login", &[], body(3_000_000)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        is_harmless(&answer, "3 MB");
        let answer = client.send(Method::POST, "auth/login", &[], body(10_500_000)).await;
        assert_eq!(answer.status, 413, "{}", answer.text);
        is_harmless(&answer, "more than the gateway takes");
    }
}

#[tokio::test]
async fn large_and_odd_headers_are_harmless() {
    let stack = Stack::start(&[]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        let huge = "x".repeat(9_000);
        for (name, value) in [
            ("cookie", huge.as_str()),
            ("x-session-token", &huge),
            ("user-agent", &huge),
            ("x-email-verification-key", &huge),
            ("cookie", "sessionid; =; ;;; sessionid=\"; csrftoken"),
            ("cookie", "sessionid=ü"),
            ("user-agent", ""),
            ("user-agent", "ü\u{7f}😀"),
            ("content-type", "text/plain; charset=utf-99"),
            ("content-type", "multipart/form-data"),
            ("x-forwarded-for", "nonsense, , 1.2.3.4.5"),
            ("x-forwarded-proto", "gopher"),
            ("accept", "nothing/*"),
            ("x-http-method-override", "DELETE"),
        ] {
            if value.contains('\u{7f}') {
                continue;
            }
            for path in ["auth/session", "auth/email/verify", "auth/password/reset"] {
                is_harmless(&client.get_with(path, name, value).await, &format!("{path} {name}"));
            }
        }
        let answer = client.get_with("auth/session", "x-huge", &"x".repeat(11_000)).await;
        assert_eq!(answer.status, 431);
    }
}

#[tokio::test]
async fn forged_requests_change_nothing() {
    let stack = Stack::start(&[("CSRF_TRUSTED_ORIGINS", "https://app.example.com")]).await;
    stack.add_user("ann@example.com").await;
    let client = stack.browser();
    log_in(&client, "ann@example.com", PASSWORD).await.is(200);
    let token = client.cookie("csrftoken").unwrap();
    let own = format!("http://{}", stack.api);
    let look_alike = format!("{own}.evil.example");
    for (origin, csrf) in [
        ("https://evil.example", token.as_str()),
        ("null", &token),
        (look_alike.as_str(), &token),
        ("https://app.example.com.evil.example", &token),
        ("http://app.example.com", &token),
        ("file://", &token),
        (own.as_str(), ""),
        (own.as_str(), "x"),
        (own.as_str(), &"x".repeat(32)),
    ] {
        let headers = [("origin", origin), ("x-csrftoken", csrf)];
        let answer = client.send(Method::DELETE, "auth/session", &headers, "").await;
        assert_eq!(answer.status, 403, "{origin} {csrf} {}", answer.text);
        assert!(!answer.text.contains(&token));
    }
    client.get("auth/session").await.is(200);
    let headers = [("origin", "https://app.example.com")];
    client.send(Method::DELETE, "auth/session", &headers, "").await.is(401);
}

#[tokio::test]
async fn odd_hosts_are_refused() {
    let stack = Stack::start(&[("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")]).await;
    for (host, expected) in [
        ("localhost", "200"),
        ("evil.example", "400"),
        ("localhost.evil.example", "400"),
        ("localhost@evil.example", "400"),
        ("evil.example/localhost", "400"),
        ("", "400"),
        ("a b", "400"),
        ("localhost\r\nHost: evil.example", "400"),
    ] {
        let request =
            format!("GET /_allauth/app/v1/config HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(&stack.api, request.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{host:?}: {answer}");
        assert!(!answer.contains("evil"), "{answer}");
    }
}

/// A link goes to the frontend, whatever host a request was for.
#[tokio::test]
async fn a_hostile_host_gets_into_no_link() {
    let stack = Stack::start(&[]).await;
    stack.add_user("ann@example.com").await;
    let body = json!({"email": "ann@example.com"}).to_string();
    let request = format!(
        "POST /_allauth/app/v1/auth/password/request HTTP/1.1\r\nHost: evil.example\r\n\
         X-Forwarded-Host: evil.example\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(&stack.api, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mail = stack.inbox.only("ann@example.com").await;
    assert!(mail.link().starts_with("http://localhost:3000/"), "{}", mail.text);
}

#[tokio::test]
async fn what_is_no_http_closes_the_connection() {
    let stack = Stack::start(&[]).await;
    for request in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /_allauth/app/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /_allauth/app/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    ] {
        let answer = raw(&stack.api, request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    stack.app().get("config").await.is(200);
}
