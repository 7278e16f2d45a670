//! Rate limits: how often something may happen within a length of time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// A limit, such as 5 within a minute for each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How often.
    pub amount: u32,
    /// Within which length of time.
    pub duration: Duration,
    /// For each of what.
    pub per: Per,
}

/// What a limit is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// The client's address.
    Ip,
    /// The account that is logged in.
    User,
    /// What the action is about, such as an email address.
    Key,
}

/// When something happened, the latest first; what is older than the limit's length of time is dropped.
///
/// Keeping each time makes the limit exact: a counter that starts anew lets twice the amount through around
/// its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Timestamp>);

impl History {
    /// Most times that are kept: a limit above it is counted as this.
    pub const CAPACITY: usize = 10_000;

    /// Adds this time if the limit allows it, and says whether it does.
    #[must_use]
    pub fn hit(&mut self, rate: &Rate, now: Timestamp) -> bool {
        let allowed = self.allows(rate, now);
        if allowed {
            self.0.insert(0, now);
        }
        allowed
    }

    /// Whether the limit allows one more now.
    #[must_use]
    pub fn allows(&mut self, rate: &Rate, now: Timestamp) -> bool {
        self.0.retain(|at| at.plus(rate.duration) > now);
        self.0.len() < usize::try_from(rate.amount).unwrap_or(Self::CAPACITY).min(Self::CAPACITY)
    }

    /// Takes back the latest hit.
    pub fn roll_back(&mut self) {
        if !self.0.is_empty() {
            self.0.remove(0);
        }
    }

    /// Whether nothing is remembered.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
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
}
