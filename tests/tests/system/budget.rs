//! How many calls to DynamoDB a request makes, and how many of them wait for one another.
//!
//! A transaction is one call and one write. What delivers the mail afterwards is not the request's.

use std::time::Duration;

use serde_json::json;
use vestibule_tests::Passkey;
use vestibule_tests::identity_provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, query_of};

use crate::events::RECORDED;
use crate::{
    Answer, Client, Kind, NEW_PASSWORD, PASSWORD, PATIENT, Stack, UNLIMITED, add_app, log_in, sign_up,
};

const EMAIL: &str = "ann@example.com";

/// At most this many round trips, calls, and writes.
type Budget = (usize, usize, usize);

async fn stack(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start(settings).await;
    stack.add_user(EMAIL).await;
    // Calls that are made at once overlap for certain.
    stack.dynamodb.set_latency(Duration::from_millis(20));
    stack.dynamodb.tally();
    stack
}

#[track_caller]
pub(crate) fn costs(stack: &Stack, what: &str, budget: Budget) {
    let tally = stack.dynamodb.tally();
    let cost = (tally.round_trips, tally.calls(), tally.writes());
    let holds = cost.0 <= budget.0 && cost.1 <= budget.1 && cost.2 <= budget.2;
    assert!(holds, "{what} costs {cost:?}, its budget is {budget:?}: {:?}", tally.operations);
}

#[tokio::test]
async fn config_costs_nothing() {
    for kind in Kind::ALL {
        let stack = stack(&[]).await;
        stack.client(kind).get("config").await.is(200);
        costs(&stack, "config", (0, 0, 0));
    }
}

#[tokio::test]
async fn a_session_costs_one_read() {
    for (kind, settings) in Kind::ALL.into_iter().flat_map(|kind| [(kind, &[][..]), (kind, &RECORDED)]) {
        let stack = stack(settings).await;
        let client = stack.client(kind);
        client.get("auth/session").await.is(401);
        costs(&stack, "session without a token", (0, 0, 0));
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        stack.dynamodb.tally();
        for _ in 0..2 {
            client.get("auth/session").await.is(200);
            costs(&stack, "session", (1, 1, 0));
        }
        client.delete("auth/session").await.is(401);
        costs(&stack, "log-out", (2, 2, 1));
    }
}

#[tokio::test]
async fn a_login_costs_three_round_trips() {
    for kind in Kind::ALL {
        for settings in [&[][..], &[("ACCOUNT_LOGIN_METHODS", "email,username"), USERNAME], &RECORDED] {
            let stack = stack(settings).await;
            // Later logins find counters of earlier ones.
            for _ in 0..3 {
                let client = stack.client(kind);
                log_in(&client, EMAIL, "wrong").await.is(400);
                costs(&stack, "a wrong password", (3, 5, 3));
                log_in(&client, EMAIL, PASSWORD).await.is(200);
                costs(&stack, "a right password", (3, 5, 2));
            }
            log_in(&stack.client(kind), "nobody@example.com", "wrong").await.is(400);
            costs(&stack, "an unknown address", (3, 5, 3));
        }
    }
}

const USERNAME: (&str, &str) = ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,password1*");

#[tokio::test]
async fn a_login_in_a_session_that_is_there_costs_no_more() {
    let stack = stack(&[]).await;
    let client = stack.app();
    sign_up(&client, "ben@example.com").await.awaits("verify_email");
    stack.dynamodb.tally();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    costs(&stack, "a login over another session", (3, 5, 2));
}

/// A stack whose deliveries are held once the test has its mail, so that a request's own calls are all there are.
async fn held(settings: &[(&str, &str)]) -> Stack {
    let stack = stack(settings).await;
    stack.dynamodb.hold_deliveries();
    stack
}

#[tokio::test]
async fn signing_up_costs_three_round_trips() {
    for kind in Kind::ALL {
        for by_code in ["false", "true"] {
            let by_code = [("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code)];
            let stack = held(&[&RECORDED[..], &by_code].concat()).await;
            for email in ["ben@example.com", "cleo@example.com", EMAIL] {
                let answer: Answer = sign_up(&stack.client(kind), email).await;
                answer.awaits("verify_email");
                costs(&stack, &format!("signing up, {email}"), (3, 4, 1));
            }
            assert!(!stack.dynamodb.keys("OUTBOX#").await.is_empty(), "mail waits to be sent");
        }
    }
}

#[tokio::test]
async fn a_second_factor_costs_two_round_trips() {
    for kind in Kind::ALL {
        let stack = stack(&[PATIENT[0], PATIENT[1], ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")]).await;
        let owner = stack.client(kind);
        let app = add_app(&owner, EMAIL).await;
        stack.inbox.take().await;
        stack.dynamodb.tally();
        owner.get("account/authenticators").await.is(200);
        costs(&stack, "the list of authenticators", (1, 1, 0));
        owner.get("account/authenticators/totp").await.is(200);
        costs(&stack, "the app", (1, 1, 0));
        owner.get("account/authenticators/recovery-codes").await.is(200);
        costs(&stack, "the first look at recovery codes", (2, 2, 1));
        owner.get("account/authenticators/recovery-codes").await.is(200);
        costs(&stack, "recovery codes", (1, 1, 0));

        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        costs(&stack, "a right password, with a second factor", (3, 5, 2));
        client.get("auth/session").await.awaits("mfa_authenticate");
        costs(&stack, "a session that waits for its factor", (1, 1, 0));
        let authenticate = "auth/2fa/authenticate";
        client.post(authenticate, json!({"code": "wrong"})).await.is(400);
        costs(&stack, "a wrong code", (2, 2, 1));
        client.post(authenticate, json!({"code": app.code(0)})).await.is(200);
        costs(&stack, "a right code", (2, 2, 1));
        client.post("auth/2fa/reauthenticate", json!({"code": app.code(1)})).await.is(200);
        costs(&stack, "a right code to reauthenticate", (2, 2, 1));

        // The token of whoever logs in with a code from a mail does not name the account.
        let client = stack.client(kind);
        client.post("auth/code/request", json!({"email": EMAIL})).await.awaits("login_by_code");
        let code = stack.inbox.only(EMAIL).await.code();
        client.post("auth/code/confirm", json!({"code": code})).await.awaits("mfa_authenticate");
        stack.dynamodb.tally();
        client.post(authenticate, json!({"code": app.code(2)})).await.is(200);
        costs(&stack, "a right code after a code from a mail", (3, 3, 1));
    }
}

#[tokio::test]
async fn a_passkey_costs_two_round_trips() {
    const KEYS: &str = "account/authenticators/webauthn";
    let types = ("MFA_SUPPORTED_TYPES", "totp,webauthn,recovery_codes");
    for kind in Kind::ALL {
        let stack = stack(&[types, ("MFA_PASSKEY_LOGIN_ENABLED", "true")]).await;
        let mut key = Passkey::new(&format!("http://{}", stack.api));
        let owner = stack.client(kind);
        log_in(&owner, EMAIL, PASSWORD).await.is(200);
        owner.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        stack.dynamodb.tally();
        let options =
            owner.get(&format!("{KEYS}?passwordless")).await.body["data"]["creation_options"].take();
        costs(&stack, "asking for a new key", (2, 2, 1));
        let body = json!({"credential": key.create(&options)});
        owner.post(KEYS, body).await.is(200);
        costs(&stack, "a new key", (2, 2, 1));

        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        stack.dynamodb.tally();
        for path in ["authenticate", "login", "reauthenticate"] {
            let path = format!("auth/webauthn/{path}");
            let options = client.get(&path).await.body["data"]["request_options"].take();
            costs(&stack, &format!("{path}: asking for a key"), (2, 2, 1));
            let body = json!({"credential": key.get(&options)});
            client.post(&path, body).await.is(200);
            costs(&stack, &format!("{path}: a right key"), (2, 2, 1));
        }
    }
}

#[tokio::test]
async fn verifying_costs_two_round_trips() {
    for kind in Kind::ALL {
        for by_code in ["false", "true"] {
            let stack = stack(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code)]).await;
            let (client, email): (Client, _) = (stack.client(kind), "ben@example.com");
            sign_up(&client, email).await.awaits("verify_email");
            let mail = stack.inbox.only(email).await;
            let key = if by_code == "true" { mail.code() } else { mail.key() };
            stack.dynamodb.tally();
            stack.dynamodb.hold_deliveries();
            client.post("auth/email/verify", json!({"key": "WRONG-1"})).await.is(400);
            costs(&stack, "a wrong key or code", (2, 3, 1));
            let answer = client.post("auth/email/verify", json!({"key": key})).await;
            answer.is(if by_code == "true" { 200 } else { 401 });
            costs(&stack, &format!("verifying, by code: {by_code}"), (2, 3, 1));
        }
    }
}

#[tokio::test]
async fn asking_for_a_new_password_costs_two_round_trips() {
    for kind in Kind::ALL {
        let stack = held(&[]).await;
        for _ in 0..2 {
            for email in [EMAIL, "nobody@example.com"] {
                stack.client(kind).post("auth/password/request", json!({"email": email})).await.is(200);
                costs(&stack, &format!("asking for a new password, {email}"), (2, 4, 1));
            }
        }
    }
}

#[tokio::test]
async fn a_new_password_costs_three_round_trips() {
    for kind in Kind::ALL {
        for notifications in ["false", "true"] {
            let stack = stack(&[("ACCOUNT_EMAIL_NOTIFICATIONS", notifications)]).await;
            let client = stack.client(kind);
            log_in(&client, EMAIL, "wrong").await.is(400);
            client.post("auth/password/request", json!({"email": EMAIL})).await.is(200);
            let key = stack.inbox.only(EMAIL).await.key();
            stack.dynamodb.tally();
            stack.dynamodb.hold_deliveries();
            let reset = json!({"key": key, "password": NEW_PASSWORD});
            client.post("auth/password/reset", reset).await.is(401);
            costs(&stack, &format!("a new password, notifications: {notifications}"), (3, 4, 1));
        }
    }
}

#[tokio::test]
async fn managing_an_account_costs_two_round_trips() {
    for kind in Kind::ALL {
        let stack = held(&[]).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        stack.dynamodb.tally();
        // Whether mail to them bounced is read once the account has said which they are.
        client.get("account/email").await.is(200);
        costs(&stack, "the list of addresses", (2, 2, 0));
        client.post("account/email", json!({"email": "ann2@example.com"})).await.is(200);
        costs(&stack, "adding an address", (3, 4, 1));
        client.delete_with("account/email", json!({"email": "ann2@example.com"})).await.is(200);
        costs(&stack, "removing an address", (3, 4, 1));
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        client.post("account/password/change", change).await;
        costs(&stack, "changing the password", (2, 3, 1));
    }
}

#[tokio::test]
async fn changing_the_address_costs_two_round_trips() {
    for kind in Kind::ALL {
        for by_code in ["false", "true"] {
            let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code);
            let correctable = ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", "1");
            let stack = stack(&[("ACCOUNT_CHANGE_EMAIL", "true"), by_code, correctable, UNLIMITED]).await;
            let by_code = by_code.1 == "true";
            let client = stack.client(kind);
            log_in(&client, EMAIL, PASSWORD).await.is(200);
            let mut key = String::new();
            for email in ["ann2@example.com", "ann3@example.com"] {
                stack.dynamodb.tally();
                client.post("account/email", json!({"email": email})).await.is(200);
                costs(&stack, &format!("changing to {email}, by code: {by_code}"), (3, 5, 2));
                let mail = stack.inbox.only_to(email).await;
                key = if by_code { mail.code() } else { mail.key() };
            }
            stack.dynamodb.tally();
            client.post("auth/email/verify", json!({"key": key})).await.is(200);
            costs(&stack, &format!("verifying the address changed to, by code: {by_code}"), (2, 3, 1));

            let client = stack.client(kind);
            sign_up(&client, "ben@example.com").await.awaits("verify_email");
            stack.dynamodb.tally();
            if by_code {
                client.post("account/email", json!({"email": "ben2@example.com"})).await.is(200);
                costs(&stack, "correcting the address at sign-up", (3, 5, 2));
            }
        }
    }
}

#[tokio::test]
async fn refreshing_costs_two_round_trips() {
    let stack = stack(&[crate::tokens::JWT, crate::tokens::HS256]).await;
    let (_, tokens) = crate::tokens::tokens(&stack).await;
    stack.dynamodb.tally();
    let body = json!({"refresh_token": tokens.refresh});
    for (what, budget) in [("refreshing", (2, 2, 1)), ("refreshing again", (1, 1, 0))] {
        stack.app().post("tokens/refresh", body.clone()).await.is(200);
        costs(&stack, what, budget);
    }
    stack.app().post("tokens/refresh", json!({"refresh_token": "x"})).await.is(400);
    costs(&stack, "refreshing with nonsense", (0, 0, 0));

    let settings = [crate::tokens::JWT, crate::tokens::HS256, ("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", "false")];
    let stack = self::stack(&settings).await;
    let (_, tokens) = crate::tokens::tokens(&stack).await;
    stack.dynamodb.tally();
    for _ in 0..2 {
        stack.app().post("tokens/refresh", json!({"refresh_token": tokens.refresh})).await.is(200);
        costs(&stack, "refreshing without rotation", (1, 1, 0));
    }
}

#[tokio::test]
async fn sessions_are_read_after_their_account() {
    for kind in Kind::ALL {
        let stack = stack(&[("ACCOUNT_DELETION_ENABLED", "true"), ("ACCOUNT_EXPORT_ENABLED", "true")]).await;
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
        stack.dynamodb.tally();
        stack.dynamodb.hold_deliveries();
        client.get("account/export").await.is(200);
        costs(&stack, "an export", (2, 2, 0));
        client.delete("account").await.is(200);
        costs(&stack, "a deletion", (3, 3, 1));
    }
}

#[tokio::test]
async fn signing_up_by_a_service_costs_the_same_with_ten_addresses() {
    let idp = IdentityProvider::start().await;
    let app = json!({"client_id": CLIENT_ID, "secret": CLIENT_SECRET});
    let github = json!({"github": {"GITHUB_URL": idp.url, "APP": app}}).to_string();
    for trusting in ["false", "true"] {
        let trusting = ("SOCIALACCOUNT_EMAIL_AUTHENTICATION", trusting);
        let stack = held(&[("SOCIALACCOUNT_PROVIDERS", &github), trusting, UNLIMITED]).await;
        for count in [1_usize, 10, 30] {
            let browser = stack.browser();
            let form = [("provider", "github"), ("process", "login"), ("callback_url", "/x")];
            let answer = crate::social::submit(&browser, "auth/provider/redirect", &form).await;
            let location = answer.header("location")[0].to_owned();
            let email = |number: usize| format!("ann{number}.{count}@example.com");
            let address = |number| json!({"email": email(number), "verified": true, "primary": number == 0});
            let emails: Vec<_> = (0..count).map(address).collect();
            let claims = json!({"id": count, "login": format!("ann{count}"), "emails": emails});
            let code = idp.consent(&location, claims);
            let state = query_of(&location).remove("state").unwrap();
            stack.dynamodb.tally();
            browser.get(&format!("/accounts/github/login/callback/?state={state}&code={code}")).await.is(302);
            let extra = count.min(10) - 1;
            costs(&stack, &format!("signing up by a service, {count} addresses"), (7, 7 + extra, 2));
            browser.get("auth/session").await.is_logged_in_as(&email(0));
        }
    }
}

#[tokio::test]
async fn an_operators_operation_costs_as_much_as_a_request() {
    let stack = held(&RECORDED).await;
    let found = stack.read("user.find", json!({"email": EMAIL})).await;
    costs(&stack, "user.find", (2, 2, 0));
    let id = found["users"][0]["id"].clone();
    for (operation, budget) in
        [("user.show", (2, 2, 0)), ("user.sessions", (2, 2, 0)), ("user.history", (1, 2, 0))]
    {
        stack.read(operation, json!({ "id": id })).await;
        costs(&stack, operation, budget);
    }
    for (operation, arguments, budget) in [
        ("user.password", json!({"id": id, "password": NEW_PASSWORD}), (2, 2, 1)),
        ("user.email", json!({"id": id, "action": "add", "email": "b@example.com"}), (2, 2, 1)),
        ("user.email", json!({"id": id, "action": "verify", "email": "b@example.com"}), (3, 3, 1)),
        ("user.email", json!({"id": id, "action": "verify", "email": "b@example.com"}), (1, 1, 0)),
        ("user.unlock", json!({ "id": id }), (3, 3, 1)),
        ("user.disable", json!({"id": id, "dry_run": true}), (1, 1, 0)),
        ("user.disable", json!({ "id": id }), (2, 2, 1)),
    ] {
        stack.operate(operation, arguments.clone()).await;
        costs(&stack, &format!("{operation} {arguments}"), budget);
    }
}
