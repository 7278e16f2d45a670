//! Whose an account is: what an unverified email address or phone number is good for, and what the first proof takes away.

use serde_json::{Value, json};
use vestibule_cli::arguments::UserAdd;

use crate::social::dummy;
use crate::{
    Answer, Client, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";
const OTHER: &str = "mallory@example.net";
const TYPO: &str = "an@example.com";
const PHONE: &str = "+31612345678";
const BY_LOGIN_CODE: (&str, &str) = ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true");
const BY_RESET_CODE: (&str, &str) = ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true");
const OPTIONAL: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "optional");
const NONE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "none");
const MANDATORY: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "mandatory");
const EARLY_FACTORS: [(&str, &str); 2] =
    [("MFA_ALLOW_UNVERIFIED_EMAIL", "true"), ("MFA_REAUTHENTICATION_REQUIRED", "false")];

/// How an owner proves for the first time that they read an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Proof {
    ResetLink,
    ResetCode,
    LoginCode,
}

impl Proof {
    pub(crate) const ALL: [Self; 3] = [Self::ResetLink, Self::ResetCode, Self::LoginCode];

    pub(crate) const fn settings(self) -> [(&'static str, &'static str); 2] {
        let by_code = if matches!(self, Self::ResetCode) { "true" } else { "false" };
        [BY_LOGIN_CODE, (BY_RESET_CODE.0, by_code)]
    }

    /// Proves the address, and logs in as far as that leads.
    async fn give(self, stack: &Stack, client: &Client) -> Answer {
        if self == Self::LoginCode {
            client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
            let code = stack.inbox.only(EMAIL).await.code();
            return client.post("auth/code/confirm", json!({"code": code})).await;
        }
        client.post("auth/password/request", json!({"email": EMAIL})).await;
        let mail = stack.inbox.only(EMAIL).await;
        let key = if self == Self::ResetLink { mail.key() } else { mail.code() };
        client.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
        log_in(client, EMAIL, NEW_PASSWORD).await
    }
}

async fn stack(settings: &[&[(&str, &str)]]) -> Stack {
    Stack::start(&[&settings.concat()[..], &[UNLIMITED]].concat()).await
}

fn account_of(answer: &Answer) -> &Value {
    &answer.body["data"]["user"]["id"]
}

/// What the mail says that was taken away; nothing where there is none.
async fn told(stack: &Stack) -> String {
    let mails = stack.inbox.take().await;
    let mut said = mails.into_iter().filter(|mail| mail.subject.contains("yours alone"));
    said.next().map(|mail| mail.text).unwrap_or_default()
}

#[tokio::test]
async fn what_a_stranger_prepared_goes_with_the_first_proof() {
    for proof in Proof::ALL {
        for verification in [OPTIONAL, NONE] {
            let phone = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*");
            let by_phone = ("ACCOUNT_LOGIN_METHODS", "email,phone");
            let asks = ("ACCOUNT_PHONE_VERIFICATION_ENABLED", "false");
            let stack = stack(&[&proof.settings(), &[verification, phone, by_phone, asks]]).await;
            let thief = stack.app();
            let new = json!({"email": EMAIL, "phone": PHONE, "password": PASSWORD});
            thief.post("auth/signup", new).await.is(200);
            dummy(&thief, "connect", json!({"id": 666})).await.is(200);
            thief.post("account/email", json!({"email": OTHER})).await.is(200);
            let links = stack.inbox.take().await;
            let link = links.iter().rev().find(|mail| mail.is_secret()).unwrap().key();

            let owner = stack.app();
            let answer = proof.give(&stack, &owner).await;
            answer.is_logged_in_as(EMAIL);
            let said = told(&stack).await;
            for what in ["the login through", OTHER, PHONE] {
                assert!(said.contains(what), "{proof:?}: {said}");
            }
            assert_eq!(said.contains("the password"), proof == Proof::LoginCode, "{said}");
            thief.get("auth/session").await.is_anonymous();
            log_in(&stack.app(), EMAIL, PASSWORD).await.is(400);
            let back = dummy(&stack.app(), "login", json!({"id": 666, "email": "new@example.com"})).await;
            assert_ne!(account_of(&back), account_of(&answer));
            stack.app().post("auth/email/verify", json!({"key": link})).await.is(400);
            stack.app().post("auth/login", json!({"phone": PHONE, "password": PASSWORD})).await.is(400);
            assert_eq!(owner.get("account/email").await.body["data"].as_array().unwrap().len(), 1);
            owner.get("auth/session").await.is_logged_in_as(EMAIL);
            // What the owner adds from now on stays, however often they prove the address.
            dummy(&owner, "connect", json!({"id": 7})).await.is(200);
            stack.inbox.take().await;
            proof.give(&stack, &stack.app()).await.is_logged_in_as(EMAIL);
            dummy(&stack.app(), "login", json!({"id": 7})).await.is_logged_in_as(EMAIL);
        }
    }
}

#[tokio::test]
async fn authenticators_stay_where_they_can_be_honest() {
    for proof in Proof::ALL {
        let stack = stack(&[&proof.settings(), &[OPTIONAL], &EARLY_FACTORS, &PATIENT]).await;
        let owner = stack.app();
        sign_up(&owner, EMAIL).await.is(200);
        let app = add_app(&stack.app(), EMAIL).await;
        stack.inbox.take().await;
        let client = stack.app();
        proof.give(&stack, &client).await.awaits("mfa_authenticate");
        client.post("auth/2fa/authenticate", json!({"code": app.code(1)})).await.is_logged_in_as(EMAIL);
        owner.get("auth/session").await.is_anonymous();
    }
}

#[tokio::test]
async fn verifying_a_sign_up_by_its_own_link_or_code_keeps_it() {
    for by_code in ["false", "true"] {
        let stack = stack(&[&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code)]]).await;
        let client = stack.app();
        dummy(&client, "login", json!({"id": 7, "email": EMAIL})).await.awaits("verify_email");
        let mail = stack.inbox.only(EMAIL).await;
        let key = if by_code == "true" { mail.code() } else { mail.key() };
        client.post("auth/email/verify", json!({"key": key})).await;
        dummy(&stack.app(), "login", json!({"id": 7})).await.is_logged_in_as(EMAIL);
        stack.inbox.is_empty().await;
    }
}

/// The session that proves the address is its owner's, and goes on from the look at a code to the new password.
#[tokio::test]
async fn the_session_of_the_proof_goes_on() {
    for kind in Kind::ALL {
        let stack = stack(&[&[BY_RESET_CODE, NONE]]).await;
        let (client, other) = (stack.client(kind), stack.client(kind));
        sign_up(&client, EMAIL).await.is(200);
        log_in(&other, EMAIL, PASSWORD).await.is(200);
        client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
        let code = stack.inbox.only(EMAIL).await.code();
        client.get_with("auth/password/reset", "x-password-reset-key", &code).await.is(200);
        client.get("auth/session").await.is_logged_in_as(EMAIL);
        assert!(told(&stack).await.contains("the password"));
        other.get("auth/session").await.is_anonymous();
        log_in(&stack.client(kind), EMAIL, PASSWORD).await.is(400);
        client.post("auth/password/reset", json!({"key": code, "password": NEW_PASSWORD})).await;
        log_in(&stack.client(kind), EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
    }
}

/// Somebody adds an address with a typing mistake, or one of a stranger on purpose.
#[tokio::test]
async fn an_address_that_was_added_blocks_and_captures_nobody() {
    for proof in Proof::ALL {
        for verification in [MANDATORY, OPTIONAL, NONE] {
            for proven in [true, false] {
                if verification == MANDATORY && !proven {
                    continue;
                }
                let stack = stack(&[&proof.settings(), &[verification]]).await;
                let holder = UserAdd { email: Some(OTHER.into()), unverified: !proven, ..stack.nobody() };
                stack.add(holder).await;
                let holder = stack.app();
                let id = account_of(&log_in(&holder, OTHER, PASSWORD).await).clone();
                holder.post("account/email", json!({"email": EMAIL})).await.is(200);
                stack.inbox.take().await;

                let stranger = stack.app();
                for path in ["auth/password/request", "auth/code/request"] {
                    stranger.post(path, json!({"email": EMAIL})).await;
                    assert!(!stack.inbox.only(EMAIL).await.is_secret(), "{verification:?} {proven} {path}");
                }
                stranger.hold(None);
                let new = json!({"email": EMAIL, "password": NEW_PASSWORD});
                let answer = stranger.post("auth/signup", new).await;
                if verification == MANDATORY {
                    let key = stack.inbox.only(EMAIL).await.key();
                    answer.awaits("verify_email");
                    stranger.post("auth/email/verify", json!({"key": key})).await.is(401);
                }
                let answer = log_in(&stack.app(), EMAIL, NEW_PASSWORD).await;
                assert_ne!(account_of(answer.is_logged_in_as(EMAIL)), &id);
                stack.inbox.take().await;
                let answer = proof.give(&stack, &stack.app()).await;
                assert_ne!(account_of(answer.is_logged_in_as(EMAIL)), &id);
                let answer = holder.get("auth/session").await;
                assert_eq!(account_of(&answer), &id, "{verification:?} {proven}");
            }
        }
    }
}

#[tokio::test]
async fn an_address_that_was_added_leads_no_service_to_the_account() {
    for verification in [MANDATORY, OPTIONAL] {
        let trusting = ("SOCIALACCOUNT_EMAIL_AUTHENTICATION", "true");
        let stack = stack(&[&[verification, trusting]]).await;
        stack.add_user(OTHER).await;
        let holder = stack.app();
        log_in(&holder, OTHER, PASSWORD).await.is(200);
        holder.post("account/email", json!({"email": EMAIL})).await.is(200);
        let stranger = stack.app();
        let vouched = json!({"id": 1, "email": EMAIL, "email_verified": true});
        dummy(&stranger, "login", vouched).await.is_logged_in_as(EMAIL);
        let other = json!({"id": 2, "email": EMAIL, "email_verified": true});
        dummy(&stranger, "connect", other).await.is(200);
        holder.get("auth/session").await.is_logged_in_as(OTHER);
    }
}

/// Where a site does not ask for verification, the address given at sign-up goes on counting for its own account.
#[tokio::test]
async fn the_address_of_the_sign_up_goes_on_counting_where_none_has_to_be_verified() {
    for verification in [OPTIONAL, NONE] {
        for by_code in ["false", "true"] {
            let by_code = (BY_RESET_CODE.0, by_code);
            let stack = stack(&[&[verification, by_code, BY_LOGIN_CODE]]).await;
            let client = stack.app();
            sign_up(&client, EMAIL).await.is(200);
            client.post("account/email", json!({"email": OTHER})).await.is(200);
            let link =
                stack.inbox.take().await.into_iter().rev().find(|mail| mail.text.contains("verify-email"));
            client.post("auth/email/verify", json!({"key": link.unwrap().key()})).await.is(200);
            let proof = if by_code.1 == "true" { Proof::ResetCode } else { Proof::ResetLink };
            proof.give(&stack, &stack.app()).await.is(200);
            assert_eq!(told(&stack).await, "", "the account was its owner's already");
            client.get("auth/session").await.is_anonymous();
        }
    }
}

/// A number stands for its account as an address does.
#[tokio::test]
async fn an_unverified_number_beside_a_verified_address_is_nobodys() {
    let fields = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*");
    let methods = ("ACCOUNT_LOGIN_METHODS", "email,phone");
    let stack = stack(&[&[fields, methods, BY_LOGIN_CODE]]).await;
    // Who signs up with a stranger's number, and is known by an address.
    let first = json!({"email": OTHER, "phone": PHONE, "password": PASSWORD});
    stack.app().post("auth/signup", first).await.awaits("verify_phone");
    stack.inbox.take().await;
    // The number is taken as long as the account has proved nothing.
    let new = json!({"email": EMAIL, "phone": PHONE, "password": PASSWORD});
    stack.app().post("auth/signup", new).await.awaits("verify_phone");
    assert!(stack.inbox.only(PHONE).await.text.contains("account"));
    // Who has the number gets in by it, and nothing is left of what signed up with it.
    let owner = stack.app();
    owner.post("auth/code/request", json!({"phone": PHONE})).await.awaits("login_by_code");
    let code = stack.inbox.only(PHONE).await.code();
    owner.post("auth/code/confirm", json!({"code": code})).await.is(200);
    assert_eq!(owner.get("account/email").await.body["data"], json!([]));
    log_in(&stack.app(), OTHER, PASSWORD).await.is(400);
    owner.get("auth/session").await.is(200);
}

/// Somebody has proved their address, and their number was never verified.
#[tokio::test]
async fn a_number_that_was_never_verified_blocks_and_captures_nobody() {
    let fields = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone,password1*");
    let methods = ("ACCOUNT_LOGIN_METHODS", "email,phone");
    let mails = ("SOCIALACCOUNT_AUTO_SIGNUP", "false");
    let stack = stack(&[&[fields, methods, BY_LOGIN_CODE, mails]]).await;
    let holder = stack.app();
    let vouched = json!({"id": 1, "email": OTHER, "email_verified": true});
    dummy(&holder, "login", vouched).await.awaits("provider_signup");
    let answers = json!({"email": OTHER, "phone": PHONE});
    holder.post("auth/provider/signup", answers).await.awaits("verify_phone");
    stack.inbox.take().await;
    // No code leads to that account, and the number can be signed up with.
    stack.app().post("auth/code/request", json!({"phone": PHONE})).await.awaits("login_by_code");
    assert!(!stack.inbox.only(PHONE).await.is_secret());
    let stranger = stack.app();
    let new = json!({"email": EMAIL, "phone": PHONE, "password": PASSWORD});
    stranger.post("auth/signup", new).await.awaits("verify_phone");
    let code = stack.inbox.only(PHONE).await.code();
    stranger.post("auth/phone/verify", json!({"code": code})).await.awaits("verify_email");
    // Of the two who have it one has proved it.
    let answer = stack.app().post("auth/login", json!({"phone": PHONE, "password": PASSWORD})).await;
    answer.awaits("verify_email");
    assert_eq!(stack.dynamodb.keys("PHONE#").await.len(), 3, "two who have it, and the claim");
}

/// A required number that a stranger gave is no wall before the owner.
#[tokio::test]
async fn the_owner_gets_in_without_the_number_that_was_required() {
    for proof in Proof::ALL {
        let fields = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*");
        let stack = stack(&[&proof.settings(), &[fields]]).await;
        let new = json!({"email": EMAIL, "phone": PHONE, "password": PASSWORD});
        stack.app().post("auth/signup", new).await.awaits("verify_phone");
        stack.inbox.take().await;
        let owner = stack.app();
        let answer = proof.give(&stack, &owner).await;
        if proof == Proof::ResetLink {
            answer.awaits("verify_email");
            let mails = stack.inbox.take().await;
            let key = mails.iter().find(|mail| mail.text.contains("verify-email")).unwrap().key();
            owner.post("auth/email/verify", json!({"key": key})).await.is(401);
            log_in(&owner, EMAIL, NEW_PASSWORD).await.is_logged_in_as(EMAIL);
        } else {
            answer.is_logged_in_as(EMAIL);
        }
        log_in(&stack.app(), EMAIL, PASSWORD).await.is(400);
    }
}

/// A code or link to an address that the account has proved something beside since.
#[tokio::test]
async fn what_was_sent_to_an_unproven_address_dies_when_the_account_proves_another() {
    for by_code in ["false", "true"] {
        let by_code = (BY_RESET_CODE.0, by_code);
        let fields = ("ACCOUNT_SIGNUP_FIELDS", "email*,phone*,password1*");
        let stack = stack(&[&[fields, by_code, BY_LOGIN_CODE]]).await;
        let (owner, resets, logs_in) = (stack.app(), stack.app(), stack.app());
        let new = json!({"email": TYPO, "phone": PHONE, "password": PASSWORD});
        owner.post("auth/signup", new).await.awaits("verify_phone");
        let number_code = stack.inbox.only(PHONE).await.code();
        resets.post("auth/password/request", json!({"email": TYPO})).await;
        let mail = stack.inbox.only(TYPO).await;
        let key = if by_code.1 == "true" { mail.code() } else { mail.key() };
        logs_in.post("auth/code/request", json!({"email": TYPO})).await.awaits("login_by_code");
        let login_code = stack.inbox.only(TYPO).await.code();
        owner.post("auth/phone/verify", json!({"code": number_code})).await.awaits("verify_email");
        resets.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(400);
        logs_in
            .post("auth/code/confirm", json!({"code": login_code}))
            .await
            .refuses(&["code: incorrect_code"]);
        // Nor is anything sent there from now on.
        stack.inbox.take().await;
        resets.post("auth/password/request", json!({"email": TYPO})).await;
        assert!(!stack.inbox.only(TYPO).await.is_secret());
    }
}

#[tokio::test]
async fn only_the_address_that_was_proved_is_forgiven() {
    let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "2/m/key"}"#)]).await;
    for email in [EMAIL, OTHER] {
        stack.add_user(email).await;
    }
    let mallory = stack.app();
    log_in(&mallory, OTHER, PASSWORD).await.is(200);
    mallory.post("account/email", json!({"email": EMAIL})).await.is(200);
    for email in [EMAIL, EMAIL, OTHER, OTHER] {
        log_in(&stack.app(), email, "wrong").await.refuses(&["password: email_password_mismatch"]);
    }
    stack.inbox.take().await;
    mallory.post("auth/password/request", json!({"email": OTHER})).await.is(200);
    let key = stack.inbox.only(OTHER).await.key();
    stack.app().post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await.is(401);
    log_in(&stack.app(), EMAIL, "wrong").await.refuses(&["too_many_login_attempts"]);
    log_in(&stack.app(), OTHER, NEW_PASSWORD).await.is_logged_in_as(OTHER);
}

/// All that an account may have before anything is verified goes in one transaction.
#[tokio::test]
async fn the_largest_account_is_stripped_at_once() {
    let stack = stack(&[&[OPTIONAL, BY_LOGIN_CODE], &EARLY_FACTORS]).await;
    let thief = stack.app();
    sign_up(&thief, EMAIL).await.is(200);
    for number in 1..10 {
        thief.post("account/email", json!({"email": format!("m{number}@example.net")})).await.is(200);
    }
    let one_more = thief.post("account/email", json!({"email": OTHER})).await;
    one_more.refuses(&["email: max_email_addresses"]);
    for id in 0..25 {
        dummy(&thief, "connect", json!({"id": id})).await.is(200);
    }
    stack.inbox.take().await;
    let owner = stack.app();
    Proof::LoginCode.give(&stack, &owner).await.is_logged_in_as(EMAIL);
    let said = told(&stack).await;
    assert!(said.contains("m9@example.net") && said.contains("the login through"), "{said}");
    assert_eq!(stack.dynamodb.keys("EMAIL#").await.len(), 2);
    assert_eq!(stack.dynamodb.keys("SOCIAL#").await, [""; 0]);
}
