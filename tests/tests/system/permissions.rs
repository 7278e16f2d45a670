//! Each function may do what its role in the template allows, and nothing else.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use vestibule_cli::iam::{Permission, permissions};
use vestibule_cli::serve::TEMPLATE;
use vestibule_tests::used_permissions;

use crate::template::template;
use crate::{PASSWORD, Stack, log_in};

const EMAIL: &str = "ann@example.com";

/// What no test uses, and why it is there.
const USED_ON_AWS_ONLY: [(&str, &str); 8] = [
    ("Mail dynamodb:DescribeStream ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:GetRecords ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:GetShardIterator ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:ListStreams ", "Lambda reads the stream with the function's role"),
    ("Mail sqs:SendMessage ", "Lambda sends what failed to the queue with the function's role"),
    ("Mail kms:", "SNS encrypts with the publisher's role"),
    (
        "Mail ses:SendEmail arn:aws:ses:local:000000000000:identity/vestibule@localhost",
        "an identity may be one email address",
    ),
    ("Keys secretsmanager:", "Secrets Manager calls the function, which tests of its own rotate keys with"),
];

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

/// All permissions of the template, under the parameters that add some.
fn all() -> BTreeSet<Permission> {
    let variants: [&[(&str, &str)]; 3] = [
        &[("TokenStrategy", "jwt"), ("ProvidersSecretArn", "${ProvidersSecretArn}")],
        &[("TokenStrategy", "jwt"), ("TokenAlgorithm", "HS256"), ("SmsTopicArn", "${SmsTopicArn}")],
        &[("SmsFunctionArn", "${SmsFunctionArn}"), ("SmsTopicKeyArn", "${SmsTopicKeyArn}")],
    ];
    let sender = [("SenderAddress", "vestibule@localhost")];
    variants.iter().flat_map(|more| permissions(&template(&[&sender, *more].concat()).functions)).collect()
}

/// A permission that nothing needs is one too many.
#[test]
#[ignore = "judges what the whole suite has used: `make permissions` runs it, after `make test`"]
fn every_permission_is_used() {
    let used = fs::read_to_string(used_permissions()).unwrap_or_else(|error| {
        panic!("{error}: no test has used a permission; `make test` runs the tests first")
    });
    let used: BTreeSet<&str> = used.lines().collect();
    let is_excused = |text: &str| USED_ON_AWS_ONLY.iter().any(|(start, _)| text.starts_with(start));
    let all: BTreeSet<String> = all().iter().map(Permission::to_string).collect();
    let unused: Vec<&String> =
        all.iter().filter(|text| !used.contains(text.as_str()) && !is_excused(text)).collect();
    assert!(unused.is_empty(), "no test uses these permissions of template.yaml:\n{unused:#?}");
    for (start, reason) in USED_ON_AWS_ONLY {
        assert!(
            !used.iter().any(|text| text.starts_with(start)),
            "{start} is used, other than because {reason}"
        );
        assert!(all.iter().any(|text| text.starts_with(start)), "{start} is allowed to nobody");
    }
}
