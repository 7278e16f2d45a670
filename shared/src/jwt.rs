//! Access and refresh tokens (`HEADLESS_TOKEN_STRATEGY` = `jwt`): JSON Web Tokens (RFC 7519) about a session.
//!
//! An access token identifies a user to other services, for a few minutes; a refresh token gets another pair. Both
//! name the session by what the table knows it by, which is no session token. Whether that session is
//! still there is for those to look up who care to.

mod crypto;
mod keys;

pub use crypto::install;
pub use keys::{KeyError, KeySet, PrivateKey};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::account_id::AccountId;
use crate::domain::session::TokenPair;
use crate::domain::time::Timestamp;
use crate::domain::token::SessionKey;
use crate::secret::Secret;
use crate::settings::JwtSettings;
use crate::signing::{self, UnknownKey};
use keys::{Key, Keys};

/// Issues and verifies tokens.
#[derive(Clone, Debug)]
pub struct Jwt {
    keys: Keys,
    settings: JwtSettings,
    /// Told of tokens that name a key that is not among these.
    unknown: UnknownKey,
}

/// The use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// An access token, for other APIs.
    Access,
    /// A refresh token.
    Refresh,
}

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The time of issue, as a Unix timestamp.
    pub iat: i64,
    /// The expiry, as a Unix timestamp.
    pub exp: i64,
    /// The session: the hash by which the table knows it.
    pub sid: String,
    /// The id of the token.
    pub jti: String,
    /// The use.
    pub token_use: TokenUse,
    /// The account.
    pub sub: String,
    /// The issuer: the API's URL. Only together with `aud`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The audience (`HEADLESS_JWT_AUDIENCE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Those of the site (`HEADLESS_JWT_CLAIMS`), in access tokens.
    #[serde(flatten)]
    pub own: Map<String, Value>,
}

/// A token could not be signed, although its key was found to be good when the process started.
#[derive(Debug, thiserror::Error)]
#[error("a token can't be signed: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl Claims {
    /// Whether it has expired.
    pub const fn has_expired(&self, now: Timestamp) -> bool {
        self.exp <= now.seconds()
    }

    /// The session of the token.
    pub fn session(&self) -> Option<SessionKey> {
        SessionKey::parse(&self.sub, &self.sid)
    }
}

/// The tokens issued to a client. They are secrets.
#[derive(Clone, Debug)]
pub struct IssuedPair {
    /// An access token, for other APIs.
    pub access_token: Secret,
    /// A refresh token.
    pub refresh_token: Secret,
}

impl Jwt {
    /// Tokens signed with a secret that is shared with the verifiers (HMAC).
    pub fn with_shared_secret(settings: &JwtSettings, secret: &Secret) -> Result<Self, KeyError> {
        Ok(Self::with(settings, Keys::one(Key::shared(settings.algorithm, secret, None)?)))
    }

    /// Tokens signed with a secret derived from `SECRET_KEY`.
    pub fn with_derived_secrets(settings: &JwtSettings, keys: &signing::Keys) -> Result<Self, KeyError> {
        let key = |(id, secret): (String, Secret)| Key::shared(settings.algorithm, &secret, Some(id));
        let (first, fallbacks) = keys.token_secrets();
        let others = fallbacks.into_iter().map(key).collect::<Result<_, _>>()?;
        let keys_of_tokens = Keys { current: key(first)?, others };
        Ok(Self { unknown: keys.unknown().clone(), ..Self::with(settings, keys_of_tokens) })
    }

    /// Tokens signed with one private key.
    pub fn with_private_key(settings: &JwtSettings, pem: &Secret) -> Result<Self, KeyError> {
        install();
        let key = PrivateKey { algorithm: settings.algorithm, pem: pem.expose().to_owned() };
        Ok(Self::with(settings, Keys::one(Key::read(&key)?.tried()?)))
    }

    /// Tokens signed with the current key of a set.
    pub fn with_key_set(settings: &JwtSettings, set: &KeySet) -> Result<Self, KeyError> {
        install();
        Ok(Self::with(settings, Keys::read(set)?))
    }

    fn with(settings: &JwtSettings, keys: Keys) -> Self {
        install();
        Self { keys, settings: settings.clone(), unknown: UnknownKey::default() }
    }

    /// The public keys (RFC 7517).
    pub fn published(&self) -> JwkSet {
        self.keys.published()
    }

    /// The signature algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.keys.current.algorithm
    }

    /// The tokens of a pair, the access token with the claims of the site. Made again they are the same, but for those
    /// claims, and for the signatures of ES256, which are never alike.
    pub fn issue(
        &self,
        pair: &TokenPair,
        session: &SessionKey,
        base_url: &str,
        own: &Map<String, Value>,
    ) -> Result<IssuedPair, SigningError> {
        let refresh = self.claims(TokenUse::Refresh, &pair.refresh_id, pair.issued_at, session, base_url);
        Ok(IssuedPair {
            access_token: self.issue_access(pair, session, base_url, own)?,
            refresh_token: self.sign(&refresh)?,
        })
    }

    /// The access token of a pair alone.
    pub fn issue_access(
        &self,
        pair: &TokenPair,
        session: &SessionKey,
        base_url: &str,
        own: &Map<String, Value>,
    ) -> Result<Secret, SigningError> {
        let claims = self.claims(TokenUse::Access, &pair.access_id, pair.issued_at, session, base_url);
        self.sign(&Claims { own: own.clone(), ..claims })
    }

    /// The issuer of access tokens.
    pub fn issuer<'a>(&'a self, base_url: &'a str) -> &'a str {
        self.settings.issuer.as_deref().unwrap_or(base_url)
    }

    /// Verifies a token: none unless it is validly signed, and for this use. It may have expired, and its session may
    /// have ended.
    pub fn read(&self, token: &str, token_use: TokenUse) -> Option<Claims> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid;
        let mut keys = self.keys.find(id.as_deref()).peekable();
        if keys.peek().is_none() {
            self.unknown.note();
        }
        let claims: Claims = keys.find_map(|key| verify(token, key))?;
        (claims.token_use == token_use).then_some(claims)
    }

    fn claims(
        &self,
        token_use: TokenUse,
        id: &str,
        at: Timestamp,
        session: &SessionKey,
        base_url: &str,
    ) -> Claims {
        let lifetime = match token_use {
            TokenUse::Access => self.settings.access_token_expires_in,
            TokenUse::Refresh => self.settings.refresh_token_expires_in,
        };
        let issuer = self.issuer(base_url);
        let aud = self.settings.audience.clone().map(|audience| match token_use {
            TokenUse::Access => audience,
            // For nobody else: not all libraries refuse a token that has no audience at all.
            TokenUse::Refresh => format!("{issuer}/_allauth/app/v1/tokens/refresh"),
        });
        Claims {
            iat: at.seconds(),
            exp: at.plus(lifetime).seconds(),
            sid: session.hash.clone(),
            jti: id.to_owned(),
            token_use,
            sub: session.account.as_ref().map_or("", AccountId::as_str).to_owned(),
            iss: aud.is_some().then(|| issuer.to_owned()),
            aud,
            own: Map::new(),
        }
    }

    fn sign(&self, claims: &Claims) -> Result<Secret, SigningError> {
        let key = &self.keys.current;
        let header = Header { kid: key.id.clone(), ..Header::new(key.algorithm) };
        Ok(Secret::new(jsonwebtoken::encode(&header, claims, &key.signing)?))
    }
}

fn verify(token: &str, key: &Key) -> Option<Claims> {
    let mut validation = Validation::new(key.algorithm);
    // Time is an argument here, and whom it is for is for those to check whom it is shown to.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(jsonwebtoken::decode(token, &key.verifying, &validation).ok()?.claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;
    use sha2::Digest as _;

    const RSA: &str = include_str!("../../tests/testdata/rsa-private-key.pem");
    const EC: &str = include_str!("../../tests/testdata/ec-private-key.pem");
    const ED: &str = include_str!("../../tests/testdata/ed25519-private-key.pem");

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

    fn settings(algorithm: &str) -> JwtSettings {
        let variables =
            [("HEADLESS_JWT_ALGORITHM", algorithm)].map(|(name, value)| (name.into(), value.into()));
        crate::settings::Settings::read(variables).unwrap().settings.headless.jwt
    }

    fn session() -> SessionKey {
        SessionKey::parse("0198-c0de", &"x".repeat(43)).unwrap()
    }

    fn pair() -> TokenPair {
        TokenPair::new("a".into(), "r".into(), NOW)
    }

    fn jwt(algorithm: &str) -> Jwt {
        let settings = settings(algorithm);
        let pem = match algorithm {
            "ES256" => EC,
            "EdDSA" => ED,
            hmac if hmac.starts_with("HS") => {
                return Jwt::with_shared_secret(&settings, &Secret::new("a-secret-of-these-tests")).unwrap();
            }
            _ => RSA,
        };
        Jwt::with_private_key(&settings, &Secret::new(pem)).unwrap()
    }

    fn issue(jwt: &Jwt) -> IssuedPair {
        jwt.issue(&pair(), &session(), "https://api.example.com", &Map::new()).unwrap()
    }

    #[test]
    fn derived_secrets_are_replaced_without_ending_tokens() {
        let (old, new) = (
            || Secret::new("a-secret-of-these-tests-that-is-old"),
            || Secret::new("a-new-secret-of-these-tests"),
        );
        let make = |keys: &signing::Keys| Jwt::with_derived_secrets(&settings("HS256"), keys).unwrap();
        let before = signing::Keys::new(old());
        let after = signing::Keys::with_fallbacks(new(), [old()]);
        let issued = issue(&make(&before));
        assert!(make(&after).read(issued.access_token.expose(), TokenUse::Access).is_some());
        // As tokens were before they named a key.
        let (_, secret) = before.token_secrets().0;
        let unnamed = issue(&Jwt::with_shared_secret(&settings("HS256"), &secret).unwrap());
        assert!(make(&after).read(unnamed.refresh_token.expose(), TokenUse::Refresh).is_some());
        let newer = issue(&make(&after));
        assert!(make(&before).read(newer.access_token.expose(), TokenUse::Access).is_none());
        assert!(before.unknown().take(), "whoever meets a newer key looks for it");
        assert!(
            make(&signing::Keys::new(new())).read(issued.access_token.expose(), TokenUse::Access).is_none()
        );
    }

    #[test]
    fn tokens_are_read_back_for_their_own_use_only() {
        for algorithm in ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "EdDSA"] {
            let jwt = jwt(algorithm);
            let issued = issue(&jwt);
            let access = jwt.read(issued.access_token.expose(), TokenUse::Access).expect(algorithm);
            assert_eq!((access.session(), access.jti.as_str()), (Some(session()), "a"));
            assert_eq!((access.iat, access.exp), (1_700_000_000, 1_700_000_300));
            let refresh = jwt.read(issued.refresh_token.expose(), TokenUse::Refresh).expect(algorithm);
            assert_eq!((refresh.exp, refresh.jti.as_str()), (1_700_086_400, "r"));
            assert_eq!(jwt.read(issued.refresh_token.expose(), TokenUse::Access), None);
            assert_eq!(jwt.read(issued.access_token.expose(), TokenUse::Refresh), None);
        }
    }

    #[test]
    fn access_tokens_alone_have_the_claims_of_the_site() {
        let jwt = jwt("HS256");
        let own = Map::from_iter([("plan".to_owned(), Value::from("free"))]);
        let issued = jwt.issue(&pair(), &session(), "https://api.example.com", &own).unwrap();
        let claims = |token: &Secret, token_use| jwt.read(token.expose(), token_use).unwrap().own;
        assert_eq!(claims(&issued.access_token, TokenUse::Access), own);
        assert_eq!(claims(&issued.refresh_token, TokenUse::Refresh), Map::new());
    }

    #[test]
    fn a_pair_made_again_is_the_same() {
        for algorithm in ["HS256", "RS256", "EdDSA"] {
            let jwt = jwt(algorithm);
            let (first, again) = (issue(&jwt), issue(&jwt));
            assert_eq!(first.access_token.expose(), again.access_token.expose());
            assert_eq!(first.refresh_token.expose(), again.refresh_token.expose());
        }
    }

    #[test]
    fn a_token_expires_on_the_second() {
        let claims = jwt("HS256").read(issue(&jwt("HS256")).access_token.expose(), TokenUse::Access).unwrap();
        assert!(!claims.has_expired(Timestamp::from_millis(1_700_000_299_999)));
        assert!(claims.has_expired(Timestamp::from_millis(1_700_000_300_000)));
    }

    #[test]
    fn shared_secrets_are_not_published_and_public_keys_are_named() {
        assert!(jwt("HS256").published().keys.is_empty());
        for (algorithm, kind) in [("RS256", "RSA"), ("ES256", "EC"), ("EdDSA", "OKP")] {
            let jwt = jwt(algorithm);
            let published = serde_json::to_value(jwt.published()).unwrap();
            let [key] = &published["keys"].as_array().unwrap()[..] else { panic!("{published}") };
            assert_eq!(
                (key["kty"].as_str(), key["alg"].as_str(), key["use"].as_str()),
                (Some(kind), Some(algorithm), Some("sig"))
            );
            // Of a private key only n, e, crv, x and y are for everybody.
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
            let issued = issue(&jwt);
            let header = jsonwebtoken::decode_header(issued.access_token.expose()).unwrap();
            assert_eq!(header.kid.as_deref(), key["kid"].as_str());
        }
    }

    #[test]
    fn the_name_of_a_key_is_its_thumbprint() {
        // RFC 7638, 3.1, hashes {"e","kty","n"} in this order.
        let jwt = jwt("RS256");
        let key = serde_json::to_value(&jwt.published().keys[0]).unwrap();
        let text = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, key["e"], key["n"]);
        let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text));
        assert_eq!(key["kid"], hash);
    }

    #[test]
    fn an_audience_brings_an_issuer_to_access_tokens() {
        let mut settings = settings("HS256");
        let read = |settings: &JwtSettings| {
            let jwt = Jwt::with_shared_secret(settings, &Secret::new("a-secret-of-these-tests")).unwrap();
            let issued = issue(&jwt);
            let refresh = jwt.read(issued.refresh_token.expose(), TokenUse::Refresh).unwrap();
            assert_ne!(refresh.aud, Some("api".into()));
            let access = jwt.read(issued.access_token.expose(), TokenUse::Access).unwrap();
            (access.iss, access.aud)
        };
        assert_eq!(read(&settings), (None, None));
        settings.audience = Some("api".into());
        assert_eq!(read(&settings), (Some("https://api.example.com".into()), Some("api".into())));
        settings.issuer = Some("https://auth.example.com".into());
        assert_eq!(read(&settings), (Some("https://auth.example.com".into()), Some("api".into())));
    }

    #[test]
    fn across_rotations_tokens_are_verified_before_and_after() {
        let key = |algorithm: &str, pem: &str| PrivateKey {
            algorithm: algorithm.parse().unwrap(),
            pem: pem.to_owned(),
        };
        let set = KeySet { previous: None, current: key("RS256", RSA), next: key("ES256", EC) };
        let before = Jwt::with_key_set(&settings("RS256"), &set).unwrap();
        let rotated = set.rotated(key("EdDSA", ED));
        let after = Jwt::with_key_set(&settings("EdDSA"), &rotated).unwrap();
        let old = issue(&before);
        let new = issue(&after);
        // A process that started before the rotation meets tokens of one that started after it, and the other way round.
        assert!(after.read(old.access_token.expose(), TokenUse::Access).is_some());
        assert!(before.read(new.access_token.expose(), TokenUse::Access).is_some());
        let later = rotated.rotated(key("RS256", RSA));
        let later =
            Jwt::with_key_set(&settings("RS256"), &KeySet { next: key("ES256", EC), ..later }).unwrap();
        assert!(later.read(new.access_token.expose(), TokenUse::Access).is_some());
        assert!(later.read(old.access_token.expose(), TokenUse::Access).is_none());
    }

    #[test]
    fn a_public_key_is_no_shared_secret() {
        // The classic confusion: HS256, keyed with what everybody knows of an RSA key.
        let rsa = jwt("RS256");
        let known = serde_json::to_string(&rsa.published().keys[0]).unwrap();
        let forger = Jwt::with_shared_secret(&settings("HS256"), &Secret::new(known)).unwrap();
        let token = issue(&forger).access_token;
        assert_eq!(rsa.read(token.expose(), TokenUse::Access), None);
        let mut parts: Vec<&str> = token.expose().split('.').collect();
        parts[2] = "";
        assert_eq!(rsa.read(&parts.join("."), TokenUse::Access), None);
    }

    #[test]
    fn keys_that_can_t_be_used_are_refused_with_a_reason() {
        let read = |algorithm: &str, pem: &str| {
            Jwt::with_private_key(&settings(algorithm), &Secret::new(pem)).unwrap_err().to_string()
        };
        assert!(read("RS256", "nonsense").contains("PEM"));
        assert!(read("RS256", EC).contains("RS256"));
        assert!(read("ES256", RSA).contains("ES256"));
        assert!(read("EdDSA", EC).contains("EdDSA"));
    }

    /// Found by fuzzing.
    #[test]
    fn a_damaged_key_is_refused_before_it_is_to_sign() {
        // In an exponent that only signing uses.
        let damaged = RSA.replace("XOOzIk", "XOOtIk");
        assert_ne!(damaged, RSA);
        let pem = |pem: &str| PrivateKey { algorithm: Algorithm::RS256, pem: pem.to_owned() };
        let read = Jwt::with_private_key(&settings("RS256"), &Secret::new(&damaged));
        assert_eq!(read.unwrap_err(), KeyError::CannotSign);
        let set = KeySet { previous: None, current: pem(&damaged), next: pem(RSA) };
        assert_eq!(Jwt::with_key_set(&settings("RS256"), &set).unwrap_err(), KeyError::CannotSign);
    }

    proptest! {
        #[test]
        fn anything_can_be_sent(text in "[ -~]{0,200}") {
            prop_assert_eq!(jwt("HS256").read(&text, TokenUse::Access), None);
        }

        #[test]
        fn a_changed_token_is_not_ours(position in 0_usize..400, replacement in "[a-zA-Z0-9_.-]") {
            let jwt = jwt("HS256");
            let token = issue(&jwt).access_token.expose().to_owned();
            let position = position % token.len();
            let mut changed = token.clone();
            changed.replace_range(position..=position, &replacement);
            // The last character of 32 bytes in base64 has bits to spare.
            prop_assume!(changed != token && position + 1 != token.len());
            prop_assert_eq!(jwt.read(&changed, TokenUse::Access), None);
        }
    }
}
