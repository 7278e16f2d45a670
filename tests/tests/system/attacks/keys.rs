//! Keys of links, codes and trust folded into each other: what was made for one purpose, account or session is wrong for
//! any other.

use serde_json::json;
use vestibule_tests::PATIENT;

use super::{ANN, MALLORY, ann_gets_in, enter, latest, stays_outside};
use crate::social::{BY_CODE, dummy};
use crate::{Kind, NEW_PASSWORD, PASSWORD, UNLIMITED, add_app, log_in, sign_up};

const SECOND: &str = "second@example.org";

#[tokio::test]
async fn a_link_is_good_for_its_own_purpose_only() {
    for spelling in ["true", "false"] {
        let stack = super::stack(&[UNLIMITED, ("ACCOUNT_EMAIL_CONFIRMATION_HMAC", spelling)]).await;
        let ann = stack.app();
        enter(&ann, ANN).await;
        ann.post("account/email", json!({"email": SECOND})).await.is(200);
        let verifies = latest(&stack.inbox, SECOND).await.key();
        let other = stack.app();
        other.post("auth/password/request", json!({"email": ANN})).await.is(200);
        let resets = latest(&stack.inbox, ANN).await.key();
        stack.app().post("auth/password/request", json!({"email": MALLORY})).await.is(200);
        let of_mallory = latest(&stack.inbox, MALLORY).await.key();

        let mallory = stack.app();
        let folded: Vec<String> = {
            let (account, _) = resets.split_once('-').unwrap();
            let (_, rest) = of_mallory.split_once('-').unwrap();
            let [_, time, _] = of_mallory.split('-').collect::<Vec<_>>()[..] else { panic!("{of_mallory}") };
            let (_, signature) = of_mallory.rsplit_once('-').unwrap();
            vec![
                verifies.clone(),
                verifies.replace(':', "-"),
                format!("{account}-{rest}"),
                format!("{account}-{time}-{}", "0".repeat(signature.len())),
                format!("{account}-{time}-"),
                format!("{resets}-{signature}"),
                resets[..resets.len() - 1].to_owned(),
            ]
        };
        for key in &folded {
            let looks = mallory.get_with("auth/password/reset", "x-password-reset-key", key).await;
            stays_outside(&looks, key);
            assert!(!looks.text.contains(ANN), "{}", looks.text);
            let answer =
                mallory.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await;
            answer.refuses(&["key: invalid_password_reset"]);
        }
        for key in [resets.clone(), resets.replace('-', ":"), of_mallory.clone()] {
            let answer = mallory.post("auth/email/verify", json!({"key": key})).await;
            stays_outside(&answer, &key);
            assert_eq!(answer.status, 400, "{}", answer.text);
        }
        ann_gets_in(&stack).await;
    }
}

/// A code is of the session that asked, and of the purpose that it was asked for.
#[tokio::test]
async fn a_code_is_of_one_session_and_one_purpose() {
    let settings = [
        UNLIMITED,
        BY_CODE,
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
    ];
    for kind in Kind::ALL {
        let stack = super::stack(&settings).await;
        let ann = stack.client(kind);
        ann.post("auth/code/request", json!({"email": ANN})).await.awaits("login_by_code");
        let logs_in = latest(&stack.inbox, ANN).await.code();
        let other = stack.client(kind);
        other.post("auth/password/request", json!({"email": ANN})).await.awaits("password_reset_by_code");
        let resets = latest(&stack.inbox, ANN).await.code();
        // Each in the place of the other.
        let reset = |key: &str| json!({"key": key, "password": NEW_PASSWORD});
        other.post("auth/password/reset", reset(&logs_in)).await.refuses(&["key: incorrect_code"]);
        ann.post("auth/code/confirm", json!({"code": resets})).await.refuses(&["code: incorrect_code"]);
        // Mallory, who has asked for one as well, has seen them.
        let mallory = stack.client(kind);
        mallory.post("auth/code/request", json!({"email": MALLORY})).await.awaits("login_by_code");
        stack.inbox.only(MALLORY).await;
        for code in [&logs_in, &resets] {
            let answer = mallory.post("auth/code/confirm", json!({"code": code})).await;
            answer.refuses(&["code: incorrect_code"]);
        }
        let stranger = stack.client(kind);
        stays_outside(&stranger.post("auth/code/confirm", json!({"code": logs_in})).await, "no session");
        stays_outside(&stranger.post("auth/password/reset", reset(&resets)).await, "no session");
        stays_outside(&stranger.post("auth/email/verify", json!({"key": logs_in})).await, "no session");
        ann.post("auth/code/confirm", json!({"code": logs_in})).await.is_logged_in_as(ANN);
    }
}

/// A link verifies an address for the account that asked, and not once that has given the address up.
#[tokio::test]
async fn a_link_of_one_account_verifies_nothing_for_another() {
    let stack = super::stack(&[UNLIMITED]).await;
    let (ann, mallory) = (stack.app(), stack.app());
    enter(&ann, ANN).await;
    enter(&mallory, MALLORY).await;
    mallory.post("account/email", json!({"email": SECOND})).await.is(200);
    let of_mallory = latest(&stack.inbox, SECOND).await.key();
    mallory.delete_with("account/email", json!({"email": SECOND})).await.is(200);
    ann.post("account/email", json!({"email": SECOND})).await.is(200);
    let own = latest(&stack.inbox, SECOND).await.key();
    // Opened by Ann, in Ann's session: it is Mallory's all the same, and Mallory has given it up.
    ann.post("auth/email/verify", json!({"key": of_mallory})).await.refuses(&["key: invalid_or_expired_key"]);
    let verified = |answer: &crate::Answer| {
        let all = answer.is(200).body["data"].as_array().unwrap().clone();
        all.iter().any(|address| address["email"] == SECOND && address["verified"] == true)
    };
    assert!(!verified(&ann.get("account/email").await) && !verified(&mallory.get("account/email").await));
    ann.post("auth/email/verify", json!({"key": own})).await;
    assert!(verified(&ann.get("account/email").await));
    stays_outside(&stack.app().post("auth/email/verify", json!({"key": of_mallory})).await, "again");
}

/// Whoever prepares an account for somebody, and has them open its link, gets nothing of theirs; and its link is not
/// the way into another account that has the address since.
#[tokio::test]
async fn a_link_of_an_account_that_is_gone_opens_no_other() {
    let stack = super::stack(&[UNLIMITED]).await;
    sign_up(&stack.app(), SECOND).await.awaits("verify_email");
    let link = latest(&stack.inbox, SECOND).await.key();
    stack.app().post("auth/password/request", json!({"email": SECOND})).await.is(200);
    let reset = latest(&stack.inbox, SECOND).await.key();
    stack.delete_user(None, Some(SECOND)).await.unwrap();
    stack.add_user(SECOND).await;
    stack.inbox.take().await;
    stays_outside(&stack.app().post("auth/email/verify", json!({"key": link})).await, "the link");
    let body = json!({"key": reset, "password": NEW_PASSWORD});
    stack.app().post("auth/password/reset", body).await.refuses(&["key: invalid_password_reset"]);
    log_in(&stack.app(), SECOND, PASSWORD).await.is_logged_in_as(SECOND);
}

/// Trust is of one browser at one account: what the attacker's own account trusts opens no other.
#[tokio::test]
async fn trust_of_another_account_or_from_thin_air_spares_nothing() {
    let settings = [&PATIENT[..], &[UNLIMITED, ("MFA_TRUST_ENABLED", "true")]].concat();
    let stack = super::stack(&settings).await;
    add_app(&stack.browser(), ANN).await;
    let mallory = stack.browser();
    let own = add_app(&stack.browser(), MALLORY).await;
    log_in(&mallory, MALLORY, PASSWORD).await.awaits("mfa_authenticate");
    mallory.post("auth/2fa/authenticate", json!({"code": own.code(1)})).await.awaits("mfa_trust");
    mallory.post("auth/2fa/trust", json!({"trust": true})).await.is_logged_in_as(MALLORY);
    let trust = mallory.cookie("mfa_trusted").unwrap();
    mallory.delete("auth/session").await.is(401);
    log_in(&mallory, ANN, PASSWORD).await.awaits("mfa_authenticate");
    let token = mallory.cookie("csrftoken").unwrap();
    for forged in [
        trust.clone(),
        format!("{trust}{trust}"),
        trust.to_lowercase(),
        token.clone(),
        mallory.token().unwrap(),
    ] {
        let thief = stack.browser();
        thief.get("config").await.is(200);
        let token = thief.cookie("csrftoken").unwrap();
        let cookies = format!("csrftoken={token}; mfa_trusted={forged}");
        let body = json!({"email": ANN, "password": PASSWORD}).to_string();
        let answer = thief.send(http::Method::POST, "auth/login", &[("cookie", &cookies)], body).await;
        answer.awaits("mfa_authenticate");
    }
    // It is what spares Mallory the code, in any browser.
    let again = stack.browser();
    again.get("config").await.is(200);
    let cookies = format!("csrftoken={}; mfa_trusted={trust}", again.cookie("csrftoken").unwrap());
    let body = json!({"email": MALLORY, "password": PASSWORD}).to_string();
    again
        .send(http::Method::POST, "auth/login", &[("cookie", &cookies)], body)
        .await
        .is_logged_in_as(MALLORY);
}

/// A recovery code is of one account; so is the number under which something is kept.
#[tokio::test]
async fn recovery_codes_and_services_of_one_account_are_nothing_to_another() {
    let stack = super::stack(&[&PATIENT[..], &[UNLIMITED]].concat()).await;
    let (ann, mallory) = (stack.app(), stack.app());
    add_app(&ann, ANN).await;
    add_app(&mallory, MALLORY).await;
    let codes = mallory.get("account/authenticators/recovery-codes").await;
    let thief = stack.app();
    log_in(&thief, ANN, PASSWORD).await.awaits("mfa_authenticate");
    for code in codes.is(200).body["data"]["unused_codes"].as_array().unwrap().iter().take(3) {
        let answer = thief.post("auth/2fa/authenticate", json!({"code": code})).await;
        answer.refuses(&["code: incorrect_code"]);
    }
    dummy(&ann, "connect", json!({"id": 7})).await.is(200);
    let account = json!({"provider": "dummy", "account": "7"});
    mallory.delete_with("account/providers", account).await.refuses(&["account_not_found"]);
    dummy(&mallory, "connect", json!({"id": 7})).await.refuses(&["connected_other"]);
    assert_eq!(stack.dynamodb.keys("SOCIAL#").await, ["SOCIAL#dummy#7 -"]);
    let own = ann.get("account/authenticators/recovery-codes").await.body["data"]["unused_codes"][0].clone();
    thief.post("auth/2fa/authenticate", json!({"code": own})).await.is_logged_in_as(ANN);
}

/// Where an account has one address, the old one stays until the new one is verified, by a link of that account
/// (allauth 65.12.1).
#[tokio::test]
async fn an_address_is_changed_by_its_own_proof_only() {
    let stack = super::stack(&[UNLIMITED, ("ACCOUNT_CHANGE_EMAIL", "true")]).await;
    let (ann, mallory) = (stack.app(), stack.app());
    enter(&ann, ANN).await;
    enter(&mallory, MALLORY).await;
    // Mallory wants Ann's address, and verifies another one.
    mallory.post("account/email", json!({"email": SECOND})).await.is(200);
    let link = latest(&stack.inbox, SECOND).await.key();
    mallory.post("account/email", json!({"email": ANN})).await;
    stack.inbox.take().await;
    mallory.post("auth/email/verify", json!({"key": link})).await;
    let answer = mallory.get("account/email").await;
    for address in answer.is(200).body["data"].as_array().unwrap() {
        assert!(address["email"] != ANN || address["verified"] == false, "{}", answer.text);
        assert!(address["email"] != ANN || address["primary"] == false, "{}", answer.text);
    }
    mallory
        .send(http::Method::PATCH, "account/email", &[], json!({"email": ANN, "primary": true}).to_string())
        .await;
    let answer = log_in(&stack.app(), MALLORY, PASSWORD).await;
    let still = answer.status == 200 || log_in(&stack.app(), SECOND, PASSWORD).await.status == 200;
    assert!(still, "{}", answer.text);
    ann_gets_in(&stack).await;
    ann.get("auth/session").await.is_logged_in_as(ANN);
}
