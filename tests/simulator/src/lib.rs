//! Random journeys of many clients through the real functions, with failures of everything around them: one process, one
//! thread, and one number from which all of it follows. See docs/simulation.md.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a run finds is told by a panic, as in a test"
)]

mod bots;
mod case;
mod choice;
mod command;
mod events;
mod habits;
mod hook;
mod invariants;
mod keys;
mod memory;
mod operator;
mod person;
mod processes;
mod provider;
mod rotation;
mod run;
mod scene;
mod services;
mod settings;
mod shrink;
mod steps;
mod stream;
mod table;
mod tokens;
mod vault;
mod wording;
mod world;

pub use case::Case;
pub use command::main;
pub use processes::Releases;
pub use run::{Failure, Outcome, run};
pub use shrink::{shrink, shrink_by};
