//! What the simulator and the releases that it runs share: time, tasks and their calls, and what a release is. Nothing of
//! the product is here, so that two releases fit into one program.
#![expect(clippy::panic, reason = "what a run finds is told by a panic, as in a test")]

mod dice;
mod fault;
pub mod hosts;
mod kernel;
mod release;

pub use dice::Dice;
pub use fault::{Fate, FaultId, Faults, TaskId};
pub use kernel::{Call, Kernel, Outcome, PendingCall, Reply, Serve, Task, Timer};
pub use release::{Birth, Failed, Process, Release};
