//! What the table holds, of this release and of others.

use serde::Serialize;
use serde::de::DeserializeOwned;
use vestibule::domain::account::Account;
use vestibule::domain::session::Session;
use vestibule::migration::Outward;

use crate::process::APP;

/// Reads an account and a session.
pub fn document(data: &[u8]) {
    if let Some(account) = read_back::<Account>(data) {
        account.addresses();
        account.handles();
        account.label();
        account.authenticator_types();
        account.has_unknown_factors_only();
        let _ = Outward { keys: Some(&APP.secrets().keys) }.account(&account);
    }
    read_back::<Session>(data);
}

/// What is read, if it is written as it was.
fn read_back<T: Serialize + DeserializeOwned>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_value(&read).unwrap();
    let again: T =
        serde_json::from_str(&written.to_string()).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(serde_json::to_value(&again).unwrap(), written);
    Some(read)
}
