//! Another API, which asks the function `authorizer` about each request.

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request as Event;
use bytes::Bytes;
use http::{Request, Response, header};
use lambda_http::Body;
use serde_json::json;
use vestibule::app::App;
use vestibule_authorizer::authorize;

/// What that API answers.
pub async fn answer(app: &App, request: &Request<Bytes>) -> Response<Body> {
    let (status, verdict) = match authorize(app, event(request)).await {
        Ok(verdict) if verdict.is_authorized => (200, json!(verdict)),
        Ok(verdict) => (403, json!(verdict)),
        // API Gateway makes a 500 of it; what matters is that it is no verdict.
        Err(error) => (503, json!({"error": error.to_string()})),
    };
    let mut response = Response::new(Body::Text(verdict.to_string()));
    *response.status_mut() = status.try_into().expect("a status");
    response
}

/// The event of API Gateway, which takes cookies out of the headers.
fn event(request: &Request<Bytes>) -> Event {
    let mut headers = request.headers().clone();
    let cookies = headers.remove(header::COOKIE);
    let cookies = cookies.iter().filter_map(|cookies| cookies.to_str().ok());
    let cookies = cookies.flat_map(|cookies| cookies.split("; ").map(str::to_owned)).collect();
    let mut event = Event::default();
    (event.headers, event.cookies) = (headers, cookies);
    event.request_context.http.method = request.method().clone();
    event
}
