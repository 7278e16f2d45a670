//! `make simulate SEEDS=0..2000`: this release alone.

use std::process::ExitCode;
use std::sync::Arc;

use vestibule_simulator_release::ThisRelease;

fn main() -> ExitCode {
    vestibule_simulator::main(&[Arc::new(ThisRelease::default())], "make simulate CASE=")
}
