//! Provider accounts: profile claims as reported by providers, and what is stored of them.
//!
//! Who talks to a service is not known here. A flow asks a [`ProviderRequest`]; that is put to the service once, and the flow
//! decides again with the [`ProviderResponse`].

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account_id::AccountId;
use super::document::UnknownMembers;
use super::email::EmailAddress;
use super::phone::Phone;
use super::time::Timestamp;
use crate::secret::{Sealed, Secret};

/// The maximum length of a uid, in code points, as in allauth.
pub const MAX_UID_LENGTH: usize = 191;

/// The maximum length of a name that is kept of profile claims, in code points: of others the beginning is kept.
pub const MAX_CLAIM_LENGTH: usize = 150;

/// The most bytes of the tokens of a provider account. Longer ones are not kept.
pub const MOST_TOKEN_BYTES: usize = 8 * 1024;

/// The maximum number of provider accounts of an account, which is stored as one item.
pub const MOST_SOCIAL_ACCOUNTS: usize = 25;

/// A connected provider account, by which its owner can log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocialAccount {
    /// The id of the provider.
    pub provider: String,
    /// The permanent id of the account at the provider.
    pub uid: String,
    /// The display name; none for the provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The encrypted tokens (`SOCIALACCOUNT_STORE_TOKENS`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Sealed>,
    /// The time of connection.
    pub connected_at: Timestamp,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// A pending provider sign-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignup {
    /// The profile claims.
    pub profile: Profile,
    /// The tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Sealed>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// Profile claims as reported by a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The id of the provider app.
    pub provider: String,
    /// The permanent id of the account at the provider; 1 to [`MAX_UID_LENGTH`] code points.
    pub uid: String,
    /// The email addresses as reported, and whether the provider reports them as verified. At most one is primary.
    #[serde(default)]
    pub emails: Vec<EmailAddress>,
    /// The phone number as reported.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// The username.
    #[serde(default)]
    pub username: Option<String>,
    /// The full name.
    #[serde(default)]
    pub name: Option<String>,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The locale, such as `nl` or `en-GB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The display name; none for the provider's name.
    #[serde(default)]
    pub display: Option<String>,
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl Profile {
    /// The names of the claims that fields of a site's own can have their values from.
    pub const CLAIMS: [&str; 5] = ["first_name", "last_name", "locale", "name", "picture"];

    /// The claim of this name. As in allauth, the first word of a full name is the first name where a provider reports no
    /// other. A picture is left out unless a page may show it.
    pub fn claim(&self, name: &str) -> Option<Cow<'_, str>> {
        let (first, rest) = self.name.as_deref().unwrap_or_default().split_once(' ').unzip();
        let parts = [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str);
        let own = match name {
            "first_name" => self.first_name.as_deref().or(first).or(self.name.as_deref()),
            "last_name" => self.last_name.as_deref().or(rest),
            "name" if self.name.is_none() => return Some(parts.collect::<Vec<_>>().join(" ").into()),
            "name" => self.name.as_deref(),
            "locale" => self.locale.as_deref(),
            "picture" => self.picture.as_deref().filter(|url| url.starts_with("https://")),
            _ => None,
        };
        own.map(Cow::Borrowed)
    }
}

/// The tokens that a provider issued.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access_token: Secret,
    /// The refresh token, if any.
    pub refresh_token: Option<Secret>,
    /// The expiry of the access token, if known.
    pub expires_at: Option<Timestamp>,
}

impl Tokens {
    /// Whether they are short enough to be kept with the account, which is one item. A login needs none of them.
    pub fn can_be_kept(&self) -> bool {
        let length = |token: &Secret| token.expose().len();
        length(&self.access_token) + self.refresh_token.as_ref().map_or(0, length) <= MOST_TOKEN_BYTES
    }
}

/// An identity: profile claims and tokens from a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The profile claims.
    pub profile: Profile,
    /// The tokens.
    pub tokens: Option<Tokens>,
    /// Whether what proves it may be shown once only.
    pub single_use: Option<SingleUse>,
}

/// A proof of identity that can be used once only, such as an id token with a `jti` (RFC 7519, section 4.1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleUse {
    /// Names it, among all that its issuer made.
    pub id: String,
    /// From when on it proves nothing anyway.
    pub expires_at: Timestamp,
}

/// What a social login is for.
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
pub struct AuthorizationRequest {
    /// SHA-256 of its `state`, in base64url: the state is in the address of the service, and nowhere in the table.
    pub state: String,
    /// The id of the provider.
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
    /// What a later release has added.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

impl AuthorizationRequest {
    /// How many there can be in a session: the latest. Every tab may have one.
    pub const MOST: usize = 10;
    /// How long it may take.
    pub const TIMEOUT: Duration = Duration::from_secs(600);

    /// Whether it took too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.began_at.is_older_than(Self::TIMEOUT, now)
    }
}

/// The secrets of an authorization request, shared with the browser: all of it follows from the `state` and
/// `SECRET_KEY`.
#[derive(Clone, Debug)]
pub struct RequestSecrets {
    /// The `state`, returned in the authorization response (RFC 6749, section 10.12).
    pub state: Secret,
    /// The `nonce`, returned in the id token (OpenID Connect Core 1.0, section 3.1.2.1).
    pub nonce: Secret,
    /// The PKCE code verifier (RFC 7636): 43 characters of base64url.
    pub verifier: Secret,
}

/// A question for a provider, asked once.
#[derive(Clone, Debug)]
pub enum ProviderRequest {
    /// The URL of the authorization request.
    Departure {
        /// The authorization request.
        journey: AuthorizationRequest,
        /// Its secrets.
        secrets: RequestSecrets,
    },
    /// The identity of an authorization response.
    Arrival {
        /// The authorization request that it answers.
        journey: AuthorizationRequest,
        /// Its secrets.
        secrets: RequestSecrets,
        /// The parameters of the authorization response.
        parameters: CallbackParameters,
    },
    /// The identity of a token presented by a client.
    Token(PresentedToken),
}

impl ProviderRequest {
    /// The id of the provider.
    pub fn provider(&self) -> &str {
        match self {
            Self::Departure { journey, .. } | Self::Arrival { journey, .. } => &journey.provider,
            Self::Token(token) => &token.provider,
        }
    }
}

/// The parameters of an authorization response, besides `state`. They are untrusted.
#[derive(Clone, Debug)]
pub struct CallbackParameters {
    /// The authorization code.
    pub code: Secret,
    /// Apple's `user` parameter at the first authorization, as JSON.
    pub user: Option<String>,
    /// VK's `device_id`, required at the token request.
    pub device_id: Option<String>,
    /// The issuer (RFC 9207).
    pub issuer: Option<String>,
}

/// A token that a client obtained from a provider itself.
#[derive(Clone, Debug)]
pub struct PresentedToken {
    /// The id of the provider.
    pub provider: String,
    /// The `client_id` that it was issued to.
    pub client_id: Option<String>,
    /// The id token.
    pub id_token: Option<Secret>,
    /// The access token.
    pub access_token: Option<Secret>,
}

/// The result of a question. The log names the error of a rejected response.
#[derive(Clone, Debug)]
pub enum ProviderResponse {
    /// The URL to redirect the browser to.
    Address(String),
    /// The identity.
    Identity(Box<Identity>),
    /// No trustworthy identity.
    Nothing,
}

/// A question, and its result.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The question.
    pub question: ProviderRequest,
    /// The answer.
    pub answer: ProviderResponse,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_each_other() {
        let told = |name: Option<&str>, first: Option<&str>, last: Option<&str>| {
            let [name, first_name, last_name] = [name, first, last].map(|text| text.map(str::to_owned));
            let profile = Profile { name, first_name, last_name, ..Profile::default() };
            ["first_name", "last_name", "name"]
                .map(|claim| profile.claim(claim).unwrap_or_default().into_owned())
        };
        assert_eq!(told(Some("Ann van Lee"), None, None), ["Ann", "van Lee", "Ann van Lee"]);
        assert_eq!(told(Some("Ann"), None, None), ["Ann", "", "Ann"]);
        assert_eq!(told(None, Some("Ann"), Some("Lee")), ["Ann", "Lee", "Ann Lee"]);
        assert_eq!(told(Some("A. Lee"), Some("Ann"), None), ["Ann", "Lee", "A. Lee"]);
        assert_eq!(told(None, None, None), ["", "", ""]);
    }

    #[test]
    fn only_pictures_that_pages_may_show_are_told() {
        let told = |url: &str| {
            let profile = Profile { picture: Some(url.to_owned()), ..Profile::default() };
            profile.claim("picture").map(Cow::into_owned)
        };
        assert_eq!(told("https://s.example/a").as_deref(), Some("https://s.example/a"));
        for wrong in
            ["http://s.example/a", "javascript:alert(1)", "data:image/png;base64,AA==", "//s.example/a"]
        {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_process_is_found_by_its_name() {
        for (process, name) in [(Process::Login, "login"), (Process::Connect, "connect")] {
            assert_eq!((process.name(), Process::of(name)), (name, Some(process)));
        }
        assert_eq!(Process::of("redirect"), None);
    }

    #[test]
    fn an_authorization_request_takes_ten_minutes_at_most() {
        let request = AuthorizationRequest {
            state: String::new(),
            provider: "google".into(),
            process: Process::Login,
            callback_url: String::new(),
            redirect_uri: String::new(),
            account: None,
            began_at: Timestamp::from_millis(0),
            unknown: UnknownMembers::NONE,
        };
        assert!(!request.is_over(Timestamp::from_seconds(600)));
        assert!(request.is_over(Timestamp::from_millis(600_001)));
    }
}
