//! Marks of undeliverable email addresses: each is an item of its own, so that no account changes by it.

use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::item::{self, Key};
use super::{Item, Store, StoreError, unavailable};
use crate::domain::time::Timestamp;

/// How long an email address is marked after a bounce or a complaint.
const MARKED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Until when an email address is marked.
pub(super) fn read_mark(item: &Item) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(item::read_number(item, "marked_at")?).plus(MARKED))
}

/// When an email address was marked, in milliseconds since 1970.
pub(super) fn marked_at(until: Timestamp) -> i64 {
    until.millis().saturating_sub(i64::try_from(MARKED.as_millis()).unwrap_or(i64::MAX))
}

impl Store {
    /// Marks an email address, in canonical form, as undeliverable for 14 days from this time on. A later mark stays, as
    /// reports come in any order.
    pub async fn mark_undeliverable(&self, email: &str, at: Timestamp) -> Result<(), StoreError> {
        let mut mark = Key::undeliverable(email).attributes();
        mark.insert("marked_at".into(), item::number(at.millis()));
        mark.insert("expires_at".into(), item::number(at.plus(MARKED).seconds()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(mark));
        let put = put.condition_expression("attribute_not_exists(pk) OR marked_at < :at");
        match put.expression_attribute_values(":at", item::number(at.millis())).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }

    /// Removes the mark of an email address, in canonical form, if it was made before this time. Returns whether there was
    /// such a mark.
    pub async fn clear_undeliverable(&self, email: &str, before: Timestamp) -> Result<bool, StoreError> {
        let key = Key::undeliverable(email).attributes();
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let delete = delete.condition_expression("marked_at < :before");
        match delete.expression_attribute_values(":before", item::number(before.millis())).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
