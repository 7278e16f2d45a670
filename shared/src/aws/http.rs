//! HTTP for clients of AWS services.
//!
//! The SDK's own client speaks HTTP/2 too, which costs every function half a megabyte: DynamoDB does not speak it.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_async::future::timeout::TimedOutError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{
    CaptureConnection, Connected, HttpConnector as Tcp, capture_connection,
};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use lambda_http::BoxFuture;
use lambda_http::http::Uri;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tower_service::Service;

/// How long a connection may take to open, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client that keeps its connections; clones share them.
#[derive(Clone, Debug)]
pub struct AwsHttp(Client<Connect, SdkBody>);

impl AwsHttp {
    /// One that trusts these certificate authorities.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn new(authorities: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(authorities) {
            let authority = authority.map_err(|error| error.to_string())?;
            roots.add(authority).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let tls = trust(roots).map_err(|error| error.to_string())?;
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let mut client = Client::builder(TokioExecutor::new());
        Ok(Self(client.pool_timer(TokioTimer::new()).build(Connect(https))))
    }
}

/// TLS that trusts these certificate authorities.
pub fn trust(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl HttpClient for AwsHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for AwsHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(poisoned) = request.extensions().get::<CaptureSmithyConnection>() {
            poisoned.set_connection_retriever(move || metadata(&connection));
        }
        let answered = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let response = answered.await.map_err(classified)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The connection of a request, for the SDK to give up after an error: a retry takes another.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || connection.connection_metadata().as_ref().map_or((), Connected::poison);
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// What the SDK makes of an error: it tries again after what is a timeout, or a connection that broke.
fn classified(error: ClientError) -> ConnectorError {
    let of_http = causes(&error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    if causes(&error).any(<dyn Error>::is::<TimedOutError>) || of_http.is_some_and(hyper::Error::is_timeout) {
        return ConnectorError::timeout(error.into());
    }
    if of_http.is_some_and(hyper::Error::is_user) {
        return ConnectorError::user(error.into());
    }
    let broke =
        |error: &hyper::Error| error.is_closed() || error.is_canceled() || error.is_incomplete_message();
    if error.is_connect() || of_http.is_some_and(broke) || causes(&error).any(<dyn Error>::is::<io::Error>) {
        return ConnectorError::io(error.into());
    }
    ConnectorError::other(error.into(), None)
}

/// An error, what caused it, and so on.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        error.source()
    })
}

/// Opens connections, in time.
#[derive(Clone, Debug)]
struct Connect(HttpsConnector<Tcp>);

impl Service<Uri> for Connect {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.0.call(uri));
        Box::pin(async move { connected.await.map_err(|_| TimedOutError)? })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use vestibule_stand_in::Server;

    use super::*;
    use crate::aws::AMAZON_ROOTS;

    const OF_THE_STAND_IN: &str = include_str!("../../../tests/stand-in/src/tls-cert.pem");

    async fn ask(authorities: &str, url: &str) -> Result<String, ConnectorError> {
        let mut request = HttpRequest::get(url).unwrap();
        request.headers_mut().insert("host", "localhost");
        let response = AwsHttp::new(authorities.as_bytes()).unwrap().call(request).await?;
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        Ok(String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_service_answers() {
        let server = Server::start(|_| Server::ok("1")).await;
        assert_eq!(ask(AMAZON_ROOTS, &server.url).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn a_service_is_who_its_certificate_says() {
        let server = Server::over_tls(|_| Server::ok("1")).await;
        let url = |host: &str| format!("https://{host}:{}/", server.port);
        assert_eq!(ask(OF_THE_STAND_IN, &url("localhost")).await.unwrap(), "1");
        assert!(ask(OF_THE_STAND_IN, &url("127.0.0.1")).await.unwrap_err().is_io());
        assert!(ask(AMAZON_ROOTS, &url("localhost")).await.unwrap_err().is_io());
    }

    #[tokio::test]
    async fn what_breaks_or_takes_too_long_can_be_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let closes = tokio::spawn(async move {
            drop(listener.accept().await);
            listener
        });
        assert!(ask(AMAZON_ROOTS, &format!("http://127.0.0.1:{port}/")).await.unwrap_err().is_io());
        // Accepts, and never says a word of TLS.
        let listener = closes.await.unwrap();
        assert!(ask(AMAZON_ROOTS, &format!("https://localhost:{port}/")).await.unwrap_err().is_timeout());
        drop(listener);
        assert!(ask(AMAZON_ROOTS, &format!("http://127.0.0.1:{port}/")).await.unwrap_err().is_io());
    }

    #[test]
    fn authorities_are_certificates() {
        for (authorities, told) in [
            ("", "there is no certificate in it"),
            ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "invalid"),
        ] {
            let refused = AwsHttp::new(authorities.as_bytes()).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
