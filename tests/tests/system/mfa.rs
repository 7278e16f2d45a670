//! Second factors by code, recovery codes and trusted browsers.

use serde_json::{Value, json};

use crate::{
    Answer, AuthenticatorApp, Client, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, add_app, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";
const TOTP: &str = "account/authenticators/totp";
const CODES: &str = "account/authenticators/recovery-codes";
const NOTIFIED: (&str, &str) = ("ACCOUNT_EMAIL_NOTIFICATIONS", "true");

async fn stack(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start(&[&PATIENT, settings].concat()).await;
    stack.add_user(EMAIL).await;
    stack
}

async fn authenticate(client: &Client, code: &str) -> Answer {
    client.post("auth/2fa/authenticate", json!({"code": code})).await
}

async fn reauthenticate(client: &Client, code: &str) -> Answer {
    client.post("auth/2fa/reauthenticate", json!({"code": code})).await
}

async fn log_out(client: &Client) {
    client.delete("auth/session").await.is(401);
    client.hold(None);
}

/// The recovery codes that a client is shown.
#[track_caller]
fn unused(answer: &Answer) -> Vec<String> {
    let codes = answer.is(200).body["data"]["unused_codes"].as_array().unwrap();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Fails unless a login waits for a factor of these types.
#[track_caller]
fn waits_for(answer: &Answer, types: &[&str]) {
    answer.awaits("mfa_authenticate");
    let flows = answer.body["data"]["flows"].as_array().unwrap();
    let flow = flows.iter().find(|flow| flow["id"] == "mfa_authenticate").unwrap();
    assert_eq!(flow["types"], json!(types));
}

#[tokio::test]
async fn an_app_becomes_a_second_factor_and_ceases_to_be_one() {
    for kind in Kind::ALL {
        let stack = stack(&[NOTIFIED]).await;
        let client = stack.client(kind);
        client.get(TOTP).await.is_anonymous();
        client.get("account/authenticators").await.is_anonymous();
        log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
        let shown = client.get(TOTP).await;
        assert!(shown.is(404).body.get("data").is_none());
        let app = AuthenticatorApp::scan(shown.body["meta"]["totp_url"].as_str().unwrap());
        assert_eq!(shown.body["meta"]["secret"], app.secret);
        client.post(TOTP, json!({"code": "wrong"})).await.refuses(&["code: incorrect_code"]);
        client.post(TOTP, json!({})).await.refuses(&["code: required"]);
        let asked = client.post(TOTP, json!({"code": app.code(0)})).await;
        let by_code = json!({"id": "reauthenticate_by_code", "recipients": [{"email": EMAIL}]});
        assert_eq!(asked.is(401).body["data"]["flows"], json!([{"id": "reauthenticate"}, by_code]));
        assert_eq!(asked.body["meta"]["is_authenticated"], true);
        stack.inbox.is_empty().await;
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        let added = client.post(TOTP, json!({"code": app.code(0)})).await;
        assert_eq!(added.is(200).body["data"]["type"], "totp");
        assert_eq!(added.body["data"]["last_used_at"], Value::Null);
        assert_eq!(stack.inbox.only(EMAIL).await.subject, "[localhost] An authenticator app was added");
        let listed = client.get("account/authenticators").await;
        let types: Vec<&Value> =
            listed.is(200).body["data"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
        assert_eq!(types, ["totp", "recovery_codes"]);
        log_out(&client).await;

        let waiting = log_in(&client, EMAIL, PASSWORD).await;
        waits_for(&waiting, &["recovery_codes", "totp"]);
        waits_for(&client.get("auth/session").await, &["recovery_codes", "totp"]);
        client.get("account/email").await.awaits("mfa_authenticate");
        let before = client.token();
        authenticate(&client, "wrong").await.refuses(&["code: incorrect_code"]);
        authenticate(&client, "").await.refuses(&["code: required"]);
        let answer = authenticate(&client, &app.code(0)).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.methods(), ["password", "mfa"]);
        assert_eq!(answer.body["data"]["methods"][1]["type"], "totp");
        assert_ne!(client.token(), before, "privilege has changed");
        authenticate(&client, &app.code(1)).await.is(401);

        let other = stack.client(kind);
        waits_for(&log_in(&other, EMAIL, PASSWORD).await, &["recovery_codes", "totp"]);
        authenticate(&other, &app.code(0)).await.refuses(&["code: incorrect_code"]);

        let asked = client.delete(TOTP).await;
        let types = json!(["recovery_codes", "totp"]);
        let flows = json!([{"id": "reauthenticate"}, by_code, {"id": "mfa_reauthenticate", "types": types}]);
        assert_eq!(asked.is(401).body["data"]["flows"], flows);
        reauthenticate(&client, "wrong").await.refuses(&["code: incorrect_code"]);
        let answer = reauthenticate(&client, &app.code(1)).await;
        answer.is_logged_in_as(EMAIL);
        assert_eq!(answer.body["data"]["methods"][2]["reauthenticated"], true);
        stack.inbox.is_empty().await;
        client.delete(TOTP).await.is(200);
        assert_eq!(stack.inbox.only(EMAIL).await.subject, "[localhost] Your authenticator app was removed");
        client.delete(TOTP).await.is(200);
        stack.inbox.is_empty().await;
        assert_eq!(client.get("account/authenticators").await.is(200).body["data"], json!([]));
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn recovery_codes_get_in_once_each() {
    for kind in Kind::ALL {
        let stack = stack(&[NOTIFIED]).await;
        let client = stack.client(kind);
        add_app(&client, EMAIL).await;
        let all = unused(&client.get(CODES).await);
        assert_eq!(all.len(), 10);
        log_out(&client).await;
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        let answer = authenticate(&client, &all[3]).await;
        assert_eq!(answer.is(200).body["data"]["methods"][1]["type"], "recovery_codes");
        client.get(CODES).await.is(401);
        reauthenticate(&client, &all[3]).await.refuses(&["code: incorrect_code"]);
        reauthenticate(&client, &all[4]).await.is(200);
        let left = client.get(CODES).await;
        assert_eq!(unused(&left).len(), 8);
        assert_eq!(left.body["data"]["total_code_count"], 10);
        assert_eq!(left.body["data"]["unused_code_count"], 8);
        stack.inbox.take().await;

        let new = unused(&client.post(CODES, json!({})).await);
        assert_eq!(new.len(), 10);
        assert_eq!(stack.inbox.only(EMAIL).await.subject, "[localhost] You have new recovery codes");
        reauthenticate(&client, &all[0]).await.refuses(&["code: incorrect_code"]);
        reauthenticate(&client, &new[0]).await.is(200);
    }
}

#[tokio::test]
async fn recovery_codes_come_and_go_with_a_second_factor() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        client.get(CODES).await.is(404);
        client.post(CODES, json!({})).await.refuses(&["cannot_generate_recovery_codes"]);
        add_app(&stack.client(kind), EMAIL).await;
        stack.inbox.take().await;
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        client.get(CODES).await.is(200);
        client.delete(TOTP).await.is(200);
        client.get(CODES).await.is(404);
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn every_way_in_stops_at_the_factor() {
    for kind in Kind::ALL {
        let stack = stack(&[
            ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
            ("ACCOUNT_LOGIN_ON_PASSWORD_RESET", "true"),
            ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ])
        .await;
        let app = add_app(&stack.client(kind), EMAIL).await;
        stack.inbox.take().await;
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        let waiting = client.post("auth/code/confirm", json!({"code": code})).await;
        waits_for(&waiting, &["recovery_codes", "totp"]);
        waits_for(&client.get("auth/session").await, &["recovery_codes", "totp"]);
        assert_eq!(authenticate(&client, &app.code(1)).await.is(200).methods(), ["code", "mfa"]);

        let client = stack.client(kind);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let key = stack.inbox.only(EMAIL).await.key();
        let reset = json!({"key": key, "password": NEW_PASSWORD});
        let waiting = client.post("auth/password/reset", reset).await;
        waits_for(&waiting, &["recovery_codes", "totp"]);
        assert_eq!(authenticate(&client, &app.code(2)).await.is(200).methods(), ["password_reset", "mfa"]);

        waits_for(&log_in(&stack.client(kind), EMAIL, NEW_PASSWORD).await, &["recovery_codes", "totp"]);
    }
}

#[tokio::test]
async fn a_new_password_ends_a_login_that_waits_for_the_factor() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        let owner = stack.client(kind);
        add_app(&owner, EMAIL).await;
        let codes = unused(&owner.get(CODES).await);
        let thief = stack.client(kind);
        log_in(&thief, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        owner.post("account/password/change", change).await.is(200);
        let answer = authenticate(&thief, &codes[0]).await;
        assert_eq!(answer.is(401).body["meta"]["is_authenticated"], Value::Null);
        authenticate(&thief, &codes[0]).await.is(401);
        // Nothing was used up.
        log_in(&thief, EMAIL, NEW_PASSWORD).await.awaits("mfa_authenticate");
        authenticate(&thief, &codes[0]).await.is_logged_in_as(EMAIL);
    }
}

#[tokio::test]
async fn addresses_and_factors_keep_each_other_out() {
    for kind in Kind::ALL {
        for (settings, answer) in [
            (&[][..], 400),
            (&[("MFA_ALLOW_UNVERIFIED_EMAIL", "true")], 200),
            (&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")], 200),
        ] {
            let stack = stack(settings).await;
            let client = stack.client(kind);
            add_app(&client, EMAIL).await;
            stack.inbox.take().await;
            let added = client.post("account/email", json!({"email": "second@example.com"})).await;
            if answer == 400 {
                added.refuses(&["email: add_email_blocked"]);
                stack.inbox.is_empty().await;
            } else {
                added.is(200);
                assert!(stack.inbox.only_to("second@example.com").await.text.len() > 100);
            }
        }
        let stack = stack(&[("ACCOUNT_EMAIL_VERIFICATION", "optional")]).await;
        let client = stack.client(kind);
        sign_up(&client, "ben@example.com").await.is(200);
        let refused = client.get(TOTP).await;
        assert_eq!(refused.is(409).errors(), ["unverified_email"]);
        client.post(TOTP, json!({"code": "1"})).await.refuses(&["code: unverified_email"]);
    }
}

#[tokio::test]
async fn guessing_is_limited_and_locks_nobody_else_out() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        let client = stack.client(kind);
        let app = add_app(&client, EMAIL).await;
        let thief = stack.client(kind);
        log_in(&thief, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        for _ in 0..5 {
            authenticate(&thief, "wrong").await.refuses(&["code: incorrect_code"]);
        }
        authenticate(&thief, &app.code(0)).await.refuses(&["code: too_many_login_attempts"]);
        reauthenticate(&client, &app.code(0)).await.refuses(&["code: too_many_login_attempts"]);
        // The password is another matter, and so are other people.
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    }
}

async fn trust(client: &Client, wish: bool) -> Answer {
    client.post("auth/2fa/trust", json!({"trust": wish})).await
}

#[tokio::test]
async fn a_trusted_browser_is_spared_the_factor_until_something_changes() {
    let stack = stack(&[("MFA_TRUST_ENABLED", "true")]).await;
    let client = stack.browser();
    let app = add_app(&client, EMAIL).await;
    log_out(&client).await;
    trust(&client, true).await.is(401);
    for (step, wish) in [(0, false), (1, true)] {
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        authenticate(&client, &app.code(step)).await.awaits("mfa_trust");
        client.get("auth/session").await.awaits("mfa_trust");
        assert_eq!(client.cookie("mfa_trusted"), None);
        trust(&client, wish).await.is_logged_in_as(EMAIL);
        assert_eq!(client.cookie("mfa_trusted").is_some(), wish);
        log_out(&client).await;
    }
    let answer = log_in(&client, EMAIL, PASSWORD).await;
    assert_eq!(answer.is_logged_in_as(EMAIL).methods(), ["password"]);
    log_in(&stack.browser(), EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    // Another account does not trust it.
    stack.add_user("ben@example.com").await;
    add_app(&stack.browser(), "ben@example.com").await;
    log_out(&client).await;
    log_in(&client, "ben@example.com", PASSWORD).await.awaits("mfa_authenticate");
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);

    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
    client.post(CODES, json!({})).await.is(200);
    log_out(&client).await;
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
}

#[tokio::test]
async fn apps_are_not_asked_to_be_trusted() {
    let stack = stack(&[("MFA_TRUST_ENABLED", "true")]).await;
    let client = stack.app();
    let app = add_app(&client, EMAIL).await;
    log_out(&client).await;
    log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
    authenticate(&client, &app.code(0)).await.is_logged_in_as(EMAIL);
    trust(&client, true).await.is(404);
}

/// In allauth the headless API lacks the endpoint then, and such a login can never be completed.
#[tokio::test]
async fn a_browser_that_is_only_spared_a_code_can_be_trusted_too() {
    let stack =
        stack(&[("ACCOUNT_LOGIN_BY_CODE_REQUIRED", "true"), ("ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", "true")])
            .await;
    let client = stack.browser();
    log_in(&client, EMAIL, PASSWORD).await.awaits("login_by_code");
    let code = stack.inbox.only(EMAIL).await.code();
    client.post("auth/code/confirm", json!({"code": code})).await.awaits("mfa_trust");
    trust(&client, true).await.is_logged_in_as(EMAIL);
    log_out(&client).await;
    log_in(&client, EMAIL, PASSWORD).await.is_logged_in_as(EMAIL);
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn second_factors_are_gone_with_their_part() {
    let stack = stack(&[("INSTALLED_APPS", "allauth.usersessions")]).await;
    for kind in Kind::ALL {
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        for path in ["account/authenticators", TOTP, CODES] {
            assert_eq!(client.get(path).await.status, 404, "{path}");
        }
        for path in ["auth/2fa/authenticate", "auth/2fa/reauthenticate", "auth/2fa/trust"] {
            assert_eq!(client.post(path, json!({})).await.status, 404, "{path}");
        }
    }
}
