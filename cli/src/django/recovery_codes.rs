//! Recovery codes as django-allauth keeps them: a seed that all of them follow from, and which are used.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use vestibule::secret::Secret;

/// The codes of a seed, in their order, `digits` long each.
///
/// Each is made of the first bytes of an HMAC-SHA-1 under the seed of the numbers of all codes up to it, as a number of
/// the last `digits` decimal digits.
pub(super) fn of_seed(seed: &Secret, count: usize, digits: usize) -> Vec<Secret> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(seed.expose().as_bytes()).expect("any key will do");
    (0..count)
        .map(|number| {
            mac.update(format!("{number:3},").as_bytes());
            let bytes = mac.clone().finalize().into_bytes();
            Secret::new(last_digits(bytes.iter().take(digits / 2), digits))
        })
        .collect()
}

/// The last decimal digits of a number that is given by its bytes.
fn last_digits<'a>(bytes: impl Iterator<Item = &'a u8>, digits: usize) -> String {
    let mut decimal = vec![0_u16; digits];
    for byte in bytes {
        let mut carry = u16::from(*byte);
        for digit in &mut decimal {
            let value = *digit * 256 + carry;
            (*digit, carry) = (value % 10, value / 10);
        }
    }
    decimal.iter().rev().map(|digit| char::from_digit(u32::from(*digit), 10).unwrap_or('0')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(count: usize, digits: usize) -> Vec<String> {
        let seed = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef0123456789abcdef";
        of_seed(&Secret::new(seed), count, digits).iter().map(|code| code.expose().to_owned()).collect()
    }

    /// Computed by django-allauth 65.22.1 of the same seed.
    #[test]
    fn codes_are_those_of_allauth() {
        assert_eq!(codes(4, 8), ["21078666", "79680179", "87593338", "48788984"]);
        assert_eq!(codes(10, 8)[9], "52708894");
        assert_eq!(codes(3, 7), ["4769838", "1483125", "2451536"]);
        assert_eq!(
            codes(2, 40),
            ["8677661715933791329976443486454180305234", "0143682998259038640420412456814262893420"]
        );
        assert_eq!(codes(101, 6)[99..], ["336531", "517736"]);
    }
}
