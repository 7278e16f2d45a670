//! The headless protocol: clients, cookies, CSRF, input and its errors, and the envelope of every answer.

pub mod call;
pub mod cookie;
pub mod csrf;
pub mod endpoint;
mod form;
pub mod input;
pub mod language;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod operation;
mod origin_verify;
pub mod present;
pub mod profile_field;
pub mod reply;
pub mod resend;
pub mod shape;
pub mod signup_form;

pub use endpoint::{BotCheck, Document, Endpoint, Routes, answer, time_to_answer};
pub use operation::{Body, Operation, Parameter, ResponseSpec};

/// What endpoints are written with.
pub mod prelude {
    pub use lambda_http::http::{Method, StatusCode};

    pub use super::call::ApiRequest;
    pub use super::endpoint::{BotCheck, Endpoint, Routes};
    pub use super::input::json::Object;
    pub use super::input::{Field, Form, Kind, Text};
    pub use super::operation::{Body, Operation, Parameter, ResponseSpec};
    pub use super::present;
    pub use super::reply::{Outcome, Reply};
    pub use crate::flows::visit::{ClientKind, Context, Decision, Stop, Visit};
    pub use crate::settings::When;
    pub use crate::snapshot::Need;
}
