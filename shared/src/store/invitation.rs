//! Invitations to sign up. A sign-up uses one up in its own commit; here is what operators do with them.

use super::item::{self, Key};
use super::{Item, Store, StoreError, unavailable};
use crate::domain::invitation::{Invitation, invitation_id};

/// The item of an invitation.
pub(super) fn new_item(invitation: &Invitation) -> Result<Item, StoreError> {
    let mut item = Key::invitation(&invitation_id(&invitation.email)).attributes();
    item::put_document(&mut item, invitation)?;
    // By which a sign-up knows that it uses up the one that it has read.
    item.insert("key_hash".into(), item::text(&invitation.key_hash));
    item.insert("expires_at".into(), item::number(invitation.valid_until.seconds() + 1));
    Ok(item)
}

impl Store {
    /// Removes the invitation of an email address, in canonical form. Returns whether there was one.
    pub async fn revoke_invitation(&self, email: &str) -> Result<bool, StoreError> {
        let key = Key::invitation(&invitation_id(email)).attributes();
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let old = delete.return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld).send().await;
        Ok(old.map_err(|error| unavailable(&error))?.attributes.is_some_and(|old| !old.is_empty()))
    }

    /// All invitations. It reads the whole table: for operators only.
    pub async fn all_invitations(&self) -> Result<Vec<Invitation>, StoreError> {
        let found = self.scan("begins_with(pk, :wanted)", item::INVITATION, None).await?;
        found.iter().map(item::read_document).collect()
    }
}
