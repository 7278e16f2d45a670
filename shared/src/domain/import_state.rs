//! Whether an account has changed since it was imported.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::account::{Account, PasswordHash};
use super::authenticator::{CredentialKey, Factor};
use super::document::StoredList;

impl Account {
    /// A digest of what users and operators change of an account. What a login alone changes is left out, such as the time
    /// of the last use and the counter of a credential, and so is what is encrypted, as a rotation of keys does it again.
    pub fn import_state(&self) -> String {
        let mut account = Self {
            session_epoch: 0,
            last_login_at: None,
            unproved: StoredList::default(),
            events: None,
            imported: None,
            ..self.clone()
        };
        for authenticator in &mut account.authenticators {
            authenticator.last_used_at = None;
            match &mut authenticator.factor {
                Factor::Totp(totp) => {
                    totp.secret.0.clear();
                    totp.used_steps.clear();
                }
                Factor::RecoveryCodes(codes) => {
                    (codes.key, codes.shown, codes.viewed_at) = (None, None, None);
                }
                Factor::WebAuthn(credential) => {
                    let key = CredentialKey::from_document(&credential.document);
                    credential.document = key.map(|key| key.public_key).unwrap_or_default();
                }
            }
        }
        for social in &mut account.social_accounts {
            (social.display, social.tokens) = (None, None);
        }
        let text = serde_json::to_string(&account).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// Replaces the hash of the same password: no session ends, and for a later import nothing has changed.
    pub fn rehash_password(&mut self, hash: PasswordHash) {
        let is_as_imported = self.imported.as_ref().is_some_and(|mark| mark.state == self.import_state());
        self.password = Some(hash);
        if is_as_imported {
            let state = self.import_state();
            if let Some(mark) = &mut self.imported {
                mark.state = state;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::UnknownMembers;
    use crate::domain::imported::ImportMark;

    fn everything() -> Account {
        let stored: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/stored.json")).unwrap();
        let mut account: Account = serde_json::from_value(stored["accounts"]["everything"].clone()).unwrap();
        let mark = ImportMark {
            record: "record".into(),
            state: account.import_state(),
            at: account.created_at,
            unknown: UnknownMembers::NONE,
        };
        account.imported = Some(mark);
        account
    }

    fn is_as_imported(account: &Account) -> bool {
        account.imported.as_ref().unwrap().state == account.import_state()
    }

    #[test]
    fn a_login_changes_nothing_that_counts() {
        let mut account = everything();
        account.last_login_at = Some(account.created_at);
        account.logins += 1;
        account.end_sessions();
        account.unproved.clear();
        for authenticator in &mut account.authenticators {
            authenticator.last_used_at = None;
            match &mut authenticator.factor {
                Factor::Totp(totp) => totp.used_steps.push(1),
                Factor::RecoveryCodes(codes) => codes.viewed_at = None,
                Factor::WebAuthn(key) => key.document = key.document.replace(":7", ":8"),
            }
        }
        account.rehash_password(PasswordHash("other".into()));
        assert!(is_as_imported(&account));
        account.rehash_password(PasswordHash("another".into()));
        assert!(is_as_imported(&account));
    }

    #[test]
    fn what_users_and_operators_change_counts() {
        let changes: [fn(&mut Account); 7] = [
            |account| account.set_password(PasswordHash("other".into())),
            |account| account.add_address("new@example.com"),
            |account| account.active = false,
            |account| account.remove_authenticator(11),
            |account| drop(account.profile.insert("role".into(), "editor".into())),
            |account| account.social_accounts.retain(|social| social.provider != "github"),
            // A used code must not come back.
            |account| {
                for authenticator in &mut account.authenticators {
                    if let Factor::RecoveryCodes(codes) = &mut authenticator.factor {
                        codes.unused.clear();
                    }
                }
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut account = everything();
            change(&mut account);
            assert!(!is_as_imported(&account), "{number}");
            account.rehash_password(PasswordHash("again".into()));
            assert!(!is_as_imported(&account), "{number}: nor does a login hide it");
        }
    }
}
