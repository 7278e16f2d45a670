//! Accounts that an attacker prepares for the owner of an email address: the first proof makes the account its owner's
//! (promises 1, 2 and 4).

use super::{latest, stays_outside};
use crate::ownership::Proof;
use crate::social::dummy;
use crate::tokens::{HS256, JWT, Tokens, refresh, with_access};
use crate::{Answer, Client, NEW_PASSWORD, PASSWORD, Stack, UNLIMITED, credentials, log_in};
use serde_json::{Value, json};

const ANN: &str = super::ANN;
const THIEF: &str = "thief@example.net";
const BY_LOGIN_CODE: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");

impl Proof {
    /// Ann is logged in by it in the end.
    async fn log_in_ann(self, stack: &Stack) -> Client {
        let ann = stack.app();
        match self {
            Self::LoginCode => {
                ann.post("auth/code/request", json!({"email": ANN})).await.awaits("login_by_code");
                let code = latest(&stack.inbox, ANN).await.code();
                ann.post("auth/code/confirm", json!({"code": code})).await.is_logged_in_as(ANN);
            }
            Self::ResetCode | Self::ResetLink => {
                ann.post("auth/password/request", json!({"email": ANN})).await;
                let mail = latest(&stack.inbox, ANN).await;
                let key = if self == Self::ResetCode { mail.code() } else { mail.key() };
                ann.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
                let answer = log_in(&ann, ANN, NEW_PASSWORD).await;
                if answer.pending() == ["verify_email"] {
                    let key = latest(&stack.inbox, ANN).await.key();
                    ann.post("auth/email/verify", json!({"key": key})).await.is(401);
                    log_in(&ann, ANN, NEW_PASSWORD).await.is_logged_in_as(ANN);
                } else {
                    answer.is_logged_in_as(ANN);
                }
            }
        }
        ann
    }
}

/// Fails if the answer leads to Ann's account.
#[track_caller]
fn is_not_anns(answer: &Answer, me: &Value, what: &str) {
    let user = &answer.body["data"]["user"];
    assert!(answer.status < 500, "{what}: {}", answer.text);
    assert!(user.is_null() || user["id"] != me["id"], "{what}: {}", answer.text);
}

async fn whoami(client: &Client) -> Value {
    client.get("auth/session").await.is_logged_in_as(ANN).body["data"]["user"].clone()
}

/// Verification is mandatory, as it is by default: what was prepared waits for the owner's click.
#[tokio::test]
async fn what_waits_for_verification_is_gone_with_the_owner_s_own_proof() {
    for proof in Proof::ALL {
        for by_service in [true, false] {
            let stack = Stack::start(&[&[UNLIMITED][..], &proof.settings()].concat()).await;
            let thief = stack.app();
            if by_service {
                dummy(&thief, "login", json!({"id": 666, "email": ANN})).await.awaits("verify_email");
            } else {
                thief.post("auth/signup", credentials(ANN, PASSWORD)).await.awaits("verify_email");
            }
            let ann = proof.log_in_ann(&stack).await;
            let me = whoami(&ann).await;
            let what = format!("{proof:?}, by service: {by_service}");
            stays_outside(&thief.get("auth/session").await, &what);
            is_not_anns(&dummy(&stack.app(), "login", json!({"id": 666})).await, &me, &what);
            is_not_anns(&dummy(&stack.app(), "login", json!({"id": 666, "email": ANN})).await, &me, &what);
            is_not_anns(&log_in(&stack.app(), ANN, PASSWORD).await, &me, &what);
            assert_eq!(crate::social::providers(&ann).await, [""; 0], "{what}");
            assert_eq!(whoami(&ann).await, me);
        }
    }
}

/// Where who signs up is logged in at once, everything else can be prepared from inside.
#[tokio::test]
async fn what_was_prepared_from_inside_is_gone_with_the_owner_s_proof() {
    let inside = [
        JWT,
        HS256,
        ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ("ACCOUNT_LOGIN_METHODS", "email,phone,username"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,username,password1*"),
    ];
    for proof in Proof::ALL {
        let stack = Stack::start(&[&inside[..], &[UNLIMITED], &proof.settings()].concat()).await;
        let thief = stack.app();
        let body = json!({"email": ANN, "username": "thief", "password": PASSWORD});
        let tokens = Tokens::of(&thief.post("auth/signup", body).await.is_logged_in_as(ANN).body["meta"]);
        dummy(&thief, "connect", json!({"id": 666})).await.is(200);
        stack.inbox.take().await;
        thief.post("account/email", json!({"email": THIEF})).await.is(200);
        let link = latest(&stack.inbox, THIEF).await.key();
        let twin = stack.app();
        log_in(&twin, ANN, PASSWORD).await.is_logged_in_as(ANN);
        stack.inbox.take().await;

        let ann = proof.log_in_ann(&stack).await;
        let me = whoami(&ann).await;
        let what = format!("{proof:?}");
        for session in [&thief, &twin] {
            stays_outside(&session.get("auth/session").await, &what);
        }
        stays_outside(&with_access(&stack, &tokens.access).await, &what);
        stays_outside(&refresh(&stack, &tokens.refresh).await, &what);
        is_not_anns(&dummy(&stack.app(), "login", json!({"id": 666})).await, &me, &what);
        is_not_anns(&log_in(&stack.app(), ANN, PASSWORD).await, &me, &what);
        let by_name = json!({"username": "thief", "password": PASSWORD});
        is_not_anns(&stack.app().post("auth/login", by_name).await, &me, &what);
        // The link of then, and mail to the other address.
        stays_outside(&stack.app().post("auth/email/verify", json!({"key": link})).await, &what);
        stack.inbox.take().await;
        stack.app().post("auth/password/request", json!({"email": THIEF})).await;
        stack.app().post("auth/code/request", json!({"email": THIEF})).await;
        for mail in stack.inbox.take().await {
            assert!(!mail.is_secret(), "{what}: {mail:#?}");
        }
        let addresses = ann.get("account/email").await;
        assert_eq!(addresses.is(200).body["data"].as_array().unwrap().len(), 1, "{what}: {}", addresses.text);
        assert_eq!(whoami(&ann).await["id"], me["id"]);
    }
}

/// A code that the attacker awaits at the other address when the owner comes is of no use any more (promise 4).
#[tokio::test]
async fn what_is_pending_does_not_outlive_what_it_was_for() {
    let settings = [
        UNLIMITED,
        BY_LOGIN_CODE,
        ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
        ("ACCOUNT_LOGIN_METHODS", "email,phone"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*"),
    ];
    let stack = Stack::start(&settings).await;
    let thief = stack.app();
    thief.post("auth/signup", credentials(ANN, PASSWORD)).await.is_logged_in_as(ANN);
    // A login by password, which waits for nothing, and one by code, to Ann's address: the thief has the session only.
    let waiting = stack.app();
    waiting.post("auth/code/request", json!({"email": ANN})).await.awaits("login_by_code");
    let pending = latest(&stack.inbox, ANN).await.code();
    // A number that is being verified.
    thief.post("account/phone", json!({"phone": "+31612345678"})).await.is(202);
    let number = latest(&stack.inbox, "+31612345678").await.code();
    let ann = Proof::LoginCode.log_in_ann(&stack).await;
    let me = whoami(&ann).await;
    stays_outside(&thief.post("auth/phone/verify", json!({"code": number})).await, "the number");
    is_not_anns(&waiting.post("auth/code/confirm", json!({"code": pending})).await, &me, "a code of before");
    let phones = ann.get("account/phone").await;
    assert_eq!(phones.is(200).body["data"], json!([]), "{}", phones.text);
    stack.inbox.take().await;
    stack.app().post("auth/code/request", json!({"phone": "+31612345678"})).await;
    assert!(!stack.inbox.only("+31612345678").await.is_secret());
}

/// A typing mistake gives nothing to who has the mailbox, and takes nothing from them (promise 1).
#[tokio::test]
async fn an_address_with_a_typing_mistake_is_nobody_s() {
    const TYPO: &str = "amm@example.com";
    for by_code in ["true", "false"] {
        let settings = [
            UNLIMITED,
            BY_LOGIN_CODE,
            ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", by_code),
            ("ACCOUNT_EMAIL_NOTIFICATIONS", "true"),
        ];
        let stack = super::stack(&settings).await;
        let ann = stack.app();
        super::enter(&ann, ANN).await;
        let id = ann.get("auth/session").await.body["data"]["user"]["id"].clone();
        ann.post("account/email", json!({"email": TYPO})).await.is(200);
        stack.inbox.take().await;
        let me = json!({"id": id});
        let stranger = stack.app();
        stranger.post("auth/password/request", json!({"email": TYPO})).await;
        stranger.post("auth/code/request", json!({"email": TYPO})).await;
        for mail in stack.inbox.take().await {
            assert!(!mail.is_secret() && !mail.text.contains(ANN), "{mail:#?}");
        }
        // They get an account of their own, by password and by a service that vouches for them.
        let stranger = stack.app();
        stranger.post("auth/signup", credentials(TYPO, NEW_PASSWORD)).await.awaits("verify_email");
        let key = latest(&stack.inbox, TYPO).await.key();
        stack.app().post("auth/email/verify", json!({"key": key})).await;
        let answer = log_in(&stack.app(), TYPO, NEW_PASSWORD).await;
        is_not_anns(answer.is_logged_in_as(TYPO), &me, "a sign-up");
        // And nobody blocks an address by writing it down.
        ann.post("account/email", json!({"email": "amn@example.com"})).await.is(200);
        let vouched = json!({"id": 5, "email": "amn@example.com", "email_verified": true});
        is_not_anns(
            dummy(&stack.app(), "login", vouched).await.is_logged_in_as("amn@example.com"),
            &me,
            "a service",
        );
        let addresses = ann.get("account/email").await;
        let verified = addresses.body["data"].as_array().unwrap().iter().filter(|it| it["verified"] == true);
        assert_eq!(verified.count(), 1, "{}", addresses.text);
        super::ann_gets_in(&stack).await;
    }
}

/// Guesses at a password are forgiven by a proof of that address, and by nothing that its guesser can do (promises 1, 6).
#[tokio::test]
async fn guesses_are_forgiven_by_no_account_that_wrote_the_address_down() {
    let limits = (
        "ACCOUNT_RATE_LIMITS",
        r#"{"login": null, "login_failed": "5/5m/key", "reset_password": null, "request_login_code": null, "confirm_email": null, "manage_email": null}"#,
    );
    let stack = super::stack(&[limits, BY_LOGIN_CODE]).await;
    let mallory = stack.app();
    super::enter(&mallory, super::MALLORY).await;
    mallory.post("account/email", json!({"email": ANN})).await.is(200);
    for _ in 0..5 {
        log_in(&stack.app(), ANN, "wrong").await.refuses(&["password: email_password_mismatch"]);
    }
    log_in(&stack.app(), ANN, "wrong").await.refuses(&["too_many_login_attempts"]);
    stack.inbox.take().await;
    // A reset, a login by code, a login by password, and a change of password, of Mallory's own account.
    stack.app().post("auth/password/request", json!({"email": super::MALLORY})).await.is(200);
    let key = latest(&stack.inbox, super::MALLORY).await.key();
    stack.app().post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
    log_in(&stack.app(), super::MALLORY, NEW_PASSWORD).await.is(200);
    let by_code = stack.app();
    by_code.post("auth/code/request", json!({"email": super::MALLORY})).await.awaits("login_by_code");
    let code = latest(&stack.inbox, super::MALLORY).await.code();
    by_code.post("auth/code/confirm", json!({"code": code})).await.is(200);
    let change = json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD});
    by_code.post("account/password/change", change).await.is(200);
    by_code.delete_with("account/email", json!({"email": ANN})).await;
    by_code.post("account/email", json!({"email": ANN})).await;
    log_in(&stack.app(), ANN, "wrong").await.refuses(&["too_many_login_attempts"]);
}
