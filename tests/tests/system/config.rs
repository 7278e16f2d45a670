//! `config`, and how settings show in it.

use serde_json::json;

use crate::{Kind, Stack};

#[tokio::test]
async fn the_defaults() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[]).await;
        let answer = stack.client(kind).get("config").await;
        answer.is(200);
        assert_eq!(
            answer.body["data"]["account"],
            json!({
                "login_methods": ["email"],
                "authentication_method": "email",
                "is_open_for_signup": true,
                "email_verification_by_code_enabled": false,
                "login_by_code_enabled": false,
                "password_reset_by_code_enabled": false,
            })
        );
        assert_eq!(answer.body["data"]["usersessions"], json!({"track_activity": false}));
        for part in ["socialaccount", "mfa"] {
            assert!(answer.body["data"][part].is_object(), "{}", answer.text);
        }
        // It needs no table.
        assert_eq!(stack.dynamodb.tally().calls(), 0);
    }
}

#[tokio::test]
async fn settings_show() {
    let stack = Stack::start(&[
        ("ACCOUNT_LOGIN_METHODS", r#"["username", "phone"]"#),
        ("ACCOUNT_SIGNUP_FIELDS", "username*,phone*,email*,password1*"),
        ("ACCOUNT_SIGNUP_ENABLED", "false"),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", "true"),
        ("USERSESSIONS_TRACK_ACTIVITY", "true"),
    ])
    .await;
    let answer = stack.app().get("config").await;
    answer.is(200);
    let account = &answer.body["data"]["account"];
    assert_eq!(account["login_methods"], json!(["username", "phone"]));
    assert_eq!(account["authentication_method"], "username");
    assert_eq!(account["is_open_for_signup"], false);
    for flag in
        ["email_verification_by_code_enabled", "login_by_code_enabled", "password_reset_by_code_enabled"]
    {
        assert_eq!(account[flag], true, "{flag}");
    }
    assert_eq!(answer.body["data"]["usersessions"], json!({"track_activity": true}));
}

#[tokio::test]
async fn parts_that_are_left_out_are_gone() {
    for kind in Kind::ALL {
        let stack = Stack::start(&[("INSTALLED_APPS", "allauth.account,allauth.headless")]).await;
        let client = stack.client(kind);
        let answer = client.get("config").await;
        answer.is(200);
        let parts: Vec<&String> = answer.body["data"].as_object().unwrap().keys().collect();
        assert_eq!(parts, ["account"]);
        let answer = client.get("auth/sessions").await;
        answer.is(404);
        client.delete("auth/sessions").await.is(404);
        client.get("auth/session").await.is(401);
    }
}

#[tokio::test]
async fn a_client_can_be_switched_off() {
    let stack = Stack::start(&[("HEADLESS_CLIENTS", "app")]).await;
    stack.app().get("config").await.is(200);
    stack.browser().get("config").await.is(404);
    stack.browser().get("auth/session").await.is(404);
}
