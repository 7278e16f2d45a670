//! Accounts come in through the function `migration`, for who has no right to the table and to the key.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use lambda_http::Body as LambdaBody;
use serde_json::{Value, json};
use vestibule::app::App;
use vestibule::domain::event::{Actor, ActorKind};
use vestibule::migration::api::{MOST_BYTES, REQUIREMENTS, answer};
use vestibule_cli::arguments::{ImportCommand, ImportJsonl, ImportSwitches};
use vestibule_cli::import::{ImportError, ImportSummary};

use crate::events::{KEY, RECORDED, events, types};
use crate::migration::{
    DJANGO, EMAIL, HASHES, TemporaryFile, account, counts, import, lines, stored, switches,
};
use crate::{Stack, log_in};

/// What comes instead of an answer of the function, once: a status and a body.
type Failure = (u16, &'static str);

const THROTTLED: Failure = (429, r#"{"Reason": "ConcurrentInvocationLimitExceeded"}"#);
const CRASHED: Failure = (502, "Internal Server Error");
const UNUSABLE: Failure = (503, r#"{"errors": [{"code": "unavailable", "message": "no\u001b[2J table"}]}"#);

/// The function behind its URL, under the policy of its role.
struct FunctionUrl {
    app: App,
    /// What comes instead of the answer to a batch, by its number.
    failures: Mutex<HashMap<usize, Failure>>,
    /// The ids of each batch.
    batches: Mutex<Vec<Vec<String>>>,
}

impl FunctionUrl {
    async fn start(stack: &Stack, failures: &[(usize, Failure)]) -> (Arc<Self>, String) {
        let function = Arc::new(Self {
            app: stack.function("migration", REQUIREMENTS).await,
            failures: Mutex::new(failures.iter().copied().collect()),
            batches: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(Arc::clone(&function));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (function, url)
    }

    fn batches(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.batches.lock().unwrap())
    }
}

async fn respond(State(function): State<Arc<FunctionUrl>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let signed = head.headers["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/"), "{signed}");
    let body = to_bytes(body, MOST_BYTES).await.unwrap();
    let batch: Value = serde_json::from_slice(&body).unwrap();
    let ids = batch["accounts"].as_array().unwrap().iter();
    let ids = ids.map(|account| account["id"].as_str().unwrap().to_owned()).collect();
    let number = {
        let mut batches = function.batches.lock().unwrap();
        batches.push(ids);
        batches.len()
    };
    if let Some((status, body)) = function.failures.lock().unwrap().remove(&number) {
        return (StatusCode::from_u16(status).unwrap(), body).into_response();
    }
    let request = http::Request::from_parts(head, LambdaBody::Binary(body.to_vec()));
    Box::pin(answer(&function.app, Some(&ann()), &request)).await.map(|body| Body::from(body.to_vec()))
}

fn ann() -> Actor {
    let arn = "arn:aws:sts::123456789012:assumed-role/Importer/ann".to_owned();
    Actor { kind: ActorKind::Operator, id: Some("AROAEXAMPLE:ann".to_owned()), arn: Some(arn) }
}

async fn over(
    url: &str,
    file: &TemporaryFile,
    switches: ImportSwitches,
) -> Result<ImportSummary, ImportError> {
    let variables = [
        ("MIGRATION_URL", url),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let command = ImportCommand::Jsonl(ImportJsonl { file: file.path(), switches });
    Box::pin(vestibule_cli::import::run(&command, variables)).await
}

fn many(count: u32) -> Vec<Value> {
    let email = |number: u32| format!("a{number}@example.com");
    (0..count).map(|number| account(&number.to_string(), &email(number), Some(HASHES[0].1))).collect()
}

/// Batches of four accounts, one at a time.
fn in_fours() -> ImportSwitches {
    ImportSwitches { writes_per_second: Some(50), ..switches() }
}

#[tokio::test]
async fn accounts_come_in_through_the_function_as_they_do_without_it() {
    let stack = Stack::start(&RECORDED).await;
    let (function, url) = FunctionUrl::start(&stack, &[]).await;
    let mut accounts = many(3);
    accounts[0]["private_metadata"] = json!({"b": 1, "a": [2.5, null]});
    let file = TemporaryFile::new(&lines(&accounts));
    let before = stack.dynamodb.items().await.len();
    let dry = over(&url, &file, ImportSwitches { dry_run: true, ..switches() }).await.unwrap();
    assert_eq!((counts(dry), stack.dynamodb.items().await.len()), ([3, 0, 0, 0, 0], before));
    let summary = over(&url, &file, switches()).await.unwrap();
    assert_eq!((counts(summary), summary.write_units), ([3, 0, 0, 0, 0], dry.write_units));
    assert_eq!(function.batches(), [["0", "1", "2"], ["0", "1", "2"]]);
    log_in(&stack.app(), "a0@example.com", "wrong").await.refuses(&["password: email_password_mismatch"]);
    log_in(&stack.app(), "a0@example.com", DJANGO).await.is_logged_in_as("a0@example.com");
    let found = events(&stack).await;
    let imported = found.iter().filter(|event| event["type"] == "user.imported");
    let actors: Vec<_> = imported.map(|event| event["actor"]["id"].clone()).collect();
    assert_eq!(actors, ["AROAEXAMPLE:ann"; 3], "{:?}", types(&found));
    assert_eq!(counts(import(&stack, &accounts).await), [0, 0, 3, 0, 0], "the same records");

    accounts[1]["emails"][0]["email"] = EMAIL.into();
    std::fs::write(file.path(), lines(&accounts)).unwrap();
    assert_eq!(counts(over(&url, &file, switches()).await.unwrap()), [0, 1, 2, 0, 0]);
    log_in(&stack.app(), "a1@example.com", DJANGO).await.refuses(&["password: email_password_mismatch"]);
    log_in(&stack.app(), EMAIL, DJANGO).await.is_logged_in_as(EMAIL);
    assert!(!file.path().with_extension("jsonl.place").exists());
    stack.inbox.is_empty().await;
}

#[tokio::test]
async fn the_function_refuses_what_the_file_does_not_show() {
    let stack = Stack::start(&[KEY]).await;
    stack.add_user("a1@example.com").await;
    let (_, url) = FunctionUrl::start(&stack, &[]).await;
    let file = TemporaryFile::new(&lines(&many(3)));
    assert_eq!(counts(over(&url, &file, switches()).await.unwrap()), [2, 0, 0, 0, 1]);
    assert!(stored(&stack, "0").await.is_some() && stored(&stack, "1").await.is_none());
}

#[tokio::test]
async fn throttling_and_crashes_are_waited_for() {
    let stack = Stack::start(&[KEY]).await;
    let failures = [(1, THROTTLED), (2, CRASHED), (4, THROTTLED)];
    let (function, url) = FunctionUrl::start(&stack, &failures).await;
    let file = TemporaryFile::new(&lines(&many(6)));
    let summary = over(&url, &file, in_fours()).await.unwrap();
    assert_eq!(counts(summary), [6, 0, 0, 0, 0]);
    let (first, second) = (vec!["0", "1", "2", "3"], vec!["4", "5"]);
    assert_eq!(function.batches(), [first.clone(), first.clone(), first, second.clone(), second]);
}

#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    let stack = Stack::start(&[KEY]).await;
    let (function, url) = FunctionUrl::start(&stack, &[(2, UNUSABLE)]).await;
    let file = TemporaryFile::new(&lines(&many(10)));
    let stopped = over(&url, &file, in_fours()).await.unwrap_err().to_string();
    let expected =
        "the import stopped, and 6 of 10 accounts remain; run it again, and it goes on: no\\u001b[2J table";
    assert_eq!(stopped, expected);
    let place = file.path().with_extension("jsonl.place");
    assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&place).unwrap().contains('@'), "nothing of the accounts");
    function.batches();

    let summary = over(&url, &file, switches()).await.unwrap();
    assert_eq!(counts(summary), [10, 0, 0, 0, 0], "all of both runs");
    assert_eq!(function.batches(), [["4", "5", "6", "7", "8", "9"]]);
    assert!(!place.exists());
    assert_eq!(counts(over(&url, &file, switches()).await.unwrap()), [0, 0, 10, 0, 0]);
}

#[tokio::test]
async fn batches_are_bounded_and_their_senders_are_operators() {
    let stack = Stack::start(&[KEY]).await;
    let ask = async |path: &str, body: &Value| {
        let (status, body) = stack.ask_operator(path, &body.to_string()).await;
        (status, body["errors"][0]["message"].as_str().map(str::to_owned).unwrap_or_default(), body)
    };
    let batch = |accounts: Vec<Value>| json!({"options": {"mixed_ids": true}, "accounts": accounts});
    let unknown = json!({"id": "5", "unknown": "secret"});
    let (status, _, body) = ask("/migration/import", &batch(vec![unknown, many(1).remove(0)])).await;
    assert_eq!((status, &body["data"]["outcomes"][1]), (200, &json!({"outcome": "added"})), "{body}");
    let refused = &body["data"]["outcomes"][0];
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["reasons"][0].as_str().unwrap().contains("unknown field `unknown`"), "{refused}");
    assert!(body["data"]["write_units"].as_u64().unwrap() > 0);
    let large = json!({"id": "x".repeat(MOST_BYTES)});
    for (path, body, expected) in [
        ("/migration/import", batch(vec![json!({}); 201]), (400, "there are more than 200")),
        ("/migration/import", batch(vec![large]), (400, "the body has more than 4000000 bytes")),
        ("/migration/import", json!([]), (400, "the body is not a JSON object with options and accounts")),
        ("/migration/user.delete", json!({}), (404, "there is no operation \"user.delete\"")),
        ("/import", batch(vec![]), (404, "there is no operation \"import\"")),
        ("/read/import", batch(vec![]), (404, "there is no operation \"import\"")),
    ] {
        let (status, message, _) = ask(path, &body).await;
        assert_eq!((status, message.as_str()), expected, "{path}");
    }
    let app = stack.function("migration", REQUIREMENTS).await;
    let request = |method: &str| {
        let body = LambdaBody::from(batch(many(2)).to_string());
        http::Request::builder().method(method).uri("/import").body(body).unwrap()
    };
    let nobody = Box::pin(answer(&app, None, &request("POST"))).await;
    let read = Box::pin(answer(&app, Some(&ann()), &request("GET"))).await;
    assert_eq!((nobody.status().as_u16(), read.status().as_u16()), (403, 400));
    assert!(stored(&stack, "0").await.is_some() && stored(&stack, "1").await.is_none());
}

#[tokio::test]
async fn the_program_says_what_is_wrong_with_the_function() {
    let stack = Stack::start(&[KEY]).await;
    let denied = (403, r#"{"Message": "Forbidden"}"#);
    let (_, url) = FunctionUrl::start(&stack, &[(1, denied), (2, (200, "{}"))]).await;
    let file = TemporaryFile::new(&lines(&many(1)));
    for (url, part) in [
        ("here", "MIGRATION_URL is not the URL of a function"),
        (&*url, "lack the right to call MIGRATION_URL"),
        (&*url, "use the program of the release that is deployed"),
    ] {
        let error = over(url, &file, switches()).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let both = [("MIGRATION_URL", &*url), ("TABLE_NAME", "vestibule"), ("AWS_REGION", "eu-west-1")];
    let credentials = [("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let both = both.into_iter().chain(credentials);
    let both = both.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let command = ImportCommand::Jsonl(ImportJsonl { file: file.path(), switches: switches() });
    let error = Box::pin(vestibule_cli::import::run(&command, both)).await.unwrap_err().to_string();
    assert!(error.contains("give one of them"), "{error}");
}
