//! Why another service was not believed, for the log: what was wrong, and never a secret.
//!
//! Whoever asked is told nothing of it. What a service says of itself is quoted only where it is a word of a protocol.

use vestibule::outside::HttpError;

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// A setting of the app is missing or cannot be used.
    #[error("the app's settings lack a usable {0}")]
    Setting(String),
    /// There is no response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that is no success, and names no error.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host name.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("{host} did not answer with {expected}")]
    Unreadable {
        /// The host name.
        host: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The service itself says that something is wrong (RFC 6749, sections 4.1.2.1 and 5.2).
    #[error("the provider reported: {0}")]
    Said(String),
    /// The browser came back without a code.
    #[error("the authorization response has no code")]
    NoCode,
    /// The browser came back from nowhere: the session never set out with this state, or has come back with it already.
    #[error("the state is not of this session")]
    UnknownState,
    /// The service's answer to the code or the token is not as declared.
    #[error("the provider's response lacks {0}")]
    Incomplete(&'static str),
    /// The profile says it is about something else, such as another app.
    #[error("{0} in the provider's response is invalid")]
    Unexpected(&'static str),
    /// A profile without a usable identifier.
    #[error("the profile has no usable identifier")]
    NoUid,
    /// There is no id token where there must be one.
    #[error("there is no id token")]
    NoIdToken,
    /// Tokens of this kind are not taken from this service.
    #[error("the provider does not support this flow")]
    Unsupported,
    /// Not three parts of base64url with JSON in the first two.
    #[error("the id token is malformed")]
    MalformedToken,
    /// An unsigned token (`alg` is `none`, or there is no signature).
    #[error("the id token is unsigned")]
    Unsigned,
    /// A signature of a kind that is unknown, or not the registered one.
    #[error("the id token is signed with {0}, which is not allowed")]
    WrongAlgorithm(String),
    /// Signed with a key that the service does not publish, or not any more.
    #[error("the id token is signed with an unknown key")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("the id token's signature is wrong")]
    BadSignature,
    /// Another issuer.
    #[error("the issuer is wrong")]
    WrongIssuer,
    /// Another audience.
    #[error("the audience is wrong")]
    WrongAudience,
    /// Another authorized party (`azp`).
    #[error("the authorized party is wrong")]
    WrongParty,
    /// Too old.
    #[error("the id token is expired")]
    Expired,
    /// From the future.
    #[error("the id token is not valid yet")]
    NotYetValid,
    /// Made for another login.
    #[error("the nonce is wrong")]
    WrongNonce,
    /// Nothing binds it to this login.
    #[error("the nonce is missing, and no PKCE stands in for it")]
    NoNonce,
    /// It came with another access token.
    #[error("at_hash is not the hash of the access token")]
    WrongAtHash,
    /// The userinfo is about another person.
    #[error("the userinfo is not about the subject of the id token")]
    WrongSubject,
}

impl ProviderError {
    /// Its name in the log: for filters and metrics, so it stays as it is.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::Http(error) => error.name(),
            Self::Status { .. } => "status",
            Self::Unreadable { .. } => "unreadable",
            Self::Said(_) => "said",
            Self::NoCode => "no_code",
            Self::UnknownState => "unknown_state",
            Self::Incomplete(_) => "incomplete",
            Self::Unexpected(_) => "unexpected",
            Self::NoUid => "no_uid",
            Self::NoIdToken => "no_id_token",
            Self::Unsupported => "unsupported",
            Self::MalformedToken => "malformed_token",
            Self::Unsigned => "unsigned",
            Self::WrongAlgorithm(_) => "wrong_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongParty => "wrong_party",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongNonce => "wrong_nonce",
            Self::NoNonce => "no_nonce",
            Self::WrongAtHash => "wrong_at_hash",
            Self::WrongSubject => "wrong_subject",
        }
    }

    /// Whether the service has answered that it does not give what was asked for, rather than failed to.
    pub(super) const fn is_refusal(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 400..=499) && *status != 429,
            Self::Said(_) | Self::Incomplete(_) => true,
            _ => false,
        }
    }

    /// What a service calls an error. Whatever is not a word of the protocol could be anything, and is not repeated.
    pub(crate) fn said(error: &str) -> Self {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let fits = (1..=64).contains(&error.len()) && error.bytes().all(is_word);
        Self::Said(if fits { error.to_owned() } else { "something that is no error code".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_repeated() {
        assert_eq!(ProviderError::said("invalid_grant").to_string(), "the provider reported: invalid_grant");
        for odd in ["", "code=s3cret", "a b", "\n", &"x".repeat(65)] {
            assert_eq!(
                ProviderError::said(odd).to_string(),
                "the provider reported: something that is no error code"
            );
        }
    }
}
