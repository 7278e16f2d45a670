//! Getting past a second factor by another endpoint, another order, or another account's proof.

use http::Method;
use serde_json::{Value, json};
use vestibule_tests::{AuthenticatorApp, PATIENT, Passkey};

use super::{ANN, MALLORY, enter, latest, stays_outside};
use crate::social::dummy;
use crate::webauthn::{LOGIN, PASSKEYS, options, prove, start, with_key};
use crate::{Answer, Client, Kind, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, add_app, log_in};

/// Everything that is of use to who is logged in, and every other way to go on.
fn everything(app: &AuthenticatorApp) -> Vec<(Method, &'static str, Value)> {
    let wrong = json!({"credential": {"id": "x"}, "name": "x"});
    vec![
        (Method::GET, "auth/session", json!({})),
        (Method::GET, "auth/sessions", json!({})),
        (Method::GET, "account/email", json!({})),
        (Method::POST, "account/email", json!({"email": "evil@example.net"})),
        (Method::PATCH, "account/email", json!({"email": ANN, "primary": true})),
        (Method::PUT, "account/email", json!({"email": ANN})),
        (Method::DELETE, "account/email", json!({"email": ANN})),
        (
            Method::POST,
            "account/password/change",
            json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD}),
        ),
        (Method::GET, "account/authenticators", json!({})),
        (Method::GET, "account/authenticators/totp", json!({})),
        (Method::POST, "account/authenticators/totp", json!({"code": app.code(0)})),
        (Method::DELETE, "account/authenticators/totp", json!({})),
        (Method::GET, "account/authenticators/recovery-codes", json!({})),
        (Method::POST, "account/authenticators/recovery-codes", json!({})),
        (Method::GET, "account/authenticators/webauthn", json!({})),
        (Method::POST, "account/authenticators/webauthn", wrong.clone()),
        (Method::GET, "account/providers", json!({})),
        (Method::DELETE, "account/providers", json!({"provider": "dummy", "account": "1"})),
        (Method::POST, "auth/reauthenticate", json!({"password": PASSWORD})),
        (Method::POST, "auth/2fa/reauthenticate", json!({"code": app.code(0)})),
        (Method::POST, "auth/webauthn/reauthenticate", wrong.clone()),
        (Method::GET, "auth/webauthn/reauthenticate", json!({})),
        (Method::PUT, "auth/webauthn/signup", wrong),
        (Method::GET, "auth/webauthn/signup", json!({})),
        (Method::POST, "auth/email/verify", json!({"key": "x"})),
        (Method::POST, "auth/email/verify/resend", json!({})),
        (Method::POST, "auth/code/confirm", json!({"code": "x"})),
        (Method::POST, "auth/provider/signup", json!({"email": ANN})),
        (Method::DELETE, "account", json!({})),
        (Method::GET, "account/export", json!({})),
    ]
}

#[tokio::test]
async fn nothing_is_open_to_a_login_that_waits_for_its_factor() {
    let settings = [
        &PATIENT[..],
        &[
            UNLIMITED,
            ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
            ("MFA_PASSKEY_SIGNUP_ENABLED", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_DELETION_ENABLED", "true"),
            ("ACCOUNT_EXPORT_ENABLED", "true"),
            ("MFA_TRUST_ENABLED", "true"),
        ],
    ]
    .concat();
    for kind in Kind::ALL {
        let stack = super::stack(&settings).await;
        let app = add_app(&stack.client(kind), ANN).await;
        let thief = stack.client(kind);
        log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
        for (method, path, body) in everything(&app) {
            let answer = thief.send(method.clone(), path, &[], body.to_string()).await;
            stays_outside(&answer, &format!("{method} {path}"));
        }
        if kind == Kind::Browser {
            stays_outside(&thief.post("auth/2fa/trust", json!({"trust": true})).await, "trust");
        }
        assert_eq!(dummy(&thief, "connect", json!({"id": 666})).await.status, 403);
        thief.get("auth/session").await.awaits("mfa_authenticate");
        // Nothing has changed, and the code that was tried elsewhere is not used up.
        assert_eq!(stack.dynamodb.keys("SOCIAL#").await, [""; 0]);
        let secrets = stack.inbox.take().await.into_iter().filter(vestibule_tests::Mail::is_secret);
        assert_eq!(secrets.count(), 0);
        log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
        let answer = thief.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await;
        if kind == Kind::Browser {
            answer.awaits("mfa_trust");
            thief.post("auth/2fa/trust", json!({"trust": false})).await.is_logged_in_as(ANN);
        } else {
            answer.is_logged_in_as(ANN);
        }
    }
}

/// What somebody proved for one account is nothing to another in the same session, whether that login was given up,
/// replaced or completed.
#[tokio::test]
async fn proofs_of_two_accounts_do_not_mingle() {
    let by_code = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");
    for kind in Kind::ALL {
        let stack = super::stack(&[&PATIENT[..], &[UNLIMITED, by_code]].concat()).await;
        let ann = add_app(&stack.client(kind), ANN).await;
        let own = add_app(&stack.client(kind), MALLORY).await;
        let client = stack.client(kind);
        // Mallory's login waits; Ann's password takes its place; Mallory's code is no use.
        log_in(&client, MALLORY, PASSWORD).await.awaits("mfa_authenticate");
        log_in(&client, ANN, PASSWORD).await.awaits("mfa_authenticate");
        client
            .post("auth/2fa/authenticate", json!({"code": own.code(1)}))
            .await
            .refuses(&["code: incorrect_code"]);
        // Given up, and another one begun: no record of the first is in the second.
        client.delete("auth/session").await.is_anonymous();
        client.hold(None);
        client.post("auth/code/request", json!({"email": MALLORY})).await.awaits("login_by_code");
        let code = latest(&stack.inbox, MALLORY).await.code();
        client.post("auth/code/confirm", json!({"code": code})).await.awaits("mfa_authenticate");
        let answer = client.post("auth/2fa/authenticate", json!({"code": own.code(2)})).await;
        assert_eq!(answer.is_logged_in_as(MALLORY).methods(), ["code", "mfa"]);
        // Completed: who is logged in with a factor has none in the next login.
        client.delete("auth/session").await.is(401);
        client.hold(None);
        log_in(&client, ANN, PASSWORD).await.awaits("mfa_authenticate");
        let answer = client.post("auth/2fa/authenticate", json!({"code": ann.code(1)})).await;
        assert_eq!(answer.is_logged_in_as(ANN).methods(), ["password", "mfa"]);
    }
}

/// A login by a service while somebody else is logged in with their factor does not borrow it.
#[tokio::test]
async fn a_switch_of_accounts_takes_no_factor_along() {
    let stack = super::stack(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
    let ann = stack.app();
    add_app(&ann, ANN).await;
    dummy(&ann, "connect", json!({"id": 1})).await.is(200);
    let mallory = stack.app();
    let own = add_app(&mallory, MALLORY).await;
    mallory.post("auth/2fa/reauthenticate", json!({"code": own.code(1)})).await.is_logged_in_as(MALLORY);
    // The service's password was stolen, the app was not.
    dummy(&mallory, "login", json!({"id": 1})).await.awaits("mfa_authenticate");
    let answer = mallory.post("auth/2fa/authenticate", json!({"code": own.code(2)})).await;
    answer.refuses(&["code: incorrect_code"]);
    stays_outside(&mallory.get("account/email").await, "the session of who was logged in before");
}

/// The records of a passkey whose account is closed stay behind.
#[tokio::test]
async fn a_passkey_of_a_closed_account_lends_its_proof_to_nobody() {
    let settings = [&PASSKEYS[..], &PATIENT[..]].concat();
    let (stack, mut key) = start(&settings).await;
    let client = with_key(&stack, &mut key, Kind::App).await;
    stack.add_user("bob@example.com").await;
    let other = stack.app();
    let app = add_app(&other, "bob@example.com").await;
    stack.disable(ANN).await;
    let answer = prove(&client, LOGIN, &mut key).await;
    stays_outside(&answer, "a closed account");
    log_in(&client, "bob@example.com", PASSWORD).await.awaits("mfa_authenticate");
    let answer = client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await;
    assert_eq!(answer.is_logged_in_as("bob@example.com").methods(), ["password", "mfa"]);
}

/// A passkey without user verification is one factor, so it does not stand for two.
#[tokio::test]
async fn a_key_that_checks_nobody_logs_nobody_in() {
    let (stack, mut key) = start(&PASSKEYS).await;
    let client = with_key(&stack, &mut key, Kind::Browser).await;
    key.verifies_user = false;
    for _ in 0..2 {
        prove(&client, LOGIN, &mut key).await.refuses(&["credential: incorrect_code"]);
        client.get("auth/session").await.is_anonymous();
    }
    // One that is asked for as a passkey is not taken without it either.
    let thief = stack.app();
    stack.add_user(MALLORY).await;
    enter(&thief, MALLORY).await;
    let mut weak = Passkey::new(&key.origin);
    weak.verifies_user = false;
    let asked = options(&thief, "account/authenticators/webauthn?passwordless").await;
    let body = json!({"name": "x", "credential": weak.create(&asked)});
    thief.post("account/authenticators/webauthn", body).await.refuses(&["incorrect_code"]);
    key.verifies_user = true;
    prove(&client, LOGIN, &mut key).await.is_logged_in_as(ANN);
}

/// A mailbox alone does not get past a second factor: not by a reset, not by a code, and not by both.
#[tokio::test]
async fn who_has_the_mailbox_still_needs_the_factor() {
    for (kind, by_code) in [(Kind::App, "true"), (Kind::Browser, "false")] {
        let settings = [
            &PATIENT[..],
            &[
                UNLIMITED,
                ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
                ("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true"),
                ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", by_code),
            ],
        ]
        .concat();
        let stack = super::stack(&settings).await;
        let app = add_app(&stack.client(kind), ANN).await;
        let thief = stack.client(kind);
        thief.post("auth/code/request", json!({"email": ANN})).await.awaits("login_by_code");
        let code = latest(&stack.inbox, ANN).await.code();
        thief.post("auth/code/confirm", json!({"code": code})).await.awaits("mfa_authenticate");
        thief.post("auth/password/request", json!({"email": ANN})).await;
        let mail = latest(&stack.inbox, ANN).await;
        let key = if by_code == "true" { mail.code() } else { mail.key() };
        let reset = json!({"key": key, "password": NEW_PASSWORD});
        stays_outside(&thief.post("auth/password/reset", reset).await, "a reset");
        let answer = log_in(&thief, ANN, NEW_PASSWORD).await;
        answer.awaits("mfa_authenticate");
        stays_outside(&thief.post("auth/2fa/authenticate", json!({"code": "000000"})).await, "a guess");
        log_in_with(&stack, kind, &app).await.is_logged_in_as(ANN);
    }
}

async fn log_in_with(stack: &Stack, kind: Kind, app: &AuthenticatorApp) -> Answer {
    let ann: Client = stack.client(kind);
    log_in(&ann, ANN, NEW_PASSWORD).await.awaits("mfa_authenticate");
    ann.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await
}

/// A code of an app is one code in whatever digits it is typed.
#[tokio::test]
async fn a_used_code_in_other_letters_is_a_used_code() {
    let stack = super::stack(&[&PATIENT[..], &[UNLIMITED, ("MFA_RATE_LIMITS", "false")]].concat()).await;
    let app = add_app(&stack.app(), ANN).await;
    let ann = stack.app();
    log_in(&ann, ANN, PASSWORD).await.awaits("mfa_authenticate");
    let code = app.code(1);
    ann.post("auth/2fa/authenticate", json!({"code": code})).await.is_logged_in_as(ANN);
    let digits = |zero: u32| -> String {
        code.chars().map(|digit| char::from_u32(zero + digit.to_digit(10).unwrap()).unwrap()).collect()
    };
    let thief = stack.app();
    log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
    for again in [
        code.clone(),
        format!(" {code} "),
        format!("{} {}", &code[..3], &code[3..]),
        format!("{}-{}", &code[..3], &code[3..]),
        format!("0{code}"),
        format!("+{code}"),
        digits(0x660),
        digits(0x966),
        digits(0xFF10),
        format!("{code}\u{200b}"),
    ] {
        let answer = thief.post("auth/2fa/authenticate", json!({"code": again})).await;
        stays_outside(&answer, &again);
    }
    let as_number = thief.post("auth/2fa/authenticate", json!({"code": code.parse::<u32>().unwrap()})).await;
    stays_outside(&as_number, "a number");
}

/// Wrong answers count for the account: an app that somebody is about to add, and knows the codes of, takes none back.
#[tokio::test]
async fn an_app_that_is_only_set_up_forgives_no_guesses() {
    let settings = [
        &PATIENT[..],
        &[
            ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
            ("MFA_RATE_LIMITS", "false"),
            ("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "5/5m/key", "login": null, "reauthenticate": null}"#),
        ],
    ]
    .concat();
    let (stack, mut key) = start(&settings).await;
    let thief = stack.app();
    enter(&thief, ANN).await;
    crate::webauthn::add(&thief, &mut key, "").await.is(200);
    // Somebody finds the session later, and guesses at the recovery codes.
    let thief = stack.app();
    log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
    prove(&thief, "auth/webauthn/authenticate", &mut key).await.is_logged_in_as(ANN);
    let shown = thief.get("account/authenticators/totp").await;
    let own = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    let guess = async |at: i32| {
        let answer = thief.post("auth/2fa/reauthenticate", json!({"code": format!("{at:08}")})).await;
        answer.is(400).errors()
    };
    let mut wrong = 0;
    for at in 0..12 {
        wrong += usize::from(guess(at).await == ["code: incorrect_code"]);
        if at % 4 == 3 {
            let answer = thief.post("account/authenticators/totp", json!({"code": own.code(0)})).await;
            assert!(!answer.succeeded(), "{}", answer.text);
        }
    }
    assert!(wrong <= 5, "{wrong}");
}

/// Somebody who is not logged in keeps nobody from their second factor.
#[tokio::test]
async fn wrong_passkeys_of_strangers_lock_nobody_out() {
    let settings = [
        &PATIENT[..],
        &[
            ("MFA_SUPPORTED_TYPES", "totp,recovery_codes,webauthn"),
            ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
            ("MFA_RATE_LIMITS", "false"),
            ("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "5/5m/key", "login": null, "reauthenticate": null}"#),
        ],
    ]
    .concat();
    let (stack, mut key) = start(&settings).await;
    let ann = with_key(&stack, &mut key, Kind::App).await;
    prove(&ann, LOGIN, &mut key).await.is_logged_in_as(ANN);
    prove(&ann, "auth/webauthn/reauthenticate", &mut key).await.is(200);
    let shown = ann.get("account/authenticators/totp").await;
    let app = AuthenticatorApp::scan(shown.is(404).body["meta"]["totp_url"].as_str().unwrap());
    ann.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
    // The id and the account of the key are no secrets.
    let mut forged = Passkey::new(&key.origin);
    forged.id.clone_from(&key.id);
    forged.user_handle.clone_from(&key.user_handle);
    for _ in 0..12 {
        prove(&stack.app(), LOGIN, &mut forged).await.refuses(&["credential: incorrect_code"]);
    }
    let again = stack.app();
    log_in(&again, ANN, PASSWORD).await.awaits("mfa_authenticate");
    again.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is_logged_in_as(ANN);
}

/// What shows a secret is kept by no cache on its way.
#[tokio::test]
async fn secrets_are_not_cached() {
    for kind in Kind::ALL {
        let stack = super::stack(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
        let ann = stack.client(kind);
        enter(&ann, ANN).await;
        let setup = ann.get("account/authenticators/totp").await;
        let app = AuthenticatorApp::scan(setup.is(404).body["meta"]["totp_url"].as_str().unwrap());
        ann.post("account/authenticators/totp", json!({"code": app.code(0)})).await.is(200);
        let shown = ann.get("account/authenticators/recovery-codes").await;
        let made = ann.post("account/authenticators/recovery-codes", json!({})).await;
        for answer in [&setup, &shown, &made] {
            let cached = answer.header("cache-control");
            assert!(cached.iter().any(|value| value.contains("no-store")), "{cached:?}");
        }
    }
}

/// Guesses at the app that is being added are limited like any other.
#[tokio::test]
async fn guesses_at_a_new_app_are_limited() {
    let limits =
        ("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "5/5m/key", "login": null, "reauthenticate": null}"#);
    let stack = super::stack(&[limits]).await;
    let ann = stack.app();
    enter(&ann, ANN).await;
    ann.get("account/authenticators/totp").await.is(404);
    for _ in 0..5 {
        let answer = ann.post("account/authenticators/totp", json!({"code": "wrong"})).await;
        answer.refuses(&["code: incorrect_code"]);
    }
    let answer = ann.post("account/authenticators/totp", json!({"code": "wrong"})).await;
    answer.refuses(&["code: rate_limited"]);
}
