//! What `docs/standards.md` promises and no other test is about.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use vestibule_cli::serve::TEMPLATE;

use crate::attacks::stays_outside;
use crate::tokens::{JWT, tokens, with_access};
use crate::{
    Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, add_app, credentials, has_ended, log_in,
};

const EMAIL: &str = "ann@example.com";
/// All rules of `AUTH_PASSWORD_VALIDATORS` that NIST SP 800-63B and OWASP ASVS allow, with the length that they ask.
const VALIDATORS: (&str, &str) = (
    "AUTH_PASSWORD_VALIDATORS",
    r#"[{"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
        {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"}]"#,
);
const NO_VERIFICATION: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "none");

/// Every request that sets a password, with this one.
async fn is_refused_everywhere(stack: &Stack, client: &Client, password: &str, error: &str) {
    let refused = stack.app().post("auth/signup", credentials("ben@example.com", password)).await;
    refused.refuses(&[&format!("password: {error}")]);
    let change = json!({"current_password": PASSWORD, "new_password": password});
    client.post("account/password/change", change).await.refuses(&[&format!("new_password: {error}")]);
    let app = stack.app();
    app.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    let reset = json!({"key": key, "password": password});
    app.post("auth/password/reset", reset).await.refuses(&[&format!("password: {error}")]);
    log_in(&stack.app(), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn passwords_are_as_long_as_the_standards_ask() {
    let stack = Stack::start(&[UNLIMITED, NO_VERIFICATION, VALIDATORS]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    // Of 56 bytes, but 14 code points.
    for short in ["violet-gravel1", "🦉🌵🛶🪁🧭🪵🫐🥁🪗🧶🪴🛖🧊🪤"] {
        is_refused_everywhere(&stack, &client, short, "password_too_short").await;
    }
    for (who, long) in
        [("ben@example.com", "violet-gravel12"), ("eve@example.com", "🦉🌵🛶🪁🧭🪵🫐🥁🪗🧶🪴🛖🧊🪤🪺")]
    {
        stack.app().post("auth/signup", credentials(who, long)).await.is_logged_in_as(who);
    }
}

#[tokio::test]
async fn a_common_password_is_set_nowhere() {
    let stack = Stack::start(&[UNLIMITED, NO_VERIFICATION]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    for common in ["password1", "PassWord1"] {
        is_refused_everywhere(&stack, &client, common, "password_too_common").await;
    }
    // It is compared whole: a longer one with a common one in it is another.
    let longer = credentials("ben@example.com", "password1-gravel");
    stack.app().post("auth/signup", longer).await.is_logged_in_as("ben@example.com");
}

#[tokio::test]
async fn a_password_can_have_any_characters_and_all_of_them_count() {
    let stack = Stack::start(&[UNLIMITED, NO_VERIFICATION, VALIDATORS]).await;
    let ascii: String = (' '..='~').collect();
    let long = "gravel and violets, ".repeat(12);
    let passwords = [
        "730185264917302",
        "only small letters",
        "  spaces around it  ",
        "ÄÖÜ ключ от леса",
        "🦉🌵🛶🪁🧭🪵🫐🥁🪗🧶🪴🛖🧊🪤🪺",
        ascii.as_str(),
        long.as_str(),
    ];
    for (at, password) in passwords.into_iter().enumerate() {
        let email = format!("user{at}@example.com");
        stack.app().post("auth/signup", credentials(&email, password)).await.is_logged_in_as(&email);
        log_in(&stack.app(), &email, password).await.is_logged_in_as(&email);
        let last = password.char_indices().last().unwrap().0;
        let others = [
            password[..last].to_owned(),
            format!("{password}."),
            format!(" {password}"),
            password.trim().to_owned(),
            password.to_uppercase(),
            password.to_lowercase(),
        ];
        // Spaces around a password do not count, as in django-allauth.
        for other in others.iter().filter(|other| other.trim() != password.trim()) {
            log_in(&stack.app(), &email, other).await.refuses(&["password: email_password_mismatch"]);
        }
    }
}

/// The settings of the document, together.
#[tokio::test]
async fn the_settings_of_the_document_work_together() {
    let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/standards.md");
    let document = std::fs::read_to_string(document).unwrap();
    let (_, block) = document.split_once("```json\n").unwrap();
    let block: Value = serde_json::from_str(block.split_once("```").unwrap().0).unwrap();
    let settings: Vec<(&String, String)> =
        block.as_object().unwrap().iter().map(|(name, value)| (name, value.to_string())).collect();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let stack = Stack::start(&settings).await;
    for kind in Kind::ALL {
        let email = format!("{}@example.com", kind.name());
        let client = stack.client(kind);
        let short = client.post("auth/signup", credentials(&email, "violet-gravel1")).await;
        short.refuses(&["password: password_too_short"]);
        client.post("auth/signup", credentials(&email, "violet-gravel12")).await.awaits("verify_email");
        let key = stack.inbox.only(&email).await.key();
        client.post("auth/email/verify", json!({"key": key})).await.is(401);
        let answer = log_in(&client, &email, "violet-gravel12").await;
        answer.is_logged_in_as(&email);
        if kind == Kind::Browser {
            let cookies = answer.header("set-cookie");
            let session = cookies.iter().find(|line| line.starts_with("sessionid=")).unwrap();
            assert!(!session.contains("Max-Age"), "{session}");
        }
        client.get("auth/session").await.is_logged_in_as(&email);
    }
}

#[tokio::test]
async fn a_new_table_has_no_accounts() {
    let stack = Stack::start(&[]).await;
    log_in(&stack.app(), "admin@example.com", "admin").await.is(400);
    for prefix in ["USER#", "EMAIL#", "USERNAME#"] {
        assert_eq!(stack.dynamodb.keys(prefix).await, [""; 0]);
    }
}

#[tokio::test]
async fn recovery_codes_are_as_long_as_the_standards_ask_and_not_kept() {
    let settings = [("MFA_RECOVERY_CODE_DIGITS", "34"), ("MFA_RECOVERY_CODES_SHOW_ONCE", "true")];
    let stack = Stack::start(&[&settings[..], &[UNLIMITED]].concat()).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    add_app(&client, EMAIL).await;
    let path = "account/authenticators/recovery-codes";
    let shown = client.get(path).await;
    let codes: Vec<&str> = shown.is(200).body["data"]["unused_codes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 34 && code.bytes().all(|byte| byte.is_ascii_digit())));
    assert!(client.get(path).await.is(200).body["data"].get("unused_codes").is_none());
    let other = stack.app();
    log_in(&other, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    other.post("auth/2fa/authenticate", json!({"code": codes[3]})).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn a_session_ends_at_its_maximum_age() {
    let settings = [("SESSION_SAVE_EVERY_REQUEST", "true"), ("SESSION_MAX_AGE", "3")];
    let stack = Stack::start(&settings).await;
    stack.add_user(EMAIL).await;
    let (browser, app) = (stack.browser(), stack.app());
    for client in [&browser, &app] {
        log_in(client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
    for _ in 0..100 {
        let statuses = [browser.get("auth/session").await.status, app.get("auth/session").await.status];
        if statuses.iter().all(|status| *status != 200) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    has_ended(&browser).await;
    let ended = app.get("auth/session").await;
    assert!([401, 410].contains(&ended.status), "{}", ended.text);
    stays_outside(
        &app.post("account/password/change", json!({"new_password": NEW_PASSWORD})).await,
        "after its end",
    );
}

#[tokio::test]
async fn a_token_brings_no_key_of_its_own() {
    let key = ("HEADLESS_JWT_PRIVATE_KEY", include_str!("../../testdata/ed25519-private-key.pem"));
    let stack = Stack::start(&[JWT, ("HEADLESS_JWT_ALGORITHM", "EdDSA"), key, UNLIMITED]).await;
    stack.add_user(EMAIL).await;
    let (_, issued) = tokens(&stack).await;
    let mut parts = issued.access.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let header: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
    let random = ring::rand::SystemRandom::new();
    let forger =
        Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
    let public = URL_SAFE_NO_PAD.encode(forger.public_key().as_ref());
    for (name, value) in [
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": public})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = header.clone();
        header[name] = value;
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(forger.sign(signed.as_bytes()));
        stays_outside(&with_access(&stack, &format!("{signed}.{signature}")).await, name);
    }
    with_access(&stack, &issued.access).await.is_logged_in_as(EMAIL);
}

#[tokio::test]
async fn a_reset_is_told_to_the_owner() {
    let stack = Stack::start(&[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")]).await;
    stack.add_user(EMAIL).await;
    let client = stack.app();
    client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    let key = stack.inbox.only(EMAIL).await.key();
    client.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
    assert!(stack.inbox.only(EMAIL).await.text.contains("password of your account at localhost was reset"));
}

#[test]
fn cookies_of_a_deployment_are_secure() {
    for name in ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"] {
        let line = format!("{name}: \"true\"");
        assert_eq!(TEMPLATE.lines().filter(|given| given.trim() == line).count(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_cookie_can_be_bound_to_its_host() {
    let settings = [("SESSION_COOKIE_NAME", "__Host-sessionid"), ("SESSION_COOKIE_SECURE", "true")];
    let stack = Stack::start(&settings).await;
    let id = stack.add_user(EMAIL).await;
    let answer = log_in(&stack.browser(), EMAIL, PASSWORD).await;
    let cookies = answer.is_logged_in_as(EMAIL).header("set-cookie");
    let session = cookies.iter().find_map(|line| line.strip_prefix("__Host-sessionid=")).unwrap();
    let (value, attributes) = session.split_once("; ").unwrap();
    // Nothing but an id and random characters.
    assert_eq!(value.strip_prefix(&format!("{id}.")).unwrap().len(), 43);
    assert_eq!(attributes, "Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Lax");
}
