//! Invitations to sign up: their items.

use super::item::{self, Key};
use super::{Item, Store, StoreError};
use crate::domain::invitation::{Invitation, invitation_id};

/// The item of an invitation.
pub(super) fn new_item(invitation: &Invitation) -> Result<Item, StoreError> {
    let mut item = Key::invitation(&invitation_id(&invitation.email)).attributes();
    item::put_document(&mut item, invitation)?;
    // By which a commit knows that it changes or uses up the one that was read: each change gives it another key.
    item.insert("key_hash".into(), item::text(&invitation.key_hash));
    item.insert("expires_at".into(), item::number(invitation.valid_until.seconds() + 1));
    Ok(item)
}

impl Store {
    /// All invitations. It reads the whole table: for operators only.
    pub async fn all_invitations(&self) -> Result<Vec<Invitation>, StoreError> {
        let found = self.scan("begins_with(pk, :wanted)", item::INVITATION, None).await?;
        found.iter().map(item::read_document).collect()
    }
}
