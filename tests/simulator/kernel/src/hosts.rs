//! What processes call, by host.

/// The host of DynamoDB.
pub const TABLE: &str = "dynamodb";
/// The host of SES.
pub const MAIL: &str = "ses";
/// The host of SNS.
pub const TEXTS: &str = "sns";
/// The host of `EventBridge`.
pub const BUS: &str = "events";
/// The host of the provider.
pub const PROVIDER: &str = "club.example";
/// The host of the bot check.
pub const BOTS: &str = "people.example";
/// The host of the hook.
pub const HOOK: &str = "hook";
/// The host of Secrets Manager.
pub const SECRETS: &str = "secrets";
