//! The template as the settings of the local stack would have it deployed: its parameters, and the ARNs of its resources.

use std::collections::BTreeMap;

use vestibule::settings::{Settings, TokenStrategy};

use crate::TABLE;
use crate::iam::arn;

/// What the template has no default for, and what the settings say otherwise.
pub fn parameters(settings: &Settings) -> BTreeMap<String, String> {
    let is_set = |arn: &Option<String>, name: &str| {
        // It stays a placeholder, for the ARN that is known by then.
        if arn.is_some() { format!("${{{name}}}") } else { String::new() }
    };
    let tokens = &settings.headless.jwt;
    let signs = if settings.headless.token_strategy == TokenStrategy::Jwt { "jwt" } else { "sessions" };
    let parameters = [
        ("AllowedHeaders", settings.headless.cors_headers.join(",")),
        ("AllowedOrigins", settings.csrf.trusted_origins.join(",")),
        ("AuditRetentionDays", days_or_none(settings.events.retention_days)),
        ("DeliverEvents", settings.events.bus.is_some().to_string()),
        // Their port is always there; a deployment says whether it has the functions.
        ("Migration", "true".to_owned()),
        ("OperatorApi", "true".to_owned()),
        ("EventsSecretArn", is_set(&settings.events.secret_arn, "EventsSecretArn")),
        ("EventsUrl", settings.events.url.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("CsrfHeaderName", settings.csrf.header_name.clone()),
        ("CaptchaSecretArn", is_set(&settings.captcha.secret_arn, "CaptchaSecretArn")),
        ("HookFunctionArn", is_set(&settings.account.hook_function_arn, "HookFunctionArn")),
        ("FrontendUrl", settings.headless.frontend_url.clone()),
        ("ProvidersSecretArn", is_set(&settings.socialaccount.providers_secret_arn, "ProvidersSecretArn")),
        ("SenderAddress", sender_address(settings).to_owned()),
        ("SesConfigurationSet", settings.mail.ses_configuration_set.clone().unwrap_or_default()),
        ("SmsFunctionArn", is_set(&settings.mail.sms_function_arn, "SmsFunctionArn")),
        ("SmsTopicArn", is_set(&settings.mail.sms_topic_arn, "SmsTopicArn")),
        // Of the algorithms only this matters here: whether there are keys, or SECRET_KEY signs.
        ("TokenAlgorithm", if tokens.is_shared() { "HS256" } else { "RS256" }.to_owned()),
        ("TokenStrategy", signs.to_owned()),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn days_or_none(days: u32) -> String {
    if days == 0 { String::new() } else { days.to_string() }
}

/// The ARNs that stand for placeholders in the template's policies.
pub fn arns(settings: &Settings) -> BTreeMap<&'static str, String> {
    let given = [
        ("CaptchaSecretArn", &settings.captcha.secret_arn),
        ("EventsSecretArn", &settings.events.secret_arn),
        ("HookFunctionArn", &settings.account.hook_function_arn),
        ("ProvidersSecretArn", &settings.socialaccount.providers_secret_arn),
        ("SecretKey", &settings.secret_key_arn),
        ("SmsFunctionArn", &settings.mail.sms_function_arn),
        ("SmsTopicArn", &settings.mail.sms_topic_arn),
        ("TokenKeys", &settings.headless.jwt.keys_arn),
    ];
    let given = given.into_iter().filter_map(|(name, arn)| Some((name, arn.clone()?)));
    let bus =
        settings.events.bus.iter().map(|bus| ("EventBus.Arn", arn("events", &format!("event-bus/{bus}"))));
    given.chain(bus).chain([("Table.Arn", arn("dynamodb", &format!("table/{TABLE}")))]).collect()
}

/// The bare email address of `DEFAULT_FROM_EMAIL`.
fn sender_address(settings: &Settings) -> &str {
    let sender = settings.mail.default_from_email.as_str();
    sender.rsplit('<').next().unwrap_or(sender).trim_end_matches('>')
}
