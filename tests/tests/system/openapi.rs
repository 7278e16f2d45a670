//! The API's description of itself: there when it is asked for, true to the settings, and the same in all its forms.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use vestibule::flows::visit::ClientKind;

use crate::{Answer, Kind, Stack};

const ON: (&str, &str) = ("HEADLESS_SERVE_SPECIFICATION", "true");
const FORMS: [&str; 3] = ["json", "yaml", "html"];

async fn form(stack: &Stack, form: &str) -> Answer {
    stack.app().get(&format!("/_allauth/openapi.{form}")).await
}

/// Settings that have little in common.
fn worlds() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        vec![],
        vec![("HEADLESS_CLIENTS", "app"), ("HEADLESS_TOKEN_STRATEGY", "jwt")],
        vec![
            ("HEADLESS_CLIENTS", "browser"),
            ("INSTALLED_APPS", "allauth.account,allauth.headless"),
            ("ACCOUNT_USER_MODEL_USERNAME_FIELD", "null"),
        ],
        vec![
            ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
            ("ACCOUNT_LOGIN_METHODS", "username,phone"),
            ("ACCOUNT_SIGNUP_FIELDS", "username*,phone*,email,password1*"),
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_USERNAME_MIN_LENGTH", "5"),
            ("ACCOUNT_EMAIL_MAX_LENGTH", "100"),
            ("USERSESSIONS_TRACK_ACTIVITY", "true"),
        ],
        vec![
            ("MFA_SUPPORTED_TYPES", r#"["totp", "webauthn", "recovery_codes"]"#),
            ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
            ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
            ("MFA_TRUST_ENABLED", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ],
        vec![
            ("INSTALLED_APPS", "allauth.account,allauth.headless,allauth.socialaccount"),
            ("SOCIALACCOUNT_ONLY", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION", "none"),
        ],
        vec![("HEADLESS_CLIENTS", "browser")],
    ]
}

async fn start(world: &[(&str, &str)]) -> Stack {
    Stack::start(&[world, &[ON]].concat()).await
}

/// The header of the bot check is there for what takes it, and nobody is told of it where there is none.
#[tokio::test]
async fn the_bot_check_is_described_where_there_is_one() {
    let captcha = [("CAPTCHA_PROVIDER", "turnstile"), ("CAPTCHA_SECRET", "secret")];
    for (world, operations) in [
        (&[][..], vec![]),
        (
            &captcha[..],
            vec![
                "addEmailAddress",
                "changePhoneNumber",
                "requestPasswordReset",
                "resendEmailVerification",
                "resendPhoneVerification",
                "signUp",
                "signUpWithProvider",
            ],
        ),
    ] {
        let document = form(&start(world).await, "json").await.body;
        let mut found = BTreeSet::new();
        for described in document["paths"].as_object().unwrap().values().filter_map(Value::as_object) {
            for operation in described.values() {
                let parameters = operation["parameters"].as_array();
                assert_ne!(parameters.map(Vec::len), Some(0));
                let token = parameters
                    .and_then(|all| all.iter().find(|parameter| parameter["name"] == "X-Captcha-Token"));
                if let Some(token) = token {
                    assert_eq!((&token["in"], &token["required"]), (&json!("header"), &json!(false)));
                    found.insert(operation["operationId"].as_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), operations);
    }
}

#[tokio::test]
async fn it_is_there_only_where_it_is_asked_for() {
    let stack = Stack::start(&[]).await;
    for name in FORMS {
        form(&stack, name).await.is(404);
    }
    let stack = Stack::start(&[ON]).await;
    let media =
        ["application/vnd.oai.openapi+json", "application/vnd.oai.openapi", "text/html; charset=utf-8"];
    for (name, media) in FORMS.into_iter().zip(media) {
        let answer = form(&stack, name).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, vec![media]));
        assert_eq!(answer.header("x-content-type-options"), ["nosniff"]);
        assert_eq!(answer.header("set-cookie"), [""; 0]);
        let path = format!("/_allauth/openapi.{name}");
        let posted = stack.app().send(Method::POST, &path, &[], "").await;
        assert_eq!((posted.status, posted.header("allow")), (405, vec!["GET, HEAD, OPTIONS"]));
        form(&stack, &format!("{name}x")).await.is(404);
    }
    // It needs no table.
    assert_eq!(stack.dynamodb.tally().calls(), 0);
}

#[tokio::test]
async fn all_forms_say_the_same() {
    let stack = Stack::start(&[ON]).await;
    let document = form(&stack, "json").await.body;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": format!("http://{}", stack.api)}]));
    let yaml: Value = serde_saphyr::from_str(&form(&stack, "yaml").await.text).unwrap();
    assert_eq!(yaml, document);
    let page = form(&stack, "html").await.text;
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

/// It is read in browsers that hold sessions of this host.
#[tokio::test]
async fn the_page_loads_nothing() {
    let stack = Stack::start(&[ON]).await;
    let answer = form(&stack, "html").await;
    let policy = answer.header("content-security-policy").concat();
    let own = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-";
    assert!(policy.starts_with(own), "{policy}");
    let page = answer.text.to_lowercase();
    assert_eq!(page.matches("<script").count(), page.matches("<script>").count(), "none but its search");
    assert_eq!(page.matches("<script>").count(), 1);
    for loading in ["<link", "<img", "<iframe", "<object", " src=", "@import", "url(", "javascript:"] {
        assert!(!page.contains(loading), "{loading}");
    }
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for link in links.collect::<BTreeSet<_>>() {
        let is_own = link.starts_with('#') && page.contains(&format!("id=\"{}\"", &link[1..]));
        assert!(is_own || link == "openapi.json" || link == "openapi.yaml", "{link}");
    }
    let elsewhere = page.matches("://").count();
    assert_eq!(elsewhere, page.matches(&format!("http://{}", stack.api)).count(), "it names no other host");
}

/// A path is described if there is one, and only then; and its methods are those it allows.
#[tokio::test]
async fn what_is_described_is_what_is_served() {
    for world in worlds() {
        let stack = start(&world).await;
        let document = form(&stack, "json").await.body;
        let paths = document["paths"].as_object().unwrap();
        let mut served = BTreeSet::new();
        for function in vestibule_cli::routes() {
            for endpoint in function.endpoints.iter().filter(|endpoint| !endpoint.path.starts_with('/')) {
                for kind in Kind::ALL {
                    let open = format!("/_allauth/{{client}}/v1/{}", endpoint.path);
                    let own = format!("/_allauth/{}/v1/{}", kind.name(), endpoint.path);
                    let path = paths.get(&open).or_else(|| paths.get(&own));
                    let answer = stack.client(kind).send(Method::OPTIONS, endpoint.path, &[], "").await;
                    assert_eq!(answer.status != 404, path.is_some(), "{own} with {world:?}");
                    served.extend([open, own.clone()]);
                    let client = if kind == Kind::App { ClientKind::App } else { ClientKind::Browser };
                    assert!(endpoint.client.is_none_or(|only| only == client) || path.is_none(), "{own}");
                    let Some(path) = path else { continue };
                    let methods = path.as_object().unwrap().keys().filter(|name| *name != "parameters");
                    let known = endpoint.operations.iter().map(|known| known.method.as_str().to_lowercase());
                    assert_eq!(methods.cloned().collect::<BTreeSet<_>>(), known.collect(), "{own}");
                }
            }
        }
        let unserved = paths.keys().find(|path| path.contains("/v1/") && !served.contains(*path));
        assert_eq!(unserved, None, "{world:?}");
    }
}

fn walk<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

/// The names that a path leaves open.
fn parts_left_open(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// The names of path parameters that are described for a path.
fn path_parameters<'a>(document: &'a Value, described: &'a Value) -> BTreeSet<&'a str> {
    let parameters = described["parameters"].as_array().into_iter().flatten();
    let resolved = parameters.map(|parameter| match parameter["$ref"].as_str() {
        Some(path) => document.pointer(&path[1..]).unwrap(),
        None => parameter,
    });
    resolved.filter(|parameter| parameter["in"] == "path").filter_map(|it| it["name"].as_str()).collect()
}

/// Whatever is referred to is there, whatever is there is referred to, and no mark is left.
#[tokio::test]
async fn it_is_whole_with_any_settings() {
    for world in worlds() {
        let stack = start(&world).await;
        let document = form(&stack, "json").await.body;
        let mut used = BTreeSet::new();
        walk(&document, &mut |value| {
            let Some(object) = value.as_object() else { return };
            assert!(!object.keys().any(|name| name.starts_with("x-")), "{value}");
            if let Some(path) = object.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(&path[1..]).is_some(), "{path} with {world:?}");
                used.insert(path.to_owned());
            }
            if let (Some(required), Some(properties)) = (object.get("required"), object.get("properties")) {
                let names: BTreeSet<_> =
                    required.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                assert_eq!(names.len(), required.as_array().unwrap().len(), "{value}");
                assert!(names.iter().all(|name| properties.get(name).is_some()), "{value}");
            }
        });
        for kind in ["schemas", "responses", "parameters"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                assert!(used.contains(&format!("#/components/{kind}/{name}")), "{name} with {world:?}");
            }
        }
        for (path, described) in document["paths"].as_object().unwrap() {
            assert_eq!(path_parameters(&document, described), parts_left_open(path), "{path} with {world:?}");
        }
    }
}

#[tokio::test]
async fn it_is_true_to_the_settings() {
    let worlds = worlds();
    let document = |world: usize| {
        let settings = worlds[world].clone();
        async move { form(&start(&settings).await, "json").await.body }
    };
    let input = |document: &Value, name: &str| document["components"]["schemas"][name].clone();
    let flows = |document: &Value| {
        let flows = document["components"]["schemas"]["FlowId"]["enum"].as_array().unwrap().clone();
        flows.iter().map(|flow| flow.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    let both = document(0).await;
    assert_eq!(input(&both, "Login")["required"], json!(["password", "email"]));
    assert!(input(&both, "Login")["properties"].get("username").is_none());
    assert_eq!(both["paths"]["/_allauth/{client}/v1/auth/login"]["post"]["requestBody"]["required"], true);
    assert_eq!(input(&both, "Process")["enum"], json!(["login", "connect"]));
    assert_eq!(input(&both, "BaseSignup")["properties"]["email"]["maxLength"], 254);
    assert!(both["paths"].get("/_allauth/{client}/v1/auth/code/request").is_none());
    assert!(!flows(&both).contains(&"mfa_login_webauthn".to_owned()));

    let apps = document(1).await;
    let schemes = apps["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["JWT", "SessionToken"]);
    assert!(apps["paths"].get("/_allauth/app/v1/tokens/refresh").is_some());
    assert!(apps["paths"].as_object().unwrap().keys().all(|path| path.starts_with("/_allauth/app/v1/")));
    assert!(input(&apps, "AuthenticatedMeta")["properties"].get("refresh_token").is_some());
    let session = &apps["paths"]["/_allauth/app/v1/auth/session"]["get"]["security"];
    assert_eq!(*session, json!([{"SessionToken": []}, {"JWT": []}, {}]));
    assert!(apps.get("security").is_none());
    let forged = &apps["paths"]["/_allauth/app/v1/auth/login"]["post"]["responses"]["403"];
    assert!(forged.is_null(), "apps forge nothing");

    let browsers = document(2).await;
    let schemes = browsers["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["CSRFToken", "SessionCookie"]);
    let logout = &browsers["paths"]["/_allauth/browser/v1/auth/session"]["delete"]["security"];
    assert_eq!(*logout, json!([{"CSRFToken": [], "SessionCookie": []}, {}]));
    assert!(input(&browsers, "User")["properties"].get("username").is_none());
    assert!(input(&browsers, "Config")["properties"].get("mfa").is_none());
    assert!(browsers["paths"].get("/_allauth/browser/v1/auth/sessions").is_none());
    let gone = &browsers["paths"]["/_allauth/browser/v1/auth/session"]["get"]["responses"]["410"];
    assert!(gone.is_null(), "only apps are told so");

    let phones = document(3).await;
    let sign_up = input(&phones, "BaseSignup");
    assert_eq!(sign_up["required"], json!(["phone", "username"]));
    assert_eq!(sign_up["properties"]["username"]["minLength"], 5);
    assert_eq!(sign_up["properties"]["email"]["maxLength"], 100);
    assert_eq!(input(&phones, "Signup")["allOf"][1]["required"], json!(["password"]));
    assert_eq!(input(&phones, "Login")["required"], json!(["password"]));
    assert!(input(&phones, "Session")["properties"].get("last_seen_at").is_some());
    assert_eq!(input(&phones, "RequestLoginCode")["required"], json!(["phone"]));

    let keys = document(4).await;
    assert!(flows(&keys).contains(&"mfa_signup_webauthn".to_owned()));
    let trust = &keys["paths"]["/_allauth/browser/v1/auth/2fa/trust"];
    assert_eq!(trust["post"]["requestBody"]["required"], false, "of browsers only, and no body says no");

    let others = document(5).await;
    assert!(!flows(&others).contains(&"login".to_owned()));
    assert!(others["paths"].get("/_allauth/{client}/v1/auth/login").is_none());
}

#[tokio::test]
async fn cookies_and_headers_have_the_names_they_are_given() {
    let stack = Stack::start(&[
        ON,
        ("SESSION_COOKIE_NAME", "sid"),
        ("CSRF_HEADER_NAME", "HTTP_X_XSRF_TOKEN"),
        ("HEADLESS_TOKEN_STRATEGY", "jwt"),
        ("HEADLESS_JWT_AUTHORIZATION_HEADER_SCHEME", "Token"),
    ])
    .await;
    let schemes = form(&stack, "json").await.body["components"]["securitySchemes"].clone();
    assert_eq!(schemes["SessionCookie"]["name"], "sid");
    assert_eq!(schemes["CSRFToken"]["name"], "x-xsrf-token");
    assert_eq!(schemes["JWT"]["scheme"], "Token");
}

/// Some generators of clients can't read a choice between constants, nor a constant without its type.
#[tokio::test]
async fn closed_lists_and_constants_are_plain() {
    fn walk(value: &Value, place: &str) {
        if let Value::Object(members) = value {
            assert!(
                members.get("const").is_none() || members.get("type").is_some_and(Value::is_string),
                "{place}"
            );
            let choices = members.get("oneOf").and_then(Value::as_array);
            assert!(
                choices.is_none_or(|choices| choices.iter().all(|choice| choice.get("const").is_none())),
                "{place}"
            );
            members.iter().for_each(|(name, member)| walk(member, &format!("{place}/{name}")));
        } else if let Value::Array(items) = value {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{place}/{at}")));
        }
    }
    for world in worlds() {
        let document = form(&start(&world).await, "json").await.body;
        walk(&document, "");
        let types = &document["components"]["schemas"]["AuthenticatorType"];
        assert!(types.is_null() || types["enum"].as_array().is_some_and(|list| list.len() <= 3), "{types}");
    }
}

/// What upstream's description names keeps its name, for those who have generated types from that.
#[tokio::test]
async fn schemas_have_upstreams_names() {
    let world = [
        ("MFA_SUPPORTED_TYPES", "totp,webauthn,recovery_codes"),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
        ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
        ("MFA_TRUST_ENABLED", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_METHODS", "email,username,phone"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,phone,password1*"),
        ("HEADLESS_TOKEN_STRATEGY", "jwt"),
    ];
    let document = form(&start(&world).await, "json").await.body;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in UPSTREAM.split_whitespace() {
        assert!(schemas.contains_key(name), "{name}: {:?}", schemas.keys().collect::<Vec<_>>());
    }
}

const UPSTREAM: &str = "AccessToken AccountConfiguration Authenticated AuthenticatedMeta AuthenticatedResponse \
    AuthenticationMeta AuthenticationMethod AuthenticationResponse AuthenticatorCode AuthenticatorID \
    AuthenticatorList AuthenticatorType BaseAuthenticationMeta BaseAuthenticator BaseSignup ClientID \
    Code ConfigurationResponse ConfirmLoginCode ConflictResponse Email EmailAddress \
    EmailVerificationInfo EndSessions ErrorResponse Flow ForbiddenResponse Login MFAAuthenticate \
    MFAConfiguration MFATrust OptionalTimestamp PasskeySignup Password Phone PhoneNumber \
    PhoneNumberChangeResponse PhoneNumbersResponse Process Provider ProviderAccount ProviderAccountID \
    ProviderID ProviderList ProviderRedirect ProviderSignup ProviderToken Reauthenticate \
    ReauthenticationCodeRecipient ReauthenticationRequired ReauthenticationResponse RecoveryCodesAuthenticator RefreshToken RequestLoginCode \
    RequestPassword RequestReauthenticationCode ResetPassword SensitiveRecoveryCodesAuthenticator \
    Session SessionGoneResponse Signup SocialAccountConfiguration StatusAccepted StatusOK \
    TOTPAuthenticator Timestamp User UserSessionsConfiguration Username VerifyEmail VerifyPhone \
    WebAuthnAuthenticator WebAuthnCredential WebAuthnCredentialCreationOptions \
    WebAuthnCredentialRequestOptions";
