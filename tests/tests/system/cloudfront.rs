//! Frontend and API behind one origin, as CloudFront makes it of `infra/cloudfront.yaml`, and what bypasses it.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vestibule::settings::origin_verify_hash;
use vestibule_cli::template::Distribution;
use vestibule_tests::Passkey;
use vestibule_tests::identity_provider::query_of;

use crate::template::template;
use crate::webauthn::{LOGIN, PASSKEYS, add, enter, prove};
use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, log_in, raw};

const EMAIL: &str = "ann@example.com";
/// A secret besides the proxy's own, as during a rotation.
const SECRET: &str = "the-secret-of-another-distribution";

/// A frontend that answers each request with the request.
async fn frontend() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.write_all(&head[..length]).await.unwrap();
        }
    });
    url
}

async fn start(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start_behind_proxy(&frontend().await, settings).await;
    stack.add_user(EMAIL).await;
    stack
}

fn public(stack: &Stack) -> String {
    format!("http://{}", stack.public.as_ref().unwrap())
}

/// Sends a request to API Gateway's own host, past the proxy.
async fn bypass(stack: &Stack, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    send(&stack.api, method, path, headers, body).await
}

async fn send(to: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = lines.concat();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    raw(to, request.as_bytes()).await
}

async fn ip_of_session(client: &Client) -> IpAddr {
    let sessions: Answer = client.get("auth/sessions").await;
    sessions.is(200).body["data"][0]["ip"].as_str().unwrap().parse().unwrap()
}

/// API Gateway sees 192.0.2.1, as it sees CloudFront.
#[tokio::test]
async fn the_ip_address_of_the_client_counts_and_not_the_proxys() {
    let limits = r#"{"login": "2/m/ip", "login_failed": "100/m/ip"}"#;
    let notices = ("ACCOUNT_EMAIL_NOTIFICATIONS", "true");
    for kind in Kind::ALL {
        let stack = start(&[("ACCOUNT_RATE_LIMITS", limits), notices]).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        assert!(ip_of_session(&client).await.is_loopback());
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let changed = client.post("account/password/change", change).await;
        assert!(changed.status == 200 || changed.status == 401, "{}", changed.text);
        let notice = stack.inbox.only(EMAIL).await.text;
        let ip = notice.lines().find_map(|line| line.strip_prefix("IP address: ")).unwrap();
        assert!(ip.parse::<IpAddr>().unwrap().is_loopback(), "{notice}");
        // Whatever the client says of itself, the proxy adds the truth behind it.
        let body = json!({"email": EMAIL, "password": NEW_PASSWORD}).to_string();
        let mut statuses = Vec::new();
        for number in 0..3 {
            let forged = format!("203.0.113.{number}");
            let headers = [("x-forwarded-for", forged.as_str()), ("x-origin-verify", "guessed")];
            let client = stack.client(kind);
            statuses.push(client.send(Method::POST, "auth/login", &headers, body.clone()).await.status);
        }
        assert_eq!(statuses, [200, 429, 429], "{kind:?}");
    }
}

#[tokio::test]
async fn requests_that_bypass_the_proxy_are_refused_and_change_nothing() {
    let stack = start(&[]).await;
    stack.dynamodb.tally();
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    for route in template(&[("TokenStrategy", "jwt")]).api.routes {
        let path = route.path.replace("{client}", "app").replace("{proxy+}", "x");
        for headers in [
            &[][..],
            &[("x-forwarded-for", "203.0.113.1")],
            &[("x-origin-verify", ""), ("x-forwarded-for", "203.0.113.1")],
            &[("x-origin-verify", "guessed")],
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                let answer = bypass(&stack, method, &path, headers, &body).await;
                assert!(answer.starts_with("HTTP/1.1 403 "), "{method} {path} {headers:?}: {answer}");
                assert!(answer.contains("PUBLIC_URL") && !answer.contains("session"), "{answer}");
            }
        }
    }
    assert_eq!(stack.dynamodb.tally().calls(), 0, "nothing is read or written");
}

#[tokio::test]
async fn two_secrets_are_good_during_a_rotation() {
    let old = origin_verify_hash(SECRET);
    let stack = start(&[
        ("ORIGIN_VERIFY_SHA256", &old),
        // For the operator's commands, which read the same settings.
        ("PUBLIC_URL", "https://example.com"),
        ("ALLAUTH_TRUSTED_PROXY_COUNT", "2"),
        ("ACCOUNT_RATE_LIMITS", r#"{"login": "1/m/ip"}"#),
    ])
    .await;
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let mut statuses = Vec::new();
    for ip in ["203.0.113.1", "203.0.113.1", "6.6.6.6, 203.0.113.1", "203.0.113.2"] {
        let headers = [("x-origin-verify", SECRET), ("x-forwarded-for", ip)];
        let answer = bypass(&stack, "POST", "/_allauth/app/v1/auth/login", &headers, &body).await;
        statuses.push(answer.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(statuses, ["200", "429", "429", "200"]);
}

#[tokio::test]
async fn browsers_log_in_by_cookie_and_passkey_at_the_public_origin() {
    let stack = start(&PASSKEYS).await;
    let mut key = Passkey::new(&public(&stack));
    let browser = stack.browser();
    enter(&browser, EMAIL).await;
    add(&browser, &mut key, "?passwordless").await.is(200);
    browser.delete("auth/session").await.is(401);
    let answer = browser.get(LOGIN).await;
    assert_eq!(answer.is(200).body["data"]["request_options"]["publicKey"]["rpId"], "localhost");
    prove(&browser, LOGIN, &mut key).await.is_logged_in_as(EMAIL);
    // The API's own origin is not where this site is, and no page of it is trusted.
    key.origin = format!("http://{}", stack.api);
    assert_eq!(prove(&stack.browser(), LOGIN, &mut key).await.status, 400);
    let forged = [("origin", format!("http://{}", stack.api))];
    let headers = forged.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(browser.send(Method::DELETE, "auth/session", &headers, "").await.status, 403);
}

#[tokio::test]
async fn providers_and_tokens_name_the_public_url() {
    let stack = start(&[
        ("SOCIALACCOUNT_PROVIDERS", r#"{"google": {"APP": {"client_id": "c", "secret": "s"}}}"#),
        ("HEADLESS_TOKEN_STRATEGY", "jwt"),
    ])
    .await;
    let (browser, public) = (stack.browser(), public(&stack));
    browser.get("config").await;
    let form = format!("provider=google&process=login&callback_url={public}/welcome");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = browser.send(Method::POST, "auth/provider/redirect", &headers, form).await;
    let asked = query_of(answer.header("location")[0]);
    assert_eq!(asked["redirect_uri"], format!("{public}/accounts/google/login/callback/"));
    // The way back leads through the proxy as well: the state's cookie is this origin's.
    let callback = format!("/accounts/google/login/callback/?error=access_denied&state={}", asked["state"]);
    let back = browser.get(&callback).await;
    assert!(back.header("location")[0].starts_with(&format!("{public}/welcome?error=cancelled")), "{back:?}");
    let issuer = stack.app().get("/.well-known/openid-configuration").await;
    assert_eq!(issuer.body["issuer"], public.as_str(), "{}", issuer.text);
    assert_eq!(issuer.body["jwks_uri"], format!("{public}/.well-known/jwks.json"));
}

#[tokio::test]
async fn everything_else_is_the_frontends() {
    let stack = start(&[("HEADLESS_URL_PREFIX", "/auth/api/")]).await;
    let browser = stack.browser();
    for path in ["/", "/account/verify-email/k?x=%2F", "/.well-known/assetlinks.json", "/_allauth"] {
        let answer = browser.get(path).await;
        assert!(answer.text.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{}", answer.text);
        assert!(!answer.text.contains("x-origin-verify"), "the frontend learns no secret: {}", answer.text);
    }
    browser.get("/auth/api/browser/v1/config?x=%2F").await.is(200);
    // Only the proxy rewrites.
    let secret = [("x-origin-verify", SECRET)];
    let answer = bypass(&stack, "GET", "/auth/api/browser/v1/config", &secret, "").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    // CloudFront does not pass on what no API may depend on.
    for (method, body) in [("GET", "{}"), ("TRACE", "")] {
        let proxy = stack.public.as_ref().unwrap();
        let answer = send(proxy, method, "/_allauth/browser/v1/config", &[], body).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("CloudFront"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn a_frontend_that_does_not_answer_is_told() {
    let stack = Stack::start_behind_proxy("http://127.0.0.1:9", &[]).await;
    let answer = stack.browser().get("/").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text.contains("http://127.0.0.1:9/ does not answer: start it"), "{}", answer.text);
    stack.browser().get("config").await.is(200);
}

fn deployed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/cloudfront.yaml");
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_route_has_a_behavior_that_caches_nothing_and_passes_everything_on() {
    let parameters = BTreeMap::from([("UrlPrefix".to_owned(), "/auth/api/".to_owned())]);
    let distribution = Distribution::read(&deployed(), &parameters).unwrap();
    for route in template(&[]).api.routes {
        let path = route.path.replace("{client}", "browser").replace("{proxy+}", "a/b");
        let behavior = distribution.find(&path).unwrap_or_else(|| panic!("{path} leads to the frontend"));
        assert_eq!(behavior.origin, "api", "{path}");
    }
    let prefixed = distribution.find("/auth/api/browser/v1/config").unwrap();
    assert_eq!(prefixed.functions, ["Prefix"]);
    for behavior in &distribution.behaviors {
        let disabled = Some("4135ea2d-6df8-44a3-9df3-4b5a84be39ad".to_owned());
        let all_but_host = Some("b689b0a8-53d0-40ab-baf2-68738e2966ac".to_owned());
        assert_eq!(behavior.policies, [disabled, all_but_host], "{behavior:?}");
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"] {
            assert!(behavior.methods.iter().any(|passed| passed == method), "{method}: {behavior:?}");
        }
    }
    let without = Distribution::read(&deployed(), &BTreeMap::new()).unwrap();
    assert_eq!(without.behaviors.len() + 1, distribution.behaviors.len());
}

/// `CloudFront` would keep one person's error for everybody.
#[test]
fn no_error_is_cached() {
    let template = deployed();
    for code in [400, 403, 404, 405, 414, 500, 501, 502, 503, 504] {
        assert!(template.contains(&format!("{{ErrorCode: {code}, ErrorCachingMinTTL: 0}}")), "{code}");
    }
    assert!(!template.contains("ResponsePagePath"), "a page of the frontend would replace the API's errors");
}
