//! The link that opens the console: who has its token may use it, until it has been idle for too long.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use vestibule::clock::Clock;
use vestibule::domain::time::Timestamp;
use vestibule::random::Random;
use vestibule::secret::Secret;

/// How long a link is valid after it was last used.
pub const IDLE: Duration = Duration::from_mins(30);

/// The link.
#[derive(Debug)]
pub struct ConsoleLink {
    clock: Clock,
    random: Random,
    state: Mutex<LinkState>,
}

#[derive(Debug)]
struct LinkState {
    token: Secret,
    used_at: Timestamp,
}

/// Why a token gives no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAccess {
    /// It is another one, or none.
    Wrong,
    /// It has not been used for too long.
    Expired,
}

impl ConsoleLink {
    /// A link that is made now.
    pub fn new(clock: Clock, random: Random) -> Self {
        let state = Mutex::new(LinkState { token: Secret::new(random.secret()), used_at: clock.now() });
        Self { clock, random, state }
    }

    /// Its token.
    pub fn token(&self) -> Secret {
        self.state().token.clone()
    }

    /// Judges a token. A use keeps the link valid.
    pub fn check(&self, given: &str) -> Result<(), NoAccess> {
        let mut state = self.state();
        if !bool::from(state.token.expose().as_bytes().ct_eq(given.as_bytes())) {
            return Err(NoAccess::Wrong);
        }
        let now = self.clock.now();
        if state.used_at.is_older_than(IDLE, now) {
            return Err(NoAccess::Expired);
        }
        state.used_at = now;
        Ok(())
    }

    /// How long the link stays valid if nobody uses it.
    pub fn remaining(&self) -> Duration {
        let left = self.state().used_at.plus(IDLE).millis().saturating_sub(self.clock.now().millis());
        Duration::from_millis(u64::try_from(left.saturating_add(1)).unwrap_or(0))
    }

    /// The token of a new link in its place, if it has expired.
    pub fn renew(&self) -> Option<Secret> {
        let mut state = self.state();
        let now = self.clock.now();
        if !state.used_at.is_older_than(IDLE, now) {
            return None;
        }
        *state = LinkState { token: Secret::new(self.random.secret()), used_at: now };
        Some(state.token.clone())
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// A link at a time that the test sets, in milliseconds.
    fn link() -> (ConsoleLink, Arc<AtomicI64>) {
        let time = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&time);
        let clock = Clock::new(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        (ConsoleLink::new(clock, Random::system()), time)
    }

    const MINUTE: i64 = 60_000;

    #[test]
    fn only_the_whole_token_gives_access() {
        let (link, _) = link();
        let token = link.token();
        assert_eq!(token.expose().len(), 43);
        assert_eq!(link.check(token.expose()), Ok(()));
        let (start, longer) = (&token.expose()[..42], format!("{}A", token.expose()));
        for wrong in
            ["", start, &longer, ConsoleLink::new(Clock::system(), Random::system()).token().expose()]
        {
            assert_eq!(link.check(wrong), Err(NoAccess::Wrong));
        }
    }

    #[test]
    fn a_link_expires_when_it_is_idle() {
        let (link, time) = link();
        let token = link.token();
        for minute in [29, 58, 88] {
            time.store(minute * MINUTE, Ordering::SeqCst);
            assert!(link.renew().is_none());
            assert_eq!(link.check(token.expose()), Ok(()), "used {minute} minutes after the start");
        }
        assert_eq!(link.remaining(), IDLE + Duration::from_millis(1));
        time.store(118 * MINUTE + 1, Ordering::SeqCst);
        assert_eq!(link.remaining(), Duration::ZERO);
        assert_eq!(link.check(token.expose()), Err(NoAccess::Expired));
        assert_eq!(link.check(""), Err(NoAccess::Wrong));
        let new = link.renew().unwrap();
        assert_eq!(link.check(token.expose()), Err(NoAccess::Wrong));
        assert_eq!(link.check(new.expose()), Ok(()));
        assert!(link.renew().is_none());
    }
}
