//! The headless protocol: clients, cookies, CSRF, input and its errors, and the envelope of every answer.

pub mod call;
pub mod cookie;
pub mod csrf;
pub mod endpoint;
mod form;
pub mod input;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod operation;
pub mod present;
pub mod reply;
pub mod shape;
pub mod signup_form;

pub use endpoint::{Document, Endpoint, Routes, answer};
pub use operation::{Answer, Body, Operation, Parameter};
