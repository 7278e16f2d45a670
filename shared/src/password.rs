//! Hashing passwords: Argon2id (RFC 9106), in PHC string format. Hashes of other software are verified as well, and made anew
//! with Argon2id at the first login.

mod stored;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::CustomizedPasswordHasher;
use argon2::password_hash::phc::Salt;
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest as _, Sha256};

use crate::domain::account::PasswordHash;
use crate::random::Random;
use crate::secret::Secret;
use crate::settings::Argon2Cost;

use stored::StoredHash;
pub use stored::{HashFault, check_hash};

/// Hashes and verifies passwords for one request.
///
/// A request that has to decide again, since it needs more data or lost a race, meets the same passwords
/// again: what was computed for them is remembered, as each costs milliseconds by design.
#[derive(Debug)]
pub struct Passwords<'a> {
    cost: &'a Argon2Cost,
    random: &'a Random,
    hashes: Mutex<HashMap<Fingerprint, PasswordHash>>,
    verdicts: Mutex<HashMap<(Fingerprint, String), bool>>,
}

impl<'a> Passwords<'a> {
    /// Hashes at this cost.
    pub fn new(cost: &'a Argon2Cost, random: &'a Random) -> Self {
        Self { cost, random, hashes: Mutex::default(), verdicts: Mutex::default() }
    }

    /// Hashes a password with a new salt of 128 bits.
    pub fn hash(&self, password: &Secret) -> PasswordHash {
        let mut hashes = lock(&self.hashes);
        let known = hashes.entry(fingerprint(password));
        known.or_insert_with(|| self.compute(password.expose())).clone()
    }

    /// Whether this is the password behind the hash. A hash that can't be read, or costs too much, verifies no password,
    /// and takes as long as one of today's.
    pub fn verify(&self, password: &Secret, hash: &PasswordHash) -> bool {
        let mut verdicts = lock(&self.verdicts);
        *verdicts.entry((fingerprint(password), hash.0.clone())).or_insert_with(|| {
            // What the settings themselves ask for is never too much.
            let is_bearable =
                |stored: &StoredHash<'_>| !self.is_outdated(hash) || stored.check_cost().is_ok();
            match StoredHash::read(&hash.0).ok().filter(is_bearable) {
                Some(stored) => stored.verifies(password.expose()),
                None => {
                    self.pretend_to_verify(password);
                    false
                }
            }
        })
    }

    /// Takes as long as verifying a password does: for when there is nothing to verify it against, which the
    /// client is not to learn from the time that it takes.
    pub fn pretend_to_verify(&self, password: &Secret) {
        let _ = self.hash(password);
    }

    /// Whether this is the password of an account with this hash; false, after as long a time, for one without a password.
    pub fn matches(&self, password: &Secret, hash: Option<&PasswordHash>) -> bool {
        match hash {
            Some(hash) => self.verify(password, hash),
            None => {
                self.pretend_to_verify(password);
                false
            }
        }
    }

    /// Whether a hash was made at another cost than today's, and is to be rehashed at the next login.
    pub fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let expected = format!(
            "$argon2id$v=19$m={},t={},p={}$",
            self.cost.memory_kib, self.cost.iterations, self.cost.parallelism
        );
        !hash.0.starts_with(&expected)
    }

    /// How many hashes were computed so far, as each of them takes its time.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> usize {
        lock(&self.hashes).len() + lock(&self.verdicts).len()
    }

    fn compute(&self, password: &str) -> PasswordHash {
        let cost = self.cost;
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None);
        let salt = Salt::new(&self.random.bytes::<16>());
        #[expect(clippy::expect_used, reason = "settings allow only costs within Argon2's bounds")]
        let hash = Argon2::default()
            .hash_password_customized(
                password.as_bytes(),
                &salt.expect("16 bytes are a salt"),
                Some(Algorithm::Argon2id.ident().as_str()),
                Some(Version::V0x13.into()),
                params.expect("the cost is within bounds"),
            )
            .expect("hashing with valid parameters succeeds");
        PasswordHash(hash.to_string())
    }
}

/// What a password is remembered by, so that no copies of it are left in memory.
type Fingerprint = [u8; 32];

fn fingerprint(password: &Secret) -> Fingerprint {
    Sha256::digest(password.expose()).into()
}

/// What a panic left behind is still a map of right answers.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_scheme_and_cost_and_has_a_salt_of_its_own() {
        let (cost, random) = (Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 }, Random::system());
        let password = Secret::new("Correct-Horse-9");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2 {
            let PasswordHash(hash) = Passwords::new(&cost, &random).hash(&password);
            let parts: Vec<&str> = hash.split('$').collect();
            let ["", "argon2id", "v=19", "m=8,t=1,p=1", salt, digest] = parts[..] else { panic!("{hash}") };
            // 16 and 32 bytes in base64.
            assert_eq!((salt.len(), digest.len()), (22, 43));
            assert!(seen.insert(salt.to_owned()) && seen.insert(digest.to_owned()));
        }
    }

    #[test]
    fn a_hash_of_an_unknown_algorithm_is_nobodys_password_and_takes_as_long() {
        let (cost, random) = (Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 }, Random::system());
        let password = Secret::new("Correct-Horse-9");
        let passwords = || Passwords::new(&cost, &random);
        assert!(passwords().verify(&password, &passwords().hash(&password)));
        for unknown in [
            "$balloon$v=1$m=8,t=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "pbkdf2_sha256$1$salt$hash",
            "pbkdf2_sha256$2000001$salt$VazgRudk4wiV8WaRwqJEFbPeRCB2JpGN4wl4qFiWdzw=",
            "",
        ] {
            let passwords = passwords();
            assert!(!passwords.verify(&password, &PasswordHash(unknown.into())), "{unknown}");
            assert_eq!(lock(&passwords.hashes).len(), 1, "{unknown} is not told by the time that it takes");
        }
    }
}
