//! How processes reach AWS: every request of the SDK becomes a call of the kernel.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use vestibule::aws::Aws;
use vestibule::clock::Clock;
use vestibule::outside::{self, HttpError, Internet};
use vestibule_simulator_kernel::{Kernel, Reply};

use crate::variables;

#[derive(Clone, Debug)]
struct Network(Arc<Kernel>);

/// AWS, as a process reaches it. Each process has a region of its own: the SDK counts failures by region, beyond the life
/// of a process.
pub fn aws(kernel: &Arc<Kernel>, region: &str, clock: Clock) -> Aws {
    let variables = variables([
        ("AWS_REGION", region),
        ("AWS_ACCESS_KEY_ID", "simulated"),
        ("AWS_SECRET_ACCESS_KEY", "simulated"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://dynamodb"),
        ("AWS_ENDPOINT_URL_SESV2", "http://ses"),
        ("AWS_ENDPOINT_URL_SNS", "http://sns"),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://events"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://secrets"),
    ]);
    let client = SharedHttpClient::new(Network(Arc::clone(kernel)));
    Aws::through(variables, client, clock).expect("all variables are there")
}

/// The internet, as a process reaches it: whatever is sent in proof of who asks comes as the body, or in front of it.
pub fn internet(kernel: &Arc<Kernel>) -> Internet {
    let kernel = Arc::clone(kernel);
    Internet::new(move |request| {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let is_bearer = |(name, _): &&(HeaderName, HeaderValue)| name == AUTHORIZATION;
        let bearer = request.headers.iter().find(is_bearer).map(|(_, value)| value.as_bytes().to_vec());
        let body = [bearer.unwrap_or_default(), request.body].concat();
        let pending = kernel.call(&host, request.url.path(), body);
        Box::pin(async move {
            match pending.await {
                Reply::Response(status, body) => {
                    let status = status.try_into().expect("a status");
                    Ok(outside::HttpResponse { host, status, is_json: true, body: body.into() })
                }
                Reply::Broken => Err(HttpError::Unreachable { host, why: "the connection broke".to_owned() }),
            }
        })
    })
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: http::Uri = request.uri().parse().expect("the SDK makes whole URLs");
        let host = uri.host().unwrap_or_default();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let pending = self.0.call(host, operation, body);
        HttpConnectorFuture::new(async move {
            match pending.await {
                Reply::Response(status, body) => {
                    let status = status.try_into().expect("a status");
                    Ok(HttpResponse::new(status, SdkBody::from(body)))
                }
                Reply::Broken => Err(ConnectorError::io("the connection broke".into())),
            }
        })
    }
}
