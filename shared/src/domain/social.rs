//! Accounts that people have at other services: what a service says of somebody, and what is kept of it.
//!
//! Who talks to a service is not known here. A flow asks a [`Question`]; that is put to the service once, and the flow
//! decides anew with the [`Answer`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account_id::AccountId;
use super::email::EmailAddress;
use super::phone::Phone;
use super::time::Timestamp;
use crate::secret::{Sealed, Secret};

/// The longest identifier of an account at a service, in code points, as in the reference.
pub const MAX_UID_LENGTH: usize = 191;

/// How many services an account may be connected to: it is kept as one item.
pub const MOST_SOCIAL_ACCOUNTS: usize = 25;

/// An account at another service that is connected to one here: whoever can log in there can log in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocialAccount {
    /// What the API calls the service.
    pub provider: String,
    /// Names the account there for good.
    pub uid: String,
    /// What its owner would know it by in a list; none for the service's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// What may be done there in its owner's name (`SOCIALACCOUNT_STORE_TOKENS`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Sealed>,
    /// When it was connected.
    pub connected_at: Timestamp,
}

/// Somebody whom a service has identified, and who has yet to sign up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignup {
    /// Who they are there.
    pub profile: Profile,
    /// What may be done there in their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Sealed>,
}

/// Who somebody is at another service, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What the API calls the service: the id of its app in the settings.
    pub provider: String,
    /// Names the account there for good; 1 to [`MAX_UID_LENGTH`] code points.
    pub uid: String,
    /// Its email addresses, as the service spells them, and whether the service vouches for them. At most one is primary.
    #[serde(default)]
    pub emails: Vec<EmailAddress>,
    /// Its phone number, as the service spells it.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// What they are called there.
    #[serde(default)]
    pub username: Option<String>,
    /// Their whole name.
    #[serde(default)]
    pub name: Option<String>,
    /// Their first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// Their last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// What they would know the account by in a list; none for the service's name.
    #[serde(default)]
    pub display: Option<String>,
}

/// What a service lets its holder do there in somebody's name.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Lets its holder act.
    pub access_token: Secret,
    /// Gets another one, where the service gave such a token.
    pub refresh_token: Option<Secret>,
    /// When the first one expires, where the service says so.
    pub expires_at: Option<Timestamp>,
}

/// Somebody whom a service has identified.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who they are there.
    pub profile: Profile,
    /// What may be done there in their name.
    pub tokens: Option<Tokens>,
    /// Whether what proves it may be shown once only.
    pub single_use: Option<SingleUse>,
}

/// Something that proves who somebody is once only, such as an id token with a `jti` (RFC 7519, section 4.1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleUse {
    /// Names it, among all that its issuer made.
    pub id: String,
    /// From when on it proves nothing anyway.
    pub expires_at: Timestamp,
}

/// What somebody wants of another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// To log in, or to sign up.
    Login,
    /// To connect it to the account they are logged in to.
    Connect,
}

impl Process {
    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Connect => "connect",
        }
    }

    /// The process of that name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Login, Self::Connect].into_iter().find(|process| process.name() == name)
    }
}

/// A browser on its way to a service and back, as its session keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// SHA-256 of its `state`, in base64url: the state is in the address of the service, and nowhere in the table.
    pub state: String,
    /// What the API calls the service.
    pub provider: String,
    /// What it is for.
    pub process: Process,
    /// The page of the frontend where it ends.
    pub callback_url: String,
    /// Where the service sends the browser back to. The service compares it with what is said at the exchange.
    pub redirect_uri: String,
    /// Who was logged in when it began.
    pub account: Option<AccountId>,
    /// When it began.
    pub began_at: Timestamp,
}

impl Journey {
    /// How many there can be in a session: the latest. Every tab may have one.
    pub const MOST: usize = 10;
    /// How long it may take.
    pub const TIMEOUT: Duration = Duration::from_secs(600);

    /// Whether it took too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.began_at.is_older_than(Self::TIMEOUT, now)
    }
}

/// What only the browser on its way and this API know: all of it follows from the `state` and `SECRET_KEY`.
#[derive(Clone, Debug)]
pub struct Passage {
    /// Comes back with the browser (RFC 6749, section 10.12).
    pub state: Secret,
    /// Comes back in the id token (OpenID Connect Core 1.0, section 3.1.2.1).
    pub nonce: Secret,
    /// Shows that who exchanges the code is who asked for it (RFC 7636): 43 characters of base64url.
    pub verifier: Secret,
}

/// What another service is to be asked, once.
#[derive(Clone, Debug)]
pub enum Question {
    /// Where there a browser is to be sent.
    Departure {
        /// Its way.
        journey: Journey,
        /// Its secrets.
        passage: Passage,
    },
    /// Who came back from there.
    Arrival {
        /// The way they came, which is at its end.
        journey: Journey,
        /// Its secrets.
        passage: Passage,
        /// What they brought.
        brought: Brought,
    },
    /// Whose token this is.
    Token(PresentedToken),
}

/// What a browser brings back from a service, besides its state. Anybody could have written it.
#[derive(Clone, Debug)]
pub struct Brought {
    /// What the service exchanges for who they are.
    pub code: Secret,
    /// What Apple tells of somebody when they first come, as JSON.
    pub user: Option<String>,
    /// What VK wants to be told at the exchange.
    pub device_id: Option<String>,
    /// Who says that it has sent them (RFC 9207).
    pub issuer: Option<String>,
}

/// A token that a client got from a service by itself.
#[derive(Clone, Debug)]
pub struct PresentedToken {
    /// What the API calls the service.
    pub provider: String,
    /// The client that it was made for there.
    pub client_id: Option<String>,
    /// Says who somebody is.
    pub id_token: Option<Secret>,
    /// Lets its holder ask who somebody is.
    pub access_token: Option<Secret>,
}

/// What came of asking. Why a service was not believed is in the log, and nobody else's business.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A browser is to be sent to this address.
    Address(String),
    /// This is who they are.
    Identity(Box<Identity>),
    /// Nothing that can be believed.
    Nothing,
}

/// A question that was put, and what came of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
}
