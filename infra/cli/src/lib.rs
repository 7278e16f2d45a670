//! The program `vestibule`, as a library: the local stack and the operator's commands.
//!
//! It knows the functions only as anybody does, by the events they are given and the AWS services
//! they call. Nothing in here is part of what is deployed.

pub mod gateway;
mod seam;
pub mod template;

/// The region that the local stack is in. No such region exists, so nothing can reach AWS by mistake.
pub const REGION: &str = "local";
