//! Attacks, each a short journey that ends outside while the honest owner still gets in.
//!
//! What another module shows already is not repeated here:
//!
//! | attack | test |
//! |---|---|
//! | `state` of another session, of another service, invented, or used before | `social::a_state_is_bound_to_session_service_and_purpose`, `social::a_browser_goes_to_a_service_and_comes_back` |
//! | wrong nonce, audience, issuer or time in the id token of a login | `social::a_service_that_is_not_believed_is_named_in_the_log_only` |
//! | id token of another service, without signature, or with a `jti` that was seen | `social::an_id_token_is_good_for_its_client_and_its_service` |
//! | an account prepared for the owner of an email address that a service vouches for | `social::what_somebody_else_prepared_is_gone_when_the_owner_comes` |
//! | a service that is connected to two accounts | `social::what_belongs_to_another_is_not_connected` |
//! | login code, verification code and link, reset code and link, code of an app, recovery code, `state`, id token: 64 at once | `races` |
//! | a refresh token: 64 at once, and one that was used before | `tokens::refreshing_at_once_brings_all_the_same_pair_and_later_ends_the_family` |
//! | an assertion: 64 at once, or at another ceremony | `webauthn::one_assertion_proves_once`, `webauthn::a_passkey_says_whose_it_is_and_knows_its_user` |
//! | a key of another account, or one that counts backwards | `webauthn::nobody_registers_the_key_of_somebody_else`, `webauthn::a_key_that_counts_backwards_is_refused_and_reported` |
//! | a page of another origin that registers a key | `webauthn::only_pages_of_ours_use_keys` |
//! | a session token under another account's name | `sessions::a_token_of_one_account_is_none_of_another` |
//! | a trusted browser's cookie at another account | `mfa::a_trusted_browser_is_spared_the_factor_until_something_changes` |
//! | password, login code, reset and service without the second factor | `mfa::every_way_in_stops_at_the_factor`, `social::a_second_factor_is_asked_for_as_well` |
//! | a code of an app that was used before | `totp::a_used_code_stays_used_as_long_as_tolerance_would_take_it` |
//! | an email address that another account has verified since | `account::an_address_that_somebody_has_is_added_but_never_verified` |
//! | another origin, or none, at one endpoint | `bad_input::forged_requests_change_nothing` |
//! | a hostile `Host` | `bad_input::a_hostile_host_gets_into_no_link` |
//! | hostile bodies, headers and methods | `bad_input` |

mod csrf;
mod input;
mod keys;
mod made_up_proof;
mod oidc;
mod passkeys;
mod prehijack;
mod races;
mod redirects;
mod second_factor;
mod silence;
mod state;
mod tokens;

use serde_json::json;
use vestibule_tests::{Inbox, Mail};

use crate::{Answer, Client, PASSWORD, Stack, log_in};

/// The victim.
pub(crate) const ANN: &str = "ann@example.com";
/// The attacker, who has an account as everybody can.
pub(crate) const MALLORY: &str = "mallory@example.net";

/// A stack with the accounts of both.
pub(crate) async fn stack(settings: &[(&str, &str)]) -> Stack {
    let stack = Stack::start(settings).await;
    stack.add_user(ANN).await;
    stack.add_user(MALLORY).await;
    stack
}

/// Logs in by password, and proves it once more.
pub(crate) async fn enter(client: &Client, email: &str) {
    log_in(client, email, PASSWORD).await.is_logged_in_as(email);
    client.post("auth/reauthenticate", json!({"password": PASSWORD})).await.is(200);
}

/// Fails unless the owner still gets in by their password.
pub(crate) async fn ann_gets_in(stack: &Stack) {
    log_in(&stack.app(), ANN, PASSWORD).await.is_logged_in_as(ANN);
}

/// Fails unless nobody is logged in by this answer.
#[track_caller]
pub(crate) fn stays_outside(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    assert_ne!(answer.body["meta"]["is_authenticated"], true, "{what}: {}", answer.text);
    assert!(answer.body["data"].get("user").is_none(), "{what}: {}", answer.text);
}

/// The latest mail to this email address or phone number; the inbox is empty then.
pub(crate) async fn latest(inbox: &Inbox, to: &str) -> Mail {
    inbox.take().await.into_iter().rfind(|mail| mail.to == to).unwrap()
}
