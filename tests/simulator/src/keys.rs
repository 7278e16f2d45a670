//! Passkeys and security keys, as authenticators make and use them.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use vestibule_tests::Passkey;

/// Where the API is, as keys are asked for it.
pub const HOST: &str = "localhost:8000";

/// The authenticator of everybody: keys differ by their ids, not by their key pair, as a seed cannot draw one.
static AUTHENTICATOR: LazyLock<Mutex<Passkey>> =
    LazyLock::new(|| Mutex::new(Passkey::new(&format!("http://{HOST}"))));

/// A key of a person.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its credential id.
    pub id: Vec<u8>,
    user_handle: Option<String>,
}

impl Key {
    /// Makes a key of this id, as the options of a registration ask for. Returns it with the credential to register.
    pub fn create(id: Vec<u8>, options: &Value) -> (Self, Value) {
        let mut authenticator = authenticator();
        (authenticator.id, authenticator.count) = (id.clone(), 0);
        let credential = authenticator.create(options);
        (Self { id, user_handle: authenticator.user_handle.clone() }, credential)
    }

    /// Signs a challenge; `count` is how often the authenticator has signed before.
    pub fn sign(&self, options: &Value, count: u32) -> Value {
        let mut authenticator = authenticator();
        (authenticator.id, authenticator.count) = (self.id.clone(), count);
        authenticator.user_handle.clone_from(&self.user_handle);
        authenticator.get(options)
    }
}

fn authenticator() -> MutexGuard<'static, Passkey> {
    AUTHENTICATOR.lock().unwrap_or_else(PoisonError::into_inner)
}
