//! How fast an import writes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Spends no more than so many units a second.
#[derive(Debug)]
pub(super) struct Pace {
    most: Option<u32>,
    /// When what has been spent so far is earned.
    earned_at: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) const fn new(most: Option<u32>) -> Self {
        Self { most, earned_at: Mutex::new(None) }
    }

    /// Waits until what was spent before is earned, and spends these units.
    pub(super) async fn spend(&self, units: u32) {
        if let Some(begin) = self.begin(Instant::now(), units) {
            tokio::time::sleep_until(begin).await;
        }
    }

    fn begin(&self, now: Instant, units: u32) -> Option<Instant> {
        let most = self.most.filter(|most| *most > 0)?;
        let mut earned_at = self.earned_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = earned_at.map_or(now, |at| at.max(now));
        *earned_at = Some(begin + Duration::from_secs(units.into()) / most);
        Some(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_spent_than_is_earned() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let pace = Pace::new(Some(100));
        for tenths in 0..20 {
            assert_eq!(pace.begin(now, 10), Some(now + second / 10 * tenths));
        }
        // What was not spent in time is not saved.
        assert_eq!(pace.begin(now + second * 9, 10), Some(now + second * 9));
        assert_eq!(pace.begin(now + second * 9, 10), Some(now + second * 9 + second / 10));
        assert_eq!(Pace::new(None).begin(now, u32::MAX), None);
    }
}
