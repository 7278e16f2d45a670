//! What is asked of Vestibule.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::refusal::Refusal;

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Vestibule {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    url: Uri,
}

impl Vestibule {
    pub(crate) fn new(url: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), url: url.parse()? })
    }

    /// Asks for something: there is an answer, or there is none to this proof.
    pub(crate) async fn get(&self, path: &'static str, headers: HeaderMap) -> Result<Option<Value>, Refusal> {
        let answered = tokio::time::timeout(TIMEOUT, self.answer(path, headers)).await;
        let (status, body) = answered.ok().flatten().ok_or(Refusal::Unavailable)?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map(Some).map_err(|_| Refusal::Unavailable),
            StatusCode::UNAUTHORIZED | StatusCode::GONE => Ok(None),
            _ => Err(Refusal::Unavailable),
        }
    }

    async fn answer(&self, path: &'static str, headers: HeaderMap) -> Option<(StatusCode, Bytes)> {
        let mut uri = self.url.clone().into_parts();
        uri.path_and_query = Some(PathAndQuery::from_static(path));
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_parts(uri).ok()?;
        *request.headers_mut() = headers;
        let answer = self.client.request(request).await.ok()?;
        let status = answer.status();
        Some((status, Limited::new(answer.into_body(), MOST_BYTES).collect().await.ok()?.to_bytes()))
    }
}
