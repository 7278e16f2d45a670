//! CBOR, and base64url as WebAuthn's JSON has it.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ciborium::Value as Cbor;

/// How deep the CBOR of an authenticator may be nested; CTAP 2 allows 4.
const MAX_CBOR_DEPTH: usize = 16;

/// Base64url as clients send it: without padding, or with it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One item of CBOR (RFC 8949), and what follows it.
pub(super) fn read_cbor(bytes: &[u8]) -> Option<(Cbor, &[u8])> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_CBOR_DEPTH).ok()?;
    Some((value, rest))
}

/// Bytes as WebAuthn's JSON has them: base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// What [`encode`] made; padding does not matter.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}
