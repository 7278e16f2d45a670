//! What answers, their time, and limits tell of who has an account.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::ANN;
use crate::{PASSWORD, Stack, UNLIMITED, log_in};

/// A password is hashed for who is not there as well, by whatever name they log in (allauth 65.3.0 and 65.5.0).
#[tokio::test]
async fn a_login_takes_as_long_for_nobody() {
    for methods in ["email", "email,username", "username"] {
        // So dear that nothing else counts.
        let settings = [
            UNLIMITED,
            ("ACCOUNT_LOGIN_METHODS", methods),
            ("ACCOUNT_SIGNUP_FIELDS", "email*,username*,password1*"),
            ("PASSWORD_ARGON2_MEMORY_KIB", "19456"),
            ("PASSWORD_ARGON2_ITERATIONS", "4"),
        ];
        let stack = Stack::start(&settings).await;
        let user = vestibule_cli::arguments::UserAdd {
            email: Some(ANN.to_owned()),
            username: Some("ann".to_owned()),
            ..stack.nobody()
        };
        stack.add(user).await;
        let least = async |body: serde_json::Value| {
            let mut least = Duration::MAX;
            for _ in 0..3 {
                let (client, began) = (stack.app(), Instant::now());
                client.post("auth/login", body.clone()).await.is(400);
                least = least.min(began.elapsed());
            }
            least
        };
        for (field, known, unknown) in [("email", ANN, "nobody@example.com"), ("username", "ann", "nobody")] {
            if methods.contains(field) {
                let known = least(json!({field: known, "password": "wrong"})).await;
                let unknown = least(json!({field: unknown, "password": "wrong"})).await;
                assert!(
                    unknown * 3 > known,
                    "{methods} {field}: {unknown:?} for nobody, {known:?} for somebody"
                );
            }
        }
    }
}

/// Several windows of one limit count each for themselves (allauth 65.21.1).
#[tokio::test]
async fn a_short_window_does_not_forget_for_a_long_one() {
    let limits = ("ACCOUNT_RATE_LIMITS", r#"{"login": null, "login_failed": "2/1s/key,3/h/key"}"#);
    let stack = super::stack(&[limits]).await;
    let mut wrong = 0;
    for _ in 0..3 {
        for _ in 0..3 {
            let answer = log_in(&stack.app(), ANN, "wrong").await;
            wrong += usize::from(answer.errors() == ["password: email_password_mismatch"]);
        }
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    assert_eq!(wrong, 3);
    log_in(&stack.app(), ANN, PASSWORD).await.refuses(&["too_many_login_attempts"]);
}

/// A right password of one's own does not take back the guesses that came from the same place (allauth 65.8.1).
#[tokio::test]
async fn a_login_of_one_s_own_forgives_no_guesses() {
    let limits = ("ACCOUNT_RATE_LIMITS", r#"{"login": null, "login_failed": "4/h/ip,2/h/key"}"#);
    let stack = super::stack(&[limits]).await;
    let mut wrong = 0;
    for victim in 0..6 {
        let email = format!("victim{victim}@example.com");
        let answer = log_in(&stack.app(), &email, "wrong").await;
        wrong += usize::from(answer.errors() == ["password: email_password_mismatch"]);
        log_in(&stack.app(), super::MALLORY, PASSWORD).await;
    }
    assert_eq!(wrong, 4);
}
