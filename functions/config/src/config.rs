//! `config`: GET.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::http::prelude::*;
use vestibule::http::present::{AuthenticatorTypeJson, ProviderJson};
use vestibule::http::profile_field::{self, ProfileFieldJson};
use vestibule::settings::{LoginMethod, LoginMethods, ProviderApp, ProviderFlow, Settings};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "getConfig",
    summary: "Get the configuration",
    text: "Independent of the session: a client needs it once, when it starts.",
    parameters: &[],
    body: Body::None,
    answers: &[ResponseSpec::data::<Config>("The settings that clients need.")],
}];

/// What clients should know of the settings.
#[derive(Serialize, JsonSchema)]
struct Config {
    account: Account,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Socialaccount))]
    socialaccount: Option<Socialaccount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Mfa))]
    mfa: Option<Mfa>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Usersessions))]
    usersessions: Option<Usersessions>,
}

/// The configuration of sign-up and login.
#[derive(Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "as the contract has it")]
struct Account {
    /// The accepted login identifiers.
    login_methods: Vec<LoginBy>,
    /// The same in the older form, without phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_method: Option<LegacyLoginMethod>,
    /// Whether sign-up is open.
    is_open_for_signup: bool,
    /// Whether email addresses are verified by code, not by link.
    email_verification_by_code_enabled: bool,
    /// Whether login by code is enabled.
    login_by_code_enabled: bool,
    /// Whether passwords are reset by code, not by link.
    password_reset_by_code_enabled: bool,
    /// The site's own fields of an account, in alphabetical order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-when" = When::ProfileFields))]
    profile_fields: Vec<ProfileFieldJson>,
}

/// The accepted login identifiers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LoginBy {
    /// An email address.
    #[schemars(extend("x-when" = When::LoginByEmail))]
    Email,
    /// A phone number.
    #[schemars(extend("x-when" = When::LoginByPhone))]
    Phone,
    /// A username.
    #[schemars(extend("x-when" = When::LoginByUsername))]
    Username,
}

/// The accepted login identifiers in the older form, without phone numbers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LegacyLoginMethod {
    Email,
    Username,
    UsernameEmail,
}

/// The configuration of providers.
#[derive(Serialize, JsonSchema)]
struct Socialaccount {
    /// The providers available to this kind of client.
    providers: Vec<ProviderJson>,
}

/// The configuration of multi-factor authentication.
#[derive(Serialize, JsonSchema)]
struct Mfa {
    /// The types of authenticators that can be added.
    supported_types: Vec<AuthenticatorTypeJson>,
    /// Whether passkey login is enabled.
    passkey_login_enabled: bool,
}

/// The configuration of the session list.
#[derive(Serialize, JsonSchema)]
struct Usersessions {
    /// Whether the list shows the time of the last request.
    track_activity: bool,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    call.input(|_| Ok(()))?;
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(Stop::NotAllowed);
    }
    Ok(Reply::ok(describe(visit.settings(), call.visitor.client)).into())
}

fn describe(settings: &Settings, client: ClientKind) -> Config {
    let apps = &settings.apps;
    Config {
        account: account(settings),
        socialaccount: apps.socialaccount.then(|| Socialaccount { providers: providers(settings, client) }),
        mfa: apps.mfa.then(|| Mfa {
            supported_types: settings
                .mfa
                .supported_types
                .iter()
                .map(|kind| AuthenticatorTypeJson::from(*kind))
                .collect(),
            passkey_login_enabled: settings.mfa.passkey_login_enabled,
        }),
        usersessions: apps
            .usersessions
            .then_some(Usersessions { track_activity: settings.usersessions.track_activity }),
    }
}

fn account(settings: &Settings) -> Account {
    let account = &settings.account;
    Account {
        login_methods: account.login_methods.iter().map(LoginBy::from).collect(),
        authentication_method: authentication_method(&account.login_methods),
        is_open_for_signup: account.signup_enabled,
        email_verification_by_code_enabled: account.email_verification_by_code_enabled,
        login_by_code_enabled: account.login_by_code_enabled,
        password_reset_by_code_enabled: account.password_reset_by_code_enabled,
        profile_fields: profile_field::listed(&account.profile_fields),
    }
}

impl From<LoginMethod> for LoginBy {
    fn from(method: LoginMethod) -> Self {
        match method {
            LoginMethod::Email => Self::Email,
            LoginMethod::Phone => Self::Phone,
            LoginMethod::Username => Self::Username,
        }
    }
}

fn authentication_method(methods: &LoginMethods) -> Option<LegacyLoginMethod> {
    match (methods.contains(LoginMethod::Email), methods.contains(LoginMethod::Username)) {
        (true, true) => Some(LegacyLoginMethod::UsernameEmail),
        (true, false) => Some(LegacyLoginMethod::Email),
        (false, true) => Some(LegacyLoginMethod::Username),
        (false, false) => None,
    }
}

fn providers(settings: &Settings, client: ClientKind) -> Vec<ProviderJson> {
    let needed = match client {
        ClientKind::Browser => ProviderFlow::Redirect,
        ClientKind::App => ProviderFlow::Token,
    };
    let providers = settings.socialaccount.shown();
    let mut providers: Vec<&ProviderApp> =
        providers.filter(|provider| provider.flows.contains(&needed)).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    providers.into_iter().map(ProviderJson::from).collect()
}
