//! How accounts and sessions look to clients: users, methods and flows.

use lambda_http::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::reply::Reply;
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::{self, Factor};
use crate::domain::email;
use crate::domain::message::Recipient;
use crate::domain::profile::{Metadata, ProfileValues};
use crate::domain::session::{self, AuthenticationRecord};
use crate::domain::stage::StageKey;
use crate::domain::time::Timestamp;
use crate::flows::visit::{ClientKind, Visit};
use crate::flows::{password_reset, reauthenticate, reauthenticate_by_code};
use crate::settings::{ProfilePart, ProviderApp, ProviderFlow, Settings, When};

/// The id of an account: a number if it is one, as those are that come from Django.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum UserId {
    /// A number.
    Integer(i64),
    /// Any other text.
    Text(String),
}

impl UserId {
    fn of(id: &AccountId) -> Self {
        id.as_integer().map_or_else(|| Self::Text(id.as_str().to_owned()), Self::Integer)
    }
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User", extend("x-profile" = ProfilePart::Shown))]
pub struct UserJson {
    /// The id of the account.
    pub id: UserId,
    /// The display name: the username, or else the email address.
    pub display: String,
    /// Whether the account has a password.
    pub has_usable_password: bool,
    /// The primary email address, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Usernames))]
    pub username: Option<String>,
    /// The values of the site's own fields, if the user is authenticated.
    #[serde(flatten)]
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The metadata that operators have given the account for its user, if there are any and the user is authenticated.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub public_metadata: Metadata,
}

/// The values of the site's own fields.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Profile", extend("x-profile" = ProfilePart::Shown))]
pub struct ProfileJson {
    #[serde(flatten)]
    #[schemars(skip)]
    values: Map<String, Value>,
}

impl ProfileJson {
    /// Those of a profile.
    pub fn of(profile: &ProfileValues, settings: &Settings) -> Self {
        Self { values: settings.account.profile_fields.shown(profile) }
    }
}

/// An email address of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EmailAddress")]
pub struct EmailAddressJson {
    /// The email address.
    pub email: String,
    /// Whether it is verified.
    pub verified: bool,
    /// Whether it is the primary one, which receives mail.
    pub primary: bool,
    /// Present, and `true`, if mail to it bounced or was reported as spam within the last 14 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undeliverable: Option<bool>,
}

/// The authenticated user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Authenticated {
    /// The user.
    pub user: UserJson,
    /// The authentication methods used in this session, oldest first.
    pub methods: Vec<AuthenticationMethod>,
}

/// The flows that lead to an authenticated session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unauthenticated {
    /// The available flows; one of them may be pending.
    pub flows: Vec<Flow>,
}

/// The flows that lead to a reauthenticated session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReauthenticationRequired {
    /// The authenticated user.
    pub user: UserJson,
    /// The authentication methods used so far.
    pub methods: Vec<AuthenticationMethod>,
    /// The available flows; none where the account has no method left.
    pub flows: Vec<Flow>,
}

/// Metadata of an authenticated response.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuthenticatedMeta {
    /// Always `true`.
    pub is_authenticated: bool,
    /// The new session token, if it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::App))]
    pub session_token: Option<String>,
    /// The access token (JWT) for other APIs; present on the response that authenticates.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Jwt))]
    pub access_token: Option<String>,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Jwt))]
    pub refresh_token: Option<String>,
}

/// Metadata of an unauthenticated response.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnauthenticatedMeta {
    /// `true` if reauthentication is required, `false` if authentication is; `null` if no flow is pending, and on 410.
    pub is_authenticated: Option<bool>,
    /// The new session token, if it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::App))]
    pub session_token: Option<String>,
}

/// An authentication method used in a session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuthenticationMethod {
    /// The method.
    pub method: MethodName,
    /// The time of authentication, as a Unix timestamp.
    pub at: f64,
    /// The email address used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The username used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::LoginByUsername))]
    pub username: Option<String>,
    /// The phone number used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::LoginByPhone))]
    pub phone: Option<String>,
    /// The id of the authenticator used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Mfa))]
    pub id: Option<i64>,
    /// The type of the authenticator used.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Mfa))]
    pub kind: Option<AuthenticatorTypeJson>,
    /// Present if a passkey was the only factor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("x-when" = When::Webauthn))]
    pub passwordless: bool,
    /// The id of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Socialaccount))]
    pub provider: Option<String>,
    /// The uid of the account at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Socialaccount))]
    pub uid: Option<String>,
    /// Present if the method was used to reauthenticate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reauthenticated: bool,
}

/// An authentication method.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodName {
    /// A password.
    Password,
    /// A one-time code sent by mail or text message.
    Code,
    /// A password reset.
    PasswordReset,
    /// An authenticator: a second factor or a passkey.
    #[schemars(extend("x-when" = When::Mfa))]
    Mfa,
    /// A third-party provider.
    #[schemars(extend("x-when" = When::Socialaccount))]
    Socialaccount,
}

/// An authenticator of an account (NIST SP 800-63B), besides its password.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Authenticator")]
pub enum AuthenticatorJson {
    /// An authenticator app.
    #[schemars(extend("x-when" = When::Totp))]
    Totp(TotpAuthenticator),
    /// Recovery codes.
    #[schemars(extend("x-when" = When::RecoveryCodes))]
    RecoveryCodes(RecoveryCodesAuthenticator),
    /// A security key or a passkey.
    #[schemars(extend("x-when" = When::Webauthn))]
    WebAuthn(WebAuthnAuthenticator),
}

/// An authenticator app (TOTP, RFC 6238).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TOTPAuthenticator")]
pub struct TotpAuthenticator {
    /// The authenticator's type.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["totp"]))]
    pub kind: &'static str,
    /// The time of creation, as a Unix timestamp.
    pub created_at: f64,
    /// The time of the last use, as a Unix timestamp; `null` if unused.
    pub last_used_at: Option<f64>,
}

/// Recovery codes: single-use look-up secrets (NIST SP 800-63B).
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecoveryCodesAuthenticator {
    /// The authenticator's type.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["recovery_codes"]))]
    pub kind: &'static str,
    /// The time of creation, as a Unix timestamp.
    pub created_at: f64,
    /// The time of the last use, as a Unix timestamp; `null` if unused.
    pub last_used_at: Option<f64>,
    /// The number of codes generated.
    pub total_code_count: usize,
    /// The number of unused codes.
    pub unused_code_count: usize,
}

/// A security key or a passkey (Web Authentication).
#[derive(Debug, Serialize, JsonSchema)]
pub struct WebAuthnAuthenticator {
    /// The id of the authenticator.
    pub id: i64,
    /// The authenticator's type.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["webauthn"]))]
    pub kind: &'static str,
    /// The display name.
    pub name: String,
    /// The time of creation, as a Unix timestamp.
    pub created_at: f64,
    /// The time of the last use, as a Unix timestamp; `null` if unused.
    pub last_used_at: Option<f64>,
    /// Whether it is a passkey, usable for passwordless login; absent if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_passwordless: Option<bool>,
}

/// A type of authenticator.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AuthenticatorType")]
pub enum AuthenticatorTypeJson {
    /// Recovery codes.
    #[schemars(extend("x-when" = When::RecoveryCodes))]
    RecoveryCodes,
    /// An authenticator app.
    #[schemars(extend("x-when" = When::Totp))]
    Totp,
    /// A security key or a passkey.
    #[schemars(extend("x-when" = When::Webauthn))]
    Webauthn,
}

/// A third-party provider (OAuth 2.0 or OpenID Connect).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub struct ProviderJson {
    /// The id of the provider.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The supported flows.
    pub flows: Vec<ProviderFlowName>,
    /// The `client_id` of this API at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The URL of the OpenID Provider metadata (OpenID Connect Discovery).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid_configuration_url: Option<String>,
}

/// A flow that a provider supports.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderFlowName {
    /// Authorization code flow, by redirect of the browser.
    ProviderRedirect,
    /// The client obtains a token from the provider itself.
    ProviderToken,
}

/// A connected provider account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SocialAccount")]
pub struct SocialAccountJson {
    /// The uid of the account at the provider.
    pub uid: String,
    /// The display name at the provider.
    pub display: String,
    /// The provider.
    pub provider: ProviderJson,
}

/// An authentication flow.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Flow {
    /// The flow.
    pub id: FlowId,
    /// Whether the flow is pending: the client continues with its next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_pending: Option<bool>,
    /// The ids of the providers that support the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Socialaccount))]
    pub providers: Option<Vec<String>>,
    /// The provider of the pending sign-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Socialaccount))]
    pub provider: Option<ProviderJson>,
    /// The types of authenticators accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Mfa))]
    pub types: Option<Vec<AuthenticatorTypeJson>>,
    /// The verified email addresses, then the verified phone number, that a reauthentication code can be sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::OwnAccounts))]
    pub recipients: Option<Vec<ReauthenticationCodeRecipient>>,
}

/// A recipient of a reauthentication code: either an email address or a phone number.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReauthenticationCodeRecipient {
    /// An email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The id of an authentication flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowId {
    /// Log in with a password.
    #[schemars(extend("x-when" = When::OwnAccounts))]
    Login,
    /// Log in with a code sent by mail or text message.
    LoginByCode,
    /// Sign up.
    #[schemars(extend("x-when" = When::Signup))]
    Signup,
    /// Log in through a provider, by redirect.
    #[schemars(extend("x-when" = When::ProviderRedirect))]
    ProviderRedirect,
    /// Log in with a token of a provider.
    #[schemars(extend("x-when" = When::ProviderToken))]
    ProviderToken,
    /// Complete a provider sign-up.
    #[schemars(extend("x-when" = When::Socialaccount))]
    ProviderSignup,
    /// Log in with a passkey.
    #[schemars(extend("x-when" = When::PasskeyLogin))]
    MfaLoginWebauthn,
    /// Reauthenticate with the password.
    Reauthenticate,
    /// Reauthenticate with a code sent by mail or text message.
    #[schemars(extend("x-when" = When::OwnAccounts))]
    ReauthenticateByCode,
    /// Reauthenticate with an authenticator.
    #[schemars(extend("x-when" = When::Mfa))]
    MfaReauthenticate,
    /// Verify the phone number.
    VerifyPhone,
    /// Verify the email address.
    VerifyEmail,
    /// Authenticate with a second factor.
    #[schemars(extend("x-when" = When::Mfa))]
    MfaAuthenticate,
    /// Choose whether to trust this browser.
    #[schemars(extend("x-when" = When::MfaTrust))]
    MfaTrust,
    /// Create the passkey of a sign-up.
    #[schemars(extend("x-when" = When::PasskeySignup))]
    MfaSignupWebauthn,
    /// Reset the password with a code sent by mail.
    #[schemars(extend("x-when" = When::PasswordResetByCode))]
    PasswordResetByCode,
}

impl From<StageKey> for FlowId {
    fn from(stage: StageKey) -> Self {
        match stage {
            StageKey::LoginByCode => Self::LoginByCode,
            StageKey::VerifyPhone => Self::VerifyPhone,
            StageKey::VerifyEmail => Self::VerifyEmail,
            StageKey::MfaAuthenticate => Self::MfaAuthenticate,
            StageKey::MfaTrust => Self::MfaTrust,
            StageKey::MfaSignupWebauthn => Self::MfaSignupWebauthn,
        }
    }
}

impl From<ProviderFlow> for FlowId {
    fn from(flow: ProviderFlow) -> Self {
        match flow {
            ProviderFlow::Redirect => Self::ProviderRedirect,
            ProviderFlow::Token => Self::ProviderToken,
        }
    }
}

impl From<FlowId> for Flow {
    fn from(id: FlowId) -> Self {
        Self { id, is_pending: None, providers: None, provider: None, types: None, recipients: None }
    }
}

impl From<Recipient> for ReauthenticationCodeRecipient {
    fn from(recipient: Recipient) -> Self {
        match recipient {
            Recipient::Email(email) => Self { email: Some(email::shown(&email)), phone: None },
            Recipient::Phone(phone) => Self { email: None, phone: Some(phone) },
        }
    }
}

impl From<session::Method> for MethodName {
    fn from(method: session::Method) -> Self {
        match method {
            session::Method::Password => Self::Password,
            session::Method::Code => Self::Code,
            session::Method::PasswordReset => Self::PasswordReset,
            session::Method::Mfa => Self::Mfa,
            session::Method::SocialAccount => Self::Socialaccount,
        }
    }
}

impl From<&AuthenticationRecord> for AuthenticationMethod {
    fn from(record: &AuthenticationRecord) -> Self {
        Self {
            method: record.method.into(),
            at: record.at.as_seconds(),
            email: record.email.as_deref().map(email::shown),
            username: record.username.clone(),
            phone: record.phone.clone(),
            id: record.authenticator.map(|used| used.id),
            kind: record.authenticator.map(|used| used.kind.into()),
            passwordless: record.authenticator.is_some_and(|used| used.passwordless),
            provider: record.provider.clone(),
            uid: record.uid.clone(),
            reauthenticated: record.reauthenticated,
        }
    }
}

impl From<&email::EmailAddress> for EmailAddressJson {
    fn from(address: &email::EmailAddress) -> Self {
        let email::EmailAddress { email, verified, primary, .. } = address;
        Self { email: email::shown(email), verified: *verified, primary: *primary, undeliverable: None }
    }
}

impl From<authenticator::AuthenticatorType> for AuthenticatorTypeJson {
    fn from(kind: authenticator::AuthenticatorType) -> Self {
        match kind {
            authenticator::AuthenticatorType::RecoveryCodes => Self::RecoveryCodes,
            authenticator::AuthenticatorType::Totp => Self::Totp,
            authenticator::AuthenticatorType::WebAuthn => Self::Webauthn,
        }
    }
}

impl From<&authenticator::Authenticator> for AuthenticatorJson {
    fn from(authenticator: &authenticator::Authenticator) -> Self {
        let created_at = authenticator.created_at.as_seconds();
        let last_used_at = authenticator.last_used_at.map(Timestamp::as_seconds);
        match &authenticator.factor {
            Factor::Totp(_) => Self::Totp(TotpAuthenticator { kind: "totp", created_at, last_used_at }),
            Factor::RecoveryCodes(codes) => Self::RecoveryCodes(RecoveryCodesAuthenticator {
                kind: "recovery_codes",
                created_at,
                last_used_at,
                total_code_count: codes.total,
                unused_code_count: codes.unused.len(),
            }),
            Factor::WebAuthn(credential) => Self::WebAuthn(WebAuthnAuthenticator {
                id: authenticator.id,
                kind: "webauthn",
                name: credential.name.clone(),
                created_at,
                last_used_at,
                is_passwordless: credential.passwordless,
            }),
        }
    }
}

impl From<ProviderFlow> for ProviderFlowName {
    fn from(flow: ProviderFlow) -> Self {
        match flow {
            ProviderFlow::Redirect => Self::ProviderRedirect,
            ProviderFlow::Token => Self::ProviderToken,
        }
    }
}

impl From<&ProviderApp> for ProviderJson {
    fn from(provider: &ProviderApp) -> Self {
        Self {
            id: provider.id.clone(),
            name: provider.name.clone(),
            flows: provider.flows.iter().map(|flow| ProviderFlowName::from(*flow)).collect(),
            client_id: provider.client_id.clone(),
            openid_configuration_url: provider.openid_configuration_url.clone(),
        }
    }
}

/// A connected provider account.
pub fn social_account(settings: &Settings, id: &str, uid: &str, display: Option<&str>) -> SocialAccountJson {
    let app = settings.socialaccount.app(id);
    // One that is in the settings no more is known by its id only.
    let unknown = || ProviderJson {
        id: id.to_owned(),
        name: id.to_owned(),
        flows: Vec::new(),
        client_id: None,
        openid_configuration_url: None,
    };
    SocialAccountJson {
        uid: uid.to_owned(),
        display: display.unwrap_or(app.map_or(id, |app| &app.name)).to_owned(),
        provider: app.map_or_else(unknown, ProviderJson::from),
    }
}

/// The user of an account, for a client that has authenticated as that user.
pub fn authenticated_user(account: &Account, settings: &Settings) -> UserJson {
    UserJson {
        profile: settings.account.profile_fields.shown(&account.profile),
        public_metadata: account.public_metadata.clone(),
        ..user(account, settings)
    }
}

/// The user of an account; empty attributes are omitted. Without the profile: a link to verify a mistyped email address
/// comes to another person.
pub fn user(account: &Account, settings: &Settings) -> UserJson {
    let filled = |text: &&str| !text.is_empty();
    let username = account.username.as_deref().filter(filled).filter(|_| settings.account.usernames);
    UserJson {
        id: UserId::of(&account.id),
        display: account.display(),
        has_usable_password: account.password.is_some(),
        email: account.primary_email().filter(filled).map(email::shown),
        username: username.map(str::to_owned),
        profile: Map::new(),
        public_metadata: Metadata::new(),
    }
}

/// The authentication status: 200 with the user, or 401 with the flows.
pub fn authentication(visit: &Visit<'_>) -> Reply {
    match visit.user() {
        Some(account) => {
            let (user, methods) = (authenticated_user(account, visit.settings()), methods(visit, account));
            Reply::ok(Authenticated { user, methods }).with_meta("is_authenticated", json!(true))
        }
        None => unauthenticated(visit, StatusCode::UNAUTHORIZED, json!(false)),
    }
}

/// Reauthentication required: 401 with the user and the reauthentication flows.
pub fn reauthentication(visit: &Visit<'_>) -> Reply {
    let Some(account) = visit.user() else { return authentication(visit) };
    let data = ReauthenticationRequired {
        user: authenticated_user(account, visit.settings()),
        methods: methods(visit, account),
        flows: flows(visit, Some(account)),
    };
    Reply::status(StatusCode::UNAUTHORIZED).with_data(data).with_meta("is_authenticated", json!(true))
}

/// No flow is pending (401), or the session no longer exists (410).
pub fn unauthorized(visit: &Visit<'_>, status: StatusCode) -> Reply {
    unauthenticated(visit, status, json!(null))
}

fn unauthenticated(visit: &Visit<'_>, status: StatusCode, is_authenticated: Value) -> Reply {
    let data = Unauthenticated { flows: flows(visit, None) };
    Reply::status(status).with_data(data).with_meta("is_authenticated", is_authenticated)
}

fn methods(visit: &Visit<'_>, account: &Account) -> Vec<AuthenticationMethod> {
    visit.session().records_of(&account.id).iter().map(AuthenticationMethod::from).collect()
}

fn flows(visit: &Visit<'_>, account: Option<&Account>) -> Vec<Flow> {
    let settings = visit.settings();
    let mut flows = match account {
        Some(account) => reauthentication_flows(account, settings),
        None => login_flows(visit),
    };
    if let Some(pending) = visit.session().pending() {
        let id = FlowId::from(pending.stage.key());
        match flows.iter_mut().find(|flow| flow.id == id) {
            Some(flow) => flow.is_pending = Some(true),
            None => {
                let account = pending.attempt.account.as_ref().filter(|_| id == FlowId::MfaAuthenticate);
                let types = account.and_then(|id| visit.account(id).ok().flatten()).map(types);
                flows.push(Flow { is_pending: Some(true), types, ..id.into() });
            }
        }
    }
    if account.is_some() && When::OwnAccounts.holds(settings) && reauthenticate_by_code::is_pending(visit) {
        let id = FlowId::ReauthenticateByCode;
        match flows.iter_mut().find(|flow| flow.id == id) {
            Some(flow) => flow.is_pending = Some(true),
            None => flows.push(Flow { is_pending: Some(true), ..id.into() }),
        }
    }
    if When::PasswordResetByCode.holds(settings) {
        let is_pending = Some(password_reset::is_pending(visit));
        flows.push(Flow { is_pending, ..FlowId::PasswordResetByCode.into() });
    }
    flows
}

fn reauthentication_flows(account: &Account, settings: &Settings) -> Vec<Flow> {
    let reauthenticate::Methods { password, recipients, authenticators } =
        reauthenticate::Methods::of(settings, account);
    let mut flows: Vec<Flow> = Vec::new();
    if password {
        flows.push(FlowId::Reauthenticate.into());
    }
    if !recipients.is_empty() {
        let recipients = recipients.into_iter().map(ReauthenticationCodeRecipient::from).collect();
        flows.push(Flow { recipients: Some(recipients), ..FlowId::ReauthenticateByCode.into() });
    }
    if !authenticators.is_empty() {
        let types = authenticators.into_iter().map(AuthenticatorTypeJson::from).collect();
        flows.push(Flow { types: Some(types), ..FlowId::MfaReauthenticate.into() });
    }
    flows
}

fn types(account: &Account) -> Vec<AuthenticatorTypeJson> {
    account.authenticator_types().into_iter().map(AuthenticatorTypeJson::from).collect()
}

fn login_flows(visit: &Visit<'_>) -> Vec<Flow> {
    let settings = visit.settings();
    let offered = [
        (FlowId::Login, When::OwnAccounts),
        (FlowId::LoginByCode, When::LoginByCode),
        (FlowId::Signup, When::Signup),
    ];
    let mut flows: Vec<Flow> =
        offered.into_iter().filter(|(_, when)| when.holds(settings)).map(|(id, _)| id.into()).collect();
    if settings.apps.socialaccount {
        let kinds: &[ProviderFlow] = match visit.visitor.client {
            ClientKind::Browser => &[ProviderFlow::Redirect, ProviderFlow::Token],
            ClientKind::App => &[ProviderFlow::Token],
        };
        flows.extend(kinds.iter().filter_map(|kind| provider_flow(settings, *kind)));
        flows.extend(provider_signup_flow(visit));
    }
    if When::PasskeyLogin.holds(settings) {
        flows.push(FlowId::MfaLoginWebauthn.into());
    }
    flows
}

fn provider_flow(settings: &Settings, kind: ProviderFlow) -> Option<Flow> {
    let providers = settings.socialaccount.shown().filter(|provider| provider.flows.contains(&kind));
    let ids: Vec<String> = providers.map(|provider| provider.id.clone()).collect();
    (!ids.is_empty()).then(|| Flow { providers: Some(ids), ..FlowId::from(kind).into() })
}

fn provider_signup_flow(visit: &Visit<'_>) -> Option<Flow> {
    let pending = visit.session().social_signup.as_ref()?;
    let app = visit.settings().socialaccount.app(&pending.profile.provider)?;
    Some(Flow {
        provider: Some(ProviderJson::from(app)),
        is_pending: Some(true),
        ..FlowId::ProviderSignup.into()
    })
}
