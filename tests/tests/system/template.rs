//! What the template and what is deployed with it agree on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vestibule_cli::serve::TEMPLATE;
use vestibule_cli::template::Template;

/// The text of each function, by the name of its program.
fn functions() -> BTreeMap<&'static str, &'static str> {
    TEMPLATE
        .split("\n\n")
        .filter(|block| block.contains("Type: AWS::Serverless::Function"))
        .map(|block| {
            let code = block.lines().find_map(|line| line.trim().strip_prefix("CodeUri: target/lambda/"));
            (code.unwrap().trim_end_matches('/'), block)
        })
        .collect()
}

#[test]
fn functions_may_read_the_secrets_that_they_need_and_no_others() {
    let functions = functions();
    for routes in vestibule_cli::routes() {
        let (name, needs) = (routes.name, routes.requirements());
        let template = functions[name];
        let reads = |secret: &str| template.contains(&format!("Resource: !Ref {secret}\n"));
        // HS256 signs with what follows from it, and then whoever needs keys for tokens needs it; whoever has a table signs
        // events with it.
        let may_need = needs.secret_key || needs.token_keys;
        assert_eq!(reads("SecretKey"), may_need, "SECRET_KEY in {name}");
        assert_eq!(template.contains("SECRET_KEY_ARN"), may_need, "SECRET_KEY_ARN in {name}");
        let only_then = template.contains("SECRET_KEY_ARN: !If [SessionHasSecretKey,")
            && template.contains("- SessionHasSecretKey\n");
        assert_eq!(
            only_then,
            needs.token_keys && !needs.secret_key,
            "SECRET_KEY for HS256 and events in {name}"
        );
        assert_eq!(reads("TokenKeys"), needs.token_keys, "the keys of tokens in {name}");
        assert_eq!(reads("ProvidersSecretArn"), needs.provider_secrets, "the secrets of services in {name}");
        assert_eq!(template.contains("!GetAtt Table.Arn"), needs.table, "the table in {name}");
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The template with the parameters that must be given, and these.
pub(crate) fn template(parameters: &[(&str, &str)]) -> Template {
    let must = [("AllowedOrigins", "https://app.example.com"), ("SenderAddress", "no-reply@example.com")];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Template::read(TEMPLATE, &must.iter().chain(parameters).map(owned).collect()).unwrap()
}

/// Runs the commands of a workflow that contain this, in a folder.
fn run_of_the_workflow(workflow: &str, part: &str, folder: &Path) {
    let workflow = fs::read_to_string(root().join(".github/workflows").join(workflow)).unwrap();
    let commands = workflow.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
    let commands: Vec<_> = commands.filter(|command| command.contains(part)).collect();
    assert!(!commands.is_empty(), "{part}");
    for command in commands {
        let status = Command::new("sh").args(["-c", command]).current_dir(folder).status().unwrap();
        assert!(status.success(), "{command}");
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path) } else { vec![path.display().to_string()] }
        })
        .collect();
    found.sort();
    found
}

#[test]
fn the_workflow_deploys_the_packages_whole() {
    let (built, deployed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // HS256 has no function for keys.
    let parameters =
        [("TokenStrategy", "jwt"), ("ProbeEmail", "probe@example.com"), ("DeliverEvents", "true")];
    for function in template(&parameters).functions {
        let package = built.path().join(&function.code);
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("bootstrap"), "").unwrap();
        // As SETTINGS_FILE says, and vestibule settings pack does.
        fs::write(package.join("settings.json"), "{}").unwrap();
        if function.program == "mail" {
            // As MAIL_TEMPLATES_DIR says, and infra/build.sh does.
            fs::create_dir(package.join("templates")).unwrap();
            fs::write(package.join("templates/login_code.txt"), "").unwrap();
        }
    }
    run_of_the_workflow("ci.yml", "tar --create", built.path());
    fs::rename(built.path().join("functions.tar"), deployed.path().join("functions.tar")).unwrap();
    run_of_the_workflow("deployment.yml", "tar --extract", deployed.path());
    let relative = |folder: &Path| -> Vec<String> {
        let packages = files(&folder.join("target/lambda"));
        packages.iter().map(|path| path.replace(&folder.display().to_string(), "")).collect()
    };
    assert_eq!(relative(deployed.path()), relative(built.path()));
}

#[test]
fn mail_may_be_sent_with_the_default_configuration_set_of_the_identity() {
    let ses = fs::read_to_string(root().join("infra/ses.yaml")).unwrap();
    assert!(ses.contains("ConfigurationSetAttributes: {ConfigurationSetName: !Ref ConfigurationSet}"));
    for set in ["", "vestibule"] {
        let mail = template(&[("SesConfigurationSet", set)])
            .functions
            .into_iter()
            .find(|function| function.program == "mail")
            .unwrap();
        // SES asks for permission to use the default set even where no request names it.
        for resource in ["configuration-set/vestibule", "identity/example.com"] {
            let arn = format!("arn:aws:ses:local:000000000000:{resource}");
            let allows = mail.statements.iter().any(|statement| statement.covers("ses:SendEmail", &arn));
            assert!(allows, "{resource} with SesConfigurationSet={set}");
        }
    }
}

/// The own table stays allowed: versions of before work with it during the deployment, and after a rollback.
#[test]
fn a_restored_table_is_allowed_besides_the_stacks_own_everywhere() {
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/vestibule-restored";
    let stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/vestibule-restored/stream/2026";
    let restored = template(&[("RestoredTableArn", table), ("RestoredTableStreamArn", stream)]);
    let resources = |template: &Template| -> Vec<(String, String)> {
        let functions = template.functions.iter();
        let named = functions.flat_map(|function| {
            let resources = function.statements.iter().flat_map(|statement| statement.resources.clone());
            resources.map(|resource| (function.name.clone(), resource))
        });
        named.collect()
    };
    let (own, restored) = (resources(&template(&[])), resources(&restored));
    let expected: Vec<_> = own
        .into_iter()
        .flat_map(|(function, resource)| match resource.as_str() {
            "${Table.Arn}" => vec![(function.clone(), resource), (function, table.to_owned())],
            "${Table.StreamArn}" => vec![(function, stream.to_owned())],
            _ => vec![(function, resource)],
        })
        .collect();
    assert_eq!(restored, expected);
    assert!(restored.iter().any(|(_, resource)| resource == stream));
}

#[test]
fn restoring_gives_a_table_what_the_template_gives_it() {
    let script = fs::read_to_string(root().join("infra/restore")).unwrap();
    let table = template(&[]).table;
    let view = table["StreamSpecification"]["StreamViewType"].as_str().unwrap();
    // No function may learn more from the stream than which message there is.
    assert_eq!(view, "KEYS_ONLY");
    let expires_at = table["TimeToLiveSpecification"]["AttributeName"].as_str().unwrap();
    for (property, option) in [
        ("/StreamSpecification", format!("--stream-specification StreamEnabled=true,StreamViewType={view}")),
        (
            "/TimeToLiveSpecification/Enabled",
            format!("--time-to-live-specification Enabled=true,AttributeName={expires_at}"),
        ),
        (
            "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled",
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true".to_owned(),
        ),
        ("/DeletionProtectionEnabled", "--deletion-protection-enabled".to_owned()),
    ] {
        assert!(table.pointer(property).is_some_and(|value| *value != false), "{property}");
        assert!(script.contains(&option), "{option}");
    }
}

#[test]
fn what_the_mail_refuses_is_counted() {
    let delivery = fs::read_to_string(root().join("functions/mail/src/delivery.rs")).unwrap();
    let refusals = delivery.matches("\"refused: ").count();
    assert_eq!(delivery.matches("MailsRefused = 1,").count(), refusals);
}

/// A bounce that nobody notes would let mail go on to an email address that has none.
#[test]
fn events_of_ses_that_cannot_be_handled_are_kept() {
    let mail = functions()["mail"];
    let kept = mail.matches("DeadLetterConfig: {Arn: !GetAtt DeadLetters.Arn}").count();
    assert_eq!((kept, mail.matches("Type: EventBridgeRule").count()), (2, 2));
    assert!(mail.contains("OnFailure: {Type: SQS, Destination: !GetAtt DeadLetters.Arn}"));
    let policy = TEMPLATE.split("\n\n").find(|block| block.contains("AWS::SQS::QueuePolicy")).unwrap();
    let rules = "ArnEquals: {aws:SourceArn: [!GetAtt MailUndelivered.Arn, !GetAtt MailDelivered.Arn]}";
    assert!(policy.contains("Principal: {Service: events.amazonaws.com}") && policy.contains(rules));
}

/// Another attempt would hide a failure of the scheduled login.
#[test]
fn a_scheduled_login_is_tried_once() {
    let probe = functions()["probe"];
    assert!(probe.contains("Schedule: rate(5 minutes)") && probe.contains("MaximumRetryAttempts: 0"));
}

#[test]
fn reauthentication_is_required_unless_a_parameter_says_otherwise() {
    let (_, parameter) = TEMPLATE.split_once("\n  ReauthenticationRequired:\n").unwrap();
    assert!(
        parameter.split("\n  ").take(4).any(|line| line.trim() == r#"Default: "true""#),
        "{parameter:.200}"
    );
    assert!(TEMPLATE.contains("ACCOUNT_REAUTHENTICATION_REQUIRED: !Ref ReauthenticationRequired\n"));
}

/// `CloudFormation` makes another key when the block changes: all keys of before would be lost.
#[test]
fn the_generated_secret_key_is_never_made_again() {
    let block =
        "      GenerateSecretString:\n        PasswordLength: 64\n        ExcludePunctuation: true\n\n";
    assert!(TEMPLATE.contains(block));
    let replica =
        "ReplicaRegions: !If [HasSecretReplica, [{Region: !Ref SecretReplicaRegion}], !Ref AWS::NoValue]";
    assert!(TEMPLATE.contains(replica));
}
