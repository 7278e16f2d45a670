//! Reading all encrypted items of the table, page by page: for operators.

use super::events::read_item;
use super::item::{self, Key};
use super::outbox::{OutboxItem, id_of, read_sealed};
use super::{Item, Store, StoreError, load, unavailable};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::event::EventItem;
use crate::domain::token::SessionKey;
use crate::snapshot::{Stored, StoredSession};

/// A page of the table.
#[derive(Clone, Debug, Default)]
pub struct TablePage {
    /// Accounts.
    pub accounts: Vec<Stored<Account>>,
    /// Sessions; some may have expired.
    pub sessions: Vec<Stored<StoredSession>>,
    /// Undelivered messages, encrypted.
    pub messages: Vec<OutboxItem>,
    /// Recorded events; some may have expired.
    pub events: Vec<EventItem>,
    /// The start of the next page; none after the last one.
    pub next: Option<Bookmark>,
}

/// The start of a page.
#[derive(Clone, Debug)]
pub struct Bookmark(Item);

impl Store {
    /// Reads the first page, or the one at a bookmark.
    pub async fn page(&self, at: Option<Bookmark>) -> Result<TablePage, StoreError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression(
                "sk = :account OR begins_with(sk, :session) OR begins_with(pk, :outbox) OR begins_with(pk, :event)",
            )
            .expression_attribute_values(":account", item::text(item::ACCOUNT))
            .expression_attribute_values(":session", item::text(item::SESSION))
            .expression_attribute_values(":outbox", item::text(item::OUTBOX))
            .expression_attribute_values(":event", item::text(item::EVENT))
            .set_exclusive_start_key(at.map(|Bookmark(key)| key))
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let mut page = TablePage { next: answer.last_evaluated_key.map(Bookmark), ..TablePage::default() };
        for item in answer.items.unwrap_or_default() {
            let key = Key::of(&item)?;
            if key.sk == item::ACCOUNT {
                page.accounts.push(load::read_account(&item)?);
            } else if let Some(hash) = key.sk.strip_prefix(item::SESSION) {
                let account = key.pk.strip_prefix(item::OWNER).and_then(AccountId::parse);
                let key = SessionKey { account, hash: hash.to_owned() };
                page.sessions.push(load::read_session(key, &item)?);
            } else if key.pk.starts_with(item::EVENT) {
                page.events.push(read_item(&key, &item)?);
            } else if let Some(id) = id_of(&key.pk) {
                page.messages.push(OutboxItem { id: id.to_owned(), sealed: read_sealed(&item)? });
            }
        }
        Ok(page)
    }
}

/// A part of the table that is scanned by itself.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Segment {
    /// The whole table.
    pub const ALL: Self = Self { number: 0, of: 1 };
}

/// What one scan has found of accounts.
#[derive(Debug, Default)]
pub struct ScannedAccounts {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// What is stored as an account, and cannot be read: its id, and why.
    pub unreadable: Vec<(String, StoreError)>,
    /// The number of items that were read, of which accounts are some.
    pub items_read: usize,
    /// The key after which the next scan begins; none after the last one.
    pub next: Option<[String; 2]>,
}

impl Store {
    /// Scans 1 MB of a segment of the table for accounts, after a key of it or from the beginning: for operators.
    pub async fn scan_accounts(
        &self,
        segment: Segment,
        after: Option<&[String; 2]>,
    ) -> Result<ScannedAccounts, StoreError> {
        let start = after.map(|[pk, sk]| Key { pk: pk.clone(), sk: sk.clone() }.attributes());
        let [number, of] = [segment.number, segment.of].map(|it| i32::try_from(it).unwrap_or(i32::MAX));
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let scan = scan
            .segment(number)
            .total_segments(of)
            .filter_expression("sk = :account")
            .set_exclusive_start_key(start);
        let scan = scan.expression_attribute_values(":account", item::text(item::ACCOUNT));
        let answer = scan.send().await.map_err(|error| unavailable(&error))?;
        let next = answer.last_evaluated_key.as_ref().map(Key::of).transpose()?.map(|key| [key.pk, key.sk]);
        let items_read = usize::try_from(answer.scanned_count).unwrap_or_default();
        let mut found = ScannedAccounts { items_read, next, ..ScannedAccounts::default() };
        for item in answer.items.unwrap_or_default() {
            match load::read_account(&item) {
                Ok(account) => found.accounts.push(account.value),
                Err(error) => {
                    let id = item::read_text(&item, "pk")?.trim_start_matches(item::OWNER).to_owned();
                    found.unreadable.push((id, error));
                }
            }
        }
        Ok(found)
    }

    /// The key after which a scan goes on behind an account.
    pub fn after_account(id: &AccountId) -> [String; 2] {
        let key = Key::account(id);
        [key.pk, key.sk]
    }
}
