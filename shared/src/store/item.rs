//! Keys and attributes of items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{Item, StoreError};
use crate::domain::account_id::AccountId;
use crate::domain::handle::Handle;
use crate::domain::message::Recipient;
use crate::domain::token::SessionKey;
use crate::snapshot::CounterKey;

/// Where an item is: its partition key and its sort key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub pk: String,
    pub sk: String,
}

/// The longest keys that DynamoDB takes.
pub(super) const MOST_PARTITION_KEY_BYTES: usize = 2048;
const MOST_SORT_KEY_BYTES: usize = 1024;

/// The sort key of items that are alone in their partition.
const ALONE: &str = "-";
/// The sort key of the item that says who has verified an email address or a phone number.
pub(super) const CLAIM: &str = "CLAIM";
/// The sort key of accounts.
pub(super) const ACCOUNT: &str = "ACCOUNT";
pub(super) const OWNER: &str = "USER#";
pub(super) const SESSION: &str = "SESSION#";
pub(super) const OUTBOX: &str = "OUTBOX#";
pub(super) const EVENT: &str = "EVENT#";
pub(super) const INVITATION: &str = "INVITATION#";

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub fn account(id: &AccountId) -> Self {
        Self::new(account_partition(id), ACCOUNT)
    }

    pub fn session(key: &SessionKey) -> Self {
        let sk = format!("{SESSION}{}", key.hash);
        let pk = key.account.as_ref().map_or_else(|| sk.clone(), account_partition);
        Self::new(pk, sk)
    }

    pub fn owner(address: &Recipient, id: &AccountId) -> Self {
        Self::new(address_partition(address), format!("{OWNER}{}", id.as_str()))
    }

    pub fn claim(address: &Recipient) -> Self {
        Self::new(address_partition(address), CLAIM)
    }

    pub fn handle(handle: &Handle) -> Self {
        let pk = match handle {
            Handle::Username(key) => format!("USERNAME#{key}"),
            Handle::Credential(id) => format!("CREDENTIAL#{id}"),
            Handle::Social { provider, uid } => format!("SOCIAL#{provider}#{uid}"),
        };
        Self::new(pk, ALONE)
    }

    pub fn spent(hash: &str) -> Self {
        Self::new(format!("SPENT#{hash}"), ALONE)
    }

    /// Apart from the look-up, so that the function that writes marks may write nothing by which an account is found.
    pub fn undeliverable(email: &str) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(email.as_bytes()));
        Self::new(format!("UNDELIVERABLE#{hash}"), ALONE)
    }

    pub fn invitation(id: &str) -> Self {
        Self::new(format!("{INVITATION}{id}"), ALONE)
    }

    pub fn counter(key: &CounterKey) -> Self {
        Self::new(format!("RATE#{}", key.0), ALONE)
    }

    pub fn outbox(id: &str) -> Self {
        Self::new(format!("{OUTBOX}{id}"), ALONE)
    }

    /// Events are in order of time under their account.
    pub fn event(account: &AccountId, id: &str) -> Self {
        Self::new(format!("{EVENT}{}", account.as_str()), id)
    }

    /// Whether the table takes it. Nothing can be under a key that it does not take, and to ask for one fails.
    pub fn is_possible(&self) -> bool {
        self.pk.len() <= MOST_PARTITION_KEY_BYTES && self.sk.len() <= MOST_SORT_KEY_BYTES
    }

    pub fn attributes(&self) -> Item {
        HashMap::from([("pk".into(), text(&self.pk)), ("sk".into(), text(&self.sk))])
    }

    pub fn of(item: &Item) -> Result<Self, StoreError> {
        Ok(Self { pk: read_text(item, "pk")?.to_owned(), sk: read_text(item, "sk")?.to_owned() })
    }
}

pub(super) fn account_partition(id: &AccountId) -> String {
    format!("USER#{}", id.as_str())
}

pub(super) fn address_partition(address: &Recipient) -> String {
    match address {
        Recipient::Email(email) => format!("EMAIL#{email}"),
        Recipient::Phone(number) => format!("PHONE#{number}"),
    }
}

/// The account that the sort key of a look-up of an email address or a phone number names.
pub(super) fn owner(sort_key: &str) -> Option<AccountId> {
    AccountId::parse(sort_key.strip_prefix(OWNER)?)
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The schema version of the documents that this release writes. It goes up with a change that an older release must not
/// read past; documents without one are of the first (docs/architecture.md, "Compatibility between releases").
const SCHEMA_VERSION: i64 = 1;

/// The attributes that hold a document.
pub(super) fn document(value: &impl Serialize) -> Result<[(&'static str, AttributeValue); 2], StoreError> {
    let json = serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok([("document", AttributeValue::S(json)), ("schema_version", number(SCHEMA_VERSION))])
}

/// Adds a document to an item.
pub(super) fn put_document(item: &mut Item, value: &impl Serialize) -> Result<(), StoreError> {
    item.extend(document(value)?.map(|(name, value)| (name.to_owned(), value)));
    Ok(())
}

/// A word that a plain enumeration is written as.
pub(super) fn word(value: impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_json::from_value(serde_json::json!(value))
        .map(AttributeValue::S)
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(super) fn read_text<'i>(item: &'i Item, name: &str) -> Result<&'i str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| corrupt(item, name))
}

pub(super) fn read_number(item: &Item, name: &str) -> Result<i64, StoreError> {
    find_number(item, name).ok_or_else(|| corrupt(item, name))
}

pub(super) fn find_number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn read_flag(item: &Item, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or_default()
}

pub(super) fn read_document<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let version = item.get("schema_version").map(|_| read_number(item, "schema_version")).transpose()?;
    if version.is_some_and(|version| version > SCHEMA_VERSION) {
        return Err(corrupt(item, "the later schema_version"));
    }
    serde_json::from_str(read_text(item, "document")?).map_err(|_| corrupt(item, "document"))
}

pub(super) fn read_account_id(item: &Item, name: &str) -> Result<AccountId, StoreError> {
    AccountId::parse(read_text(item, name)?).ok_or_else(|| corrupt(item, name))
}

/// Says which sort of item and which attribute, but nothing of what they hold.
fn corrupt(item: &Item, attribute: &str) -> StoreError {
    let pk = item.get("pk").and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    let sort = pk.split('#').next().unwrap_or_default();
    StoreError::Corrupt(format!("{attribute} of an item under {sort}#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_keep_the_keys_that_tables_have() {
        for (handle, pk) in [
            (Handle::username("Ann").unwrap(), "USERNAME#ann"),
            (Handle::credential("AAAA").unwrap(), "CREDENTIAL#AAAA"),
            (Handle::social("google", "42"), "SOCIAL#google#42"),
        ] {
            assert_eq!(Key::handle(&handle), Key { pk: pk.into(), sk: "-".into() });
        }
    }

    #[test]
    fn a_document_of_a_later_schema_is_not_read() {
        let mut item = Key::spent("x").attributes();
        put_document(&mut item, &"text").unwrap();
        assert_eq!(read_document::<String>(&item).unwrap(), "text");
        item.insert("schema_version".into(), number(SCHEMA_VERSION + 1));
        let error = read_document::<String>(&item).unwrap_err().to_string();
        assert!(error.ends_with("the later schema_version of an item under SPENT#"), "{error}");
        item.remove("schema_version");
        assert_eq!(read_document::<String>(&item).unwrap(), "text", "as releases before wrote it");
    }
}
