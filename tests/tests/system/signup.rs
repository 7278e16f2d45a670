//! `auth/signup`, and the journey that begins with it.

use serde_json::json;

use crate::{Kind, PASSWORD, Stack};

const NEW_PASSWORD: &str = "a-whole-other-horse";

/// From sign-up to log-out, with links.
#[tokio::test]
async fn a_journey_with_links() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let (client, email) = (stack.client(kind), "ann@example.com");

        let answer = client.post("auth/signup", json!({"email": email, "password": PASSWORD})).await;
        answer.awaits("verify_email");
        let mail = stack.inbox.only(email).await;
        assert!(mail.link().starts_with("http://localhost:3000/account/verify-email/"), "{}", mail.text);
        let key = mail.key();

        let answer = client.get_with("auth/email/verify", "x-email-verification-key", &key).await;
        answer.is(200);
        assert_eq!(answer.body["data"]["email"], email);
        assert_eq!(answer.body["meta"]["is_authenticating"], true);
        client.get("auth/session").await.awaits("verify_email");

        // By link, verifying does not log in.
        client.post("auth/email/verify", json!({"key": key})).await.is_anonymous();
        client.post("auth/email/verify", json!({"key": key})).await.refuses(&["key: invalid_or_expired_key"]);

        stack.log_in(&client, email, PASSWORD).await.is_logged_in_as(email);
        let answer = client.get("auth/session").await;
        answer.is_logged_in_as(email);
        assert_eq!(answer.methods(), ["password"]);
        stack.inbox.is_empty().await;

        let other = stack.client(kind);
        let answer = other.post("auth/password/request", json!({"email": email})).await;
        answer.is(200);
        assert_eq!(answer.body, json!({"status": 200}));
        let key = stack.inbox.only(email).await.key();
        let answer = other.get_with("auth/password/reset", "x-password-reset-key", &key).await;
        answer.is(200);
        assert_eq!(answer.body["data"]["user"]["email"], email);
        let answer = other.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await;
        answer.is_anonymous();
        let again = other.post("auth/password/reset", json!({"key": key, "password": NEW_PASSWORD})).await;
        again.refuses(&["key: invalid_password_reset"]);

        // All sessions have ended.
        let answer = client.get("auth/session").await;
        assert!([401, 410].contains(&answer.status), "{}", answer.text);
        client.hold(None);
        stack.log_in(&client, email, PASSWORD).await.refuses(&["password: email_password_mismatch"]);
        stack.log_in(&client, email, NEW_PASSWORD).await.is_logged_in_as(email);
        client.delete("auth/session").await.is_anonymous();
        let gone = if kind == Kind::App { 410 } else { 401 };
        client.get("auth/session").await.is(gone);
        stack.inbox.is_empty().await;
    }
}
