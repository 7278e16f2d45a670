//! Whether a request came through the CDN in front of API Gateway: only the CDN knows the value of `X-Origin-Verify`.
//!
//! API Gateway's own host stays reachable beside the CDN. Who calls it directly would pass the CDN's limits and firewall,
//! and could forge the IP address that the CDN reports.

use lambda_http::http::HeaderMap;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::settings::{Settings, Sha256Hash};

const HEADER: &str = "x-origin-verify";

/// Whether a request has a value of `X-Origin-Verify` that `ORIGIN_VERIFY_SHA256` lists, or needs none.
pub fn is_verified(headers: &HeaderMap, settings: &Settings) -> bool {
    let hashes = &settings.origin_verify_sha256;
    hashes.is_empty() || headers.get(HEADER).is_some_and(|value| is_listed(value.as_bytes(), hashes))
}

/// Compares with every hash in constant time.
fn is_listed(value: &[u8], hashes: &[Sha256Hash]) -> bool {
    let sent = Sha256::digest(value);
    let matches = hashes.iter().map(|hash| sent.as_slice().ct_eq(hash));
    matches.fold(Choice::from(0), |any, matches| any | matches).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listed_value_is_verified() {
        let hashes = ["first", "second"].map(|value| Sha256::digest(value).into());
        for value in ["first", "second"] {
            assert!(is_listed(value.as_bytes(), &hashes), "{value}");
        }
        for value in ["", "firs", "first,second", "FIRST", "\u{0}"] {
            assert!(!is_listed(value.as_bytes(), &hashes), "{value:?}");
        }
    }

    #[test]
    fn cloudfront_can_add_the_header() {
        // It refuses these as custom headers of an origin.
        assert!(!HEADER.starts_with("x-edge-") && !HEADER.starts_with("x-amz-"));
    }
}
