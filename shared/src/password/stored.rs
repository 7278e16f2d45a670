//! Stored hashes of passwords, those of other software among them: which there are, what they cost, and whether a password
//! has one.
//!
//! Django stores `<algorithm>$…`; others use the PHC string format or the modular crypt format, `$<algorithm>$…`. What it
//! costs to verify a hash is bounded, as an imported one could otherwise keep a function busy at each login.

use std::num::NonZeroU32;

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Params};
use base64::Engine as _;
use base64::alphabet::{BCRYPT, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const MOST_ROUNDS: u32 = 2_000_000;
const MOST_BCRYPT_COST: u32 = 14;
const MOST_SCRYPT_BYTES: u64 = 64 << 20;
/// All passes over the memory together: as many as four over the most of it.
const MOST_SCRYPT_WORK: u64 = 4 * MOST_SCRYPT_BYTES;
const MOST_ARGON2_KIB: u32 = 256 << 10;
const MOST_ARGON2_PASSES: u32 = 10;
/// The longest hash, in bytes.
const MOST_BYTES: usize = 1024;
/// What bcrypt takes of a password, with the zero at its end.
const BCRYPT_PASSWORD_BYTES: usize = 72;

const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PADDING.with_decode_allow_trailing_bits(true));
const BCRYPT64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, PADDING.with_decode_allow_trailing_bits(true));

/// Why a hash verifies no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashFault {
    /// The algorithm is not known.
    #[error("the algorithm of the password hash is not known: {0}")]
    Unknown(String),
    /// It is not what its algorithm has.
    #[error("the password hash is not a valid one of {0}")]
    Malformed(&'static str),
    /// To verify it costs too much.
    #[error("the password hash costs too much: {0}")]
    TooCostly(String),
}

/// A stored hash, read from its text.
pub(super) enum StoredHash<'t> {
    Argon2(Box<Phc>),
    Pbkdf2 { algorithm: pbkdf2::Algorithm, rounds: NonZeroU32, salt: Vec<u8>, hash: Vec<u8> },
    Bcrypt { cost: u32, salt: [u8; 16], hash: [u8; 23], digested: bool },
    Scrypt { cost: ScryptCost, salt: Vec<u8>, hash: Vec<u8>, signer: Option<&'t str> },
}

/// N is 2 to the power of `log_n`.
pub(super) struct ScryptCost {
    log_n: u8,
    r: u32,
    p: u32,
}

/// Says why a hash can't be stored.
pub fn check_hash(text: &str) -> Result<(), HashFault> {
    StoredHash::read(text)?.check_cost()
}

impl<'t> StoredHash<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, HashFault> {
        let is_text = |c: char| c.is_ascii_graphic();
        if text.len() > MOST_BYTES || !text.chars().all(is_text) {
            return Err(HashFault::Malformed("any algorithm"));
        }
        let (algorithm, rest) = match text.strip_prefix('$') {
            Some(rest) => rest.split_once('$').map_or((rest, ""), |(_, _)| (rest, rest)),
            None => text.split_once('$').unwrap_or((text, "")),
        };
        let name = algorithm.split('$').next().unwrap_or_default();
        let of = |algorithm: &'static str, read: Option<Self>| read.ok_or(HashFault::Malformed(algorithm));
        match (text.starts_with('$'), name) {
            (false, "argon2") => of("argon2", argon2(&format!("${rest}"))),
            (true, "argon2id" | "argon2i" | "argon2d") => of("argon2", argon2(text)),
            (false, "pbkdf2_sha256") => of("pbkdf2_sha256", django_pbkdf2(PBKDF2_HMAC_SHA256, rest)),
            (false, "pbkdf2_sha1") => of("pbkdf2_sha1", django_pbkdf2(PBKDF2_HMAC_SHA1, rest)),
            (true, "pbkdf2" | "pbkdf2-sha1") => of("pbkdf2", other_pbkdf2(PBKDF2_HMAC_SHA1, rest)),
            (true, "pbkdf2-sha256") => of("pbkdf2-sha256", other_pbkdf2(PBKDF2_HMAC_SHA256, rest)),
            (true, "pbkdf2-sha512") => of("pbkdf2-sha512", other_pbkdf2(PBKDF2_HMAC_SHA512, rest)),
            (false, "bcrypt") => of("bcrypt", bcrypt(rest, false)),
            (false, "bcrypt_sha256") => of("bcrypt_sha256", bcrypt(rest, true)),
            (true, "2a" | "2b" | "2y") => of("bcrypt", bcrypt(text, false)),
            (false, "scrypt") => of("scrypt", django_scrypt(rest)),
            (true, "scrypt") => of("scrypt", other_scrypt(rest)),
            (true, "fbscrypt") => of("fbscrypt", firebase_scrypt(rest)),
            _ => Err(HashFault::Unknown(crate::domain::text::quoted(name))),
        }
    }

    pub(super) fn check_cost(&self) -> Result<(), HashFault> {
        let too_costly = |what: String| Err(HashFault::TooCostly(what));
        match self {
            Self::Argon2(phc) => {
                let params = Params::try_from(&**phc).map_err(|_| HashFault::Malformed("argon2"))?;
                let (memory, passes) = (params.m_cost(), params.t_cost());
                if memory > MOST_ARGON2_KIB || passes > MOST_ARGON2_PASSES {
                    return too_costly(format!(
                        "m={memory}, t={passes} of argon2, and at most m={MOST_ARGON2_KIB}, t={MOST_ARGON2_PASSES} are possible"
                    ));
                }
            }
            Self::Pbkdf2 { rounds, .. } if rounds.get() > MOST_ROUNDS => {
                return too_costly(format!("{rounds} rounds, and at most {MOST_ROUNDS} are possible"));
            }
            Self::Bcrypt { cost, .. } if *cost > MOST_BCRYPT_COST => {
                return too_costly(format!(
                    "cost {cost} of bcrypt, and at most {MOST_BCRYPT_COST} is possible"
                ));
            }
            Self::Scrypt { cost, .. } if !cost.is_bearable() => {
                let ScryptCost { log_n, r, p } = cost;
                return too_costly(format!(
                    "N=2^{log_n}, r={r}, p={p} of scrypt, and at most 64 MiB (128 * N * r) and four times as much work \
                     (128 * N * r * p) are possible"
                ));
            }
            Self::Pbkdf2 { .. } | Self::Bcrypt { .. } | Self::Scrypt { .. } => {}
        }
        Ok(())
    }

    /// Whether a password has this hash.
    pub(super) fn verifies(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match self {
            Self::Argon2(phc) => Argon2::default().verify_password(password, phc.as_ref()).is_ok(),
            Self::Pbkdf2 { algorithm, rounds, salt, hash } => {
                pbkdf2::verify(*algorithm, *rounds, salt, password, hash).is_ok()
            }
            Self::Bcrypt { cost, salt, hash, digested } => {
                let hex = |bytes: &[u8]| Zeroizing::new(data_encoding::HEXLOWER.encode(bytes).into_bytes());
                let digest = digested.then(|| hex(&Sha256::digest(password)));
                let key = digest.as_ref().map_or(password, |digest| digest.as_slice());
                let key: Vec<u8> = key.iter().copied().chain([0]).take(BCRYPT_PASSWORD_BYTES).collect();
                let made = bcrypt::bcrypt(*cost, *salt, &Zeroizing::new(key));
                made.get(..hash.len()).is_some_and(|made| made.ct_eq(hash).into())
            }
            Self::Scrypt { cost, salt, hash, signer } => {
                let Some(mut made) = cost.derive(password, salt, hash.len().max(32)) else { return false };
                if let Some(signer) = signer {
                    let Some(encrypted) = encrypted_signer(&made, signer) else { return false };
                    made = encrypted;
                }
                made.ct_eq(hash).into()
            }
        }
    }
}

impl ScryptCost {
    fn is_bearable(&self) -> bool {
        let bytes = 1_u64.checked_shl(self.log_n.into()).and_then(|n| n.checked_mul(128 * u64::from(self.r)));
        let work = bytes.and_then(|bytes| bytes.checked_mul(self.p.into()));
        bytes.is_some_and(|bytes| bytes <= MOST_SCRYPT_BYTES)
            && work.is_some_and(|work| work <= MOST_SCRYPT_WORK)
    }

    fn derive(&self, password: &[u8], salt: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
        let params = scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        let mut made = Zeroizing::new(vec![0; length]);
        scrypt::scrypt(password, salt, &params, &mut made).ok()?;
        Some(made)
    }
}

/// Firebase encrypts the key of the project under what scrypt makes of the password, which is the hash.
fn encrypted_signer(derived: &[u8], signer: &str) -> Option<Zeroizing<Vec<u8>>> {
    let key: [u8; 32] = derived.get(..32)?.try_into().ok()?;
    let mut signer = Zeroizing::new(BASE64.decode(signer).ok()?);
    ctr::Ctr128BE::<aes::Aes256>::new(&key.into(), &[0; 16].into()).apply_keystream(&mut signer);
    Some(signer)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    // Passlib has dots for the plus signs.
    BASE64.decode(text.replace('.', "+")).ok().filter(|bytes| !bytes.is_empty())
}

fn argon2<'t>(text: &str) -> Option<StoredHash<'t>> {
    let phc = Phc::new(text).ok()?;
    let is_known = Algorithm::try_from(phc.algorithm.as_str()).is_ok() && Params::try_from(&phc).is_ok();
    (is_known && phc.salt.is_some() && phc.hash.is_some()).then(|| StoredHash::Argon2(Box::new(phc)))
}

fn pbkdf2<'t>(
    algorithm: pbkdf2::Algorithm,
    rounds: &str,
    salt: Vec<u8>,
    hash: &str,
) -> Option<StoredHash<'t>> {
    let hash = bytes(hash).filter(|hash| hash.len() >= 16)?;
    Some(StoredHash::Pbkdf2 { algorithm, rounds: rounds.parse().ok()?, salt, hash })
}

/// `<rounds>$<salt>$<hash>`, where the salt is text.
fn django_pbkdf2<'t>(algorithm: pbkdf2::Algorithm, rest: &str) -> Option<StoredHash<'t>> {
    let [rounds, salt, hash] = rest.split('$').collect::<Vec<_>>()[..] else { return None };
    pbkdf2(algorithm, rounds, salt.as_bytes().to_vec(), hash)
}

/// `<name>$<rounds>$<salt>$<hash>` as Passlib has it, or with `i=<rounds>,l=<length>` in PHC string format.
fn other_pbkdf2<'t>(algorithm: pbkdf2::Algorithm, rest: &str) -> Option<StoredHash<'t>> {
    let [_, rounds, salt, hash] = rest.split('$').collect::<Vec<_>>()[..] else { return None };
    let rounds = rounds.split(',').find_map(|part| part.strip_prefix("i=")).unwrap_or(rounds);
    pbkdf2(algorithm, rounds, bytes(salt)?, hash)
}

/// `$2b$<cost>$<22 characters of salt><31 of hash>`.
fn bcrypt<'t>(text: &str, digested: bool) -> Option<StoredHash<'t>> {
    let ["", "2a" | "2b" | "2y", cost, rest] = text.split('$').collect::<Vec<_>>()[..] else { return None };
    let (salt, hash) = rest.split_at_checked(22)?;
    let part = |text: &str| BCRYPT64.decode(text).ok();
    let cost = cost.parse().ok().filter(|cost| (4..=31).contains(cost))?;
    Some(StoredHash::Bcrypt {
        cost,
        salt: part(salt)?.try_into().ok()?,
        hash: part(hash)?.try_into().ok()?,
        digested,
    })
}

fn scrypt_cost(log_n: u8, r: &str, p: &str) -> Option<ScryptCost> {
    let cost = ScryptCost { log_n, r: r.parse().ok()?, p: p.parse().ok()? };
    scrypt::Params::new(log_n, cost.r, cost.p).ok().map(|_| cost)
}

/// `<N>$<salt>$<r>$<p>$<hash>`, where the salt is text.
fn django_scrypt<'t>(rest: &str) -> Option<StoredHash<'t>> {
    let [n, salt, r, p, hash] = rest.split('$').collect::<Vec<_>>()[..] else { return None };
    let n: u64 = n.parse().ok().filter(|n: &u64| n.is_power_of_two())?;
    let cost = scrypt_cost(u8::try_from(n.ilog2()).ok()?, r, p)?;
    let hash = bytes(hash).filter(|hash| hash.len() >= 32)?;
    Some(StoredHash::Scrypt { cost, salt: salt.as_bytes().to_vec(), hash, signer: None })
}

/// The value of a parameter among `ln=16,r=8,p=1`.
fn parameter<'p>(parameters: &'p str, name: &str) -> Option<&'p str> {
    parameters
        .split(',')
        .find_map(|it| it.split_once('=').filter(|(it, _)| *it == name))
        .map(|(_, value)| value)
}

/// `scrypt$ln=16,r=8,p=1$<salt>$<hash>` in PHC string format.
fn other_scrypt<'t>(rest: &str) -> Option<StoredHash<'t>> {
    let [_, parameters, salt, hash] = rest.split('$').collect::<Vec<_>>()[..] else { return None };
    let of = |name| parameter(parameters, name);
    let cost = scrypt_cost(of("ln")?.parse().ok()?, of("r")?, of("p")?)?;
    let hash = bytes(hash).filter(|hash| hash.len() >= 32)?;
    Some(StoredHash::Scrypt { cost, salt: bytes(salt)?, hash, signer: None })
}

/// `fbscrypt$v=1,n=14,r=8,p=1,ss=<salt separator>,sk=<signer key>$<salt>$<hash>`, as Supabase writes those of Firebase.
fn firebase_scrypt(rest: &str) -> Option<StoredHash<'_>> {
    let [_, parameters, salt, hash] = rest.split('$').collect::<Vec<_>>()[..] else { return None };
    let of = |name| parameter(parameters, name);
    let cost = scrypt_cost(of("n")?.parse().ok()?, of("r")?, of("p")?)?;
    let signer = of("sk")?;
    let hash = bytes(hash)?;
    let is_its = of("v")? == "1" && bytes(signer)?.len() == hash.len() && hash.len() >= 32;
    let salt = [bytes(salt)?, bytes(of("ss")?)?].concat();
    is_its.then_some(StoredHash::Scrypt { cost, salt, hash, signer: Some(signer) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The password of the hashes that Django 5.2 and Passlib 1.7 have made.
    const PASSWORD: &str = "Correct-Horse-9 é";

    /// Hashes with their passwords: published vectors, in the formats of those who store them, and Django's own.
    const HASHES: &[(&str, &str)] = &[
        // RFC 7914, section 11.
        ("passwd", "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw="),
        // RFC 6070.
        ("password", "pbkdf2_sha1$4096$salt$SwB5AbdlSJq+rUnZJvch0GWkKcE="),
        ("password", "$pbkdf2$4096$c2FsdA$SwB5AbdlSJq.rUnZJvch0GWkKcE"),
        (
            "password",
            "$pbkdf2-sha512$1000$QVRIRU5BLk1JVC5FRFU$i7hNpYyaxCz2tcx4o4QeZmSNheatcBYWr/tS7UzMIGpY4sZfveTIFzySvoGsH1U5MBlNBKJD6L.uXEtgWjk9ig",
        ),
        // RFC 7914, section 12.
        (
            "pleaseletmein",
            "scrypt$16384$SodiumChloride$8$1$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw==",
        ),
        (
            "pleaseletmein",
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
        ),
        // Openwall's bcrypt.
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("abc", "bcrypt$$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        // The README of Firebase's scrypt.
        (
            "user1password",
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
        ),
        ("passwd", "$pbkdf2-sha256$1000$AwAghNA6B8A4h7AWQuidsw$Gnh/v7LWceV0sV/xMk4PZNTUTcUxMAhOmff2EefrHR4"),
        (
            "pleaseletmein",
            "$scrypt$ln=4,r=8,p=1$7R1jjNH6v5dyDoEw5hyD0A$sV5oRXjmVUQ1Kk9H6JA1tjeHBLXuuMazCqM3i2QsglA",
        ),
        (PASSWORD, "pbkdf2_sha256$1000$saltsaltsalt$T3nscPrNXBgq+UY8OgYTojh2hovKPGdaWdHflirfMA8="),
        (PASSWORD, "pbkdf2_sha1$1000$saltsaltsalt$iHhWBTN2bYq7c5BU4SArrBkmMhE="),
        (
            PASSWORD,
            "argon2$argon2id$v=19$m=64,t=2,p=8$c2FsdHNhbHRzYWx0$wmRmsiWHQ05P8IXSN+CpvU/rI1BKl4LHLRpsv0IemEo",
        ),
        (
            PASSWORD,
            "$argon2id$v=19$m=64,t=2,p=8$c2FsdHNhbHRzYWx0$wmRmsiWHQ05P8IXSN+CpvU/rI1BKl4LHLRpsv0IemEo",
        ),
        (PASSWORD, "bcrypt_sha256$$2b$04$n2JemJ/tW8yafBcx0cPjAuqO/.cNf/ntbbd./OiSkrg2KBTr0ncuS"),
        (PASSWORD, "bcrypt$$2b$04$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vgC"),
        (
            PASSWORD,
            "scrypt$1024$saltsaltsalt$8$5$5sYzHlc4VCNACm1mh9c8AJ5qQNRfgKFWTEQBr2nee5/T6Vk2smySMOJmYFB+fDEuD2FNAV2DFgGc2Ozp5U6t+w==",
        ),
    ];

    fn verifies(hash: &str, password: &str) -> bool {
        StoredHash::read(hash).unwrap().verifies(password)
    }

    #[test]
    fn each_hash_verifies_its_password_and_no_other() {
        for (password, hash) in HASHES {
            assert_eq!(check_hash(hash), Ok(()), "{hash}");
            assert!(verifies(hash, password), "{hash}");
            for other in ["", "Password", &password.to_uppercase(), &format!("{password} ")] {
                assert!(!verifies(hash, other), "{hash} and {other:?}");
            }
        }
    }

    #[test]
    fn bcrypt_reads_72_bytes_of_a_password_and_its_digest_all_of_it() {
        let long = "x".repeat(100);
        for (digested, is_cut) in [(false, true), (true, false)] {
            let StoredHash::Bcrypt { salt, .. } =
                bcrypt("$2b$04$n2JemJ/tW8yafBcx0cPjAuqO/.cNf/ntbbd./OiSkrg2KBTr0ncuS", digested).unwrap()
            else {
                panic!("it is one of bcrypt");
            };
            let of = |password: &str| {
                let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(password));
                let key = if digested { digest } else { password.to_owned() };
                let key: Vec<u8> = key.bytes().chain([0]).take(72).collect();
                bcrypt::bcrypt(4, salt, &key)
            };
            let hash =
                StoredHash::Bcrypt { cost: 4, salt, hash: of(&long)[..23].try_into().unwrap(), digested };
            assert!(hash.verifies(&long));
            assert_eq!(hash.verifies(&format!("{long}y")), is_cut);
        }
    }

    #[test]
    fn what_is_no_hash_is_named() {
        use HashFault::{Malformed, Unknown};
        for (hash, fault) in [
            ("", Unknown("\"\"".into())),
            (
                "!FugXK6hxYbZIZ84R5caYUamDpWiQPrlsFZeEryk5",
                Unknown("\"!FugXK6hxYbZIZ84R5caYUamDpWiQPrlsFZeEryk5\"".into()),
            ),
            ("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", Unknown("\"md5\"".into())),
            ("5f4dcc3b5aa765d61d8327deb882cf99", Unknown("\"5f4dcc3b5aa765d61d8327deb882cf99\"".into())),
            ("$2x$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", Unknown("\"2x\"".into())),
            ("$1$salt$hash", Unknown("\"1\"".into())),
            ("pbkdf2_sha256$0$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=", Malformed("pbkdf2_sha256")),
            ("pbkdf2_sha256$1$salt$VawE", Malformed("pbkdf2_sha256")),
            (
                "pbkdf2_sha256$99999999999$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=",
                Malformed("pbkdf2_sha256"),
            ),
            ("bcrypt$$2b$04$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vg", Malformed("bcrypt")),
            ("$2b$32$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vgC", Malformed("bcrypt")),
            ("scrypt$1000$salt$8$1$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI=", Malformed("scrypt")),
            ("argon2$argon2id$v=19$m=64,t=2,p=8$c2FsdHNhbHRzYWx0", Malformed("argon2")),
            (
                "argon2$bcrypt$v=19$m=64,t=2,p=8$c2FsdHNhbHRzYWx0$wmRmsiWHQ05P8IXSN+CpvU/rI1BKl4LHLRpsv0IemEo",
                Malformed("argon2"),
            ),
            ("bcrypt$\u{1b}[2J", Malformed("any algorithm")),
        ] {
            assert_eq!(check_hash(hash), Err(fault), "{hash}");
        }
        assert_eq!(check_hash(&format!("bcrypt${}", "x".repeat(1100))), Err(Malformed("any algorithm")));
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        let pbkdf2 =
            |rounds: u32| format!("pbkdf2_sha256${rounds}$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=");
        let bcrypt = |cost: u32| format!("$2b${cost}$kdKAP2pSrky/PwmAHMMAT.gQYl5XStlctxq0z/QaQXYiF7YHz.vgC");
        let scrypt = |n: u64, r: u32, p: u32| {
            format!("scrypt${n}$salt${r}${p}$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI=")
        };
        let argon2 = |m: u32, t: u32| {
            format!(
                "argon2$argon2id$v=19$m={m},t={t},p=8$c2FsdHNhbHRzYWx0$wmRmsiWHQ05P8IXSN+CpvU/rI1BKl4LHLRpsv0IemEo"
            )
        };
        for (hash, is_bearable) in [
            (pbkdf2(2_000_000), true),
            (pbkdf2(2_000_001), false),
            (bcrypt(14), true),
            (bcrypt(15), false),
            // Django's of 4.2 and 5.1, and RFC 7914's largest.
            (scrypt(1 << 14, 8, 1), true),
            (scrypt(1 << 14, 8, 5), true),
            (scrypt(1 << 16, 8, 4), true),
            (scrypt(1 << 16, 8, 5), false),
            (scrypt(1 << 17, 8, 1), false),
            (scrypt(1 << 20, 8, 1), false),
            (scrypt(1 << 62, 1 << 20, 1), false),
            (argon2(102_400, 2), true),
            (argon2(256 << 10, 10), true),
            (argon2((256 << 10) + 1, 2), false),
            (argon2(64, 11), false),
        ] {
            let found = check_hash(&hash);
            assert_eq!(found.is_ok(), is_bearable, "{hash}: {found:?}");
        }
        let told = check_hash(&pbkdf2(2_000_001)).unwrap_err().to_string();
        assert_eq!(
            told,
            "the password hash costs too much: 2000001 rounds, and at most 2000000 are possible"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", scheme in "\\$?(2b|scrypt|argon2id|pbkdf2_sha256|fbscrypt|bcrypt)", rest in "[$a-z0-9=,]{0,60}") {
            for text in [text.clone(), format!("{scheme}${text}"), format!("{scheme}${rest}")] {
                let _ = check_hash(&text);
            }
        }
    }
}
