//! Authenticators: what an account's owner can prove who they are with, besides a password.
//!
//! What an authenticator knows is kept sealed or hashed; only flows that hold the keys can tell what it is.

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::challenge::CodeHash;
use super::time::Timestamp;

/// How many second factors an account may have at the most: it is kept as one item, and a key takes up to 11 KB.
pub const MOST_AUTHENTICATORS: usize = 20;

/// A kind of authenticator, in the order in which the contract lists the kinds of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatorType {
    /// [`RecoveryCodes`].
    RecoveryCodes,
    /// [`Totp`].
    Totp,
    /// [`Credential`].
    #[serde(rename = "webauthn")]
    WebAuthn,
}

impl AuthenticatorType {
    /// All of them, in the contract's order.
    pub const ALL: [Self; 3] = [Self::RecoveryCodes, Self::Totp, Self::WebAuthn];

    /// Its name in the contract, and in `MFA_SUPPORTED_TYPES`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecoveryCodes => "recovery_codes",
            Self::Totp => "totp",
            Self::WebAuthn => "webauthn",
        }
    }
}

/// Text that is encrypted under a key derived from `SECRET_KEY`, in base64url: see
/// [`crate::signing::Keys::seal`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl Sealed {
    /// The id of the key that sealed it; none where it does not say.
    pub fn sealer(&self) -> Option<&str> {
        self.0.split_once('.').map(|(id, _)| id)
    }
}

/// One authenticator of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    /// Names it in the contract: a positive number of 31 bits, of 53 where it is of before that.
    pub id: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved something; none before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// What it is.
    pub factor: Factor,
}

/// What an authenticator is, and how its proof is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Codes on paper, each good for once.
    RecoveryCodes(RecoveryCodes),
    /// An app that shows codes.
    Totp(Totp),
    /// A security key or a passkey.
    #[serde(rename = "webauthn")]
    WebAuthn(Credential),
}

/// Codes to get in with when all else is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Hashes of those that are left, as [`crate::signing::CodeHasher`] makes them.
    pub unused: Vec<CodeHash>,
    /// What they are hashed with; none in sets whose hashes follow from `SECRET_KEY` itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Sealed>,
    /// How many there were.
    pub total: usize,
    /// All of them, one a line, as long as they can be shown; none once they were, where they are shown only once
    /// (`MFA_RECOVERY_CODES_SHOW_ONCE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Sealed>,
    /// When they were first looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewed_at: Option<Timestamp>,
}

/// Codes that follow from a secret and the time (RFC 6238).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totp {
    /// The secret, 160 bits in base32.
    pub secret: Sealed,
    /// The time steps whose codes were accepted, as far back as they could be given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_steps: Vec<i64>,
}

/// A WebAuthn credential: a security key, or a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// What its owner calls it.
    pub name: String,
    /// The credential id, in base64url. No other account has it.
    pub credential_id: String,
    /// Whether it said that it can be found without its id, and so logs in without anything else (`credProps.rk`);
    /// none when it did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passwordless: Option<bool>,
    /// The public key, the counter of its signatures and the like, as the function that checks them writes it down.
    pub document: String,
}

impl Factor {
    /// Its kind.
    pub const fn kind(&self) -> AuthenticatorType {
        match self {
            Self::RecoveryCodes(_) => AuthenticatorType::RecoveryCodes,
            Self::Totp(_) => AuthenticatorType::Totp,
            Self::WebAuthn(_) => AuthenticatorType::WebAuthn,
        }
    }

    /// Whether a login is asked for it: recovery codes alone protect nothing.
    pub const fn is_second_factor(&self) -> bool {
        match self {
            Self::RecoveryCodes(_) => false,
            Self::Totp(_) | Self::WebAuthn(_) => true,
        }
    }
}

impl Account {
    /// The kinds of authenticators it has, in the contract's order.
    pub fn authenticator_types(&self) -> Vec<AuthenticatorType> {
        let has = |kind: &AuthenticatorType| self.authenticators.iter().any(|it| it.factor.kind() == *kind);
        AuthenticatorType::ALL.into_iter().filter(has).collect()
    }

    /// Whether logins to it need a second factor.
    pub fn has_second_factor(&self) -> bool {
        self.authenticators.iter().any(|authenticator| authenticator.factor.is_second_factor())
    }

    /// The authenticator of a kind that an account has one of.
    pub fn authenticator(&self, kind: AuthenticatorType) -> Option<&Authenticator> {
        self.authenticators.iter().find(|authenticator| authenticator.factor.kind() == kind)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;

    fn authenticator(id: i64, factor: Factor) -> Authenticator {
        Authenticator { id, created_at: Timestamp::from_millis(0), last_used_at: None, factor }
    }

    fn account() -> Account {
        let mut account = Account::new(AccountId::parse("0198c0de").unwrap(), Timestamp::from_millis(0));
        let credential = |name: &str| Credential {
            name: name.into(),
            credential_id: name.into(),
            passwordless: None,
            document: "{}".into(),
        };
        let codes = RecoveryCodes { unused: Vec::new(), key: None, total: 0, shown: None, viewed_at: None };
        let totp = Totp { secret: Sealed("sealed".into()), used_steps: Vec::new() };
        account.authenticators = vec![
            authenticator(1, Factor::WebAuthn(credential("a"))),
            authenticator(2, Factor::RecoveryCodes(codes)),
            authenticator(3, Factor::Totp(totp)),
            authenticator(4, Factor::WebAuthn(credential("b"))),
        ];
        account
    }

    #[test]
    fn kinds_come_in_the_order_of_the_contract_and_once() {
        let names: Vec<_> =
            account().authenticator_types().into_iter().map(AuthenticatorType::name).collect();
        assert_eq!(names, ["recovery_codes", "totp", "webauthn"]);
    }

    #[test]
    fn recovery_codes_go_with_the_last_second_factor() {
        let mut account = account();
        account.remove_authenticator(1);
        account.remove_authenticator(3);
        assert_eq!(account.authenticators.iter().map(|it| it.id).collect::<Vec<_>>(), [2, 4]);
        account.remove_authenticator(4);
        assert_eq!(account.authenticators, []);
    }

    #[test]
    fn accounts_keep_their_authenticators() {
        let text = serde_json::to_string(&account()).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account());
        // As accounts were written before there were any.
        let old = text.replace(r#""authenticators":"#, r#""unknown":"#);
        assert_eq!(serde_json::from_str::<Account>(&old).unwrap().authenticators, []);
    }
}
