//! The additional claims of access tokens: which ones there are is data, so that no code of a site's own runs where
//! tokens are issued.

use serde_json::Value;

use super::kind::{Kind, Raw, Wrong};
use super::profile_field::{ProfileField, ProfileFieldType, ProfileFields};
use super::suggestion::suggestion;

macro_rules! sources {
    ($($(#[doc = $doc:literal])+ $source:ident = $name:literal;)*) => {
        /// Where the value of a claim comes from.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum ClaimSource {
            $($(#[doc = $doc])+ $source,)*
            /// The value of this field of the site's own.
            Profile(String),
        }

        impl ClaimSource {
            /// Those of every site, with their names in `HEADLESS_JWT_CLAIMS` and their meanings.
            pub(super) const NAMED: &[(&str, Self, &[&str])] = &[$(($name, Self::$source, &[$($doc),+])),*];
        }
    };
}

sources! {
    /// The primary email address, if it is verified: an unverified one may be another person's.
    Email = "email";
    /// Whether the primary email address is verified, and so is in `email`.
    EmailVerified = "email_verified";
    /// The username, if there is one.
    Username = "username";
    /// The phone number, if it is verified.
    Phone = "phone";
    /// Whether the phone number is verified, and so is in `phone`.
    PhoneVerified = "phone_verified";
    /// Whether the account is marked as a superuser (`vestibule user add --superuser`).
    Superuser = "superuser";
    /// The authentication methods of the session, as a list of the names of RFC 8176: `pwd` for a password, `otp`
    /// for a code by mail, of an authenticator app or of the recovery codes, `sms` for a code by text message, `pop`
    /// for a passkey or a security key, `mfa` for two factors, and `fed` (not of the RFC) for a provider.
    Amr = "amr";
    /// The time of the last login or reauthentication in the session, as a Unix timestamp.
    AuthTime = "auth_time";
    /// The time of the last reauthentication in the session, as a Unix timestamp; absent before the first.
    ReauthenticatedAt = "reauthenticated_at";
}

/// The additional claims of access tokens, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenClaims(pub Vec<(String, ClaimSource)>);

impl TokenClaims {
    /// The names of the fields among the sources.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, source)| match source {
            ClaimSource::Profile(field) => Some(field.as_str()),
            _ => None,
        })
    }

    /// Whether a field among the sources may be too long for a token.
    pub(super) fn are_long(&self, fields: &ProfileFields) -> bool {
        let is_long = |field: &ProfileField| matches!(field.kind, ProfileFieldType::Text { max, .. } if max > LONGEST_TEXT);
        self.fields().filter_map(|name| fields.get(name)).any(is_long)
    }
}

/// The registered claims of RFC 7519 and those of Vestibule; `account_id` is a member of the authorizer's context, and API
/// Gateway takes `scope` for permissions.
const RESERVED: [&str; 11] =
    ["account_id", "aud", "exp", "iat", "iss", "jti", "nbf", "sid", "sub", "token_use", "scope"];
/// What the name of a field follows as a source. Whether there is such a field, the rules of settings say.
pub(super) const FIELD_PREFIX: &str = "profile.";
/// The most characters that a field of text may have as a claim.
const LONGEST_TEXT: i64 = 255;
/// A token is sent with every request, and headers may have 10 KB in API Gateway.
const MOST: usize = 32;
const LONGEST_NAME: usize = 128;

pub(super) const TOKEN_CLAIMS: Kind<TokenClaims> =
    Kind::new("an object of claims and their sources, such as {\"admin\": \"superuser\"}", token_claims);

fn token_claims(raw: &Raw<'_>) -> Result<TokenClaims, Wrong> {
    let Some(Value::Object(given)) = &raw.json else { return Err(Wrong::Shape) };
    if given.len() > MOST {
        return Err(Wrong::Because(format!("must have at most {MOST} claims")));
    }
    let claims = given.iter().map(|(name, source)| Ok((named(name)?, sourced(name, source)?)));
    claims.collect::<Result<_, String>>().map(TokenClaims).map_err(Wrong::Because)
}

fn named(name: &str) -> Result<String, String> {
    let is_good =
        (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if RESERVED.contains(&name) {
        Err(format!("must not name a claim {name:?}: tokens have that for themselves"))
    } else if is_good {
        Ok(name.to_owned())
    } else {
        Err(format!("must name claims with 1 to {LONGEST_NAME} visible ASCII characters, not {name:?}"))
    }
}

fn sourced(name: &str, source: &Value) -> Result<ClaimSource, String> {
    let source = source.as_str().ok_or_else(|| format!("must give {name:?} a source, as text"))?;
    let known = ClaimSource::NAMED.iter().find(|(known, ..)| *known == source);
    let field = source.strip_prefix(FIELD_PREFIX).map(|field| ClaimSource::Profile(field.to_owned()));
    let found = known.map(|(_, known, _)| known.clone()).or(field).ok_or_else(|| {
        let nearest = suggestion(source, ClaimSource::NAMED.iter().map(|(known, ..)| *known));
        format!("has no source {source:?} for {name:?}{nearest}")
    })?;
    // The authorizer says it as well, and means a verified one.
    if name == "email" && found != ClaimSource::Email {
        return Err("must have no other source than \"email\" for \"email\"".to_owned());
    }
    Ok(found)
}
