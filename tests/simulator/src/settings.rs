//! The settings of a run: one of some choices of an operator, by the seed.

use std::collections::HashMap;
use vestibule_simulator_kernel::{Dice, hosts};

use crate::tokens::AUDIENCE;
use crate::{bots, provider, vault};

/// How many choices of settings there are: the description under each takes long to read.
const CHOICES: u64 = 24;
/// One seed in so many is of a site that asks for more.
const DEMANDING: u64 = 5;

/// Three seeds of so many are of a site that has what few have.
const RARE: u64 = 11;

/// What a site asks for, or has, that few do.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that is there or is not")]
pub struct Demands {
    /// Usernames.
    pub usernames: bool,
    /// Invitations.
    pub invitations: bool,
    /// A token of the bot check.
    pub bot_check: bool,
    /// Endpoints that few clients use, and signing keys that are rotated.
    pub extras: bool,
}

/// What follows if a service fails that is asked first.
#[derive(Clone, Copy, Debug)]
pub enum IfFails {
    /// What it is asked about goes on.
    Passes,
    /// It stops.
    Stops,
}

impl IfFails {
    /// What this setting says.
    pub fn of(settings: &HashMap<String, String>, name: &str) -> Self {
        let passes = settings.get(name).is_some_and(|value| value == "true");
        if passes { Self::Passes } else { Self::Stops }
    }
}

impl Demands {
    /// Those of these settings.
    pub fn of(settings: &HashMap<String, String>) -> Self {
        Self {
            usernames: settings["ACCOUNT_LOGIN_METHODS"].contains("username"),
            invitations: settings.contains_key("ACCOUNT_INVITATIONS_ENABLED"),
            bot_check: settings.contains_key("CAPTCHA_PROVIDER"),
            extras: settings.contains_key("MFA_TRUST_ENABLED"),
        }
    }
}

/// The settings of a seed.
pub fn of(seed: u64) -> HashMap<String, String> {
    let mut dice = Dice::new(seed % CHOICES, "settings", &[]);
    let mut flag = |odds| if dice.one_in(odds) { "false" } else { "true" };
    // Verification by code must be mandatory.
    let by_code = flag(2);
    let verification = if by_code == "true" { "mandatory" } else { "optional" };
    let (methods, fields) = match flag(3) {
        "false" => (r#"["email", "phone"]"#, r#"["email*", "password1*", "phone"]"#),
        _ => (r#"["email"]"#, r#"["email*", "password1*"]"#),
    };
    let settings = [
        ("ACCOUNT_LOGIN_METHODS", methods),
        ("ACCOUNT_SIGNUP_FIELDS", fields),
        ("ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "true"),
        ("ACCOUNT_PROFILE_FIELDS", r#"{"nickname": {"type": "text", "max": 20}}"#),
        ("SMS_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:simulated"),
        ("ACCOUNT_EMAIL_VERIFICATION", verification),
        ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", by_code),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true"),
        ("ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", flag(2)),
        ("ACCOUNT_EMAIL_NOTIFICATIONS", flag(2)),
        ("ACCOUNT_REAUTHENTICATION_REQUIRED", flag(2)),
        ("MFA_REAUTHENTICATION_REQUIRED", flag(2)),
        ("ACCOUNT_DELETION_ENABLED", "true"),
        ("ACCOUNT_EXPORT_ENABLED", "true"),
        ("ACCOUNT_HISTORY_ENABLED", "true"),
        ("AUDIT_RETENTION_DAYS", "30"),
        ("EVENTS_BUS", "simulated"),
        ("MFA_TOTP_TOLERANCE", "1"),
        ("MFA_SUPPORTED_TYPES", r#"["totp", "webauthn", "recovery_codes"]"#),
        ("MFA_PASSKEY_LOGIN_ENABLED", "true"),
        ("MFA_PASSKEY_SIGNUP_ENABLED", by_code),
        ("MFA_ALLOW_UNVERIFIED_EMAIL", flag(2)),
        ("PASSWORD_ARGON2_MEMORY_KIB", "8"),
        ("PASSWORD_ARGON2_ITERATIONS", "1"),
        ("DEFAULT_FROM_EMAIL", "site@example.com"),
        ("FRONTEND_URL", "https://app.example"),
        ("SECRET_KEY", "a secret key of the simulator, which guards nothing"),
        ("TABLE_NAME", crate::services::TABLE_NAME),
    ];
    let settings = settings.into_iter().chain(tokens(&mut flag));
    let settings = settings
        .map(|(name, value)| (name, value.to_owned()))
        .chain(by_provider(&mut flag))
        .chain(by_hook(flag));
    let settings =
        settings.chain(if seed % DEMANDING == 3 { demands(seed, methods, fields) } else { Vec::new() });
    let mut settings: HashMap<String, String> =
        settings.map(|(name, value)| (name.to_owned(), value)).collect();
    if matches!(seed % RARE, 3 | 7 | 9) {
        settings.extend(extras().map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings.remove("HEADLESS_JWT_PRIVATE_KEY");
    }
    settings
}

/// What few sites have.
fn extras() -> [(&'static str, &'static str); 4] {
    [
        ("MFA_TRUST_ENABLED", "true"),
        ("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", "true"),
        ("ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", "true"),
        ("HEADLESS_JWT_KEYS_ARN", vault::ARN),
    ]
}

/// Some of what few sites ask for.
fn demands(seed: u64, methods: &str, fields: &str) -> Vec<(&'static str, String)> {
    let mut dice = Dice::new(seed % (CHOICES * DEMANDING), "demands", &[]);
    let mut settings = Vec::new();
    if dice.one_in(2) {
        let with = |list: &str, name: &str| list.replace(']', &format!(r#", "{name}"]"#));
        let field = if dice.one_in(2) { "username*" } else { "username" };
        settings.push(("ACCOUNT_LOGIN_METHODS", with(methods, "username")));
        settings.push(("ACCOUNT_SIGNUP_FIELDS", with(fields, field)));
    }
    if dice.one_in(2) {
        settings.push(("ACCOUNT_INVITATIONS_ENABLED", "true".to_owned()));
        settings.push(("ACCOUNT_SIGNUP_ENABLED", dice.one_in(2).to_string()));
    }
    if dice.one_in(2) {
        settings.push(("CAPTCHA_FAIL_OPEN", dice.one_in(2).to_string()));
        settings.extend(bots::settings());
    }
    settings
}

/// The settings of the site's own hook.
fn by_hook(mut flag: impl FnMut(usize) -> &'static str) -> Vec<(&'static str, String)> {
    let is_there = flag(2) == "true";
    let url = is_there.then(|| ("ACCOUNT_HOOK_URL", format!("http://{}/", hosts::HOOK)));
    url.into_iter().chain([("ACCOUNT_HOOK_FAIL_OPEN", flag(2).to_owned())]).collect()
}

/// The settings of logins by a provider.
fn by_provider(mut flag: impl FnMut(usize) -> &'static str) -> Vec<(&'static str, String)> {
    let has_provider = flag(2) == "true";
    let providers = if has_provider { provider::setting() } else { "{}".to_owned() };
    let names = [
        "SOCIALACCOUNT_AUTO_SIGNUP",
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION",
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT",
        "SOCIALACCOUNT_STORE_TOKENS",
        "SOCIALACCOUNT_QUERY_EMAIL",
    ];
    let flags = names.map(|name| (name, flag(2).to_owned()));
    [("SOCIALACCOUNT_PROVIDERS", providers)].into_iter().chain(flags).collect()
}

/// The settings of access and refresh tokens.
fn tokens(mut flag: impl FnMut(usize) -> &'static str) -> [(&'static str, &'static str); 6] {
    [
        ("HEADLESS_TOKEN_STRATEGY", if flag(2) == "true" { "jwt" } else { "sessions" }),
        ("HEADLESS_JWT_ROTATE_REFRESH_TOKEN", flag(4)),
        ("HEADLESS_JWT_REFRESH_GRACE", if flag(2) == "true" { "30" } else { "0" }),
        ("HEADLESS_JWT_ALGORITHM", "EdDSA"),
        ("HEADLESS_JWT_PRIVATE_KEY", include_str!("../../testdata/ed25519-private-key.pem")),
        ("HEADLESS_JWT_AUDIENCE", AUDIENCE),
    ]
}
