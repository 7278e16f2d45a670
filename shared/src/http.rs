//! The headless protocol: how requests become typed input, and answers JSON.
//!
//! Nothing here decides what happens to an account; flows do.

pub mod input;
