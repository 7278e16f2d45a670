//! This release and the one before, side by side on one table. Built and run by tests/releases/simulate.

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let releases = [Arc::new(now::ThisRelease::new()) as _, Arc::new(before::ThisRelease::new()) as _];
    vestibule_simulator::main(&releases, "tests/releases/simulate ")
}
