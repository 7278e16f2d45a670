//! One origin for frontend and API, as CloudFront makes it on AWS: it leads requests as `infra/cloudfront.yaml` says, adds
//! the client's IP address and the secret header, and rewrites the prefix.
//!
//! CloudFront's caches, its TLS, and web sockets are not imitated.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::warn;
use url::Url;

use crate::gateway::{Gateway, rewritten};
use crate::template::{Distribution, TemplateError};
use vestibule::secret::Secret;

/// The template that is deployed.
const TEMPLATE: &str = include_str!("../../infra/cloudfront.yaml");

/// The IP address that API Gateway sees, which no client here has (RFC 5737).
const EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

const ORIGIN_VERIFY: HeaderName = HeaderName::from_static("x-origin-verify");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What CloudFront takes out of requests: they are for one connection, or its own to say.
const REMOVED: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
];

/// A distribution on a local port.
pub struct CloudFront {
    distribution: Distribution,
    api: ApiOrigin,
    frontend: Url,
}

/// The API behind it.
pub struct ApiOrigin {
    /// API Gateway.
    pub gateway: Arc<Gateway>,
    /// Its `Host`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The value of `X-Origin-Verify`.
    pub secret: Secret,
    /// The path that is rewritten (`HEADLESS_URL_PREFIX`).
    pub prefix: Option<String>,
}

impl CloudFront {
    /// The distribution of the template in front of an API and a frontend.
    pub fn new(api: ApiOrigin, frontend: Url) -> Result<Self, TemplateError> {
        let prefix = api.prefix.clone().unwrap_or_default();
        let distribution = Distribution::read(TEMPLATE, &BTreeMap::from([("UrlPrefix".to_owned(), prefix)]))?;
        Ok(Self { distribution, api, frontend })
    }

    /// Answers a request from `client`.
    pub async fn answer(&self, request: Request<Body>, client: IpAddr) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let has_body = head.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
            || head.headers.contains_key(header::TRANSFER_ENCODING);
        if head.method == Method::GET && has_body {
            return refuse(StatusCode::FORBIDDEN, "CloudFront answers 403 to GET requests with a body.");
        }
        for name in REMOVED {
            head.headers.remove(name);
        }
        add_client(&mut head.headers, client);
        let Some(behavior) = self.distribution.find(head.uri.path()) else {
            return self.ask_frontend(Request::from_parts(head, body)).await;
        };
        if !behavior.methods.iter().any(|method| method == head.method.as_str()) {
            return refuse(StatusCode::FORBIDDEN, "CloudFront passes this method on to no origin.");
        }
        let prefix = self.api.prefix.as_ref().filter(|_| !behavior.functions.is_empty());
        if let Some(uri) = prefix.and_then(|prefix| rewritten(&head.uri, prefix)) {
            head.uri = uri;
        }
        for (name, value) in
            [(header::HOST, self.api.host.as_str()), (ORIGIN_VERIFY, self.api.secret.expose())]
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                head.headers.insert(name, value);
            }
        }
        let edge = SocketAddr::new(EDGE, 443);
        self.api.gateway.answer(Request::from_parts(head, body), edge, self.api.port).await
    }

    async fn ask_frontend(&self, mut request: Request<Body>) -> Response<Body> {
        let host = self.frontend.authority();
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse::<Uri>();
        if let (Ok(host), Ok(target)) = (HeaderValue::from_str(host), target) {
            request.headers_mut().insert(header::HOST, host);
            *request.uri_mut() = target;
        }
        match self.send(request).await {
            Ok(response) => response,
            Err(error) => {
                warn!(%error, frontend = %self.frontend, "the frontend does not answer");
                let text = format!(
                    "The frontend at {} does not answer: start it, or name another with --behind-proxy=URL.",
                    self.frontend
                );
                refuse(StatusCode::BAD_GATEWAY, &text)
            }
        }
    }

    async fn send(&self, request: Request<Body>) -> io::Result<Response<Body>> {
        let host = self.frontend.host_str().unwrap_or_default();
        let port = self.frontend.port_or_known_default().unwrap_or_default();
        let stream = TcpStream::connect(format!("{host}:{port}")).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends with the body of the answer.
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        Ok(response.map(Body::new))
    }
}

/// Appends the client's IP address, as every proxy does.
fn add_client(headers: &mut HeaderMap, client: IpAddr) {
    let said = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let client = client.to_canonical().to_string();
    let chain: Vec<&str> = said.chain([client.as_str()]).collect();
    if let Ok(value) = HeaderValue::from_str(&chain.join(", ")) {
        headers.insert(FORWARDED_FOR, value);
    }
}

fn refuse(status: StatusCode, text: &str) -> Response<Body> {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
}
