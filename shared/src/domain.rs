//! What accounts, sessions, codes and messages are: plain types and their transitions.
//!
//! Nothing here does I/O, reads a clock, draws random numbers or knows of HTTP.

pub mod code;
pub mod email;
pub mod message;
pub mod phone;
pub mod refusal;
pub(crate) mod text;
pub mod username;
