//! Requests to AWS services of which few operations are called. The SDK has a crate for each service, which compiles all
//! of its operations. What signs, retries and times out a request is the same for all, and comes with DynamoDB's.

use std::fmt;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::{Region, SigningRegion};
use aws_types::{SdkConfig, SigningName};
use serde_json::Value;

/// What a service did not do: the same type as of an SDK's client, with the code and message of the service.
pub type AwsRequestError = SdkError<ErrorMetadata, HttpResponse>;

/// A service.
#[derive(Clone, Copy, Debug)]
pub struct AwsService {
    /// The name that signatures have.
    pub name: &'static str,
    /// The first label of its host name.
    pub host: &'static str,
}

/// A request to a service.
pub struct AwsRequest {
    service: AwsService,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

/// Bodies have codes and keys, and paths name customers' resources.
impl fmt::Debug for AwsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsRequest").field("service", &self.service).finish_non_exhaustive()
    }
}

/// The response to a request that succeeded.
#[derive(Clone)]
pub struct AwsResponse {
    headers: Headers,
    body: Vec<u8>,
}

impl fmt::Debug for AwsResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsResponse").finish_non_exhaustive()
    }
}

impl AwsResponse {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The text of the first XML element of this name.
    pub fn element(&self, name: &str) -> Option<&str> {
        element(&self.body, name)
    }
}

impl AwsRequest {
    /// A request with this path, which is percent-encoded, and without a body.
    pub fn new(service: AwsService, method: &'static str, path: impl Into<String>) -> Self {
        Self { service, method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Signs and sends it with the credentials, timeouts and retries of `config`.
    pub async fn send(self, config: &SdkConfig) -> Result<AwsResponse, AwsRequestError> {
        let service = self.service;
        let mut operation = Operation::builder()
            .service_name(service.name)
            .operation_name(self.method)
            .endpoint_url(&endpoint(service, config))
            .timeout_config(config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
            .standard_retry(&config.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .with_connection_poisoning()
            .interceptor(RecursionDetectionInterceptor::new())
            .runtime_plugin(signature(service, config))
            .serializer(|request: Self| request.build())
            .deserializer(read);
        if let Some(http) = config.http_client() {
            operation = operation.http_client(http);
        }
        if let Some(sleep) = config.sleep_impl() {
            operation = operation.sleep_impl(sleep);
        }
        operation.build().invoke(self).await
    }

    fn build(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method)?;
        request.set_uri(self.path)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

/// Signature Version 4.
fn signature(service: AwsService, config: &SdkConfig) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signature");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(service.name)),
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new("signature")
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
        )))
        .with_identity_cache(Some(IdentityCache::no_cache()));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn endpoint(service: AwsService, config: &SdkConfig) -> String {
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    let regional = || format!("https://{}.{region}.{}", service.host, domain(region));
    config.endpoint_url().map_or_else(regional, str::to_owned)
}

/// The domain of a region's partition.
fn domain(region: &str) -> &'static str {
    match region.split_once('-') {
        Some(("cn", _)) => "amazonaws.com.cn",
        Some(("eusc", _)) => "amazonaws.eu",
        Some((_, rest)) if rest.starts_with("iso-") => "c2s.ic.gov",
        Some((_, rest)) if rest.starts_with("isob-") => "sc2s.sgov.gov",
        Some((_, rest)) if rest.starts_with("isoe-") => "cloud.adc-e.uk",
        Some((_, rest)) if rest.starts_with("isof-") => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}

fn read(response: &HttpResponse) -> Result<AwsResponse, OrchestratorError<ErrorMetadata>> {
    let (headers, body) = (response.headers(), response.body().bytes().unwrap_or_default());
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(headers, body)));
    }
    Ok(AwsResponse { headers: headers.clone(), body: body.to_vec() })
}

/// Code and message of a refusal, as JSON or XML.
fn refusal(headers: &Headers, body: &[u8]) -> ErrorMetadata {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| json.get(name).and_then(Value::as_str);
    let code = headers.get("x-amzn-errortype").or_else(|| member("code")).or_else(|| member("__type"));
    let message = member("message").or_else(|| member("Message"));
    let mut refusal = ErrorMetadata::builder();
    if let Some(code) = code.or_else(|| element(body, "Code")) {
        // As in `aws.protocoltests#FooError:http://internal.amazon.com/coral/`.
        let code = code.split(':').next().unwrap_or_default();
        refusal = refusal.code(code.rsplit('#').next().unwrap_or_default());
    }
    if let Some(message) = message.or_else(|| element(body, "Message")) {
        refusal = refusal.message(message);
    }
    refusal.build()
}

fn element<'a>(xml: &'a [u8], name: &str) -> Option<&'a str> {
    let (_, rest) = std::str::from_utf8(xml).ok()?.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_domain() {
        const SES: AwsService = AwsService { name: "ses", host: "email" };
        for (region, expected) in [
            ("eu-west-1", "https://email.eu-west-1.amazonaws.com"),
            ("us-gov-west-1", "https://email.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://email.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "https://email.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "https://email.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "https://email.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", "https://email.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", "https://email.us-isof-south-1.csp.hci.ic.gov"),
        ] {
            let config = SdkConfig::builder().region(Region::new(region)).build();
            assert_eq!(endpoint(SES, &config), expected);
        }
        let local =
            SdkConfig::builder().region(Region::new("local")).endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(endpoint(SES, &local), "http://127.0.0.1:1");
    }

    #[test]
    fn refusals_are_read_as_every_protocol_writes_them() {
        let sns = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>No topic</Message></Error>\
                   </ErrorResponse>";
        for (header, body, code, message) in [
            (None, r#"{"__type":"com.amazon#Gone","Message":"It was"}"#, Some("Gone"), Some("It was")),
            (Some("Slow:http://internal/"), r#"{"message":"down"}"#, Some("Slow"), Some("down")),
            (Some("Slow"), "", Some("Slow"), None),
            (None, sns, Some("NotFound"), Some("No topic")),
            (None, "<html>unavailable</html>", None, None),
            (None, "\u{fffd}", None, None),
        ] {
            let mut headers = Headers::new();
            if let Some(header) = header {
                headers.insert("x-amzn-errortype", header);
            }
            let refusal = refusal(&headers, body.as_bytes());
            assert_eq!((refusal.code(), refusal.message()), (code, message), "{body}");
        }
    }

    #[test]
    fn what_is_debugged_has_no_body_and_no_path() {
        let service = AwsService { name: "sns", host: "sns" };
        let request = AwsRequest::new(service, "POST", "/secret").json(&"secret".into());
        assert!(!format!("{request:?}").contains("secret"));
        let response = AwsResponse { headers: Headers::new(), body: b"secret".to_vec() };
        assert!(!format!("{response:?}").contains("secret") && !format!("{response:?}").contains("115"));
    }
}
