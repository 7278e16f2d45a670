//! The operators' API: `POST /<operation>` with the arguments as JSON.

use lambda_http::http::{Method, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use serde_json::{Value, json};

use super::outcome::{OperatorError, OperatorOutcome};
use super::request::OperatorRequest;
use super::run;
use crate::app::{App, Requirements};
use crate::domain::event::{Actor, ActorKind};

/// The largest body: metadata and fields have 8 KB each.
const MOST_BYTES: usize = 64 * 1024;

/// What the function `operator-read` needs of its process: `SECRET_KEY` reads the history.
pub const READER: Requirements = Requirements { secret_key: true, ..Requirements::TABLE };

/// What the function `operator` needs of its process.
pub const WRITER: Requirements =
    Requirements { secret_key: true, breached_passwords: true, ..Requirements::OPERATOR };

/// The operator that a request comes from, as AWS IAM has authenticated it at a function URL; none for anything else, such
/// as a direct invocation.
pub fn actor_of(request: &Request) -> Option<Actor> {
    let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
    let iam = context.authorizer.as_ref()?.iam.as_ref()?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (id, arn) = (given(&iam.user_id)?, given(&iam.user_arn)?);
    Some(Actor { kind: ActorKind::Operator, id: Some(id), arn: Some(arn) })
}

/// Answers a request of an operator. A function that only reads refuses what changes anything; that its role could not write
/// it is what protects.
pub async fn answer(app: &App, reads_only: bool, actor: Option<&Actor>, request: &Request) -> Response<Body> {
    let operation = request.uri().path().trim_start_matches('/').to_owned();
    let answered = match (actor, request.method()) {
        (None, _) => Err(OperatorError::Unauthenticated),
        (Some(_), method) if method != Method::POST => Err(OperatorError::Malformed(format!(
            "{method} is not supported: send POST /<operation> with the arguments as a JSON object"
        ))),
        (Some(actor), _) => carry_out(app, reads_only, actor, &operation, request).await,
    };
    let (status, body) = match answered {
        Ok(outcome) => (200, json!({"data": outcome})),
        Err(error) => {
            if let OperatorError::Store(error) = &error {
                tracing::error!(operation, %error, "failed");
            }
            (error.status(), error.body())
        }
    };
    // Who it was is in the history of the account, and in CloudTrail: an ARN may hold an email address.
    tracing::info!(operation, status, "an operator's request");
    respond(status, &body)
}

async fn carry_out(
    app: &App,
    reads_only: bool,
    actor: &Actor,
    operation: &str,
    request: &Request,
) -> Result<OperatorOutcome, OperatorError> {
    let wanted = OperatorRequest::parse(operation, &arguments(request)?)?;
    if reads_only && !wanted.is_read() {
        return Err(OperatorError::ReadOnly(operation.to_owned()));
    }
    run(app, actor, wanted).await
}

fn arguments(request: &Request) -> Result<Value, OperatorError> {
    let body: &[u8] = request.body().as_ref();
    if body.len() > MOST_BYTES {
        return Err(OperatorError::Malformed(format!("the body has more than {MOST_BYTES} bytes")));
    }
    let not_json = |_| OperatorError::Malformed("the body is not a JSON object".to_owned());
    serde_json::from_slice(body).map_err(not_json)
}

/// A response of JSON that nothing on the way keeps.
pub(crate) fn respond(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::Text(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request as Lambda passes it on from a function URL.
    fn event(authorizer: &Value) -> Request {
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/user.show",
            "rawQueryString": "",
            "headers": {"content-type": "application/json"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abcdefghij",
                "authorizer": authorizer,
                "domainName": "abcdefghij.lambda-url.eu-west-1.on.aws",
                "http": {"method": "POST", "path": "/user.show", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"},
                "requestId": "1",
                "routeKey": "$default",
                "stage": "$default",
                "time": "29/Nov/2026:14:00:00 +0000",
                "timeEpoch": 1_795_960_800_000_i64
            },
            "body": "{\"id\": \"42\"}",
            "isBase64Encoded": false
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn an_operator_is_who_iam_has_authenticated() {
        let iam = json!({
            "accessKey": "ASIAEXAMPLE", "accountId": "123456789012", "callerId": "AROAEXAMPLE:ann",
            "cognitoIdentity": null, "principalOrgId": null,
            "userArn": "arn:aws:sts::123456789012:assumed-role/Operators/ann", "userId": "AROAEXAMPLE:ann"
        });
        let request = event(&json!({ "iam": iam }));
        let actor = actor_of(&request).unwrap();
        assert_eq!(actor.id.as_deref(), Some("AROAEXAMPLE:ann"));
        assert_eq!(actor.arn.as_deref(), Some("arn:aws:sts::123456789012:assumed-role/Operators/ann"));
        assert_eq!(request.uri().path(), "/user.show");
        let nameless = json!({"accessKey": "ASIAEXAMPLE", "userArn": "", "userId": "AROAEXAMPLE:ann"});
        for forged in [json!(null), json!({}), json!({"jwt": {"claims": {}}}), json!({ "iam": nameless })] {
            assert_eq!(actor_of(&event(&forged)), None, "{forged}");
        }
    }
}
