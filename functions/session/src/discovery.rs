//! What other services verify access tokens with: `/.well-known/jwks.json` (RFC 7517) and
//! `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, 3), as far as that takes.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use vestibule::app::App;

/// The public keys: the one that signs, the one that signs next, and the one before.
pub(crate) fn keys(app: &App, _: &str) -> Option<Response<Body>> {
    app.jwt().map(|jwt| document(&json!(jwt.published())))
}

/// Who signs, and where the keys are. Nobody logs in by OpenID Connect here: the endpoints for that are not named.
pub(crate) fn configuration(app: &App, base_url: &str) -> Option<Response<Body>> {
    let jwt = app.jwt()?;
    Some(document(&json!({
        "issuer": jwt.issuer(base_url),
        "jwks_uri": format!("{}/.well-known/jwks.json", jwt.issuer(base_url)),
        "id_token_signing_alg_values_supported": [jwt.algorithm()],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "claims_supported": ["aud", "exp", "iat", "iss", "jti", "sid", "sub", "token_use"],
    })))
}

fn document(content: &Value) -> Response<Body> {
    let mut response = Response::new(Body::Text(content.to_string()));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Keys are published long before they sign, and pages elsewhere may verify tokens as well.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
