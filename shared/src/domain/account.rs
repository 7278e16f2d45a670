//! Accounts: the identity of a user, and its means of authentication.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account_id::AccountId;
use super::authenticator::{Authenticator, AuthenticatorType, Credential, Factor};
use super::document::{StoredList, UnknownMembers};
use super::email::{self, EmailAddress};
use super::event::EventLog;
use super::handle::Handle;
use super::imported::ImportMark;
use super::invitation::InvitationChange;
use super::means::{Means, Unproved};
use super::message::{Recipient, Removed};
use super::phone::Phone;
use super::profile::{Metadata, ProfileValues};
use super::social::SocialAccount;
use super::time::Timestamp;
use super::username;

/// The maximum number of email addresses of an account: it is stored as one item, and deleted with all its look-ups in
/// one transaction.
pub const MOST_ADDRESSES: u32 = 20;

/// The maximum number of email addresses of an account that has verified nothing: the first proof may remove all of
/// them in one transaction.
pub const MOST_UNPROVEN_ADDRESSES: u32 = 10;

/// A hash of a password in PHC string format (<https://github.com/P-H-C/phc-string-format>), or as it was imported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The standing of an email address or phone number: what it gives access to, the least first.
///
/// An unverified one reaches the account only as long as nothing in the account has been verified: from then on it is
/// not known that it is the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Unverified, and added after sign-up: gives no access.
    Added,
    /// Unverified and given at sign-up, in an account that has verified something else: gives access only if the
    /// settings do not require verification.
    Given,
    /// Unverified and given at sign-up, in an account that has verified nothing.
    Unproven,
    /// Verified.
    Verified,
}

impl Standing {
    /// Whether the email address or phone number is taken: no other account can sign up with it.
    pub fn takes(self) -> bool {
        self >= Self::Unproven
    }

    /// Whether a password reset or a login code for it reaches the account. `asked`: whether the settings require
    /// verification.
    pub fn reaches(self, asked: bool) -> bool {
        self.takes() || (self == Self::Given && !asked)
    }
}

/// The account of a user: one aggregate, read and written as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The id, which never changes.
    pub id: AccountId,
    /// The username, unique in canonical form; none if usernames are disabled.
    pub username: Option<String>,
    /// The email address used while none is primary.
    pub email: Option<String>,
    /// The password hash; none if the account has no usable password.
    pub password: Option<PasswordHash>,
    /// Whether login is possible.
    pub active: bool,
    /// Whether the account is marked as an administrator, for the operator's own services.
    #[serde(default)]
    pub superuser: bool,
    /// The email addresses, in the order of addition.
    pub emails: Vec<EmailAddress>,
    /// The email address given at sign-up, while the account has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup_email: Option<String>,
    /// Whether it had a verified email address that was removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_verified: bool,
    /// The time of the first proof, which stripped the account: codes requested earlier are void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripped_at: Option<Timestamp>,
    /// The phone number, if any.
    pub phone: Option<Phone>,
    /// The authenticators besides the password, in the order of addition.
    #[serde(default, skip_serializing_if = "StoredList::is_empty")]
    pub authenticators: StoredList<Authenticator>,
    /// The connected provider accounts, in the order of connection.
    #[serde(default, skip_serializing_if = "StoredList::is_empty")]
    pub social_accounts: StoredList<SocialAccount>,
    /// The means of authentication that were added without a recent reauthentication.
    #[serde(default, skip_serializing_if = "StoredList::is_empty")]
    pub unproved: StoredList<Unproved>,
    /// The values of the site's own fields.
    #[serde(default, skip_serializing_if = "ProfileValues::is_empty")]
    pub profile: ProfileValues,
    /// What operators have noted, for the user to read.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub public_metadata: Metadata,
    /// What operators have noted for themselves.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub private_metadata: Metadata,
    /// The epoch of sessions: incremented to end all of them, as after a password change. A session is valid only in
    /// the epoch that it began in.
    pub session_epoch: u32,
    /// The time of sign-up.
    pub created_at: Timestamp,
    /// The time of the last login; none before the first.
    pub last_login_at: Option<Timestamp>,
    /// The number of logins; an attribute of its own, beside the document.
    #[serde(skip)]
    pub logins: i64,
    /// The state of its history; none before the first recorded event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventLog>,
    /// Who made the invitation that it was signed up with, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited: Option<InvitationChange>,
    /// Its import, if it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportMark>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Account {
    /// A new, active account without any means of login.
    pub fn new(id: AccountId, now: Timestamp) -> Self {
        Self {
            id,
            username: None,
            email: None,
            password: None,
            active: true,
            superuser: false,
            emails: Vec::new(),
            signup_email: None,
            had_verified: false,
            stripped_at: None,
            phone: None,
            authenticators: StoredList::default(),
            social_accounts: StoredList::default(),
            unproved: StoredList::default(),
            profile: ProfileValues::new(),
            public_metadata: Metadata::new(),
            private_metadata: Metadata::new(),
            session_epoch: 0,
            created_at: now,
            last_login_at: None,
            logins: 0,
            events: None,
            invited: None,
            imported: None,
            unknown: UnknownMembers::NONE,
        }
    }

    /// The display name: the username, or else the email address.
    pub fn display(&self) -> String {
        let named = self.username.clone().filter(|name| !name.is_empty());
        named.or_else(|| self.shown_email()).unwrap_or_else(|| "user".to_owned())
    }

    fn shown_email(&self) -> Option<String> {
        self.email.as_deref().filter(|email| !email.is_empty()).map(email::shown)
    }

    /// The account name shown by authenticators.
    pub fn label(&self) -> String {
        self.shown_email().unwrap_or_else(|| self.display())
    }

    /// Whether nothing but logins has happened to the account since: they are stored beside the document.
    pub fn has_only_logged_in_since(&self, before: &Self) -> bool {
        let (last_login_at, logins) = (before.last_login_at, before.logins);
        Self { last_login_at, logins, ..self.clone() } == *before
    }

    /// Whether the account has ever been logged in to.
    pub fn has_logged_in(&self) -> bool {
        self.last_login_at.is_some()
    }

    /// The primary email address, or else the one used while none is primary.
    pub fn primary_email(&self) -> Option<&str> {
        let primary = self.emails.iter().find(|address| address.primary);
        primary.map(|address| address.email.as_str()).or(self.email.as_deref())
    }

    /// The email addresses and the phone number of the account's look-ups, with their standing.
    pub fn addresses(&self) -> BTreeMap<Recipient, Standing> {
        let standing = |verified: bool, given: bool| match (verified, given) {
            (true, _) => Standing::Verified,
            (false, true) if self.is_proven() => Standing::Given,
            (false, true) => Standing::Unproven,
            (false, false) => Standing::Added,
        };
        let listed = self.emails.iter().map(|address| {
            let given = self.signup_email.as_deref() == Some(address.email.as_str());
            (Recipient::Email(address.email.clone()), standing(address.verified, given))
        });
        // A number that is added later is verified first.
        let number = self
            .phone
            .iter()
            .map(|phone| (Recipient::Phone(phone.number.clone()), standing(phone.verified, true)));
        let mut addresses: BTreeMap<_, _> = listed.chain(number).collect();
        if let Some(email) = self.email.as_deref().filter(|email| !email.is_empty()) {
            // An imported account may have no other.
            addresses.entry(Recipient::Email(email.to_owned())).or_insert_with(|| standing(false, true));
        }
        addresses
    }

    /// The unique identifiers of the account.
    pub fn handles(&self) -> BTreeSet<Handle> {
        let name = self.username.iter().map(|name| Handle::Username(username::fold(name)));
        let credentials =
            self.credentials().map(|(_, credential)| Handle::Credential(credential.credential_id.clone()));
        let socials = self.social_accounts.iter().map(|it| Handle::social(&it.provider, &it.uid));
        name.chain(credentials).chain(socials).chain(self.later_handles()).collect()
    }

    /// The unique identifiers in unknown elements, by the members of known ones, so that a deletion removes their look-ups.
    fn later_handles(&self) -> impl Iterator<Item = Handle> {
        let factors = self.authenticators.unknown().iter().filter_map(|it| it["factor"].as_object());
        let credentials = factors
            .flat_map(serde_json::Map::values)
            .filter_map(|factor| Handle::credential(factor["credential_id"].as_str()?));
        let socials = self.social_accounts.unknown().iter();
        let socials =
            socials.filter_map(|it| Some(Handle::social(it["provider"].as_str()?, it["uid"].as_str()?)));
        credentials.chain(socials)
    }

    /// The standing of an email address or phone number; none if the account does not have it.
    pub fn standing(&self, address: &Recipient) -> Option<Standing> {
        self.addresses().get(address).copied()
    }

    /// Whether the account has ever verified an email address or phone number.
    pub fn is_proven(&self) -> bool {
        self.had_verified || self.has_verified(None) || self.verified_phone().is_some()
    }

    /// The email address of this name, whatever its case.
    pub fn address(&self, email: &str) -> Option<&EmailAddress> {
        let email = email.to_lowercase();
        self.emails.iter().find(|address| address.email == email)
    }

    /// Whether the account has a verified email address, or has verified this one.
    pub fn has_verified(&self, email: Option<&str>) -> bool {
        match email {
            Some(email) => self.address(email).is_some_and(|address| address.verified),
            None => self.emails.iter().any(|address| address.verified),
        }
    }

    /// The phone number, if it is verified.
    pub fn verified_phone(&self) -> Option<&str> {
        self.phone.as_ref().filter(|phone| phone.verified).map(|phone| phone.number.as_str())
    }

    /// The email address to verify by default: the primary one, else a verified one, else the first.
    pub fn best_address(&self) -> Option<&EmailAddress> {
        let rank = |address: &&EmailAddress| (address.primary, address.verified);
        // Of equals, `max_by_key` would take the last.
        self.emails.iter().rev().max_by_key(rank)
    }

    /// Whether the account has this email address, or may add it.
    pub fn has_room_for(&self, email: &str) -> bool {
        self.address(email).is_some() || self.emails.len() < MOST_ADDRESSES as usize
    }

    /// Adds an email address, unverified and not primary, unless the account has it.
    pub fn add_address(&mut self, email: &str) {
        let email = email.to_lowercase();
        if self.address(&email).is_none() {
            self.emails.push(EmailAddress::new(email));
        }
    }

    /// Removes an email address; if it was the primary one, another one takes its place, preferably a verified one.
    pub fn remove_address(&mut self, email: &str) {
        self.had_verified |= self.has_verified(Some(email));
        self.emails.retain(|address| address.email != email);
        self.signup_email.take_if(|given| given == email);
        if self.email.as_deref() == Some(email) {
            let rank = |address: &&EmailAddress| address.verified;
            let other = self.emails.iter().rev().max_by_key(rank);
            self.email = other.map(|address| address.email.clone());
        }
    }

    /// Marks an email address as verified; it becomes primary if no other is, or in any case if it `replaces` all
    /// others (`ACCOUNT_CHANGE_EMAIL`), which are then removed.
    pub fn verify_address(&mut self, email: &str, replaces: bool) {
        self.add_address(email);
        for address in &mut self.emails {
            if address.email == email {
                address.verified = true;
            }
        }
        if replaces || !self.emails.iter().any(|address| address.primary) {
            self.make_primary(email);
        }
        if replaces {
            self.emails.retain(|address| address.email == email);
            self.signup_email.take_if(|given| given != email);
        }
    }

    /// Sets the primary email address.
    pub fn make_primary(&mut self, email: &str) {
        for address in &mut self.emails {
            address.primary = address.email == email;
        }
        self.email = Some(email.to_owned());
    }

    /// Sets the password, and ends all sessions.
    pub fn set_password(&mut self, hash: PasswordHash) {
        self.password = Some(hash);
        self.end_sessions();
    }

    /// Ends all sessions.
    pub const fn end_sessions(&mut self) {
        self.session_epoch += 1;
    }

    /// Strips the account of all means of access but this email address or phone number: the password, provider
    /// accounts, other email addresses and phone numbers, and authenticators unless they are to stay. All sessions
    /// end. Returns what was removed.
    pub fn strip(&mut self, keep: &Recipient, keeps_authenticators: bool) -> Vec<Removed> {
        self.unknown = UnknownMembers::NONE;
        // What another person has said of themselves or agreed to, and what operators have noted of that person.
        for members in [&mut self.profile, &mut self.public_metadata, &mut self.private_metadata] {
            members.clear();
        }
        let mut removed: Vec<Removed> = self.password.take().map(|_| Removed::Password).into_iter().collect();
        for social in &std::mem::take(&mut self.social_accounts) {
            removed.push(Removed::Provider { provider: social.provider.clone() });
        }
        for address in self.addresses().into_keys().filter(|address| address != keep) {
            removed.push(match address {
                Recipient::Email(email) => Removed::Email { email },
                Recipient::Phone(number) => Removed::Phone { number },
            });
        }
        self.emails.retain(|address| keep.email() == Some(&address.email));
        self.signup_email.take_if(|given| keep.email() != Some(given));
        self.phone.take_if(|phone| keep.phone() != Some(&phone.number));
        self.emails.iter_mut().for_each(|address| address.unknown = UnknownMembers::NONE);
        self.phone.iter_mut().for_each(|phone| phone.unknown = UnknownMembers::NONE);
        match keep.email() {
            Some(email) => self.make_primary(email),
            None => self.email = None,
        }
        if !keeps_authenticators && !self.authenticators.is_empty() {
            self.authenticators.clear();
            removed.push(Removed::Authenticators);
        }
        self.end_sessions();
        removed
    }

    /// The connected provider account with this uid.
    pub fn social_account(&self, provider: &str, uid: &str) -> Option<&SocialAccount> {
        self.social_accounts.iter().find(|social| social.provider == provider && social.uid == uid)
    }

    /// Marks the phone number as verified, if it is this one.
    pub fn verify_phone(&mut self, number: &str) {
        if let Some(phone) = self.phone.as_mut().filter(|phone| phone.number == number) {
            phone.verified = true;
        }
    }

    /// Sets a verified phone number.
    pub fn set_verified_phone(&mut self, number: &str) {
        self.phone = Some(Phone::new(number.to_owned(), true));
    }
}

impl Account {
    /// The types of its authenticators, in the contract's order.
    pub fn authenticator_types(&self) -> Vec<AuthenticatorType> {
        let has = |kind: &AuthenticatorType| self.authenticators.iter().any(|it| it.factor.kind() == *kind);
        AuthenticatorType::ALL.into_iter().filter(has).collect()
    }

    /// Whether only a later release knows its second factors.
    pub fn has_unknown_factors_only(&self) -> bool {
        self.has_second_factor() && self.authenticator_types().is_empty()
    }

    /// Whether logins require a second factor. An authenticator of an unknown kind is one.
    pub fn has_second_factor(&self) -> bool {
        !self.authenticators.unknown().is_empty()
            || self.authenticators.iter().any(|authenticator| authenticator.factor.is_second_factor())
    }

    /// The authenticator of a type that an account has at most one of.
    pub fn authenticator(&self, kind: AuthenticatorType) -> Option<&Authenticator> {
        self.authenticators.iter().find(|authenticator| authenticator.factor.kind() == kind)
    }

    /// The authenticator of this id, mutable.
    pub fn authenticator_mut(&mut self, id: i64) -> Option<&mut Authenticator> {
        self.authenticators.iter_mut().find(|authenticator| authenticator.id == id)
    }

    /// Adds an authenticator under this id, or under the next one that is free.
    pub fn add_authenticator(&mut self, mut id: i64, factor: Factor, created_at: Timestamp) -> Authenticator {
        let later = |id: i64| self.authenticators.unknown().iter().any(|other| other["id"] == id);
        while self.authenticators.iter().any(|other| other.id == id) || later(id) {
            id = id % i64::from(i32::MAX) + 1;
        }
        let authenticator = Authenticator::new(id, factor, created_at);
        self.authenticators.push(authenticator.clone());
        authenticator
    }

    /// Its WebAuthn credentials, in the order they were added.
    pub fn credentials(&self) -> impl Iterator<Item = (&Authenticator, &Credential)> {
        self.authenticators.iter().filter_map(|authenticator| match &authenticator.factor {
            Factor::WebAuthn(credential) => Some((authenticator, credential)),
            Factor::RecoveryCodes(_) | Factor::Totp(_) => None,
        })
    }

    /// Removes an authenticator; with the last second factor, the recovery codes go as well.
    pub fn remove_authenticator(&mut self, id: i64) {
        self.authenticators.retain(|authenticator| authenticator.id != id);
        if !self.has_second_factor() {
            self.authenticators.clear();
        }
    }
}

impl Account {
    /// Whether the account has this means of authentication, or may have it among those of a later release.
    pub fn has(&self, means: &Means) -> bool {
        match means {
            Means::Email(email) => self.address(email).is_some(),
            Means::Phone(number) => self.phone.as_ref().is_some_and(|phone| phone.number == *number),
            Means::Authenticator(id) => {
                self.authenticators.unknown().iter().any(|it| it["id"] == *id)
                    || self.authenticators.iter().any(|authenticator| authenticator.id == *id)
            }
            Means::Social(provider, uid) => {
                let is_it = |it: &Value| it["provider"] == **provider && it["uid"] == **uid;
                self.social_accounts.unknown().iter().any(is_it)
                    || self.social_account(provider, uid).is_some()
            }
        }
    }

    /// The email addresses it has verified, in alphabetical order.
    pub fn verified_emails(&self) -> impl Iterator<Item = &str> {
        let mut verified: Vec<&str> = self
            .emails
            .iter()
            .filter(|address| address.verified)
            .map(|address| address.email.as_str())
            .collect();
        verified.sort_unstable();
        verified.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::authenticator::{RecoveryCodes, Totp};
    use super::*;
    use crate::secret::Sealed;

    fn account() -> Account {
        Account::new(AccountId::parse("0198c0de").unwrap(), Timestamp::from_millis(0))
    }

    #[test]
    fn the_first_verified_address_becomes_primary() {
        let mut account = account();
        account.add_address("A@example.com");
        account.add_address("b@example.com");
        account.verify_address("b@example.com", false);
        account.verify_address("a@example.com", false);
        assert_eq!(account.primary_email(), Some("b@example.com"));
        assert!(account.has_verified(Some("A@EXAMPLE.com")));
    }

    #[test]
    fn a_changed_address_replaces_all_others() {
        let mut account = account();
        for email in ["a@example.com", "b@example.com", "c@example.com"] {
            account.add_address(email);
        }
        account.verify_address("a@example.com", false);
        account.verify_address("c@example.com", true);
        assert_eq!(account.emails.len(), 1);
        assert_eq!(account.email.as_deref(), Some("c@example.com"));
    }

    #[test]
    fn mail_goes_to_a_verified_address_when_its_own_is_removed() {
        let mut account = account();
        for email in ["a@example.com", "b@example.com", "c@example.com"] {
            account.add_address(email);
        }
        account.make_primary("a@example.com");
        account.verify_address("c@example.com", false);
        account.remove_address("a@example.com");
        assert_eq!(account.email.as_deref(), Some("c@example.com"));
    }

    #[test]
    fn the_best_address_is_primary_then_verified_then_first() {
        let mut account = account();
        account.add_address("a@example.com");
        account.add_address("b@example.com");
        assert_eq!(account.best_address().unwrap().email, "a@example.com");
        account.emails[1].verified = true;
        assert_eq!(account.best_address().unwrap().email, "b@example.com");
        account.make_primary("a@example.com");
        assert_eq!(account.best_address().unwrap().email, "a@example.com");
    }

    fn authenticator(id: i64, factor: Factor) -> Authenticator {
        Authenticator::new(id, factor, Timestamp::from_millis(0))
    }

    fn protected() -> Account {
        let mut account = account();
        let credential = |name: &str| Credential {
            name: name.into(),
            credential_id: name.into(),
            passwordless: None,
            document: "{}".into(),
            unknown: UnknownMembers::NONE,
        };
        let codes = RecoveryCodes {
            unused: Vec::new(),
            key: None,
            total: 0,
            shown: None,
            viewed_at: None,
            unknown: UnknownMembers::NONE,
        };
        let totp = Totp::new(Sealed("sealed".into()));
        account.authenticators = vec![
            authenticator(1, Factor::WebAuthn(credential("a"))),
            authenticator(2, Factor::RecoveryCodes(codes)),
            authenticator(3, Factor::Totp(totp)),
            authenticator(4, Factor::WebAuthn(credential("b"))),
        ]
        .into();
        account
    }

    #[test]
    fn kinds_come_in_the_order_of_the_contract_and_once() {
        let names: Vec<_> =
            protected().authenticator_types().into_iter().map(AuthenticatorType::name).collect();
        assert_eq!(names, ["recovery_codes", "totp", "webauthn"]);
    }

    #[test]
    fn recovery_codes_go_with_the_last_second_factor() {
        let mut account = protected();
        account.remove_authenticator(1);
        account.remove_authenticator(3);
        assert_eq!(account.authenticators.iter().map(|it| it.id).collect::<Vec<_>>(), [2, 4]);
        account.remove_authenticator(4);
        assert!(account.authenticators.is_empty());
    }

    #[test]
    fn accounts_keep_their_authenticators() {
        let text = serde_json::to_string(&protected()).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), protected());
        // As accounts were written before there were any.
        let old = text.replace(r#""authenticators":"#, r#""unknown":"#);
        assert_eq!(serde_json::from_str::<Account>(&old).unwrap().authenticators, StoredList::default());
    }

    #[test]
    fn an_account_is_called_by_its_username_or_its_email_address() {
        let mut account = account();
        account.username = Some(String::new());
        account.email = Some(String::new());
        assert_eq!((account.display().as_str(), account.label().as_str()), ("user", "user"));
        account.username = Some("ann".into());
        assert_eq!((account.display().as_str(), account.label().as_str()), ("ann", "ann"));
        account.email = Some("ann@xn--bcher-kva.example".into());
        assert_eq!((account.display().as_str(), account.label().as_str()), ("ann", "ann@bücher.example"));
        account.username = None;
        assert_eq!(account.display(), "ann@bücher.example");
    }

    #[test]
    fn logins_are_told_from_other_changes() {
        let before = account();
        let mut after = Account { last_login_at: Some(Timestamp::from_millis(1)), logins: 1, ..account() };
        assert!(after.has_only_logged_in_since(&before));
        assert!(after.has_logged_in() && !before.has_logged_in());
        after.active = false;
        assert!(!after.has_only_logged_in_since(&before));
    }

    #[test]
    fn what_gives_access_depends_on_what_is_verified() {
        let (given, added) =
            (Recipient::Email("a@example.com".into()), Recipient::Email("b@example.com".into()));
        let number = Recipient::Phone("+31612345678".into());
        let mut account = account();
        account.add_address("a@example.com");
        account.add_address("b@example.com");
        account.signup_email = Some("a@example.com".into());
        account.phone = Some(Phone::new("+31612345678".into(), false));
        let standing =
            |account: &Account| [&given, &added, &number].map(|address| account.standing(address).unwrap());
        assert_eq!(standing(&account), [Standing::Unproven, Standing::Added, Standing::Unproven]);
        let mut other = account.clone();
        other.verify_phone("+31698765432");
        assert_eq!(other, account, "it is another number");
        other.verify_phone("+31612345678");
        assert_eq!(standing(&other), [Standing::Given, Standing::Added, Standing::Verified]);
        account.verify_address("b@example.com", false);
        assert_eq!(standing(&account), [Standing::Given, Standing::Verified, Standing::Given]);
        account.remove_address("b@example.com");
        assert_eq!(account.standing(&added), None);
        assert_eq!(account.standing(&given), Some(Standing::Given), "something was verified once");
        account.remove_address("a@example.com");
        account.add_address("a@example.com");
        assert_eq!(account.standing(&given), Some(Standing::Added), "it is not that of the sign-up any more");
    }

    #[test]
    fn an_email_address_without_an_entry_counts_as_given() {
        let mut account = account();
        let imported = Recipient::Email("a@example.com".into());
        account.email = Some(String::new());
        assert!(account.addresses().is_empty());
        account.email = Some("a@example.com".into());
        assert_eq!(account.standing(&imported), Some(Standing::Unproven));
        account.had_verified = true;
        assert_eq!(account.standing(&imported), Some(Standing::Given));
    }

    #[test]
    fn the_better_its_standing_the_more_an_address_gives_access_to() {
        for (standing, takes, reaches, reaches_unasked) in [
            (Standing::Added, false, false, false),
            (Standing::Given, false, false, true),
            (Standing::Unproven, true, true, true),
            (Standing::Verified, true, true, true),
        ] {
            let found = (standing.takes(), standing.reaches(true), standing.reaches(false));
            assert_eq!(found, (takes, reaches, reaches_unasked), "{standing:?}");
        }
    }

    #[test]
    fn an_account_has_room_for_so_many_addresses() {
        let mut account = account();
        for number in 1..MOST_ADDRESSES {
            account.add_address(&format!("{number}@example.com"));
        }
        assert!(account.has_room_for("new@example.com"));
        account.add_address("new@example.com");
        assert!(account.has_room_for("NEW@example.com"), "the account has it");
        assert!(!account.has_room_for("more@example.com"));
    }

    #[test]
    fn the_primary_address_goes_before_the_one_used_without_any() {
        let mut account = account();
        account.email = Some("old@example.com".into());
        account.add_address("a@example.com");
        assert_eq!(account.primary_email(), Some("old@example.com"));
        account.emails[0].primary = true;
        assert_eq!(account.primary_email(), Some("a@example.com"));
    }

    #[test]
    fn an_address_that_replaces_all_others_is_not_that_of_the_sign_up() {
        let mut account = account();
        account.add_address("a@example.com");
        account.signup_email = Some("a@example.com".into());
        let mut same = account.clone();
        same.verify_address("a@example.com", true);
        assert_eq!(same.signup_email.as_deref(), Some("a@example.com"));
        account.verify_address("b@example.com", true);
        assert_eq!(account.signup_email, None);
    }

    #[test]
    fn an_authenticator_has_an_id_of_its_own() {
        let mut account = protected();
        let totp = || Factor::Totp(Totp::new(Sealed("sealed".into())));
        let mut add = |id: i64| account.add_authenticator(id, totp(), Timestamp::from_millis(0)).id;
        assert_eq!((add(1), add(9), add(9)), (5, 9, 10));
        let last = i64::from(i32::MAX);
        assert_eq!((add(last), add(last)), (last, 6), "after the last of 31 bits comes the first");
        let mut later = serde_json::to_value(&account).unwrap();
        later["authenticators"][0] = serde_json::json!({"id": 20, "factor": {"push": {}}});
        let mut later: Account = serde_json::from_value(later).unwrap();
        assert_eq!(later.add_authenticator(20, totp(), Timestamp::from_millis(0)).id, 21);
    }

    #[test]
    fn an_authenticator_is_found_by_its_id_or_its_type() {
        let mut account = protected();
        assert_eq!(account.authenticator(AuthenticatorType::Totp).map(|it| it.id), Some(3));
        assert_eq!(account.authenticator_mut(4).map(|it| it.id), Some(4));
        assert_eq!(account.authenticator_mut(5), None);
        let credentials: Vec<_> = account.credentials().map(|(it, key)| (it.id, key.name.as_str())).collect();
        assert_eq!(credentials, [(1, "a"), (4, "b")]);
    }

    fn social(provider: &str, uid: &str) -> SocialAccount {
        SocialAccount {
            provider: provider.into(),
            uid: uid.into(),
            display: None,
            tokens: None,
            connected_at: Timestamp::from_millis(0),
            unknown: UnknownMembers::NONE,
        }
    }

    #[test]
    fn an_account_is_found_by_all_its_handles() {
        let mut account = protected();
        account.username = Some("Ann".into());
        account.social_accounts = vec![social("google", "7")].into();
        let mut later = serde_json::to_value(&account).unwrap();
        let push = |list: &mut Value, element| list.as_array_mut().unwrap().push(element);
        push(&mut later["social_accounts"], serde_json::json!({"provider": "github", "uid": "8"}));
        push(
            &mut later["authenticators"],
            serde_json::json!({"id": 9, "factor": {"push": {"credential_id": "bGF0ZXI"}}}),
        );
        let account: Account = serde_json::from_value(later).unwrap();
        let expected = [
            Handle::Username("ann".into()),
            Handle::Credential("a".into()),
            Handle::Credential("b".into()),
            Handle::credential("bGF0ZXI").unwrap(),
            Handle::social("google", "7"),
            Handle::social("github", "8"),
        ];
        assert_eq!(account.handles(), expected.into());
    }

    #[test]
    fn an_account_has_the_means_that_it_lists() {
        let mut account = protected();
        account.add_address("a@example.com");
        account.set_verified_phone("+31612345678");
        account.social_accounts = vec![social("google", "7")].into();
        let mut later = serde_json::to_value(&account).unwrap();
        later["authenticators"][0] = serde_json::json!({"id": 9, "factor": {"push": {}}});
        let unread = serde_json::json!({"provider": "github", "uid": "8"});
        later["social_accounts"].as_array_mut().unwrap().push(unread);
        let account: Account = serde_json::from_value(later).unwrap();
        let social = |provider: &str, uid: &str| Means::Social(provider.into(), uid.into());
        for means in [
            Means::Email("a@example.com".into()),
            Means::Phone("+31612345678".into()),
            Means::Authenticator(3),
            Means::Authenticator(9),
            social("google", "7"),
            social("github", "8"),
        ] {
            assert!(account.has(&means), "{means:?}");
        }
        for means in [
            Means::Email("b@example.com".into()),
            Means::Phone("+31698765432".into()),
            Means::Authenticator(1),
            social("google", "8"),
            social("github", "7"),
        ] {
            assert!(!account.has(&means), "{means:?}");
        }
    }

    #[test]
    fn verified_email_addresses_come_in_alphabetical_order() {
        let mut account = account();
        for (email, is_verified) in
            [("c@example.com", true), ("b@example.com", false), ("a@example.com", true)]
        {
            account.add_address(email);
            account.emails.last_mut().unwrap().verified = is_verified;
        }
        assert_eq!(account.verified_emails().collect::<Vec<_>>(), ["a@example.com", "c@example.com"]);
    }

    #[test]
    fn the_first_proof_leaves_its_own_way_in() {
        let crowded = || {
            let mut account = protected();
            account.add_address("a@example.com");
            account.add_address("b@example.com");
            account.signup_email = Some("a@example.com".into());
            account.make_primary("b@example.com");
            account.set_password(PasswordHash("hash".into()));
            account.set_verified_phone("+31612345678");
            account.social_accounts = vec![social("google", "7")].into();
            for members in [&mut account.profile, &mut account.public_metadata, &mut account.private_metadata]
            {
                members.insert("role".into(), "editor".into());
            }
            account
        };
        let email = |email: &str| Removed::Email { email: email.into() };
        let number = Removed::Phone { number: "+31612345678".into() };
        let google = Removed::Provider { provider: "google".into() };

        let mut account = crowded();
        let removed = account.strip(&Recipient::Email("a@example.com".into()), false);
        let expected =
            [Removed::Password, google.clone(), email("b@example.com"), number, Removed::Authenticators];
        assert_eq!(removed, expected);
        let left = Account {
            emails: vec![EmailAddress { primary: true, ..EmailAddress::new("a@example.com".into()) }],
            email: Some("a@example.com".into()),
            signup_email: Some("a@example.com".into()),
            session_epoch: 2,
            ..Account::new(account.id.clone(), account.created_at)
        };
        assert_eq!(account, left);

        let mut account = crowded();
        account.strip(&Recipient::Email("b@example.com".into()), false);
        assert_eq!((account.signup_email, account.email.as_deref()), (None, Some("b@example.com")));

        let mut account = crowded();
        let removed = account.strip(&Recipient::Phone("+31612345678".into()), true);
        assert_eq!(removed, [Removed::Password, google, email("a@example.com"), email("b@example.com")]);
        assert_eq!((account.emails.len(), account.email.as_deref()), (0, None));
        assert_eq!(account.verified_phone(), Some("+31612345678"));
        assert_eq!(account.authenticators, protected().authenticators);

        let mut bare = Account::new(account.id, account.created_at);
        bare.add_address("a@example.com");
        assert_eq!(bare.strip(&Recipient::Email("a@example.com".into()), false), []);
    }
}
