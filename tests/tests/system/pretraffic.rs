//! The pre-traffic hook of deployments, with stand-ins of Lambda and CodeDeploy that allow what its role allows: which
//! versions are invoked, and what CodeDeploy is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use vestibule_pretraffic::{Hook, HookCall};

use crate::Stack;

/// What the stand-ins have been asked, and what they know.
#[derive(Clone, Default)]
struct StandIn {
    /// The function that does not start.
    broken: &'static str,
    throttled: Arc<Mutex<u32>>,
    invoked: Arc<Mutex<Vec<(String, Value)>>>,
    told: Arc<Mutex<Vec<Value>>>,
    /// The versions that aliases name, by function and alias.
    aliases: Arc<Mutex<BTreeMap<(String, String), String>>>,
    /// The description of each alias that was updated.
    descriptions: Arc<Mutex<BTreeMap<(String, String), String>>>,
}

async fn invoke(
    State(standin): State<StandIn>,
    Path(arn): Path<String>,
    event: String,
) -> (StatusCode, HeaderMap, Json<Value>) {
    let mut headers = HeaderMap::new();
    {
        let mut throttled = standin.throttled.lock().unwrap();
        if *throttled > 0 {
            *throttled -= 1;
            headers.insert("x-amzn-errortype", "TooManyRequestsException".parse().unwrap());
            return (
                StatusCode::TOO_MANY_REQUESTS,
                headers,
                Json(json!({"Reason": "ConcurrentInvocationLimitExceeded"})),
            );
        }
    }
    standin.invoked.lock().unwrap().push((arn.clone(), serde_json::from_str(&event).unwrap()));
    if !standin.broken.is_empty() && arn.contains(standin.broken) {
        headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
        return (StatusCode::OK, headers, Json(json!({"errorType": "Runtime.ExitError"})));
    }
    (StatusCode::OK, headers, Json(json!({"statusCode": 404})))
}

fn alias(version: &str) -> (StatusCode, HeaderMap, Json<Value>) {
    (StatusCode::OK, HeaderMap::new(), Json(json!({"FunctionVersion": version})))
}

fn no_alias() -> (StatusCode, HeaderMap, Json<Value>) {
    let mut headers = HeaderMap::new();
    headers.insert("x-amzn-errortype", "ResourceNotFoundException".parse().unwrap());
    (StatusCode::NOT_FOUND, headers, Json(json!({})))
}

async fn get_alias(
    State(standin): State<StandIn>,
    Path(name): Path<(String, String)>,
) -> (StatusCode, HeaderMap, Json<Value>) {
    let aliases = standin.aliases.lock().unwrap();
    aliases.get(&name).map_or_else(no_alias, |version| alias(version))
}

async fn update_alias(
    State(standin): State<StandIn>,
    Path(name): Path<(String, String)>,
    Json(body): Json<Value>,
) -> (StatusCode, HeaderMap, Json<Value>) {
    let mut aliases = standin.aliases.lock().unwrap();
    let version = body["FunctionVersion"].as_str().unwrap().to_owned();
    match aliases.get_mut(&name) {
        Some(known) => known.clone_from(&version),
        None => return no_alias(),
    }
    let description = body["Description"].as_str().unwrap_or_default().to_owned();
    standin.descriptions.lock().unwrap().insert(name, description);
    alias(&version)
}

async fn create_alias(
    State(standin): State<StandIn>,
    Path(function): Path<String>,
    Json(body): Json<Value>,
) -> (StatusCode, HeaderMap, Json<Value>) {
    let member = |name: &str| body[name].as_str().unwrap().to_owned();
    standin.aliases.lock().unwrap().insert((function, member("Name")), member("FunctionVersion"));
    alias(&member("FunctionVersion"))
}

async fn tell(State(standin): State<StandIn>, headers: HeaderMap, body: String) -> &'static str {
    assert_eq!(
        headers.get("x-amz-target").unwrap(),
        "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"
    );
    standin.told.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    "{}"
}

fn arn(name: &str) -> String {
    format!("{}:7", function(name))
}

fn function(name: &str) -> String {
    format!("arn:aws:lambda:local:000000000000:function:vestibule-{name}")
}

/// Deploys these functions, and returns the status that CodeDeploy is told.
async fn deploy(standin: &StandIn, functions: &[&str]) -> Value {
    let routes = Router::new()
        .route("/2015-03-31/functions/{arn}/invocations", post(invoke))
        .route("/2015-03-31/functions/{arn}/aliases", post(create_alias))
        .route("/2015-03-31/functions/{arn}/aliases/{name}", get(get_alias).put(update_alias))
        .route("/", post(tell))
        .with_state(standin.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let stack =
        Stack::start(&[("AWS_ENDPOINT_URL_LAMBDA", &*url), ("AWS_ENDPOINT_URL_CODEDEPLOY", &url)]).await;
    let versions: Vec<_> = functions.iter().map(|function| arn(function)).collect();
    let hook = Hook::new(&versions.join(","), &stack.aws("pretraffic"));
    let request = json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "execution"});
    hook.run(serde_json::from_value::<HookCall>(request).unwrap()).await.unwrap();
    let mut told = standin.told.lock().unwrap();
    assert_eq!(told.len(), 1);
    told.pop().unwrap()
}

impl StandIn {
    /// Functions whose alias `live` names a version.
    fn with(functions: &[(&str, &str)]) -> Self {
        let standin = Self::default();
        for (name, version) in functions {
            standin
                .aliases
                .lock()
                .unwrap()
                .insert((function(name), "live".to_owned()), (*version).to_owned());
        }
        standin
    }

    fn previous(&self, name: &str) -> Option<String> {
        self.aliases.lock().unwrap().get(&(function(name), "previous".to_owned())).cloned()
    }
}

#[tokio::test]
async fn versions_that_start_get_requests() {
    let standin = StandIn::with(&[("config", "6"), ("mail", "6")]);
    let told = deploy(&standin, &["config", "mail"]).await;
    assert_eq!(
        told,
        json!({"deploymentId": "d-1", "lifecycleEventHookExecutionId": "execution", "status": "Succeeded"})
    );
    let invoked = standin.invoked.lock().unwrap();
    let arns: Vec<_> = invoked.iter().map(|(arn, _)| arn.as_str()).collect();
    assert_eq!(arns, [arn("config"), arn("mail")]);
    assert_eq!(invoked.last().unwrap().1, json!({"Records": []}));
}

#[tokio::test]
async fn one_version_that_does_not_start_fails_the_deployment_at_once() {
    let functions = [("config", "6"), ("mail", "6"), ("login", "6")];
    let standin = StandIn { broken: "mail", ..StandIn::with(&functions) };
    let told = deploy(&standin, &["config", "mail", "login"]).await;
    assert_eq!(told["status"], "Failed");
    assert_eq!(functions.map(|(name, _)| standin.previous(name)), [None, None, None]);
    assert_eq!(standin.invoked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_throttled_invocation_is_made_again() {
    let standin = StandIn { throttled: Arc::new(Mutex::new(2)), ..StandIn::with(&[("config", "6")]) };
    let told = deploy(&standin, &["config"]).await;
    assert_eq!(told["status"], "Succeeded");
    assert_eq!(standin.invoked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_versions_in_use_become_those_to_go_back_to() {
    // Another call of the hook has let login through, when 5 was in use.
    let standin = StandIn::with(&[("config", "6"), ("mail", "4"), ("login", "7")]);
    let previous = |name: &str| (function(name), "previous".to_owned());
    standin.aliases.lock().unwrap().insert(previous("login"), "5".to_owned());
    standin.aliases.lock().unwrap().insert(previous("mail"), "2".to_owned());
    // keys is new.
    let told = deploy(&standin, &["config", "keys", "mail", "login"]).await;
    assert_eq!(told["status"], "Succeeded");
    assert_eq!(standin.previous("keys"), None);
    let before = standin.descriptions.lock().unwrap().get(&previous("mail")).cloned();
    assert_eq!(before.as_deref(), Some("2"));
    let remembered = ["config", "mail", "login"].map(|name| standin.previous(name).unwrap());
    assert_eq!(remembered, ["6", "4", "5"]);
}

/// The hook let 7 through, which then failed: 6 is in use again, and 5 is still the version before.
#[tokio::test]
async fn after_a_deployment_that_went_back_the_version_before_is_still_known() {
    let standin = StandIn::with(&[("mail", "6")]);
    let previous = (function("mail"), "previous".to_owned());
    standin.aliases.lock().unwrap().insert(previous.clone(), "5".to_owned());
    for _ in 0..2 {
        assert_eq!(deploy(&standin, &["mail"]).await["status"], "Succeeded");
        assert_eq!(standin.previous("mail").as_deref(), Some("6"));
        assert_eq!(standin.descriptions.lock().unwrap()[&previous], "5");
    }
}
