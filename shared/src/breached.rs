//! Passwords that data breaches have made known, as a filter (`PASSWORD_BREACHED_FILE`).
//!
//! A binary fuse filter (Graf and Lemire, 2022) of 16-bit fingerprints: 18 bits for each password. It holds every one that it
//! was built of, and takes one in 65,536 others for one of them. No password can be read from it, and no third party is asked.

use std::fmt;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// How a file begins: its format.
const MAGIC: &[u8; 8] = b"vstbrch1";
/// Magic, seed, segment length and segment count.
const HEADER: usize = 8 + 8 + 4 + 4;
/// The SHA-256 of everything before it, at the end.
const CHECKSUM: usize = 32;
/// The most passwords: a function must read them when it starts.
pub const MOST: usize = 10_000_000;
/// How often a filter is tried to be built, each time with another seed. Once is enough nearly always.
const MOST_SEEDS: u64 = 100;

/// The filter.
#[derive(PartialEq, Eq)]
pub struct BreachedPasswords {
    shape: Shape,
    fingerprints: Vec<u16>,
}

/// Where keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    seed: u64,
    /// A power of two.
    segment_length: u32,
    /// In how many segments the first of a key's three slots can be; there are two more.
    segment_count: u32,
}

/// Why a filter can't be used or built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreachedError {
    /// It is another file, or of another version.
    #[error("is not a file that `vestibule breached build` has written")]
    Foreign,
    /// It is not whole, or was changed.
    #[error("is damaged: build it again")]
    Damaged,
    /// There is nothing to build it of.
    #[error("there is no password in the list")]
    Empty,
    /// There is too much.
    #[error("more than {MOST} passwords")]
    TooMany,
    /// No seed worked, which does not happen.
    #[error("the filter could not be built")]
    Unlucky,
}

impl fmt::Debug for BreachedPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachedPasswords").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// What stands for a password: the first eight bytes of its SHA-1, by which public lists name them.
pub fn password_key(password: &str) -> u64 {
    let hash: [u8; 20] = Sha1::digest(password.as_bytes()).into();
    hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

impl BreachedPasswords {
    /// Whether a password is in it.
    pub fn has(&self, password: &str) -> bool {
        let hash = self.shape.hash(password_key(password));
        let found =
            self.shape.slots(hash).map(|slot| self.fingerprints.get(slot).copied().unwrap_or_default());
        found.into_iter().fold(fingerprint(hash), |rest, part| rest ^ part) == 0
    }

    /// A filter of these keys ([`password_key`]).
    pub fn build(mut keys: Vec<u64>) -> Result<Self, BreachedError> {
        keys.sort_unstable();
        keys.dedup();
        match keys.len() {
            0 => return Err(BreachedError::Empty),
            count if count > MOST => return Err(BreachedError::TooMany),
            _ => {}
        }
        let built = (0..MOST_SEEDS).find_map(|seed| {
            let shape = Shape::of(keys.len(), seed);
            shape.fill(&keys).map(|fingerprints| Self { shape, fingerprints })
        });
        built.ok_or(BreachedError::Unlucky)
    }

    /// Reads a file.
    pub fn read(file: &[u8]) -> Result<Self, BreachedError> {
        let (content, checksum) = file.split_last_chunk::<CHECKSUM>().ok_or(BreachedError::Foreign)?;
        let (magic, rest) = content.split_first_chunk::<8>().ok_or(BreachedError::Foreign)?;
        if magic != MAGIC {
            return Err(BreachedError::Foreign);
        }
        if <[u8; CHECKSUM]>::from(Sha256::digest(content)) != *checksum {
            return Err(BreachedError::Damaged);
        }
        let (seed, rest) = rest.split_first_chunk().ok_or(BreachedError::Damaged)?;
        let (segment_length, rest) = rest.split_first_chunk().ok_or(BreachedError::Damaged)?;
        let (segment_count, rest) = rest.split_first_chunk().ok_or(BreachedError::Damaged)?;
        let shape = Shape {
            seed: u64::from_le_bytes(*seed),
            segment_length: u32::from_le_bytes(*segment_length),
            segment_count: u32::from_le_bytes(*segment_count),
        };
        let (pairs, odd) = rest.as_chunks();
        if !odd.is_empty() || pairs.len() != shape.size() || !shape.segment_length.is_power_of_two() {
            return Err(BreachedError::Damaged);
        }
        Ok(Self { shape, fingerprints: pairs.iter().copied().map(u16::from_le_bytes).collect() })
    }

    /// As a file.
    pub fn to_file(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEADER + 2 * self.fingerprints.len() + CHECKSUM);
        file.extend(MAGIC);
        file.extend(self.shape.seed.to_le_bytes());
        file.extend(self.shape.segment_length.to_le_bytes());
        file.extend(self.shape.segment_count.to_le_bytes());
        file.extend(self.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
        let checksum: [u8; CHECKSUM] = Sha256::digest(&file).into();
        file.extend(checksum);
        file
    }
}

/// What is kept of a key, spread over its three slots: the exclusive or of these.
#[expect(clippy::cast_possible_truncation, reason = "it is the lowest bits that are kept")]
const fn fingerprint(hash: u64) -> u16 {
    (hash ^ (hash >> 32)) as u16
}

impl Shape {
    /// The shape for so many keys: a ninth to an eighth more slots than keys, and more for few.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the number of keys is bounded, and a shape need not be exact"
    )]
    fn of(keys: usize, seed: u64) -> Self {
        let count = keys.max(2) as f64;
        let exponent = (count.ln() / 3.33_f64.ln() + 2.25).floor().clamp(2.0, 18.0) as u32;
        let segment_length = 1_u32 << exponent;
        let factor = (0.875 + 0.25 * 1_000_000_f64.ln() / count.ln()).max(1.125);
        let slots = (count * factor).ceil() as u32;
        let segment_count = slots.div_ceil(segment_length).saturating_sub(2).max(1);
        Self { seed, segment_length, segment_count }
    }

    /// How many slots there are.
    const fn size(self) -> usize {
        (self.segment_count as usize).saturating_add(2).saturating_mul(self.segment_length as usize)
    }

    /// A hash of a key: another one with each seed.
    const fn hash(self, key: u64) -> u64 {
        // The finalizer of MurmurHash3, which lets every bit of the input change every bit of the output.
        let mut hash = key.wrapping_add(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }

    /// The three slots of a key, in three successive segments.
    #[expect(clippy::cast_possible_truncation, reason = "a slot is below the size")]
    const fn slots(self, hash: u64) -> [usize; 3] {
        let firsts = self.segment_count as u64 * self.segment_length as u64;
        let first = ((hash as u128 * firsts as u128) >> 64) as usize;
        let (length, mask) = (self.segment_length as usize, self.segment_length as u64 - 1);
        let second = (first + length) ^ ((hash >> 18) & mask) as usize;
        let third = (first + 2 * length) ^ (hash & mask) as usize;
        [first, second, third]
    }

    /// The fingerprints for these keys; none if this seed does not work: some keys have no slot of their own.
    ///
    /// Whoever is alone in a slot is taken out, which may leave others alone. In reverse, each then has a slot that those
    /// before it do not use.
    fn fill(self, keys: &[u64]) -> Option<Vec<u16>> {
        // Of each slot: how many keys are there, and the exclusive or of their hashes.
        let mut slots = vec![(0_u32, 0_u64); self.size()];
        for hash in keys.iter().map(|key| self.hash(*key)) {
            for slot in self.slots(hash) {
                let (count, hashes) = slots.get_mut(slot)?;
                (*count, *hashes) = (*count + 1, *hashes ^ hash);
            }
        }
        let is_alone = |(_, (count, _)): &(usize, &(u32, u64))| *count == 1;
        let mut alone: Vec<usize> = slots.iter().enumerate().filter(is_alone).map(|(slot, _)| slot).collect();
        let mut order = Vec::with_capacity(keys.len());
        while let Some(slot) = alone.pop() {
            let (count, hash) = *slots.get(slot)?;
            if count != 1 {
                continue;
            }
            order.push((slot, hash));
            for other in self.slots(hash) {
                let (count, hashes) = slots.get_mut(other)?;
                (*count, *hashes) = (*count - 1, *hashes ^ hash);
                if *count == 1 {
                    alone.push(other);
                }
            }
        }
        if order.len() != keys.len() {
            return None;
        }
        let mut fingerprints = vec![0_u16; self.size()];
        for (own, hash) in order.into_iter().rev() {
            let others = self.slots(hash).into_iter().filter(|slot| *slot != own);
            let value = others
                .filter_map(|slot| fingerprints.get(slot))
                .fold(fingerprint(hash), |value, other| value ^ other);
            *fingerprints.get_mut(own)? = value;
        }
        Some(fingerprints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(range: std::ops::Range<u32>) -> Vec<u64> {
        range.map(|number| password_key(&format!("password-{number}"))).collect()
    }

    #[test]
    fn it_has_every_password_and_hardly_any_other() {
        for count in [1, 2, 3, 10, 100, 1_000, 50_000] {
            let filter = BreachedPasswords::build(keys(0..count)).unwrap();
            assert!((0..count).all(|number| filter.has(&format!("password-{number}"))), "{count}");
            let others = (count..count + 50_000).filter(|number| filter.has(&format!("password-{number}")));
            // One in 65,536 is expected: more than ten of 50,000 would be a fault, and no accident.
            assert!(others.count() <= 10, "{count}");
            let read = BreachedPasswords::read(&filter.to_file()).unwrap();
            assert_eq!(read, filter);
        }
    }

    #[test]
    fn it_takes_18_bits_for_a_password() {
        let bytes = BreachedPasswords::build(keys(0..200_000)).unwrap().to_file().len();
        assert!(bytes < 200_000 * 20 / 8, "{bytes}");
        let million = Shape::of(1_000_000, 0).size() * 2;
        assert!(million < 2_400_000, "{million}");
    }

    #[test]
    fn a_list_may_name_a_password_twice_but_must_name_one() {
        let twice = [keys(0..100), keys(0..100)].concat();
        assert!(BreachedPasswords::build(twice).unwrap().has("password-7"));
        assert_eq!(BreachedPasswords::build(Vec::new()), Err(BreachedError::Empty));
    }

    #[test]
    fn every_damage_is_noticed() {
        let file = BreachedPasswords::build(keys(0..100)).unwrap().to_file();
        for at in (8..file.len()).step_by(7) {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert_eq!(BreachedPasswords::read(&damaged), Err(BreachedError::Damaged), "{at}");
        }
        for length in [0, 8, 40, file.len() - 1] {
            assert!(BreachedPasswords::read(&file[..length]).is_err(), "{length}");
        }
        assert_eq!(BreachedPasswords::read(&[0; 100]), Err(BreachedError::Foreign));
        // Its checksum is right, and its shape is none.
        let mut odd = file[..file.len() - CHECKSUM].to_vec();
        odd.extend([0, 0]);
        let checksum: [u8; 32] = Sha256::digest(&odd).into();
        odd.extend(checksum);
        assert_eq!(BreachedPasswords::read(&odd), Err(BreachedError::Damaged));
    }

    #[test]
    fn a_key_is_the_beginning_of_the_sha_1_of_public_lists() {
        // "password" is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8 there.
        assert_eq!(password_key("password"), 0x5baa_61e4_c9b9_3f3f);
    }
}
