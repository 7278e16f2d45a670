//! A whole login at every provider: each is asked where its documentation says, answers in the shape that its
//! documentation shows, and it gives an identity.
//!
//! `providers/samples.json` has for each provider where the browser goes and what for, every request in its order with
//! its answer, and the profile. A request is its method and address, then `as` and how it is authorized; what is sent in
//! its body is there where it is not the usual. The whole internet is one server in this process.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use vestibule::clock::Clock;
use vestibule::domain::social::RequestSecrets;
use vestibule::outside::{HttpClient, HttpRules};
use vestibule::secret::Secret;
use vestibule::settings::KNOWN_PROVIDERS;
use vestibule_stand_in::{Received, Server, trusting_all};

use super::testing::{LOCAL, NOW, P256_PEM, Signer, app_with};
use super::{AuthorizationResponse, Engine};
use crate::providers::{self, expression};

const SAMPLES: &str = include_str!("../providers/samples.json");
const REDIRECT_URI: &str = "https://api.example/callback/";
/// HMAC-SHA256 of `the-access` under `the-secret`.
const PROOF: &str = "24ac96bde5df45a376d905742a3a96c0ac7fb06748f1530d39d2e8ef7e6a8f89";

#[derive(Clone, Deserialize)]
struct Sample {
    sent_to: String,
    scope: String,
    #[serde(default)]
    app: Map<String, Value>,
    #[serde(default)]
    settings: Map<String, Value>,
    claims: Option<Value>,
    steps: Vec<Vec<Value>>,
    profile: Expected,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Expected {
    uid: String,
    #[serde(default)]
    emails: Vec<(String, bool, bool)>,
    phone: Option<String>,
    username: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
    display: Option<String>,
}

fn samples() -> BTreeMap<String, Sample> {
    serde_json::from_str(SAMPLES).unwrap()
}

fn secrets() -> RequestSecrets {
    RequestSecrets {
        state: Secret::new("the-state"),
        nonce: Secret::new("the-nonce"),
        verifier: Secret::new("the-verifier"),
    }
}

impl Sample {
    fn app(&self, id: &str) -> vestibule::settings::ProviderApp {
        let mut app = json!({"client_id": "the-client", "secret": "the-secret"});
        app.as_object_mut().unwrap().extend(self.app.clone());
        if app["settings"]["certificate_key"] == "$p256" {
            app["settings"]["certificate_key"] = json!(P256_PEM);
        }
        app_with(id, app, Value::Object(self.settings.clone()))
    }

    fn request(step: &[Value]) -> String {
        step[0].as_str().unwrap().replace("$proof", PROOF)
    }

    /// The answer to a request; what was not expected is not found.
    fn answer(&self, signer: &Signer, request: &Received) -> String {
        let asked = asked(request);
        let Some(step) = self.steps.iter().find(|step| Self::request(step) == asked) else {
            return Server::with_status("404 Not Found", "{}");
        };
        if let Some(sent) = step.get(2) {
            assert_eq!(&body(request), sent, "{asked}");
        }
        match &step[1] {
            Value::String(keys) if keys == "$keys" => {
                Server::ok(&json!({"keys": [signer.jwk()]}).to_string())
            }
            Value::String(form) => {
                let length = form.len();
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{form}"
                )
            }
            answer => {
                let mut answer = answer.clone();
                if answer.get("id_token").is_some_and(|token| token == "$id_token") {
                    let mut claims = self.claims.clone().unwrap();
                    claims["iat"] = json!(NOW.seconds());
                    claims["exp"] = json!(NOW.seconds() + 600);
                    claims["nonce"] = json!("the-nonce");
                    answer["id_token"] = json!(signer.sign(&claims));
                }
                Server::ok(&answer.to_string())
            }
        }
    }
}

/// A request as samples write it.
fn asked(request: &Received) -> String {
    let authorization = match request.headers.get("authorization").map(|it| it.split_once(' ').unwrap()) {
        None => String::new(),
        Some(("Basic", credentials)) => {
            assert_eq!(STANDARD.decode(credentials).unwrap(), b"the-client:the-secret");
            " as Basic".to_owned()
        }
        Some((word, token)) => {
            assert_eq!(token, "the-access");
            format!(" as {word}")
        }
    };
    format!("{} https://{}{}{authorization}", request.method, request.headers["host"], request.target)
}

fn body(request: &Received) -> Value {
    match request.headers["content-type"].as_str() {
        "application/json" => serde_json::from_str(&request.body).unwrap(),
        "application/x-www-form-urlencoded" => json!(request.form()),
        other => panic!("{other}"),
    }
}

/// An engine to which the whole internet is one server.
async fn internet(sample: &Sample) -> (Server, Engine) {
    let signer = Signer::rs256("key");
    let answers = sample.clone();
    let server = Server::over_tls(move |request| answers.answer(&signer, request)).await;
    let port = server.port;
    let client = HttpClient::resolving(HttpRules { plain_http: false, ..LOCAL }, move |_, _| {
        Box::pin(async move { Ok(vec![([127, 0, 0, 1], port).into()]) })
    });
    let client = client.trusting(trusting_all());
    (server, Engine::asking(client, Clock::new(|| NOW), true))
}

#[tokio::test]
async fn somebody_comes_from_every_provider() {
    for (id, sample) in samples() {
        let (server, engine) = internet(&sample).await;
        let app = sample.app(&id);

        let url: Url =
            engine.authorization_url(&app, REDIRECT_URI, &secrets()).await.unwrap().parse().unwrap();
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(url.as_str().split('?').next().unwrap(), sample.sent_to, "{id}");
        assert_eq!(query.get("scope").map_or("", String::as_str), sample.scope, "{id}");
        assert_eq!(query["state"], "the-state", "{id}");

        let code = Secret::new("the-code");
        let response = AuthorizationResponse {
            user: Some(r#"{"name": {"firstName": "Ann", "lastName": "Lee"}, "email": "evil@example.com"}"#),
            device_id: Some("the-device"),
            ..AuthorizationResponse::code(&code)
        };
        let identity = engine.exchange(&app, REDIRECT_URI, &secrets(), response).await;
        let identity =
            identity.unwrap_or_else(|error| panic!("{id}: {error}; asked {:?}", server.asked(asked)));
        let profile = identity.profile;
        let got = Expected {
            uid: profile.uid,
            emails: profile.emails.into_iter().map(|it| (it.email, it.verified, it.primary)).collect(),
            phone: profile.phone.map(|phone| phone.number),
            username: profile.username,
            name: profile.name,
            first_name: profile.first_name,
            last_name: profile.last_name,
            picture: profile.picture,
            locale: profile.locale,
            display: profile.display,
        };
        assert_eq!(got, sample.profile, "{id}");
        assert_eq!(identity.tokens.unwrap().access_token.expose(), "the-access", "{id}");

        let expected: Vec<_> = sample.steps.iter().map(|step| Sample::request(step)).collect();
        assert_eq!(server.asked(asked), expected, "{id}");
    }
}

#[tokio::test]
async fn a_profile_without_its_identifier_is_nobody() {
    for (id, mut sample) in samples().into_iter().filter(|(_, sample)| sample.claims.is_none()) {
        let last = sample.steps.last_mut().unwrap();
        last[1] = match &last[1] {
            Value::Array(_) => continue,
            answer if answer.get("access_token").is_some() => json!({"access_token": "the-access"}),
            _ => json!({"email": "ann@example.com", "ok": true, "code": 0, "audience": "the-client"}),
        };
        let (_server, engine) = internet(&sample).await;
        let code = Secret::new("the-code");
        let response =
            AuthorizationResponse { device_id: Some("the-device"), ..AuthorizationResponse::code(&code) };
        let result = engine.exchange(&sample.app(&id), REDIRECT_URI, &secrets(), response).await;
        let names = ["no_uid", "incomplete"];
        // What is fetched last is not always where the identifier is.
        let elsewhere = ["bitbucket_oauth2", "lichess", "linkedin_oauth2"].contains(&id.as_str());
        match result {
            Ok(_) => assert!(elsewhere, "{id}"),
            Err(error) => assert!(names.contains(&error.name()), "{id}: {error}"),
        }
    }
}

#[test]
fn every_provider_has_a_sample_and_a_name_in_the_settings() {
    let declared: Vec<_> = providers::all().map(|provider| provider.id).collect();
    assert!(declared.is_sorted_by_key(|id| id.to_lowercase()), "{declared:?}");
    let samples = samples();
    let missing: Vec<_> = declared.iter().filter(|id| !samples.contains_key(**id)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert_eq!(samples.len(), declared.len());

    let known: BTreeMap<_, _> = KNOWN_PROVIDERS.iter().map(|known| (known.id, known.takes_tokens)).collect();
    let here: BTreeMap<_, _> = providers::all()
        .filter(|provider| provider.id != "openid_connect")
        .map(|provider| (provider.id, provider.takes_tokens()))
        .collect();
    assert_eq!(here, known);
}

#[test]
fn declarations_hold_together() {
    for provider in providers::all() {
        let id = provider.id;
        let discovered = id == "openid_connect";
        assert_eq!(provider.authorize.is_empty(), discovered, "{id}");
        assert_eq!(provider.token.is_empty(), discovered, "{id}");
        for address in
            [provider.authorize, provider.token].into_iter().chain(provider.profile.iter().map(|it| it.url))
        {
            assert!(
                address.starts_with("https://") || address.starts_with("{+") || discovered,
                "{id}: {address}"
            );
        }
        assert!(!provider.uid.is_empty() && !provider.access_token.is_empty(), "{id}");
        assert!(provider.authorize_params.iter().any(|(_, value)| *value == "{state}"), "{id}");
        assert!(provider.token_params.iter().any(|(_, value)| *value == "{code}"), "{id}");
        // A service is in the end where its declaration says, or the operator does.
        for (option, usual) in provider.options {
            assert!(
                option.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{id}: {option}"
            );
            assert!(usual.is_none_or(|usual| !usual.starts_with("http://")), "{id}: {option}");
        }
    }
}

proptest::proptest! {
    /// Whatever a service says, a profile has an identifier that can be kept, and at most one primary address.
    #[test]
    fn any_profile_is_read_or_refused(noise in expression::any_json(), at in 0_usize..1000) {
        let all = samples();
        let (id, sample) = all.iter().nth(at % all.len()).unwrap();
        let app = sample.app(id);
        let provider = providers::find(id).unwrap();
        // The right shape with something else in it, and something else altogether.
        let mut shaped = sample.steps.last().unwrap()[1].clone();
        if let Some(members) = shaped.as_object_mut() {
            for value in members.values_mut().skip(at % 3) {
                *value = noise.clone();
            }
        }
        for data in [noise, shaped] {
            if let Ok(profile) = super::profile::read(&app, provider, &data, &|_| Some("sub".to_owned())) {
                proptest::prop_assert!((1..=191).contains(&profile.uid.chars().count()));
                proptest::prop_assert!(profile.emails.iter().filter(|email| email.primary).count() <= 1);
                proptest::prop_assert!(profile.emails.iter().all(|email| !email.email.is_empty()));
            }
        }
    }
}

#[tokio::test]
async fn apps_see_no_secret_in_the_address_of_a_browser() {
    for (id, sample) in samples() {
        let (_server, engine) = internet(&sample).await;
        let url = engine.authorization_url(&sample.app(&id), REDIRECT_URI, &secrets()).await.unwrap();
        assert!(!url.contains("the-secret") && !url.contains("the-verifier"), "{id}: {url}");
    }
}

#[tokio::test]
async fn what_is_declared_as_it_is_in_other_regions_and_versions_is_so() {
    let url = async |id: &str, app: Value, settings: Value| {
        let mut all = json!({"client_id": "the-client", "secret": "the-secret"});
        all.as_object_mut().unwrap().extend(app.as_object().unwrap().clone());
        let engine = Engine::asking(HttpClient::new(LOCAL), Clock::new(|| NOW), false);
        let url =
            engine.authorization_url(&app_with(id, all, settings), REDIRECT_URI, &secrets()).await.unwrap();
        let url: Url = url.parse().unwrap();
        let scope = url.query_pairs().find(|(name, _)| name == "scope").map(|(_, scope)| scope.into_owned());
        (url.as_str().split('?').next().unwrap().to_owned(), scope.unwrap_or_default())
    };
    let none = || json!({});
    for (id, app, settings, expected, scope) in [
        (
            "github",
            none(),
            json!({"GITHUB_URL": "https://git.example/"}),
            "https://git.example/login/oauth/authorize",
            "",
        ),
        (
            "microsoft",
            json!({"settings": {"tenant": "own"}}),
            json!({"TENANT": "all"}),
            "https://login.microsoftonline.com/own/oauth2/v2.0/authorize",
            "User.Read",
        ),
        (
            "microsoft",
            none(),
            none(),
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "User.Read",
        ),
        ("facebook", none(), json!({"VERSION": "v23.0"}), "https://www.facebook.com/v23.0/dialog/oauth", ""),
        (
            "patreon",
            none(),
            none(),
            "https://www.patreon.com/oauth2/authorize",
            "pledges-to-me users my-campaign",
        ),
        (
            "paypal",
            none(),
            none(),
            "https://www.sandbox.paypal.com/webapps/auth/protocol/openidconnect/v1/authorize",
            "openid email",
        ),
        ("battlenet", none(), json!({"REGION": "eu"}), "https://oauth.battle.net/authorize", ""),
        (
            "google",
            json!({"settings": {"scope": ["email"]}}),
            json!({"SCOPE": ["profile"]}),
            "https://accounts.google.com/o/oauth2/v2/auth",
            "email",
        ),
        ("google", none(), none(), "https://accounts.google.com/o/oauth2/v2/auth", "openid profile"),
    ] {
        assert_eq!(url(id, app, settings).await, (expected.to_owned(), scope.to_owned()), "{id}");
    }
}

#[tokio::test]
async fn what_must_be_set_is_asked_for_by_name() {
    let engine = Arc::new(Engine::asking(HttpClient::new(LOCAL), Clock::new(|| NOW), true));
    for (id, setting) in [
        ("auth0", "auth0_url"),
        ("amazon_cognito", "domain"),
        ("okta", "okta_base_url"),
        ("salesforce", "key"),
        ("lemonldap", "lemonldap_url"),
        ("netiq", "netiq_url"),
        ("nextcloud", "server"),
    ] {
        let app = app_with(id, json!({"client_id": "c", "secret": "s"}), json!({}));
        let error = engine.authorization_url(&app, REDIRECT_URI, &secrets()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the app's settings lack a usable {setting}"));
    }
}
