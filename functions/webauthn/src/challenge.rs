//! The challenge that a session was given for a key to sign. There is one at a time, and it is good for once: it goes
//! with the commit that grants what it proves.

use vestibule::domain::session::KeyChallenge;
use vestibule::flows::visit::Visit;

use crate::ceremony::{decode, encode};

/// A challenge that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// What is to be signed: 256 random bits.
    pub(crate) bytes: Vec<u8>,
    /// Whether the authenticator has to check who is there.
    pub(crate) user_verification: bool,
}

/// Gives the session a new one, in the place of the one before.
pub(crate) fn give(visit: &mut Visit<'_>, user_verification: bool) -> [u8; 32] {
    let bytes = visit.tools.random.bytes();
    visit.session_mut().key_challenge = Some(KeyChallenge { challenge: encode(&bytes), user_verification });
    bytes
}

/// The one that the session was given.
pub(crate) fn given(visit: &Visit<'_>) -> Option<Given> {
    let kept = visit.session().key_challenge.as_ref()?;
    Some(Given { bytes: decode(&kept.challenge)?, user_verification: kept.user_verification })
}

/// Takes it away, as it was signed.
pub(crate) fn use_up(visit: &mut Visit<'_>) {
    visit.session_mut().key_challenge = None;
}
