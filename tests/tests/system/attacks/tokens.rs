//! Tokens in each other's place: of a session, for access, for refreshing, of another client and of another account.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{ANN, MALLORY, ann_gets_in, stays_outside};
use crate::tokens::{HS256, JWT, RSA_KEY, Tokens, refresh, tokens, with_access};
use crate::{Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, log_in};

/// What each token opens in each place.
async fn opens_nothing(stack: &Stack, what: &str, token: &str) {
    stays_outside(&with_access(stack, token).await, &format!("{what} as an access token"));
    stays_outside(&refresh(stack, token).await, &format!("{what} as a refresh token"));
    let app = stack.app();
    app.hold(Some(token));
    stays_outside(&app.get("auth/session").await, &format!("{what} as a session token"));
    let browser = stack.browser();
    browser.hold(Some(token));
    stays_outside(&browser.get("auth/session").await, &format!("{what} as a cookie"));
}

#[tokio::test]
async fn a_token_is_good_for_its_own_purpose_only() {
    for settings in [
        &[JWT, HS256][..],
        &[JWT, RSA_KEY],
        &[JWT, HS256, ("HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED", "true")],
    ] {
        let stack = super::stack(&[settings, &[UNLIMITED]].concat()).await;
        let (client, tokens) = tokens(&stack).await;
        let session = client.token().unwrap();
        stays_outside(&with_access(&stack, &session).await, "a session token as an access token");
        stays_outside(&refresh(&stack, &session).await, "a session token as a refresh token");
        stays_outside(&with_access(&stack, &tokens.refresh).await, "a refresh token as an access token");
        stays_outside(&refresh(&stack, &tokens.access).await, "an access token as a refresh token");
        for token in [&tokens.access, &tokens.refresh] {
            let app = stack.app();
            app.hold(Some(token));
            stays_outside(&app.get("auth/session").await, "as a session token");
            let browser = stack.browser();
            browser.hold(Some(token));
            stays_outside(&browser.get("auth/session").await, "as a cookie");
        }
        // Browsers are known by their cookie alone: a page elsewhere can't send anything else in their name.
        for (name, value) in
            [("authorization", format!("Bearer {}", tokens.access)), ("x-session-token", session.clone())]
        {
            let answer = stack.browser().get_with("auth/session", name, &value).await;
            stays_outside(&answer, name);
        }
        client.get("auth/session").await.is_logged_in_as(ANN);
        with_access(&stack, &tokens.access).await.is_logged_in_as(ANN);
    }
}

/// Cookies are for browsers, where forged requests are told apart; the path of apps reads none.
#[tokio::test]
async fn a_cookie_is_nothing_at_the_path_of_apps() {
    let stack = super::stack(&[UNLIMITED]).await;
    let browser = stack.browser();
    log_in(&browser, ANN, PASSWORD).await.is_logged_in_as(ANN);
    let cookie =
        format!("sessionid={}; csrftoken={}", browser.token().unwrap(), browser.cookie("csrftoken").unwrap());
    for path in ["auth/session", "account/email"] {
        stays_outside(&stack.app().get_with(path, "cookie", &cookie).await, path);
    }
    let answer = stack.app().send(http::Method::DELETE, "auth/session", &[("cookie", &cookie)], "").await;
    stays_outside(&answer, "a forged logout");
    browser.get("auth/session").await.is_logged_in_as(ANN);
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn signed(header: &Value, claims: &Value, secret: Option<&[u8]>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = secret.map(|secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    });
    format!("{signed}.{}", signature.unwrap_or_default())
}

/// Mallory changes their own token until it is Ann's.
#[tokio::test]
async fn a_token_that_somebody_made_is_none() {
    let stack = super::stack(&[JWT, RSA_KEY, UNLIMITED]).await;
    let (_, of_ann) = tokens(&stack).await;
    let answer = log_in(&stack.app(), MALLORY, PASSWORD).await;
    let own = Tokens::of(&answer.is_logged_in_as(MALLORY).body["meta"]);
    let published = stack.app().get("/.well-known/jwks.json").await.body["keys"][0].clone();
    let modulus = URL_SAFE_NO_PAD.decode(published["n"].as_str().unwrap()).unwrap();
    for (of_ann, own) in [(&of_ann.access, &own.access), (&of_ann.refresh, &own.refresh)] {
        let ((header, wanted), (_, claims)) = (parts(of_ann), parts(own));
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            header
        };
        let none = with("alg", json!("none"));
        let shared = with("alg", json!("HS256"));
        let (_, signature) = own.rsplit_once('.').unwrap();
        let mut half = claims.clone();
        half["sub"] = wanted["sub"].clone();
        for (what, token) in [
            ("no signature", signed(&header, &wanted, None)),
            ("no algorithm", signed(&none, &wanted, None)),
            ("no algorithm, in capitals", signed(&with("alg", json!("NONE")), &wanted, None)),
            ("the public key as a secret", signed(&shared, &wanted, Some(published.to_string().as_bytes()))),
            ("the modulus as a secret", signed(&shared, &wanted, Some(&modulus))),
            ("nothing as a secret", signed(&shared, &wanted, Some(b""))),
            ("the subject alone", format!("{}{signature}", signed(&header, &half, None))),
            ("the signature of another", format!("{}{signature}", signed(&header, &wanted, None))),
        ] {
            opens_nothing(&stack, what, &token).await;
        }
    }
    with_access(&stack, &of_ann.access).await.is_logged_in_as(ANN);
}

/// Sessions and authenticators have small numbers: another account's are nothing to end.
#[tokio::test]
async fn nobody_ends_a_session_of_another() {
    for kind in Kind::ALL {
        let stack = super::stack(&[UNLIMITED]).await;
        let (ann, mallory): (Client, Client) = (stack.client(kind), stack.client(kind));
        log_in(&ann, ANN, PASSWORD).await.is_logged_in_as(ANN);
        log_in(&mallory, MALLORY, PASSWORD).await.is_logged_in_as(MALLORY);
        let id = |answer: &crate::Answer| answer.is(200).body["data"][0]["id"].clone();
        let (of_ann, own) = (id(&ann.get("auth/sessions").await), id(&mallory.get("auth/sessions").await));
        let answer = mallory.delete_with("auth/sessions", json!({"sessions": [of_ann]})).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let answer = mallory.delete_with("auth/sessions", json!({"sessions": [own, of_ann]})).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        ann.get("auth/session").await.is_logged_in_as(ANN);
        mallory.get("auth/session").await.is_logged_in_as(MALLORY);
    }
}

/// A token from before a login, which an attacker may have set, is not the one of the session that was logged in to
/// (session fixation).
#[tokio::test]
async fn a_token_that_was_known_before_is_void_after_a_login() {
    for kind in Kind::ALL {
        let stack = super::stack(&[UNLIMITED, ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
        let mallory = stack.client(kind);
        mallory.post("auth/code/request", json!({"email": MALLORY})).await.awaits("login_by_code");
        let ann = mallory.twin();
        let known = mallory.token().unwrap();
        log_in(&ann, ANN, PASSWORD).await.is_logged_in_as(ANN);
        assert_ne!(ann.token().unwrap(), known);
        stays_outside(&mallory.get("account/email").await, "the token of before");
        // Nor after a change of the password, where others may have had it.
        let known = ann.twin();
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        ann.post("account/password/change", change).await.is(200);
        stays_outside(&known.get("account/email").await, "the token before the change");
        ann.get("auth/session").await.is_logged_in_as(ANN);
    }
    let stack = super::stack(&[]).await;
    ann_gets_in(&stack).await;
}
