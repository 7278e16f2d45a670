//! What limits tell of who has an account.

use std::time::Duration;

use super::ANN;
use crate::{PASSWORD, log_in};

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
