//! Reading what a request needs, in one round trip.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::{try_join, try_join_all};

use super::item::{self, Key};
use super::undeliverable::read_mark;
use super::{Item, Store, StoreError, unavailable};
use crate::domain::account::{Account, Standing};
use crate::domain::account_id::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;
use crate::snapshot::{AddressOwner, AddressOwners, EVENT_ITEMS, Loaded, Need, Stored, StoredSession};

/// Most keys of a `BatchGetItem`.
const MOST_KEYS: usize = 100;

impl Store {
    /// Reads the candidate sessions, the accounts that their keys name, and the prefetched items, in one round trip.
    pub async fn load(&self, sessions: &[SessionKey], needs: &[Need]) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        let accounts = sessions.iter().filter_map(|key| key.account.clone()).map(Need::Account);
        let needs: BTreeSet<Need> = needs.iter().cloned().chain(accounts).collect();
        self.read(&mut loaded, sessions, &needs).await?;
        Ok(loaded)
    }

    /// Reads more items into a snapshot.
    pub async fn load_more(&self, loaded: &mut Loaded, needs: &[Need]) -> Result<(), StoreError> {
        self.read(loaded, &[], &needs.iter().cloned().collect()).await
    }

    /// Reads one account.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Stored<Account>>, StoreError> {
        let mut loaded = self.load(&[], &[Need::Account(id.clone())]).await?;
        Ok(loaded.accounts.remove(id).flatten())
    }

    /// The ids of all accounts. It reads the whole table: for operators only.
    pub async fn all_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        let accounts = self.scan("sk = :wanted", item::ACCOUNT, Some("pk")).await?;
        let ids = accounts.iter().map(|item| Ok(item::owner(item::read_text(item, "pk")?)));
        ids.filter_map(Result::transpose).collect()
    }

    /// The items that a condition on `:wanted` selects, or only these attributes of them. It reads the whole table: for
    /// operators only.
    pub(super) async fn scan(
        &self,
        condition: &str,
        wanted: &str,
        attributes: Option<&str>,
    ) -> Result<Vec<Item>, StoreError> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let scan =
            scan.filter_expression(condition).expression_attribute_values(":wanted", item::text(wanted));
        let scan = scan.set_projection_expression(attributes.map(str::to_owned));
        let mut found = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = scan.clone().set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| unavailable(&error))?;
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    async fn read(
        &self,
        loaded: &mut Loaded,
        sessions: &[SessionKey],
        needs: &BTreeSet<Need>,
    ) -> Result<(), StoreError> {
        let pages = needs.iter().filter_map(|need| match need {
            Need::Events(account, before) => Some(async move {
                let page = self.event_page(account, before.as_deref(), EVENT_ITEMS).await?;
                Ok::<_, StoreError>(((account.clone(), before.clone()), page))
            }),
            _ => None,
        });
        let ((), pages) = try_join(self.read_items(loaded, sessions, needs), try_join_all(pages)).await?;
        loaded.events.extend(pages);
        Ok(())
    }

    async fn read_items(
        &self,
        loaded: &mut Loaded,
        sessions: &[SessionKey],
        needs: &BTreeSet<Need>,
    ) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = sessions.iter().map(Key::session).collect();
        let mut partitions = Vec::new();
        for need in needs {
            match need {
                Need::Account(id) => keys.push(Key::account(id)),
                Need::Claim(address) => keys.push(Key::claim(address)),
                Need::Handle(handle) => keys.push(Key::handle(handle)),
                Need::Spent(hash) => keys.push(Key::spent(hash)),
                Need::Counter(key) => keys.push(Key::counter(key)),
                Need::Invitation(id) => keys.push(Key::invitation(id)),
                Need::Undeliverable(email) => keys.push(Key::undeliverable(email)),
                // The same key twice in one call is an error.
                Need::Session(key) if sessions.contains(key) => {}
                Need::Session(key) => keys.push(Key::session(key)),
                Need::Owners(address) => partitions.push((item::address_partition(address), "")),
                Need::Sessions(id) => partitions.push((item::account_partition(id), item::SESSION)),
                Need::Events(..) => {}
            }
        }
        let queries = partitions.iter().map(|(pk, prefix)| self.query(pk, prefix));
        let (items, queries) = (self.get(keys), try_join_all(queries));
        // An account knows how many logins there were: its sessions are read after it, so that none of those is missing.
        let (items, partitions) = if needs.iter().any(|need| matches!(need, Need::Sessions(_))) {
            (items.await?, queries.await?)
        } else {
            try_join(items, queries).await?
        };
        let mut partitions = partitions.into_iter();
        for key in sessions {
            let Some(item) = items.get(&Key::session(key)) else { continue };
            let found = read_session(key.clone(), item)?;
            match loaded.session {
                None => loaded.session = Some(found),
                Some(_) => loaded.more_sessions.push(found),
            }
        }
        for need in needs {
            match need {
                Need::Account(id) => {
                    let account = items.get(&Key::account(id)).map(read_account).transpose()?;
                    loaded.accounts.insert(id.clone(), account);
                }
                Need::Claim(address) => {
                    let claim = items.get(&Key::claim(address)).map(read_claim).transpose()?.flatten();
                    loaded.claims.insert(address.clone(), claim);
                }
                Need::Handle(handle) => {
                    let owner = items.get(&Key::handle(handle)).map(read_owner).transpose()?;
                    loaded.handles.insert(handle.clone(), owner);
                }
                Need::Spent(hash) => {
                    let until =
                        items.get(&Key::spent(hash)).map(|item| item::read_number(item, "valid_until"));
                    loaded.spent.insert(hash.clone(), until.transpose()?.map(Timestamp::from_millis));
                }
                Need::Counter(key) => {
                    let history = items.get(&Key::counter(key)).map(|item| {
                        Ok(Stored {
                            version: item::read_number(item, "version")?,
                            value: item::read_document(item)?,
                        })
                    });
                    loaded.counters.insert(key.clone(), history.transpose()?);
                }
                Need::Invitation(id) => {
                    let invitation = items.get(&Key::invitation(id)).map(item::read_document);
                    loaded.invitations.insert(id.clone(), invitation.transpose()?);
                }
                Need::Undeliverable(email) => {
                    let item = items.get(&Key::undeliverable(email));
                    loaded.undeliverable.insert(email.clone(), item.map(read_mark).transpose()?);
                }
                Need::Session(key) => {
                    let found = items.get(&Key::session(key)).map(|item| read_session(key.clone(), item));
                    loaded.others.insert(key.clone(), found.transpose()?);
                }
                Need::Owners(address) => {
                    let owners = read_owners(&partitions.next().unwrap_or_default())?;
                    loaded.owners.insert(address.clone(), owners);
                }
                Need::Sessions(id) => {
                    let items = partitions.next().unwrap_or_default();
                    let sessions: Result<Vec<_>, _> =
                        items.iter().map(|item| read_session(key_of_session(id, item)?, item)).collect();
                    loaded.sessions.insert(id.clone(), sessions?);
                }
                Need::Events(..) => {}
            }
        }
        Ok(())
    }

    async fn get(&self, mut keys: Vec<Key>) -> Result<HashMap<Key, Item>, StoreError> {
        // Input is bounded where it is read; what slips through is not there, rather than the end of the request.
        keys.retain(Key::is_possible);
        let mut found = HashMap::new();
        let mut tries = 0;
        while !keys.is_empty() {
            // What was left over is asked for again: DynamoDB gives back what it had no capacity for.
            tries += 1;
            if tries > 3 {
                return Err(StoreError::Unavailable("keys were left unprocessed".to_owned()));
            }
            let rest = keys.split_off(keys.len().min(MOST_KEYS));
            let wanted = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(keys.iter().map(Key::attributes).collect()))
                .build()
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let answer = self.client.batch_get_item().request_items(&self.table, wanted).send().await;
            let answer = answer.map_err(|error| unavailable(&error))?;
            for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                found.insert(Key::of(&item)?, item);
            }
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            let left = left.map(|left| left.keys).unwrap_or_default();
            if left.is_empty() {
                tries = 0;
            }
            keys = left.iter().map(Key::of).collect::<Result<_, _>>()?;
            keys.extend(rest);
        }
        Ok(found)
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        if pk.len() > item::MOST_PARTITION_KEY_BYTES {
            return Ok(Vec::new());
        }
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.expression_attribute_values(":pk", item::text(pk));
        let query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", item::text(prefix))
        };
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let page = query.clone().set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| unavailable(&error))?;
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

pub(super) fn read_session(key: SessionKey, item: &Item) -> Result<Stored<StoredSession>, StoreError> {
    let session = item::read_document(item)?;
    let expires_at = Timestamp::from_millis(item::read_number(item, "valid_until")?);
    let version = item::read_number(item, "version")?;
    Ok(Stored { version, value: StoredSession { key, session, expires_at } })
}

fn key_of_session(account: &AccountId, item: &Item) -> Result<SessionKey, StoreError> {
    let key = Key::of(item)?;
    let hash = key.sk.strip_prefix(item::SESSION).unwrap_or_default().to_owned();
    Ok(SessionKey { account: Some(account.clone()), hash })
}

pub(super) fn read_account(item: &Item) -> Result<Stored<Account>, StoreError> {
    let account: Account = item::read_document(item)?;
    let last_login_at = item::find_number(item, "last_login_at").map(Timestamp::from_millis);
    let logins = item::find_number(item, "logins").unwrap_or_default();
    let value = Account { last_login_at, logins, ..account };
    Ok(Stored { version: item::read_number(item, "version")?, value })
}

fn read_owner(item: &Item) -> Result<AccountId, StoreError> {
    item::read_account_id(item, "account")
}

fn read_claim(item: &Item) -> Result<Option<AccountId>, StoreError> {
    if item.contains_key("verified_by") {
        item::read_account_id(item, "verified_by").map(Some)
    } else {
        Ok(None)
    }
}

/// What is not understood reaches nothing.
fn read_standing(item: &Item) -> Standing {
    let text = item::read_text(item, "standing").unwrap_or_default();
    serde_json::from_value(text.into()).unwrap_or(Standing::Added)
}

fn read_owners(items: &[Item]) -> Result<AddressOwners, StoreError> {
    let mut owners = AddressOwners::default();
    for item in items {
        let key = Key::of(item)?;
        if key.sk == item::CLAIM {
            owners.version = Some(item::read_number(item, "version")?);
            owners.claimed_by = read_claim(item)?;
        } else if let Some(account) = item::owner(&key.sk) {
            let standing = read_standing(item);
            owners.owners.push(AddressOwner { account, standing, active: item::read_flag(item, "active") });
        }
    }
    Ok(owners)
}
