//! Rate limits: a maximum number of hits within a period.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// A rate, such as 5 per minute and IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The maximum number of hits.
    pub amount: u32,
    /// The period.
    pub duration: Duration,
    /// The scope.
    pub per: Per,
}

/// The scope of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// The client's IP address.
    Ip,
    /// The authenticated account.
    User,
    /// The key of the action, such as an email address.
    Key,
}

/// The times of hits, the latest first; those older than the period are dropped.
///
/// Keeping each time makes a limit exact: a counter that starts again lets twice the amount through around its
/// start. Of limits above [`History::EXACT`], times close together are kept as one, the latest: that may refuse a
/// little early, but never late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<(Timestamp, u32)>);

impl History {
    /// Limits up to this amount are exact to the millisecond; others to this part of their length of time.
    pub const EXACT: u32 = 64;

    /// Adds a hit if the limit allows it, and returns whether it does.
    #[must_use]
    pub fn hit(&mut self, rate: &Rate, now: Timestamp) -> bool {
        let allowed = self.allows(rate, now);
        if allowed {
            match self.0.first_mut() {
                Some((latest, count)) if is_one(rate, *latest, now) => {
                    *latest = now;
                    *count += 1;
                }
                _ => self.0.insert(0, (now, 1)),
            }
        }
        allowed
    }

    /// Whether the limit allows another hit.
    #[must_use]
    pub fn allows(&mut self, rate: &Rate, now: Timestamp) -> bool {
        self.0.retain(|(at, _)| at.plus(rate.duration) > now);
        self.0.iter().map(|(_, count)| count).sum::<u32>() < rate.amount
    }

    /// Removes the latest hit.
    pub fn roll_back(&mut self) {
        match self.0.first_mut() {
            Some((_, count)) if *count > 1 => *count -= 1,
            Some(_) => {
                self.0.remove(0);
            }
            None => {}
        }
    }

    /// Whether there are no hits.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether two times are kept as one: they are in the same part of the limit's length of time.
fn is_one(rate: &Rate, earlier: Timestamp, later: Timestamp) -> bool {
    let part = i64::try_from(rate.duration.as_millis()).unwrap_or(i64::MAX) / i64::from(History::EXACT);
    rate.amount > History::EXACT && part > 0 && earlier.millis() / part == later.millis() / part
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the times, no stretch of the length holds more than the amount.
        #[test]
        fn no_stretch_holds_more_than_the_amount(
            amount in 1_u32..6, seconds in 1_u64..10, steps in proptest::collection::vec(0_i64..4000, 1..60)
        ) {
            let rate = Rate { amount, duration: Duration::from_secs(seconds), per: Per::Ip };
            let mut history = History::default();
            let mut allowed: Vec<Timestamp> = Vec::new();
            let mut now = 0;
            for step in steps {
                now += step;
                let at = Timestamp::from_millis(now);
                let recent = allowed.iter().filter(|hit| hit.plus(rate.duration) > at).count();
                prop_assert_eq!(history.hit(&rate, at), recent < amount as usize);
                if recent < amount as usize {
                    allowed.push(at);
                }
            }
        }
    }

    #[test]
    fn a_large_limit_takes_little_room_and_is_never_exceeded() {
        let rate = Rate { amount: 10_000, duration: Duration::from_secs(3600), per: Per::Key };
        let mut history = History::default();
        let allowed = (0..20_000).filter(|hit| history.hit(&rate, Timestamp::from_millis(hit * 100))).count();
        assert_eq!(allowed, 10_000);
        assert!(history.0.len() <= History::EXACT as usize + 1);
        assert!(!history.hit(&rate, Timestamp::from_millis(3_600_000)));
        assert!(history.hit(&rate, Timestamp::from_millis(3_600_000 + 60_000)));
    }

    #[test]
    fn what_is_taken_back_does_not_count() {
        let rate = Rate { amount: 1, duration: Duration::from_secs(60), per: Per::Key };
        let now = Timestamp::from_millis(0);
        let mut history = History::default();
        assert!(history.hit(&rate, now));
        assert!(!history.hit(&rate, now));
        history.roll_back();
        assert!(history.is_empty());
        assert!(history.hit(&rate, now));
    }

    #[test]
    fn a_hit_counts_for_as_long_as_the_limit_and_no_longer() {
        let rate = Rate { amount: 1, duration: Duration::from_secs(60), per: Per::Key };
        let mut history = History::default();
        let mut hit = |millis| history.hit(&rate, Timestamp::from_millis(millis));
        assert!(hit(0) && !hit(59_999) && hit(60_000));
    }

    #[test]
    fn the_largest_exact_limit_is_exact() {
        let rate = Rate { amount: History::EXACT, duration: Duration::from_secs(3600), per: Per::Key };
        let mut history = History::default();
        let mut hit = |millis| history.hit(&rate, Timestamp::from_millis(millis));
        assert!((0..64).all(&mut hit));
        assert!(!hit(3_599_999) && hit(3_600_000) && !hit(3_600_000) && hit(3_600_001));
    }

    #[test]
    fn of_hits_that_are_kept_as_one_one_is_taken_back() {
        for duration in [Duration::from_secs(3600), Duration::from_millis(10)] {
            let rate = Rate { amount: 100, duration, per: Per::Key };
            let now = Timestamp::from_millis(0);
            let mut history = History::default();
            assert!((0..100).all(|_| history.hit(&rate, now)) && !history.hit(&rate, now));
            history.roll_back();
            assert!(history.hit(&rate, now) && !history.hit(&rate, now), "{duration:?}");
        }
    }
}
