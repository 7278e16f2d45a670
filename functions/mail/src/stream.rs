//! Takes the table's stream: each record of a message that was put into the outbox is delivered, and those that
//! must be tried again are named in the answer (`ReportBatchItemFailures`). It reads ids from the keys only: what a
//! message says is read when it is claimed.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::future::join_all;

use vestibule::store::outbox_id;

use crate::delivery::{Delivery, Mailer, Outbox};
use crate::sending::Sender;

/// A failed record cannot be named, so the whole event has failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not delivered, and the record has no sequence number to say so: {0}")]
pub struct StreamError(String);

/// Delivers what an event of the stream names, all at the same time: a slow mail server must not keep a login code
/// waiting behind it. Lambda tries again from the first failed record on; what was sent is gone by then.
pub async fn handle(
    mailer: &Mailer<impl Sender>,
    outbox: &impl Outbox,
    event: Event,
) -> Result<DynamoDbEventResponse, StreamError> {
    let deliveries = event
        .records
        .iter()
        .filter_map(|record| Some((record, inserted_id(record)?)))
        .map(async |(record, id)| (record, id, mailer.deliver(outbox, id).await));
    let mut answer = DynamoDbEventResponse::default();
    for (record, id, delivery) in join_all(deliveries).await {
        match delivery {
            Delivery::Sent | Delivery::Gone | Delivery::Refused => {}
            Delivery::Later => {
                let number = record.change.sequence_number.clone();
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = Some(number.ok_or_else(|| StreamError(id.to_owned()))?);
                answer.batch_item_failures.push(failure);
            }
        }
    }
    Ok(answer)
}

/// The id of the message that a record put into the outbox; none for any other record.
fn inserted_id(record: &EventRecord) -> Option<&str> {
    if record.event_name != "INSERT" {
        return None;
    }
    match record.change.keys.get("pk") {
        Some(serde_dynamo::AttributeValue::S(pk)) => outbox_id(pk).filter(|id| !id.is_empty()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::tests::{Memory, envelope, mailer, sent};
    use crate::sending::SendError;

    fn event() -> Event {
        serde_json::from_str(include_str!("../tests/stream-event.json")).unwrap()
    }

    fn failures(answer: &DynamoDbEventResponse) -> Vec<&str> {
        answer.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.as_deref()).collect()
    }

    const FIRST: &str = "01990a5c-7d3e-7c41-9a54-0d7b2f6c1e01";
    const SECOND: &str = "01990a5c-7d3e-7c41-9a54-0d7b2f6c1e02";

    #[test]
    fn only_messages_put_into_the_outbox_count() {
        let event = event();
        let ids: Vec<_> = event.records.iter().map(inserted_id).collect();
        assert_eq!(ids, [Some(FIRST), Some(SECOND), None, None, None]);
    }

    #[tokio::test]
    async fn an_event_is_delivered_and_a_redelivery_sends_nothing() {
        let (mailer, outbox) = (mailer([]), Memory::with([envelope(FIRST), envelope(SECOND)]));
        for _ in 0..2 {
            let answer = handle(&mailer, &outbox, event()).await.unwrap();
            assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"batchItemFailures":[]}"#);
        }
        assert_eq!(sent(&mailer), [FIRST, SECOND]);
    }

    #[tokio::test]
    async fn only_what_may_work_later_is_reported() {
        let answers = [Err(SendError::Later("throttled".into())), Err(SendError::Refused("rejected".into()))];
        let (mailer, outbox) = (mailer(answers), Memory::with([envelope(FIRST), envelope(SECOND)]));
        let answer = handle(&mailer, &outbox, event()).await.unwrap();
        assert_eq!(failures(&answer), ["222000000000014000000002"]);
        let answer = handle(&mailer, &outbox, event()).await.unwrap();
        assert!(failures(&answer).is_empty());
    }

    #[tokio::test]
    async fn a_failed_record_without_a_number_fails_the_event() {
        let mut event = event();
        event.records[0].change.sequence_number = None;
        let outbox = Memory { fails: Some("claim"), ..Memory::default() };
        let error = handle(&mailer([]), &outbox, event).await.unwrap_err();
        assert!(error.to_string().ends_with(FIRST));
    }
}
