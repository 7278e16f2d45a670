//! Keys in links, hashes of codes, and sealed messages: all that is derived from `SECRET_KEY`.
//!
//! Each purpose has a key of its own, derived with HKDF-SHA-256 (RFC 5869) under a label, so that nothing made
//! for one purpose passes for another.

use aes_gcm::aead::{Aead, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::domain::account::{Account, AccountId};
use crate::domain::authenticator::Sealed;
use crate::domain::challenge::CodeHash;
use crate::domain::code;
use crate::domain::message::Recipient;
use crate::domain::social::Passage;
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::secret::Secret;

/// What everything is derived from.
#[derive(Clone, Debug)]
pub struct Keys {
    secret: Secret,
}

/// How a key in a link is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Short: base64url.
    Base64,
    /// Small letters and digits only, read whatever its case (`ACCOUNT_EMAIL_CONFIRMATION_HMAC = false`).
    Hex,
}

/// What a code is for; a code for one purpose is wrong for any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// To log in.
    Login,
    /// To verify an email address.
    VerifyEmail,
    /// To verify a phone number.
    VerifyPhone,
    /// To reset a password.
    ResetPassword,
}

/// What is encrypted; what was sealed for one purpose opens for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// A message that waits to be sent, bound to where it waits.
    Outbox,
    /// The secret of an authenticator app, bound to its account.
    TotpSecret,
    /// Recovery codes that may be shown again, bound to their account.
    RecoveryCodes,
    /// The tokens of an account at another service, bound to it and to the account here.
    ProviderTokens,
}

impl SealPurpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::TotpSecret => "totp-secret",
            Self::RecoveryCodes => "recovery-codes",
            Self::ProviderTokens => "provider-tokens",
        }
    }
}

/// What a key from a mail says, once it has proved to be ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailKey {
    /// Whose address.
    pub account: AccountId,
    /// The address.
    pub email: String,
    /// When it was sent.
    pub at: Timestamp,
}

impl Keys {
    /// From `SECRET_KEY`.
    pub const fn new(secret: Secret) -> Self {
        Self { secret }
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(b"vestibule"), self.secret.expose().as_bytes());
        #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8,160 bytes")]
        hkdf.expand(label.as_bytes(), key.as_mut()).expect("32 bytes can be derived");
        key
    }

    fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.derive(label).as_ref()).expect("any key fits");
        for part in parts {
            // Lengths in front, so that no two lists of parts look alike.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// What is kept of a code: it can't be guessed offline by who reads the table.
    pub fn code_hash(&self, purpose: CodePurpose, to: &Recipient, code: &str) -> CodeHash {
        let label = match purpose {
            CodePurpose::Login => "code/login",
            CodePurpose::VerifyEmail => "code/verify-email",
            CodePurpose::VerifyPhone => "code/verify-phone",
            CodePurpose::ResetPassword => "code/reset-password",
        };
        let kind = match to {
            Recipient::Email(_) => "email",
            Recipient::Phone(_) => "phone",
        };
        let parts: [&[u8]; 3] = [kind.as_bytes(), to.address().as_bytes(), code.as_bytes()];
        CodeHash(URL_SAFE_NO_PAD.encode(self.mac(label, &parts)))
    }

    /// Whether an answer is the code, whatever its case and punctuation; compares in constant time.
    pub fn code_matches(
        &self,
        purpose: CodePurpose,
        to: &Recipient,
        answer: &str,
        expected: Option<&CodeHash>,
    ) -> bool {
        let given = self.code_hash(purpose, to, &code::normalise(answer));
        expected.is_some_and(|expected| bool::from(given.0.as_bytes().ct_eq(expected.0.as_bytes())))
    }

    /// A secret for access and refresh tokens of our own, where `HEADLESS_JWT_PRIVATE_KEY` gives none.
    pub fn token_secret(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.derive("token").as_ref()))
    }

    /// A number that follows from a text, and that nobody else can tell.
    pub fn spread(&self, text: &str) -> u32 {
        let [a, b, c, d, ..] = self.mac("spread", &[text.as_bytes()]);
        u32::from_be_bytes([a, b, c, d])
    }

    /// The key of a link that verifies an email address: `<account and address>:<time>:<signature>`.
    pub fn email_key(&self, account: &AccountId, email: &str, at: Timestamp, spelling: Spelling) -> String {
        let about = spelling.encode(format!("{} {email}", account.as_str()).as_bytes());
        let time = spelling.encode(&at.millis().to_be_bytes());
        let mac = self.mac("email-key", &[about.as_bytes(), time.as_bytes()]);
        format!("{about}:{time}:{}", spelling.encode(&mac))
    }

    /// Reads such a key; none when it is not ours. Whether it is still valid is for the caller to judge.
    pub fn read_email_key(&self, key: &str, spelling: Spelling) -> Option<EmailKey> {
        let lower = key.to_ascii_lowercase();
        let key = if spelling == Spelling::Hex { &lower } else { key };
        let mut parts = key.split(':');
        let (about, time, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mac = spelling.encode(&self.mac("email-key", &[about.as_bytes(), time.as_bytes()]));
        if !bool::from(mac.as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        let about = String::from_utf8(spelling.decode(about)?).ok()?;
        let (account, email) = about.split_once(' ')?;
        let time = <[u8; 8]>::try_from(spelling.decode(time)?).ok()?;
        Some(EmailKey {
            account: AccountId::parse(account)?,
            email: email.to_owned(),
            at: Timestamp::from_millis(i64::from_be_bytes(time)),
        })
    }

    /// The key of a link that resets a password: `<account>-<time>-<signature>`. It dies when the password, the
    /// addresses or the time of the last login change.
    pub fn reset_key(&self, account: &Account, at: Timestamp) -> String {
        let time = Spelling::Hex.encode(&at.millis().to_be_bytes());
        let id = Spelling::Hex.encode(account.id.as_str().as_bytes());
        let signature = Spelling::Hex.encode(&self.reset_mac(account, &time));
        format!("{id}-{time}-{signature}")
    }

    /// The account that a reset key names, and when it was made: not yet proved to be true.
    pub fn read_reset_key(key: &str) -> Option<(AccountId, Timestamp)> {
        let mut parts = key.split('-');
        let (id, time) = (parts.next()?, parts.next()?);
        let id = String::from_utf8(Spelling::Hex.decode(id)?).ok()?;
        let time = <[u8; 8]>::try_from(Spelling::Hex.decode(time)?).ok()?;
        Some((AccountId::parse(&id)?, Timestamp::from_millis(i64::from_be_bytes(time))))
    }

    /// Whether a reset key was made for this account as it is now.
    pub fn reset_key_matches(&self, key: &str, account: &Account) -> bool {
        let Some((_, at)) = Self::read_reset_key(key) else { return false };
        bool::from(self.reset_key(account, at).as_bytes().ct_eq(key.as_bytes()))
    }

    fn reset_mac(&self, account: &Account, time: &str) -> [u8; 32] {
        let mut emails: Vec<&str> = account.emails.iter().map(|address| address.email.as_str()).collect();
        emails.extend(account.email.as_deref());
        emails.sort_unstable();
        emails.dedup();
        let last_login = account.last_login_at.map(|at| at.millis().to_string()).unwrap_or_default();
        let password = account.password.as_ref().map_or("", |hash| hash.0.as_str());
        self.mac(
            "reset-key",
            &[
                account.id.as_str().as_bytes(),
                time.as_bytes(),
                password.as_bytes(),
                last_login.as_bytes(),
                emails.join(" ").as_bytes(),
            ],
        )
    }

    /// What is kept of a recovery code, as [`code::normalise`] leaves it.
    pub fn recovery_code_hash(&self, account: &AccountId, code: &str) -> CodeHash {
        let mac = self.mac("recovery-code", &[account.as_str().as_bytes(), code.as_bytes()]);
        CodeHash(URL_SAFE_NO_PAD.encode(mac))
    }

    /// What a trusted browser holds: it stands for this account as it is secured now, and for the time it was given.
    /// It dies when the password or an authenticator changes.
    pub fn trust(&self, account: &Account, at: Timestamp) -> String {
        let mut parts = vec![account.id.as_str().to_owned(), account.session_epoch.to_string()];
        // A new set of recovery codes is a new authenticator.
        parts.extend(account.authenticators.iter().map(|authenticator| authenticator.id.to_string()));
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        let time = at.seconds().to_be_bytes();
        URL_SAFE_NO_PAD.encode(self.mac("trust", &[&parts[..], &[time.as_slice()]].concat()))
    }

    /// The secrets of a browser's way to another service and back. They follow from its state, which the table does not
    /// hold, and which tells nobody else anything.
    pub fn passage(&self, state: Secret) -> Passage {
        let derive =
            |label| Secret::new(URL_SAFE_NO_PAD.encode(self.mac(label, &[state.expose().as_bytes()])));
        Passage { nonce: derive("provider-nonce"), verifier: derive("provider-verifier"), state }
    }

    /// Encrypts what the table keeps (AES-256-GCM), bound to where it is kept.
    pub fn seal(&self, purpose: SealPurpose, random: &Random, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; 12] = random.bytes();
        let cipher = Aes256Gcm::new(&(*self.derive(purpose.label())).into());
        #[expect(clippy::expect_used, reason = "what is sealed is far below AES-GCM's 64 GiB")]
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: place.as_bytes() })
            .expect("a short text can be encrypted");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`Self::seal`] made for the same purpose and place; none when it was not made so.
    pub fn open(&self, purpose: SealPurpose, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>()?;
        let cipher = Aes256Gcm::new(&(*self.derive(purpose.label())).into());
        cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: place.as_bytes() }).ok()
    }

    /// Encrypts a secret of an account, bound to the account.
    pub fn seal_text(
        &self,
        purpose: SealPurpose,
        random: &Random,
        owner: &AccountId,
        text: &Secret,
    ) -> Sealed {
        let sealed = self.seal(purpose, random, owner.as_str(), text.expose().as_bytes());
        Sealed(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Decrypts what [`Self::seal_text`] made for the same purpose and account; none when it was not made so, as
    /// under another `SECRET_KEY`.
    pub fn open_text(&self, purpose: SealPurpose, owner: &AccountId, sealed: &Sealed) -> Option<Secret> {
        let sealed = URL_SAFE_NO_PAD.decode(&sealed.0).ok()?;
        let text = Zeroizing::new(self.open(purpose, owner.as_str(), &sealed)?);
        std::str::from_utf8(&text).ok().map(Secret::new)
    }
}

impl Spelling {
    fn encode(self, bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        match self {
            Self::Base64 => URL_SAFE_NO_PAD.encode(bytes),
            Self::Hex => bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            }),
        }
    }

    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => URL_SAFE_NO_PAD.decode(text).ok(),
            Self::Hex => {
                let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
                let pair = |pair: &[u32]| match pair {
                    [high, low] => u8::try_from(high * 16 + low).ok(),
                    _ => None,
                };
                digits?.chunks(2).map(pair).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::PasswordHash;
    use crate::domain::authenticator::{Authenticator, Factor, Totp};
    use proptest::prelude::*;

    fn keys() -> Keys {
        Keys::new(Secret::new("a-secret-that-only-these-tests-know"))
    }

    fn account() -> Account {
        let mut account = Account::new(AccountId::parse("0198-c0de").unwrap(), Timestamp::from_millis(1));
        account.verify_address("a@example.com", false);
        account
    }

    proptest! {
        #[test]
        fn email_keys_are_read_back(email in "[a-z:+. ]{1,30}@[a-zü.]{1,30}", at: i64) {
            let at = Timestamp::from_millis(at);
            for spelling in [Spelling::Base64, Spelling::Hex] {
                let key = keys().email_key(&account().id, &email, at, spelling);
                let expected = EmailKey { account: account().id, email: email.clone(), at };
                prop_assert_eq!(keys().read_email_key(&key, spelling), Some(expected));
            }
        }

        #[test]
        fn a_changed_key_is_not_ours(position in 0_usize..100, replacement in "[a-zA-Z0-9:_-]") {
            let key = keys().email_key(&account().id, "a@example.com", Timestamp::from_millis(5), Spelling::Base64);
            let position = position % key.len();
            let mut changed = key.clone();
            changed.replace_range(position..=position, &replacement);
            prop_assume!(changed != key);
            prop_assert_eq!(keys().read_email_key(&changed, Spelling::Base64), None);
        }

        #[test]
        fn any_text_can_be_sent_as_a_key(text in ".{0,200}") {
            let _ = keys().read_email_key(&text, Spelling::Base64);
            let _ = keys().read_email_key(&text, Spelling::Hex);
            prop_assert!(!keys().reset_key_matches(&text, &account()));
        }
    }

    #[test]
    fn keys_in_small_letters_are_read_whatever_their_case() {
        let key = keys().email_key(&account().id, "a@example.com", Timestamp::from_millis(5), Spelling::Hex);
        assert!(keys().read_email_key(&key.to_uppercase(), Spelling::Hex).is_some());
    }

    #[test]
    fn a_reset_key_dies_with_what_it_is_bound_to() {
        let at = Timestamp::from_millis(7);
        let key = keys().reset_key(&account(), at);
        assert!(keys().reset_key_matches(&key, &account()));
        assert_eq!(Keys::read_reset_key(&key), Some((account().id, at)));
        let changes: [fn(&mut Account); 4] = [
            |account| account.set_password(PasswordHash("new".into())),
            |account| account.last_login_at = Some(Timestamp::from_millis(9)),
            |account| account.add_address("b@example.com"),
            |account| account.id = AccountId::parse("another").unwrap(),
        ];
        for alter in changes {
            let mut altered = account();
            alter(&mut altered);
            assert!(!keys().reset_key_matches(&key, &altered));
        }
        let other = Keys::new(Secret::new("another-secret-that-only-tests-know"));
        assert!(!other.reset_key_matches(&key, &account()));
    }

    #[test]
    fn a_code_is_right_for_its_purpose_and_address_only() {
        let to = Recipient::Email("a@example.com".into());
        let hash = keys().code_hash(CodePurpose::Login, &to, &code::normalise("BCDF-GHJK"));
        let matches = |purpose, to: &Recipient, answer| keys().code_matches(purpose, to, answer, Some(&hash));
        assert!(matches(CodePurpose::Login, &to, " bcdf ghjk"));
        assert!(!matches(CodePurpose::Login, &to, "bcdf ghjl"));
        assert!(!matches(CodePurpose::ResetPassword, &to, "BCDF-GHJK"));
        assert!(!matches(CodePurpose::Login, &Recipient::Phone("a@example.com".into()), "BCDF-GHJK"));
        assert!(!keys().code_matches(CodePurpose::Login, &to, "", None));
    }

    #[test]
    fn a_sealed_message_opens_only_where_it_belongs() {
        let outbox = SealPurpose::Outbox;
        let sealed = keys().seal(outbox, &Random::system(), "OUTBOX#1", b"hello");
        assert_eq!(keys().open(outbox, "OUTBOX#1", &sealed).unwrap(), b"hello");
        assert!(keys().open(outbox, "OUTBOX#2", &sealed).is_none());
        assert!(keys().open(outbox, "OUTBOX#1", b"short").is_none());
    }

    #[test]
    fn a_sealed_secret_opens_only_for_its_account_and_purpose() {
        let (totp, codes) = (SealPurpose::TotpSecret, SealPurpose::RecoveryCodes);
        let owner = account().id;
        let other = AccountId::parse("another").unwrap();
        let sealed = keys().seal_text(totp, &Random::system(), &owner, &Secret::new("GEZDGNBV"));
        assert!(!sealed.0.contains("GEZDGNBV"));
        assert_eq!(keys().open_text(totp, &owner, &sealed).unwrap().expose(), "GEZDGNBV");
        assert!(keys().open_text(totp, &other, &sealed).is_none());
        assert!(keys().open_text(codes, &owner, &sealed).is_none());
        assert!(keys().open_text(totp, &owner, &Sealed("?".into())).is_none());
        let again = keys().seal_text(totp, &Random::system(), &owner, &Secret::new("GEZDGNBV"));
        assert_ne!(sealed, again, "each has a nonce of its own");
    }

    #[test]
    fn trust_dies_with_what_it_is_bound_to() {
        let at = Timestamp::from_millis(7000);
        let trust = keys().trust(&account(), at);
        assert_eq!(keys().trust(&account(), at), trust);
        assert_ne!(keys().trust(&account(), Timestamp::from_millis(8000)), trust);
        let changes: [fn(&mut Account); 3] = [
            |account| account.set_password(PasswordHash("new".into())),
            |account| account.authenticators.pop().map(|_| ()).unwrap(),
            |account| account.id = AccountId::parse("another").unwrap(),
        ];
        let mut with_factor = account();
        with_factor.authenticators = vec![Authenticator {
            id: 1,
            created_at: at,
            last_used_at: None,
            factor: Factor::Totp(Totp { secret: Sealed(String::new()), used_steps: Vec::new() }),
        }];
        let trust = keys().trust(&with_factor, at);
        for alter in changes {
            let mut altered = with_factor.clone();
            alter(&mut altered);
            assert_ne!(keys().trust(&altered, at), trust);
        }
        // Using an authenticator changes nothing about it.
        with_factor.authenticators[0].last_used_at = Some(at);
        assert_eq!(keys().trust(&with_factor, at), trust);
    }
}
