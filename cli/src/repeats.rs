//! Repeats of transactions in the embedded DynamoDB: one with the token of another is answered as that was, within ten
//! minutes, as on AWS.
//!
//! The embedded DynamoDB can do so, too, but looks at all tokens of ten minutes at each transaction: the import of a
//! million accounts took more than an hour. So tokens end here.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use vestibule::clock::Clock;
use vestibule::domain::time::Timestamp;

const TRANSACTION: &str = "DynamoDB_20120810.TransactWriteItems";
const MEDIA_TYPE: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
/// How long a token is known.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// The largest transaction: DynamoDB's own limit is 4 MB of items.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The transactions that were carried out.
#[derive(Clone, Debug)]
pub struct Repeats {
    clock: Clock,
    tokens: Arc<Mutex<Tokens>>,
}

#[derive(Debug, Default)]
struct Tokens {
    first: HashMap<String, First>,
    /// The oldest first.
    order: VecDeque<(Timestamp, String)>,
}

/// The first transaction with a token: what it writes, and its answer, once it was carried out.
#[derive(Clone, Debug)]
struct First {
    items: u64,
    answer: Arc<OnceCell<Box<[u8]>>>,
}

impl Repeats {
    /// None is known yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, tokens: Arc::default() }
    }

    /// The same service, which carries out each transaction once.
    pub fn before(self, service: Router) -> Router {
        service.layer(from_fn_with_state(self, answer))
    }

    fn first(&self, token: &str, items: u64) -> First {
        let now = self.clock.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, old)) = tokens.order.pop_front_if(|(at, _)| at.is_older_than(KEPT_FOR, now)) {
            tokens.first.remove(&old);
        }
        if let Some(first) = tokens.first.get(token) {
            return first.clone();
        }
        let first = First { items, answer: Arc::default() };
        tokens.order.push_back((now, token.to_owned()));
        tokens.first.insert(token.to_owned(), first.clone());
        first
    }
}

async fn answer(State(repeats): State<Repeats>, request: Request, next: Next) -> Response {
    if request.headers().get("x-amz-target").is_none_or(|target| target != TRANSACTION) {
        return next.run(request).await;
    }
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Some((token, transaction)) = split(&body) else {
        return next.run(Request::from_parts(head, Body::from(body))).await;
    };
    let mut hasher = DefaultHasher::new();
    transaction.hash(&mut hasher);
    let items = hasher.finish();
    let first = repeats.first(&token, items);
    if first.items != items {
        return mismatch();
    }
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(transaction.len()));
    let carry_out = || async move {
        let response = next.run(Request::from_parts(head, Body::from(transaction))).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
        match head.status {
            // A copy: what was received is part of a buffer that is several times as large.
            StatusCode::OK => Ok(body.as_ref().into()),
            _ => Err(Response::from_parts(head, Body::from(body))),
        }
    };
    // To its end, even if the client no longer waits: its repeat is to find the answer.
    let answered = tokio::spawn(async move {
        match first.answer.get_or_try_init(carry_out).await {
            Ok(answer) => (MEDIA_TYPE, answer.to_vec()).into_response(),
            Err(refusal) => refusal,
        }
    });
    answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The token of a transaction, and the transaction without it; none without a token.
fn split(body: &[u8]) -> Option<(String, String)> {
    let mut transaction: Map<String, Value> = serde_json::from_slice(body).ok()?;
    match transaction.remove("ClientRequestToken")? {
        Value::String(token) => Some((token, Value::Object(transaction).to_string())),
        _ => None,
    }
}

fn mismatch() -> Response {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
        "Message": "another transaction has this ClientRequestToken",
    });
    (StatusCode::BAD_REQUEST, MEDIA_TYPE, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use tower_service::Service as _;

    use super::*;

    /// A service that counts what it carries out, refuses the first of all, and repeats what it got.
    fn counting(count: &Arc<AtomicU32>) -> Router {
        let count = Arc::clone(count);
        Router::new().fallback(move |body: String| async move {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => (StatusCode::BAD_REQUEST, "refused".to_owned()),
                number => (StatusCode::OK, format!("{number} {body}")),
            }
        })
    }

    async fn ask(service: &Router, target: &str, body: &str) -> (u16, String) {
        let request = Request::post("/").header("x-amz-target", target).body(Body::from(body.to_owned()));
        let response = service.clone().call(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), MAX_BODY_BYTES).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_transaction_is_carried_out_once_until_its_token_is_forgotten() {
        let (count, seconds) = (Arc::default(), Arc::new(AtomicI64::default()));
        let tells = Arc::clone(&seconds);
        let clock = Clock::new(move || Timestamp::from_seconds(tells.load(Ordering::SeqCst)));
        let service = Repeats::new(clock).before(counting(&count));
        let one = r#"{"ClientRequestToken":"a","TransactItems":[1]}"#;
        let carried_out = (200, r#"1 {"TransactItems":[1]}"#.to_owned());

        assert_eq!(ask(&service, TRANSACTION, one).await, (400, "refused".to_owned()), "nothing was done");
        assert_eq!(ask(&service, TRANSACTION, one).await, carried_out);
        seconds.store(600, Ordering::SeqCst);
        assert_eq!(ask(&service, TRANSACTION, one).await, carried_out);
        let (status, said) = ask(&service, TRANSACTION, &one.replace("[1]", "[2]")).await;
        assert_eq!((status, said.contains("IdempotentParameterMismatch")), (400, true), "{said}");
        assert_eq!(count.load(Ordering::SeqCst), 2);

        seconds.store(601, Ordering::SeqCst);
        assert_eq!(ask(&service, TRANSACTION, one).await.1, r#"2 {"TransactItems":[1]}"#);
    }

    #[tokio::test]
    async fn two_at_once_are_carried_out_once() {
        let count = Arc::new(AtomicU32::new(1));
        let service = Repeats::new(Clock::system()).before(counting(&count));
        let one = r#"{"ClientRequestToken":"a","TransactItems":[1]}"#;
        let both = tokio::join!(ask(&service, TRANSACTION, one), ask(&service, TRANSACTION, one));
        assert_eq!(both.0, both.1);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn one_whose_client_no_longer_waits_is_carried_out_once() {
        let count = Arc::new(AtomicU32::new(1));
        let slow =
            counting(&count).layer(axum::middleware::from_fn(|request: Request, next: Next| async move {
                let response = next.run(request).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                response
            }));
        let service = Repeats::new(Clock::system()).before(slow);
        let one = r#"{"ClientRequestToken":"a","TransactItems":[1]}"#;
        let patience = Duration::from_millis(20);
        assert!(tokio::time::timeout(patience, ask(&service, TRANSACTION, one)).await.is_err());
        assert_eq!(ask(&service, TRANSACTION, one).await, (200, r#"1 {"TransactItems":[1]}"#.to_owned()));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_has_no_token_is_passed_on_as_it_came() {
        let count = Arc::new(AtomicU32::new(1));
        let service = Repeats::new(Clock::system()).before(counting(&count));
        let other = "DynamoDB_20120810.PutItem";
        for (target, body) in [
            (TRANSACTION, r#"{ "TransactItems": [] }"#),
            (TRANSACTION, r#"{"ClientRequestToken":7}"#),
            (TRANSACTION, "no JSON"),
            (other, r#"{"ClientRequestToken":"a"}"#),
        ] {
            let said = ask(&service, target, body).await.1;
            assert!(said.ends_with(body), "{said}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 5);
    }
}
