//! The local stack and the operator's commands, for the program `vestibule` and for tests that run a stack of their own.
//!
//! It knows the functions only as anybody does, by the events they are given and the AWS services
//! they call. Nothing in here is part of what is deployed.

pub mod age;
pub mod arguments;
pub mod breached;
mod cloudfront;
pub mod console;
pub mod data_dir;
pub mod database;
mod deployed;
pub mod django;
pub mod email;
pub mod events;
pub mod export;
mod function_url;
mod functions;
mod gateway;
mod hosts;
pub mod iam;
pub mod import;
mod inbox;
pub mod invite;
mod languages;
mod layer;
pub mod operator;
mod operator_api;
mod operator_port;
mod pages;
mod playground;
mod ports;
mod proxy;
mod repeats;
pub mod secret_key;
pub mod serve;
pub mod settings;
mod style;
pub mod table;
pub mod template;
pub mod terminal;
pub mod user;
mod welcome;

use std::collections::HashMap;

pub use functions::routes;

/// The region that the local stack is in. No such region exists, so nothing can reach AWS by mistake.
const REGION: &str = "local";

/// The account that the local stack is in.
const ACCOUNT: &str = "000000000000";

/// Where a frontend under development usually is: the local stack's `FRONTEND_URL`.
const FRONTEND: &str = "http://localhost:3000";
/// The name of the local stack's table.
const TABLE: &str = "vestibule";

/// Makes AWS the local stack: its DynamoDB, and credentials that are worth nothing elsewhere.
fn local_aws(variables: &mut HashMap<String, String>, dynamodb: &str, region: &str, table: &str) {
    variables.retain(|name, _| !name.starts_with("AWS_"));
    for (name, value) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_REGION", region),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("TABLE_NAME", table),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
}
