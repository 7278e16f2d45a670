//! Vestibule: the logic behind a headless accounts API.
//!
//! The modules are layers, each importing only those above it in this list: [`domain`], [`secret`], [`settings`].

pub mod domain;
pub mod secret;
pub mod settings;
