//! Randomness, as an argument: nothing else in the project draws random numbers.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::time::Timestamp;

/// A source of random bytes; tests may repeat it.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Random {
    /// The operating system's.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that draws random numbers")]
        #[expect(clippy::expect_used, reason = "without randomness no secret can be made: stop")]
        Self::new(|bytes| getrandom::fill(bytes).expect("the operating system gives random bytes"))
    }

    /// A source that fills what it is given.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A number from 0 to `bound` - 1, each as likely as the other; 0 for a bound of 0.
    pub fn below(&self, bound: usize) -> usize {
        let bound = bound as u64;
        if bound == 0 {
            return 0;
        }
        // Numbers of the last, incomplete multiple of the bound would favour the small ones.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let number = u64::from_le_bytes(self.bytes());
            if number < limit {
                return usize::try_from(number % bound).unwrap_or(0);
            }
        }
    }

    /// 256 random bits in base64url: 43 characters.
    pub fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// A positive 32-bit integer: what generated clients take an `integer` without a format for.
    pub fn id(&self) -> i64 {
        1 + i64::from(u32::from_le_bytes(self.bytes()) % 0x7FFF_FFFF)
    }

    /// A UUID of version 7 (RFC 9562): later ones sort after earlier ones.
    pub fn uuid(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid().to_string()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_256_random_bits() {
        let counting = Random::new(|bytes| bytes.iter_mut().zip(0..).for_each(|(byte, at)| *byte = at));
        let expected: Vec<u8> = (0..32).collect();
        assert_eq!(URL_SAFE_NO_PAD.decode(counting.secret()).unwrap(), expected);
        assert_ne!(Random::system().secret(), Random::system().secret());
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let random = Random::system();
        for bound in 1..100 {
            assert!(random.below(bound) < bound);
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn ids_are_positive_numbers_of_31_bits() {
        for byte in 0..=u8::MAX {
            let random = Random::new(move |bytes| bytes.fill(byte));
            assert!((1..=i64::from(i32::MAX)).contains(&random.id()), "{byte}");
        }
    }

    #[test]
    fn a_biased_remainder_is_drawn_again() {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let random = Random::new(move |bytes| {
            let first = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            bytes.fill(if first { 0xFF } else { 0 });
        });
        assert_eq!(random.below(3), 0);
    }
}
