//! What is signed or encrypted, and the keys for it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};
use vestibule::domain::account::{Account, PasswordHash};
use vestibule::domain::account_id::AccountId;
use vestibule::domain::email::EmailAddress;
use vestibule::domain::session::TokenPair;
use vestibule::domain::token::SessionKey;
use vestibule::jwt::{Claims, Jwt, KeySet, TokenUse};
use vestibule::password::{Passwords, check_hash};
use vestibule::random::Random;
use vestibule::secret::{Sealed, Secret};
use vestibule::secret_key::KeyDocument;
use vestibule::settings::{Argon2Cost, Settings};
use vestibule::signing::{Keys, SealPurpose, Spelling};

use crate::input::{changed, parts, text};
use crate::process::{NOW, settings};

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let secrets =
        ["the first key of the fuzz targets, no secret", "another key of the fuzz targets, no secret"];
    let [first, fallback] = secrets.map(Secret::new);
    Keys::with_fallbacks(first, [fallback])
});

static ACCOUNT: LazyLock<Account> = LazyLock::new(|| {
    let id = AccountId::parse("0199a1c0-5e00-7000-8000-000000000001").unwrap();
    let mut account = Account::new(id, NOW);
    account.emails.push(EmailAddress::new("ann@example.com".to_owned()));
    account
});

/// Randomness of which an input has one outcome.
fn random() -> Random {
    Random::new(|bytes| bytes.fill(7))
}

/// Reads the keys of links, as they are sent and changed in one place.
pub fn link(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let account = &*ACCOUNT;
    for spelling in [Spelling::Base64, Spelling::Hex] {
        assert_eq!(KEYS.read_email_key(text, spelling), None, "{text:?} is forged");
        let sent = KEYS.email_key(&account.id, "ann@example.com", NOW, spelling);
        let read = KEYS.read_email_key(&sent, spelling).unwrap();
        assert!(
            (&read.account, read.email.as_str(), read.at) == (&account.id, "ann@example.com", NOW),
            "{sent}"
        );
        let as_sent = |given: &str| spelling == Spelling::Hex && given.eq_ignore_ascii_case(&sent);
        if let Some(given) = changed(&sent, text).filter(|given| !as_sent(given)) {
            assert_eq!(KEYS.read_email_key(&given, spelling), None, "{given}");
        }
    }
    assert_eq!(KEYS.email_of_reset_key(text, account), None, "{text:?} is forged");
    let sent = KEYS.reset_key(account, "ann@example.com", NOW);
    assert_eq!(KEYS.email_of_reset_key(&sent, account).as_deref(), Some("ann@example.com"));
    if let Some(given) = changed(&sent, text) {
        assert_eq!(KEYS.email_of_reset_key(&given, account), None, "{given}");
    }
    Keys::read_reset_key(text);
    assert!(!KEYS.is_trust(account, NOW, text), "{text:?} is forged");
    let proof = KEYS.trust(account, NOW);
    if let Some(given) = changed(&proof, text) {
        assert!(!KEYS.is_trust(account, NOW, &given), "{given}");
    }
    KEYS.secrets(Secret::new(text));
}

/// Decrypts what the table holds.
pub fn sealed(data: &[u8]) {
    let [change, plain] = parts(data);
    assert!(KEYS.open_message("place", data).is_err(), "a forged message");
    let message = KEYS.seal_message(&random(), "place", plain);
    assert_eq!(KEYS.open_message("place", &message).unwrap(), plain);
    assert!(KEYS.open_message("elsewhere", &message).is_err(), "a message at another place");
    if let [position, by, ..] = change {
        let mut forged = message;
        let length = forged.len();
        forged[usize::from(*position) % length] ^= by;
        assert!(*by == 0 || KEYS.open_message("place", &forged).is_err(), "a changed message");
    }
    let (Some(change), Some(plain)) = (text(change), text(plain)) else { return };
    let made = KEYS.seal(SealPurpose::TotpSecret, &random(), "place", &Secret::new(plain));
    assert_eq!(KEYS.open(SealPurpose::TotpSecret, "place", &made).unwrap().expose(), plain);
    assert!(KEYS.open(SealPurpose::RecoveryKey, "place", &made).is_err(), "another purpose");
    for forged in [Some(change.to_owned()), changed(&made.0, change)].into_iter().flatten() {
        assert!(KEYS.open(SealPurpose::TotpSecret, "place", &Sealed(forged)).is_err(), "a forged secret");
    }
}

const SHARED: &str = "a secret that the fuzz targets share with nobody";

static HS256: LazyLock<Settings> = LazyLock::new(|| settings(&[("HEADLESS_JWT_ALGORITHM", "HS256")]));

/// Verifies an access token: header and claims, which are signed here, or all of it.
pub fn access_token(data: &[u8]) {
    let [header, claims] = parts(data);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SHARED.as_bytes());
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = ring::hmac::sign(&key, signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let jwt = Jwt::with_shared_secret(&HS256.headless.jwt, &Secret::new(SHARED)).unwrap();
    for token_use in [TokenUse::Access, TokenUse::Refresh] {
        let Some(read) = jwt.read(&token, token_use) else { continue };
        let header: Value = serde_json::from_slice(header).unwrap();
        assert_eq!(header["alg"], "HS256");
        assert!(header.get("kid").is_none_or(Value::is_null), "{header}");
        let mut validation = Validation::new(Algorithm::HS256);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        let shared = DecodingKey::from_secret(SHARED.as_bytes()).unwrap();
        assert_eq!(jsonwebtoken::decode::<Claims>(&token, &shared, &validation).unwrap().claims, read);
        assert_eq!(read.token_use, token_use);
        read.session();
        read.has_expired(NOW);
    }
    if let Some(text) = text(data) {
        assert!(jwt.read(text, TokenUse::Access).is_none(), "{text:?} is forged");
    }
}

static ALGORITHMS: LazyLock<[Settings; 3]> =
    LazyLock::new(|| ["RS256", "ES256", "EdDSA"].map(|name| settings(&[("HEADLESS_JWT_ALGORITHM", name)])));

/// Reads a private key, for each algorithm, or a set of them.
pub fn private_key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let pem = Secret::new(text);
    for settings in &*ALGORITHMS {
        if let Ok(jwt) = Jwt::with_private_key(&settings.headless.jwt, &pem) {
            is_verified(&jwt);
        }
    }
    if let Ok(set) = serde_json::from_str::<KeySet>(text)
        && let Ok(jwt) = Jwt::with_key_set(&ALGORITHMS[0].headless.jwt, &set)
    {
        is_verified(&jwt);
        assert_eq!(jwt.published().keys.len(), if set.previous.is_some() { 3 } else { 2 });
    }
}

/// What it signs, it verifies.
fn is_verified(jwt: &Jwt) {
    let session = SessionKey::parse("ann", &"x".repeat(43)).unwrap();
    let pair = TokenPair::new("a".to_owned(), "b".to_owned(), NOW);
    let issued = jwt.issue(&pair, &session, "https://api.example.com", &Map::new()).unwrap();
    let read = jwt.read(issued.access_token.expose(), TokenUse::Access);
    assert_eq!(read.and_then(|claims| claims.session()), Some(session));
}

/// Reads the secret that holds `SECRET_KEY`.
pub fn secret_key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(document) = KeyDocument::read(&Secret::new(text)) else { return };
    let read = KeyDocument::read(&document.write()).unwrap();
    assert_eq!(read.write().expose(), document.write().expose());
    let states: Vec<_> = document.states().collect();
    assert!(!states.is_empty() && states.len() == read.states().count(), "{states:?}");
    assert_eq!(document.keys(&[]).id(), states[0].0);
    document.added();
}

/// Reads a password hash, and verifies passwords by it if that takes no time.
pub fn password_hash(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if check_hash(text).is_err() || !is_quick(text) {
        return;
    }
    let cost = Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 };
    let random = random();
    let passwords = Passwords::new(&cost, &random);
    let hash = PasswordHash(text.to_owned());
    let verified = ["password", "another"].map(|password| passwords.verify(&Secret::new(password), &hash));
    assert_ne!(verified, [true, true], "{text} has any password");
}

/// Whether all numbers of a hash are small: what its algorithm costs is among them.
fn is_quick(hash: &str) -> bool {
    let numbers = hash.split(['$', ',', '=']).filter_map(|part| part.parse::<u64>().ok());
    let mut costs = numbers.filter(|number| *number != 19);
    costs.all(|number| number <= 9)
}
