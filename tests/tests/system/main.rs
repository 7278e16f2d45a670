//! Whole journeys over HTTP: through the gateway's routes, the functions, the embedded DynamoDB and the inbox.
//!
//! One module a route or a concern, all in one program: linking takes longer than running.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share may fail as tests do"
)]

mod signup;

use vestibule_tests::{Kind, PASSWORD, Stack};
