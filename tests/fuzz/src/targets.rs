//! The targets, by what they read.

pub mod dumps;
pub mod identifiers;
pub mod keys;
pub mod operators;
pub mod providers;
pub mod requests;
pub mod services;
pub mod stored;
pub mod webauthn;
