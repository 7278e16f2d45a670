//! `config`: GET.

use lambda_http::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use vestibule::flows::visit::{Client, Visit};
use vestibule::http::call::Call;
use vestibule::http::present::{AuthenticatorType, Provider};
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};
use vestibule::settings::{LoginMethod, LoginMethods, ProviderApp, ProviderFlow, Settings, When};

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "getConfig",
    summary: "See how the service is set up",
    text: "The same for everybody: it is enough to ask once, when a client starts.",
    parameters: &[],
    body: Body::None,
    answers: &[Answer::data::<Config>("What clients should know of the settings.")],
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

/// Signing up and logging in.
#[derive(Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "as the contract has it")]
struct Account {
    /// What people log in with.
    login_methods: Vec<LoginBy>,
    /// The same for old clients, which know of no phones.
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_method: Option<OldLoginMethod>,
    /// Whether people can sign up.
    is_open_for_signup: bool,
    /// Whether addresses are verified by a code rather than a link.
    email_verification_by_code_enabled: bool,
    /// Whether people can log in with a code that is sent to them.
    login_by_code_enabled: bool,
    /// Whether a new password is set with a code rather than a link.
    password_reset_by_code_enabled: bool,
}

/// What people log in with.
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

/// What people log in with, besides phone numbers.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OldLoginMethod {
    Email,
    Username,
    UsernameEmail,
}

/// Other services.
#[derive(Serialize, JsonSchema)]
struct Socialaccount {
    /// Those that this kind of client can send people to.
    providers: Vec<Provider>,
}

/// Second factors.
#[derive(Serialize, JsonSchema)]
struct Mfa {
    /// Which people can have.
    supported_types: Vec<AuthenticatorType>,
    /// Whether a passkey is enough to log in.
    passkey_login_enabled: bool,
}

/// The sessions that people see.
#[derive(Serialize, JsonSchema)]
struct Usersessions {
    /// Whether they see when each was last used.
    track_activity: bool,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    call.input(|_| Ok(()))?;
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(Halt::NotAllowed);
    }
    Ok(Reply::ok(describe(visit.settings(), call.visitor.client)))
}

fn describe(settings: &Settings, client: Client) -> Config {
    let apps = &settings.apps;
    Config {
        account: account(settings),
        socialaccount: apps.socialaccount.then(|| Socialaccount { providers: providers(settings, client) }),
        mfa: apps.mfa.then(|| Mfa {
            supported_types: settings
                .mfa
                .supported_types
                .iter()
                .map(|kind| AuthenticatorType::from(*kind))
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

fn authentication_method(methods: &LoginMethods) -> Option<OldLoginMethod> {
    match (methods.contains(LoginMethod::Email), methods.contains(LoginMethod::Username)) {
        (true, true) => Some(OldLoginMethod::UsernameEmail),
        (true, false) => Some(OldLoginMethod::Email),
        (false, true) => Some(OldLoginMethod::Username),
        (false, false) => None,
    }
}

fn providers(settings: &Settings, client: Client) -> Vec<Provider> {
    let needed = match client {
        Client::Browser => ProviderFlow::Redirect,
        Client::App => ProviderFlow::Token,
    };
    let providers = settings.socialaccount.shown();
    let mut providers: Vec<&ProviderApp> =
        providers.filter(|provider| provider.flows.contains(&needed)).collect();
    providers.sort_by(|a, b| a.name.cmp(&b.name));
    providers.into_iter().map(Provider::from).collect()
}
