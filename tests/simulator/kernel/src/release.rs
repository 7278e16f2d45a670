//! What the simulator needs of a release: processes of its functions, which handle requests and events.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::Value;

use crate::dice::Dice;
use crate::kernel::Kernel;

/// A release of the product.
pub trait Release: Send + Sync {
    /// The function that answers a path.
    fn function(&self, path: &str) -> &'static str;

    /// Starts a process of a function.
    fn start(&self, function: &'static str, birth: Birth) -> Arc<dyn Process>;
}

/// What a process is given when it starts.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Time, and whom it calls.
    pub kernel: Arc<Kernel>,
    /// The environment variables.
    pub variables: HashMap<String, String>,
    /// By how many milliseconds its clock is wrong.
    pub skew: i64,
    /// Its region: the SDK counts failures by it, beyond the life of a process.
    pub region: String,
    /// Its source of randomness.
    pub dice: Dice,
}

/// A process of a function. It does what it does at its start before the first request or event.
pub trait Process: Send + Sync {
    /// Answers a request from an IP address; with nothing, if it can't start.
    fn answer(
        self: Arc<Self>,
        request: Request<Bytes>,
        ip: String,
    ) -> BoxFuture<'static, Option<Response<Bytes>>>;

    /// Handles an event.
    fn handle(self: Arc<Self>, event: Value) -> BoxFuture<'static, Result<Value, Failed>>;
}

/// Why an event was not handled.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Whether something that it calls has failed.
    pub is_outage: bool,
    /// What it says.
    pub why: String,
}
