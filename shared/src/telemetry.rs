//! Logging: a JSON line for each event on AWS, where `CloudWatch` takes it apart.
//!
//! Never logged: passwords, tokens, codes, keys, cookies, bodies, query strings, addresses.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged unless `RUST_LOG` says otherwise.
const USUAL: &str = "warn,vestibule=info";

/// Starts logging to standard output. `RUST_LOG` says what: a list of levels and of `target=level`. (The usual filter of
/// that name knows more, for the price of a regular expression engine in every function.)
pub fn start() {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|wanted| wanted.parse().ok());
    let filter: Targets = wanted.unwrap_or_else(|| USUAL.parse().unwrap_or_default());
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
