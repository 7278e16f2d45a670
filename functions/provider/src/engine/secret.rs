//! How a client proves at a token endpoint that it is this API.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use vestibule::domain::time::Timestamp;
use vestibule::secret::Secret;
use vestibule::settings::ProviderApp;

use super::error::ProviderError;
use super::template::encoded;

/// How long a signed secret is good for, in seconds: it is used at once.
const LIFETIME: i64 = 300;

/// A client secret that is a signed token (RFC 7523, and Apple's "Creating a client secret").
pub(super) fn signed(
    app: &ProviderApp,
    client_id: &str,
    audience: &str,
    now: Timestamp,
) -> Result<Secret, ProviderError> {
    let setting = |name: &str| ProviderError::Setting(name.to_owned());
    let issuer = app.key.as_deref().ok_or_else(|| setting("key"))?;
    let key_id = app.secret.as_ref().ok_or_else(|| setting("secret"))?;
    let pem =
        app.option("certificate_key").and_then(Value::as_str).ok_or_else(|| setting("certificate_key"))?;
    let unusable = || setting("certificate_key, a private key of P-256 in PKCS#8 and PEM");
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable())?;
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der(), &random)
        .map_err(|_| unusable())?;
    let now = now.seconds();
    let header = json!({"alg": "ES256", "kid": key_id.expose()});
    let claims = json!({"iss": issuer, "iat": now, "exp": now + LIFETIME, "aud": audience, "sub": client_id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = key.sign(&random, signed.as_bytes()).map_err(|_| unusable())?;
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))))
}

/// The header of `client_secret_basic` (RFC 6749, section 2.3.1: both are encoded as in a form first).
pub(super) fn basic(client_id: &str, secret: &str) -> Secret {
    let form = |text: &str| {
        let pair = encoded(&[(String::new(), text.to_owned())]);
        pair.strip_prefix('=').unwrap_or_default().to_owned()
    };
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{}:{}", form(client_id), form(secret)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id_token::{Sealed, Signing};
    use crate::engine::testing::{NOW, P256_PEM, Signer, app};

    fn apple(settings: &Value) -> ProviderApp {
        app(
            "apple",
            json!({"client_id": "com.example.web", "secret": "KEYID", "key": "TEAM", "settings": settings}),
        )
    }

    #[test]
    fn a_signed_secret_is_a_token_of_the_team() {
        let app = apple(&json!({"certificate_key": P256_PEM}));
        let secret = signed(&app, "com.example.web", "https://appleid.apple.com", NOW).unwrap();
        let sealed = Sealed::parse(secret.expose(), Signing::Published).unwrap();
        assert_eq!(sealed.key_id.as_deref(), Some("KEYID"));
        sealed.open(&Signer::es256("KEYID").key()).unwrap();
        let claims = secret.expose().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(
            claims,
            json!({"iss": "TEAM", "iat": NOW.seconds(), "exp": NOW.seconds() + 300,
                "aud": "https://appleid.apple.com", "sub": "com.example.web"})
        );
    }

    #[test]
    fn what_is_missing_or_unusable_is_named_but_not_shown() {
        for (settings, lacks) in [
            (json!({}), "lack a usable certificate_key"),
            (json!({"certificate_key": "s3cret"}), "lack a usable certificate_key, a private key of P-256"),
            (
                json!({"certificate_key": "-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----"}),
                "a usable",
            ),
        ] {
            let error = signed(&apple(&settings), "client", "audience", NOW).unwrap_err().to_string();
            assert!(error.contains(lacks) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn id_and_secret_are_encoded_before_they_are_put_together() {
        // The example of RFC 6749, section 2.3.1.
        assert_eq!(
            basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw").expose(),
            "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
        );
        assert_eq!(basic("a:b", "c/d").expose(), format!("Basic {}", STANDARD.encode("a%3Ab:c%2Fd")));
    }
}
