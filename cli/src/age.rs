//! Files encrypted to a public key, in the format of age (<https://c2sp.org/age>), with recipients of X25519.
//!
//! The crate `age` brings 180 others, among them a second generation of all cryptography; what a writer for one kind of
//! recipient needs of it is this file, over *ring*.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey, X25519};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hkdf, hmac};

const HEADER: &str = "age-encryption.org/v1\n";
const KEY_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// Each chunk but the last has so many bytes.
const CHUNK: usize = 64 * 1024;
/// The letters of Bech32 (BIP 173), by their values.
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// A recipient: a public key of age, `age1…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeRecipient([u8; 32]);

/// Why there is no encrypted file.
#[derive(Debug, thiserror::Error)]
#[error("the public key can't be used to encrypt")]
pub struct AgeError;

impl std::str::FromStr for AgeRecipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "a public key of age for X25519: age1 and 58 letters and digits, as age-keygen prints it";
        decode(text).map(Self).ok_or_else(|| wrong.to_owned())
    }
}

/// Reads Bech32 with its checksum.
fn decode(text: &str) -> Option<[u8; 32]> {
    let prefix = "age";
    let data = text.strip_prefix(prefix)?.strip_prefix('1').filter(|data| data.len() == 58)?;
    let values: Option<Vec<u8>> =
        data.chars().map(|c| BECH32.find(c).and_then(|value| u8::try_from(value).ok())).collect();
    let values = values?;
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    if polymod(high.chain([0]).chain(low).chain(values.iter().copied())) != 1 {
        return None;
    }
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for value in values.get(..52)? {
        buffer = (buffer << 5 | u32::from(*value)) & 0xFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xFF).ok()?);
        }
    }
    // What is left over are zeros.
    (buffer & ((1 << bits) - 1) == 0).then_some(())?;
    bytes.try_into().ok()
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |checksum, value| {
        let top = checksum >> 25;
        let next = (checksum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .zip(0..)
            .fold(next, |next, (word, bit)| if top >> bit & 1 == 1 { next ^ word } else { next })
    })
}

/// Encrypts what is written to it. It must be [finished](Self::finish): an unfinished file does not decrypt.
pub struct Encryptor<W> {
    into: W,
    key: LessSafeKey,
    chunk: Vec<u8>,
    count: u64,
}

impl<W: Write> Encryptor<W> {
    /// Begins a file.
    pub fn new(to: &AgeRecipient, mut into: W) -> io::Result<Self> {
        let random = SystemRandom::new();
        let failed = |_| io::Error::other("there is no randomness");
        let (mut file_key, mut nonce) = ([0; 16], [0; 16]);
        random.fill(&mut file_key).map_err(failed)?;
        random.fill(&mut nonce).map_err(failed)?;
        let mut header =
            HEADER.to_owned() + &stanza(to, &file_key, &random).map_err(io::Error::other)? + "---";
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header"));
        let mac = hmac::sign(&mac_key, header.as_bytes());
        header = format!("{header} {}\n", STANDARD_NO_PAD.encode(mac));
        into.write_all(header.as_bytes())?;
        into.write_all(&nonce)?;
        Ok(Self { into, key: aead(&derive(&file_key, &nonce, b"payload")), chunk: Vec::new(), count: 0 })
    }

    /// Ends the file, and returns what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.into.flush()?;
        Ok(self.into)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let mut nonce = [0; 12];
        if let Some(count) = nonce.get_mut(3..11) {
            count.copy_from_slice(&self.count.to_be_bytes());
        }
        if let Some(last) = nonce.last_mut() {
            *last = u8::from(is_last);
        }
        let mut chunk = std::mem::take(&mut self.chunk);
        encrypt(&self.key, nonce, &mut chunk)?;
        self.count += 1;
        self.into.write_all(&chunk)
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more, as the last one may be full, but not empty.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let room = CHUNK - self.chunk.len();
        let (now, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.chunk.extend_from_slice(now);
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// The key of the file, encrypted to the recipient.
fn stanza(to: &AgeRecipient, file_key: &[u8; 16], random: &SystemRandom) -> Result<String, AgeError> {
    let ephemeral = EphemeralPrivateKey::generate(&X25519, random).map_err(|_| AgeError)?;
    let share = ephemeral.compute_public_key().map_err(|_| AgeError)?;
    let salt = [share.as_ref(), &to.0].concat();
    let recipient = UnparsedPublicKey::new(&X25519, &to.0);
    let wrap = agreement::agree_ephemeral(ephemeral, &recipient, |secret| derive(secret, &salt, KEY_LABEL));
    let mut body = file_key.to_vec();
    encrypt(&aead(&wrap.map_err(|_| AgeError)?), [0; 12], &mut body).map_err(|_| AgeError)?;
    Ok(format!("-> X25519 {}\n{}\n", STANDARD_NO_PAD.encode(share), STANDARD_NO_PAD.encode(body)))
}

fn encrypt(key: &LessSafeKey, nonce: [u8; 12], chunk: &mut Vec<u8>) -> io::Result<()> {
    let sealed = key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), chunk);
    sealed.map_err(|_| io::Error::other("a chunk can't be encrypted"))
}

fn derive(secret: &[u8], salt: &[u8], label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let labels = [label];
    let okm = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8,160 bytes")]
    okm.expand(&labels, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .expect("32 bytes can be derived");
    key
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "the algorithm takes keys of 32 bytes")]
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decrypts as age does, once: ring's keys agree but once.
    fn decrypt(mine: EphemeralPrivateKey, public: &[u8], file: &[u8]) -> Vec<u8> {
        let at = file.windows(5).position(|text| text == b"\n--- ").unwrap() + 1;
        let end = at + file[at..].iter().position(|byte| *byte == b'\n').unwrap();
        let header = std::str::from_utf8(&file[..end]).unwrap();
        let lines: Vec<&str> = header.lines().collect();
        assert_eq!((lines[0], lines.len()), ("age-encryption.org/v1", 4));
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).unwrap();
        let share = bytes(lines[1].strip_prefix("-> X25519 ").unwrap());
        let salt = [share.as_slice(), public].concat();
        let theirs = UnparsedPublicKey::new(&X25519, &share);
        let wrap =
            agreement::agree_ephemeral(mine, &theirs, |secret| derive(secret, &salt, KEY_LABEL)).unwrap();
        let open = |key: &LessSafeKey, nonce, mut sealed: Vec<u8>| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.open_in_place(nonce, Aad::empty(), &mut sealed).unwrap().to_vec()
        };
        let file_key = open(&aead(&wrap), [0; 12], bytes(lines[2]));
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header"));
        hmac::verify(&mac_key, &file[..at + 3], &bytes(&lines[3][4..])).unwrap();
        let (nonce, payload) = file[end + 1..].split_at(16);
        let key = aead(&derive(&file_key, nonce, b"payload"));
        let chunks = payload.chunks(CHUNK + 16);
        let last = chunks.len() - 1;
        let chunks = chunks.enumerate().map(|(number, chunk)| {
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
            nonce[11] = u8::from(number == last);
            open(&key, nonce, chunk.to_vec())
        });
        chunks.collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_is_encrypted_is_decrypted_by_the_recipient() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 200_000] {
            let mine = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).unwrap();
            let public = mine.compute_public_key().unwrap();
            let to = AgeRecipient(public.as_ref().try_into().unwrap());
            let plain: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut encryptor = Encryptor::new(&to, Vec::new()).unwrap();
            for part in plain.chunks(1000) {
                encryptor.write_all(part).unwrap();
            }
            let file = encryptor.finish().unwrap();
            assert_eq!(decrypt(mine, public.as_ref(), &file), plain, "{length}");
        }
    }

    #[test]
    fn a_recipient_is_read_with_its_checksum() {
        let text = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let recipient: AgeRecipient = text.parse().unwrap();
        assert_eq!(recipient.0[..4], [0x07, 0xe2, 0x2f, 0x5e]);
        for wrong in [
            "",
            "age1",
            &text.to_uppercase(),
            &text.replace("8p", "8q"),
            &text.replace("age1", "bge1"),
            &format!("{text}q"),
            "AGE-SECRET-KEY-1",
            "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8é",
        ] {
            assert!(wrong.parse::<AgeRecipient>().is_err(), "{wrong}");
        }
    }
}
