//! The `EventBridge` bus that events are put on (`PutEvents`).

use serde_json::{Value, json};
use vestibule::aws::Aws;
use vestibule::aws::request::{AwsRequest, AwsService};

const EVENT_BRIDGE: AwsService = AwsService { name: "events", host: "events" };

/// The source of all events on the bus.
const SOURCE: &str = "vestibule";
/// Most entries of a call.
const MOST_ENTRIES: usize = 10;
/// How often entries are tried that the bus refuses while it takes others, as when it is throttled.
const MOST_TRIES: u32 = 3;

/// A bus.
#[derive(Clone, Debug)]
pub struct EventBus {
    aws: Aws,
    name: String,
}

/// Why events are not on the bus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The call failed.
    #[error("EventBridge is unavailable: {0}")]
    Unavailable(String),
    /// The bus refused entries, repeatedly.
    #[error("EventBridge refused {0} events: {1}")]
    Refused(usize, String),
}

impl EventBus {
    /// The bus of this name or ARN.
    pub fn new(aws: Aws, name: impl Into<String>) -> Self {
        Self { aws, name: name.into() }
    }

    /// Puts events on the bus. After an error, some of them may be there: each has an id.
    pub async fn put(&self, events: &[Value]) -> Result<(), BusError> {
        for chunk in events.chunks(MOST_ENTRIES) {
            let mut left: Vec<Value> = chunk.iter().map(|event| self.entry(event)).collect();
            let mut code = String::new();
            for _ in 0..MOST_TRIES {
                (left, code) = self.put_entries(left).await?;
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(BusError::Refused(left.len(), code));
            }
        }
        Ok(())
    }

    fn entry(&self, event: &Value) -> Value {
        json!({
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.get("type"),
            "Time": event.get("at"),
            "Detail": event.to_string(),
        })
    }

    /// Makes one call; returns the entries that were refused, and the code of the last refusal.
    async fn put_entries(&self, entries: Vec<Value>) -> Result<(Vec<Value>, String), BusError> {
        let body = json!({"Entries": entries}).to_string();
        let request =
            AwsRequest::new(EVENT_BRIDGE, "POST", "/").header("x-amz-target", "AWSEvents.PutEvents");
        let request = request.body("application/x-amz-json-1.1", body);
        let answer = request.send(&self.aws.service("EVENTBRIDGE")).await;
        let answer = answer.map_err(|error| {
            let code =
                error.as_service_error().map(|refusal| refusal.code().unwrap_or("a refusal").to_owned());
            BusError::Unavailable(code.unwrap_or_else(|| "no answer".to_owned()))
        })?;
        Ok(refused(entries, &answer.json()))
    }
}

/// The entries that an answer does not say to be taken, and why.
fn refused(entries: Vec<Value>, answer: &Value) -> (Vec<Value>, String) {
    let results = answer.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut code = "no result".to_owned();
    let mut left = Vec::new();
    for (position, entry) in entries.into_iter().enumerate() {
        let member = |name: &str| results.get(position)?.get(name)?.as_str();
        if member("EventId").is_some() {
            continue;
        }
        if let Some(told) = member("ErrorCode") {
            told.clone_into(&mut code);
        }
        left.push(entry);
    }
    (left, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_refused_is_left() {
        let entries = || vec![json!(1), json!(2), json!(3)];
        let all =
            json!({"FailedEntryCount": 0, "Entries": [{"EventId": "a"}, {"EventId": "b"}, {"EventId": "c"}]});
        assert_eq!(refused(entries(), &all).0, [] as [Value; 0]);
        let some = json!({"FailedEntryCount": 1, "Entries": [{"EventId": "a"}, {"ErrorCode": "Slow"}, {"EventId": "c"}]});
        assert_eq!(refused(entries(), &some), (vec![json!(2)], "Slow".to_owned()));
        // Of an answer that does not say what was taken, nothing was.
        for nothing in [json!({}), json!({"FailedEntryCount": 0}), Value::Null] {
            assert_eq!(refused(entries(), &nothing), (entries(), "no result".to_owned()));
        }
    }
}
