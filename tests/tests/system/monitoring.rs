//! What operators see of a running stack: lines that name their request, and metrics.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use http::Method;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use vestibule::app::Requirements;
use vestibule::clock::Clock;
use vestibule::jwt::KeySet;
use vestibule::random::Random;
use vestibule::telemetry::{JsonLines, METRICS};
use vestibule_cli::serve::TEMPLATE;
use vestibule_tests::subscribe;

use crate::tokens::{Changing, JWT, secrets_manager};
use crate::{Fault, Kind, PASSWORD, PATIENT, Stack, add_app, log_in, sign_up};

const EMAIL: &str = "ann@example.com";

/// The log of all that happens on this thread, as `CloudWatch` gets it.
struct Lines {
    written: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Lines {
    fn capture() -> Self {
        let written: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&written);
        let write = move |line: String| lines.lock().unwrap().push(line);
        let lines = JsonLines { namespace: Some("vestibule".to_owned()), clock: Clock::system(), write };
        let own = tracing_subscriber::filter::Targets::new().with_target("vestibule", tracing::Level::INFO);
        let subscriber =
            tracing_subscriber::registry().with(tracing_subscriber::Layer::with_filter(lines, own));
        Self { written, _guard: subscribe(subscriber) }
    }

    /// What was logged since the last time; each line is a document of the embedded metric format, or has no metrics.
    fn take(&self) -> Vec<Value> {
        let lines = std::mem::take(&mut *self.written.lock().unwrap());
        let documents = lines.iter().map(|line| {
            assert!(line.ends_with("}\n") && line.matches('\n').count() == 1, "{line}");
            serde_json::from_str(line).unwrap()
        });
        let format = jsonschema::validator_for(&embedded_metric_format()).unwrap();
        documents.inspect(|line: &Value| check(line, &format)).collect()
    }

    /// The sums of the metrics since the last time.
    fn metrics(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for line in self.take() {
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().into_iter().flatten() {
                let name = metric["Name"].as_str().unwrap();
                *sums.entry(name.to_owned()).or_default() += line[name].as_u64().unwrap();
            }
        }
        sums
    }
}

/// The constraints of AWS's specification of the format, and that each target is a number.
fn embedded_metric_format() -> Value {
    let text = |longest: u32| json!({"type": "string", "minLength": 1, "maxLength": longest});
    let metric = json!({
        "type": "object",
        "required": ["Name"],
        "properties": {"Name": text(1024), "Unit": {"enum": ["Count", "Milliseconds"]}},
        "additionalProperties": false,
    });
    let directive = json!({
        "type": "object",
        "required": ["Namespace", "Dimensions", "Metrics"],
        "properties": {
            "Namespace": text(1024),
            "Dimensions": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "array", "maxItems": 30, "items": text(250)},
            },
            "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": metric},
        },
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "required": ["_aws"],
        "properties": {
            "_aws": {
                "type": "object",
                "required": ["Timestamp", "CloudWatchMetrics"],
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 1},
                    "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": directive},
                },
                "additionalProperties": false,
            },
        },
    })
}

fn check(line: &Value, format: &jsonschema::Validator) {
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z') && line["level"].is_string(), "{line}");
    let named: Vec<&str> = METRICS.into_iter().filter(|name| line.get(name).is_some()).collect();
    assert_eq!(line.get("_aws").is_some(), !named.is_empty(), "{line}");
    if line.get("_aws").is_some() {
        let faults: Vec<String> = format.iter_errors(line).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?} in {line}");
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let listed: Vec<&str> =
            directive["Metrics"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
        assert_eq!(listed, named);
        assert!(listed.iter().all(|name| line[name].is_u64()), "{line}");
        assert_eq!(directive["Dimensions"], json!([[]]), "each combination of dimensions costs");
    }
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id() {
    for kind in Kind::ALL {
        let lines = Lines::capture();
        let stack = Stack::start(&[("MAIL_RATE_LIMIT_RECIPIENT", "1/h")]).await;
        stack.add_user(EMAIL).await;
        let client = stack.client(kind);
        client.get("config").await.is(200);
        let request = json!({"email": EMAIL});
        for expected in [1, 2] {
            lines.take();
            let answer = client.post("auth/password/request", request.clone()).await;
            let id = answer.header("apigw-requestid")[0].to_owned();
            let of_functions = |line: &Value| {
                ["vestibule::http", "vestibule_mail"]
                    .iter()
                    .any(|target| line["target"].as_str().unwrap().starts_with(target))
            };
            let logged: Vec<Value> = lines.take().into_iter().filter(of_functions).collect();
            assert!(logged.len() >= 2, "the mail or what held it back, and the answer: {logged:#?}");
            for line in &logged {
                assert_eq!(line["request_id"], *id, "{line}");
            }
            let held = logged.iter().any(|line| line["MailsDroppedByRecipient"] == 1);
            assert_eq!(held, expected == 2, "{logged:#?}");
        }
        stack.dynamodb.fail(None, Fault::InternalError, 100);
        let answer = log_in(&client, EMAIL, PASSWORD).await;
        let id = answer.is(503).header("apigw-requestid")[0].to_owned();
        let failed: Vec<Value> = lines.take().into_iter().filter(|line| line["request_id"] == *id).collect();
        let messages: Vec<&str> = failed.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["failed", "answered"]);
    }
}

/// A user's "I cannot log in" is to be found in the log, without anything that the user gave.
#[tokio::test]
async fn an_error_has_its_reason_in_the_log() {
    let lines = Lines::capture();
    let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login_failed": "1/m/key"}"#)]).await;
    stack.add_user(EMAIL).await;
    let reason = || {
        let line = lines.take().into_iter().rfind(|line| line["message"] == "answered").unwrap();
        assert!(!line.to_string().contains(EMAIL), "{line}");
        line["reason"].clone()
    };
    let (browser, app) = (stack.browser(), stack.app());
    app.get("config").await.is(200);
    assert_eq!(reason(), Value::Null);
    app.post("auth/login", json!({})).await.is(400);
    assert_eq!(reason(), "required,required");
    log_in(&app, EMAIL, "wrong").await.is(400);
    assert_eq!(reason(), "email_password_mismatch");
    log_in(&app, EMAIL, PASSWORD).await.is(400);
    assert_eq!(reason(), "too_many_login_attempts");
    let elsewhere = [("origin", "https://evil.test")];
    browser.send(Method::POST, "auth/login", &elsewhere, "{}").await.is(403);
    assert_eq!(reason(), "forged_origin");
    app.get("/_allauth/app/v1/nowhere").await.is(404);
    assert_eq!(reason(), "unknown_path");
}

#[tokio::test]
async fn an_answer_says_how_long_its_parts_took() {
    let lines = Lines::capture();
    let stack = Stack::start(&[]).await;
    stack.add_user(EMAIL).await;
    stack.dynamodb.set_latency(std::time::Duration::from_millis(20));
    lines.take();
    log_in(&stack.app(), EMAIL, PASSWORD).await.is(200);
    let line = lines.take().into_iter().find(|line| line["message"] == "answered").unwrap();
    // Two round trips that read, and one that writes.
    assert!(line["load_ms"].as_u64() >= Some(40) && line["commit_ms"].as_u64() >= Some(20), "{line}");
    assert!(line["decide_ms"].is_u64() && line.get("ask_ms").is_none(), "{line}");
}

#[tokio::test]
async fn logins_are_counted_by_outcome() {
    for kind in Kind::ALL {
        let lines = Lines::capture();
        let settings = [PATIENT[0], PATIENT[1], ("ACCOUNT_EMAIL_VERIFICATION", "none")];
        let stack = Stack::start(&settings).await;
        stack.add_user(EMAIL).await;
        lines.take();
        let counted = |expected: &[(&str, u64)]| {
            let sums: Vec<(String, u64)> = lines.metrics().into_iter().collect();
            let expected: Vec<(String, u64)> =
                expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
            assert_eq!(sums, expected);
        };
        let client = stack.client(kind);
        client.get("auth/session").await.is(401);
        client.post("auth/login", json!({})).await.is(400);
        counted(&[]);
        log_in(&client, EMAIL, "wrong").await.is(400);
        counted(&[("LoginsFailed", 1)]);
        log_in(&client, EMAIL, PASSWORD).await.is(200);
        counted(&[("Logins", 1)]);
        client.get("auth/session").await.is(200);
        counted(&[]);
        sign_up(&stack.client(kind), "ben@example.com").await.is(200);
        counted(&[("Logins", 1), ("Signups", 1)]);
        // Somebody else's email address: an account is not made, whatever the answer says.
        sign_up(&stack.client(kind), "ben@example.com").await;
        assert!(!lines.metrics().contains_key("Signups"));

        let owner = stack.client(kind);
        let app = add_app(&owner, EMAIL).await;
        lines.take();
        let client = stack.client(kind);
        log_in(&client, EMAIL, PASSWORD).await.awaits("mfa_authenticate");
        counted(&[]);
        client.post("auth/2fa/authenticate", json!({"code": "wrong"})).await.is(400);
        counted(&[("LoginsFailed", 1)]);
        client.post("auth/2fa/authenticate", json!({"code": app.code(0)})).await.is(200);
        counted(&[("Logins", 1)]);
        client.post("auth/reauthenticate", json!({"password": "wrong"})).await.is(400);
        counted(&[("LoginsFailed", 1)]);

        let stack = Stack::start(&[("ACCOUNT_RATE_LIMITS", r#"{"login": "1/m/ip"}"#)]).await;
        for status in [400, 429] {
            lines.take();
            log_in(&stack.client(kind), EMAIL, "wrong").await.is(status);
        }
        counted(&[("RateLimited", 1)]);
    }
}

/// Secrets Manager may fail to rotate without invoking the function `keys`, whose errors an alarm watches.
#[tokio::test]
async fn keys_that_are_not_rotated_are_counted_once_a_process() {
    let random = Random::system();
    let key = || vestibule_keys::generate(Algorithm::ES256, &random).unwrap();
    let keys = serde_json::to_string(&KeySet { previous: None, current: key(), next: key() }).unwrap();
    let url = secrets_manager(Changing::new(Mutex::new(keys))).await;
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys";
    let usual = [JWT, ("HEADLESS_JWT_KEYS_ARN", arn), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url)];
    let reads = Requirements { token_keys: true, ..Requirements::TABLE };
    let overdue = ("HEADLESS_JWT_KEYS_ROTATION_DAYS", "90");
    for (settings, expected) in [(usual.to_vec(), None), ([&usual[..], &[overdue]].concat(), Some(&1))] {
        let stack = Stack::start(&settings).await;
        let lines = Lines::capture();
        let app = stack.function("session", reads).await;
        app.look_for_keys(None).await;
        assert_eq!(lines.metrics().get("KeysOverdue"), expected, "{settings:?}");
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn logs_of_the_gateway_and_the_functions_are_joined_by_ids() {
    for variable in ["requestId", "integration.requestId", "integrationErrorMessage", "error.message"] {
        assert!(TEMPLATE.contains(&format!("\"$context.{variable}\"")), "{variable}");
    }
    let globals = TEMPLATE.split_once("\nGlobals:").unwrap().1.split_once("\nResources:").unwrap().0;
    assert!(globals.contains("LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: TRACE}"));
    assert!(globals.contains("METRICS_NAMESPACE: !Ref AWS::StackName"));
}

/// Neither the application's access log nor the example's has what a client writes: a path, a query or a header.
#[test]
fn access_logs_hold_no_secret_and_are_json() {
    const HARMLESS: [&str; 16] = [
        "authorizer.account_id",
        "authorizer.claims.sub",
        "authorizer.error",
        "error.message",
        "identity.sourceIp",
        "integration.requestId",
        "integration.status",
        "integrationErrorMessage",
        "integrationLatency",
        "protocol",
        "requestId",
        "requestTime",
        "responseLatency",
        "responseLength",
        "routeKey",
        "status",
    ];
    for template in [TEMPLATE.to_owned(), read("examples/guarded-api/template.yaml")] {
        let (_, format) = template.split_once("Format: >-\n").unwrap();
        let lines = format.lines().map(str::trim).take_while(|line| line.starts_with(['{', '"']));
        let format: BTreeMap<String, String> = serde_json::from_str(&lines.collect::<String>()).unwrap();
        assert!(
            ["request_id", "ip", "route", "status", "error"].iter().all(|name| format.contains_key(*name))
        );
        for (name, variable) in format {
            let variable = variable.strip_prefix("$context.").unwrap();
            assert!(HARMLESS.contains(&variable), "{name}");
        }
    }
}

/// What alarms watch, the functions count, and docs/monitoring.md describes.
#[test]
fn metrics_are_described_and_no_others_are_used() {
    let (alarms, document) = (read("infra/alarms.yaml"), read("docs/monitoring.md"));
    for grave in ["Unopened", "KeysOverdue", "MailsRefused", "MailsDroppedInAll", "MailsDroppedByRecipient"] {
        assert!(alarms.contains(&format!("MetricName: {grave}")), "no alarm on {grave}");
    }
    for name in METRICS {
        assert!(document.contains(&format!("| `{name}` |")), "{name}");
    }
    let used = alarms.split("Namespace: !Ref Application").skip(1).map(|rest| {
        let name = rest.split_once("MetricName: ").unwrap().1;
        name.split(['\n', ',', '}']).next().unwrap().trim().to_owned()
    });
    let used: Vec<String> = used.collect();
    assert!(!used.is_empty());
    for name in used {
        assert!(METRICS.contains(&name.as_str()), "{name}");
    }
}
