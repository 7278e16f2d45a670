//! Undelivered messages. They are encrypted: read access to the table or its stream reveals no code and no link.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{self, Key};
use super::{Item, Store, StoreError, unavailable};
use crate::domain::time::Timestamp;

/// How long a delivery may take before another one may try.
const CLAIM: Duration = Duration::from_secs(60);
/// How long a message that can't be delivered is kept.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A message that a delivery has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// The id of the message.
    pub id: String,
    /// The encrypted content.
    pub sealed: Vec<u8>,
}

/// The result of claiming a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxClaim {
    /// Claimed by this delivery.
    Taken(OutboxItem),
    /// Claimed by another delivery, which may still fail.
    Busy,
    /// Delivered already, or unknown.
    Gone,
}

pub(super) fn new_item(id: &str, sealed: &[u8], now: Timestamp) -> Item {
    let mut item = Key::outbox(id).attributes();
    item.insert("sealed".into(), AttributeValue::B(Blob::new(sealed)));
    item.insert("created_at".into(), item::number(now.millis()));
    item.insert("expires_at".into(), item::number(now.plus(KEPT).seconds()));
    item
}

/// The associated data of a message's encryption: it decrypts only under its own id.
pub fn place(id: &str) -> String {
    Key::outbox(id).pk
}

/// The id of the message whose partition key this is.
pub fn id_of(partition_key: &str) -> Option<&str> {
    partition_key.strip_prefix(item::OUTBOX)
}

pub(super) fn read_sealed(item: &Item) -> Result<Vec<u8>, StoreError> {
    let sealed = item.get("sealed").and_then(|value| value.as_b().ok()).map(|blob| blob.as_ref().to_vec());
    sealed.ok_or_else(|| StoreError::Corrupt("sealed of an item under OUTBOX#".to_owned()))
}

impl Store {
    /// Claims a message for 60 seconds, so that it is delivered once however often it is announced.
    pub async fn claim(&self, id: &str, now: Timestamp) -> Result<OutboxClaim, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::outbox(id).attributes()))
            .update_expression("SET claimed_until = :until")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(claimed_until) OR claimed_until < :now)",
            )
            .expression_attribute_values(":until", item::number(now.plus(CLAIM).millis()))
            .expression_attribute_values(":now", item::number(now.millis()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let item = match answer {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => {
                return match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        Ok(match failed.item() {
                            Some(_) => OutboxClaim::Busy,
                            None => OutboxClaim::Gone,
                        })
                    }
                    _ => Err(unavailable(&error)),
                };
            }
        };
        Ok(OutboxClaim::Taken(OutboxItem { id: id.to_owned(), sealed: read_sealed(&item)? }))
    }

    /// Removes a message that was delivered.
    pub async fn delivered(&self, id: &str) -> Result<(), StoreError> {
        let key = Key::outbox(id).attributes();
        let answer = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        answer.map(drop).map_err(|error| unavailable(&error))
    }

    /// Releases a message for another delivery.
    pub async fn release(&self, id: &str) -> Result<(), StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::outbox(id).attributes()))
            .update_expression("REMOVE claimed_until")
            .condition_expression("attribute_exists(pk)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }

    /// The ids of all unclaimed messages, oldest first. It reads the whole table: for a local stack, which has no
    /// stream, and for operators.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let attributes = Some("pk, created_at, claimed_until");
        let messages = self.scan("begins_with(pk, :wanted)", item::OUTBOX, attributes).await?;
        let is_free =
            |item: &&Item| item::find_number(item, "claimed_until").is_none_or(|until| until < now.millis());
        let mut found: Vec<(i64, String)> = Vec::new();
        for item in messages.iter().filter(is_free) {
            let id = id_of(item::read_text(item, "pk")?).unwrap_or_default().to_owned();
            found.push((item::find_number(item, "created_at").unwrap_or_default(), id));
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }
}
