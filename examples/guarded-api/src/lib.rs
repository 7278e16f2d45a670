//! An API of your own, guarded by Vestibule. API Gateway has let the request through: all that is left is to look who
//! it is. `docs/guarding.md` explains, `template.yaml` sets it up.

use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt as _, Response};
use serde_json::{Value, json};

/// `GET /by-token` and `GET /by-session`: greets whoever asks.
pub fn greet(request: &Request) -> Result<Response<Body>, Error> {
    let Some(account) = account(request) else {
        // Only a route that was left without an authorizer leads here.
        return Ok(Response::builder().status(StatusCode::UNAUTHORIZED).body(Body::Empty)?);
    };
    let body = json!({"hello": account}).to_string();
    Ok(Response::builder().header("content-type", "application/json").body(body.into())?)
}

/// The account, as Vestibule's API calls it `user.id`.
fn account(request: &Request) -> Option<String> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return None };
    let authorizer = context.authorizer.as_ref()?;
    match &authorizer.jwt {
        // API Gateway's own authorizer has verified an access token.
        Some(jwt) => jwt.claims.get("sub").cloned(),
        // The function `authorizer` has looked the session up.
        None => authorizer.fields.get("account_id").and_then(Value::as_str).map(str::to_owned),
    }
}
