//! Writing what a request changes: all of it, in one transaction, or nothing.
//!
//! Every write is conditional on what was read, so of two requests that saw the same state one succeeds and the
//! other decides again. The transaction carries a token of its own: sent again after an answer was lost, it does not
//! apply twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::item::{self, Key};
use super::undeliverable::marked_at;
use super::{Item, Store, StoreError, unavailable};
use crate::changes::{Changes, SessionChange, Usage};
use crate::domain::account::{Account, MOST_ADDRESSES, MOST_UNPROVEN_ADDRESSES, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::MOST_AUTHENTICATORS;
use crate::domain::event::EventItem;
use crate::domain::handle::Handle;
use crate::domain::invitation::{Invitation, invitation_id};
use crate::domain::message::Recipient;
use crate::domain::session::Session;
use crate::domain::social::MOST_SOCIAL_ACCOUNTS;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;
use crate::settings::{MOST_LIMITS, MOST_MAIL_LIMITS};
use crate::snapshot::{CounterKey, Loaded, Stored};

/// Most items of a DynamoDB transaction.
const MOST_ITEMS: usize = 100;

/// The items by which an account is found at the most: two for each email address, which may be one more than it lists, and
/// for its number; one for its username, for each key, and for each account at another service.
const MOST_LOOK_UPS: usize =
    2 * (MOST_ADDRESSES as usize + 1) + 2 + 1 + MOST_AUTHENTICATORS + MOST_SOCIAL_ACCOUNTS;

/// An account is deleted in one transaction: with all by which it is found go the account itself, the session, the mail and
/// what counts that mail, and the event.
const _: () = assert!(MOST_LOOK_UPS + 4 + MOST_MAIL_LIMITS <= MOST_ITEMS);

/// An account that has verified nothing is stripped in one transaction (`flows/ownership.rs`): with all by which it is found
/// but its name go the account itself, the session under another key, a service that takes the place of all others and its
/// token, three mails (what was taken away, the new password, the changed address), the limits of two actions, and the
/// events: of the account, and of another one that the session was logged in to.
const _: () = {
    let spared = 2 * (MOST_ADDRESSES - MOST_UNPROVEN_ADDRESSES) as usize + 1;
    assert!(MOST_LOOK_UPS - spared + 1 + 2 + 2 + 3 + 2 * MOST_LIMITS + 2 <= MOST_ITEMS);
};

/// The context of a commit, besides its changes.
#[derive(Clone, Debug)]
pub struct CommitContext<'a> {
    /// The snapshot that was read.
    pub loaded: &'a Loaded,
    /// The current time.
    pub now: Timestamp,
    /// The expiry of the sessions that are written.
    pub session_expires_at: Timestamp,
    /// The longest time from a login to that (`SESSION_MAX_AGE`).
    pub session_max_age: Option<Duration>,
    /// Whether an email address can be verified by one account only (`ACCOUNT_UNIQUE_EMAIL`).
    pub unique_email: bool,
    /// The client request token: a retry with the same token does not apply twice. At most 36 characters.
    pub token: &'a str,
    /// The messages for the outbox: ids and encrypted contents.
    pub outbox: &'a [(String, Vec<u8>)],
}

impl Store {
    /// Writes all changes in one transaction, or none: after a conflict, or if the table is unavailable.
    ///
    /// Only sessions that are to end, and are more than fit into one transaction, end before it. What is cut short
    /// in between has changed nothing else, so the client repeats the request, and it continues with what is left.
    pub async fn commit(&self, changes: &Changes, context: &CommitContext<'_>) -> Result<(), StoreError> {
        let mut writes = Writes { table: &self.table, items: Vec::new() };
        writes.session(&changes.session, context)?;
        for (key, version, session) in &changes.others {
            writes.put_session(key, session, version + 1, Condition::version(*version), context)?;
        }
        for (before, after) in &changes.accounts {
            writes.account(before.as_ref(), after.as_ref(), context)?;
        }
        for (key, usage) in &changes.counters {
            writes.counter(key, usage, context.now)?;
        }
        for (hash, until) in &changes.spent {
            writes.use_once(hash, *until, context.now)?;
        }
        for (before, after) in &changes.invited {
            let condition = before.as_ref().map_or_else(Condition::absent, Condition::invitation);
            writes.put(super::invitation::new_item(after)?, condition)?;
        }
        if let Some(invitation) = &changes.accepted {
            writes.accept(invitation)?;
        }
        for (email, until) in &changes.cleared {
            let condition = Condition {
                expression: "marked_at = :seen".into(),
                values: vec![(":seen", item::number(marked_at(*until)))],
            };
            writes.delete(&Key::undeliverable(email), Some(condition))?;
        }
        for (id, sealed) in context.outbox {
            writes.outbox(id, sealed, context.now)?;
        }
        for event in &changes.events {
            writes.event(event)?;
        }
        let room = MOST_ITEMS.saturating_sub(writes.items.len());
        let (last, first) = changes.ended.split_at_checked(room).unwrap_or((&changes.ended, &[]));
        for (number, chunk) in first.chunks(MOST_ITEMS).enumerate() {
            let mut writes = Writes { table: &self.table, items: Vec::new() };
            for key in chunk {
                writes.end(key)?;
            }
            let token: String = format!("{number}{}", context.token).chars().take(36).collect();
            self.transact(writes.items, &token).await?;
        }
        for key in last {
            writes.end(key)?;
        }
        self.transact(writes.items, context.token).await
    }

    /// Puts the look-up of one handle of an account in the place of that of another. Lost when the account has the old one no
    /// more, or another account has the new one.
    pub async fn move_handle(
        &self,
        [old, new]: &[Handle; 2],
        id: &AccountId,
        token: &str,
    ) -> Result<(), StoreError> {
        let mut writes = Writes { table: &self.table, items: Vec::new() };
        let owner = item::text(id.as_str());
        let is_mine = Condition { expression: "account = :me".into(), values: vec![(":me", owner.clone())] };
        writes.delete(&Key::handle(old), Some(is_mine))?;
        let mut item = Key::handle(new).attributes();
        item.insert("account".into(), owner);
        writes.put(item, Condition::absent())?;
        self.transact(writes.items, token).await
    }

    async fn transact(&self, items: Vec<TransactWriteItem>, token: &str) -> Result<(), StoreError> {
        let transaction = self.client.transact_write_items().client_request_token(token);
        match transaction.set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(&error)),
        }
    }
}

fn explain(error: &SdkError<TransactWriteItemsError>) -> StoreError {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return unavailable(error);
    };
    let reasons: BTreeSet<&str> = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .filter(|code| *code != "None")
        .collect();
    let lost = ["ConditionalCheckFailed", "TransactionConflict"];
    if reasons.iter().all(|reason| lost.contains(reason)) {
        StoreError::Lost
    } else {
        StoreError::Unavailable(format!("transaction cancelled: {reasons:?}"))
    }
}

struct Writes<'a> {
    table: &'a str,
    items: Vec<TransactWriteItem>,
}

/// A condition on an item, with the values that it names.
struct Condition {
    expression: String,
    values: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
}

impl Condition {
    fn absent() -> Self {
        Self { expression: "attribute_not_exists(pk)".into(), values: Vec::new() }
    }

    fn version(version: i64) -> Self {
        Self { expression: "version = :seen".into(), values: vec![(":seen", item::number(version))] }
    }

    fn invitation(seen: &Invitation) -> Self {
        Self { expression: "key_hash = :seen".into(), values: vec![(":seen", item::text(&seen.key_hash))] }
    }

    fn unchanged<T>(before: Option<&Stored<T>>) -> Self {
        before.map_or_else(Self::absent, |stored| Self::version(stored.version))
    }
}

impl Writes<'_> {
    fn session(&mut self, change: &SessionChange, context: &CommitContext<'_>) -> Result<(), StoreError> {
        match change {
            SessionChange::None => Ok(()),
            SessionChange::Delete(key, version) => {
                self.delete(&Key::session(key), Some(Condition::version(*version)))
            }
            SessionChange::Put { key, session, replaces, .. } => {
                let mut condition = Condition::absent();
                let mut version = 1;
                match replaces {
                    Some((old, seen)) if old == key => {
                        condition = Condition::version(*seen);
                        version = seen + 1;
                    }
                    Some((old, seen)) => self.delete(&Key::session(old), Some(Condition::version(*seen)))?,
                    None => {}
                }
                self.put_session(key, session, version, condition, context)
            }
        }
    }

    fn put_session(
        &mut self,
        key: &SessionKey,
        session: &Session,
        version: i64,
        condition: Condition,
        context: &CommitContext<'_>,
    ) -> Result<(), StoreError> {
        let mut item = Key::session(key).attributes();
        item::put_document(&mut item, session)?;
        item.insert("version".into(), item::number(version));
        let expires_at = session.end(context.session_expires_at, context.session_max_age);
        item.insert("valid_until".into(), item::number(expires_at.millis()));
        item.insert("expires_at".into(), item::number(expires_at.seconds() + 1));
        self.put(item, condition)
    }

    fn end(&mut self, key: &SessionKey) -> Result<(), StoreError> {
        self.delete(&Key::session(key), None)
    }

    fn account(
        &mut self,
        before: Option<&Stored<Account>>,
        after: Option<&Account>,
        context: &CommitContext<'_>,
    ) -> Result<(), StoreError> {
        match (before, after) {
            (_, Some(after)) => self.put_account(before, after)?,
            (Some(before), None) => self.delete_account(before)?,
            (None, None) => {}
        }
        self.look_ups(before.map(|stored| &stored.value), after, context)
    }

    /// A login moves no version, so that two at once do not get in each other's way; but an account must not go without
    /// the session of a login that it did not know of. Logins are counted for that: two can happen in one millisecond.
    fn delete_account(&mut self, before: &Stored<Account>) -> Result<(), StoreError> {
        let mut condition = Condition::version(before.version);
        match before.value.logins {
            0 => condition.expression.push_str(" AND attribute_not_exists(logins)"),
            logins => {
                condition.expression.push_str(" AND logins = :logins");
                condition.values.push((":logins", item::number(logins)));
            }
        }
        // An earlier release, which may run beside this one, does not count.
        if let Some(at) = before.value.last_login_at {
            condition.expression.push_str(" AND last_login_at = :login");
            condition.values.push((":login", item::number(at.millis())));
        }
        self.delete(&Key::account(&before.value.id), Some(condition))
    }

    fn put_account(&mut self, before: Option<&Stored<Account>>, after: &Account) -> Result<(), StoreError> {
        let key = Key::account(&after.id);
        let document = Account { last_login_at: None, ..after.clone() };
        let login = after.last_login_at.map(|at| item::number(at.millis()));
        match before {
            None => {
                let mut item = key.attributes();
                item::put_document(&mut item, &document)?;
                item.insert("version".into(), item::number(1));
                if let Some(login) = login {
                    item.insert("last_login_at".into(), login);
                    item.insert("logins".into(), item::number(after.logins));
                }
                self.put(item, Condition::absent())
            }
            Some(stored) => {
                let mut sets = Vec::new();
                let mut values = Vec::new();
                if !after.has_only_logged_in_since(&stored.value) {
                    let [(_, document), (_, schema)] = item::document(&document)?;
                    sets.extend(["document = :document", "schema_version = :schema", "version = :next"]);
                    let next = item::number(stored.version + 1);
                    values.extend([(":document", document), (":schema", schema), (":next", next)]);
                }
                if let Some(login) = login.filter(|_| after.logins != stored.value.logins) {
                    // Without a new version: two logins at once do not get in each other's way.
                    sets.extend(["last_login_at = :login", "logins = if_not_exists(logins, :none) + :one"]);
                    values.extend([(":login", login), (":none", item::number(0)), (":one", item::number(1))]);
                }
                let expression = format!("SET {}", sets.join(", "));
                self.update(&key, &expression, values, Condition::version(stored.version))
            }
        }
    }

    /// The items by which an account is found follow from the account: what it had and has no more is removed, what
    /// it has now is added.
    fn look_ups(
        &mut self,
        before: Option<&Account>,
        after: Option<&Account>,
        context: &CommitContext<'_>,
    ) -> Result<(), StoreError> {
        let Some(id) = before.or(after).map(|account| &account.id) else { return Ok(()) };
        let old = before.map(Account::addresses).unwrap_or_default();
        let new = after.map(Account::addresses).unwrap_or_default();
        let was_active = before.is_some_and(|account| account.active);
        let is_active = after.is_some_and(|account| account.active);
        for address in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (had, has) = (old.get(address), new.get(address));
            match has {
                None => self.delete(&Key::owner(address, id), None)?,
                Some(standing) if had != has || was_active != is_active => {
                    let mut item = Key::owner(address, id).attributes();
                    item.insert("standing".into(), item::word(standing)?);
                    item.insert("active".into(), aws_sdk_dynamodb::types::AttributeValue::Bool(is_active));
                    self.put_anyway(item)?;
                }
                Some(_) => {}
            }
            let verified = |standing: &Standing| *standing == Standing::Verified;
            self.claim(address, had.map(verified), has.map(verified), id, context)?;
        }
        let old = before.map(Account::handles).unwrap_or_default();
        let new = after.map(Account::handles).unwrap_or_default();
        for handle in old.difference(&new) {
            self.delete(&Key::handle(handle), None)?;
        }
        for handle in new.difference(&old) {
            let mut item = Key::handle(handle).attributes();
            item.insert("account".into(), item::text(id.as_str()));
            self.put(item, Condition::absent())?;
        }
        Ok(())
    }

    /// One item for each email address and phone number is changed by everybody who adds, verifies or removes it: so of
    /// two accounts that do it at once one decides again. It goes with the account that loses the address, unless
    /// another account has verified it: accounts that have an address unverified need no claim.
    fn claim(
        &mut self,
        address: &Recipient,
        had: Option<bool>,
        has: Option<bool>,
        id: &AccountId,
        context: &CommitContext<'_>,
    ) -> Result<(), StoreError> {
        let key = Key::claim(address);
        let is_mine = "(attribute_not_exists(verified_by) OR verified_by = :me)";
        let me = (":me", item::text(id.as_str()));
        // None is less than unverified, and that less than verified.
        if has < had {
            let is_another_s = context.loaded.claimed_by(address).is_some_and(|owner| owner != id);
            let condition = Condition { expression: is_mine.into(), values: vec![me] };
            return if is_another_s { Ok(()) } else { self.delete(&key, Some(condition)) };
        }
        let added = had.is_none();
        let verified = has == Some(true) && (context.unique_email || address.phone().is_some());
        if has == had || !(added || verified) {
            return Ok(());
        }
        // One that is made anew must not have a version that it had before.
        let first = item::number(context.now.millis());
        let mut expression = "SET version = if_not_exists(version, :first) + :one".to_owned();
        let mut values = vec![(":first", first), (":one", item::number(1))];
        let mut conditions = Vec::new();
        if let Some(owners) = context.loaded.owners(address).filter(|_| added) {
            match owners.version {
                Some(version) => {
                    conditions.push("version = :seen");
                    values.push((":seen", item::number(version)));
                }
                None => conditions.push("attribute_not_exists(version)"),
            }
        }
        if verified {
            expression.push_str(", verified_by = :me");
            conditions.push(is_mine);
            values.push(me);
        }
        let condition = Condition { expression: conditions.join(" AND "), values: Vec::new() };
        self.update(&key, &expression, values, condition)
    }

    fn counter(&mut self, key: &CounterKey, usage: &Usage, now: Timestamp) -> Result<(), StoreError> {
        let condition = Condition::unchanged(usage.before.as_ref());
        let key = Key::counter(key);
        if usage.hits == 0 {
            return self.check(&key, condition);
        }
        let mut item = key.attributes();
        let version = usage.before.as_ref().map_or(1, |stored| stored.version + 1);
        item::put_document(&mut item, &usage.after)?;
        item.insert("version".into(), item::number(version));
        item.insert("expires_at".into(), item::number(now.plus(usage.rate.duration).seconds() + 1));
        self.put(item, condition)
    }

    /// Of two requests that use the same thing up, one fails. What is spent for good anyway may be overwritten: items
    /// are deleted late.
    fn use_once(&mut self, hash: &str, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let mut item = Key::spent(hash).attributes();
        item.insert("valid_until".into(), item::number(until.millis()));
        item.insert("expires_at".into(), item::number(until.seconds() + 1));
        let condition = Condition {
            expression: "attribute_not_exists(pk) OR valid_until < :now".into(),
            values: vec![(":now", item::number(now.millis()))],
        };
        self.put(item, condition)
    }

    /// Of two sign-ups with one invitation, one fails; so does one whose invitation was revoked or replaced meanwhile.
    fn accept(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let key = Key::invitation(&invitation_id(&invitation.email));
        self.delete(&key, Some(Condition::invitation(invitation)))
    }

    fn outbox(&mut self, id: &str, sealed: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let item = super::outbox::new_item(id, sealed, now);
        self.put(item, Condition::absent())
    }

    fn event(&mut self, event: &EventItem) -> Result<(), StoreError> {
        self.put(super::events::new_item(event), Condition::absent())
    }

    fn put(&mut self, item: Item, condition: Condition) -> Result<(), StoreError> {
        let mut put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression(condition.expression);
        for (name, value) in condition.values {
            put = put.expression_attribute_values(name, value);
        }
        self.items.push(TransactWriteItem::builder().put(built(put.build())?).build());
        Ok(())
    }

    fn put_anyway(&mut self, item: Item) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(item)).build();
        self.items.push(TransactWriteItem::builder().put(built(put)?).build());
        Ok(())
    }

    fn delete(&mut self, key: &Key, condition: Option<Condition>) -> Result<(), StoreError> {
        let mut delete = Delete::builder().table_name(self.table).set_key(Some(key.attributes()));
        if let Some(condition) = condition {
            delete = delete.condition_expression(condition.expression);
            for (name, value) in condition.values {
                delete = delete.expression_attribute_values(name, value);
            }
        }
        self.items.push(TransactWriteItem::builder().delete(built(delete.build())?).build());
        Ok(())
    }

    fn update(
        &mut self,
        key: &Key,
        expression: &str,
        values: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
        condition: Condition,
    ) -> Result<(), StoreError> {
        let mut update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()))
            .update_expression(expression);
        if !condition.expression.is_empty() {
            update = update.condition_expression(condition.expression);
        }
        // A value that both name is given once.
        let values: BTreeMap<_, _> = values.into_iter().chain(condition.values).collect();
        for (name, value) in values {
            update = update.expression_attribute_values(name, value);
        }
        self.items.push(TransactWriteItem::builder().update(built(update.build())?).build());
        Ok(())
    }

    fn check(&mut self, key: &Key, condition: Condition) -> Result<(), StoreError> {
        let mut check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(key.attributes()))
            .condition_expression(condition.expression);
        for (name, value) in condition.values {
            check = check.expression_attribute_values(name, value);
        }
        self.items.push(TransactWriteItem::builder().condition_check(built(check.build())?).build());
        Ok(())
    }
}

fn built<T>(built: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T, StoreError> {
    built.map_err(|error| StoreError::Corrupt(error.to_string()))
}
