//! Recorded events: an item for each commit and account.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{self, Key};
use super::{Item, Store, StoreError, unavailable};
use crate::domain::account_id::AccountId;
use crate::domain::event::EventItem;

pub(super) fn new_item(event: &EventItem) -> Item {
    let mut item = Key::event(&event.account, &event.id).attributes();
    item.insert("events".into(), item::text(&event.events));
    if let Some(sealed) = &event.sealed {
        item.insert("sealed".into(), AttributeValue::B(Blob::new(sealed.as_slice())));
    }
    item.insert("mac".into(), item::text(&event.mac));
    item.insert("expires_at".into(), item::number(event.expires_at));
    item
}

pub(super) fn read_item(key: &Key, item: &Item) -> Result<EventItem, StoreError> {
    let corrupt = || StoreError::Corrupt("the key of an item under EVENT#".to_owned());
    let account = account_of(&key.pk).ok_or_else(corrupt)?;
    let sealed = item.get("sealed").and_then(|value| value.as_b().ok());
    Ok(EventItem {
        account,
        id: key.sk.clone(),
        events: item::read_text(item, "events")?.to_owned(),
        sealed: sealed.map(|sealed| sealed.as_ref().to_vec()),
        mac: item::read_text(item, "mac")?.to_owned(),
        expires_at: item::read_number(item, "expires_at")?,
    })
}

/// How many items are read at once where all are read.
const MOST_IN_A_PAGE: usize = 500;

/// The account whose events have this partition key.
pub fn account_of(partition_key: &str) -> Option<AccountId> {
    partition_key.strip_prefix(item::EVENT).and_then(AccountId::parse)
}

impl Store {
    /// The events of one commit about an account.
    pub async fn event_item(&self, account: &AccountId, id: &str) -> Result<Option<EventItem>, StoreError> {
        let key = Key::event(account, id);
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = get.set_key(Some(key.attributes())).send().await.map_err(|error| unavailable(&error))?;
        answer.item.map(|item| read_item(&key, &item)).transpose()
    }

    /// A page of an account's events, the latest first: those before an item, or the latest.
    pub(super) async fn event_page(
        &self,
        account: &AccountId,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<EventItem>, StoreError> {
        let pk = Key::event(account, "").pk;
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.scan_index_forward(false).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = query.expression_attribute_values(":pk", item::text(pk));
        let query = match before {
            None => query.key_condition_expression("pk = :pk"),
            Some(id) => query
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":before", item::text(id)),
        };
        let answer = query.send().await.map_err(|error| unavailable(&error))?;
        let items = answer.items.unwrap_or_default();
        items.iter().map(|item| read_item(&Key::of(item)?, item)).collect()
    }

    /// All events of an account, the earliest first.
    pub async fn all_events(&self, account: &AccountId) -> Result<Vec<EventItem>, StoreError> {
        let mut found: Vec<EventItem> = Vec::new();
        loop {
            let before = found.last().map(|item| item.id.clone());
            let page = self.event_page(account, before.as_deref(), MOST_IN_A_PAGE).await?;
            if page.is_empty() {
                found.reverse();
                return Ok(found);
            }
            found.extend(page);
        }
    }

    /// Gives recorded events another MAC, unless they have changed, or are gone.
    pub async fn sign_events(&self, event: &EventItem, mac: &str) -> Result<(), StoreError> {
        let key = Key::event(&event.account, &event.id).attributes();
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key));
        let update = update.update_expression("SET mac = :new").condition_expression("mac = :old");
        let update = update.expression_attribute_values(":new", item::text(mac));
        match update.expression_attribute_values(":old", item::text(&event.mac)).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
