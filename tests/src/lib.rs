//! A whole stack for a test: its functions behind their gateway, an inbox, a table that can be made to fail, and clients
//! that behave as browsers and apps do.
//!
//! Each test starts its own, on free ports and in memory, so tests run side by side and need no network. Nothing here
//! knows what an endpoint answers: that is for the tests to say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails as loudly as the tests it serves"
)]

mod authenticator;
mod client;
mod description;
mod front;
pub mod identity_provider;
mod inbox;
mod logs;
mod passkey;
mod permissions;
mod stack;
mod wire;

pub use authenticator::{AuthenticatorApp, PATIENT};
pub use client::{Answer, Client, Kind};
pub use description::Description;
pub use front::{Fault, Front, Tally};
pub use inbox::{Inbox, Mail};
pub use logs::{Logs, subscribe};
pub use passkey::Passkey;
pub use permissions::{Refusals, used_permissions};
pub use stack::{PASSWORD, Stack, change_options, changing, read_options, reading};
pub use wire::raw;
