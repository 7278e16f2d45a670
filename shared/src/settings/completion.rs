//! What settings come to once all of them are known: defaults that depend on others, and old names.

use std::time::Duration;

use super::choice::ALWAYS_INSTALLED;
use super::declared::{Old, Settings};
use super::error::Problem;
use super::group::Group;
use super::kind::{Raw, list};
use super::provider::{DUMMY, ProviderApp};
use super::rate::{Action, Per, Rate, Rates, parse_rates};
use super::signup_fields::{SignupField, SignupFieldName, SignupFields};
use super::source::Source;
use crate::domain::authenticator::AuthenticatorType;

/// The old names that say something where the new one is not given.
pub(super) fn predecessors(name: &str) -> &'static [&'static str] {
    match name {
        "ACCOUNT_LOGIN_METHODS" => &["ACCOUNT_AUTHENTICATION_METHOD"],
        "ACCOUNT_SIGNUP_FIELDS" => &[
            "ACCOUNT_EMAIL_REQUIRED",
            "ACCOUNT_USERNAME_REQUIRED",
            "ACCOUNT_SIGNUP_EMAIL_ENTER_TWICE",
            "ACCOUNT_SIGNUP_PASSWORD_ENTER_TWICE",
        ],
        _ => &[],
    }
}

/// Settles what is still open in `settings`.
pub(super) fn complete(settings: &mut Settings, old: &Old, source: &mut Source) {
    note_ignored_apps(source);
    let methods_are_given = source.is_given("ACCOUNT_LOGIN_METHODS");
    if let (Some(methods), false) = (&old.authentication_method, methods_are_given) {
        settings.account.login_methods = methods.clone();
    }
    complete_signup_fields(settings, old, source);
    note_old_names(settings, source);

    let validated = !settings.passwords.validators.is_empty();
    if validated {
        if source.is_given("ACCOUNT_PASSWORD_MIN_LENGTH") {
            source.hints.push(
                "ACCOUNT_PASSWORD_MIN_LENGTH has no effect unless AUTH_PASSWORD_VALIDATORS is []; \
                 give MinimumLengthValidator an option there"
                    .to_owned(),
            );
        }
        settings.account.password_min_length = None;
    }
    let webauthn = settings.mfa.supported_types.contains(&AuthenticatorType::WebAuthn);
    let mfa = &mut settings.mfa;
    for (enabled, name) in [
        (&mut mfa.passkey_login_enabled, "MFA_PASSKEY_LOGIN_ENABLED"),
        (&mut mfa.passkey_signup_enabled, "MFA_PASSKEY_SIGNUP_ENABLED"),
    ] {
        if *enabled && !webauthn {
            *enabled = false;
            source.hints.push(format!("{name} has no effect unless MFA_SUPPORTED_TYPES has \"webauthn\""));
        }
    }
    complete_frontend_urls(settings, source);
    complete_providers(settings, source);
    if !source.is_given("SOCIALACCOUNT_EMAIL_REQUIRED") {
        settings.socialaccount.email_required =
            settings.account.signup_fields.requires(SignupFieldName::Email);
    }
    if !source.is_given("SOCIALACCOUNT_QUERY_EMAIL") {
        settings.socialaccount.query_email = settings.socialaccount.email_required;
    }
    complete_rates(settings, old);
}

/// A path without a host needs one: that of a request could be anybody's, and mails lead there.
fn complete_frontend_urls(settings: &mut Settings, source: &mut Source) {
    let headless = &mut settings.headless;
    if headless.frontend_urls.has_paths() && !source.is_given("FRONTEND_URL") {
        let given = source.variable("HEADLESS_FRONTEND_URLS").map(str::to_owned);
        let remedy = "paths are put after FRONTEND_URL, which must be set; or begin each page with https://";
        source.problems.push(Problem::of("HEADLESS_FRONTEND_URLS", given, remedy.to_owned()));
    }
    headless.frontend_urls.complete(&headless.frontend_url);
}

fn note_ignored_apps(source: &mut Source) {
    let Some(text) = source.variable("INSTALLED_APPS") else { return };
    let mut apps = super::choice::NO_APPS;
    let (missing, ignored): (Vec<_>, Vec<_>) = list(&Raw::of(text))
        .unwrap_or_default()
        .into_iter()
        .filter(|app| !ALWAYS_INSTALLED.contains(&app.as_str()) && !apps.install(app))
        .partition(|app| app.starts_with("allauth."));
    for app in missing {
        source.hints.push(match app.strip_prefix("allauth.socialaccount.providers.") {
            Some(provider) => format!("INSTALLED_APPS: there is no provider {provider} (docs/providers.md)"),
            None => format!("INSTALLED_APPS: {app} is not part of Vestibule"),
        });
    }
    if !ignored.is_empty() {
        source.hints.push(format!("INSTALLED_APPS: these have no effect: {}", ignored.join(", ")));
    }
}

fn complete_signup_fields(settings: &mut Settings, old: &Old, source: &Source) {
    let switches = [
        old.email_required,
        old.username_required,
        old.signup_email_enter_twice,
        old.signup_password_enter_twice,
    ];
    if source.is_given("ACCOUNT_SIGNUP_FIELDS") || switches.iter().all(Option::is_none) {
        return;
    }
    let email_required = old.email_required.unwrap_or(true);
    let fields = [
        (SignupFieldName::Email, true, email_required),
        (SignupFieldName::Email2, old.signup_email_enter_twice.unwrap_or(false), email_required),
        (SignupFieldName::Username, old.username_required.unwrap_or(false), true),
        (SignupFieldName::Password1, true, true),
        (SignupFieldName::Password2, old.signup_password_enter_twice.unwrap_or(false), true),
    ];
    let asked = fields.into_iter().filter(|(_, asked, _)| *asked);
    settings.account.signup_fields =
        SignupFields::of(asked.map(|(name, _, required)| SignupField { name, required }).collect());
}

/// Tells what to write instead of each old name that is used.
fn note_old_names(settings: &Settings, source: &mut Source) {
    for setting in Old::ABOUT.settings {
        if !source.is_given(setting.name) {
            continue;
        }
        let successor = match setting.name {
            "ACCOUNT_AUTHENTICATION_METHOD" => {
                let words: Vec<_> = settings
                    .account
                    .login_methods
                    .iter()
                    .map(|method| format!("\"{}\"", method.name()))
                    .collect();
                format!("ACCOUNT_LOGIN_METHODS=[{}]", words.join(", "))
            }
            "ACCOUNT_LOGIN_ATTEMPTS_LIMIT" | "ACCOUNT_LOGIN_ATTEMPTS_TIMEOUT" => {
                "\"login_failed\" in ACCOUNT_RATE_LIMITS".to_owned()
            }
            "ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN" => "\"confirm_email\" in ACCOUNT_RATE_LIMITS".to_owned(),
            _ => format!("ACCOUNT_SIGNUP_FIELDS={}", settings.account.signup_fields.as_setting()),
        };
        source.hints.push(format!("{} is deprecated; use {successor}", setting.name));
    }
    let verification = source.variable("ACCOUNT_EMAIL_VERIFICATION").unwrap_or_default().to_ascii_lowercase();
    let word = match verification.trim() {
        "true" | "1" => "mandatory",
        "false" | "0" => "optional",
        _ => return,
    };
    source
        .hints
        .push(format!("ACCOUNT_EMAIL_VERIFICATION={verification} is the deprecated form of \"{word}\""));
}

/// Where apps are listed, only the providers among them count, in that order. Where they are not, whatever has a client
/// counts.
fn complete_providers(settings: &mut Settings, source: &mut Source) {
    let providers = &mut settings.socialaccount.providers;
    if !source.is_given("INSTALLED_APPS") {
        providers.retain(|app| app.provider != DUMMY);
        return;
    }
    let installed = &settings.apps.providers;
    let position = |app: &ProviderApp| installed.iter().position(|provider| *provider == app.provider);
    for app in providers.iter().filter(|app| app.provider != DUMMY && position(app).is_none()) {
        source.hints.push(format!(
            "SOCIALACCOUNT_PROVIDERS: {} is disabled: INSTALLED_APPS has no allauth.socialaccount.providers.{}",
            app.id, app.provider
        ));
    }
    providers.retain(|app| position(app).is_some());
    providers.sort_by_key(position);
}

fn complete_rates(settings: &mut Settings, old: &Old) {
    let by_code = settings.account.email_verification_by_code_enabled;
    settings.account.rate_limits.complete(|action| default_rates(action, old, by_code));
    if settings.account.rate_limits.are_off() {
        settings.mail.per_recipient.clear();
        settings.mail.in_all.clear();
    }
}

fn default_rates(action: Action, old: &Old, by_code: bool) -> Rates {
    match action {
        Action::LoginFailed => login_failed(old),
        Action::ConfirmEmail if by_code => parse_rates("1/10s/key").unwrap_or_default(),
        Action::ConfirmEmail => {
            old.email_confirmation_cooldown.and_then(|time| per_key(1, time)).into_iter().collect()
        }
        _ => parse_rates(action.default_rates()).unwrap_or_default(),
    }
}

/// None at all unless failures are limited for each address, number or username.
fn login_failed(old: &Old) -> Rates {
    let limit = old.login_attempts_limit.filter(|amount| *amount > 0);
    let rate = limit.zip(old.login_attempts_timeout).and_then(|(amount, time)| per_key(amount, time));
    let by_address = Rate { amount: 10, duration: Duration::from_mins(1), per: Per::Ip };
    rate.map_or_else(Rates::new, |rate| vec![by_address, rate])
}

fn per_key(amount: u32, duration: Duration) -> Option<Rate> {
    (!duration.is_zero()).then_some(Rate { amount, duration, per: Per::Key })
}
