//! An API of your own, guarded by Vestibule. API Gateway has let the request through: all that is left is to look who
//! it is, and for what is sensitive, how long ago they proved it. `docs/guarding.md` explains, `template.yaml` sets it up.

use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt as _, Response};
use serde_json::{Value, json};

/// How old the last login or reauthentication may be for what is sensitive, in seconds.
pub const MAX_AGE: i64 = 300;

/// Greets whoever asks. What is sensitive, at `/by-token/sensitive` and `/by-session/sensitive`, takes a recent proof of
/// who they are, too. `now` is a Unix timestamp.
pub fn answer(request: &Request, now: i64) -> Result<Response<Body>, Error> {
    let Some(caller) = Caller::of(request) else {
        // Only a route that was left without an authorizer leads here.
        return Ok(Response::builder().status(StatusCode::UNAUTHORIZED).body(Body::Empty)?);
    };
    let is_sensitive = request.raw_http_path().ends_with("/sensitive");
    if is_sensitive && caller.auth_time.is_none_or(|at| now - at > MAX_AGE) {
        return step_up();
    }
    let body = json!({"hello": caller.account}).to_string();
    Ok(Response::builder().header("content-type", "application/json").body(body.into())?)
}

/// Asks for a more recent authentication (RFC 9470): the client reauthenticates its user, and comes again.
fn step_up() -> Result<Response<Body>, Error> {
    let challenge = format!(
        "Bearer error=\"insufficient_user_authentication\", \
         error_description=\"A more recent authentication is required\", max_age=\"{MAX_AGE}\""
    );
    let body = json!({"error": "insufficient_user_authentication", "max_age": MAX_AGE}).to_string();
    Ok(Response::builder()
        .status(StatusCode::UNAUTHORIZED)
        .header("www-authenticate", challenge)
        .header("content-type", "application/json")
        .body(body.into())?)
}

/// Who asks.
struct Caller {
    /// The account, as Vestibule's API calls it `user.id`.
    account: String,
    /// The time of their last proof: the claim `auth_time` (`HEADLESS_JWT_CLAIMS`).
    auth_time: Option<i64>,
}

impl Caller {
    fn of(request: &Request) -> Option<Self> {
        let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return None };
        let authorizer = context.authorizer.as_ref()?;
        match &authorizer.jwt {
            // API Gateway's own authorizer has verified an access token, and tells its claims as text.
            Some(jwt) => {
                let auth_time = jwt.claims.get("auth_time").and_then(|at| at.parse().ok());
                Some(Self { account: jwt.claims.get("sub")?.clone(), auth_time })
            }
            // The function `authorizer` has looked the session up.
            None => {
                let account = authorizer.fields.get("account_id")?.as_str()?.to_owned();
                Some(Self { account, auth_time: authorizer.fields.get("auth_time").and_then(Value::as_i64) })
            }
        }
    }
}
