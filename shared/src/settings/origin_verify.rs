//! The hashes of the values of `X-Origin-Verify`, by which the API knows the requests of the CDN in front of it.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256};

use super::kind::{Kind, Wrong, list};

/// A SHA-256 hash.
pub type Sha256Hash = [u8; 32];

/// The value in use, and during a rotation the next one.
const MOST: usize = 2;

/// The entry of `ORIGIN_VERIFY_SHA256` for a value of `X-Origin-Verify`.
pub fn origin_verify_hash(value: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(value))
}

pub(super) const SHA256_HASHES: Kind<Vec<Sha256Hash>> =
    Kind::new("a list of one or two SHA-256 hashes, each of 64 hexadecimal digits", |raw| {
        let written = list(raw)?;
        let mut hashes = Vec::new();
        for text in &written {
            let hash: Option<Sha256Hash> = HEXLOWER_PERMISSIVE
                .decode(text.trim().as_bytes())
                .ok()
                .and_then(|bytes| bytes.try_into().ok());
            hashes.push(hash.ok_or(Wrong::Shape)?);
        }
        // What a shell makes of a variable that is not set.
        if ["", "\n"].iter().any(|empty| hashes.contains(&Sha256::digest(empty).into())) {
            let reason = "has the hash of an empty value, which any client can send";
            return Err(Wrong::Because(reason.to_owned()));
        }
        let repeats = hashes.first().is_some_and(|first| hashes.iter().skip(1).any(|hash| hash == first));
        if repeats {
            return Err(Wrong::Because("has one hash twice".to_owned()));
        }
        if hashes.len() > MOST { Err(Wrong::Shape) } else { Ok(hashes) }
    })
    // Whoever gives the value in the place of its hash must not read it in a log.
    .secret();
