//! Conditions on the settings, each with a name.
//!
//! An endpoint, a field or an answer is there when its condition holds. The API decides by it, and its description is
//! pruned by the same one, so neither can say what the other does not do.

use serde::{Deserialize, Serialize};

use super::choice::{LoginMethod, TokenStrategy};
use super::declared::Settings;
use super::profile_field::ProfilePart;
use super::provider::ProviderFlow;
use super::signup_fields::SignupFieldName;
use crate::domain::authenticator::AuthenticatorType;

/// The condition under which a part of the API exists. Written by its name in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Whatever the settings say.
    Always,
    /// Not at all.
    Never,

    /// Browsers are served.
    Browser,
    /// Apps are served.
    App,
    /// Apps get access tokens.
    Jwt,
    /// The API describes itself.
    Specification,

    /// Login without providers is enabled.
    OwnAccounts,
    /// Accounts have usernames.
    Usernames,
    /// Accounts have fields of the site's own, which users may change.
    Profile,
    /// Accounts have fields of the site's own.
    ProfileFields,
    /// People can delete their account.
    Deletion,
    /// Users can export their personal data.
    Export,
    /// Users can read the history of their account.
    History,
    /// Passwords are reset by code, not by link.
    PasswordResetByCode,

    /// People log in with a username, among others.
    LoginByUsername,
    /// People log in with a username and nothing else.
    LoginByUsernameOnly,
    /// People log in with an email address, among others.
    LoginByEmail,
    /// People log in with an email address and nothing else.
    LoginByEmailOnly,
    /// People log in with a phone number, among others.
    LoginByPhone,
    /// People log in with a phone number and nothing else.
    LoginByPhoneOnly,

    /// People log in with a code that is sent to them.
    LoginByCode,
    /// Such codes are sent by mail: also where people log in by username.
    CodeByEmail,
    /// Such codes are sent by mail only.
    CodeByEmailOnly,
    /// Such codes are sent by text only.
    CodeByPhoneOnly,

    /// Requests that sign up or cause mail pass a bot check.
    BotCheck,
    /// The site has a hook of its own.
    Hook,
    /// Sign-ups accept invitations.
    Invitations,
    /// People can sign up.
    Signup,
    /// Sign-up asks for an email address.
    SignupEmail,
    /// Sign-up requires an email address.
    SignupEmailRequired,
    /// Sign-up asks for the email address again.
    SignupEmail2,
    /// Sign-up requires the email address twice.
    SignupEmail2Required,
    /// Sign-up asks for a username.
    SignupUsername,
    /// Sign-up requires a username.
    SignupUsernameRequired,
    /// Sign-up asks for a phone number.
    SignupPhone,
    /// Sign-up requires a phone number.
    SignupPhoneRequired,
    /// Sign-up asks for a password.
    SignupPassword,
    /// Sign-up requires a password.
    SignupPasswordRequired,

    /// There are second factors.
    Mfa,
    /// Authenticator apps are supported.
    Totp,
    /// There are recovery codes.
    RecoveryCodes,
    /// Security keys and passkeys are supported.
    Webauthn,
    /// Passkey login is enabled.
    PasskeyLogin,
    /// Passkey sign-up is enabled.
    PasskeySignup,
    /// Trusted browsers are enabled.
    MfaTrust,
    /// The list of sessions is enabled.
    Usersessions,
    /// The list of sessions shows activity.
    SessionActivity,
    /// Social login is enabled.
    Socialaccount,
    /// A provider supports the redirect flow.
    ProviderRedirect,
    /// A provider supports the token flow.
    ProviderToken,
    /// The dummy provider is enabled.
    DummyProvider,
    /// Provider sign-up requires an email address.
    SocialEmailRequired,
}

impl When {
    /// Whether the condition holds.
    pub fn holds(self, settings: &Settings) -> bool {
        let account = &settings.account;
        let login = |method| account.login_methods.contains(method);
        let only = |method| account.login_methods.only() == Some(method);
        let asks = |field| account.signup_fields.get(field).is_some();
        let supports = |kind| settings.apps.mfa && settings.mfa.supported_types.contains(&kind);
        let requires = |field| account.signup_fields.requires(field);
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Browser => settings.headless.clients.browser,
            Self::App => settings.headless.clients.app,
            Self::Jwt => {
                settings.headless.clients.app && settings.headless.token_strategy == TokenStrategy::Jwt
            }
            Self::Specification => settings.headless.serve_specification,
            Self::OwnAccounts => !settings.socialaccount.only,
            Self::Usernames => account.usernames,
            Self::Profile => account.profile_fields.of(ProfilePart::Change).next().is_some(),
            Self::ProfileFields => account.profile_fields.of(ProfilePart::Listed).next().is_some(),
            Self::Deletion => account.deletion_enabled,
            Self::Export => account.export_enabled,
            Self::History => account.history_enabled,
            Self::PasswordResetByCode => {
                !settings.socialaccount.only && account.password_reset_by_code_enabled
            }
            Self::LoginByUsername => login(LoginMethod::Username),
            Self::LoginByUsernameOnly => only(LoginMethod::Username),
            Self::LoginByEmail => login(LoginMethod::Email),
            Self::LoginByEmailOnly => only(LoginMethod::Email),
            Self::LoginByPhone => login(LoginMethod::Phone),
            Self::LoginByPhoneOnly => only(LoginMethod::Phone),
            Self::LoginByCode => account.login_by_code_enabled,
            Self::CodeByEmail => login(LoginMethod::Email) || !login(LoginMethod::Phone),
            Self::CodeByEmailOnly => !login(LoginMethod::Phone),
            Self::CodeByPhoneOnly => login(LoginMethod::Phone) && !login(LoginMethod::Email),
            Self::BotCheck => settings.captcha.provider.is_some(),
            Self::Hook => account.has_hook(),
            Self::Invitations => account.invitations_enabled,
            Self::Signup => account.signup_enabled && !settings.socialaccount.only,
            Self::SignupEmail => asks(SignupFieldName::Email),
            Self::SignupEmailRequired => requires(SignupFieldName::Email),
            Self::SignupEmail2 => asks(SignupFieldName::Email2),
            Self::SignupEmail2Required => requires(SignupFieldName::Email2),
            Self::SignupUsername => asks(SignupFieldName::Username),
            Self::SignupUsernameRequired => requires(SignupFieldName::Username),
            Self::SignupPhone => asks(SignupFieldName::Phone),
            Self::SignupPhoneRequired => requires(SignupFieldName::Phone),
            Self::SignupPassword => asks(SignupFieldName::Password1),
            Self::SignupPasswordRequired => requires(SignupFieldName::Password1),
            Self::Mfa => settings.apps.mfa,
            Self::Totp => supports(AuthenticatorType::Totp),
            Self::RecoveryCodes => supports(AuthenticatorType::RecoveryCodes),
            Self::Webauthn => supports(AuthenticatorType::WebAuthn),
            Self::PasskeyLogin => supports(AuthenticatorType::WebAuthn) && settings.mfa.passkey_login_enabled,
            Self::PasskeySignup => {
                supports(AuthenticatorType::WebAuthn) && settings.mfa.passkey_signup_enabled
            }
            Self::MfaTrust => {
                settings.headless.clients.browser
                    && settings.apps.mfa
                    && (settings.mfa.trust_enabled || account.login_by_code_trust_enabled)
            }
            Self::Usersessions => settings.apps.usersessions,
            Self::SessionActivity => settings.apps.usersessions && settings.usersessions.track_activity,
            Self::Socialaccount => settings.apps.socialaccount,
            Self::ProviderRedirect => {
                settings.headless.clients.browser && has_provider(settings, ProviderFlow::Redirect)
            }
            Self::ProviderToken => has_provider(settings, ProviderFlow::Token),
            Self::DummyProvider => settings.apps.socialaccount && settings.apps.has_dummy(),
            Self::SocialEmailRequired => settings.socialaccount.email_required,
        }
    }
}

fn has_provider(settings: &Settings, flow: ProviderFlow) -> bool {
    settings.apps.socialaccount
        && settings.socialaccount.providers.iter().any(|provider| provider.flows.contains(&flow))
}
