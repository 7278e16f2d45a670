//! Authorization of a request to another API.

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request as Request;
use lambda_http::http::{HeaderValue, header};
use serde::Serialize;
use serde_json::{Map, Value};
use vestibule::app::App;
use vestibule::flows::claims;
use vestibule::flows::visit::{ClientKind, Visit, Visitor};
use vestibule::http::call::{ApiRequest, access_token};
use vestibule::http::{csrf, time_to_answer};
use vestibule::snapshot::Loaded;
use vestibule::store::StoreError;

/// The response to API Gateway: whether the request is authorized, and the context of the integration, in
/// `requestContext.authorizer.lambda`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether it goes on; if not, the client gets 403.
    pub is_authorized: bool,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Caller>,
}

/// The authenticated user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// The account: what the API calls `user.id`.
    pub account_id: String,
    /// The primary email address if it is verified, else empty.
    pub email: String,
    /// The claims of the site (`HEADLESS_JWT_CLAIMS`).
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}

/// Why a request can't be decided; API Gateway answers it with 500.
#[derive(Debug, thiserror::Error)]
pub enum Undecided {
    /// The session can't be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They show an access token, and there are no keys yet to verify it with.
    #[error("there are no keys yet to verify access tokens with")]
    NoKeys,
    /// The table is too slow.
    #[error("the deadline is near")]
    Late,
}

/// The same as [`authorize`], before this deadline: Lambda would end the process there, and say nothing of the reason.
/// A denial instead would be untrue, and clients that get 403 may take their session for ended.
pub async fn authorize_before(app: &App, deadline: u64, request: Request) -> Result<Verdict, Undecided> {
    let time = time_to_answer(deadline, app.clock.now());
    tokio::time::timeout(time, authorize(app, request)).await.unwrap_or(Err(Undecided::Late))
}

/// Finds out who makes a request, in one round trip. What is wrong with what they show makes no difference: the
/// request is refused.
///
/// A browser's request that may change something must also prove that no other site forged it, as in our own API.
pub async fn authorize(app: &App, request: Request) -> Result<Verdict, Undecided> {
    app.look_for_keys(access_token(&request.headers, &app.settings)).await;
    let call = read(app, request);
    if app.lacks_token_keys() && call.shows_access_token(&app.settings) {
        return Err(Undecided::NoKeys);
    }
    let identity = if is_forged(app, &call) { None } else { identify(app, &call).await? };
    Ok(Verdict { is_authorized: identity.is_some(), context: identity })
}

fn is_forged(app: &App, call: &ApiRequest) -> bool {
    call.visitor.client == ClientKind::Browser && csrf::check(call, &app.settings).is_err()
}

fn read(app: &App, request: Request) -> ApiRequest {
    let Request { mut headers, cookies, request_context, .. } = request;
    // API Gateway takes cookies out of the headers.
    if let Ok(value) = HeaderValue::from_str(&cookies.join("; "))
        && !cookies.is_empty()
    {
        headers.insert(header::COOKIE, value);
    }
    let source_ip = request_context.http.source_ip.unwrap_or_default();
    ApiRequest::elsewhere(request_context.http.method, headers, &source_ip, app)
}

async fn identify(app: &App, call: &ApiRequest) -> Result<Option<Caller>, StoreError> {
    let sessions = call.visitor.sessions();
    if sessions.is_empty() {
        return Ok(None);
    }
    let Some(store) = app.store() else { return Ok(None) };
    let mut loaded = store.load(&sessions, &[]).await?;
    loaded.settle(app.clock.now());
    let settled = call.settled(&loaded);
    let call = settled.as_ref().unwrap_or(call);
    // A secret that is bound to a session (`CSRF_USE_SESSIONS`) is to be that of this one.
    Ok(if is_forged(app, call) { None } else { recognise(app, &call.visitor, &loaded) })
}

fn recognise(app: &App, visitor: &Visitor, loaded: &Loaded) -> Option<Caller> {
    let (secrets, passwords) = (app.secrets(), app.passwords());
    let visit = Visit::open(app.context(&secrets, &passwords), visitor, loaded, app.clock.now()).ok()?;
    let user = visit.user()?;
    let mut claims = claims::of_user(&visit);
    // Its source is the same (the settings see to that), and here it is empty rather than absent.
    claims.remove("email");
    let email = claims::verified_email(user).unwrap_or_default().to_owned();
    Some(Caller { account_id: user.id.as_str().to_owned(), email, claims })
}
