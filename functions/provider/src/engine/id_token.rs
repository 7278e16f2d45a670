//! Id tokens: signed JSON that identifies a user (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).
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
use crate::providers::expression;

/// How far apart the clocks of the service and of this one may be, in seconds.
pub(super) const LEEWAY: f64 = 30.0;
/// The longest token that is looked at, in bytes: several times the longest that are seen, those with lists of groups.
const MOST_BYTES: usize = 64 * 1024;

/// A token that has not been verified yet.
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
    /// Who else it may be for, according to the settings: texts.
    pub trusted_audiences: &'a [Value],
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
    /// The service gave it for a code, and must repeat the nonce.
    Exchanged {
        /// What was sent along with the browser.
        nonce: &'a str,
        /// Whether a service is believed that repeats none; one that repeats a wrong one never is.
        optional: bool,
    },
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<Value>,
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
        let mut claims: Map<String, Value> = serde_json::from_slice(&read(claims)?).map_err(|_| MALFORMED)?;
        claims.retain(|_, value| !expression::is_empty(value));
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
        let key_id = header.kid.as_ref().and_then(expression::plain);
        Ok(Self { algorithm, key_id, signed: signed.to_owned(), signature, claims })
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

/// The claims of a signed token.
#[derive(Debug)]
pub(super) struct Claims {
    algorithm: Algorithm,
    claims: Map<String, Value>,
}

impl Claims {
    /// The claims, if they are about this login. In the order of Core, section 3.1.3.7.
    pub fn check(self, expected: &Expected<'_>) -> Result<Map<String, Value>, ProviderError> {
        if !self.text("iss").is_some_and(|issuer| is_issuer(issuer, expected.issuer)) {
            return Err(ProviderError::WrongIssuer);
        }
        self.check_audience(expected)?;
        self.check_times(expected.now)?;
        self.check_binding(expected.binding)?;
        self.check_access_token(expected)?;
        if self.claims.get("sub").and_then(expression::plain).is_none() {
            return Err(ProviderError::NoUid);
        }
        Ok(self.claims)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    fn check_audience(&self, expected: &Expected<'_>) -> Result<(), ProviderError> {
        let is_ours = |audience: &str| expected.audiences.contains(&audience);
        let all = self.claims.get("aud").map(expression::elements).unwrap_or_default();
        if !all.iter().filter_map(Value::as_str).any(is_ours) {
            return Err(ProviderError::WrongAudience);
        }
        let others = all.len() > 1;
        let is_trusted = |audience: &Value| {
            audience.as_str().is_some_and(is_ours) || expected.trusted_audiences.contains(audience)
        };
        // What the service gave for a code of ours it gave to nobody else.
        let exchanged = matches!(expected.binding, Binding::Exchanged { .. });
        // Google names the mobile app that has asked for a token in the name of the service behind it: that is no
        // other party unless it came by a browser of ours.
        let party_counts = others || exchanged;
        match self.claims.get("azp") {
            None if !exchanged && !all.iter().all(is_trusted) => Err(ProviderError::WrongParty),
            Some(party) if party_counts && !party.as_str().is_some_and(is_ours) => {
                Err(ProviderError::WrongParty)
            }
            _ => Ok(()),
        }
    }

    fn check_times(&self, now: Timestamp) -> Result<(), ProviderError> {
        let now = now.as_seconds();
        let time = |name: &str| {
            self.claims.get(name).map(|value| seconds(value).ok_or(ProviderError::MalformedToken))
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
        let Binding::Exchanged { nonce, optional } = binding else { return Ok(()) };
        match self.claims.get("nonce") {
            None if optional => Ok(()),
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

/// Whether an issuer is the one that is expected. Google goes by two names, and says so.
fn is_issuer(issuer: &str, expected: &str) -> bool {
    const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
    issuer == expected || (GOOGLE.contains(&issuer) && GOOGLE.contains(&expected))
}

/// A time, be it in a text.
fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|seconds| seconds.is_finite())
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
        trusted_audiences: &[],
        binding: Binding::Exchanged { nonce: "nonce", optional: false },
        access_token: Some("token"),
        now: NOW,
    };

    /// A token that is right, with some claims replaced.
    fn claims(replaced: &Value) -> Value {
        let now = NOW.seconds();
        let mut claims = json!({
            "iss": "https://id.example", "sub": "ann", "aud": "client", "iat": now, "exp": now + 300,
            "nonce": "nonce", "at_hash": hash(Algorithm::Es256, "token"),
        });
        let object = claims.as_object_mut().unwrap();
        object.extend(replaced.as_object().unwrap().clone());
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
            json!({"at_hash": ""}),
            json!({"iat": null}),
            json!({"nbf": null, "azp": null, "jti": null}),
            json!({"nbf": "", "azp": "", "at_hash": []}),
            json!({"sub": 35}),
            json!({"exp": (NOW.seconds() + 300).to_string()}),
            json!({"aud": ["client", "other"]}),
            json!({"aud": ["client", "other"], "azp": null}),
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
            (json!({"aud": ["client", "other"], "azp": "other"}), "wrong_party"),
            (json!({"azp": "other"}), "wrong_party"),
            (json!({"azp": 7}), "wrong_party"),
            (json!({"exp": "NaN"}), "malformed_token"),
            (json!({"exp": ""}), "expired"),
            (json!({"nonce": ""}), "no_nonce"),
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
            (json!({"sub": 1.5}), "no_uid"),
            (json!({"sub": true}), "no_uid"),
            (json!({"sub": ["ann"]}), "no_uid"),
        ] {
            assert_eq!(refusal(&replaced), name, "{replaced}");
        }
    }

    #[test]
    fn a_nonce_may_be_missing_where_it_is_optional_but_not_wrong() {
        let optional =
            Expected { binding: Binding::Exchanged { nonce: "nonce", optional: true }, ..EXPECTED };
        checked(&json!({"nonce": null}), &optional).unwrap();
        assert_eq!(checked(&json!({"nonce": "another"}), &optional), Err(ProviderError::WrongNonce));
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
    fn a_token_that_a_client_shows_is_for_no_other_audience_than_those_that_are_trusted() {
        let shown = Expected { binding: Binding::Presented, access_token: None, ..EXPECTED };
        let two = json!({"aud": ["client", "other"]});
        assert_eq!(checked(&two, &shown), Err(ProviderError::WrongParty));
        let trusted = [json!("other")];
        let trusting = Expected { trusted_audiences: &trusted, ..shown };
        checked(&two, &trusting).unwrap();
        assert_eq!(
            checked(&json!({"aud": ["client", "other", "third"]}), &trusting),
            Err(ProviderError::WrongParty)
        );
        assert_eq!(checked(&json!({"aud": ["other"]}), &trusting), Err(ProviderError::WrongAudience));
        assert_eq!(
            checked(&json!({"aud": ["client", "other"], "azp": "other"}), &trusting),
            Err(ProviderError::WrongParty)
        );
    }

    #[test]
    fn google_goes_by_two_names() {
        let google = Expected { issuer: "https://accounts.google.com", ..EXPECTED };
        checked(&json!({"iss": "accounts.google.com"}), &google).unwrap();
        checked(&json!({"iss": "https://accounts.google.com"}), &google).unwrap();
        assert_eq!(
            checked(&json!({"iss": "http://accounts.google.com"}), &google),
            Err(ProviderError::WrongIssuer)
        );
        assert_eq!(
            checked(&json!({"iss": "accounts.google.com"}), &EXPECTED),
            Err(ProviderError::WrongIssuer)
        );
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
