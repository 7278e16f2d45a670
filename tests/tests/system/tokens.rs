//! Access and refresh tokens, `tokens/refresh`, and what is published of them.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vestibule::jwt::KeySet;
use vestibule::random::Random;

use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, has_ended, log_in, sign_up};

const EMAIL: &str = "ann@example.com";
pub(crate) const JWT: (&str, &str) = ("HEADLESS_TOKEN_STRATEGY", "jwt");
pub(crate) const HS256: (&str, &str) = ("HEADLESS_JWT_ALGORITHM", "HS256");
pub(crate) const RSA_KEY: (&str, &str) =
    ("HEADLESS_JWT_PRIVATE_KEY", include_str!("../../testdata/rsa-private-key.pem"));

/// An access token and a refresh token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn of(part: &Value) -> Self {
        let text = |name: &str| part[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

pub(crate) async fn tokens(stack: &Stack) -> (Client, Tokens) {
    let client = stack.app();
    let answer = log_in(&client, EMAIL, PASSWORD).await;
    (client, Tokens::of(&answer.is(200).body["meta"]))
}

pub(crate) async fn with_access(stack: &Stack, access: &str) -> Answer {
    stack.app().get_with("auth/session", "authorization", &format!("Bearer {access}")).await
}

pub(crate) async fn refresh(stack: &Stack, token: &str) -> Answer {
    stack.app().post("tokens/refresh", json!({"refresh_token": token})).await
}

async fn stack(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start(&[&[JWT, HS256], settings].concat()).await;
    stack.add_user(EMAIL).await;
    stack
}

#[tokio::test]
async fn apps_get_tokens_when_they_are_logged_in_and_not_before() {
    let stack = stack(&[]).await;
    let client = stack.app();
    let waiting = sign_up(&client, "ben@example.com").await;
    assert!(waiting.awaits("verify_email").body["meta"].get("access_token").is_none());
    let key = stack.inbox.only("ben@example.com").await.key();
    client.post("auth/email/verify", json!({"key": key})).await.is(401);
    let answer = log_in(&client, "ben@example.com", PASSWORD).await;
    let tokens = Tokens::of(&answer.is_logged_in_as("ben@example.com").body["meta"]);
    with_access(&stack, &tokens.access).await.is_logged_in_as("ben@example.com");
    let again = client.get("auth/session").await;
    assert!(again.is(200).body["meta"].get("access_token").is_none());
    let browser = log_in(&stack.browser(), "ben@example.com", PASSWORD).await;
    assert!(browser.is(200).body["meta"].get("access_token").is_none());
}

#[tokio::test]
async fn there_are_none_unless_they_are_asked_for() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let answer = log_in(&stack.app(), EMAIL, PASSWORD).await;
    assert!(answer.is(200).body["meta"].get("access_token").is_none());
    refresh(&stack, "x").await.is(400);
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_eq!(stack.app().get(path).await.status, 404);
    }
}

#[tokio::test]
async fn an_access_token_does_what_a_session_token_does() {
    let stack = stack(&[]).await;
    let (client, tokens) = tokens(&stack).await;
    let bearer = format!("Bearer {}", tokens.access);
    let app = stack.app();
    let body = json!({"email": "ann2@example.com"}).to_string();
    let added = app.send(http::Method::POST, "account/email", &[("authorization", &bearer)], body).await;
    assert_eq!(added.is(200).body["data"].as_array().unwrap().len(), 2);
    // It is the same session, so nothing new is there to be held.
    assert!(added.body["meta"].get("session_token").is_none());
    client.get("account/email").await.is(200);
    app.send(http::Method::DELETE, "auth/session", &[("authorization", &bearer)], "").await.is(401);
    has_ended(&client).await;
    with_access(&stack, &tokens.access).await.is(410);
    refresh(&stack, &tokens.refresh).await.is(400);
}

#[tokio::test]
async fn tokens_die_with_the_password() {
    let stack = stack(&[]).await;
    let (client, own) = tokens(&stack).await;
    let (_, other) = tokens(&stack).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    client.post("account/password/change", change).await.is(200);
    for tokens in [own, other] {
        refresh(&stack, &tokens.refresh).await.is(400);
        let answer = with_access(&stack, &tokens.access).await;
        assert!([401, 410].contains(&answer.status), "{}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshing_at_once_brings_all_the_same_pair_and_later_ends_the_family() {
    let stack = stack(&[]).await;
    let (client, first) = tokens(&stack).await;
    let answers = join_all((0..64).map(|_| refresh(&stack, &first.refresh))).await;
    let pairs: Vec<Tokens> = answers.iter().map(|answer| Tokens::of(&answer.is(200).body["data"])).collect();
    let second = pairs.first().unwrap().clone();
    assert!(pairs.iter().all(|pair| *pair == second), "{pairs:?}");
    assert_ne!(second, first);
    with_access(&stack, &second.access).await.is(200);

    let third = Tokens::of(&refresh(&stack, &second.refresh).await.is(200).body["data"]);
    // The first one comes back, and two others have been used since: somebody has stolen it.
    assert_eq!(refresh(&stack, &first.refresh).await.is(400).body, json!({"status": 400}));
    refresh(&stack, &third.refresh).await.is(400);
    with_access(&stack, &third.access).await.is(410);
    has_ended(&client).await;
}

#[tokio::test]
async fn without_grace_a_second_use_is_theft() {
    let stack = stack(&[("HEADLESS_JWT_REFRESH_GRACE", "0")]).await;
    let (client, first) = tokens(&stack).await;
    let second = Tokens::of(&refresh(&stack, &first.refresh).await.is(200).body["data"]);
    refresh(&stack, &first.refresh).await.is(400);
    refresh(&stack, &second.refresh).await.is(400);
    has_ended(&client).await;
}

#[tokio::test]
async fn a_refresh_beside_its_own_session_token_is_one_session() {
    let stack = stack(&[]).await;
    let (client, first) = tokens(&stack).await;
    let answer = client.post("tokens/refresh", json!({"refresh_token": first.refresh})).await;
    let second = Tokens::of(&answer.is(200).body["data"]);
    assert!(answer.body.get("meta").is_none(), "{}", answer.text);
    client.get("auth/session").await.is(200);
    refresh(&stack, &second.refresh).await.is(200);
}

/// Verifies an access token as any library does: with what the documents say, and nothing else.
async fn verify(stack: &Stack, access: &str, audience: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let app = stack.app();
    let about = app.get("/.well-known/openid-configuration").await;
    let issuer = about.body["issuer"].as_str().unwrap().to_owned();
    let keys = about.body["jwks_uri"].as_str().unwrap().strip_prefix(&issuer).unwrap();
    let keys: JwkSet = serde_json::from_value(app.get(keys).await.body).unwrap();
    let header = jsonwebtoken::decode_header(access)?;
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let algorithms = about.body["id_token_signing_alg_values_supported"].clone();
    let [algorithm]: [Algorithm; 1] = serde_json::from_value(algorithms).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    Ok(jsonwebtoken::decode(access, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

#[tokio::test]
async fn others_verify_access_tokens_with_what_is_published() {
    let ec = include_str!("../../testdata/ec-private-key.pem");
    let ed = include_str!("../../testdata/ed25519-private-key.pem");
    for (algorithm, pem) in [("RS256", RSA_KEY.1), ("ES256", ec), ("EdDSA", ed)] {
        let stack = Stack::start(&[
            JWT,
            ("HEADLESS_JWT_ALGORITHM", algorithm),
            ("HEADLESS_JWT_PRIVATE_KEY", pem),
            ("HEADLESS_JWT_AUDIENCE", "orders"),
        ])
        .await;
        let id = stack.add_user(EMAIL).await;
        let (_, tokens) = tokens(&stack).await;
        let claims = verify(&stack, &tokens.access, "orders").await.unwrap();
        assert_eq!(claims["sub"], id);
        assert!(verify(&stack, &tokens.access, "payments").await.is_err());
        assert!(verify(&stack, &tokens.refresh, "orders").await.is_err());
    }
}

/// A secret that may change.
pub(crate) type Changing = Arc<Mutex<String>>;

/// Secrets Manager, as far as it is asked for one secret; where it is.
pub(crate) async fn secrets_manager(secret: Changing) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\n";
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let _ = stream.read(&mut request).await;
            let secret = secret.lock().unwrap().clone();
            let body = json!({
                "ARN": "arn", "Name": "keys", "VersionId": "1", "SecretString": secret,
                // Long ago.
                "CreatedDate": 1_500_000_000,
            });
            let body = body.to_string();
            let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            // To hang up before all was said would take the answer back.
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut request).await;
        }
    });
    url
}

async fn stack_with(keys: &KeySet) -> Stack {
    stack_of(&Changing::new(Mutex::new(serde_json::to_string(keys).unwrap()))).await
}

async fn stack_of(secret: &Changing) -> Stack {
    let url = secrets_manager(Arc::clone(secret)).await;
    let stack = Stack::start(&[
        JWT,
        ("HEADLESS_JWT_KEYS_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url),
        ("HEADLESS_JWT_AUDIENCE", "orders"),
        ("HEADLESS_JWT_ISSUER", "https://auth.example.com"),
    ])
    .await;
    stack.add_user(EMAIL).await;
    stack
}

#[tokio::test]
async fn others_verify_access_tokens_before_and_after_a_rotation() {
    let random = Random::system();
    let key = || vestibule_keys::generate(Algorithm::ES256, &random).unwrap();
    let keys = KeySet { previous: None, current: key(), next: key() };
    let (before, after) = (stack_with(&keys).await, stack_with(&keys.clone().rotated(key())).await);
    let (_, old) = tokens(&before).await;
    let (_, new) = tokens(&after).await;
    let signed_by = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_ne!(signed_by(&old.access), signed_by(&new.access));
    // Whoever reads the keys now verifies what was signed before; whoever read them before, what is signed now.
    for published in [&before, &after] {
        for token in [&old.access, &new.access] {
            verify(published, token, "orders").await.unwrap();
        }
    }
}

/// Tokens are switched on for a service that runs: until the function `keys` has made the first keys, all goes on that
/// takes none.
#[tokio::test]
async fn what_takes_keys_waits_until_there_are_any_and_nothing_else_does() {
    const DOCUMENTS: [&str; 2] = ["/.well-known/jwks.json", "/.well-known/openid-configuration"];
    let secret = Changing::new(Mutex::new("{}".into()));
    let stack = stack_of(&secret).await;
    let authorizer = stack.function("authorizer", vestibule_authorizer::REQUIREMENTS).await;
    let (browser, app) = (stack.browser(), stack.app());
    log_in(&browser, EMAIL, PASSWORD).await.is(200);
    app.get("auth/session").await.is(401);
    sign_up(&app, "ben@example.com").await.awaits("verify_email");
    let waiting = app.token();
    stack.dynamodb.tally();
    let before = stack.dynamodb.items().await;
    let unready = [
        log_in(&app, EMAIL, PASSWORD).await,
        refresh(&stack, "x.y.z").await,
        with_access(&stack, "x.y.z").await,
        app.get(DOCUMENTS[0]).await,
        app.get(DOCUMENTS[1]).await,
    ];
    for answer in unready {
        answer.is(503);
        assert_eq!(answer.header("retry-after"), ["1"]);
    }
    assert_eq!((stack.dynamodb.items().await, app.token()), (before, waiting));
    let shown = [("authorization", "Bearer x.y.z")];
    assert!(crate::guarding::undecided(&authorizer, &shown).await);

    let random = Random::system();
    let key = || vestibule_keys::generate(Algorithm::ES256, &random).unwrap();
    let keys = KeySet { previous: None, current: key(), next: key() };
    *secret.lock().unwrap() = serde_json::to_string(&keys).unwrap();
    let (_, tokens) = tokens(&stack).await;
    verify(&stack, &tokens.access, "orders").await.unwrap();
    with_access(&stack, &tokens.access).await.is_logged_in_as(EMAIL);
    refresh(&stack, &tokens.refresh).await.is(200);
    assert!(!crate::guarding::undecided(&authorizer, &shown).await);
    // Whoever has found keys keeps them.
    *secret.lock().unwrap() = "{}".into();
    with_access(&stack, &tokens.access).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn a_local_stack_makes_its_own_key() {
    let stack = Stack::start(&[JWT, ("HEADLESS_JWT_AUDIENCE", "orders")]).await;
    stack.add_user(EMAIL).await;
    let (_, tokens) = tokens(&stack).await;
    verify(&stack, &tokens.access, "orders").await.unwrap();
}

#[tokio::test]
async fn what_is_published_is_for_everybody_and_nobody_in_particular() {
    let stack = Stack::start(&[JWT, RSA_KEY]).await;
    let browser = stack.browser();
    let keys = browser.get("/.well-known/jwks.json").await;
    assert_eq!((keys.status, keys.header("cache-control")), (200, vec!["public, max-age=300"]));
    assert_eq!(keys.header("set-cookie"), [""; 0]);
    assert_eq!(keys.body["keys"][0]["kty"], "RSA");
    assert!(keys.body["keys"][0].get("d").is_none());
    let posted = browser.send(http::Method::POST, "/.well-known/jwks.json", &[], "").await;
    assert_eq!((posted.status, posted.header("allow")), (405, vec!["GET, HEAD, OPTIONS"]));
    let head = browser.send(http::Method::HEAD, "/.well-known/jwks.json", &[], "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn keys_that_can_t_be_used_stop_the_start() {
    for (settings, text) in [
        (vec![JWT, ("HEADLESS_JWT_PRIVATE_KEY", "a secret that is thirty-two long or more")], "PEM"),
        (vec![JWT, RSA_KEY, ("HEADLESS_JWT_ALGORITHM", "ES256")], "ES256"),
        (vec![("HEADLESS_TOKEN_STRATEGY", "my.Strategy")], "HEADLESS_TOKEN_STRATEGY"),
    ] {
        let error = Stack::try_start(&settings).await.err().expect(text).to_string();
        assert!(error.contains(text), "{error}");
        assert!(!error.contains("thirty-two") && !error.contains("MII"), "{error}");
    }
}

#[tokio::test]
async fn only_apps_refresh() {
    let stack = stack(&[]).await;
    assert_eq!(stack.client(Kind::Browser).post("tokens/refresh", json!({})).await.status, 404);
}
