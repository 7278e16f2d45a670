//! OpenID Connect with a hostile service, a hostile client, and codes and tokens in the wrong hands.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use vestibule_tests::identity_provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, query_of};

use super::{ANN, MALLORY, enter};
use crate::social::{CALLBACK, arrive, depart, has_landed, is_refused, openid_connect, providers};
use crate::{Answer, Client, Stack, UNLIMITED};

const EVIL_CALLBACK: &str = "/accounts/oidc/evil/login/callback/";

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// What a token says.
fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A token that is signed with a shared secret.
fn hs256(claims: &Value, secret: &[u8]) -> String {
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "kid": "key"})), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn about(sub: &str, email: &str) -> Value {
    json!({"sub": sub, "email": email, "email_verified": true})
}

/// Tokens that the club never made, or made for another purpose.
fn forgeries(club: &IdentityProvider, evil: &IdentityProvider) -> Vec<(&'static str, String)> {
    let good = club.id_token(&about("ann", ANN));
    let claims = claims_of(&good);
    let (_, signature) = good.rsplit_once('.').unwrap();
    let unsigned = |alg: &str| format!("{}.{}", encode(&json!({"alg": alg, "kid": "key"})), encode(&claims));
    let public = club.public_key();
    let x = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
    let usual = json!({"alg": "ES256", "kid": "key"});
    let swapped = with(&claims_of(&club.id_token(&about("mallory", MALLORY))), "sub", json!("ann"));
    vec![
        ("no algorithm", format!("{}.", unsigned("none"))),
        ("no algorithm, in capitals", format!("{}.", unsigned("nOnE"))),
        ("no algorithm, and the signature of another", format!("{}.{signature}", unsigned("none"))),
        ("an unknown algorithm", format!("{}.{signature}", unsigned("XS256"))),
        ("no signature", format!("{}.", unsigned("ES256"))),
        ("a shared secret: the public key", hs256(&claims, public.to_string().as_bytes())),
        ("a shared secret: a coordinate of it", hs256(&claims, &x)),
        ("a shared secret: the client's", hs256(&claims, CLIENT_SECRET.as_bytes())),
        ("a shared secret: none", hs256(&claims, b"")),
        ("another's key under the same name", evil.sign(&usual, &claims)),
        ("another's key without a name", evil.sign(&json!({"alg": "ES256"}), &claims)),
        ("another's key in the header", {
            evil.sign(&json!({"alg": "ES256", "kid": "key", "jwk": evil.public_key()}), &claims)
        }),
        ("another's keys at an address", {
            evil.sign(&json!({"alg": "ES256", "kid": "key", "jku": format!("{}/jwks", evil.url)}), &claims)
        }),
        ("a name that is a path", evil.sign(&json!({"alg": "ES256", "kid": "../../dev/null"}), &claims)),
        ("a claim that was changed", format!("{}.{}.{signature}", encode(&usual), encode(&swapped))),
        (
            "what must be understood",
            club.sign(&json!({"alg": "ES256", "kid": "key", "crit": ["x"]}), &claims),
        ),
        ("an access token", club.sign(&json!({"alg": "ES256", "kid": "key", "typ": "at+jwt"}), &claims)),
        ("a logout token", club.sign(&json!({"alg": "ES256", "kid": "key", "typ": "logout+jwt"}), &claims)),
        ("another algorithm than the key's", club.sign(&json!({"alg": "RS256", "kid": "key"}), &claims)),
    ]
}

/// Tokens that the club made, for somebody else or another time.
fn misuses(club: &IdentityProvider, evil: &IdentityProvider) -> Vec<(&'static str, String)> {
    let claims = claims_of(&club.id_token(&about("ann", ANN)));
    let soon = claims["iat"].as_u64().unwrap() + 3600;
    let usual = json!({"alg": "ES256", "kid": "key"});
    let changes: Vec<(&str, &str, Value)> = vec![
        ("another issuer", "iss", json!(evil.url)),
        ("another spelling of the issuer", "iss", json!(format!("{}/", club.url))),
        ("no issuer", "iss", Value::Null),
        ("another client", "aud", json!("another")),
        ("no client", "aud", Value::Null),
        ("a list of no clients", "aud", json!([])),
        ("a client that is no text", "aud", json!({CLIENT_ID: CLIENT_ID})),
        ("several clients, and no party", "aud", json!([CLIENT_ID, "another"])),
        ("an old one", "exp", json!(1)),
        ("one that is good for ever", "exp", Value::Null),
        ("an end that is no time", "exp", json!("soon")),
        ("one from the future", "iat", json!(soon)),
        ("one for the future", "nbf", json!(soon)),
        ("nobody", "sub", Value::Null),
        ("nobody, by name", "sub", json!("")),
        ("a subject that is a list", "sub", json!(["ann"])),
        ("a subject that is an object", "sub", json!({"ann": "ann"})),
        ("another access token", "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ];
    let mut tokens: Vec<_> = changes
        .into_iter()
        .map(|(what, name, value)| (what, club.sign(&usual, &with(&claims, name, value))))
        .collect();
    let party = with(&with(&claims, "aud", json!([CLIENT_ID, "another"])), "azp", json!("another"));
    tokens.push(("another party", club.sign(&usual, &party)));
    tokens
}

async fn present(client: &Client, process: &str, id_token: &str) -> Answer {
    let token = json!({"client_id": CLIENT_ID, "id_token": id_token, "access_token": "an-access-token"});
    client.post("auth/provider/token", json!({"provider": "club", "process": process, "token": token})).await
}

#[tokio::test]
async fn an_id_token_that_is_forged_or_not_for_us_logs_nobody_in() {
    let (club, evil) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let ann = async || {
        let token = json!({"client_id": CLIENT_ID, "id_token": club.id_token(&about("ann", ANN))});
        let body = json!({"provider": "club", "process": "login", "token": token});
        stack.app().post("auth/provider/token", body).await.is_logged_in_as(ANN).clone()
    };
    ann().await;
    for (what, id_token) in forgeries(&club, &evil).into_iter().chain(misuses(&club, &evil)) {
        let mallory = stack.app();
        let answer = present(&mallory, "login", &id_token).await;
        assert_eq!(
            (answer.status, answer.errors()),
            (400, vec!["token: invalid_token".to_owned()]),
            "{what}"
        );
        assert!(mallory.token().is_none(), "{what}");
    }
    assert_eq!(stack.dynamodb.keys("SOCIAL#").await, ["SOCIAL#club#ann -"]);
    ann().await;
}

/// A service that is configured as well, and goes bad, speaks for its own people only.
#[tokio::test]
async fn a_hostile_service_speaks_for_nobody_elsewhere() {
    let (club, evil) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club), ("evil", &evil)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let ann = stack.browser();
    let location = depart(&ann, "club", "login").await;
    let code = club.consent(&location, about("ann", ANN));
    has_landed(&arrive(&ann, CALLBACK, &query_of(&location)["state"], &code).await);

    let usual = json!({"alg": "ES256", "kid": "key"});
    let genuine = club.id_token(&about("ann", ANN));
    for (what, forge) in [
        ("a token in the club's name", &(|claims| evil.sign(&usual, &claims)) as &dyn Fn(Value) -> String),
        ("a token that the club made", &|claims| club.sign(&usual, &claims)),
        ("a token that the club made for somebody else's login", &|_| genuine.clone()),
        ("no token", &|_| String::new()),
    ] {
        let mallory = stack.browser();
        let location = depart(&mallory, "evil", "login").await;
        let asked = query_of(&location);
        evil.forge(&forge(with(&claims_of(&genuine), "nonce", json!(asked["nonce"]))));
        let code = evil.consent(&location, about("ann", ANN));
        is_refused(&arrive(&mallory, EVIL_CALLBACK, &asked["state"], &code).await);
        assert_eq!(mallory.get("auth/session").await.status, 401, "{what}");
    }
    ann.get("auth/session").await.is_logged_in_as(ANN);
    assert_eq!(providers(&ann).await, ["club ann"]);
}

/// The same subject at two services are two people.
#[tokio::test]
async fn a_subject_of_one_service_is_nobody_at_another() {
    let (club, other) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club), ("evil", &other)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let (ann, mallory) = (stack.browser(), stack.browser());
    for (browser, service, name, callback) in
        [(&ann, &club, "club", CALLBACK), (&mallory, &other, "evil", EVIL_CALLBACK)]
    {
        let location = depart(browser, name, "login").await;
        let code = service.consent(&location, about("ann", ANN));
        arrive(browser, callback, &query_of(&location)["state"], &code).await;
    }
    ann.get("auth/session").await.is_logged_in_as(ANN);
    mallory.get("auth/session").await.awaits("verify_email");
    assert_eq!(providers(&ann).await, ["club ann"]);
}

/// Code injection (RFC 9700, section 4.5): a code is bound to the login that it was given for.
#[tokio::test]
async fn a_stolen_code_is_of_no_use_in_another_login() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let (ann, mallory) = (stack.browser(), stack.browser());
    let (of_ann, of_mallory) = (depart(&ann, "club", "login").await, depart(&mallory, "club", "login").await);
    let code_of_ann = club.consent(&of_ann, about("ann", ANN));
    let code_of_mallory = club.consent(&of_mallory, about("mallory", MALLORY));
    let (state_of_ann, state_of_mallory) = (&query_of(&of_ann)["state"], &query_of(&of_mallory)["state"]);
    // Ann's code in Mallory's login, and Mallory's whole answer in Ann's browser.
    is_refused(&arrive(&mallory, CALLBACK, state_of_mallory, &code_of_ann).await);
    mallory.get("auth/session").await.is_anonymous();
    is_refused(&arrive(&ann, CALLBACK, state_of_mallory, &code_of_mallory).await);
    ann.get("auth/session").await.is_anonymous();
    has_landed(&arrive(&ann, CALLBACK, state_of_ann, &code_of_ann).await);
    ann.get("auth/session").await.is_logged_in_as(ANN);
}

/// Mix-up (RFC 9207): who sends the browser must be who was asked.
#[tokio::test]
async fn an_answer_in_the_name_of_another_issuer_is_not_exchanged() {
    let (club, evil) = (IdentityProvider::start().await, IdentityProvider::start().await);
    let setting = openid_connect(&[("club", &club), ("evil", &evil)]);
    let stack = Stack::start(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    for issuer in [evil.url.clone(), format!("{}/", club.url), String::new()] {
        let browser = stack.browser();
        let location = depart(&browser, "club", "login").await;
        let code = club.consent(&location, about("ann", ANN));
        let state = &query_of(&location)["state"];
        let path = format!("{CALLBACK}?state={state}&code={code}&iss={issuer}");
        is_refused(&browser.get(&path).await);
        browser.get("auth/session").await.is_anonymous();
    }
    assert_eq!((club.exchanges(), evil.exchanges()), (0, 0));
    let browser = stack.browser();
    let location = depart(&browser, "club", "login").await;
    let code = club.consent(&location, about("ann", ANN));
    let path = format!("{CALLBACK}?state={}&code={code}&iss={}", query_of(&location)["state"], club.url);
    has_landed(&browser.get(&path).await);
}

/// A token that is good once is good once, whatever it is shown for.
#[tokio::test]
async fn a_spent_id_token_connects_nothing_either() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let stack = super::stack(&[("SOCIALACCOUNT_PROVIDERS", &setting), UNLIMITED]).await;
    let ann = stack.app();
    enter(&ann, ANN).await;
    let mut claims = about("ann", ANN);
    claims["jti"] = json!("once");
    let token = club.id_token(&claims);
    let show = async |client: &Client, process: &str| {
        let token = json!({"client_id": CLIENT_ID, "id_token": token});
        let body = json!({"provider": "club", "process": process, "token": token});
        client.post("auth/provider/token", body).await
    };
    show(&ann, "connect").await.is(200);
    let mallory = stack.app();
    enter(&mallory, MALLORY).await;
    show(&mallory, "connect").await.refuses(&["token: invalid_token"]);
    show(&stack.app(), "login").await.refuses(&["token: invalid_token"]);
    assert_eq!(providers(&mallory).await, [""; 0]);
    assert_eq!(providers(&ann).await, ["club ann"]);
}

/// Only a clear yes verifies an address: text that merely is not empty does not (allauth 65.22.1).
#[tokio::test]
async fn a_claim_that_is_no_clear_yes_verifies_nothing() {
    let club = IdentityProvider::start().await;
    let setting = openid_connect(&[("club", &club)]);
    let settings = [
        ("SOCIALACCOUNT_PROVIDERS", setting.as_str()),
        ("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true"),
        ("SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT", "true"),
        UNLIMITED,
    ];
    let stack = super::stack(&settings).await;
    for (number, verified) in [
        json!("false"),
        json!("False"),
        json!("no"),
        json!("yes"),
        json!(" true"),
        json!("0"),
        json!("null"),
        json!(""),
        json!([true]),
        json!(["true"]),
        json!({"true": true}),
        json!(0),
        json!(null),
    ]
    .into_iter()
    .enumerate()
    {
        let mallory = stack.browser();
        let location = depart(&mallory, "club", "login").await;
        let claims = json!({"sub": format!("mallory{number}"), "email": ANN, "email_verified": verified});
        let code = club.consent(&location, claims);
        arrive(&mallory, CALLBACK, &query_of(&location)["state"], &code).await;
        assert_eq!(mallory.get("auth/session").await.status, 401, "{verified}");
    }
    assert_eq!(stack.dynamodb.keys("SOCIAL#").await, [""; 0]);
    super::ann_gets_in(&stack).await;
}
