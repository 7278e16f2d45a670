//! This release and the one before, side by side on one table. Built and run by tests/releases/simulate.

use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let releases = [Arc::new(now::ThisRelease::default()) as _, Arc::new(before::ThisRelease::default()) as _];
    vestibule_simulator::main(&releases, "tests/releases/simulate ")
}
