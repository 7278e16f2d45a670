//! The function `provider`: logging in through other services.

pub mod engine;
pub mod providers;
