//! What accounts, sessions, codes and messages are: plain types and their transitions.
//!
//! Nothing here does I/O, reads a clock, draws random numbers or knows of HTTP.

pub mod account;
pub mod account_id;
pub mod account_size;
pub mod authenticator;
pub mod challenge;
pub mod code;
pub mod document;
pub mod email;
pub mod event;
pub mod handle;
pub mod hook;
mod import_state;
pub mod imported;
pub mod invitation;
pub mod language;
pub mod means;
pub mod message;
pub mod phone;
pub mod profile;
pub mod rate;
pub mod refusal;
pub mod session;
pub mod social;
pub mod stage;
pub mod text;
pub mod time;
pub mod token;
pub mod username;
