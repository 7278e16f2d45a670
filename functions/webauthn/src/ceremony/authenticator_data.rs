//! Authenticator data (6.1): what an authenticator says, and signs.

use super::encoding::read_cbor;
use super::fault::CeremonyFault;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// What an authenticator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData {
    /// SHA-256 of the id of the relying party that the key is for.
    pub(super) rp_id_hash: [u8; 32],
    /// How the user was there, and more.
    pub(super) flags: Flags,
    /// How often the key has signed, or 0.
    pub(super) sign_count: u32,
    /// The new key, at a registration.
    pub(super) attested: Option<Attested>,
}

/// Its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u8);

/// A new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attested {
    /// What the authenticator knows it by.
    pub(super) credential_id: Vec<u8>,
    /// The public key, in COSE form.
    pub(super) public_key: Vec<u8>,
}

impl Flags {
    pub(super) const fn user_present(self) -> bool {
        self.has(USER_PRESENT)
    }

    pub(super) const fn user_verified(self) -> bool {
        self.has(USER_VERIFIED)
    }

    pub(super) const fn backup_eligible(self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) const fn backed_up(self) -> bool {
        self.has(BACKED_UP)
    }

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

impl AuthenticatorData {
    /// Reads it whole: nothing may follow.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, CeremonyFault> {
        Self::read(bytes)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(data, _)| data)
            .ok_or(CeremonyFault::AuthenticatorData)
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (rp_id_hash, rest) = bytes.split_first_chunk()?;
        let ([flags], rest) = rest.split_first_chunk()?;
        let (sign_count, mut rest) = rest.split_first_chunk()?;
        let flags = Flags(*flags);
        let mut attested = None;
        if flags.has(ATTESTED) {
            let (key, after) = Attested::read(rest)?;
            (attested, rest) = (Some(key), after);
        }
        if flags.has(EXTENDED) {
            let (extensions, after) = read_cbor(rest)?;
            extensions.as_map()?;
            rest = after;
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        Some((Self { rp_id_hash: *rp_id_hash, flags, sign_count, attested }, rest))
    }
}

impl Attested {
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        // The AAGUID tells the make of the authenticator, which nobody has vouched for.
        let (_aaguid, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (_, after) = read_cbor(rest)?;
        let public_key = rest.get(..rest.len().checked_sub(after.len())?)?;
        Some((Self { credential_id: id.to_vec(), public_key: public_key.to_vec() }, after))
    }
}
