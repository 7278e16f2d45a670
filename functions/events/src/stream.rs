//! Takes the table's stream: the events that each record names are delivered, and records that must be tried again are named
//! in the answer (`ReportBatchItemFailures`). It reads keys only.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use vestibule::app::App;
use vestibule::domain::account_id::AccountId;
use vestibule::store::events_account;

use crate::delivery::deliver;
use crate::target::EventTarget;

/// A failed record cannot be named, so the whole event has failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not delivered, and the record has no sequence number to say so: {0}")]
pub struct UnnumberedRecord(String);

/// Delivers what an event of the stream names, one after the other. Lambda tries again from the first failed record on, so
/// the rest is left for then.
pub async fn handle(
    app: &App,
    target: &EventTarget,
    event: Event,
) -> Result<DynamoDbEventResponse, UnnumberedRecord> {
    let mut answer = DynamoDbEventResponse::default();
    for record in &event.records {
        let Some((account, id)) = recorded(record) else { continue };
        if let Err(error) = deliver(app, target, &account, id).await {
            tracing::warn!(id, %error, "not delivered yet");
            let number = record.change.sequence_number.clone();
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number.ok_or_else(|| UnnumberedRecord(id.to_owned()))?);
            answer.batch_item_failures.push(failure);
            break;
        }
    }
    Ok(answer)
}

/// The account and the id of the events that a record is about; none for any other record.
fn recorded(record: &EventRecord) -> Option<(AccountId, &str)> {
    if record.event_name != "INSERT" {
        return None;
    }
    let text = |name: &str| match record.change.keys.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    Some((events_account(text("pk")?)?, text("sk")?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(name: &str, pk: &str) -> Value {
        json!({
            "eventID": "1", "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1", "eventSourceARN": "arn",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_772_636_807, "SequenceNumber": "7", "SizeBytes": 1,
                "StreamViewType": "KEYS_ONLY", "Keys": {"pk": {"S": pk}, "sk": {"S": "01990a5c"}},
            },
        })
    }

    #[test]
    fn only_recorded_events_count() {
        let records = [
            record("INSERT", "EVENT#42"),
            record("REMOVE", "EVENT#42"),
            record("MODIFY", "EVENT#42"),
            record("INSERT", "OUTBOX#42"),
            record("INSERT", "EVENT#"),
        ];
        let event: Event = serde_json::from_value(json!({"Records": records})).unwrap();
        let found: Vec<_> = event.records.iter().map(recorded).collect();
        let account = AccountId::parse("42").unwrap();
        assert_eq!(found, [Some((account, "01990a5c")), None, None, None, None]);
    }
}
