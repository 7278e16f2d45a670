//! What stands before an AWS service: it lets through what the caller's role allows.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tracing::error;

use super::access::accesses;
use super::roles::{Permission, Refusal, Roles};

/// The largest request of all services: a mail of 40 MB.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

/// Is told of each request of a function: the permissions that it used, or the one that it lacks.
pub type Watch = Arc<dyn Fn(&Result<Vec<Permission>, Refusal>) + Send + Sync>;

/// Enforces the roles of functions.
#[derive(Clone)]
pub struct Guard {
    roles: Arc<Roles>,
    watch: Option<Watch>,
}

impl Guard {
    /// Enforces these roles.
    pub fn new(roles: Roles, watch: Option<Watch>) -> Self {
        Self { roles: Arc::new(roles), watch }
    }

    /// The same service, behind this guard.
    pub fn before(&self, service: Router) -> Router {
        service.layer(from_fn_with_state(self.clone(), judge))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("roles", &self.roles).finish_non_exhaustive()
    }
}

async fn judge(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Some(Signer { key_id, service }) = Signer::of(request.headers()) else {
        return next.run(request).await;
    };
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let verdict = guard.roles.check(&key_id, &accesses(&service, &head, &body));
    if let Some(watch) = &guard.watch {
        watch(&verdict);
    }
    match verdict {
        Ok(_) => next.run(Request::from_parts(head, Body::from(body))).await,
        Err(refusal) => {
            error!("access denied: {}", refusal.explanation());
            refuse(&service, &refusal)
        }
    }
}

/// Who signed a request, and for which service.
struct Signer {
    key_id: String,
    service: String,
}

impl Signer {
    /// From the credential scope of Signature Version 4; none of a request that is not signed.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let mut scope = credential.split(',').next()?.split('/');
        let (key_id, service) = (scope.next()?, scope.nth(2)?);
        Some(Self { key_id: key_id.to_owned(), service: service.to_owned() })
    }
}

/// Says it as the service would.
fn refuse(service: &str, refusal: &Refusal) -> Response {
    let message = refusal.to_string();
    match service {
        "dynamodb" | "secretsmanager" => {
            let body =
                json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message});
            let head = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
            (StatusCode::BAD_REQUEST, head, body.to_string()).into_response()
        }
        "sns" => {
            let error =
                format!("<Type>Sender</Type><Code>AuthorizationError</Code><Message>{message}</Message>");
            let body =
                format!("<ErrorResponse><Error>{error}</Error><RequestId>-</RequestId></ErrorResponse>");
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
        }
        _ => {
            let head = [("content-type", "application/json"), ("x-amzn-errortype", "AccessDeniedException")];
            (StatusCode::FORBIDDEN, head, json!({"message": message}).to_string()).into_response()
        }
    }
}

/// Passes all requests on to `host:port`.
pub fn forward(to: &str) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    Router::new().fallback(pass_on).with_state(Target { client, authority: to.to_owned() })
}

#[derive(Clone)]
struct Target {
    client: Client<HttpConnector, Body>,
    authority: String,
}

async fn pass_on(State(target): State<Target>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://{}{path}", target.authority).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    match target.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            error!(%error, "no answer from {}", target.authority);
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}
