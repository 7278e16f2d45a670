//! What can be wrong with an answer.

/// Why a ceremony fails: for the log, not for the client, who is told that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyFault {
    /// What the client sent is not the JSON of a credential.
    #[error("the credential has no {0}, or not in its form")]
    Shape(&'static str),
    /// The client data is not JSON with the members it must have.
    #[error("the client data is malformed")]
    ClientData,
    /// The client data is of another ceremony.
    #[error("the client data is of another kind of ceremony")]
    Kind,
    /// The challenge is not the one that was given out, or it was too long ago.
    #[error("the answer is to another challenge, or one that has expired")]
    Challenge,
    /// The page is not one of ours.
    #[error("the origin is not one of MFA_WEBAUTHN_ORIGINS")]
    Origin,
    /// The page is framed by one that is not ours.
    #[error("the page is framed by one of another origin")]
    Framed,
    /// The attestation object is not CBOR with the members it must have.
    #[error("the attestation object is malformed")]
    AttestationObject,
    /// The authenticator data is not in its binary form.
    #[error("the authenticator data is malformed")]
    AuthenticatorData,
    /// The key is for another relying party.
    #[error("the key is for another relying party than MFA_WEBAUTHN_RP_ID")]
    Party,
    /// Nobody was there.
    #[error("the user was not present")]
    Absent,
    /// The authenticator has not checked who was there.
    #[error("the user was not verified")]
    Unverified,
    /// The key is backed up, but says it can't be.
    #[error("the key is backed up, and may not be")]
    Backup,
    /// The public key is not in COSE form, of a kind that was not asked for, too long, or one that never verifies.
    #[error("the public key is malformed, too long, of no use, or of a kind that was not offered")]
    PublicKey,
    /// The credential's id is too long, empty, or not the same everywhere.
    #[error("the credential's id is too long, or not the one the authenticator gave")]
    Id,
    /// The account has no such key.
    #[error("the account has no such key")]
    Unknown,
    /// An account has such a key already.
    #[error("an account has a key of this id already")]
    Taken,
    /// The answer says it is of another account, or does not say where it has to.
    #[error("the user handle is missing, or of another account")]
    UserHandle,
    /// The signature is not by this key.
    #[error("the signature is wrong")]
    Signature,
    /// The key has counted further before: there may be a copy of it.
    #[error("the key's counter went back: it may have been cloned")]
    Counter,
}
