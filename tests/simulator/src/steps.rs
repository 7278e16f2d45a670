//! Requests: what each is for, and what its sender knows of it.

use http::Method;
use serde_json::{Value, json};

use crate::keys::Key;

/// One request, and what its sender knows of it.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The client that sends it.
    pub actor: usize,
    /// What it is for.
    pub step: Step,
    /// What can succeed only once.
    pub proof: Option<String>,
    /// The password that it sets.
    pub new_password: Option<String>,
    /// The email address, or else the phone number, that it names.
    pub email: Option<String>,
    /// The username that it names, in lower case.
    pub username: Option<String>,
    /// The phone number that it names beside it.
    pub phone: Option<String>,
    /// The mailbox, or the phone number, that got the code or the link which it gives.
    pub mailbox: Option<String>,
    /// The key that it registers.
    pub key: Option<Key>,
    /// The access token that it shows in place of its session.
    pub bearer: Option<String>,
    /// The email address that a provider says to be verified.
    pub vouched: Option<String>,
    /// The token of the bot check that it shows.
    pub pass: Option<String>,
    /// The header that it sends besides.
    pub header: Option<(&'static str, String)>,
    /// What it sends in the query.
    pub query: Option<String>,
    /// What it sends.
    pub body: Value,
}

impl Intent {
    /// What needs nothing but who asks.
    pub const fn new(actor: usize, step: Step) -> Self {
        Self {
            actor,
            step,
            proof: None,
            new_password: None,
            email: None,
            username: None,
            phone: None,
            mailbox: None,
            key: None,
            bearer: None,
            vouched: None,
            pass: None,
            header: None,
            query: None,
            body: Value::Null,
        }
    }
}

macro_rules! steps {
    ($($step:ident = $method:ident $path:literal;)*) => {
        /// What a request is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Step { $($step,)* }

        impl Step {
            /// Its method and path.
            pub fn target(self) -> (Method, &'static str) {
                match self { $(Self::$step => (Method::$method, $path),)* }
            }
        }
    };
}

steps! {
    GetConfig = GET "config";
    GetSession = GET "auth/session";
    SignUp = POST "auth/signup";
    VerifyEmail = POST "auth/email/verify";
    ResendVerification = POST "auth/email/verify/resend";
    SignUpByKey = POST "auth/webauthn/signup";
    ShowKeySignUp = GET "auth/webauthn/signup";
    CompleteKeySignUp = PUT "auth/webauthn/signup";
    VerifyPhone = POST "auth/phone/verify";
    ResendPhoneVerification = POST "auth/phone/verify/resend";
    LogIn = POST "auth/login";
    RequestLoginCode = POST "auth/code/request";
    ConfirmLoginCode = POST "auth/code/confirm";
    RequestReset = POST "auth/password/request";
    ResetPassword = POST "auth/password/reset";
    Authenticate = POST "auth/2fa/authenticate";
    LogOut = DELETE "auth/session";
    ListSessions = GET "auth/sessions";
    EndSessions = DELETE "auth/sessions";
    ChangePassword = POST "account/password/change";
    ListEmails = GET "account/email";
    AddEmail = POST "account/email";
    RequestVerification = PUT "account/email";
    SetPrimary = PATCH "account/email";
    RemoveEmail = DELETE "account/email";
    ShowPhone = GET "account/phone";
    ChangePhone = POST "account/phone";
    ShowProfile = GET "account/profile";
    ChangeProfile = PATCH "account/profile";
    ShowTotp = GET "account/authenticators/totp";
    ActivateTotp = POST "account/authenticators/totp";
    DeactivateTotp = DELETE "account/authenticators/totp";
    ShowKeyOptions = GET "account/authenticators/webauthn?passwordless";
    AddKey = POST "account/authenticators/webauthn";
    RemoveKeys = DELETE "account/authenticators/webauthn";
    ShowKeyLogin = GET "auth/webauthn/login";
    LogInByKey = POST "auth/webauthn/login";
    ShowKeyChallenge = GET "auth/webauthn/authenticate";
    AuthenticateByKey = POST "auth/webauthn/authenticate";
    ShowKeyReauthentication = GET "auth/webauthn/reauthenticate";
    ReauthenticateByKey = POST "auth/webauthn/reauthenticate";
    ShowRecoveryCodes = GET "account/authenticators/recovery-codes";
    GenerateRecoveryCodes = POST "account/authenticators/recovery-codes";
    Reauthenticate = POST "auth/reauthenticate";
    ReauthenticateByTotp = POST "auth/2fa/reauthenticate";
    RequestReauthenticationCode = POST "auth/reauthenticate/code/request";
    ConfirmReauthenticationCode = POST "auth/reauthenticate/code/confirm";
    ExportAccount = GET "account/export";
    ShowHistory = GET "account/history";
    DeleteAccount = DELETE "account";
    RefreshTokens = POST "tokens/refresh";
    GetSessionByToken = GET "auth/session";
    AskGuard = GET "/orders";
    GetKeys = GET "/.well-known/jwks.json";
    LogInByProvider = POST "auth/provider/token";
    GoToProvider = POST "auth/provider/redirect";
    ComeBack = GET "/accounts/oidc/club/login/callback/";
    ShowProviderSignup = GET "auth/provider/signup";
    SignUpByProvider = POST "auth/provider/signup";
    ListProviders = GET "account/providers";
    Disconnect = DELETE "account/providers";
    ListAuthenticators = GET "account/authenticators";
    RenameKey = PUT "account/authenticators/webauthn";
    TrustBrowser = POST "auth/2fa/trust";
    ResendLoginCode = POST "auth/code/resend";
    ResendReauthenticationCode = POST "auth/reauthenticate/code/resend";
    ReadVerification = GET "auth/email/verify";
    ReadReset = GET "auth/password/reset";
}

impl Step {
    /// What uses the challenge that this asks for.
    pub const fn answer(self) -> Option<Self> {
        match self {
            Self::ShowKeyOptions => Some(Self::AddKey),
            Self::ShowKeySignUp => Some(Self::CompleteKeySignUp),
            Self::ShowKeyLogin => Some(Self::LogInByKey),
            Self::ShowKeyChallenge => Some(Self::AuthenticateByKey),
            Self::ShowKeyReauthentication => Some(Self::ReauthenticateByKey),
            _ => None,
        }
    }

    /// Whether the bot check is asked about it, unless somebody is logged in.
    pub const fn may_be_of_bot(self) -> bool {
        matches!(
            self,
            Self::SignUp
                | Self::SignUpByKey
                | Self::SignUpByProvider
                | Self::RequestReset
                | Self::RequestLoginCode
                | Self::ResendVerification
                | Self::ResendPhoneVerification
                | Self::AddEmail
                | Self::ChangePhone
        )
    }
}

impl Intent {
    /// Whether it leaves its client as it is, whatever is answered.
    pub const fn is_aside(&self) -> bool {
        matches!(self.step, Step::GetSessionByToken | Step::AskGuard | Step::GetKeys)
    }

    /// Its body for the trace: no seed repeats the signature of a key.
    pub fn told(&self) -> String {
        let mut body = self.body.clone();
        if let Some(credential) = body.get_mut("credential") {
            *credential = credential["id"].take();
        }
        if let Some(token) = body.get_mut("token") {
            *token = json!(self.proof);
        }
        if let Some(token) = body.get_mut("refresh_token") {
            *token = json!(token.as_str().map(end_of));
        }
        if let Some(bearer) = &self.bearer {
            body = json!({"bearer": end_of(bearer)});
        }
        if let Some((name, value)) = &self.header {
            body = json!({*name: value});
        }
        body.to_string()
    }
}

/// The end of a token, by which it is known in the trace.
fn end_of(token: &str) -> &str {
    token.get(token.len().saturating_sub(8)..).unwrap_or_default()
}

/// When a request was sent, and beside what.
#[derive(Clone, Copy, Debug)]
pub struct Sending {
    /// The round.
    pub round: u32,
    /// The time, in milliseconds since 1970.
    pub at: i64,
    /// Whether its client sent nothing else in the round.
    pub is_alone: bool,
    /// Whether its client was to show a second factor, as far as it knew.
    pub needs_factor: bool,
}
