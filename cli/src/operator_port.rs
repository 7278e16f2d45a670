//! The operators' API of the local stack: what two functions behind function URLs answer on AWS.
//!
//! `/<operation>` is the function `operator`, `/read/<operation>` the function `operator-read`. It takes the place of AWS
//! IAM with a token that the data directory keeps: other programs of this machine, and pages in a browser, do not have it.

use std::sync::Arc;

use crate::operator::Door;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use lambda_http::Body as LambdaBody;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use vestibule::app::App;
use vestibule::domain::event::{Actor, ActorKind};
use vestibule::operator::api::answer;
use vestibule::secret::Secret;

use crate::hosts::Hosts;

/// The largest body, far above what an operation takes.
const MOST_BYTES: usize = 1024 * 1024;

/// Where the functions are.
const READ: &str = "/read";

/// The two functions.
#[derive(Clone)]
pub(crate) struct OperatorFunctions {
    pub reader: App,
    pub writer: App,
}

/// The way to the functions inside this process.
pub(crate) fn door(functions: &OperatorFunctions) -> Door {
    Door::of(functions.writer.clone(), actor())
}

fn actor() -> Actor {
    Actor { kind: ActorKind::Operator, id: Some("local".to_owned()), arn: None }
}

struct OperatorPort {
    functions: OperatorFunctions,
    token: Secret,
}

/// The functions behind the token, for hosts that no page elsewhere can have.
pub(crate) fn router(functions: OperatorFunctions, token: Secret) -> Router {
    let port = Arc::new(OperatorPort { functions, token });
    Hosts::Private.before(Router::new().fallback(respond).with_state(port))
}

async fn respond(State(port): State<Arc<OperatorPort>>, request: Request) -> Response {
    if let Some(refused) = port.refused(request.headers()) {
        return refused.into_response();
    }
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let read = head.uri.path().strip_prefix(READ).filter(|path| path.starts_with('/')).map(str::to_owned);
    let reads_only = read.is_some();
    if let Some(Ok(uri)) = read.map(|path| path.parse()) {
        head.uri = uri;
    }
    let app = if reads_only { &port.functions.reader } else { &port.functions.writer };
    let request = http::Request::from_parts(head, LambdaBody::Binary(body.to_vec()));
    let response = answer(app, reads_only, Some(&actor()), &request).await;
    response.map(|body| Body::from(body.to_vec()))
}

impl OperatorPort {
    /// What a request without the token is answered.
    fn refused(&self, headers: &HeaderMap) -> Option<(StatusCode, String)> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
        let is_right = bool::from(token.as_bytes().ct_eq(self.token.expose().as_bytes()));
        let text =
            "the token of the file operator-token in the data directory is required: Authorization: Bearer …";
        let body = json!({"errors": [{"code": "unauthenticated", "message": text}]});
        (!is_right).then(|| (StatusCode::FORBIDDEN, body.to_string()))
    }
}
