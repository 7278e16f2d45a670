//! Signed keys of links, hashes of codes, and encryption: everything derived from `SECRET_KEY`.
//!
//! Each purpose has a key of its own, derived with HKDF-SHA-256 (RFC 5869) under a label, so that nothing made
//! for one purpose passes for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aes_gcm::aead::{Aead, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::code;
use crate::domain::code::CodeHash;
use crate::domain::event::EventItem;
use crate::domain::message::Recipient;
use crate::domain::social::RequestSecrets;
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::secret::{Sealed, Secret};

/// `SECRET_KEY` and its fallbacks, which everything is derived from. The first key seals and signs, all of them open and
/// verify.
///
/// What is sealed or signed begins with the id of its key. What has no id, as everything that was made before there were
/// any, is tried with all keys.
#[derive(Clone, Debug)]
pub struct Keys {
    first: Key,
    fallbacks: Arc<[Key]>,
    unknown: UnknownKey,
}

/// One key, and what it is named by in what it made.
#[derive(Clone, Debug)]
struct Key {
    id: String,
    secret: Secret,
}

/// Notes that something named a key that is not among these: the key may be newer than what this process has read.
#[derive(Clone, Debug, Default)]
pub struct UnknownKey(Arc<AtomicBool>);

impl UnknownKey {
    /// One was named.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether one was named since the last look.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A ciphertext that none of the keys decrypts: `SECRET_KEY` was lost, or the table belongs to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key opens a sealed {}: SECRET_KEY is not the one that sealed it", .0.label())]
pub struct Unopened(pub SealPurpose);

/// The id of a key: so many characters of hex.
const ID_LENGTH: usize = 8;
/// Comes between the id of a key and what it sealed; not a letter of base64url.
const AFTER_ID: char = '.';
/// What a sealed message begins with, before the id of its key.
const SEALED_BY: &[u8] = b"key:";

/// The encoding of a key in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Short: base64url.
    Base64,
    /// Small letters and digits only, read whatever its case (`ACCOUNT_EMAIL_CONFIRMATION_HMAC = false`).
    Hex,
}

/// The purpose of a code; a code for one purpose is wrong for any other.
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

/// The purpose of an encryption; a ciphertext of one purpose does not decrypt for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// A message that waits to be sent, bound to where it waits.
    Outbox,
    /// The secret of an authenticator app, bound to its account.
    TotpSecret,
    /// Recovery codes that may be shown again, bound to their account.
    RecoveryCodes,
    /// What recovery codes are hashed with, bound to their account.
    RecoveryKey,
    /// The tokens of an account at another service, bound to it and to the account here.
    ProviderTokens,
    /// The key of the personal data in the events of an account, bound to the account.
    EventKey,
}

impl CodePurpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Login => "code/login",
            Self::VerifyEmail => "code/verify-email",
            Self::VerifyPhone => "code/verify-phone",
            Self::ResetPassword => "code/reset-password",
        }
    }
}

impl SealPurpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::TotpSecret => "totp-secret",
            Self::RecoveryCodes => "recovery-codes",
            Self::RecoveryKey => "recovery-key",
            Self::ProviderTokens => "provider-tokens",
            Self::EventKey => "event-key",
        }
    }
}

/// The content of a verified email verification key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailKey {
    /// The account.
    pub account: AccountId,
    /// The email address.
    pub email: String,
    /// The time of sending.
    pub at: Timestamp,
}

impl Key {
    fn new(secret: Secret) -> Self {
        let mut key = Self { id: String::new(), secret };
        key.id = Spelling::Hex.encode(key.derive("key-id").as_ref());
        key.id.truncate(ID_LENGTH);
        key
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(b"vestibule"), self.secret.expose().as_bytes());
        #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8,160 bytes")]
        hkdf.expand(label.as_bytes(), key.as_mut()).expect("32 bytes can be derived");
        key
    }

    fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.derive(label), parts)
    }

    /// A MAC in text, behind the id of this key.
    fn tag(&self, label: &str, parts: &[&[u8]], spelling: Spelling) -> String {
        format!("{}{}", self.id, spelling.encode(&self.mac(label, parts)))
    }

    fn seal(&self, purpose: SealPurpose, random: &Random, place: &str, plain: &[u8]) -> Vec<u8> {
        encrypt(&self.derive(purpose.label()), random, place, plain)
    }

    fn open(&self, purpose: SealPurpose, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.derive(purpose.label()), place, sealed)
    }
}

/// Encrypts (AES-256-GCM), bound to a place.
fn encrypt(key: &[u8; 32], random: &Random, place: &str, plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; 12] = random.bytes();
    let cipher = Aes256Gcm::new(&(*key).into());
    #[expect(clippy::expect_used, reason = "what is sealed is far below AES-GCM's 64 GiB")]
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: place.as_bytes() })
        .expect("a short text can be encrypted");
    [nonce.as_slice(), &sealed].concat()
}

fn decrypt(key: &[u8; 32], place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<12>()?;
    let cipher = Aes256Gcm::new(&(*key).into());
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: place.as_bytes() }).ok()
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key fits");
    for part in parts {
        // Lengths in front, so that no two lists of parts look alike.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Keys {
    /// From `SECRET_KEY` alone.
    pub fn new(secret: Secret) -> Self {
        Self::with_fallbacks(secret, [])
    }

    /// From `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
    pub fn with_fallbacks(secret: Secret, fallbacks: impl IntoIterator<Item = Secret>) -> Self {
        let first = Key::new(secret);
        let mut others: Vec<Key> = Vec::new();
        for key in fallbacks.into_iter().map(Key::new) {
            if key.id != first.id && others.iter().all(|other| other.id != key.id) {
                others.push(key);
            }
        }
        Self { first, fallbacks: others.into(), unknown: UnknownKey::default() }
    }

    /// The same, noting there what they do not know.
    #[must_use]
    pub fn noting(self, unknown: UnknownKey) -> Self {
        Self { unknown, ..self }
    }

    /// The id of a key, which follows from it.
    pub fn id_of(secret: &Secret) -> String {
        Key::new(secret.clone()).id
    }

    /// The id of the key that seals and signs.
    pub fn id(&self) -> &str {
        &self.first.id
    }

    /// The ids of all keys, that of the first one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.all().map(|key| key.id.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(self.fallbacks.iter())
    }

    /// The keys that may have made something: the one that it names, or all where it names none.
    fn candidates(&self, id: Option<&str>) -> Vec<&Key> {
        let found: Vec<&Key> = self.all().filter(|key| id.is_none_or(|id| key.id == id)).collect();
        if found.is_empty() {
            self.unknown.note();
        }
        found
    }

    /// Whether a text is the MAC of these parts, under the key that it names; compares in constant time.
    fn verifies(&self, label: &str, parts: &[&[u8]], spelling: Spelling, tag: &str) -> bool {
        let Some((id, given)) = split_tag(tag, spelling.mac_length()) else { return false };
        let is_its = |key: &Key| spelling.encode(&key.mac(label, parts)).as_bytes().ct_eq(given.as_bytes());
        // No key is left out after a match.
        let matches = self.candidates(id).into_iter().map(is_its);
        matches.fold(Choice::from(0), |before, next| before | next).into()
    }

    /// The stored hash of a code, which read access to the table does not allow to guess offline.
    pub fn code_hash(&self, purpose: CodePurpose, to: &Recipient, code: &str) -> CodeHash {
        CodeHash(self.first.tag(purpose.label(), &code_parts(to, code), Spelling::Base64))
    }

    /// Whether an answer is the code, whatever its case and punctuation; compares in constant time.
    pub fn code_matches(
        &self,
        purpose: CodePurpose,
        to: &Recipient,
        answer: &str,
        expected: Option<&CodeHash>,
    ) -> bool {
        let code = code::normalise(answer);
        // As long for a code that was never sent.
        let nobodys = || self.code_hash(purpose, to, "");
        let hash = expected.cloned().unwrap_or_else(nobodys);
        let matches = self.verifies(purpose.label(), &code_parts(to, &code), Spelling::Base64, &hash.0);
        matches && expected.is_some()
    }

    /// Secrets for access and refresh tokens of our own, where `HEADLESS_JWT_PRIVATE_KEY` gives none, with the ids of
    /// their keys: the one that signs, and those that only verify.
    pub fn token_secrets(&self) -> ((String, Secret), Vec<(String, Secret)>) {
        let secret =
            |key: &Key| (key.id.clone(), Secret::new(URL_SAFE_NO_PAD.encode(key.derive("token").as_ref())));
        (secret(&self.first), self.fallbacks.iter().map(secret).collect())
    }

    /// What is told of keys that are not among these.
    pub const fn unknown(&self) -> &UnknownKey {
        &self.unknown
    }

    /// A number that follows from a text and the key: without the key, it is unpredictable.
    pub fn spread(&self, text: &str) -> u32 {
        let [a, b, c, d, ..] = self.first.mac("spread", &[text.as_bytes()]);
        u32::from_be_bytes([a, b, c, d])
    }

    /// The key of a link that verifies an email address: `<account and address>:<time>:<signature>`.
    pub fn email_key(&self, account: &AccountId, email: &str, at: Timestamp, spelling: Spelling) -> String {
        let about = spelling.encode(format!("{} {email}", account.as_str()).as_bytes());
        let time = spelling.encode(&at.millis().to_be_bytes());
        let tag = self.first.tag("email-key", &[about.as_bytes(), time.as_bytes()], spelling);
        format!("{about}:{time}:{tag}")
    }

    /// Reads such a key; none when it is not ours. Whether it is still valid is for the caller to judge.
    pub fn read_email_key(&self, key: &str, spelling: Spelling) -> Option<EmailKey> {
        let lower = key.to_ascii_lowercase();
        let key = if spelling == Spelling::Hex { &lower } else { key };
        let mut parts = key.split(':');
        let (about, time, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some()
            || !self.verifies("email-key", &[about.as_bytes(), time.as_bytes()], spelling, signature)
        {
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

    /// The key of a link that resets a password: `<account>-<time>-<signature>`. It proves the email address that it is
    /// sent to, and dies when the password, the addresses or the time of the last login change, or all sessions end.
    pub fn reset_key(&self, account: &Account, email: &str, at: Timestamp) -> String {
        let about = reset_key_about(&account.id, at);
        let parts = reset_parts(account, email, at);
        format!("{about}-{}", self.first.tag("reset-key", &slices(&parts), Spelling::Hex))
    }

    /// The account that a reset key names, and when it was made: not yet proved to be true.
    pub fn read_reset_key(key: &str) -> Option<(AccountId, Timestamp)> {
        let mut parts = key.split('-');
        let (id, time) = (parts.next()?, parts.next()?);
        let id = String::from_utf8(Spelling::Hex.decode(id)?).ok()?;
        let time = <[u8; 8]>::try_from(Spelling::Hex.decode(time)?).ok()?;
        Some((AccountId::parse(&id)?, Timestamp::from_millis(i64::from_be_bytes(time))))
    }

    /// The email address that a reset key was sent to, if it was made for this account as it is now.
    pub fn email_of_reset_key(&self, key: &str, account: &Account) -> Option<String> {
        let (_, at) = Self::read_reset_key(key)?;
        let signature = key.strip_prefix(&reset_key_about(&account.id, at))?.strip_prefix('-')?;
        let matches = |email: &String| {
            let parts = reset_parts(account, email, at);
            self.verifies("reset-key", &slices(&parts), Spelling::Hex, signature)
        };
        let addresses = account.addresses().into_keys();
        addresses.filter_map(|address| address.email().map(str::to_owned)).find(matches)
    }

    /// The cookie value of a trusted browser: it stands for this account as it is secured now, and for the time it was
    /// given. It dies when the password or an authenticator changes.
    pub fn trust(&self, account: &Account, at: Timestamp) -> String {
        self.first.tag("trust", &slices(&trust_parts(account, at)), Spelling::Base64)
    }

    /// Verifies the cookie value of a trusted browser.
    pub fn is_trust(&self, account: &Account, at: Timestamp, proof: &str) -> bool {
        self.verifies("trust", &slices(&trust_parts(account, at)), Spelling::Base64, proof)
    }

    /// A new `state` of an authorization request. It names the key from which its secrets are derived.
    pub fn new_state(&self, random: &Random) -> Secret {
        Secret::new(format!("{}{}", self.first.id, random.secret()))
    }

    /// The secrets of an authorization request. They follow from its state, which the table does not hold, and which
    /// reveals nothing without the key.
    pub fn secrets(&self, state: Secret) -> RequestSecrets {
        let id = split_tag(state.expose(), Spelling::Base64.mac_length()).and_then(|(id, _)| id);
        let key = self.candidates(id).into_iter().next().unwrap_or(&self.first);
        let derive =
            |label| Secret::new(URL_SAFE_NO_PAD.encode(key.mac(label, &[state.expose().as_bytes()])));
        RequestSecrets { nonce: derive("provider-nonce"), verifier: derive("provider-verifier"), state }
    }

    /// Encrypts a message for the outbox (AES-256-GCM), bound to its place.
    pub fn seal_message(&self, random: &Random, place: &str, plain: &[u8]) -> Vec<u8> {
        let sealed = self.first.seal(SealPurpose::Outbox, random, place, plain);
        [SEALED_BY, self.first.id.as_bytes(), &sealed].concat()
    }

    /// Decrypts what [`Self::seal_message`] made for the same place.
    pub fn open_message(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (id, sealed) = match Self::sealer_of_message(sealed) {
            Some(id) => (Some(id), sealed.get(SEALED_BY.len() + ID_LENGTH..).unwrap_or_default()),
            None => (None, sealed),
        };
        let mut opened =
            self.candidates(id).into_iter().filter_map(|key| key.open(SealPurpose::Outbox, place, sealed));
        opened.next().ok_or(Unopened(SealPurpose::Outbox))
    }

    /// The id of the key that sealed a message; none where it does not say.
    pub fn sealer_of_message(sealed: &[u8]) -> Option<&str> {
        let id = sealed.strip_prefix(SEALED_BY)?.get(..ID_LENGTH)?;
        std::str::from_utf8(id).ok().filter(|id| is_id(id))
    }

    /// Encrypts a secret for the table (AES-256-GCM), bound to its place.
    pub fn seal(&self, purpose: SealPurpose, random: &Random, place: &str, text: &Secret) -> Sealed {
        let sealed = self.first.seal(purpose, random, place, text.expose().as_bytes());
        Sealed(format!("{}{AFTER_ID}{}", self.first.id, URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Decrypts what [`Self::seal`] made for the same purpose and place.
    pub fn open(&self, purpose: SealPurpose, place: &str, sealed: &Sealed) -> Result<Secret, Unopened> {
        let (id, sealed) = match sealed.0.split_once(AFTER_ID) {
            Some((id, sealed)) => (Some(id), sealed),
            None => (None, sealed.0.as_str()),
        };
        let open = |key: &Key| {
            let plain = Zeroizing::new(key.open(purpose, place, &URL_SAFE_NO_PAD.decode(sealed).ok()?)?);
            std::str::from_utf8(&plain).ok().map(Secret::new)
        };
        self.candidates(id).into_iter().find_map(open).ok_or(Unopened(purpose))
    }

    /// Re-encrypts under the first key; none if it is encrypted under that already.
    pub fn reseal(
        &self,
        purpose: SealPurpose,
        random: &Random,
        place: &str,
        sealed: &Sealed,
    ) -> Result<Option<Sealed>, Unopened> {
        if sealed.sealer() == Some(self.id()) {
            return Ok(None);
        }
        Ok(Some(self.seal(purpose, random, place, &self.open(purpose, place, sealed)?)))
    }

    /// The MAC of the recorded events of a commit.
    pub fn event_mac(&self, event: &EventItem) -> String {
        self.first.tag("event", &slices(&event_parts(event)), Spelling::Base64)
    }

    /// Verifies [`Self::event_mac`].
    pub fn is_event_mac(&self, event: &EventItem) -> bool {
        self.verifies("event", &slices(&event_parts(event)), Spelling::Base64, &event.mac)
    }

    /// The MAC of the record that an account was imported from: it tells a later import whether the record has changed, and
    /// whoever reads the table nothing of what is in it.
    pub fn import_mac(&self, record: &[u8]) -> String {
        self.first.tag("import", &[record], Spelling::Base64)
    }

    /// Verifies [`Self::import_mac`].
    pub fn is_import_mac(&self, record: &[u8], mac: &str) -> bool {
        self.verifies("import", &[record], Spelling::Base64, mac)
    }

    /// The id of the key that signed recorded events; none if they do not tell.
    pub fn signer_of_events(event: &EventItem) -> Option<&str> {
        split_tag(&event.mac, Spelling::Base64.mac_length())?.0
    }

    /// Makes what a set of recovery codes is hashed with. Its key is a random one, so that its hashes outlast
    /// `SECRET_KEY`.
    pub fn new_code_hasher(random: &Random) -> CodeHasher {
        CodeHasher(vec![Zeroizing::new(random.bytes())])
    }

    /// What a set of recovery codes is hashed with that has no key of its own: it follows from one of these keys.
    pub fn code_hasher(&self) -> CodeHasher {
        CodeHasher(self.all().map(|key| key.derive("recovery-code")).collect())
    }
}

/// What the MAC of recorded events is about: all that is stored of them.
fn event_parts(event: &EventItem) -> [Vec<u8>; 5] {
    [
        event.account.as_str().into(),
        event.id.as_str().into(),
        event.events.as_str().into(),
        event.sealed.clone().unwrap_or_default(),
        event.expires_at.to_be_bytes().into(),
    ]
}

/// Encrypts the personal data in the events of one account. The key is a random one, stored in the account alone: once
/// that is deleted, the data cannot be decrypted.
pub struct EventKey(Zeroizing<[u8; 32]>);

impl EventKey {
    /// A new key.
    pub fn new(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// Reads what [`Self::to_secret`] wrote.
    pub fn read(secret: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret.expose()).ok()?);
        bytes.as_slice().try_into().ok().map(Zeroizing::new).map(Self)
    }

    /// The key, to be sealed.
    pub fn to_secret(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// Encrypts (AES-256-GCM), bound to a place.
    pub fn seal(&self, random: &Random, place: &str, plain: &[u8]) -> Vec<u8> {
        encrypt(&self.0, random, place, plain)
    }

    /// Decrypts what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.0, place, sealed)
    }
}

/// Hashes recovery codes.
pub struct CodeHasher(Vec<Zeroizing<[u8; 32]>>);

impl CodeHasher {
    /// Reads what [`Self::to_secret`] wrote.
    pub fn read(secret: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret.expose()).ok()?);
        let keys: Option<_> = bytes.chunks(32).map(|key| key.try_into().ok().map(Zeroizing::new)).collect();
        keys.filter(|keys: &Vec<_>| !keys.is_empty()).map(Self)
    }

    /// Its keys, to be sealed.
    pub fn to_secret(&self) -> Secret {
        let bytes = Zeroizing::new(self.0.iter().flat_map(|key| key.iter().copied()).collect::<Vec<u8>>());
        Secret::new(URL_SAFE_NO_PAD.encode(&bytes))
    }

    /// The stored hash of a recovery code, as [`code::normalise`] leaves it.
    pub fn hash(&self, account: &AccountId, code: &str) -> CodeHash {
        self.hashes(account, code).next().unwrap_or_else(|| CodeHash(String::new()))
    }

    /// Whether a hash is that of this code; compares in constant time.
    pub fn matches(&self, account: &AccountId, code: &str, hash: &CodeHash) -> bool {
        let is_its = |made: CodeHash| made.0.as_bytes().ct_eq(hash.0.as_bytes());
        let matches = self.hashes(account, code).map(is_its);
        matches.fold(Choice::from(0), |before, next| before | next).into()
    }

    fn hashes(&self, account: &AccountId, code: &str) -> impl Iterator<Item = CodeHash> {
        let parts = [account.as_str().as_bytes().to_vec(), code.as_bytes().to_vec()];
        self.0.iter().map(move |key| CodeHash(URL_SAFE_NO_PAD.encode(mac(key, &slices(&parts)))))
    }
}

/// The id of the key that made a MAC, if it says so, and the MAC; none where it is no MAC.
fn split_tag(tag: &str, length: usize) -> Option<(Option<&str>, &str)> {
    let (id, mac) = tag.split_at_checked(tag.len().checked_sub(length)?)?;
    match id {
        "" => Some((None, mac)),
        id => is_id(id).then_some((Some(id), mac)),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

fn code_parts<'a>(to: &'a Recipient, code: &'a str) -> [&'a [u8]; 3] {
    let kind = match to {
        Recipient::Email(_) => "email",
        Recipient::Phone(_) => "phone",
    };
    [kind.as_bytes(), to.address().as_bytes(), code.as_bytes()]
}

fn reset_key_about(account: &AccountId, at: Timestamp) -> String {
    let id = Spelling::Hex.encode(account.as_str().as_bytes());
    format!("{id}-{}", Spelling::Hex.encode(&at.millis().to_be_bytes()))
}

fn reset_parts(account: &Account, email: &str, at: Timestamp) -> Vec<Vec<u8>> {
    let mut emails: Vec<&str> = account.emails.iter().map(|address| address.email.as_str()).collect();
    emails.extend(account.email.as_deref());
    emails.sort_unstable();
    emails.dedup();
    let last_login = account.last_login_at.map(|at| at.millis().to_string()).unwrap_or_default();
    let password = account.password.as_ref().map_or("", |hash| hash.0.as_str());
    let time = Spelling::Hex.encode(&at.millis().to_be_bytes());
    let epoch = account.session_epoch.to_string();
    let parts = [account.id.as_str(), &time, password, &last_login, &emails.join(" "), email, &epoch];
    parts.map(|part| part.as_bytes().to_vec()).into()
}

fn trust_parts(account: &Account, at: Timestamp) -> Vec<Vec<u8>> {
    let mut parts = vec![account.id.as_str().to_owned(), account.session_epoch.to_string()];
    // A new set of recovery codes is a new authenticator.
    parts.extend(account.authenticators.iter().map(|authenticator| authenticator.id.to_string()));
    // So are those that only a later release knows.
    parts.extend(account.authenticators.unknown().iter().map(|unknown| unknown["id"].to_string()));
    let time = at.seconds().to_be_bytes().to_vec();
    parts.into_iter().map(String::into_bytes).chain([time]).collect()
}

impl Spelling {
    /// How long the 32 bytes of a MAC are.
    const fn mac_length(self) -> usize {
        match self {
            Self::Base64 => 43,
            Self::Hex => 64,
        }
    }

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
            prop_assert_eq!(keys().email_of_reset_key(&text, &account()), None);
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
        let account = || {
            let mut account = account();
            account.add_address("a@example.com");
            account.add_address("c@example.com");
            account
        };
        let key = keys().reset_key(&account(), "c@example.com", at);
        assert_eq!(keys().email_of_reset_key(&key, &account()).as_deref(), Some("c@example.com"));
        assert_eq!(Keys::read_reset_key(&key), Some((account().id, at)));
        let changes: [fn(&mut Account); 5] = [
            |account| account.password = Some(PasswordHash("new".into())),
            Account::end_sessions,
            |account| account.last_login_at = Some(Timestamp::from_millis(9)),
            |account| account.add_address("b@example.com"),
            |account| account.id = AccountId::parse("another").unwrap(),
        ];
        for alter in changes {
            let mut altered = account();
            alter(&mut altered);
            assert_eq!(keys().email_of_reset_key(&key, &altered), None);
        }
        let other = Keys::new(Secret::new("another-secret-that-only-tests-know"));
        assert_eq!(other.email_of_reset_key(&key, &account()), None);
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
        let sealed = keys().seal_message(&Random::system(), "OUTBOX#1", b"hello");
        assert_eq!(keys().open_message("OUTBOX#1", &sealed).unwrap(), b"hello");
        assert_eq!(keys().open_message("OUTBOX#2", &sealed), Err(Unopened(SealPurpose::Outbox)));
        assert!(keys().open_message("OUTBOX#1", b"short").is_err());
    }

    #[test]
    fn a_sealed_secret_opens_only_for_its_account_and_purpose() {
        let (totp, codes) = (SealPurpose::TotpSecret, SealPurpose::RecoveryCodes);
        let seal = || keys().seal(totp, &Random::system(), "0198-c0de", &Secret::new("GEZDGNBV"));
        let sealed = seal();
        assert!(!sealed.0.contains("GEZDGNBV"));
        assert_eq!(keys().open(totp, "0198-c0de", &sealed).unwrap().expose(), "GEZDGNBV");
        assert!(keys().open(totp, "another", &sealed).is_err());
        assert!(keys().open(codes, "0198-c0de", &sealed).is_err());
        assert!(keys().open(totp, "0198-c0de", &Sealed("?".into())).is_err());
        let again = seal();
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
        with_factor.authenticators =
            vec![Authenticator::new(1, Factor::Totp(Totp::new(Sealed(String::new()))), at)].into();
        let trust = keys().trust(&with_factor, at);
        for alter in changes {
            let mut altered = with_factor.clone();
            alter(&mut altered);
            assert_ne!(keys().trust(&altered, at), trust);
        }
        // One more that only a later release knows is one more.
        let mut later = serde_json::to_value(&with_factor).unwrap();
        later["authenticators"]
            .as_array_mut()
            .unwrap()
            .push(serde_json::json!({"id": 2, "factor": {"push": {}}}));
        assert_ne!(keys().trust(&serde_json::from_value(later).unwrap(), at), trust);
        // Using an authenticator changes nothing about it.
        with_factor.authenticators[0].last_used_at = Some(at);
        assert_eq!(keys().trust(&with_factor, at), trust);
    }

    const OLD: &str = "the-key-before-that-only-these-tests-know";

    fn old() -> Keys {
        Keys::new(Secret::new(OLD))
    }

    fn rotated() -> Keys {
        Keys::with_fallbacks(Secret::new("the-key-after-that-only-these-tests-know"), [Secret::new(OLD)])
    }

    /// As it was before keys had ids.
    fn without_id(text: &str) -> String {
        text.replacen(old().id(), "", 1).trim_start_matches(AFTER_ID).to_owned()
    }

    #[test]
    fn the_first_key_signs_and_all_verify() {
        let (at, to) = (Timestamp::from_millis(7000), Recipient::Email("a@example.com".into()));
        let (account, new) = (account(), Keys::new(Secret::new("the-key-after-that-only-these-tests-know")));
        for spelling in [Spelling::Base64, Spelling::Hex] {
            let key = old().email_key(&account.id, "a@example.com", at, spelling);
            for key in [key.clone(), without_id(&key)] {
                assert!(rotated().read_email_key(&key, spelling).is_some(), "{key}");
                assert!(new.read_email_key(&key, spelling).is_none());
            }
            let key = rotated().email_key(&account.id, "a@example.com", at, spelling);
            assert!(new.read_email_key(&key, spelling).is_some());
        }
        let (reset, trust) = (old().reset_key(&account, "a@example.com", at), old().trust(&account, at));
        let hash = old().code_hash(CodePurpose::Login, &to, &code::normalise("BCDF"));
        for strip in [str::to_owned, without_id as fn(&str) -> String] {
            assert!(rotated().email_of_reset_key(&strip(&reset), &account).is_some());
            assert!(new.email_of_reset_key(&strip(&reset), &account).is_none());
            assert!(rotated().is_trust(&account, at, &strip(&trust)));
            assert!(!new.is_trust(&account, at, &strip(&trust)));
            let hash = CodeHash(strip(&hash.0));
            assert!(rotated().code_matches(CodePurpose::Login, &to, "bcdf", Some(&hash)));
            assert!(!new.code_matches(CodePurpose::Login, &to, "bcdf", Some(&hash)));
        }
        assert!(new.is_trust(&account, at, &rotated().trust(&account, at)));
        let again = rotated().reset_key(&account, "a@example.com", at);
        assert!(new.email_of_reset_key(&again, &account).is_some());
    }

    #[test]
    fn a_way_to_another_service_keeps_its_key() {
        let state = old().new_state(&Random::system());
        let (before, after) = (old().secrets(state.clone()), rotated().secrets(state));
        assert_eq!(before.verifier.expose(), after.verifier.expose());
        assert_eq!(before.nonce.expose(), after.nonce.expose());
    }

    #[test]
    fn all_keys_open_and_the_first_seals_again() {
        let (purpose, random) = (SealPurpose::TotpSecret, Random::system());
        let sealed = old().seal(purpose, &random, "a", &Secret::new("GEZDGNBV"));
        for sealed in [sealed.clone(), Sealed(without_id(&sealed.0))] {
            assert_eq!(rotated().open(purpose, "a", &sealed).unwrap().expose(), "GEZDGNBV");
            let again = rotated().reseal(purpose, &random, "a", &sealed).unwrap().unwrap();
            assert_eq!(again.sealer(), Some(rotated().id()));
            assert_eq!(rotated().reseal(purpose, &random, "a", &again).unwrap(), None);
        }
        let message = old().seal_message(&random, "a", b"hello");
        let unnamed = &message[SEALED_BY.len() + ID_LENGTH..];
        assert_eq!(rotated().open_message("a", &message).unwrap(), b"hello");
        assert_eq!(rotated().open_message("a", unnamed).unwrap(), b"hello");
        assert_eq!(
            (Keys::sealer_of_message(&message), Keys::sealer_of_message(unnamed)),
            (Some(old().id()), None)
        );
    }

    #[test]
    fn a_key_that_is_not_known_is_noted() {
        let sealed = rotated().seal(SealPurpose::TotpSecret, &Random::system(), "a", &Secret::new("x"));
        let old = old();
        assert!(
            old.open(
                SealPurpose::TotpSecret,
                "b",
                &old.seal(SealPurpose::TotpSecret, &Random::system(), "a", &Secret::new("x"))
            )
            .is_err()
        );
        assert!(!old.unknown().take(), "what is only wrong may be anybody's invention");
        assert_eq!(
            old.open(SealPurpose::TotpSecret, "a", &sealed).unwrap_err(),
            Unopened(SealPurpose::TotpSecret)
        );
        assert!(old.unknown().take());
        assert!(!old.unknown().take());
    }

    #[test]
    fn several_keys_can_note_in_one_place() {
        let noted = UnknownKey::default();
        let sealed = keys().seal(SealPurpose::TotpSecret, &Random::system(), "a", &Secret::new("x"));
        assert!(old().noting(noted.clone()).open(SealPurpose::TotpSecret, "a", &sealed).is_err());
        assert!(noted.take());
    }

    #[test]
    fn recovery_codes_outlast_the_key() {
        let id = account().id;
        let hasher = Keys::new_code_hasher(&Random::system());
        let hash = hasher.hash(&id, "12345678");
        let read = CodeHasher::read(&hasher.to_secret()).unwrap();
        assert!(read.matches(&id, "12345678", &hash) && !read.matches(&id, "12345679", &hash));
        // As they were before, under a key that is a fallback now.
        let hash = old().code_hasher().hash(&id, "12345678");
        assert!(rotated().code_hasher().matches(&id, "12345678", &hash));
        let kept = CodeHasher::read(&rotated().code_hasher().to_secret()).unwrap();
        assert!(kept.matches(&id, "12345678", &hash));
    }

    #[test]
    fn the_same_key_twice_is_one() {
        let keys = Keys::with_fallbacks(Secret::new(OLD), [Secret::new(OLD)]);
        assert_eq!(keys.ids().collect::<Vec<_>>(), [old().id()]);
    }

    #[test]
    fn events_are_signed_with_all_that_is_stored_of_them() {
        let mut event = EventItem {
            account: account().id,
            id: "1".into(),
            events: "[]".into(),
            sealed: Some(vec![1]),
            mac: String::new(),
            expires_at: 5,
        };
        event.mac = old().event_mac(&event);
        assert!(rotated().is_event_mac(&event) && !keys().is_event_mac(&event));
        assert_eq!(Keys::signer_of_events(&event), Some(old().id()));
        let unnamed = EventItem { mac: without_id(&event.mac), ..event.clone() };
        assert!(rotated().is_event_mac(&unnamed));
        assert_eq!(Keys::signer_of_events(&unnamed), None);
        let changes: [fn(&mut EventItem); 5] = [
            |event| event.account = AccountId::parse("another").unwrap(),
            |event| event.id = "2".into(),
            |event| event.events = "[{}]".into(),
            |event| event.sealed = None,
            |event| event.expires_at = 6,
        ];
        for change in changes {
            let mut altered = event.clone();
            change(&mut altered);
            assert!(!rotated().is_event_mac(&altered), "{altered:?}");
        }
    }

    #[test]
    fn an_imported_record_is_recognised() {
        let mac = old().import_mac(b"record");
        assert!(rotated().is_import_mac(b"record", &mac));
        assert!(!rotated().is_import_mac(b"another", &mac));
        assert!(!keys().is_import_mac(b"record", &mac));
    }

    #[test]
    fn personal_data_opens_with_the_key_of_its_account_in_its_place() {
        let random = Random::system();
        let key = EventKey::new(&random);
        let sealed = key.seal(&random, "0198-c0de 1", b"192.0.2.1");
        let read = EventKey::read(&key.to_secret()).unwrap();
        assert_eq!(read.open("0198-c0de 1", &sealed).as_deref(), Some(&b"192.0.2.1"[..]));
        assert_eq!(read.open("0198-c0de 2", &sealed), None);
        assert_eq!(EventKey::new(&random).open("0198-c0de 1", &sealed), None);
        for wrong in ["", "?", "AAAA"] {
            assert!(EventKey::read(&Secret::new(wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_spread_by_the_key() {
        assert_eq!(keys().spread("a"), keys().spread("a"));
        assert_ne!(keys().spread("a"), keys().spread("b"));
        assert_ne!(keys().spread("a"), old().spread("a"));
    }

    #[test]
    fn keys_are_told_by_their_ids() {
        let new = Secret::new("the-key-after-that-only-these-tests-know");
        assert_eq!(rotated().ids().collect::<Vec<_>>(), [Keys::id_of(&new).as_str(), old().id()]);
        assert_eq!(rotated().id(), Keys::id_of(&new));
        assert_ne!(rotated().id(), old().id());
    }

    #[test]
    fn what_is_no_set_of_keys_hashes_no_recovery_code() {
        for wrong in [String::new(), "?".into(), "AAAA".into(), URL_SAFE_NO_PAD.encode([0; 33])] {
            assert!(CodeHasher::read(&Secret::new(wrong.as_str())).is_none(), "{wrong}");
        }
    }
}
