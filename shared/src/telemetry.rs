//! Logging: a JSON line for each event on AWS, where `CloudWatch` takes it apart.
//!
//! Never logged: passwords, tokens, codes, keys, cookies, bodies, query strings, addresses.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard output. `RUST_LOG` says what; by default what the project says about requests, and
/// warnings of libraries.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,vestibule=info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .init();
}
