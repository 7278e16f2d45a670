//! The size of an account: it is stored as one item, and DynamoDB takes 400 KB.

use super::account::Account;
use super::social::SocialAccount;

/// The most bytes that an account may have as it is stored, in JSON, with what can be left out of it. What cannot be has
/// limits of its own, by which it is smaller than an item.
pub const MOST_ACCOUNT_BYTES: usize = 350_000;

impl Account {
    /// The size in bytes, as it is stored.
    pub fn size(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.len())
    }

    /// Removes as many tokens of providers as make the account fit, and returns how many: no login needs them. First those
    /// that it had before, in the order of connection, then those that it has got since.
    pub fn shed_tokens(&mut self, before: Option<&Self>) -> usize {
        if self.social_accounts.iter().all(|social| social.tokens.is_none()) {
            return 0;
        }
        let is_old = |social: &SocialAccount| {
            let known = before.and_then(|before| before.social_account(&social.provider, &social.uid));
            known.is_some_and(|known| known.tokens == social.tokens)
        };
        let mut excess = self.size().saturating_sub(MOST_ACCOUNT_BYTES);
        let mut shed = 0;
        for sheds_old in [true, false] {
            for social in &mut self.social_accounts {
                if excess > 0
                    && is_old(social) == sheds_old
                    && let Some(tokens) = social.tokens.take()
                {
                    excess = excess.saturating_sub(tokens.0.len());
                    shed += 1;
                }
            }
        }
        shed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::account::{MOST_ADDRESSES, PasswordHash};
    use crate::domain::account_id::AccountId;
    use crate::domain::authenticator::{
        Authenticator, Credential, CredentialKey, Factor, MAX_CREDENTIAL_NAME, MOST_AUTHENTICATORS,
        MOST_PUBLIC_KEY_BYTES, RecoveryCodes, Totp,
    };
    use crate::domain::code::CodeHash;
    use crate::domain::document::UnknownMembers;
    use crate::domain::email::{self, EmailAddress};
    use crate::domain::event::{Actor, EventLog};
    use crate::domain::handle::MOST_CREDENTIAL_ID_BYTES;
    use crate::domain::imported::ImportMark;
    use crate::domain::invitation::InvitationChange;
    use crate::domain::means::{Means, Unproved};
    use crate::domain::phone::Phone;
    use crate::domain::profile::MAX_PROFILE_BYTES;
    use crate::domain::social::{MAX_CLAIM_LENGTH, MAX_UID_LENGTH, MOST_SOCIAL_ACCOUNTS, MOST_TOKEN_BYTES};
    use crate::domain::time::Timestamp;
    use crate::domain::username;
    use crate::secret::Sealed;

    /// What DynamoDB takes, less what the item has beside the account: its keys, and a few numbers.
    const ITEM: usize = 400 * 1024 - 1024;
    /// Six bytes in JSON, more than any other character.
    const LONGEST: &str = "\u{1}";

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    /// What is encrypted: a third longer, with a nonce, a tag and the name of the key.
    fn sealed(bytes: usize) -> Sealed {
        Sealed("x".repeat((bytes + 28).div_ceil(3) * 4 + 9))
    }

    fn credential() -> Factor {
        let base64 = |bytes: usize| "A".repeat((bytes * 4).div_ceil(3));
        Factor::WebAuthn(Credential {
            name: LONGEST.repeat(MAX_CREDENTIAL_NAME),
            credential_id: base64(MOST_CREDENTIAL_ID_BYTES),
            passwordless: Some(false),
            document: CredentialKey::new(base64(MOST_PUBLIC_KEY_BYTES), u32::MAX).to_document(),
            unknown: UnknownMembers::NONE,
        })
    }

    fn social(number: usize, token_bytes: usize) -> SocialAccount {
        SocialAccount {
            provider: format!("{number:02}{}", "p".repeat(48)),
            uid: LONGEST.repeat(MAX_UID_LENGTH),
            display: Some(LONGEST.repeat(MAX_CLAIM_LENGTH)),
            tokens: Some(sealed(token_bytes)),
            connected_at: NOW,
            unknown: UnknownMembers::NONE,
        }
    }

    /// An account with the most and the longest of all that it may have: of what can be imported, where that is more.
    fn largest(token_bytes: usize) -> Account {
        let email = |number| format!("{}{number:02}", "e".repeat(email::MAX_LENGTH - 2));
        let values = || [("x".to_owned(), Value::from("x".repeat(MAX_PROFILE_BYTES)))].into();
        let actor = Actor { id: Some("i".repeat(200)), arn: Some("a".repeat(2048)), ..Actor::OPERATOR };
        let mut account = Account {
            username: Some("\u{10400}".repeat(username::MAX_LENGTH)),
            email: Some(email(0)),
            password: Some(PasswordHash("x".repeat(1024))),
            signup_email: Some(email(0)),
            stripped_at: Some(NOW),
            phone: Some(Phone::new("+123456789012345".into(), true)),
            profile: values(),
            public_metadata: values(),
            private_metadata: values(),
            invited: Some(InvitationChange { revoked: false, at: NOW, actor, unknown: UnknownMembers::NONE }),
            events: Some(EventLog { key: Some(sealed(32)), seq: i64::MAX, ..EventLog::NEW }),
            imported: Some(ImportMark {
                record: "x".repeat(60),
                state: "x".repeat(43),
                at: NOW,
                unknown: UnknownMembers::NONE,
            }),
            ..Account::new(AccountId::parse(&"i".repeat(AccountId::MAX_LENGTH)).unwrap(), NOW)
        };
        let emails = (0..MOST_ADDRESSES).map(email);
        account.emails =
            emails.map(|email| EmailAddress { verified: true, ..EmailAddress::new(email) }).collect();
        let totp = Totp { used_steps: vec![i64::from(u32::MAX); 21], ..Totp::new(sealed(208)) };
        let codes = RecoveryCodes {
            unused: vec![CodeHash("h".repeat(43)); 100],
            key: Some(sealed(43)),
            total: 100,
            shown: Some(sealed(100 * 65)),
            viewed_at: Some(NOW),
            unknown: UnknownMembers::NONE,
        };
        let keys = (0..MOST_AUTHENTICATORS).map(|_| credential());
        for factor in [Factor::Totp(totp), Factor::RecoveryCodes(codes)].into_iter().chain(keys) {
            let id = (1 << 53) - 1;
            let used = Authenticator { last_used_at: Some(NOW), ..Authenticator::new(id, factor, NOW) };
            account.authenticators.push(used);
            account.unproved.push(unproved(Means::Authenticator(id)));
        }
        for number in 0..MOST_SOCIAL_ACCOUNTS {
            let social = social(number, token_bytes);
            account.unproved.push(unproved(Means::Social(social.provider.clone(), social.uid.clone())));
            account.social_accounts.push(social);
        }
        for address in account.emails.clone() {
            account.unproved.push(unproved(Means::Email(address.email)));
        }
        account
    }

    fn unproved(means: Means) -> Unproved {
        Unproved { means, at: NOW, unknown: UnknownMembers::NONE }
    }

    #[test]
    fn the_largest_account_fits_into_its_item() {
        let mut account = largest(2 * MOST_TOKEN_BYTES);
        assert!(account.size() > ITEM, "it would not, with all tokens: {}", account.size());
        account.shed_tokens(None);
        assert!(account.size() < ITEM, "{}", account.size());
    }

    #[test]
    fn tokens_of_before_are_shed_first_and_no_more_than_needed() {
        let mut account = largest(MOST_TOKEN_BYTES);
        account.authenticators.clear();
        account.unproved.clear();
        let before = account.clone();
        let first = account.social_accounts.first().unwrap().provider.clone();
        for social in &mut account.social_accounts {
            if social.provider == first {
                social.tokens = Some(sealed(2 * MOST_TOKEN_BYTES));
            }
        }
        let shed = account.shed_tokens(Some(&before));
        let has_tokens: Vec<bool> = account.social_accounts.iter().map(|it| it.tokens.is_some()).collect();
        assert!(shed > 0 && has_tokens[0], "those that are new stay");
        assert!(has_tokens[1..=shed].iter().all(|has| !has) && has_tokens[shed + 1..].iter().all(|has| *has));
        let size = account.size();
        assert!(
            size <= MOST_ACCOUNT_BYTES && size + sealed(MOST_TOKEN_BYTES).0.len() + 12 > MOST_ACCOUNT_BYTES
        );
        assert_eq!(account.clone().shed_tokens(Some(&before)), 0);
    }
}
