//! Public keys in COSE form (RFC 9052, RFC 9053, RFC 8230), and the signatures they check.

use ciborium::Value as Cbor;
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use vestibule::domain::authenticator::MOST_PUBLIC_KEY_BYTES;

use super::encoding::read_cbor;
use super::fault::CeremonyFault;

/// The algorithms that are offered, by their numbers at IANA, the best first: `ES256`, which every key has, `EdDSA` with
/// Ed25519, and `RS256`, which Windows Hello has on older machines.
pub(super) const OFFERED: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// The labels of a key's parameters: its type, its algorithm, and three whose meaning depends on its type.
const TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const FIRST: i64 = -1;
const SECOND: i64 = -2;
const THIRD: i64 = -3;

/// The types of keys: octet key pair, elliptic curve with two coordinates, RSA.
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;

/// The curves.
const P256: i64 = 1;
const CURVE_ED25519: i64 = 6;

/// A key of one of the [`OFFERED`] algorithms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// A point on P-256, uncompressed.
    Es256(Vec<u8>),
    /// A point on Ed25519.
    EdDsa(Vec<u8>),
    /// Of RSA.
    Rs256 {
        /// Modulus, big-endian without leading zeros.
        n: Vec<u8>,
        /// Exponent, likewise.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Whether a key that was just made can be kept, and can ever verify anything. Of Ed25519 only the length is known
    /// before it signs.
    pub(super) fn check(cose: &[u8]) -> Result<(), CeremonyFault> {
        let is_good = match Self::parse(cose)? {
            Self::Es256(point) => is_on_p256(&point),
            Self::EdDsa(_) => true,
            Self::Rs256 { n, e } => {
                let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
                (256..=1024).contains(&n.len()) && is_odd(&n) && e.len() <= 4 && is_odd(&e) && e != [1]
            }
        };
        if is_good && cose.len() <= MOST_PUBLIC_KEY_BYTES { Ok(()) } else { Err(CeremonyFault::PublicKey) }
    }

    /// Reads one, with nothing after it.
    pub(super) fn parse(cose: &[u8]) -> Result<Self, CeremonyFault> {
        let (key, rest) = read_cbor(cose).ok_or(CeremonyFault::PublicKey)?;
        if rest.is_empty() {
            Self::of(&key).ok_or(CeremonyFault::PublicKey)
        } else {
            Err(CeremonyFault::PublicKey)
        }
    }

    fn of(key: &Cbor) -> Option<Self> {
        let number = |label| i64::try_from(i128::from(parameter(key, label)?.as_integer()?)).ok();
        let bytes = |label| parameter(key, label)?.as_bytes();
        match (number(ALGORITHM)?, number(TYPE)?) {
            (ES256, EC2) if number(FIRST)? == P256 => {
                let (x, y) = (bytes(SECOND)?, bytes(THIRD)?);
                (x.len() == 32 && y.len() == 32).then(|| Self::Es256([&[4], x.as_slice(), y].concat()))
            }
            (EDDSA, OKP) if number(FIRST)? == CURVE_ED25519 => {
                let x = bytes(SECOND)?;
                (x.len() == 32).then(|| Self::EdDsa(x.clone()))
            }
            (RS256, RSA) => Some(Self::Rs256 { n: unsigned(bytes(FIRST)?), e: unsigned(bytes(SECOND)?) }),
            _ => None,
        }
    }

    /// Whether this key has signed this. RSA keys have 2,048 to 8,192 bits.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CeremonyFault> {
        let checked = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        checked.map_err(|_| CeremonyFault::Signature)
    }
}

/// Nobody agrees on a secret with a point off the curve.
fn is_on_p256(point: &[u8]) -> bool {
    let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, point);
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
    own.and_then(|own| agreement::agree_ephemeral(own, &peer, |_| ())).is_ok()
}

/// A parameter of a key that has it once.
fn parameter(key: &Cbor, label: i64) -> Option<&Cbor> {
    let mut found = key.as_map()?.iter().filter(|(name, _)| *name == Cbor::from(label));
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value)
}

/// A number without the leading zeros that some authenticators put before it.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}
