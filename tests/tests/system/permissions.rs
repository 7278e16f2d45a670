//! Each function may do what its role in the template allows, and nothing else.

use serde_json::json;
use vestibule_cli::serve::TEMPLATE;

use crate::tokens::{Changing, HS256, JWT, secrets_manager};
use crate::{PASSWORD, Stack, log_in};

const EMAIL: &str = "ann@example.com";

/// The template without one line of the function's policies.
fn without(function: &str, line: &str) -> String {
    let start = TEMPLATE.find(&format!("\n  {function}:\n")).unwrap();
    let (before, after) = TEMPLATE.split_at(start);
    assert!(after.find(line).is_some_and(|at| !after[..at].contains("\n\n")), "{function} has no {line}");
    format!("{before}{}", after.replacen(line, "", 1))
}

#[tokio::test]
async fn what_a_role_lacks_is_refused_and_named() {
    for (function, line, missing) in [
        ("Login", "                - dynamodb:UpdateItem\n", "Login dynamodb:UpdateItem"),
        ("Login", "                - dynamodb:Query\n", "Login dynamodb:Query"),
        ("Login", "                - dynamodb:PutItem\n", "Login dynamodb:PutItem"),
        ("Login", "                - dynamodb:BatchGetItem\n", "Login dynamodb:BatchGetItem"),
    ] {
        let stack = Stack::of_template(&without(function, line), &[]).await.unwrap();
        stack.add_user(EMAIL).await;
        log_in(&stack.app(), EMAIL, PASSWORD).await.is(503);
        let refused = stack.refusals.take();
        let [refusal, ..] = refused.as_slice() else { panic!("{missing} is not missed") };
        let expected = format!(
            "template.yaml does not allow the function {missing} on arn:aws:dynamodb:local:000000000000:table/vestibule with the key "
        );
        assert!(refusal.starts_with(&expected), "{refusal}");
        // Nothing of an email address gets into a log.
        assert!(!refusal.contains("ann"), "{refusal}");
    }
}

/// Lets the session function see what is none of its business: its partition keys are part of its role.
#[tokio::test]
async fn a_key_that_a_role_lacks_is_refused_and_named() {
    let narrowed = TEMPLATE.replacen(r#"["USER#*", "SESSION#*", "RATE#*"]"#, r#"["SESSION#*", "RATE#*"]"#, 1);
    assert_ne!(narrowed, TEMPLATE);
    let stack = Stack::of_template(&narrowed, &[]).await.unwrap();
    stack.add_user(EMAIL).await;
    let client = stack.app();
    log_in(&client, EMAIL, PASSWORD).await.is(200);
    client.get("auth/session").await.is(503);
    let refused = stack.refusals.take();
    let expected = "template.yaml does not allow the function Session dynamodb:BatchGetItem on \
        arn:aws:dynamodb:local:000000000000:table/vestibule with the key USER#*";
    assert_eq!(refused.first().map(String::as_str), Some(expected), "{refused:?}");
}

#[tokio::test]
async fn mail_leaves_from_the_sender_of_the_template_only() {
    let other = TEMPLATE.replacen(
        r#"StringEquals: {"ses:FromAddress": !Ref SenderAddress}"#,
        r#"StringEquals: {"ses:FromAddress": other@localhost}"#,
        1,
    );
    assert_ne!(other, TEMPLATE);
    let stack = Stack::of_template(&other, &[]).await.unwrap();
    stack.add_user(EMAIL).await;
    stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    stack.inbox.is_empty().await;
    let refused = stack.refusals.take();
    assert!(refused.iter().any(|line| line.contains("the function Mail ses:SendEmail on ")), "{refused:?}");
}

/// What only some settings need is allowed under the parameters that say the same.
#[tokio::test]
async fn secrets_and_configuration_sets_are_allowed_where_settings_name_them() {
    let secret = |content: &str| Changing::new(content.to_owned().into());
    let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}");
    let key = secrets_manager(secret("a-key-that-is-long-enough-for-all-that-it-signs-x")).await;
    let key_arn = arn("key");
    let shared = [JWT, HS256, ("SECRET_KEY_ARN", &key_arn), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &key)];
    let more = [("SES_CONFIGURATION_SET", "vestibule"), ("EVENTS_BUS", "account-events")];
    let stack = Stack::start(&[&shared[..], &more].concat()).await;
    let authorizer = stack.function("authorizer", vestibule_authorizer::REQUIREMENTS).await;
    assert!(authorizer.jwt().is_some());
    stack.add_user(EMAIL).await;
    stack.app().post("auth/password/request", json!({"email": EMAIL})).await.is(200);
    stack.inbox.only(EMAIL).await;

    let secrets = secrets_manager(secret("{}")).await;
    let providers_arn = arn("providers");
    let providers = [
        ("SOCIALACCOUNT_PROVIDERS_SECRET_ARN", &*providers_arn),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
    ];
    Stack::start(&providers).await.app().get("auth/session").await.is(401);

    let captcha_arn = arn("captcha");
    let captcha = [
        ("CAPTCHA_PROVIDER", "turnstile"),
        ("CAPTCHA_SECRET_ARN", &*captcha_arn),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
    ];
    Stack::start(&captcha).await.app().post("auth/signup", json!({})).await.refuses(&["bot_check_failed"]);

    let events_arn = arn("events");
    let events = [
        ("EVENTS_URL", "https://events.example.com/"),
        ("EVENTS_SECRET_ARN", &*events_arn),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets),
    ];
    let error = Stack::try_start(&events).await.err().unwrap().to_string();
    assert_eq!(
        error,
        "EVENTS_SECRET_ARN: the secret must hold whsec_ followed by 24 to 64 bytes in base64, or several of these \
        separated by commas"
    );
    let signing = secrets_manager(secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n")).await;
    let events = [events[0], events[1], ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &signing)];
    Stack::start(&events).await.app().get("auth/session").await.is(401);
}
