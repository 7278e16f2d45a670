//! Vestibule: the logic behind a headless accounts API.
//!
//! The modules are layers, each importing only those above it in this list: [`domain`], [`password_rules`], [`http`].

pub mod domain;
pub mod http;
pub mod password_rules;
