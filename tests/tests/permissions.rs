//! Each permission of the template is used by a test: one that nothing needs is one too many.
//!
//! It judges what the whole suite has used, so `make test` runs it after that, and `cargo test` alone does not.
#![expect(clippy::unwrap_used, reason = "what the tests share may fail as they do")]

use std::collections::BTreeSet;
use std::fs;

use vestibule_cli::iam::{Permission, permissions};
use vestibule_cli::serve::TEMPLATE;
use vestibule_cli::template::Template;
use vestibule_tests::used_permissions;

/// What no test uses, and why it is there.
const USED_ON_AWS_ONLY: [(&str, &str); 13] = [
    ("Events dynamodb:DescribeStream ", "Lambda reads the stream with the function's role"),
    ("Events dynamodb:GetRecords ", "Lambda reads the stream with the function's role"),
    ("Events dynamodb:GetShardIterator ", "Lambda reads the stream with the function's role"),
    ("Events dynamodb:ListStreams ", "Lambda reads the stream with the function's role"),
    ("Events sqs:SendMessage ", "Lambda sends what failed to the queue with the function's role"),
    ("Mail dynamodb:DescribeStream ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:GetRecords ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:GetShardIterator ", "Lambda reads the stream with the function's role"),
    ("Mail dynamodb:ListStreams ", "Lambda reads the stream with the function's role"),
    ("Mail sqs:SendMessage ", "Lambda sends what failed to the queue with the function's role"),
    ("Probe secretsmanager:GetSecretValue ", "nothing else has a schedule that invokes the function"),
    ("Mail kms:", "SNS encrypts with the publisher's role"),
    (
        "Mail ses:SendEmail arn:aws:ses:local:000000000000:identity/vestibule@localhost",
        "an identity may be one email address",
    ),
];

/// All permissions of the template, under the parameters that add some.
fn all() -> BTreeSet<String> {
    let variants: [&[(&str, &str)]; 3] = [
        &[
            ("TokenStrategy", "jwt"),
            ("AuditRetentionDays", "30"),
            ("DeliverEvents", "true"),
            ("OperatorApi", "true"),
            ("Migration", "true"),
            ("ProvidersSecretArn", "${ProvidersSecretArn}"),
            ("ProbeEmail", "probe@localhost"),
        ],
        &[("TokenStrategy", "jwt"), ("TokenAlgorithm", "HS256"), ("SmsTopicArn", "${SmsTopicArn}")],
        &[
            ("SmsFunctionArn", "${SmsFunctionArn}"),
            ("SmsTopicKeyArn", "${SmsTopicKeyArn}"),
            ("HookFunctionArn", "${HookFunctionArn}"),
            ("CaptchaSecretArn", "${CaptchaSecretArn}"),
            ("EventsUrl", "https://example.com/"),
            ("EventsSecretArn", "${EventsSecretArn}"),
        ],
    ];
    let must = [("AllowedOrigins", "https://app.example.com"), ("SenderAddress", "vestibule@localhost")];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let of = |more: &[(&str, &str)]| {
        let parameters = must.iter().chain(more).map(owned).collect();
        permissions(&Template::read(TEMPLATE, &parameters).unwrap().functions)
    };
    variants.into_iter().flat_map(of).map(|permission: Permission| permission.to_string()).collect()
}

#[test]
fn every_permission_is_used() {
    let used = fs::read_to_string(used_permissions()).unwrap_or_else(|error| {
        panic!("{error}: no test has used a permission; `make test` runs the tests first")
    });
    let used: BTreeSet<&str> = used.lines().collect();
    let all = all();
    let is_excused = |text: &str| USED_ON_AWS_ONLY.iter().any(|(start, _)| text.starts_with(start));
    let unused: Vec<&String> =
        all.iter().filter(|text| !used.contains(text.as_str()) && !is_excused(text)).collect();
    assert!(
        unused.is_empty(),
        "no test has used these permissions of template.yaml since `make test` began: remove them, or test what needs \
         them\n{unused:#?}"
    );
    for (start, reason) in USED_ON_AWS_ONLY {
        let is_used = used.iter().any(|text| text.starts_with(start));
        assert!(!is_used, "{start} is used, other than because {reason}");
        assert!(all.iter().any(|text| text.starts_with(start)), "{start} is allowed to nobody");
    }
}
