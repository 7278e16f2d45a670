//! Vestibule: the logic behind a headless accounts API.
//!
//! The modules are layers, each importing only those above it in this list:
//!
//! - [`secret`]: texts that must not be shown
//! - [`domain`]: what accounts, sessions and codes are
//! - [`snapshot`], [`changes`]: what a decision reads and writes
//! - [`settings`], and the tools that flows are handed: [`clock`], [`random`], [`password`], [`password_rules`], [`breached`], [`signing`], [`secret_key`], [`jwt`]
//! - [`environment`], [`aws`], [`store`], [`outside`], [`texts`]: the variables, the table, other services, and texts for people
//! - [`flows`]: what happens, as plain functions
//! - [`app`]: one process
//! - [`outbox`]: messages that wait to be delivered
//! - [`http`], [`operator`], [`rotation`]: the protocol it speaks, what operators do
//! - [`migration`]: accounts that move in and out
//! - [`lambda`], [`telemetry`]: running it on AWS

pub mod app;
pub mod aws;
pub mod breached;
pub mod changes;
pub mod clock;
pub mod domain;
pub mod environment;
pub mod flows;
pub mod http;
pub mod jwt;
pub mod lambda;
pub mod migration;
pub mod operator;
pub mod outbox;
pub mod outside;
pub mod password;
pub mod password_rules;
pub mod random;
pub mod rotation;
pub mod secret;
pub mod secret_key;
pub mod settings;
pub mod signing;
pub mod snapshot;
pub mod store;
pub mod telemetry;
pub mod texts;
