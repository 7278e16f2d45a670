//! Vestibule: the logic behind a headless accounts API.
//!
//! The modules are layers, each importing only those above it in this list:
//!
//! - [`domain`]: what accounts, sessions and codes are
//! - [`settings`], and the tools that flows are handed: [`password`], [`password_rules`], [`signing`], [`random`],
//!   [`clock`], [`secret`]
//! - [`flows`]: what happens, as plain functions
//! - [`store`]: the table
//! - [`app`], [`http`]: one process, and the protocol it speaks
//! - [`lambda`], [`telemetry`]: running it on AWS

pub mod app;
pub mod aws;
pub mod clock;
pub mod domain;
pub mod flows;
pub mod http;
pub mod lambda;
pub mod operator;
pub mod password;
pub mod password_rules;
pub mod random;
pub mod secret;
pub mod settings;
pub mod signing;
pub mod store;
pub mod telemetry;
