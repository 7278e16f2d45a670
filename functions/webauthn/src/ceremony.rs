//! The ceremonies of WebAuthn: registering a key, and proving that one has it.
//!
//! What is checked, and in which order, is what Web Authentication Level 3 tells relying parties to do: section 7.1
//! for a registration, 7.2 for an assertion. Nothing here knows of accounts, sessions or HTTP, and nothing does I/O: a
//! ceremony takes the challenge that was given out and what the client answered, and says what that proves. Attestation
//! is neither asked for nor believed: any make of key will do.

mod accepted;
mod authenticator_data;
mod client_data;
mod encoding;
mod fault;
mod options;
mod party;
mod public_key;
mod response;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use ciborium::Value as Cbor;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use vestibule::domain::authenticator::CredentialKey;

use authenticator_data::AuthenticatorData;
use client_data::{ClientData, Kind};
use encoding::read_cbor;
use public_key::PublicKey;

pub use accepted::AcceptedRegistration;
pub use fault::CeremonyFault;
pub use party::Party;
pub use response::Assertion;

pub(crate) use encoding::{decode, encode};
pub(crate) use options::{CreationOptions, CredentialUser, RequestOptions, creation, request};
pub(crate) use response::{Registration, WebAuthnCredential};

/// What an answer is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Us.
    pub party: &'a Party,
    /// The challenge that was given out.
    pub challenge: &'a [u8],
    /// Whether the authenticator has to have checked who is there, by a PIN or a finger.
    pub user_verification: bool,
}

/// A key that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewKey {
    /// What the authenticator knows it by.
    pub(crate) credential_id: Vec<u8>,
    /// What is kept of it.
    pub(crate) key: CredentialKey,
    /// Whether the authenticator checked who was there.
    pub(crate) user_verified: bool,
}

/// Ends a registration (7.1).
pub(crate) fn register(expected: &Expected<'_>, response: &Registration) -> Result<NewKey, CeremonyFault> {
    expected.check_client(&response.client_data, Kind::Create)?;
    let data = AuthenticatorData::parse(&attested_data(&response.attestation_object)?)?;
    expected.check_authenticator(&data)?;
    let attested = data.attested.ok_or(CeremonyFault::AuthenticatorData)?;
    PublicKey::check(&attested.public_key)?;
    if attested.credential_id != response.id {
        return Err(CeremonyFault::Id);
    }
    Ok(NewKey {
        credential_id: attested.credential_id,
        key: CredentialKey::new(encode(&attested.public_key), data.sign_count),
        user_verified: data.flags.user_verified(),
    })
}

/// Checks an assertion (7.2) by this key, of the account with this user handle: the key, as it is to be kept from now
/// on. Whether the assertion is by this key at all, its id tells the caller.
pub fn authenticate(
    expected: &Expected<'_>,
    key: &CredentialKey,
    user_handle: &[u8],
    response: &Assertion,
) -> Result<CredentialKey, CeremonyFault> {
    if response.user_handle.as_ref().is_some_and(|handle| handle != user_handle) {
        return Err(CeremonyFault::UserHandle);
    }
    expected.check_client(&response.client_data, Kind::Get)?;
    let data = AuthenticatorData::parse(&response.authenticator_data)?;
    expected.check_authenticator(&data)?;
    let signed = [response.authenticator_data.as_slice(), &Sha256::digest(&response.client_data)].concat();
    let public_key = decode(&key.public_key).ok_or(CeremonyFault::PublicKey)?;
    PublicKey::parse(&public_key)?.verify(&signed, &response.signature)?;
    // Keys that are synchronised do not count, and stay at 0.
    let counts = data.sign_count != 0 || key.sign_count != 0;
    if counts && data.sign_count <= key.sign_count {
        return Err(CeremonyFault::Counter);
    }
    Ok(CredentialKey { sign_count: data.sign_count, ..key.clone() })
}

impl Expected<'_> {
    fn check_client(&self, json: &[u8], kind: Kind) -> Result<(), CeremonyFault> {
        let data = ClientData::parse(json)?;
        if data.kind != kind.name() {
            return Err(CeremonyFault::Kind);
        }
        let challenge = decode(&data.challenge).ok_or(CeremonyFault::Challenge)?;
        if !bool::from(challenge.ct_eq(self.challenge)) {
            return Err(CeremonyFault::Challenge);
        }
        if !self.party.expects(&data.origin) {
            return Err(CeremonyFault::Origin);
        }
        match &data.top_origin {
            Some(top) if !self.party.expects(top) => Err(CeremonyFault::Framed),
            None if data.cross_origin => Err(CeremonyFault::Framed),
            Some(_) | None => Ok(()),
        }
    }

    fn check_authenticator(&self, data: &AuthenticatorData) -> Result<(), CeremonyFault> {
        if data.rp_id_hash != *Sha256::digest(self.party.id.as_bytes()) {
            return Err(CeremonyFault::Party);
        }
        if !data.flags.user_present() {
            return Err(CeremonyFault::Absent);
        }
        if self.user_verification && !data.flags.user_verified() {
            return Err(CeremonyFault::Unverified);
        }
        if data.flags.backed_up() && !data.flags.backup_eligible() {
            return Err(CeremonyFault::Backup);
        }
        Ok(())
    }
}

/// The authenticator data in an attestation object, whatever the attestation says.
fn attested_data(object: &[u8]) -> Result<Vec<u8>, CeremonyFault> {
    let (object, rest) = read_cbor(object).ok_or(CeremonyFault::AttestationObject)?;
    let Cbor::Map(members) = object else { return Err(CeremonyFault::AttestationObject) };
    let mut data = None;
    let (mut format, mut statement) = (false, false);
    for (name, value) in members {
        match (name.as_text(), value) {
            (Some("authData"), Cbor::Bytes(bytes)) if data.is_none() => data = Some(bytes),
            (Some("fmt"), Cbor::Text(_)) if !format => format = true,
            (Some("attStmt"), Cbor::Map(_)) if !statement => statement = true,
            _ => return Err(CeremonyFault::AttestationObject),
        }
    }
    data.filter(|_| format && statement && rest.is_empty()).ok_or(CeremonyFault::AttestationObject)
}
