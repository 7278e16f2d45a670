//! Id tokens: JSON that a service has signed, saying who somebody is (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).
//!
//! A token is first taken apart, which tells the key to look for; nothing of what it says is believed, and nothing can
//! be read from it, before its signature is found to be right.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use vestibule::domain::time::Timestamp;

use super::error::ProviderError;
use super::keys::{Algorithm, Key};

/// How far apart the clocks of the service and of this one may be, in seconds.
pub(super) const LEEWAY: f64 = 30.0;
/// The longest token that is looked at, in bytes: several times the longest that are seen, those with lists of groups.
const MOST_BYTES: usize = 64 * 1024;

/// A token that nobody has looked into yet.
#[derive(Debug)]
pub(super) struct Sealed {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// The name of the key that it is signed with.
    pub key_id: Option<String>,
    signed: String,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

/// Why the algorithm of a token is allowed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signing<'a> {
    /// Any that needs a key which the service publishes.
    Published,
    /// The one that this API is registered with there (`id_token_signed_response_alg` of RFC 7591).
    Registered(&'a str),
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// Whom it may be for.
    pub audiences: &'a [&'a str],
    /// What binds it to this login.
    pub binding: Binding<'a>,
    /// What came with it.
    pub access_token: Option<&'a str>,
    /// The time now.
    pub now: Timestamp,
}

/// What binds a token to the login that it is shown at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding<'a> {
    /// A client has it from there by itself, and shows it.
    Presented,
    /// The service gave it for a code, and must repeat the nonce. Where PKCE has bound the code to this login already,
    /// a service that repeats none is believed; a wrong one never is.
    Exchanged {
        /// What was sent along with the browser.
        nonce: &'a str,
        /// Whether the code was bound by PKCE.
        by_pkce: bool,
    },
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl Sealed {
    /// Takes a token apart.
    pub fn parse(token: &str, signing: Signing<'_>) -> Result<Self, ProviderError> {
        const MALFORMED: ProviderError = ProviderError::MalformedToken;
        if token.len() > MOST_BYTES {
            return Err(MALFORMED);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
        let read = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
        let header: Header = serde_json::from_slice(&read(header)?).map_err(|_| MALFORMED)?;
        let claims = serde_json::from_slice(&read(claims)?).map_err(|_| MALFORMED)?;
        if signature.is_empty() || header.alg.eq_ignore_ascii_case("none") {
            return Err(ProviderError::Unsigned);
        }
        // What says that it must be understood is not (RFC 7515, section 4.1.11), and other kinds of token say other
        // things (RFC 8725, section 3.11).
        let is_another = |kind: &str| kind.to_ascii_lowercase().ends_with("+jwt");
        if header.crit.is_some() || header.typ.as_deref().is_some_and(is_another) {
            return Err(MALFORMED);
        }
        let algorithm = allowed(&header.alg, signing)?;
        let signature = read(signature)?;
        Ok(Self { algorithm, key_id: header.kid, signed: signed.to_owned(), signature, claims })
    }

    /// What it says, if this key has signed it.
    pub fn open(self, key: &Key) -> Result<Claims, ProviderError> {
        if key.has_signed(self.algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(Claims { algorithm: self.algorithm, claims: self.claims })
        } else {
            Err(ProviderError::BadSignature)
        }
    }
}

fn allowed(name: &str, signing: Signing<'_>) -> Result<Algorithm, ProviderError> {
    let algorithm = Algorithm::of(name).filter(|algorithm| match signing {
        Signing::Published => *algorithm != Algorithm::Hs256,
        Signing::Registered(registered) => registered == name,
    });
    algorithm.ok_or_else(|| {
        let known = Algorithm::of(name).map_or("an unknown algorithm", Algorithm::name);
        ProviderError::WrongAlgorithm(known.to_owned())
    })
}

/// What a token says that somebody has signed.
#[derive(Debug)]
pub(super) struct Claims {
    algorithm: Algorithm,
    claims: Map<String, Value>,
}

impl Claims {
    /// The claims, if they are about this login. In the order of Core, section 3.1.3.7.
    pub fn check(self, expected: &Expected<'_>) -> Result<Map<String, Value>, ProviderError> {
        if self.text("iss") != Some(expected.issuer) {
            return Err(ProviderError::WrongIssuer);
        }
        self.check_audience(expected)?;
        self.check_times(expected.now)?;
        self.check_binding(expected.binding)?;
        self.check_access_token(expected)?;
        if self.text("sub").is_none_or(str::is_empty) {
            return Err(ProviderError::NoUid);
        }
        Ok(self.claims)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    fn check_audience(&self, expected: &Expected<'_>) -> Result<(), ProviderError> {
        let is_ours = |audience: &str| expected.audiences.contains(&audience);
        let (ours, others) = match self.claims.get("aud") {
            Some(Value::String(audience)) => (is_ours(audience), false),
            Some(Value::Array(all)) => (all.iter().filter_map(Value::as_str).any(is_ours), all.len() > 1),
            _ => (false, false),
        };
        if !ours {
            return Err(ProviderError::WrongAudience);
        }
        // Google names the mobile app that has asked for a token in the name of the service behind it: that is no
        // other party unless it came by a browser of ours.
        let party_counts = others || matches!(expected.binding, Binding::Exchanged { .. });
        match self.claims.get("azp") {
            None if others => Err(ProviderError::WrongParty),
            Some(party) if party_counts && !party.as_str().is_some_and(is_ours) => {
                Err(ProviderError::WrongParty)
            }
            _ => Ok(()),
        }
    }

    fn check_times(&self, now: Timestamp) -> Result<(), ProviderError> {
        let now = now.as_seconds();
        let time = |name: &str| {
            self.claims.get(name).map(|value| value.as_f64().ok_or(ProviderError::MalformedToken))
        };
        let expires = time("exp").transpose()?.ok_or(ProviderError::Expired)?;
        if expires + LEEWAY <= now {
            return Err(ProviderError::Expired);
        }
        for name in ["iat", "nbf"] {
            if time(name).transpose()?.is_some_and(|from| from > now + LEEWAY) {
                return Err(ProviderError::NotYetValid);
            }
        }
        Ok(())
    }

    fn check_binding(&self, binding: Binding<'_>) -> Result<(), ProviderError> {
        let Binding::Exchanged { nonce, by_pkce } = binding else { return Ok(()) };
        match self.claims.get("nonce") {
            None if by_pkce => Ok(()),
            None => Err(ProviderError::NoNonce),
            Some(repeated) if repeated.as_str() == Some(nonce) => Ok(()),
            Some(_) => Err(ProviderError::WrongNonce),
        }
    }

    fn check_access_token(&self, expected: &Expected<'_>) -> Result<(), ProviderError> {
        let (Some(access_token), Some(said)) = (expected.access_token, self.claims.get("at_hash")) else {
            return Ok(());
        };
        if said.as_str() == Some(&hash(self.algorithm, access_token)) {
            Ok(())
        } else {
            Err(ProviderError::WrongAtHash)
        }
    }
}

/// The left half of a token's hash (Core, section 3.1.3.6).
fn hash(algorithm: Algorithm, token: &str) -> String {
    let digest = ring::digest::digest(algorithm.hash(), token.as_bytes());
    let whole = digest.as_ref();
    URL_SAFE_NO_PAD.encode(whole.get(..whole.len() / 2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::testing::{NOW, Signer};

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://id.example",
        audiences: &["client"],
        binding: Binding::Exchanged { nonce: "nonce", by_pkce: false },
        access_token: Some("token"),
        now: NOW,
    };

    /// A token that is right, with some claims replaced; null leaves one out.
    fn claims(replaced: &Value) -> Value {
        let now = NOW.seconds();
        let mut claims = json!({
            "iss": "https://id.example", "sub": "ann", "aud": "client", "iat": now, "exp": now + 300,
            "nonce": "nonce", "at_hash": hash(Algorithm::Es256, "token"),
        });
        let object = claims.as_object_mut().unwrap();
        object.extend(replaced.as_object().unwrap().clone());
        object.retain(|_, value| !value.is_null());
        claims
    }

    fn checked(replaced: &Value, expected: &Expected<'_>) -> Result<Map<String, Value>, ProviderError> {
        let signer = Signer::es256("a");
        let token = signer.sign(&claims(replaced));
        Sealed::parse(&token, Signing::Published)?.open(&signer.key())?.check(expected)
    }

    fn refusal(replaced: &Value) -> &'static str {
        checked(replaced, &EXPECTED).map_or_else(|error| error.name(), |_| "accepted")
    }

    #[test]
    fn a_token_that_is_right_is_believed() {
        let claims = checked(&json!({"email": "ann@example.com"}), &EXPECTED).unwrap();
        assert_eq!(claims["email"], "ann@example.com");
        for accepted in [
            json!({"aud": ["client"]}),
            json!({"aud": ["client"], "azp": "client"}),
            json!({"aud": ["client", "other"], "azp": "client"}),
            json!({"at_hash": null}),
            json!({"iat": null}),
            json!({"exp": 1e11}),
            json!({"exp": NOW.seconds() - 29}),
            json!({"iat": NOW.seconds() + 29, "nbf": NOW.seconds() + 29}),
        ] {
            assert_eq!(refusal(&accepted), "accepted", "{accepted}");
        }
    }

    #[test]
    fn whatever_is_wrong_is_refused_by_name() {
        let now = NOW.seconds();
        for (replaced, name) in [
            (json!({"iss": "https://evil.example"}), "wrong_issuer"),
            (json!({"iss": "https://id.example/"}), "wrong_issuer"),
            (json!({"iss": null}), "wrong_issuer"),
            (json!({"aud": "other"}), "wrong_audience"),
            (json!({"aud": ["other"]}), "wrong_audience"),
            (json!({"aud": []}), "wrong_audience"),
            (json!({"aud": 7}), "wrong_audience"),
            (json!({"aud": null}), "wrong_audience"),
            (json!({"aud": ["client", "other"]}), "wrong_party"),
            (json!({"aud": ["client", "other"], "azp": "other"}), "wrong_party"),
            (json!({"azp": "other"}), "wrong_party"),
            (json!({"azp": 7}), "wrong_party"),
            (json!({"exp": null}), "expired"),
            (json!({"exp": now - 30}), "expired"),
            (json!({"exp": 1}), "expired"),
            (json!({"exp": "tomorrow"}), "malformed_token"),
            (json!({"iat": now + 31}), "not_yet_valid"),
            (json!({"nbf": now + 31}), "not_yet_valid"),
            (json!({"nonce": "another"}), "wrong_nonce"),
            (json!({"nonce": 7}), "wrong_nonce"),
            (json!({"nonce": null}), "no_nonce"),
            (json!({"at_hash": hash(Algorithm::Es256, "another")}), "wrong_at_hash"),
            (json!({"at_hash": 7}), "wrong_at_hash"),
            (json!({"sub": null}), "no_uid"),
            (json!({"sub": ""}), "no_uid"),
            (json!({"sub": 7}), "no_uid"),
        ] {
            assert_eq!(refusal(&replaced), name, "{replaced}");
        }
    }

    #[test]
    fn pkce_stands_in_for_a_nonce_that_is_missing_but_not_for_a_wrong_one() {
        let by_pkce = Expected { binding: Binding::Exchanged { nonce: "nonce", by_pkce: true }, ..EXPECTED };
        checked(&json!({"nonce": null}), &by_pkce).unwrap();
        assert_eq!(checked(&json!({"nonce": "another"}), &by_pkce), Err(ProviderError::WrongNonce));
    }

    #[test]
    fn a_token_that_a_client_shows_has_no_nonce_of_ours_and_may_be_asked_for_by_its_mobile_app() {
        let shown = Expected { binding: Binding::Presented, access_token: None, ..EXPECTED };
        checked(&json!({"nonce": "its own", "at_hash": "x"}), &shown).unwrap();
        checked(&json!({"azp": "mobile-app"}), &shown).unwrap();
        let two = json!({"aud": ["client", "other"], "azp": "mobile-app"});
        assert_eq!(checked(&two, &shown), Err(ProviderError::WrongParty));
    }

    #[test]
    fn the_example_of_the_standard_for_at_hash_is_right() {
        // OpenID Connect Core 1.0, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    }

    fn sealed(header: &Value, signing: Signing<'_>) -> Result<Sealed, ProviderError> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Sealed::parse(&format!("{}.{}.c2ln", part(header), part(&json!({}))), signing)
    }

    #[test]
    fn tokens_are_signed_as_published_or_registered_and_never_not_at_all() {
        let name = |alg: &str, signing| {
            sealed(&json!({"alg": alg}), signing)
                .map_or_else(|error| error.name(), |sealed| sealed.algorithm.name())
        };
        for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"] {
            assert_eq!(name(alg, Signing::Published), alg);
        }
        for alg in ["none", "None", "NONE", "nOnE"] {
            assert_eq!(name(alg, Signing::Published), "unsigned");
            assert_eq!(name(alg, Signing::Registered(alg)), "unsigned");
        }
        for alg in ["HS256", "HS512", "RS1", "ES256K", "rs256", "", " RS256"] {
            assert_eq!(name(alg, Signing::Published), "wrong_algorithm", "{alg:?}");
        }
        assert_eq!(name("HS256", Signing::Registered("HS256")), "HS256");
        assert_eq!(name("RS256", Signing::Registered("HS256")), "wrong_algorithm");
        assert_eq!(name("HS256", Signing::Registered("RS256")), "wrong_algorithm");
        assert_eq!(name("XX", Signing::Registered("XX")), "wrong_algorithm");
    }

    #[test]
    fn other_kinds_of_token_are_none() {
        for odd in [
            json!({"alg": "RS256", "typ": "at+jwt"}),
            json!({"alg": "RS256", "typ": "logout+JWT"}),
            json!({"alg": "RS256", "crit": ["exp"]}),
            json!({"alg": 7}),
            json!({}),
            json!([]),
        ] {
            assert_eq!(sealed(&odd, Signing::Published).unwrap_err(), ProviderError::MalformedToken, "{odd}");
        }
        sealed(&json!({"alg": "RS256", "typ": "JWT", "kid": "a"}), Signing::Published).unwrap();
        let good = Signer::es256("a").sign(&claims(&json!({})));
        let (signed, _) = good.rsplit_once('.').unwrap();
        for (token, name) in [
            (String::new(), "malformed_token"),
            ("x".to_owned(), "malformed_token"),
            ("a.b.c".to_owned(), "malformed_token"),
            (format!("{good}.{good}"), "malformed_token"),
            (format!("{good}="), "malformed_token"),
            (format!("{signed}."), "unsigned"),
            (format!("{}{good}", "A".repeat(MOST_BYTES)), "malformed_token"),
        ] {
            assert_eq!(Sealed::parse(&token, Signing::Published).unwrap_err().name(), name, "{token}");
        }
    }

    #[test]
    fn every_algorithm_opens_what_it_has_signed_and_nothing_else() {
        let signers =
            [Signer::es256("a"), Signer::rs256("a"), Signer::eddsa("a"), Signer::hs256("a", "secret")];
        for (at, signer) in signers.iter().enumerate() {
            let token = signer.sign(&claims(&json!({})));
            let open = |key: &Key| {
                let signing = Signing::Registered(signer.algorithm.name());
                Sealed::parse(&token, signing).unwrap().open(key).map_err(|error| error.name())
            };
            open(&signer.key()).unwrap();
            for other in signers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other)
            {
                assert_eq!(open(&other.key()).unwrap_err(), "bad_signature");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_apart_without_a_panic(token in ".{0,80}", parts in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}") {
            let _ = Sealed::parse(&token, Signing::Published);
            let _ = Sealed::parse(&parts, Signing::Published);
        }

        #[test]
        fn a_changed_token_is_never_opened(at in 0_usize..1000, to in "[A-Za-z0-9_-]") {
            let signer = Signer::eddsa("a");
            let token = signer.sign(&claims(&json!({})));
            let mut changed = token.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = to.as_bytes()[0];
            let changed = String::from_utf8(changed).unwrap();
            let opened = Sealed::parse(&changed, Signing::Published).and_then(|sealed| sealed.open(&signer.key()));
            proptest::prop_assert!(opened.is_err() || changed == token);
        }
    }
}
