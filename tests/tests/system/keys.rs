//! The function `keys`, with a stand-in of Secrets Manager that allows what its role allows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use vestibule::app::Requirements;
use vestibule::aws::secret::AwsSecret;
use vestibule::jwt::KeySet;
use vestibule::random::Random;
use vestibule_keys::{Step, rotate};

use crate::Stack;
use crate::tokens::JWT;

/// The versions of a secret, by their ids: what each holds, and its labels.
type Versions = BTreeMap<String, (String, Vec<String>)>;

#[derive(Clone, Default)]
struct Secret(Arc<Mutex<Versions>>);

impl Secret {
    fn current(&self) -> String {
        let versions = self.0.lock().unwrap();
        let mut current = versions.values().filter(|(_, labels)| labels.contains(&"AWSCURRENT".to_owned()));
        let (content, _) = current.next().unwrap();
        assert!(current.next().is_none(), "two versions are the current one");
        content.clone()
    }

    fn answer(&self, operation: &str, request: &Value) -> Option<Value> {
        let mut versions = self.0.lock().unwrap();
        let text = |name: &str| request[name].as_str().map(str::to_owned);
        match operation {
            "DescribeSecret" => {
                let labels: BTreeMap<_, _> =
                    versions.iter().map(|(id, (_, labels))| (id.clone(), labels.clone())).collect();
                Some(json!({"VersionIdsToStages": labels}))
            }
            "GetSecretValue" => {
                let label = text("VersionStage").unwrap_or_else(|| "AWSCURRENT".to_owned());
                let wanted = text("VersionId");
                let mut found = versions.iter().filter(|(id, (_, labels))| {
                    labels.contains(&label) && wanted.as_ref().is_none_or(|wanted| wanted == *id)
                });
                found.next().map(|(_, (content, _))| json!({"SecretString": content}))
            }
            "PutSecretValue" => {
                let labels = vec![request["VersionStages"][0].as_str().unwrap().to_owned()];
                versions.insert(text("ClientRequestToken").unwrap(), (text("SecretString").unwrap(), labels));
                Some(json!({}))
            }
            "UpdateSecretVersionStage" => {
                let label = text("VersionStage").unwrap();
                let (_, labels) = versions.get_mut(&text("RemoveFromVersionId").unwrap()).unwrap();
                labels.retain(|known| *known != label);
                versions.get_mut(&text("MoveToVersionId").unwrap()).unwrap().1.push(label);
                Some(json!({}))
            }
            _ => None,
        }
    }
}

async fn answer(State(secret): State<Secret>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.strip_prefix("secretsmanager.").unwrap();
    match secret.answer(operation, &serde_json::from_str(&body).unwrap()) {
        Some(answer) => (StatusCode::OK, answer.to_string()),
        None => (StatusCode::BAD_REQUEST, json!({"__type": "ResourceNotFoundException"}).to_string()),
    }
}

/// As after the first deployment, and 90 days later: all steps, each of which Secrets Manager may repeat.
#[tokio::test]
async fn a_rotation_needs_what_the_role_allows() {
    const ARN: &str = "arn:aws:secretsmanager:local:000000000000:secret:vestibule/token-keys/1-x";
    let secret = Secret::default();
    let first = ("{}".to_owned(), vec!["AWSCURRENT".to_owned()]);
    secret.0.lock().unwrap().insert("first".to_owned(), first);
    let routes = Router::new().route("/", post(answer)).with_state(secret.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let stack = Stack::start(&[
        JWT,
        ("HEADLESS_JWT_ALGORITHM", "ES256"),
        ("HEADLESS_JWT_KEYS_ARN", ARN),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url),
    ])
    .await;
    let settings = stack.function("session", Requirements::TABLE).await.settings.headless.jwt.clone();
    let vault = AwsSecret::new(&stack.aws("keys"), ARN);
    let mut before: Option<KeySet> = None;
    for version in ["second", "third"] {
        for step in [Step::Create, Step::Create, Step::Set, Step::Test, Step::Finish, Step::Finish] {
            rotate(&vault, step, version, &settings, &Random::system()).await.unwrap();
        }
        let keys: KeySet = serde_json::from_str(&secret.current()).unwrap();
        if let Some(before) = before {
            assert_eq!(keys.current.pem, before.next.pem);
        }
        before = Some(keys);
    }
}
