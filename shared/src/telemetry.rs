//! Logging: a JSON line for each event, with the fields of the request that it belongs to.
//!
//! A field named like one of [`METRICS`] makes its line a document in the embedded metric format, from which `CloudWatch`
//! extracts the metric. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Never logged: passwords, tokens, codes, keys, cookies, bodies, query strings, email addresses, phone numbers.

use std::fmt::Debug;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lambda_http::Context as Invocation;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::instrument::Instrumented;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument as _, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// What is logged unless `RUST_LOG` says otherwise.
const USUAL: &str = "warn,vestibule=info";

/// The metrics, all of them counts without dimensions: each combination of dimensions would be another metric to pay
/// for. docs/monitoring.md describes them.
pub const METRICS: [&str; 10] = [
    "Logins",
    "LoginsFailed",
    "Signups",
    "RateLimited",
    "MailsSent",
    "MailsRefused",
    "MailsDroppedByRecipient",
    "MailsDroppedInAll",
    "Unopened",
    "KeysOverdue",
];

/// What is logged: what `RUST_LOG` says, a list of levels and of `target=level`, or else the usual. (The usual filter of
/// that name knows more, for the price of a regular expression engine in every program.)
pub fn filter(usual: &str) -> Targets {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|wanted| wanted.parse().ok());
    wanted.unwrap_or_else(|| usual.parse().unwrap_or_default())
}

/// Starts logging to standard output. `METRICS_NAMESPACE` is the namespace of the metrics; without it there are none.
pub fn start() {
    let namespace = std::env::var("METRICS_NAMESPACE").ok().filter(|namespace| !namespace.is_empty());
    // A log that can't be written is no reason to fail a request.
    let write = |line: String| drop(std::io::stdout().lock().write_all(line.as_bytes()));
    let lines = JsonLines { namespace, clock: Clock::system(), write };
    tracing_subscriber::registry().with(lines.with_filter(filter(USUAL))).init();
}

/// Does the work of an invocation: each line that it logs has Lambda's request id, and those of a process's first
/// invocation say that it was a cold start.
pub fn during<W: Future>(of: &Invocation, work: W) -> Instrumented<Pin<Box<W>>> {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let cold_start = (!STARTED.swap(true, Ordering::Relaxed)).then_some(true);
    // Of the most severe level, so that errors have the ids where nothing else is logged.
    let span = tracing::error_span!("invocation", function_request_id = of.request_id, cold_start);
    Box::pin(work).instrument(span)
}

/// Writes events as lines of JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    /// The namespace of the metrics; none for no metrics.
    pub namespace: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// Called with each line.
    pub write: W,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
    target: &'a str,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    metrics: Option<Value>,
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(String) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Fields(of_span)) = span.extensions().get() {
                fields.0.extend(of_span.clone());
            }
        }
        event.record(&mut fields);
        let now = self.clock.now();
        let metadata = event.metadata();
        let line = Line {
            timestamp: DateTime::from_millis(now.millis()).fmt(Format::DateTime).unwrap_or_default(),
            level: metadata.level().as_str(),
            metrics: self.namespace.as_ref().and_then(|namespace| metrics(namespace, &fields.0, now)),
            fields: &fields.0,
            target: metadata.target(),
        };
        if let Ok(line) = serde_json::to_string(&line) {
            (self.write)(line + "\n");
        }
    }
}

/// The metadata by which `CloudWatch` finds the metrics among the fields; none where there are none.
fn metrics(namespace: &str, fields: &Map<String, Value>, now: Timestamp) -> Option<Value> {
    let names = METRICS.iter().filter(|name| fields.contains_key(**name));
    let metrics: Vec<Value> = names.map(|name| json!({"Name": name, "Unit": "Count"})).collect();
    let directive = json!({"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics});
    (!metrics.is_empty()).then(|| json!({"Timestamp": now.millis(), "CloudWatchMetrics": [directive]}))
}

/// The fields of an event or a span. What a span is told again is added up, as its milliseconds are.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        let before = self.0.get(field.name()).and_then(Value::as_i64).unwrap_or_default();
        self.0.insert(field.name().to_owned(), (before + value).into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let before = self.0.get(field.name()).and_then(Value::as_u64).unwrap_or_default();
        self.0.insert(field.name().to_owned(), (before + value).into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
