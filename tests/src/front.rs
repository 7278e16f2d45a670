//! What stands in front of the embedded DynamoDB: it counts calls, cancels a transaction that meets another one, and fails
//! as AWS does now and then and the embedded one never does.
//!
//! Deliveries from the outbox follow an answer on AWS, in a function of their own. So their calls (on `OUTBOX#` items,
//! outside of transactions) are neither counted nor failed here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A way in which DynamoDB fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The table's capacity is used up.
    Throughput,
    /// The account's limit is reached.
    Throttling,
    /// It fails by itself.
    InternalError,
    /// The connection breaks before it has done anything.
    Drop,
    /// It does what it was asked, and the connection breaks before it says so.
    LoseAnswer,
    /// It takes this long.
    Slow(Duration),
    /// A transaction meets another one.
    Conflict,
}

/// DynamoDB as the functions of a stack see it.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    url: String,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    target: OnceLock<String>,
    client: Client<HttpConnector, Full<Bytes>>,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<ApiRequest>,
    plans: Vec<Plan>,
    deliveries_are_held: bool,
    latency: Duration,
    /// The items of the transactions that are under way.
    locked: BTreeSet<String>,
}

#[derive(Debug)]
struct Plan {
    operation: Option<&'static str>,
    fault: Fault,
    times: usize,
}

/// A call on its way to DynamoDB, signed by who makes it.
struct Call {
    operation: String,
    target: String,
    authorization: String,
    body: Bytes,
}

/// A transaction under way, with the items that it alone has until then.
struct Transaction<'a> {
    shared: &'a Shared,
    items: BTreeSet<String>,
}

impl<'a> Transaction<'a> {
    /// Begins one; none if another has one of its items.
    fn begin(call: &Call, shared: &'a Shared) -> Option<Self> {
        let items = items_of(call);
        let mut state = shared.state();
        if !state.locked.is_disjoint(&items) {
            return None;
        }
        state.locked.extend(items.iter().cloned());
        Some(Self { shared, items })
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.shared.state().locked.retain(|item| !self.items.contains(item));
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
struct ApiRequest {
    operation: String,
    began: Duration,
    ended: Duration,
}

/// What calls were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Their operations, in the order in which they began.
    pub operations: Vec<String>,
    /// How many had to wait for each other: the longest chain of calls in which each began after the one before ended.
    pub round_trips: usize,
}

impl Tally {
    /// How many there were.
    pub fn calls(&self) -> usize {
        self.operations.len()
    }

    /// How many of them write.
    pub fn writes(&self) -> usize {
        let reads = ["BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"];
        self.operations.iter().filter(|name| !reads.contains(&name.as_str())).count()
    }
}

impl Front {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            target: OnceLock::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            began: Instant::now(),
            state: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { shared, url, task }
    }

    /// Passes on to the DynamoDB at this URL; returns its own.
    pub(crate) fn stand_before(&self, url: &str) -> String {
        self.shared.target.set(format!("{url}/")).unwrap();
        self.url.clone()
    }

    /// Fails the next calls of an operation, or of any, this many times.
    pub fn fail(&self, operation: Option<&'static str>, fault: Fault, times: usize) {
        self.shared.state().plans.push(Plan { operation, fault, times });
    }

    /// Fails no more; whether every planned failure has happened.
    pub fn recover(&self) -> bool {
        std::mem::take(&mut self.shared.state().plans).iter().all(|plan| plan.times == 0)
    }

    /// Delivers nothing from now on: messages stay in the outbox.
    pub fn hold_deliveries(&self) {
        self.shared.state().deliveries_are_held = true;
    }

    /// Makes every call take this long, so that those that are made at once overlap.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().latency = latency;
    }

    /// What was called since it was last asked.
    pub fn tally(&self) -> Tally {
        let mut calls = std::mem::take(&mut self.shared.state().calls);
        calls.sort_by_key(|call| call.began);
        let operations = calls.iter().map(|call| call.operation.clone()).collect();
        calls.sort_by_key(|call| call.ended);
        let mut round_trips = 0;
        let mut free_at = Duration::ZERO;
        for call in calls {
            if call.began >= free_at {
                round_trips += 1;
                free_at = call.ended;
            }
        }
        Tally { operations, round_trips }
    }

    /// Everything in the table, as DynamoDB's JSON; not counted.
    pub async fn items(&self) -> Vec<Value> {
        let body = json!({"TableName": "vestibule", "ConsistentRead": true}).to_string();
        let answer = self.shared.send("DynamoDB_20120810.Scan", ADMINISTRATOR, body.into()).await.unwrap();
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        answer["Items"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Writes an item as it is, in place of the one under its key; not counted.
    pub async fn put(&self, item: &Value) {
        let body = json!({"TableName": "vestibule", "Item": item}).to_string();
        let answer = self.shared.send("DynamoDB_20120810.PutItem", ADMINISTRATOR, body.into()).await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    /// Removes an item; not counted.
    pub async fn remove(&self, item: &Value) {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        let body = json!({"TableName": "vestibule", "Key": key}).to_string();
        let answer =
            self.shared.send("DynamoDB_20120810.DeleteItem", ADMINISTRATOR, body.into()).await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    /// The keys of everything in the table that begin with this, each as `pk sk`.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let text = |value: &Value| value["S"].as_str().unwrap().to_owned();
        let keys =
            self.items().await.into_iter().map(|item| format!("{} {}", text(&item["pk"]), text(&item["sk"])));
        let mut keys: Vec<String> = keys.filter(|key| key.starts_with(prefix)).collect();
        keys.sort();
        keys
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn send(&self, target: &str, authorization: &str, body: Bytes) -> std::io::Result<Response<Bytes>> {
        let url = self.target.get().expect("the stack has started");
        let answer = self.client.request(request(url, target, authorization, body)).await;
        let (head, body) = answer.map_err(std::io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        Ok(Response::from_parts(head, body))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fault(&self, operation: &str) -> Option<Fault> {
        let mut state = self.state();
        let applies =
            |plan: &&mut Plan| plan.times > 0 && plan.operation.is_none_or(|name| name == operation);
        let plan = state.plans.iter_mut().find(applies)?;
        plan.times -= 1;
        Some(plan.fault)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, &shared));
            // An error is a fault that was asked for: the connection closes.
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

type Answered = Result<Response<Full<Bytes>>, std::io::Error>;

async fn answer(request: Request<Incoming>, shared: &Shared) -> Answered {
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (target, authorization) = (header("x-amz-target"), header("authorization"));
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    let call = Call { operation, target, authorization, body };
    if is_delivery(&call) {
        return deliver(call, shared).await;
    }
    let operation = call.operation.clone();
    let began = shared.began.elapsed();
    let latency = shared.state().latency;
    let transaction = Transaction::begin(&call, shared);
    tokio::time::sleep(latency).await;
    let answer = match &transaction {
        Some(_) => make(call, shared).await,
        None => Ok(conflict(&call)),
    };
    drop(transaction);
    let ended = shared.began.elapsed();
    shared.state().calls.push(ApiRequest { operation, began, ended });
    answer
}

async fn make(call: Call, shared: &Shared) -> Answered {
    match shared.next_fault(&call.operation) {
        None => forward(call, shared).await,
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            forward(call, shared).await
        }
        Some(Fault::LoseAnswer) => {
            let answer = forward(call, shared).await?;
            assert_eq!(answer.status(), 200, "what is lost was applied");
            Err(std::io::Error::other("lost"))
        }
        Some(Fault::Drop) => Err(std::io::Error::other("dropped")),
        Some(Fault::Throughput) => Ok(refusal(400, "ProvisionedThroughputExceededException", &json!({}))),
        Some(Fault::Throttling) => Ok(refusal(400, "ThrottlingException", &json!({}))),
        Some(Fault::InternalError) => Ok(refusal(500, "InternalServerError", &json!({}))),
        Some(Fault::Conflict) => Ok(conflict(&call)),
    }
}

/// The items that a transaction names; none for other calls.
fn items_of(call: &Call) -> BTreeSet<String> {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let writes = body["TransactItems"].as_array().into_iter().flatten();
    let writes = writes.filter_map(Value::as_object).flat_map(|write| write.values());
    let keys = writes.map(|write| write.get("Key").unwrap_or(&write["Item"]));
    keys.map(|key| format!("{} {}", key["pk"], key["sk"])).collect()
}

/// What a transaction is told that meets another one.
fn conflict(call: &Call) -> Response<Full<Bytes>> {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let count = body["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({"Code": "None"}); count];
    reasons[0] = json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
    refusal(400, "TransactionCanceledException", &json!({"CancellationReasons": reasons}))
}

fn is_delivery(call: &Call) -> bool {
    let on = |prefix: &[u8]| call.body.windows(prefix.len()).any(|window| window == prefix);
    match call.operation.as_str() {
        // An operator's list is read in segments.
        "Scan" => !on(b"\"Segment\""),
        "UpdateItem" | "DeleteItem" | "GetItem" if on(b"\"OUTBOX#") => true,
        // What SES reports of a mail, which the function `mail` takes note of.
        "PutItem" | "DeleteItem" => on(b"\"UNDELIVERABLE#"),
        _ => false,
    }
}

async fn deliver(call: Call, shared: &Shared) -> Answered {
    if !shared.state().deliveries_are_held {
        return forward(call, shared).await;
    }
    if call.operation == "Scan" {
        return Ok(reply(200, &json!({"Items": [], "Count": 0, "ScannedCount": 0})));
    }
    Ok(refusal(400, "ConditionalCheckFailedException", &json!({})))
}

async fn forward(call: Call, shared: &Shared) -> Answered {
    let answer = shared.send(&call.target, &call.authorization, call.body).await?;
    Ok(answer.map(Full::new))
}

/// Who may do everything. The embedded DynamoDB believes everybody: a signature is only to be there.
const ADMINISTRATOR: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, \
    SignedHeaders=host, Signature=0";

fn request(url: &str, target: &str, authorization: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::post(url)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", authorization)
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::new(body))
        .unwrap()
}

fn refusal(status: u16, name: &str, more: &Value) -> Response<Full<Bytes>> {
    let mut body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": name});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    reply(status, &body)
}

fn reply(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    response.body(Full::new(body.to_string().into())).unwrap()
}
