//! Fuzz targets: each feeds bytes to a parser as it is called in production, and asserts what holds of any input. A panic, in
//! the parser or by an assertion, is a finding.
//!
//! `make fuzz` runs a target under libFuzzer; `cargo test` runs all of them on the inputs in `corpus/`. docs/fuzzing.md says
//! what there is.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a target that fails is a finding"
)]

mod catalogue;
mod input;
mod process;
mod service;
mod targets;

pub use catalogue::{EXEMPT, TARGETS, Target, chosen};
