//! Whole logins against a service in this process, which does as the test says: each lie is refused by its name.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use vestibule::clock::Clock;
use vestibule::domain::social::{Identity, PresentedToken, RequestSecrets};
use vestibule::domain::time::Timestamp;
use vestibule::outside::{HttpClient, HttpRules};
use vestibule::secret::Secret;
use vestibule::settings::ProviderApp;
use vestibule_stand_in::{Received, Server};

use super::testing::{LOCAL, NOW, Signer, app, app_with};
use super::{AuthorizationResponse, Engine, ProviderError};

const REDIRECT_URI: &str = "https://api.example/accounts/oidc/test/login/callback/";

fn secrets() -> RequestSecrets {
    RequestSecrets {
        state: Secret::new("the-state"),
        nonce: Secret::new("the-nonce"),
        verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    }
}

/// What a service says, unless a test says otherwise.
struct Says {
    signers: Vec<Signer>,
    /// What the token is signed with: one of the above, or one that is not published.
    signer: Signer,
    header: Option<Value>,
    /// Claims that are not as they should be; null for those that are missing.
    claims: Value,
    userinfo: Value,
    discovery: Value,
    /// The answer to the exchange, instead of the right one.
    token: Option<String>,
    /// The signature of the token, instead of the right one.
    signature: Option<&'static str>,
}

impl Says {
    fn right() -> Self {
        Self {
            signers: vec![Signer::rs256("one")],
            signer: Signer::rs256("one"),
            header: None,
            claims: json!({}),
            userinfo: json!({"sub": "ann", "email": "ann@example.com", "email_verified": true, "name": "Ann Lee"}),
            discovery: json!({}),
            token: None,
            signature: None,
        }
    }
}

/// A service that speaks OpenID Connect, and an engine that knows it.
struct World {
    server: Server,
    says: Arc<Mutex<Says>>,
    engine: Engine,
    minutes: Arc<AtomicI64>,
}

impl World {
    async fn new(says: Says) -> Self {
        let says = Arc::new(Mutex::new(says));
        let minutes = Arc::new(AtomicI64::new(0));
        let (said, passed) = (says.clone(), minutes.clone());
        let clock = Clock::new(move || {
            let minutes = passed.load(Ordering::SeqCst).unsigned_abs();
            NOW.plus(Duration::from_secs(60 * minutes))
        });
        let told = clock.clone();
        let server = Server::start(move |request| answer(&said.lock().unwrap(), request, told.now())).await;
        let engine = Engine::asking(HttpClient::new(LOCAL), clock, true);
        Self { server, says, engine, minutes }
    }

    fn app(&self) -> ProviderApp {
        self.app_with(json!({}))
    }

    fn app_with(&self, mut settings: Value) -> ProviderApp {
        settings["server_url"] = json!(self.server.url);
        app(
            "openid_connect",
            json!({"provider_id": "test", "name": "Test", "client_id": "client", "secret": "the-secret", "settings": settings}),
        )
    }

    async fn exchange_with(&self, app: &ProviderApp) -> Result<Identity, ProviderError> {
        let code = Secret::new("the-code");
        self.engine.exchange(app, REDIRECT_URI, &secrets(), AuthorizationResponse::code(&code)).await
    }

    async fn exchange(&self) -> Result<Identity, ProviderError> {
        self.exchange_with(&self.app()).await
    }

    async fn refusal(says: Says) -> &'static str {
        Self::new(says).await.exchange().await.map_or_else(|error| error.name(), |_| "accepted")
    }

    fn token(&self) -> String {
        id_token(&self.says.lock().unwrap(), &self.server.url, self.engine.clock.now())
    }

    async fn verify(
        &self,
        app: &ProviderApp,
        token: &str,
        access_token: Option<&str>,
    ) -> Result<Identity, ProviderError> {
        let token = PresentedToken {
            provider: app.id.clone(),
            client_id: app.client_id.clone(),
            id_token: Some(Secret::new(token)),
            access_token: access_token.map(Secret::new),
        };
        self.engine.verify_token(app, &token).await
    }
}

fn id_token(says: &Says, url: &str, now: Timestamp) -> String {
    let mut claims = json!({
        "iss": url, "sub": "ann", "aud": "client", "iat": now.seconds(), "exp": now.seconds() + 300,
        "nonce": "the-nonce", "jti": "the-jti", "email": "ann@example.com",
    });
    let object = claims.as_object_mut().unwrap();
    object.extend(says.claims.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    let token = match &says.header {
        Some(header) => says.signer.sign_with(header, &claims),
        None => says.signer.sign(&claims),
    };
    match says.signature {
        Some(signature) => format!("{}.{signature}", token.rsplit_once('.').unwrap().0),
        None => token,
    }
}

fn answer(says: &Says, request: &Received, now: Timestamp) -> String {
    let url = format!("http://{}", request.headers["host"]);
    match (request.method.as_str(), request.path()) {
        ("GET", "/.well-known/openid-configuration") => {
            let mut document = json!({
                "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"), "userinfo_endpoint": format!("{url}/userinfo"),
                "jwks_uri": format!("{url}/keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            });
            document.as_object_mut().unwrap().extend(says.discovery.as_object().unwrap().clone());
            document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            Server::ok(&document.to_string())
        }
        ("GET", "/keys") => {
            let keys: Vec<_> = says.signers.iter().map(Signer::jwk).collect();
            Server::ok(&json!({"keys": keys}).to_string())
        }
        ("POST", "/token") => says.token.clone().unwrap_or_else(|| {
            let token = id_token(says, &url, now);
            let answer = json!({"access_token": "the-access", "refresh_token": "the-refresh", "expires_in": 3600,
                "token_type": "Bearer", "id_token": token});
            Server::ok(&answer.to_string())
        }),
        ("GET", "/userinfo") if request.headers.get("authorization").is_some_and(|it| it == "Bearer the-access") => {
            Server::ok(&says.userinfo.to_string())
        }
        _ => Server::with_status("400 Bad Request", r#"{"error": "invalid_request"}"#),
    }
}

#[tokio::test]
async fn a_browser_is_sent_with_everything_that_makes_the_login_safe() {
    let world = World::new(Says::right()).await;
    let url = world.engine.authorization_url(&world.app(), REDIRECT_URI, &secrets()).await.unwrap();
    let expected = format!(
        "{}/authorize?client_id=client&redirect_uri=https%3A%2F%2Fapi.example%2Faccounts%2Foidc%2Ftest%2Flogin%2Fcallback%2F\
         &scope=openid%20profile%20email&response_type=code&state=the-state&nonce=the-nonce\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        world.server.url
    );
    // The challenge is that of the example in RFC 7636, appendix B.
    assert_eq!(url, expected);
}

#[tokio::test]
async fn settings_can_ask_for_more_but_not_for_less_safety() {
    let world = World::new(Says::right()).await;
    let settings = json!({"scope": ["openid", "groups"], "oauth_pkce_enabled": false,
        "auth_params": {"prompt": "login", "state": "fixed", "nonce": "fixed", "redirect_uri": "https://evil.example"}});
    let url =
        world.engine.authorization_url(&world.app_with(settings), REDIRECT_URI, &secrets()).await.unwrap();
    let (_, query) = url.split_once('?').unwrap();
    assert_eq!(
        query,
        "client_id=client&redirect_uri=https%3A%2F%2Fapi.example%2Faccounts%2Foidc%2Ftest%2Flogin%2Fcallback%2F\
         &scope=openid%20groups&response_type=code&state=the-state&nonce=the-nonce&prompt=login"
    );
}

#[tokio::test]
async fn a_code_becomes_somebody() {
    let world = World::new(Says::right()).await;
    let Identity { profile, tokens, single_use } = world.exchange().await.unwrap();
    assert_eq!((profile.provider.as_str(), profile.uid.as_str()), ("test", "ann"));
    assert_eq!(profile.name.as_deref(), Some("Ann Lee"));
    assert_eq!(
        profile.emails.iter().map(|it| (it.email.as_str(), it.verified, it.primary)).collect::<Vec<_>>(),
        [("ann@example.com", true, true)]
    );
    let tokens = tokens.unwrap();
    assert_eq!(tokens.access_token.expose(), "the-access");
    assert_eq!(tokens.refresh_token.unwrap().expose(), "the-refresh");
    assert_eq!(tokens.expires_at, Some(NOW.plus(Duration::from_secs(3600))));
    let single_use = single_use.unwrap();
    assert_eq!(single_use.id, json!([world.server.url, "the-jti"]).to_string());
    // As long as it would be believed.
    assert_eq!(single_use.expires_at.seconds(), NOW.seconds() + 330);

    let exchange = world.server.all().into_iter().find(|request| request.path() == "/token").unwrap();
    let form = exchange.form();
    let sent: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        sent,
        [
            ("client_id", "client"),
            ("client_secret", "the-secret"),
            ("code", "the-code"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT_URI),
        ]
    );
}

#[tokio::test]
async fn a_service_without_another_way_gets_the_secret_in_a_header() {
    let says = Says {
        discovery: json!({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}),
        ..Says::right()
    };
    let world = World::new(says).await;
    world.exchange().await.unwrap();
    let post = world.app_with(json!({"token_auth_method": "client_secret_post"}));
    world.exchange_with(&post).await.unwrap();
    let all = world.server.all();
    let mut exchanges = all.iter().filter(|request| request.path() == "/token");
    let basic = exchanges.next().unwrap();
    assert_eq!(basic.headers["authorization"], "Basic Y2xpZW50OnRoZS1zZWNyZXQ=");
    assert!(!basic.form().contains_key("client_secret") && !basic.form().contains_key("client_id"));
    let post = exchanges.next().unwrap();
    assert!(!post.headers.contains_key("authorization"));
    assert_eq!(post.form()["client_secret"], "the-secret");
}

#[tokio::test]
async fn every_wrong_id_token_is_refused_by_name() {
    let now = NOW.seconds();
    let claims = |claims: Value| Says { claims, ..Says::right() };
    for (says, name) in [
        (claims(json!({})), "accepted"),
        (claims(json!({"nonce": "another"})), "wrong_nonce"),
        (claims(json!({"aud": "somebody-else"})), "wrong_audience"),
        (claims(json!({"aud": ["client", "other"], "azp": "other"})), "wrong_party"),
        (claims(json!({"iss": "https://evil.example"})), "wrong_issuer"),
        (claims(json!({"exp": now - 60})), "expired"),
        (claims(json!({"iat": now + 60})), "not_yet_valid"),
        (claims(json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})), "wrong_at_hash"),
        (claims(json!({"sub": "somebody-else"})), "wrong_subject"),
        // Keys were rotated, and it is signed with one of those that are gone.
        (Says { signer: Signer::another_rs256("old"), ..Says::right() }, "unknown_key"),
        // The name is right, and the key is another.
        (Says { signer: Signer::another_rs256("one"), ..Says::right() }, "bad_signature"),
        (Says { header: Some(json!({"alg": "none"})), ..Says::right() }, "unsigned"),
        (Says { header: Some(json!({"alg": "none"})), signature: Some(""), ..Says::right() }, "unsigned"),
        (Says { signature: Some(""), ..Says::right() }, "unsigned"),
        (Says { signature: Some("AAAA"), ..Says::right() }, "bad_signature"),
        // Signed with what everybody knows, the public key, as if it were a shared secret.
        (Says { signer: Signer::hs256("one", &public_key()), ..Says::right() }, "wrong_algorithm"),
        (Says { signer: Signer::hs256("one", "the-secret"), ..Says::right() }, "wrong_algorithm"),
        // Says that it is signed in a way that its key is not for.
        (Says { header: Some(json!({"alg": "ES256", "kid": "one"})), ..Says::right() }, "unknown_key"),
        (Says { header: Some(json!({"alg": "RS512", "kid": "one"})), ..Says::right() }, "unknown_key"),
    ] {
        assert_eq!(World::refusal(says).await, name);
    }
}

#[tokio::test]
async fn an_id_token_brings_no_key_of_its_own() {
    let forger = Signer::another_rs256("one");
    for (name, value) in [
        ("jwk", forger.jwk()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = json!({"alg": "RS256", "kid": "one", "typ": "JWT", name: value});
        let says = Says { header: Some(header), signer: Signer::another_rs256("one"), ..Says::right() };
        assert_eq!(World::refusal(says).await, "bad_signature", "{name}");
    }
}

fn public_key() -> String {
    Signer::rs256("one").jwk()["n"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_nonce_can_only_be_missing_where_pkce_or_a_secret_without_it_stands_in_for_it() {
    let world = World::new(Says { claims: json!({"nonce": null}), ..Says::right() }).await;
    world.exchange().await.unwrap();
    // As LinkedIn: a confidential client, of a service that takes no PKCE.
    let mut without = world.app_with(json!({"oauth_pkce_enabled": false}));
    world.exchange_with(&without).await.unwrap();
    without.secret = None;
    assert_eq!(world.exchange_with(&without).await.unwrap_err(), ProviderError::NoNonce);
    let wrong = World::new(Says { claims: json!({"nonce": "another"}), ..Says::right() }).await;
    let without = wrong.app_with(json!({"oauth_pkce_enabled": false}));
    assert_eq!(wrong.exchange_with(&without).await.unwrap_err(), ProviderError::WrongNonce);
}

#[tokio::test]
async fn every_wrong_answer_is_refused_by_name() {
    let token = |answer: String| Says { token: Some(answer), ..Says::right() };
    let huge = "x".repeat(1024 * 1024 + 1);
    for (says, name) in [
        (token(Server::with_status("400 Bad Request", r#"{"error": "invalid_grant"}"#)), "said"),
        (token(Server::ok(r#"{"error": "bad_verification_code"}"#)), "said"),
        (token(Server::with_status("500 Oops", "sorry")), "status"),
        (token("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nsorry".to_owned()), "status"),
        (token(Server::ok("{}")), "incomplete"),
        (token(Server::ok(r#"{"access_token": ""}"#)), "incomplete"),
        (token(Server::ok(r#"{"access_token": "the-access"}"#)), "no_id_token"),
        (token(Server::ok("[")), "unreadable"),
        (token(Server::ok(&huge)), "too_large"),
        (
            token("HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()),
            "redirect",
        ),
        (token("nonsense".to_owned()), "unreachable"),
        (token("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{".to_owned()), "timeout"),
        (Says { userinfo: json!({"email": "ann@example.com"}), ..Says::right() }, "wrong_subject"),
        (Says { userinfo: json!([]), ..Says::right() }, "wrong_subject"),
        (Says { discovery: json!({"issuer": "https://evil.example"}), ..Says::right() }, "wrong_issuer"),
        (Says { discovery: json!({"token_endpoint": null}), ..Says::right() }, "unreadable"),
        (Says { discovery: json!({"token_endpoint": "file:///etc/passwd"}), ..Says::right() }, "bad_url"),
        (
            Says { discovery: json!({"authorization_endpoint": "javascript:alert(1)"}), ..Says::right() },
            "bad_url",
        ),
        (Says { discovery: json!({"jwks_uri": "file:///etc/passwd"}), ..Says::right() }, "bad_url"),
        (Says { discovery: json!({"jwks_uri": null}), ..Says::right() }, "unknown_key"),
        (
            Says {
                discovery: json!({"authorization_response_iss_parameter_supported": true}),
                ..Says::right()
            },
            "wrong_issuer",
        ),
    ] {
        let mut world = World::new(says).await;
        let rules =
            HttpRules { timeout: Duration::from_secs(if name == "timeout" { 1 } else { 20 }), ..LOCAL };
        world.engine = Engine::asking(HttpClient::new(rules), world.engine.clock.clone(), true);
        let result = world.exchange().await.map_or_else(|error| error.name(), |_| "accepted");
        assert_eq!(result, name);
    }
}

#[tokio::test]
async fn no_refusal_tells_a_secret() {
    let answers = [
        Server::with_status("400 Bad Request", r#"{"error": "the-code is not the-secret"}"#),
        Server::with_status("400 Bad Request", r#"{"error": {"type": "the-secret the-code"}}"#),
        Server::ok(r#"{"token": "the-code"}"#),
        Server::ok("the-code"),
    ];
    for answer in answers {
        let world = World::new(Says { token: Some(answer), ..Says::right() }).await;
        let error = world.exchange().await.unwrap_err();
        let told = format!("{error} {error:?}");
        for secret in ["the-code", "the-secret", "the-state", "the-nonce", "dBjftJeZ4CVP"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[tokio::test]
async fn who_sends_the_browser_must_be_who_was_asked() {
    let world = World::new(Says::right()).await;
    let code = Secret::new("the-code");
    let exchange = async |issuer| {
        let response = AuthorizationResponse { issuer, ..AuthorizationResponse::code(&code) };
        world.engine.exchange(&world.app(), REDIRECT_URI, &secrets(), response).await
    };
    exchange(Some(world.server.url.as_str())).await.unwrap();
    assert_eq!(exchange(Some("https://evil.example")).await.unwrap_err(), ProviderError::WrongIssuer);
    let empty = Secret::new("");
    let response = AuthorizationResponse::code(&empty);
    let error = world.engine.exchange(&world.app(), REDIRECT_URI, &secrets(), response).await.unwrap_err();
    assert_eq!(error, ProviderError::NoCode);
}

#[tokio::test]
async fn private_services_are_refused_unless_a_setting_allows_them() {
    let world = World::new(Says::right()).await;
    let strict = HttpRules { private_ip_addresses: false, ..LOCAL };
    let engine = Engine::asking(HttpClient::new(strict), world.engine.clock.clone(), true);
    let code = Secret::new("the-code");
    let error = engine
        .exchange(&world.app(), REDIRECT_URI, &secrets(), AuthorizationResponse::code(&code))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "private_address");
    assert!(world.server.requests().is_empty());
}

#[tokio::test]
async fn what_is_published_is_asked_for_once_in_a_while() {
    let world = World::new(Says::right()).await;
    let count = |path: &str| world.server.requests().iter().filter(|request| request.ends_with(path)).count();
    for (minutes, discoveries, keys) in [(0, 1, 1), (14, 1, 1), (16, 1, 2), (61, 2, 3)] {
        world.minutes.store(minutes, Ordering::SeqCst);
        world.exchange().await.unwrap();
        world.exchange().await.unwrap();
        assert_eq!(
            (count("openid-configuration"), count("/keys")),
            (discoveries, keys),
            "after {minutes} minutes"
        );
    }
}

#[tokio::test]
async fn new_keys_are_found_at_once_and_unknown_ones_not_sought_again_and_again() {
    let world = World::new(Says::right()).await;
    let keys = || world.server.requests().iter().filter(|request| *request == "GET /keys").count();
    world.exchange().await.unwrap();
    {
        let mut says = world.says.lock().unwrap();
        says.signers = vec![Signer::another_rs256("two")];
        says.signer = Signer::another_rs256("two");
    }
    world.exchange().await.unwrap();
    assert_eq!(keys(), 2);
    world.says.lock().unwrap().signer = Signer::rs256("one");
    for _ in 0..3 {
        assert_eq!(world.exchange().await.unwrap_err(), ProviderError::UnknownKey);
    }
    assert_eq!(keys(), 2);
    world.minutes.store(1, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(world.exchange().await.unwrap_err(), ProviderError::UnknownKey);
    }
    assert_eq!(keys(), 3);
}

#[tokio::test]
async fn a_shared_secret_signs_only_where_that_is_registered() {
    let world = World::new(Says { signer: Signer::hs256("", "the-secret"), ..Says::right() }).await;
    assert_eq!(world.exchange().await.unwrap_err().name(), "wrong_algorithm");
    let registered = world.app_with(json!({"id_token_signed_response_alg": "HS256"}));
    world.exchange_with(&registered).await.unwrap();
    world.says.lock().unwrap().signer = Signer::hs256("", "another");
    assert_eq!(world.exchange_with(&registered).await.unwrap_err(), ProviderError::BadSignature);
    world.says.lock().unwrap().signer = Signer::rs256("one");
    assert_eq!(world.exchange_with(&registered).await.unwrap_err().name(), "wrong_algorithm");
}

#[tokio::test]
async fn a_client_can_present_a_token() {
    let world = World::new(Says::right()).await;
    let app = world.app();
    let Identity { profile, tokens, single_use } = world.verify(&app, &world.token(), None).await.unwrap();
    assert_eq!(profile.uid, "ann");
    assert!(tokens.is_none() && single_use.is_some());
    // Nobody but the service itself says more than the token.
    assert_eq!(world.server.requests(), ["GET /.well-known/openid-configuration", "GET /keys"]);
    assert_eq!(world.verify(&app, "x", None).await.unwrap_err(), ProviderError::MalformedToken);

    world.says.lock().unwrap().claims = json!({"aud": "somebody-else"});
    assert_eq!(world.verify(&app, &world.token(), None).await.unwrap_err(), ProviderError::WrongAudience);
    world.says.lock().unwrap().claims = json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"});
    world.verify(&app, &world.token(), None).await.unwrap();
    let error = world.verify(&app, &world.token(), Some("the-access")).await.unwrap_err();
    assert_eq!(error, ProviderError::WrongAtHash);

    let only_access = PresentedToken {
        provider: "test".to_owned(),
        client_id: None,
        id_token: None,
        access_token: Some(Secret::new("the-access")),
    };
    assert_eq!(world.engine.verify_token(&app, &only_access).await.unwrap_err(), ProviderError::NoIdToken);
}

#[tokio::test]
async fn a_uid_can_be_another_claim_and_userinfo_can_be_left_alone() {
    let world =
        World::new(Says { claims: json!({"oid": "another-id", "name": "In the token"}), ..Says::right() })
            .await;
    let app = world.app_with(json!({"uid_field": "oid", "fetch_userinfo": false}));
    let profile = world.exchange_with(&app).await.unwrap().profile;
    assert_eq!((profile.uid.as_str(), profile.name.as_deref()), ("another-id", Some("In the token")));
    assert!(!world.server.requests().contains(&"GET /userinfo".to_owned()));
    let app = world.app_with(json!({"uid_field": "missing"}));
    assert_eq!(world.exchange_with(&app).await.unwrap_err(), ProviderError::NoUid);
}

#[tokio::test]
async fn an_operator_can_overrule_what_a_service_says_of_itself() {
    let says = Says {
        discovery: json!({"issuer": "https://other.example", "userinfo_endpoint": "https://nowhere.example"}),
        claims: json!({"iss": "https://other.example"}),
        ..Says::right()
    };
    let world = World::new(says).await;
    assert_eq!(world.exchange().await.unwrap_err(), ProviderError::WrongIssuer);
    let overrides = json!({"issuer": "https://other.example", "userinfo_endpoint": format!("{}/userinfo", world.server.url)});
    let app = world.app_with(json!({"openid_configuration_overrides": overrides}));
    world.exchange_with(&app).await.unwrap();
}

/// A service that speaks OAuth 2.0 only, in the shape of GitHub's.
async fn github(token: &'static str, emails: &'static str) -> (Server, ProviderApp, Engine) {
    let server = Server::start(move |request| match request.path() {
        "/login/oauth/access_token" => token.to_owned(),
        "/api/v3/user" => Server::ok(r#"{"id": 7, "login": "ann", "name": "Ann Lee", "email": null}"#),
        "/api/v3/user/emails" => emails.to_owned(),
        _ => Server::with_status("404 Not Found", "{}"),
    })
    .await;
    let settings = json!({"GITHUB_URL": format!("{}/", server.url)});
    let app = app_with("github", json!({"client_id": "client", "secret": "the-secret"}), settings);
    let engine = Engine::asking(HttpClient::new(LOCAL), Clock::new(|| NOW), true);
    (server, app, engine)
}

const FORM_TOKEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 58\r\n\r\n\
                          access_token=the-access&scope=user%3Aemail&expires_in=1000";

#[tokio::test]
async fn a_service_may_answer_with_a_form_and_tell_addresses_apart() {
    let emails = r#"[{"email": "second@example.com", "verified": false, "primary": false},
        {"email": "ann@example.com", "verified": true, "primary": true}]"#;
    let (server, app, engine) = github(FORM_TOKEN, Box::leak(Server::ok(emails).into_boxed_str())).await;
    let code = Secret::new("the-code");
    let identity =
        engine.exchange(&app, REDIRECT_URI, &secrets(), AuthorizationResponse::code(&code)).await.unwrap();
    assert_eq!((identity.profile.uid.as_str(), identity.profile.display.as_deref()), ("7", Some("ann")));
    let emails: Vec<_> =
        identity.profile.emails.iter().map(|it| (it.email.as_str(), it.verified, it.primary)).collect();
    assert_eq!(emails, [("second@example.com", false, false), ("ann@example.com", true, true)]);
    assert_eq!(identity.tokens.unwrap().expires_at, Some(NOW.plus(Duration::from_secs(1000))));
    assert!(server.all()[1..].iter().all(|request| request.headers["authorization"] == "Bearer the-access"));
    assert!(server.all().iter().all(|request| request.headers["accept"] == "application/json"));
    let url = engine.authorization_url(&app, REDIRECT_URI, &secrets()).await.unwrap();
    assert!(url.starts_with(&format!("{}/login/oauth/authorize?client_id=client&", server.url)), "{url}");
    assert!(url.contains("&scope=user%3Aemail&") && !url.contains("nonce"), "{url}");
}

#[tokio::test]
async fn what_is_optional_may_be_refused_but_not_fail() {
    let code = Secret::new("the-code");
    for answer in [
        Server::with_status("404 Not Found", r#"{"message": "Not Found"}"#),
        Server::with_status("403 Forbidden", r#"{"error": "insufficient_scope"}"#),
        Server::ok("{}"),
    ] {
        let (_server, app, engine) = github(FORM_TOKEN, Box::leak(answer.into_boxed_str())).await;
        let identity = engine
            .exchange(&app, REDIRECT_URI, &secrets(), AuthorizationResponse::code(&code))
            .await
            .unwrap();
        assert_eq!(identity.profile.emails, []);
    }

    let elsewhere = "HTTP/1.1 301 Moved\r\nLocation: https://evil.example\r\nContent-Length: 0\r\n\r\n";
    for (answer, name) in [
        (elsewhere.to_owned(), "redirect"),
        (Server::with_status("500 Oops", r#"{"error": "server_error"}"#), "status"),
        (Server::with_status("429 Slow Down", r#"{"error": "rate_limited"}"#), "status"),
        (Server::ok("not JSON"), "unreadable"),
    ] {
        let (_server, app, engine) = github(FORM_TOKEN, Box::leak(answer.into_boxed_str())).await;
        let error = engine
            .exchange(&app, REDIRECT_URI, &secrets(), AuthorizationResponse::code(&code))
            .await
            .unwrap_err();
        assert_eq!(error.name(), name);
    }
}

#[tokio::test]
async fn a_service_that_takes_no_tokens_is_not_shown_any() {
    let (server, app, engine) = github(FORM_TOKEN, "").await;
    let token = PresentedToken {
        provider: "github".to_owned(),
        client_id: None,
        id_token: Some(Secret::new("x")),
        access_token: Some(Secret::new("x")),
    };
    assert_eq!(engine.verify_token(&app, &token).await.unwrap_err(), ProviderError::Unsupported);
    assert!(server.requests().is_empty());
}

/// Facebook's Graph API.
async fn facebook(inspection: &'static str) -> (Server, ProviderApp, Engine) {
    let server = Server::start(move |request| {
        let form = request.form();
        match request.path() {
            "/debug_token" => {
                assert_eq!(form["input_token"], "the-access");
                assert_eq!(form["access_token"], "1234|the-secret");
                Server::ok(inspection)
            }
            "/me" => {
                assert_eq!(form["access_token"], "the-access");
                assert_eq!(form["appsecret_proof"].len(), 64);
                assert!(form["fields"].starts_with("id,email,name,"));
                Server::ok(
                    r#"{"id": "630595557", "name": "Ann Lee", "email": "ann@example.com", "verified": true}"#,
                )
            }
            _ => Server::with_status("404 Not Found", "{}"),
        }
    })
    .await;
    let settings = json!({"GRAPH_API_URL": server.url});
    let app = app_with("facebook", json!({"client_id": "1234", "secret": "the-secret"}), settings);
    (server, app, Engine::asking(HttpClient::new(LOCAL), Clock::new(|| NOW), true))
}

#[tokio::test]
async fn an_access_token_is_believed_only_if_it_was_made_for_this_app() {
    let token = PresentedToken {
        provider: "facebook".to_owned(),
        client_id: Some("1234".to_owned()),
        id_token: None,
        access_token: Some(Secret::new("the-access")),
    };
    let (_server, app, engine) = facebook(r#"{"data": {"app_id": "1234", "is_valid": true}}"#).await;
    let identity = engine.verify_token(&app, &token).await.unwrap();
    assert_eq!(identity.profile.uid, "630595557");
    assert!(!identity.profile.emails[0].verified);
    assert_eq!(identity.tokens.unwrap().access_token.expose(), "the-access");
    for inspection in [
        r#"{"data": {"app_id": "5678", "is_valid": true}}"#,
        r#"{"data": {"app_id": "1234", "is_valid": false}}"#,
        r#"{"data": {"app_id": "1234"}}"#,
        r#"{"data": {"is_valid": true}}"#,
        "{}",
    ] {
        let (server, app, engine) = facebook(inspection).await;
        assert_eq!(engine.verify_token(&app, &token).await.unwrap_err().name(), "unexpected", "{inspection}");
        assert_eq!(server.requests(), ["GET /debug_token"]);
    }
}

#[tokio::test]
async fn the_same_login_works_many_times_at_once() {
    let world = Arc::new(World::new(Says::right()).await);
    let done = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, done) = (world.clone(), done.clone());
        tasks.spawn(async move {
            world.exchange().await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), 16);
}
