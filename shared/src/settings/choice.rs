//! Settings that are a choice among a few words, or a list of such choices.

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::kind::{Kind, Raw, Wrong, list, optional, switch, text};
use super::provider::{DUMMY, OPENID_CONNECT, known_provider};
use crate::domain::account_id::AccountId;
use crate::domain::authenticator::AuthenticatorType;
use crate::domain::time::Timestamp;
use crate::random::Random;

/// Whether login requires a verified email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailVerification {
    /// Login requires a verified email address.
    Mandatory,
    /// A verification mail is sent, but login does not require it.
    Optional,
    /// No mail is sent at sign-up.
    None,
}

pub(super) const EMAIL_VERIFICATION: Kind<EmailVerification> =
    Kind::new("\"mandatory\", \"optional\" or \"none\"", email_verification);

pub(super) const OPTIONAL_EMAIL_VERIFICATION: Kind<Option<EmailVerification>> =
    Kind::new("\"mandatory\", \"optional\", \"none\" or null", |raw| optional(raw, email_verification));

fn email_verification(raw: &Raw<'_>) -> Result<EmailVerification, Wrong> {
    match (text(raw)?.as_str(), switch(raw)) {
        ("mandatory", _) | (_, Ok(true)) => Ok(EmailVerification::Mandatory),
        ("optional", _) | (_, Ok(false)) => Ok(EmailVerification::Optional),
        ("none", _) => Ok(EmailVerification::None),
        _ => Err(Wrong::Shape),
    }
}

/// The extent of enumeration prevention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreventEnumeration {
    /// Not at all.
    Off,
    /// As far as email addresses stay unique.
    On,
    /// Everywhere, even if several accounts can then share an unverified email address.
    Strict,
}

impl PreventEnumeration {
    /// Whether anything is hidden at all.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

pub(super) const PREVENT_ENUMERATION: Kind<PreventEnumeration> =
    Kind::new("true, false or \"strict\"", |raw| match (text(raw)?.as_str(), switch(raw)) {
        ("strict", _) => Ok(PreventEnumeration::Strict),
        (_, Ok(on)) => Ok(if on { PreventEnumeration::On } else { PreventEnumeration::Off }),
        _ => Err(Wrong::Shape),
    });

/// Personal data that events can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventData {
    /// The IP address of the client.
    Ip,
    /// Its `User-Agent`.
    UserAgent,
    /// The email address that an event is about.
    Email,
    /// The phone number that an event is about.
    Phone,
}

pub(super) const EVENT_DATA: Kind<Vec<EventData>> =
    Kind::new("a list of any of \"ip\", \"user_agent\", \"email\", \"phone\"", |raw| {
        let read = |word: &String| match word.as_str() {
            "ip" => Ok(EventData::Ip),
            "user_agent" => Ok(EventData::UserAgent),
            "email" => Ok(EventData::Email),
            "phone" => Ok(EventData::Phone),
            _ => Err(Wrong::Shape),
        };
        list(raw)?.iter().map(read).collect()
    });

/// A login identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMethod {
    /// An email address.
    Email,
    /// A phone number.
    Phone,
    /// A username.
    Username,
}

impl LoginMethod {
    /// The name allauth has for it, as `config` shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Username => "username",
        }
    }
}

/// One or more login identifiers, in the order given, without duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginMethods(Vec<LoginMethod>);

impl LoginMethods {
    /// Whether login with this identifier is enabled.
    pub fn contains(&self, method: LoginMethod) -> bool {
        self.0.contains(&method)
    }

    /// The method, where there is just one.
    pub fn only(&self) -> Option<LoginMethod> {
        if let [method] = self.0.as_slice() { Some(*method) } else { None }
    }

    /// The methods in the order given.
    pub fn iter(&self) -> impl Iterator<Item = LoginMethod> {
        self.0.iter().copied()
    }

    fn parse(words: &[&str]) -> Result<Self, Wrong> {
        let mut methods = Vec::new();
        for word in words {
            let known = [LoginMethod::Email, LoginMethod::Phone, LoginMethod::Username];
            let method = known.into_iter().find(|method| method.name() == *word).ok_or(Wrong::Shape)?;
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        if methods.is_empty() { Err(Wrong::Shape) } else { Ok(Self(methods)) }
    }
}

pub(super) const LOGIN_METHODS: Kind<LoginMethods> =
    Kind::new("a list of one or more of \"email\", \"phone\", \"username\"", |raw| {
        let words = list(raw)?;
        LoginMethods::parse(&words.iter().map(String::as_str).collect::<Vec<_>>())
    });

pub(super) const AUTHENTICATION_METHOD: Kind<Option<LoginMethods>> =
    Kind::new("\"email\", \"username\" or \"username_email\"", |raw| match optional(raw, text)?.as_deref() {
        None => Ok(None),
        Some("username_email") => LoginMethods::parse(&["username", "email"]).map(Some),
        Some(word @ ("email" | "username")) => LoginMethods::parse(&[word]).map(Some),
        Some(_) => Err(Wrong::Shape),
    });

/// The methods after which a login by code is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginByCodeRequired {
    /// After none.
    Never,
    /// After each.
    Always,
    /// After these: `password`, `mfa`, `socialaccount`.
    After(Vec<String>),
}

pub(super) const LOGIN_BY_CODE_REQUIRED: Kind<LoginByCodeRequired> =
    Kind::new("true, false, or a list of \"password\", \"mfa\", \"socialaccount\"", |raw| {
        if let Ok(always) = switch(raw) {
            return Ok(if always { LoginByCodeRequired::Always } else { LoginByCodeRequired::Never });
        }
        let methods = list(raw)?;
        if methods.iter().all(|method| matches!(method.as_str(), "password" | "mfa" | "socialaccount")) {
            Ok(LoginByCodeRequired::After(methods))
        } else {
            Err(Wrong::Shape)
        }
    });

/// The methods that users can reauthenticate by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReauthenticationMethods {
    /// The password.
    pub password: bool,
    /// A code by mail or text message.
    pub code: bool,
    /// An authenticator.
    pub mfa: bool,
}

pub(super) const REAUTHENTICATION_METHODS: Kind<ReauthenticationMethods> =
    Kind::new("a list of \"password\", \"code\", \"mfa\", or null for all of them", |raw| {
        let Some(words) = optional(raw, list)? else {
            return Ok(ReauthenticationMethods { password: true, code: true, mfa: true });
        };
        let mut methods = ReauthenticationMethods { password: false, code: false, mfa: false };
        for word in words {
            match word.as_str() {
                "password" => methods.password = true,
                "code" => methods.code = true,
                "mfa" => methods.mfa = true,
                _ => return Err(Wrong::Shape),
            }
        }
        Ok(methods)
    });

/// Whether usernames exist: whether the name of their field is not null.
pub(super) const USERNAME_FIELD: Kind<bool> =
    Kind::new("\"username\", or null for accounts without usernames", |raw| match &raw.json {
        Some(Value::Null) => Ok(false),
        Some(Value::String(_)) | None => text(raw).map(|_| true),
        _ => Err(Wrong::Shape),
    });

/// The enabled kinds of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Browsers, which hold their session in a cookie.
    pub browser: bool,
    /// Apps, which hold their session in a token.
    pub app: bool,
}

pub(super) const CLIENTS: Kind<Clients> = Kind::new("a list of one or both of \"browser\", \"app\"", |raw| {
    let mut clients = Clients { browser: false, app: false };
    for word in list(raw)? {
        match word.as_str() {
            "browser" => clients.browser = true,
            "app" => clients.app = true,
            _ => return Err(Wrong::Shape),
        }
    }
    if clients.browser || clients.app { Ok(clients) } else { Err(Wrong::Shape) }
});

pub(super) const HEADLESS_ONLY: Kind<bool> = Kind::new("true", |raw| {
    if switch(raw)? {
        Ok(true)
    } else {
        Err(Wrong::Because("must be true: there are no HTML pages here, only the headless API".to_owned()))
    }
});

/// The format of the ids of new accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountIdFormat {
    /// A UUID of version 7.
    Uuid,
    /// A random positive number of 31 bits, as Django's are numbers.
    Integer,
}

impl AccountIdFormat {
    /// A new id. A number may be taken: the commit fails then, and another one is drawn.
    pub fn new_id(self, random: &Random, now: Timestamp) -> Option<AccountId> {
        AccountId::parse(&match self {
            Self::Uuid => random.uuid(now),
            Self::Integer => random.id().to_string(),
        })
    }
}

pub(super) const ACCOUNT_ID_FORMAT: Kind<AccountIdFormat> =
    Kind::new("\"uuid\" or \"integer\"", |raw| match text(raw)?.as_str() {
        "uuid" => Ok(AccountIdFormat::Uuid),
        "integer" => Ok(AccountIdFormat::Integer),
        _ => Err(Wrong::Shape),
    });

/// The tokens issued to apps at login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStrategy {
    /// A session token.
    Sessions,
    /// An access token and a refresh token as well.
    Jwt,
}

pub(super) const TOKEN_STRATEGY: Kind<TokenStrategy> = Kind::new("\"sessions\" or \"jwt\"", |raw| {
    match text(raw)?.as_str() {
        "sessions"
        | "allauth.headless.tokens.strategies.sessions.SessionTokenStrategy"
        | "allauth.headless.tokens.sessions.SessionTokenStrategy" => Ok(TokenStrategy::Sessions),
        "jwt" | "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy" => Ok(TokenStrategy::Jwt),
        other if other.contains('.') => Err(Wrong::Because(
            "must be \"sessions\" or \"jwt\": a strategy written in Python cannot run here; HEADLESS_JWT_CLAIMS adds claims \
             to tokens"
                .to_owned(),
        )),
        _ => Err(Wrong::Shape),
    }
});

pub(super) const JWT_ALGORITHM: Kind<Algorithm> = Kind::new(
    "\"RS256\", \"RS384\", \"RS512\", \"ES256\", \"EdDSA\", \"HS256\", \"HS384\" or \"HS512\"",
    |raw| match text(raw)?.parse() {
        Ok(Algorithm::ES384 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512) | Err(_) => {
            Err(Wrong::Shape)
        }
        Ok(algorithm) => Ok(algorithm),
    },
);

pub(super) const SUPPORTED_TYPES: Kind<Vec<AuthenticatorType>> =
    Kind::new("a list of \"recovery_codes\", \"totp\", \"webauthn\"", |raw| {
        let known = |word: &String| AuthenticatorType::ALL.into_iter().find(|kind| kind.name() == word);
        list(raw)?.iter().map(|word| known(word).ok_or(Wrong::Shape)).collect()
    });

/// The user verification requirement of security keys (WebAuthn, section 5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// It need not.
    Discouraged,
    /// It does if it can.
    Preferred,
    /// It must.
    Required,
}

impl UserVerification {
    /// As WebAuthn spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discouraged => "discouraged",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }
}

pub(super) const USER_VERIFICATION: Kind<UserVerification> =
    Kind::new("\"discouraged\", \"preferred\" or \"required\"", |raw| {
        let word = text(raw)?;
        let all = [UserVerification::Discouraged, UserVerification::Preferred, UserVerification::Required];
        all.into_iter().find(|verification| verification.name() == word).ok_or(Wrong::Shape)
    });

/// Anything but a plain yes is a no: other software has a variable of this name as well, with values of its own.
pub(super) const DEBUG: Kind<bool> = Kind::new("true or false", |raw| Ok(switch(raw).unwrap_or(false)));

/// The enabled apps of allauth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apps {
    /// `allauth.mfa`: second factors.
    pub mfa: bool,
    /// `allauth.usersessions`: listing and ending one's sessions.
    pub usersessions: bool,
    /// `allauth.socialaccount`: logging in through other services.
    pub socialaccount: bool,
    /// `allauth.socialaccount.providers.<provider>`: the providers, in their order.
    pub providers: Vec<String>,
}

/// Apps that are always there.
pub(super) const ALWAYS_INSTALLED: &[&str] = &["allauth", "allauth.account", "allauth.headless"];

/// All of them off.
pub(super) const NO_APPS: Apps =
    Apps { mfa: false, usersessions: false, socialaccount: false, providers: Vec::new() };

impl Apps {
    /// Whether the dummy provider is enabled: for tests only.
    pub fn has_dummy(&self) -> bool {
        self.providers.iter().any(|provider| provider == DUMMY)
    }

    /// Switches the app of that name on; false when there is none.
    pub(super) fn install(&mut self, app: &str) -> bool {
        match app {
            "allauth.mfa" => self.mfa = true,
            "allauth.usersessions" => self.usersessions = true,
            "allauth.socialaccount" => self.socialaccount = true,
            _ => match app.strip_prefix("allauth.socialaccount.providers.") {
                Some(provider)
                    if matches!(provider, DUMMY | OPENID_CONNECT) || known_provider(provider).is_some() =>
                {
                    self.providers.push(provider.to_owned());
                }
                _ => return false,
            },
        }
        true
    }
}

pub(super) const APPS: Kind<Apps> = Kind::new("a list of apps", |raw| {
    let mut apps = NO_APPS;
    for app in list(raw)? {
        apps.install(&app);
    }
    Ok(apps)
});
