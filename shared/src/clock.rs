//! Time, as an argument: what answers requests reads no other clock, and waits by no other.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::domain::time::Timestamp;

/// Tells the time, and waits; tests set the one, simulations both.
#[derive(Clone)]
pub struct Clock {
    tell: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    wait: Arc<dyn Fn(Duration) -> Wait + Send + Sync>,
}

/// Ends after some time.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A clock that tells what a function says, and waits in real time.
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), wait: Arc::new(|length| Box::pin(tokio::time::sleep(length))) }
    }

    /// The same clock, which waits as a function does.
    #[must_use]
    pub fn waiting(self, wait: impl Fn(Duration) -> Wait + Send + Sync + 'static) -> Self {
        Self { wait: Arc::new(wait), ..self }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.tell)()
    }

    /// Waits.
    pub fn wait(&self, length: Duration) -> Wait {
        (self.wait)(length)
    }

    /// What a future comes to; none if it takes longer than this.
    pub fn timeout<T>(
        &self,
        length: Duration,
        future: impl Future<Output = T>,
    ) -> impl Future<Output = Option<T>> {
        // Boxed: those of requests are large, and would be moved on the stack.
        select(Box::pin(future), self.wait(length)).map(|first| match first {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        })
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
