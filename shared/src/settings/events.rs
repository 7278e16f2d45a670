//! What the settings of events come to.

use std::time::Duration;

use super::declared::Events;

/// The retention of events that are delivered, where none is set: long enough to deliver them again after some days of
/// trouble.
const LEAST_DAYS: u32 = 14;

impl Events {
    /// Whether events are recorded.
    pub const fn are_recorded(&self) -> bool {
        self.retention_days > 0 || self.are_delivered()
    }

    /// Whether events are delivered.
    pub const fn are_delivered(&self) -> bool {
        self.bus.is_some() || self.url.is_some()
    }

    /// How long an event is kept.
    pub fn retention(&self) -> Duration {
        let days = if self.retention_days > 0 { self.retention_days } else { LEAST_DAYS };
        Duration::from_secs(u64::from(days) * 24 * 60 * 60)
    }
}
