//! The function `probe` against the whole stack: what it does, what it leaves, and that it locks nobody out.

use std::time::Duration;

use vestibule::outside::{HttpClient, HttpRules};
use vestibule::secret::Secret;
use vestibule_probe::{Credentials, Probe, ProbeStep};

use crate::tokens::{HS256, JWT};
use crate::{PASSWORD, Stack, has_ended, log_in};

const EMAIL: &str = "probe@example.com";

/// A probe of the stack, which is on this machine and speaks no TLS.
fn probe(stack: &Stack, password: &str) -> Probe {
    let rules = HttpRules { timeout: Duration::from_secs(20), private_ip_addresses: true, plain_http: true };
    let document = serde_json::json!({"email": EMAIL, "password": password}).to_string();
    let credentials = Credentials::read(&Secret::new(document)).unwrap();
    Probe::new(HttpClient::new(rules), &format!("http://{}", stack.api), credentials).unwrap()
}

/// How many sessions the account has besides the one that asks.
async fn others(stack: &Stack) -> usize {
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    let listed = client.get("auth/sessions").await;
    client.delete("auth/session").await.is(401);
    listed.is(200).body["data"].as_array().unwrap().len() - 1
}

/// Also where sessions can't be listed, tokens are made, and other things are switched on.
#[tokio::test]
async fn a_login_that_works_leaves_no_session_and_sends_no_mail() {
    let without_list = "allauth,allauth.account,allauth.headless,allauth.mfa";
    for settings in [
        &[][..],
        &[("INSTALLED_APPS", without_list)],
        &[JWT, HS256],
        &[("ACCOUNT_EMAIL_NOTIFICATIONS", "true")],
    ] {
        let stack = Stack::start(settings).await;
        stack.add_user(EMAIL).await;
        let probe = probe(&stack, PASSWORD);
        for _ in 0..2 {
            probe.run().await.unwrap();
        }
        if settings.first().is_none_or(|(name, _)| *name != "INSTALLED_APPS") {
            assert_eq!(others(&stack).await, 0, "{settings:?}");
        }
        stack.inbox.is_empty().await;
    }
}

#[tokio::test]
async fn sessions_of_logins_whose_response_was_lost_are_ended() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let lost = stack.app();
    log_in(&lost, EMAIL, PASSWORD).await.is(200);
    probe(&stack, PASSWORD).run().await.unwrap();
    has_ended(&lost).await;
    assert_eq!(others(&stack).await, 0);
}

#[tokio::test]
async fn a_wrong_password_is_named_and_locks_nobody_out() {
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    let error = probe(&stack, "another password").run().await.unwrap_err();
    assert_eq!(
        (error.step, error.to_string()),
        (ProbeStep::Login, "login: answered 400, not 200".to_owned())
    );
    probe(&stack, PASSWORD).run().await.unwrap();
}

/// A client that the settings switch off.
#[tokio::test]
async fn without_the_client_for_apps_the_step_is_named() {
    let stack = Stack::start(&[("HEADLESS_CLIENTS", "browser")]).await;
    stack.add_user(EMAIL).await;
    let error = probe(&stack, PASSWORD).run().await.unwrap_err();
    assert_eq!(error.to_string(), "login: answered 404, not 200");
}
