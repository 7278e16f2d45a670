//! Catching everything that is logged.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Gives a subscriber what this thread logs.
///
/// While a process has only one subscriber, the first thread to reach a log statement decides whether it is enabled; one
/// that logs to nobody disables it for all. So there is always a second one, which ignores everything.
pub fn subscribe(subscriber: impl Into<Dispatch>) -> DefaultGuard {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(NoSubscriber::default()));
    tracing::dispatcher::set_default(&subscriber.into())
}

/// What was logged on this thread since it began, at every level and by every library.
///
/// A test on a current-thread runtime thereby hears all of its stack.
#[derive(Debug)]
pub struct Logs {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Begins to listen.
    pub fn capture() -> Self {
        Self::capture_from(LevelFilter::TRACE)
    }

    /// The same, from a level on.
    pub fn capture_from(level: LevelFilter) -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self { written, _guard: subscribe(subscriber) }
    }

    /// The lines that come from the project itself, as an operator sees them.
    pub fn own(&self) -> String {
        let bytes = self.written.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().filter(|line| line.contains(" vestibule")).collect::<Vec<_>>().join("\n")
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
