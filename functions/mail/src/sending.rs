//! Sending: mails through SES, text messages through an SNS topic or a Lambda function. It distinguishes temporary
//! from permanent failures, and decides nothing else.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use vestibule::aws::request::{AwsRequest, AwsService};

use crate::letter::{Email, RenderedMessage, TextMessage};
use crate::mailbox;

/// Carries letters.
pub trait Sender: Sync {
    /// Hands a letter over. `Ok` means that it was taken, not that it has arrived.
    fn send(&self, letter: &RenderedMessage) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Why a letter was not taken. The reasons are for the log: no address is in them in full.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later: throttled, out of order, not allowed to send at the moment.
    #[error("not now: {0}")]
    Later(String),
    /// It never will, for this letter.
    #[error("refused: {0}")]
    Refused(String),
}

/// The route of text messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextRoute {
    /// Published to the SNS topic with this ARN.
    Topic(String),
    /// Passed to the Lambda function with this ARN.
    Function(String),
    /// Not at all.
    None,
}

const SNS: AwsService = AwsService { name: "sns", host: "sns" };
const LAMBDA: AwsService = AwsService { name: "lambda", host: "lambda" };

/// Carries letters with Amazon's services.
pub struct AwsSender {
    config: Box<dyn Fn(&str) -> SdkConfig + Send + Sync>,
    from: String,
    configuration_set: Option<String>,
    texts: TextRoute,
    ses: OnceLock<aws_sdk_sesv2::Client>,
}

impl AwsSender {
    /// `config` gives the configuration of a service by its name in `AWS_ENDPOINT_URL_<SERVICE>`; `from` is
    /// `DEFAULT_FROM_EMAIL`, an address or `Name <address>`; `configuration_set` is the one of SES.
    pub fn new(
        config: impl Fn(&str) -> SdkConfig + Send + Sync + 'static,
        from: String,
        configuration_set: Option<String>,
        texts: TextRoute,
    ) -> Self {
        Self { config: Box::new(config), from, configuration_set, texts, ses: OnceLock::new() }
    }

    /// Nobody waits here, and a call that is cut off may have sent: so there is more time than for other calls, but
    /// less than a claim lasts.
    fn service(&self, name: &str) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(25))
            .build();
        (self.config)(name).into_builder().timeout_config(timeouts).build()
    }

    async fn email(&self, email: &Email) -> Result<(), SendError> {
        let content =
            |text: &str| Content::builder().charset("UTF-8").data(text).build().map_err(unbuildable);
        let message = Message::builder()
            .subject(content(&email.subject)?)
            .body(Body::builder().text(content(&email.text)?).html(content(&email.html)?).build())
            .build();
        let tag = MessageTag::builder().name("kind").value(email.kind).build().map_err(unbuildable)?;
        self.ses
            .get_or_init(|| aws_sdk_sesv2::Client::new(&self.service("SESV2")))
            .send_email()
            .from_email_address(mailbox::header(&self.from))
            .destination(Destination::builder().to_addresses(&email.to).build())
            .content(EmailContent::builder().simple(message).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .email_tags(tag)
            .send()
            .await
            .map(|sent| tracing::info!(id = email.id, ses_message_id = sent.message_id(), "accepted by SES"))
            .map_err(|error| send_error(&error, &self.from))
    }

    async fn publish(&self, topic: &str, text: &TextMessage) -> Result<(), SendError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("Action", "Publish"),
                ("Version", "2010-03-31"),
                ("TopicArn", topic),
                ("Message", &payload(text)),
                ("MessageAttributes.entry.1.Name", "kind"),
                ("MessageAttributes.entry.1.Value.DataType", "String"),
                ("MessageAttributes.entry.1.Value.StringValue", text.kind),
                ("MessageAttributes.entry.2.Name", "id"),
                ("MessageAttributes.entry.2.Value.DataType", "String"),
                ("MessageAttributes.entry.2.Value.StringValue", &text.id),
            ])
            .finish();
        let request = AwsRequest::new(SNS, "POST", "/").body("application/x-www-form-urlencoded", form);
        let sent = request.send(&self.service("SNS")).await.map_err(|error| send_error(&error, ""))?;
        tracing::info!(id = text.id, sns_message_id = sent.element("MessageId"), "accepted by SNS");
        Ok(())
    }

    /// Invoked as an event, Lambda queues the text durably and tries again by itself: a slow provider of texts then
    /// holds up no mail, as it would if we waited for the function's answer.
    async fn invoke(&self, function: &str, text: &TextMessage) -> Result<(), SendError> {
        let function = utf8_percent_encode(function, NON_ALPHANUMERIC);
        let request =
            AwsRequest::new(LAMBDA, "POST", format!("/2015-03-31/functions/{function}/invocations"))
                .header("x-amz-invocation-type", "Event")
                .body("application/octet-stream", payload(text));
        request.send(&self.service("LAMBDA")).await.map_err(|error| send_error(&error, ""))?;
        tracing::info!(id = text.id, "accepted by Lambda");
        Ok(())
    }
}

impl Sender for AwsSender {
    async fn send(&self, letter: &RenderedMessage) -> Result<(), SendError> {
        match (letter, &self.texts) {
            (RenderedMessage::Email(email), _) => self.email(email).await,
            (RenderedMessage::Text(text), TextRoute::Topic(topic)) => self.publish(topic, text).await,
            (RenderedMessage::Text(text), TextRoute::Function(function)) => self.invoke(function, text).await,
            (RenderedMessage::Text(_), TextRoute::None) => Err(SendError::Refused(
                "text messages cannot be sent: set SMS_TOPIC_ARN or SMS_FUNCTION_ARN, or take phone out of \
                 ACCOUNT_LOGIN_METHODS and ACCOUNT_SIGNUP_FIELDS"
                    .to_owned(),
            )),
        }
    }
}

/// What the topic's subscribers and the function get.
fn payload(text: &TextMessage) -> String {
    json!({ "phone": text.phone, "text": text.text, "kind": text.kind, "id": text.id }).to_string()
}

fn unbuildable(error: impl std::fmt::Display) -> SendError {
    SendError::Refused(error.to_string())
}

/// What may work later though the status is that of a mistake of ours. With all but the first, no mail can be
/// sent until an operator mends it: so the mail waits, and then the dead-letter queue says so.
const LATER: &[&str] = &[
    "LimitExceededException",
    "SendingPausedException",
    "AccountSuspendedException",
    "MailFromDomainNotVerifiedException",
    "NotFoundException",
];

/// Whether SES refuses the sender itself: its identity is not verified yet, or no more. It says the same of recipients
/// while the account is in the sandbox, and names whom it means.
fn is_about_sender(code: &str, message: &str, from: &str) -> bool {
    let address = from.rsplit('<').next().unwrap_or(from).trim_end_matches('>').to_lowercase();
    code == "MessageRejected"
        && message.contains("not verified")
        && message.to_lowercase().split([' ', ',', '<', '>']).any(|word| word == address)
}

fn send_error<E: ProvideErrorMetadata>(
    error: &SdkError<E, aws_sdk_sesv2::config::http::HttpResponse>,
    from: &str,
) -> SendError {
    match error {
        SdkError::TimeoutError(_) => SendError::Later("timed out".to_owned()),
        SdkError::DispatchFailure(_) => SendError::Later("no connection".to_owned()),
        SdkError::ResponseError(_) => SendError::Later("unreadable answer".to_owned()),
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let code = context.err().code().unwrap_or("unknown error");
            let message = context.err().message().unwrap_or_default();
            let reason = format!("{code} ({status}): {}", without_addresses(message));
            // 403: the function's role may not, or its credentials have run out. KMS: the key of an encrypted topic.
            let later = status >= 500
                || status == 429
                || status == 403
                || code.starts_with("Throttl")
                || code.starts_with("KMS")
                || LATER.contains(&code)
                || is_about_sender(code, message, from);
            if later { SendError::Later(reason) } else { SendError::Refused(reason) }
        }
        other => SendError::Refused(other.to_string()),
    }
}

/// Leaves the first letter and the domain of addresses: SES names who was refused.
fn without_addresses(message: &str) -> String {
    let masked = message.split(' ').map(|word| match word.rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.trim_start_matches(['<', '"', '\'', '(']).chars().next();
            format!("{}…@{domain}", first.map(String::from).unwrap_or_default())
        }
        None => word.to_owned(),
    });
    masked.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_sdk_sesv2::config::{BehaviorVersion, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::retry::RetryConfig;
    use vestibule::domain::message::{Envelope, Message, Recipient};
    use vestibule::domain::profile::ProfileValues;

    use super::*;
    use crate::templates::Templates;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:texts";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:texts";

    /// A service that gives one answer, and keeps what it was asked. Later requests find it closed.
    #[derive(Clone, Debug)]
    struct Service {
        answer: Arc<Mutex<Option<(u16, &'static str)>>>,
        requests: Arc<Mutex<Vec<HttpRequest>>>,
    }

    impl HttpConnector for Service {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let answer = self.answer.lock().unwrap().take();
            let Some((status, body)) = answer else {
                return HttpConnectorFuture::ready(Err(ConnectorError::io("refused".into())));
            };
            self.requests.lock().unwrap().push(request);
            let status = status.try_into().unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
        }
    }

    impl Service {
        fn asked(&self) -> usize {
            self.requests.lock().unwrap().len()
        }

        fn uri(&self) -> String {
            self.requests.lock().unwrap()[0].uri().to_owned()
        }

        fn header(&self, name: &str) -> Option<String> {
            self.requests.lock().unwrap()[0].headers().get(name).map(str::to_owned)
        }

        fn body(&self) -> String {
            let requests = self.requests.lock().unwrap();
            String::from_utf8(requests[0].body().bytes().unwrap().to_vec()).unwrap()
        }
    }

    /// A sender whose first request gets this answer.
    fn sender(texts: TextRoute, status: u16, answer: &'static str) -> (AwsSender, Service) {
        let service =
            Service { answer: Arc::new(Mutex::new(Some((status, answer)))), requests: Arc::default() };
        let connector = SharedHttpConnector::new(service.clone());
        let http = http_client_fn(move |_, _| connector.clone());
        let config = move |_: &str| {
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
                    "AKIDEXAMPLE",
                    "not-a-secret",
                    None,
                )))
                .http_client(http.clone())
                .retry_config(RetryConfig::disabled())
                .build()
        };
        let sender =
            AwsSender::new(config, "Acme <noreply@acme.example>".into(), Some("mails".into()), texts);
        (sender, service)
    }

    fn letter(to: Recipient) -> RenderedMessage {
        let message = Message::LoginCode { code: "BCDF-GHJK".to_owned() };
        let (id, site) = ("7".to_owned(), "acme.example".to_owned());
        let envelope = Envelope { id, to, site, profile: ProfileValues::new(), language: None, message };
        Templates::load(None, crate::catalogue::english(), None, Vec::new())
            .unwrap()
            .render(&envelope)
            .unwrap()
    }

    fn to_email() -> RenderedMessage {
        letter(Recipient::Email("somebody@example.com".to_owned()))
    }

    fn to_phone() -> RenderedMessage {
        letter(Recipient::Phone("+31612345678".to_owned()))
    }

    #[tokio::test]
    async fn ses_gets_simple_content_and_no_address_but_the_recipients() {
        let (sender, service) = sender(TextRoute::None, 200, r#"{"MessageId":"m-1"}"#);
        sender.send(&to_email()).await.unwrap();
        assert_eq!(service.uri(), "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails");
        let sent: serde_json::Value = serde_json::from_str(&service.body()).unwrap();
        assert_eq!(sent["FromEmailAddress"], "Acme <noreply@acme.example>");
        assert_eq!(sent["Destination"], json!({ "ToAddresses": ["somebody@example.com"] }));
        assert_eq!(sent["ConfigurationSetName"], "mails");
        assert_eq!(sent["EmailTags"], json!([{ "Name": "kind", "Value": "login_code" }]));
        let content = &sent["Content"];
        assert_eq!(content.as_object().unwrap().keys().collect::<Vec<_>>(), ["Simple"]);
        assert_eq!(content["Simple"]["Subject"]["Data"], "[acme.example] Your code to log in");
        assert!(content["Simple"]["Body"]["Text"]["Data"].as_str().unwrap().contains("\nBCDF-GHJK\n"));
        assert!(content["Simple"]["Body"]["Html"]["Data"].as_str().unwrap().contains("BCDF-GHJK"));
    }

    #[tokio::test]
    async fn a_topic_gets_the_text_as_json_and_nothing_secret_as_attribute() {
        let answer =
            "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>";
        let (sender, service) = sender(TextRoute::Topic(TOPIC.to_owned()), 200, answer);
        sender.send(&to_phone()).await.unwrap();
        let body = service.body();
        let form: Vec<_> = form_urlencoded::parse(body.as_bytes()).collect();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        assert_eq!(field("Action"), Some("Publish"));
        assert_eq!(field("TopicArn"), Some(TOPIC));
        let message: serde_json::Value = serde_json::from_str(field("Message").unwrap()).unwrap();
        assert_eq!(
            message,
            json!({
                "phone": "+31612345678",
                "text": "BCDF-GHJK is your code to log in to acme.example. Keep it to yourself.",
                "kind": "login_code",
                "id": "7",
            })
        );
        let attributes: String = form
            .iter()
            .filter(|(key, _)| key.starts_with("MessageAttributes"))
            .map(|(_, value)| value.as_ref())
            .collect();
        assert!(
            attributes.contains("login_code") && !attributes.contains("BCDF") && !attributes.contains("+31")
        );
    }

    #[tokio::test]
    async fn a_function_gets_the_text_as_an_event() {
        let (sender, service) = sender(TextRoute::Function(FUNCTION.to_owned()), 202, "");
        sender.send(&to_phone()).await.unwrap();
        assert_eq!(service.header("X-Amz-Invocation-Type").as_deref(), Some("Event"));
        let sent: serde_json::Value = serde_json::from_str(&service.body()).unwrap();
        assert_eq!(sent["phone"], "+31612345678");
    }

    #[tokio::test]
    async fn without_a_way_for_texts_the_reason_says_what_to_set() {
        let (sender, service) = sender(TextRoute::None, 200, "");
        let Err(SendError::Refused(reason)) = sender.send(&to_phone()).await else { panic!("not refused") };
        assert!(reason.contains("SMS_TOPIC_ARN") && reason.contains("ACCOUNT_LOGIN_METHODS"));
        assert_eq!(service.asked(), 0);
    }

    #[tokio::test]
    async fn what_may_work_later_is_told_from_what_never_will() {
        for (status, answer, later) in [
            (400, r#"{"__type":"MessageRejected","message":"Message contains a virus"}"#, false),
            (
                400,
                r#"{"__type":"MessageRejected","message":"Email address is not verified. The following identities failed the check in region EU-WEST-1: somebody@example.com"}"#,
                false,
            ),
            (
                400,
                r#"{"__type":"MessageRejected","message":"Email address is not verified. The following identities failed the check in region EU-WEST-1: Acme <noreply@acme.example>, noreply@acme.example"}"#,
                true,
            ),
            (400, r#"{"__type":"KMSAccessDeniedException","message":"key"}"#, true),
            (400, r#"{"__type":"BadRequestException","message":"Illegal address"}"#, false),
            (413, "too large", false),
            (400, r#"{"__type":"LimitExceededException","message":"Daily quota"}"#, true),
            (400, r#"{"__type":"SendingPausedException","message":"paused"}"#, true),
            (400, r#"{"__type":"AccountSuspendedException","message":"suspended"}"#, true),
            (400, r#"{"__type":"MailFromDomainNotVerifiedException","message":"domain"}"#, true),
            (404, r#"{"__type":"NotFoundException","message":"Configuration set"}"#, true),
            (429, r#"{"__type":"TooManyRequestsException","message":"Slow down"}"#, true),
            (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#, true),
            (403, r#"{"__type":"AccessDeniedException","message":"not authorized"}"#, true),
            (500, r#"{"__type":"InternalFailure"}"#, true),
            (503, "<html>unavailable</html>", true),
        ] {
            let (sender, _) = sender(TextRoute::None, status, answer);
            let error = sender.send(&to_email()).await.unwrap_err();
            assert_eq!(matches!(error, SendError::Later(_)), later, "{status} {answer}: {error}");
        }
    }

    #[tokio::test]
    async fn no_connection_is_later() {
        let (sender, service) = sender(TextRoute::None, 200, r#"{"MessageId":"m-1"}"#);
        sender.send(&to_email()).await.unwrap();
        // The answers have run out.
        let error = sender.send(&to_email()).await.unwrap_err();
        assert!(matches!(error, SendError::Later(_)), "{error}");
        assert_eq!(service.asked(), 1);
    }

    #[tokio::test]
    async fn reasons_have_no_address_in_full() {
        let answer = r#"{"__type":"MessageRejected","message":"Email address is not verified. The following identities failed the check in region EU-WEST-1: Some Body <somebody@example.com>, somebody@example.com"}"#;
        let (sender, _) = sender(TextRoute::None, 400, answer);
        let error = sender.send(&to_email()).await.unwrap_err().to_string();
        assert!(error.contains("s…@example.com>") && error.contains("MessageRejected (400)"), "{error}");
        assert!(!error.contains("somebody"), "{error}");
    }
}
