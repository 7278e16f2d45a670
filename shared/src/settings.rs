//! The settings: one typed struct, read once from environment variables, and validated as a whole.
//!
//! The names are allauth's and Django's own. A value is JSON where it parses as JSON and plain text
//! otherwise; a list may also be text between commas; lengths of time are in seconds. An empty value is the
//! same as none, unless the setting says otherwise. Nothing here does I/O or reads a clock: the caller
//! passes the variables.

mod breached_file;
mod captcha;
mod choice;
mod claims;
mod code_format;
mod completion;
mod cookie;
mod declared;
mod document;
mod email_domains;
mod error;
mod events;
mod file;
mod frontend;
mod group;
mod jwt;
mod kind;
mod language;
mod mail_address;
mod origin_verify;
mod password_validators;
mod profile_field;
mod provider;
mod rate;
mod rules;
mod setting;
mod signup_fields;
mod socialaccount;
mod source;
mod suggestion;
#[cfg(test)]
mod tests;
mod unusable;
mod webhook;
mod when;

pub use captcha::CaptchaProvider;
pub use choice::{
    AccountIdFormat, Apps, Clients, EmailVerification, EventData, LoginByCodeRequired, LoginMethod,
    LoginMethods, PreventEnumeration, ReauthenticationMethods, TokenStrategy, UserVerification,
};
pub use claims::{ClaimSource, TokenClaims};
pub use code_format::CodeFormat;
pub use cookie::SameSite;
pub use declared::{
    Account, Allauth, Argon2Cost, Captcha, Csrf, Events, Headless, JwtSettings, LANGUAGES_DIR, Mail, Mfa,
    Passwords, SETTINGS_FILE, Session, Settings, Socialaccount, Usersessions,
};
pub use document::document;
pub use email_domains::EmailDomains;
pub use error::{Concerned, Errors, Problem};
pub use frontend::FrontendUrls;
pub use kind::{LEAST_SECRET, MOST_FALLBACKS};
pub use origin_verify::{Sha256Hash, origin_verify_hash};
pub use password_validators::PasswordValidator;
pub use profile_field::{
    ProfileField, ProfileFieldType, ProfileFields, ProfilePart, ProfileReader, ProfileWriter,
};
pub use provider::{
    DUMMY, KNOWN_PROVIDERS, KnownProvider, OPENID_CONNECT, ProviderApp, ProviderFlow, VerifiedEmail,
    known as known_providers, known_provider,
};
pub(crate) use rate::WEBAUTHN_LOGIN;
pub use rate::{Action, Per, Rate, RateLimits, Rates};
pub use rules::{MOST_LIMITS, MOST_MAIL_LIMITS};
pub use signup_fields::{SignupField, SignupFieldName, SignupFields};
pub use webhook::WebhookSecrets;
pub use when::When;

use std::collections::HashMap;

use group::Group;
use source::Source;

use crate::domain::language::{self as languages, Language};
use crate::domain::message::Recipient;

/// Settings that were read, and what should be logged about them.
#[derive(Clone, Debug)]
pub struct LoadedSettings {
    /// The settings.
    pub settings: Settings,
    /// What an operator should know although it is no error: old names, names without effect.
    pub hints: Vec<String>,
}

impl Account {
    /// Whether the site has a hook of its own.
    pub const fn has_hook(&self) -> bool {
        self.hook_function_arn.is_some() || self.hook_url.is_some()
    }
}

impl Captcha {
    /// Whether people are told from bots.
    pub const fn is_on(&self) -> bool {
        self.provider.is_some()
    }
}

impl Settings {
    /// The rules that a password must meet.
    pub fn password_rules(&self) -> Vec<PasswordValidator> {
        let minimum = self.account.password_min_length;
        let minimum = minimum.map(|min_length| PasswordValidator::MinimumLength { min_length });
        let breached = self.passwords.breached.as_ref().and_then(|file| file.passwords.clone());
        let breached = breached.map(PasswordValidator::Breached);
        minimum.into_iter().chain(self.passwords.validators.iter().cloned()).chain(breached).collect()
    }

    /// The language for clients that prefer none of the enabled ones; none only if `LANGUAGE_CODE` is not among them.
    pub fn default_language(&self) -> Option<&Language> {
        match &self.language_code {
            Some(language) => languages::preferred(language.tag(), &self.languages),
            None => self.languages.first(),
        }
    }

    /// Whether such an email address or phone number is to be verified. Where it is not, the one given at sign-up goes on
    /// counting for its account, unverified.
    pub fn asks_to_verify(&self, address: &Recipient) -> bool {
        match address {
            Recipient::Email(_) => self.account.email_verification == EmailVerification::Mandatory,
            Recipient::Phone(_) => self.account.phone_verification_enabled,
        }
    }

    /// Reads the settings from environment variables; those of other software are passed over.
    /// No variables at all give the defaults.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once: values that cannot be read, settings that contradict each other,
    /// names that begin as settings do (`ACCOUNT_`, `SESSION_` and so on) and are unknown.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<LoadedSettings, Errors> {
        let mut source = Source::new(variables, declared::ALL);
        let settings = <Self as Group>::read(&mut source);
        let old = declared::Old::read(&mut source);
        unusable::check(&mut source);
        if let (Some(mut settings), Some(old)) = (settings, old) {
            completion::complete(&mut settings, &old, &mut source);
            rules::check(&settings, &mut source);
            if source.problems.is_empty() {
                return Ok(LoadedSettings { settings, hints: source.hints });
            }
        }
        Err(Errors(source.problems))
    }

    /// Adds the settings of a file, a JSON object of names and values, to variables. Variables win over the file, unless
    /// they are empty.
    ///
    /// # Errors
    ///
    /// All names that are unknown or secret, at once. Values are for [`Settings::read`].
    pub fn with_file(
        variables: HashMap<String, String>,
        text: &str,
    ) -> Result<HashMap<String, String>, Errors> {
        file::add(variables, text)
    }

    /// Checks a file of settings that is deployed with variables: all its names and values. Returns what an operator
    /// should know although it is no error.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once; also a setting that the variables have, as they win.
    pub fn check_file(variables: &HashMap<String, String>, text: &str) -> Result<Vec<String>, Errors> {
        file::check(variables, text)
    }
}
