//! What a client is asked: `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON` (5.4,
//! 5.5), for `navigator.credentials.create` and `get`.

use serde_json::{Value, json};

use super::public_key::OFFERED;
use super::{Party, encode};

/// Whom a key is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User<'a> {
    /// What the authenticator keeps with the key, and gives back: 1 to 64 bytes.
    pub(crate) handle: &'a [u8],
    /// What people know the account by.
    pub(crate) name: &'a str,
    /// What people are shown as its name.
    pub(crate) display_name: &'a str,
}

/// Asks for a new key, other than those known by their ids in base64url; one that can be found without its id, if it is to do without a password.
pub(crate) fn creation(
    party: &Party,
    user: User<'_>,
    challenge: &[u8],
    known: &[&str],
    passwordless: bool,
    user_verification: &str,
) -> Value {
    json!({"publicKey": {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": encode(user.handle), "name": user.name, "displayName": user.display_name},
        "challenge": encode(challenge),
        "pubKeyCredParams": OFFERED.map(|algorithm| json!({"type": "public-key", "alg": algorithm})),
        "excludeCredentials": descriptors(known),
        "authenticatorSelection": {
            "residentKey": if passwordless { "required" } else { "discouraged" },
            "requireResidentKey": passwordless,
            "userVerification": user_verification,
        },
        "extensions": {"credProps": true},
    }})
}

/// Asks for a signature by one of these keys; with none, by any that the authenticator has for this party.
pub(crate) fn request(party: &Party, challenge: &[u8], allowed: &[&str], user_verification: &str) -> Value {
    json!({"publicKey": {
        "challenge": encode(challenge),
        "rpId": party.id,
        "allowCredentials": descriptors(allowed),
        "userVerification": user_verification,
    }})
}

fn descriptors(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| json!({"type": "public-key", "id": id})).collect()
}
