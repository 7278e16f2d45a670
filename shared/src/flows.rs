//! The logic: one file per flow. A flow decides, given what was loaded, the input, the settings and the time.
//!
//! Flows do no I/O. They work on a [`visit::Visit`], which knows what was read and collects what changes; all of
//! it is written in one commit afterwards, and nothing else is.

pub mod authenticators;
pub mod claims;
pub mod connect;
pub mod events;
pub mod history;
mod hook;
pub mod invitation;
pub mod journey;
pub mod login;
pub mod manage_email;
pub mod notice;
pub(crate) mod ownership;
pub mod password_change;
pub mod password_reset;
pub mod postage;
pub mod privacy;
pub mod reauthenticate;
pub mod reauthenticate_by_code;
pub mod recovery_codes;
pub mod sessions;
pub mod signup;
pub mod social_login;
pub mod social_signup;
pub mod stages;
#[cfg(test)]
mod testing;
pub mod tokens;
pub mod totp;
pub mod visit;
