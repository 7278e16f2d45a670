//! The operators' API of the local stack: what functions behind function URLs answer on AWS.
//!
//! `/<operation>` is the function `operator`, `/read/<operation>` the function `operator-read`, and `/migration/import` the
//! function `migration`. It takes the place of AWS IAM with a token that the data directory keeps: other programs of this
//! machine, and pages in a browser, do not have it.

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
use vestibule::migration;
use vestibule::operator::api::answer;
use vestibule::secret::Secret;

use crate::hosts::Hosts;

/// The largest body: that of a function on AWS.
const MOST_BYTES: usize = 6 * 1024 * 1024;

/// Where the functions are.
const READ: &str = "/read";
const MIGRATION: &str = "/migration";

/// The functions.
#[derive(Clone)]
pub(crate) struct OperatorFunctions {
    pub reader: App,
    pub writer: App,
    pub migrator: App,
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
    let (function, path) = function(head.uri.path());
    if let Ok(uri) = path.parse() {
        head.uri = uri;
    }
    let request = http::Request::from_parts(head, LambdaBody::Binary(body.to_vec()));
    let OperatorFunctions { reader, writer, migrator } = &port.functions;
    let response = match function {
        READ => answer(reader, true, Some(&actor()), &request).await,
        MIGRATION => Box::pin(migration::api::answer(migrator, Some(&actor()), &request)).await,
        _ => answer(writer, false, Some(&actor()), &request).await,
    };
    response.map(|body| Body::from(body.to_vec()))
}

/// The function that a path is of, and what it is there.
fn function(path: &str) -> (&'static str, String) {
    let within = |function: &'static str| {
        let rest = path.strip_prefix(function).filter(|rest| rest.starts_with('/'))?;
        Some((function, rest.to_owned()))
    };
    within(READ).or_else(|| within(MIGRATION)).unwrap_or_else(|| ("", path.to_owned()))
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
