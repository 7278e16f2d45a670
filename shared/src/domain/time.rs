//! Points in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since 1970; what is beyond all milliseconds is the last of them.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// In milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// In whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// In seconds since 1970, as the contract writes times.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double for 285,000 years")]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Whether more than `length` has passed since then.
    pub fn is_older_than(self, length: Duration, now: Self) -> bool {
        self.plus(length) < now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_seconds_and_in_milliseconds() {
        let at = Timestamp::from_millis(1500);
        assert_eq!((at.millis(), at.seconds(), at.as_seconds().to_bits()), (1500, 1, 1.5_f64.to_bits()));
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1, "the second before the first");
        assert_eq!(Timestamp::from_seconds(2), Timestamp::from_millis(2000));
        assert_eq!(Timestamp::from_seconds(i64::MAX).millis(), i64::MAX);
    }

    #[test]
    fn a_time_is_older_than_a_length_once_more_has_passed() {
        let (at, length) = (Timestamp::from_millis(1000), Duration::from_millis(500));
        assert_eq!(at.plus(length), Timestamp::from_millis(1500));
        assert_eq!(at.plus(Duration::MAX), Timestamp::from_millis(i64::MAX));
        assert!(!at.is_older_than(length, Timestamp::from_millis(1500)));
        assert!(at.is_older_than(length, Timestamp::from_millis(1501)));
    }
}
