//! New private keys.

use std::convert::Infallible;

use jsonwebtoken::Algorithm;
use pem_rfc7468::LineEnding;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rsa::PrivateKey as RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use vestibule::jwt::PrivateKey;
use vestibule::random::Random;

/// RSA keys of this many bits are good until 2030 (NIST SP 800-57 part 1, table 4), and are replaced long before.
const RSA_BITS: usize = 2048;
/// What comes before the 32 bytes of an Ed25519 key (RFC 8410, 7).
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why no key can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Tokens of this algorithm are signed with a shared secret, which is not for publishing.
    #[error("HEADLESS_JWT_ALGORITHM={0:?} takes no private key; set HEADLESS_JWT_PRIVATE_KEY to a secret")]
    Shared(Algorithm),
    /// The mathematics failed, which it does not.
    #[error("no key could be made")]
    Failed,
}

/// A new private key for an algorithm.
pub fn generate(algorithm: Algorithm, random: &Random) -> Result<PrivateKey, GenerateError> {
    let pem = match algorithm {
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => {
            let key = RsaPrivateKey::new(&mut Source(random), RSA_BITS).map_err(|_| GenerateError::Failed)?;
            key.to_pkcs8_pem(LineEnding::LF).map_err(|_| GenerateError::Failed)?.to_string()
        }
        Algorithm::ES256 => {
            let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            pem(key.map_err(|_| GenerateError::Failed)?.as_ref())?
        }
        Algorithm::EdDSA => pem(&[ED25519_PREFIX.as_slice(), &random.bytes::<32>()].concat())?,
        shared => return Err(GenerateError::Shared(shared)),
    };
    Ok(PrivateKey { algorithm, pem })
}

fn pem(der: &[u8]) -> Result<String, GenerateError> {
    pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, der).map_err(|_| GenerateError::Failed)
}

/// Randomness, in the form that the `rsa` crate takes.
struct Source<'a>(&'a Random);

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let random: [u8; 32] = self.0.bytes();
            chunk.copy_from_slice(random.get(..chunk.len()).unwrap_or_default());
        }
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule::domain::session::TokenPair;
    use vestibule::domain::time::Timestamp;
    use vestibule::domain::token::SessionKey;
    use vestibule::jwt::{Jwt, TokenUse};
    use vestibule::secret::Secret;
    use vestibule::settings::Settings;

    #[test]
    fn new_keys_sign_tokens() {
        for algorithm in ["RS256", "ES256", "EdDSA"] {
            let variables = [("HEADLESS_JWT_ALGORITHM".to_owned(), algorithm.to_owned())];
            let settings = Settings::read(variables).unwrap().settings.headless.jwt;
            let random = Random::system();
            let make = || generate(settings.algorithm, &random).unwrap();
            let (key, other) = (make(), make());
            assert_ne!(key.pem, other.pem);
            let jwt = Jwt::with_private_key(&settings, &Secret::new(key.pem)).unwrap();
            let pair = TokenPair::new("a".into(), "r".into(), Timestamp::from_millis(0));
            let session = SessionKey::parse("user", &"x".repeat(43)).unwrap();
            let issued =
                jwt.issue(&pair, &session, "https://api.example.com", &serde_json::Map::new()).unwrap();
            assert!(jwt.read(issued.access_token.expose(), TokenUse::Access).is_some());
            let stranger = Jwt::with_private_key(&settings, &Secret::new(other.pem)).unwrap();
            assert!(stranger.read(issued.access_token.expose(), TokenUse::Access).is_none());
        }
    }

    #[test]
    fn shared_secrets_are_not_made() {
        let made = generate(Algorithm::HS256, &Random::system());
        assert_eq!(made.unwrap_err(), GenerateError::Shared(Algorithm::HS256));
    }
}
