//! Guarding other APIs: the function `authorizer`, and the example of `docs/guarding.md` behind what API Gateway does
//! with both kinds of authorizer.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use vestibule::app::App;
use vestibule::clock::Clock;
use vestibule_authorizer::{REQUIREMENTS, Undecided, Verdict, authorize};
use vestibule_cli::arguments::UserAdd;

use crate::releases::rewrite;
use crate::tokens::{HS256, JWT, RSA_KEY, Tokens, refresh, tokens};
use crate::{Client, Kind, NEW_PASSWORD, PASSWORD, Stack, log_in};

const EMAIL: &str = "ann@example.com";
const KEY: (&str, &str) = ("HEADLESS_JWT_PRIVATE_KEY", "a-secret-that-only-these-tests-know");

/// A stack, its account, and the authorizer over its table.
async fn stack(settings: &[(&str, &str)]) -> (Stack, String, App) {
    let stack = Stack::start(settings).await;
    let id = stack.add_user(EMAIL).await;
    let app = stack.function("authorizer", REQUIREMENTS).await;
    (stack, id, app)
}

/// A request to another API, as API Gateway describes it to an authorizer.
pub(crate) fn event(method: &Method, headers: &[(&str, &str)]) -> Value {
    let cookies: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| *name == "cookie")
        .flat_map(|(_, value)| value.split("; "))
        .collect();
    let headers = headers.iter().filter(|(name, _)| *name != "cookie");
    let mut headers: serde_json::Map<String, Value> =
        headers.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    headers.insert("host".into(), json!("orders.example.com"));
    headers.insert("x-forwarded-proto".into(), json!("https"));
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef123/$default/ANY/by-session",
        "identitySource": null,
        "routeKey": "ANY /by-session",
        "rawPath": "/by-session",
        "rawQueryString": "",
        "cookies": cookies,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef123",
            "domainName": "orders.example.com",
            "http": {
                "method": method.as_str(),
                "path": "/by-session",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "id",
            "routeKey": "ANY /by-session",
            "stage": "$default",
            "time": "01/Jan/2027:00:00:00 +0000",
            "timeEpoch": 1_798_761_600_000_u64,
        },
    })
}

pub(crate) async fn ask(app: &App, method: &Method, headers: &[(&str, &str)]) -> Verdict {
    let event: ApiGatewayV2CustomAuthorizerV2Request =
        serde_json::from_value(event(method, headers)).unwrap();
    authorize(app, event).await.unwrap()
}

/// Whether the authorizer can't tell yet who it is.
pub(crate) async fn undecided(app: &App, headers: &[(&str, &str)]) -> bool {
    let event = serde_json::from_value(event(&Method::GET, headers)).unwrap();
    matches!(authorize(app, event).await, Err(Undecided::NoKeys))
}

/// What the client would show to another API on a domain that its cookies are sent to.
pub(crate) fn shown(client: &Client) -> Vec<(&'static str, String)> {
    match client.kind {
        Kind::App => vec![("x-session-token", client.token().unwrap())],
        Kind::Browser => vec![("cookie", format!("a=b; sessionid={}", client.token().unwrap()))],
    }
}

async fn lets_in(app: &App, headers: &[(&'static str, String)]) -> bool {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(app, &Method::GET, &headers).await.is_authorized
}

#[tokio::test]
async fn whoever_is_logged_in_is_let_in_by_name() {
    let (stack, id, app) = stack(&[JWT, HS256, KEY]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        let headers = shown(&client);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let verdict = serde_json::to_value(ask(&app, &Method::GET, &headers).await).unwrap();
        assert_eq!(verdict, json!({"isAuthorized": true, "context": {"account_id": id, "email": EMAIL}}));
    }
    let (_, tokens) = tokens(&stack).await;
    assert!(lets_in(&app, &[("authorization", format!("Bearer {}", tokens.access))]).await);
    assert!(!lets_in(&app, &[("authorization", format!("Bearer {}", tokens.refresh))]).await);
}

/// A browser sends one cookie for each domain and path that it has it of: the first four are tried, in their order.
#[tokio::test]
async fn the_session_among_several_cookies_is_found() {
    let (stack, _, app) = stack(&[]).await;
    let client = stack.browser();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let own = client.token().unwrap();
    let lets = async |before: usize, after: usize| {
        let (start, end) = own.split_at(own.len() - 8);
        let other = |number: usize| {
            let letter = ('a'..='z').filter(|letter| !end.starts_with(*letter)).nth(number).unwrap();
            format!("sessionid={start}{letter}{}", &end[1..])
        };
        let own = std::iter::once(format!("sessionid={own}"));
        let cookies: Vec<String> =
            (0..before).map(other).chain(own).chain((before..before + after).map(other)).collect();
        lets_in(&app, &[("cookie", cookies.join("; "))]).await
    };
    for (before, after) in [(0, 0), (0, 3), (1, 0), (1, 5), (3, 0)] {
        assert!(lets(before, after).await, "{before} before, {after} after");
    }
    assert!(!lets(4, 0).await);
    stack.dynamodb.tally();
    assert!(lets(3, 0).await);
    assert_eq!(stack.dynamodb.tally().calls(), 1, "all are read at once");
}

/// Other services take the address for whose it is.
#[tokio::test]
async fn an_address_is_told_once_it_is_verified() {
    let (stack, _, app) = stack(&[("ACCOUNT_EMAIL_VERIFICATION", "optional")]).await;
    let client = stack.app();
    let answer = crate::sign_up(&client, "ben@example.com").await;
    let id = answer.is(200).body["data"]["user"]["id"].clone();
    let token = client.token().unwrap();
    let context = async || {
        let verdict = ask(&app, &Method::GET, &[("x-session-token", &token)]).await;
        serde_json::to_value(verdict.context).unwrap()
    };
    assert_eq!(context().await, json!({"account_id": id, "email": ""}));
    let key = stack.inbox.only("ben@example.com").await.key();
    client.post("auth/email/verify", json!({"key": key})).await.is(200);
    assert_eq!(context().await, json!({"account_id": id, "email": "ben@example.com"}));
}

#[tokio::test]
async fn nobody_else_is() {
    let (stack, _, app) = stack(&[JWT, HS256, KEY, ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
    let client = stack.app();
    crate::sign_up(&client, "ben@example.com").await.awaits("verify_email");
    let pending = client.token().unwrap();
    let client = stack.app();
    client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
    let waiting = client.token().unwrap();
    let made_up = format!("somebody.{}", "x".repeat(43));
    for headers in [
        vec![],
        vec![("x-session-token", "nonsense".to_owned())],
        vec![("x-session-token", made_up.clone())],
        vec![("cookie", format!("sessionid={made_up}"))],
        vec![("authorization", "Bearer x.y.z".to_owned())],
        vec![("authorization", format!("Bearer {pending}"))],
        vec![("x-session-token", pending)],
        vec![("x-session-token", waiting)],
    ] {
        assert!(!lets_in(&app, &headers).await, "{headers:?}");
    }
    let refused = serde_json::to_value(ask(&app, &Method::GET, &[]).await).unwrap();
    assert_eq!(refused, json!({"isAuthorized": false}));
}

/// Ends the session in one way; what was shown before is refused by the next request.
async fn ends(settings: &[(&str, &str)], end: impl AsyncFn(&Stack, &Client)) {
    for kind in Kind::ALL {
        let (stack, _, app) = stack(&[&[JWT, HS256, KEY], settings].concat()).await;
        let client = stack.client(kind);
        let answer = log_in(&client, EMAIL, PASSWORD).await;
        let mut all = vec![shown(&client)];
        if kind == Kind::App {
            let access = answer.is(200).body["meta"]["access_token"].as_str().unwrap();
            all.push(vec![("authorization", format!("Bearer {access}"))]);
        }
        for headers in &all {
            assert!(lets_in(&app, headers).await, "{headers:?}");
        }
        end(&stack, &client).await;
        for headers in &all {
            assert!(!lets_in(&app, headers).await, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_log_out_is_seen_at_once() {
    ends(&[], async |_, client| {
        client.delete("auth/session").await.is(401);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_was_ended_from_elsewhere_is_refused_at_once() {
    ends(&[], async |stack, client| {
        let other = stack.app();
        log_in(&other, EMAIL, PASSWORD).await.is(200);
        let list = other.get("auth/sessions").await;
        let ids: Vec<&Value> = list.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|session| session["is_current"] == false)
            .map(|session| &session["id"])
            .collect();
        other.delete_with("auth/sessions", json!({"sessions": ids})).await.is(200);
        assert!(client.token().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_change_of_password_is_seen_at_once() {
    ends(&[], async |stack, _| {
        let other = stack.app();
        log_in(&other, EMAIL, PASSWORD).await.is(200);
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        other.post("account/password/change", change).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_was_closed_is_refused_at_once() {
    ends(&[], async |stack, _| stack.disable(EMAIL).await).await;
}

#[tokio::test]
async fn a_browser_s_changes_must_not_be_forged() {
    let (stack, _, app) = stack(&[("CSRF_TRUSTED_ORIGINS", "http://localhost:3000")]).await;
    let client = stack.browser();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let secret = client.cookie("csrftoken").unwrap();
    let cookies = format!("sessionid={}; csrftoken={secret}", client.token().unwrap());
    let own = ("origin", "https://orders.example.com");
    let frontend = ("origin", "http://localhost:3000");
    let elsewhere = ("origin", "https://evil.example.com");
    let token = ("x-csrftoken", secret.as_str());
    for (headers, expected) in [
        (vec![own, token], true),
        (vec![frontend, token], true),
        (vec![elsewhere, token], false),
        (vec![own], false),
        (vec![own, ("x-csrftoken", "x")], false),
        (vec![token], false),
    ] {
        let headers = [vec![("cookie", cookies.as_str())], headers].concat();
        assert_eq!(ask(&app, &Method::POST, &headers).await.is_authorized, expected, "{headers:?}");
        assert!(ask(&app, &Method::GET, &headers).await.is_authorized);
    }
}

#[tokio::test]
async fn asking_costs_one_read() {
    let (stack, _, app) = stack(&[JWT, HS256, KEY]).await;
    let (client, tokens) = tokens(&stack).await;
    stack.dynamodb.set_latency(Duration::from_millis(20));
    for headers in [shown(&client), vec![("authorization", format!("Bearer {}", tokens.access))]] {
        stack.dynamodb.tally();
        assert!(lets_in(&app, &headers).await);
        let tally = stack.dynamodb.tally();
        assert_eq!((tally.round_trips, tally.calls(), tally.writes()), (1, 1, 0));
    }
    stack.dynamodb.tally();
    assert!(!lets_in(&app, &[]).await);
    assert_eq!(stack.dynamodb.tally().calls(), 0);
}

/// One of the two authorizers of the example, as its template has it. What it refers to stands there by its name.
fn authorizer(name: &str) -> Value {
    let text = include_str!("../../../examples/guarded-api/template.yaml");
    let template: Value = serde_saphyr::from_str(text).unwrap();
    let mut authorizer = template["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"][name].clone();
    assert!(authorizer.is_object(), "{name}");
    if let Some(audience) = authorizer.pointer_mut("/JwtConfiguration/audience/0") {
        let parameter = audience.as_str().unwrap();
        *audience = template["Parameters"][parameter]["Default"].clone();
    }
    authorizer
}

/// The example behind its routes, as API Gateway runs it.
fn call_example(path: &str, authorizer: Value) -> (u16, Value) {
    let mut event = event(&Method::GET, &[]);
    event["rawPath"] = path.into();
    event["requestContext"]["authorizer"] = authorizer;
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = vestibule_guarded_api::answer(&request, Clock::system().now().seconds()).unwrap();
    let body = match response.body() {
        lambda_http::Body::Text(text) => serde_json::from_str(text).unwrap(),
        _ => Value::Null,
    };
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap());
    let asks = challenge.is_some_and(|challenge| {
        challenge.starts_with("Bearer error=\"insufficient_user_authentication\"")
            && challenge.ends_with("max_age=\"300\"")
    });
    assert_eq!(asks, body["error"] == "insufficient_user_authentication", "{challenge:?}");
    (response.status().as_u16(), body)
}

/// API Gateway's own authorizer: it knows an issuer and an audience, and asks the issuer for the rest.
pub(crate) async fn by_token(stack: &Stack, path: &str, header: (&str, &str)) -> (u16, Value) {
    let template = authorizer("AccessToken");
    assert_eq!(template["JwtConfiguration"]["issuer"], "Issuer");
    let audience = template["JwtConfiguration"]["audience"].as_array().unwrap();
    let audience: Vec<&str> = audience.iter().map(|audience| audience.as_str().unwrap()).collect();
    let source = template["IdentitySource"].as_str().unwrap();
    let name = source.strip_prefix("$request.header.").unwrap();
    // It takes the token with or without this word before it.
    let token = header.1.strip_prefix("Bearer ").unwrap_or(header.1);
    if !name.eq_ignore_ascii_case(header.0) {
        return (401, Value::Null);
    }
    let app = stack.app();
    let issuer = format!("http://{}", stack.api);
    let about = app.get("/.well-known/openid-configuration").await;
    assert_eq!(about.body["issuer"], issuer);
    let keys = about.body["jwks_uri"].as_str().unwrap().strip_prefix(&issuer).unwrap().to_owned();
    let keys: JwkSet = serde_json::from_value(app.get(&keys).await.body).unwrap();
    let claims = || {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&audience);
        Some(jsonwebtoken::decode::<serde_json::Map<String, Value>>(token, &key, &validation).ok()?.claims)
    };
    let Some(claims) = claims() else { return (401, Value::Null) };
    // It hands all claims on as text.
    let claims: serde_json::Map<String, Value> = claims
        .into_iter()
        .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()))
        .collect();
    call_example(path, json!({"jwt": {"claims": claims, "scopes": null}}))
}

pub(crate) async fn by_session(app: &App, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let template = authorizer("Session");
    let expected = event(&Method::GET, headers)["version"].clone();
    assert_eq!(template["AuthorizerPayloadFormatVersion"], expected);
    // Without an identity source every request is put to the function, whatever it shows; and no answer may be kept.
    assert_eq!(template["Identity"], json!({"ReauthorizeEvery": 0}));
    assert_eq!(template["EnableSimpleResponses"], true);
    let verdict = serde_json::to_value(ask(app, &Method::GET, headers).await).unwrap();
    if verdict["isAuthorized"] != true {
        return (403, Value::Null);
    }
    call_example(path, json!({"lambda": verdict["context"]}))
}

#[tokio::test]
async fn the_example_is_guarded_both_ways() {
    let settings = |audience| [JWT, RSA_KEY, ("HEADLESS_JWT_AUDIENCE", audience)];
    let (stack, id, app) = stack(&settings("vestibule")).await;
    let (client, tokens) = tokens(&stack).await;
    let greeting = (200, json!({"hello": id}));
    let bearer = format!("Bearer {}", tokens.access);
    let session = client.token().unwrap();

    assert_eq!(by_token(&stack, "/by-token", ("authorization", &bearer)).await, greeting);
    assert_eq!(by_session(&app, "/by-session", &[("authorization", &bearer)]).await, greeting);
    assert_eq!(by_session(&app, "/by-session", &[("x-session-token", &session)]).await, greeting);

    for (name, value) in [
        ("x-session-token", tokens.access.as_str()),
        ("authorization", &tokens.refresh),
        ("authorization", "x.y.z"),
    ] {
        assert_eq!(by_token(&stack, "/by-token", (name, value)).await.0, 401);
    }
    let (payments, _, _) = self::stack(&settings("payments")).await;
    let (_, for_payments) = self::tokens(&payments).await;
    assert_eq!(by_token(&payments, "/by-token", ("authorization", &for_payments.access)).await.0, 401);
    assert_eq!(by_session(&app, "/by-session", &[]).await.0, 403);
    // A route without an authorizer greets nobody.
    assert_eq!(call_example("/by-session", Value::Null).0, 401);

    // What was revoked: a signature alone does not tell, the session does.
    client.delete("auth/session").await.is(401);
    assert_eq!(by_token(&stack, "/by-token", ("authorization", &bearer)).await, greeting);
    assert_eq!(by_session(&app, "/by-session", &[("authorization", &bearer)]).await.0, 403);
}

/// The claims of a token, whoever signed it.
pub(crate) fn claims_in(token: &str) -> Value {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// What the site wants to know stands in an access token and in the authorizer's context, and follows the account at the
/// next refresh.
#[tokio::test]
async fn claims_of_the_site_are_in_tokens_and_in_the_context() {
    let claims = r#"{"https://example.com/admin": "superuser", "email": "email", "email_verified": "email_verified",
        "name": "username", "amr": "amr"}"#;
    let settings =
        [JWT, HS256, KEY, ("HEADLESS_JWT_CLAIMS", claims), ("ACCOUNT_EMAIL_VERIFICATION", "optional")];
    let stack = Stack::start(&settings).await;
    let ann = UserAdd { email: Some(EMAIL.to_owned()), superuser: true, unverified: true, ..stack.nobody() };
    let id = stack.add(ann).await;
    let app = stack.function("authorizer", REQUIREMENTS).await;
    let (client, tokens) = tokens(&stack).await;
    let own = |access: &str| {
        let mut claims = claims_in(access);
        for registered in ["iat", "exp", "sid", "jti"] {
            assert!(claims.as_object_mut().unwrap().remove(registered).is_some(), "{registered}");
        }
        claims
    };
    let context = async || {
        let headers = shown(&client);
        let verdict = ask(&app, &Method::GET, &[(headers[0].0, &headers[0].1)]).await;
        serde_json::to_value(verdict.context).unwrap()
    };
    let admin = "https://example.com/admin";
    let expected = json!({"sub": id, "token_use": "access", admin: true, "email_verified": false, "name": "ann", "amr": ["pwd"]});
    assert_eq!(own(&tokens.access), expected);
    let expected = json!({"account_id": id, "email": "", admin: true, "email_verified": false, "name": "ann", "amr": ["pwd"]});
    assert_eq!(context().await, expected);
    assert_eq!(own(&tokens.refresh), json!({"sub": id, "token_use": "refresh"}), "claims are for others");

    let body = json!({"email": EMAIL}).to_string();
    client.send(Method::PUT, "account/email", &[], body).await.is(200);
    let key = stack.inbox.all().await.last().unwrap().key();
    client.post("auth/email/verify", json!({"key": key})).await.is(200);
    let later = Tokens::of(&refresh(&stack, &tokens.refresh).await.is(200).body["data"]);
    for claims in [own(&later.access), context().await] {
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(EMAIL), &json!(true)));
    }
}

/// What an operator sets stands in the context at once, and in tokens at the next refresh.
#[tokio::test]
async fn a_role_that_operators_give_is_a_claim() {
    let fields = r#"{
        "role": {"type": "choice", "choices": ["customer", "editor"], "default": "customer", "write": "operator"},
        "team": {"type": "integer"}
    }"#;
    let claims = r#"{"role": "profile.role", "https://example.com/team": "profile.team"}"#;
    let settings = [JWT, HS256, KEY, ("HEADLESS_JWT_CLAIMS", claims), ("ACCOUNT_PROFILE_FIELDS", fields)];
    let (stack, id, app) = stack(&settings).await;
    let (client, first) = tokens(&stack).await;
    let context = async || {
        let headers = shown(&client);
        let verdict = ask(&app, &Method::GET, &[(headers[0].0, &headers[0].1)]).await;
        serde_json::to_value(verdict.context).unwrap()
    };
    assert_eq!(claims_in(&first.access)["role"], "customer");
    assert_eq!(context().await, json!({"account_id": id, "email": EMAIL, "role": "customer"}));
    stack.set_user(EMAIL, &[("role", "editor"), ("team", "7")], None, None).await.unwrap();
    let team = "https://example.com/team";
    let expected = json!({"account_id": id, "email": EMAIL, "role": "editor", team: 7});
    assert_eq!(context().await, expected);
    let later = Tokens::of(&refresh(&stack, &first.refresh).await.is(200).body["data"]);
    let told = claims_in(&later.access);
    assert_eq!((&told["role"], &told[team]), (&json!("editor"), &json!(7)));
    assert!(claims_in(&later.refresh).get("role").is_none());
}

/// RFC 9470: what is sensitive takes a recent proof; a reauthentication brings one.
#[tokio::test]
async fn what_is_sensitive_takes_a_recent_proof() {
    let settings = [
        JWT,
        RSA_KEY,
        ("HEADLESS_JWT_AUDIENCE", "vestibule"),
        ("HEADLESS_JWT_CLAIMS", r#"{"auth_time": "auth_time"}"#),
    ];
    let (stack, id, app) = stack(&settings).await;
    let (client, tokens) = tokens(&stack).await;
    let greeting = (200, json!({"hello": id}));
    let stepped_back = (401, json!({"error": "insufficient_user_authentication", "max_age": 300}));
    let session = client.token().unwrap();
    let by_session = async |path: &str| by_session(&app, path, &[("x-session-token", &session)]).await;
    let by_token = async |path: &str, tokens: &Tokens| {
        by_token(&stack, path, ("authorization", &format!("Bearer {}", tokens.access))).await
    };
    assert_eq!(by_token("/by-token/sensitive", &tokens).await, greeting);
    assert_eq!(by_session("/by-session/sensitive").await, greeting);

    // Six minutes later.
    rewrite(&stack, "SESSION#", |session| {
        let at = &mut session["records"]["records"][0]["at"];
        *at = (at.as_i64().unwrap() - 360_000).into();
    })
    .await;
    let later = Tokens::of(&refresh(&stack, &tokens.refresh).await.is(200).body["data"]);
    assert_eq!(by_token("/by-token/sensitive", &later).await, stepped_back);
    assert_eq!(by_session("/by-session/sensitive").await, stepped_back);
    assert_eq!(by_token("/by-token", &later).await, greeting);
    assert_eq!(by_session("/by-session").await, greeting);

    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    assert_eq!(by_session("/by-session/sensitive").await, greeting);
    assert_eq!(
        by_token("/by-token/sensitive", &later).await,
        stepped_back,
        "it keeps what it was issued with"
    );
    let now = Tokens::of(&refresh(&stack, &later.refresh).await.is(200).body["data"]);
    assert_eq!(by_token("/by-token/sensitive", &now).await, greeting);
}
