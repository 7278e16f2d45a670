//! Every setting, once: its field, kind, name, default and meaning.
//!
//! Reading, the check for unknown names, their suggestions and `docs/settings.md` all follow from this
//! table. A field's documentation is what operators read there; keep it in their words.

use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::choice::{
    APPS, AUTHENTICATION_METHOD, Apps, CLIENTS, Clients, DEBUG, EMAIL_VERIFICATION, EmailVerification,
    HEADLESS_ONLY, JWT_ALGORITHM, LOGIN_BY_CODE_REQUIRED, LOGIN_METHODS, LoginByCodeRequired, LoginMethods,
    OPTIONAL_EMAIL_VERIFICATION, PREVENT_ENUMERATION, PreventEnumeration, REAUTHENTICATION_METHODS,
    ReauthenticationMethods, SUPPORTED_TYPES, TOKEN_STRATEGY, TokenStrategy, USER_VERIFICATION,
    USERNAME_FIELD, UserVerification,
};
use super::code_format::{CODE_FORMAT, CodeFormat};
use super::cookie::{
    COOKIE_DOMAIN, COOKIE_NAME, COOKIE_PATH, HEADER_NAME, HEADER_NAMES, HOSTS, OPTIONAL_HEADER,
    OPTIONAL_ORIGIN, OPTIONAL_PREFIX, ORIGINS, RP_ID, SAMESITE, SameSite, WEBAUTHN_ORIGINS,
};
use super::frontend::{FRONTEND_URL, FRONTEND_URLS, FrontendUrls, OPTIONAL_URL};
use super::group::{Group, group};
use super::kind::{
    ATTEMPTS, DAYS, HEADER_SCHEME, Kind, LENGTH, LIST, OPTIONAL_CODE, OPTIONAL_COUNT, OPTIONAL_LENGTH,
    OPTIONAL_LIMIT, OPTIONAL_SECONDS, OPTIONAL_SWITCH, OPTIONAL_TEXT, PEM_OR_SECRET, SECONDS, SECRET,
    SECRETS, SOME_SECONDS, SWITCH, TEXT, TEXT_MAYBE_EMPTY, TIMES, whole,
};
use super::mail_address::SENDER;
use super::password_validators::{ALL_FOUR, PASSWORD_VALIDATORS, PasswordValidator};
use super::provider::{PROVIDERS, ProviderApp, SEGMENT};
use super::rate::{MAIL_RATES, MFA_RATE_LIMITS, RATE_LIMITS, RateLimits, Rates};
use super::setting::About;
use super::setting::Default::{Computed, Is, Of};
use super::signup_fields::{SIGNUP_FIELDS, SignupFields};
use crate::domain::authenticator::AuthenticatorType;
use crate::secret::Secret;

/// The least that the argon2 crate takes, RFC 9106's 8 KiB for each lane; the most is what a function can have.
const ARGON2_MEMORY: Kind<u32> = Kind::new("a number of KiB, 8 to 10485760", whole::<_, 8, 10_485_760>);
const ARGON2_ITERATIONS: Kind<u32> = Kind::new("a whole number, 1 to 1000", whole::<_, 1, 1000>);
const ARGON2_PARALLELISM: Kind<u32> = Kind::new("a whole number, 1 to 255", whole::<_, 1, 255>);
const EMAIL_LENGTH: Kind<usize> = Kind::new("a whole number, 6 to 320", whole::<_, 6, 320>);
/// Fewer could be guessed; more do not fit the 31 bits of RFC 4226's codes.
const TOTP_DIGITS: Kind<u32> = Kind::new("a whole number, 6 to 9", whole::<_, 6, 9>);
const TOTP_PERIOD: Kind<u32> = Kind::new("a whole number of seconds, 1 to 3600", whole::<_, 1, 3600>);
const TOTP_TOLERANCE: Kind<u32> = Kind::new("a whole number, 0 to 10", whole::<_, 0, 10>);
const RECOVERY_CODES: Kind<usize> = Kind::new("a whole number, 1 to 100", whole::<_, 1, 100>);
const RECOVERY_CODE_DIGITS: Kind<usize> = Kind::new("a whole number, 6 to 40", whole::<_, 6, 40>);
const PREFIX_LENGTH: Kind<u8> = Kind::new("a whole number, 1 to 128", whole::<_, 1, 128>);
const PROXIES: Kind<usize> = Kind::new("a whole number, 0 to 100", whole::<_, 0, 100>);

group! {
    /// What the service is, and what it keeps its state and its key in.
    pub Settings, "Service" {
        /// The parts that are switched on. `allauth`, `allauth.account` and `allauth.headless` always are;
        /// `allauth.mfa`, `allauth.usersessions` and `allauth.socialaccount` are gone when they are left out,
        /// with their endpoints and their part of `config`. Where the list is given, it also says which providers there
        /// are, and in what order: `allauth.socialaccount.providers.google` and so on. `allauth.socialaccount.providers.dummy`
        /// believes everything, is for tests only, and is refused on AWS.
        apps: Apps = APPS, "INSTALLED_APPS", Is(r#"["allauth", "allauth.account", "allauth.headless", "allauth.mfa", "allauth.usersessions", "allauth.socialaccount"]"#);
        /// The host names that requests may be for. API Gateway routes only the names it was given,
        /// so any will do unless something else passes requests on.
        allowed_hosts: Vec<String> = HOSTS, "ALLOWED_HOSTS", Is(r#"["*"]"#);
        /// The key that signs links and tokens, and seals what the table keeps. Where there is none it is read from
        /// `SECRET_KEY_ARN`, by the functions that need it.
        secret_key: Option<Secret> = SECRET, "SECRET_KEY", Is("null");
        /// Earlier keys: what they have signed or sealed is still verified and opened.
        secret_key_fallbacks: Vec<Secret> = SECRETS, "SECRET_KEY_FALLBACKS", Is("[]");
        /// The secret in Secrets Manager that holds the key, or the keys once it has been rotated
        /// ([rotation.md](rotation.md)).
        secret_key_arn: Option<String> = OPTIONAL_TEXT, "SECRET_KEY_ARN", Is("null");
        /// The DynamoDB table.
        table: String = TEXT, "TABLE_NAME", Is("vestibule");
        /// Whether this is a development server. All it does is to allow `MFA_TOTP_INSECURE_BYPASS_CODE`; functions on
        /// AWS Lambda do not start with it.
        debug: bool = DEBUG, "DEBUG", Is("false");
        /// The public URL of the API, scheme and host, where clients reach it under another host than API Gateway's, as through
        /// CloudFront: `https://example.com`. It is the base of OAuth redirect URIs, of the default WebAuthn RP ID and origin, and of the
        /// default `iss`. `null` for the host that requests name; where that is API Gateway's own, an `X-Forwarded-Host` that is the
        /// host of `FRONTEND_URL` or of `CSRF_TRUSTED_ORIGINS` takes its place.
        public_url: Option<String> = OPTIONAL_ORIGIN, "PUBLIC_URL", Is("null");
        /// What mails call the service; the host name of `FRONTEND_URL` where there is none.
        site_name: Option<String> = OPTIONAL_TEXT, "SITE_NAME", Is("null");
    }
    holding {
        /// Accounts: signing up, logging in, addresses, codes.
        account: Account;
        /// What holds for all parts.
        allauth: Allauth;
        /// The API itself.
        headless: Headless;
        /// Second factors.
        mfa: Mfa;
        /// Logging in through other services.
        socialaccount: Socialaccount;
        /// Listing one's sessions.
        usersessions: Usersessions;
        /// The session cookie of browsers.
        session: Session;
        /// Protection against requests forged by other sites.
        csrf: Csrf;
        /// Passwords.
        passwords: Passwords;
        /// Mails and texts.
        mail: Mail;
    }
}

group! {
    /// Signing up, logging in, addresses, codes.
    pub Account, "Accounts" {
        /// What people log in with.
        login_methods: LoginMethods = LOGIN_METHODS, "ACCOUNT_LOGIN_METHODS", Is(r#"["email"]"#);
        /// What is asked at sign-up; a `*` marks what must be answered.
        signup_fields: SignupFields = SIGNUP_FIELDS, "ACCOUNT_SIGNUP_FIELDS", Is(r#"["email*", "password1*"]"#);
        /// Whether people can sign up, in any way.
        signup_enabled: bool = SWITCH, "ACCOUNT_SIGNUP_ENABLED", Is("true"), also "ACCOUNT_SIGNUP_OPEN";
        /// A honeypot field at sign-up: its name, or `null` for none. A frontend has it in its form, hidden from people; a request that
        /// fills it is answered as a sign-up whose address is to be verified, and makes no account and sends no mail.
        signup_honeypot: Option<String> = OPTIONAL_TEXT, "ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", Is("null");
        /// Whether an account tells outsiders that it exists. `"strict"` hides it even at sign-up without
        /// mandatory verification, at the price of several accounts with one unverified address.
        prevent_enumeration: PreventEnumeration = PREVENT_ENUMERATION, "ACCOUNT_PREVENT_ENUMERATION", Is("true");
        /// How long a login may take from its first step to its last, in seconds.
        login_timeout: Duration = SOME_SECONDS, "ACCOUNT_LOGIN_TIMEOUT", Is("900");
        /// Whether following the link in the mail, in the browser that signed up, logs in.
        login_on_email_confirmation: bool = SWITCH, "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION", Is("false");
        /// Whether setting a new password by mail logs in.
        login_on_password_reset: bool = SWITCH, "ACCOUNT_LOGIN_ON_PASSWORD_RESET", Is("false");
        /// Whether changing one's password logs out.
        logout_on_password_change: bool = SWITCH, "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE", Is("false");
        /// Whether sessions outlast the browser. Accepted, but without effect in the headless API.
        session_remember: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SESSION_REMEMBER", Is("null");
        /// Whether users must reauthenticate before they change their account. The first password of an account asks in any
        /// case; without this setting, a login within `ACCOUNT_REAUTHENTICATION_TIMEOUT` is enough for it.
        reauthentication_required: bool = SWITCH, "ACCOUNT_REAUTHENTICATION_REQUIRED", Is("false");
        /// The methods that users can reauthenticate by; `null` for all of them. Frontends written for allauth before 65.22 may not
        /// know the flow `reauthenticate_by_code`: `password,mfa` keeps those working.
        reauthentication_methods: ReauthenticationMethods = REAUTHENTICATION_METHODS, "ACCOUNT_REAUTHENTICATION_METHODS", Is(r#"["password", "code", "mfa"]"#);
        /// How long a reauthentication is good for, in seconds.
        reauthentication_timeout: Duration = SECONDS, "ACCOUNT_REAUTHENTICATION_TIMEOUT", Is("300");

        /// Whether an address must be verified before its owner is logged in.
        email_verification: EmailVerification = EMAIL_VERIFICATION, "ACCOUNT_EMAIL_VERIFICATION", Is("mandatory");
        /// Whether addresses are verified by a code rather than a link.
        email_verification_by_code_enabled: bool = SWITCH, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", Is("false");
        /// How many codes may be tried before a new one must be asked for.
        email_verification_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// How long the code is good for, in seconds.
        email_verification_by_code_timeout: Duration = SECONDS, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT", Is("900");
        /// What the code looks like.
        email_verification_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");
        /// How many times the address can be corrected while it waits for its code.
        email_verification_max_change_count: u32 = TIMES, "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", Is("false");
        /// How many times another code can be asked for.
        email_verification_max_resend_count: u32 = TIMES, "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", Is("false");
        /// How long the link is good for, in days.
        email_confirmation_expire_days: f64 = DAYS, "ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS", Is("3"), also "EMAIL_CONFIRMATION_DAYS";
        /// Whether the link's key is signed rather than stored.
        email_confirmation_hmac: bool = SWITCH, "ACCOUNT_EMAIL_CONFIRMATION_HMAC", Is("true");

        /// Whether an account has one address, which can be replaced, rather than several.
        change_email: bool = SWITCH, "ACCOUNT_CHANGE_EMAIL", Is("false");
        /// How many addresses an account can have; `null` for no limit but the service's own, 20.
        max_email_addresses: Option<u32> = OPTIONAL_LIMIT, "ACCOUNT_MAX_EMAIL_ADDRESSES", Is("null");
        /// Whether a verified address belongs to one account only.
        unique_email: bool = SWITCH, "ACCOUNT_UNIQUE_EMAIL", Is("true");
        /// How long an address can be, in characters.
        email_max_length: usize = EMAIL_LENGTH, "ACCOUNT_EMAIL_MAX_LENGTH", Is("254");
        /// Whether people are told by mail of changes to their account. What is added to log in or to reauthenticate with is told in any
        /// case, at every address that was verified before.
        email_notifications: bool = SWITCH, "ACCOUNT_EMAIL_NOTIFICATIONS", Is("false");
        /// Whether a mail goes to addresses without an account when somebody tries to use them.
        email_unknown_accounts: bool = SWITCH, "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS", Is("true");
        /// Whether people can delete their account for good (`DELETE account`). This setting is Vestibule's own.
        deletion_enabled: bool = SWITCH, "ACCOUNT_DELETION_ENABLED", Is("false");
        /// Whether people can get all that is kept about them (`GET account/export`). This setting is Vestibule's own.
        export_enabled: bool = SWITCH, "ACCOUNT_EXPORT_ENABLED", Is("false");
        /// What subjects begin with; the service's name in brackets where it is `null`, nothing where it is empty.
        email_subject_prefix: Option<String> = TEXT_MAYBE_EMPTY, "ACCOUNT_EMAIL_SUBJECT_PREFIX", Is("null");

        /// Whether people can log in with a code that is sent to them.
        login_by_code_enabled: bool = SWITCH, "ACCOUNT_LOGIN_BY_CODE_ENABLED", Is("false");
        /// Whether such a login can make the browser a trusted one.
        login_by_code_trust_enabled: bool = SWITCH, "ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", Is("false");
        /// After which ways to log in such a code is asked for as well.
        login_by_code_required: LoginByCodeRequired = LOGIN_BY_CODE_REQUIRED, "ACCOUNT_LOGIN_BY_CODE_REQUIRED", Is("false");
        /// How many codes may be tried before a new one must be asked for.
        login_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// How many times another code can be asked for.
        login_by_code_max_resend_count: u32 = TIMES, "ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", Is("false");
        /// How long the code is good for, in seconds.
        login_by_code_timeout: Duration = SECONDS, "ACCOUNT_LOGIN_BY_CODE_TIMEOUT", Is("180");
        /// What the code looks like.
        login_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_LOGIN_BY_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");

        /// Whether a new password is set with a code rather than a link.
        password_reset_by_code_enabled: bool = SWITCH, "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", Is("false");
        /// How many codes may be tried before a new one must be asked for.
        password_reset_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// How long the code is good for, in seconds.
        password_reset_by_code_timeout: Duration = SECONDS, "ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT", Is("180");
        /// What the code looks like. The name is allauth's own slip.
        password_reset_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_PASSWORD_RESET_BY_CODE_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT"), also "ACCOUNT_PASSWORD_RESET_BY_CODE_FORMAT";
        /// How short a password can be, where `AUTH_PASSWORD_VALIDATORS` is `[]`.
        password_min_length: Option<usize> = OPTIONAL_LENGTH, "ACCOUNT_PASSWORD_MIN_LENGTH", Is("6");

        /// Whether phone numbers are verified, by a code.
        phone_verification_enabled: bool = SWITCH, "ACCOUNT_PHONE_VERIFICATION_ENABLED", Is("true");
        /// How many codes may be tried before a new one must be asked for.
        phone_verification_max_attempts: u32 = ATTEMPTS, "ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS", Is("3");
        /// How many times the number can be corrected while it waits for its code.
        phone_verification_max_change_count: u32 = TIMES, "ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", Is("false");
        /// How many times another code can be asked for.
        phone_verification_max_resend_count: u32 = TIMES, "ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", Is("false");
        /// How long the code is good for, in seconds.
        phone_verification_timeout: Duration = SECONDS, "ACCOUNT_PHONE_VERIFICATION_TIMEOUT", Is("900");
        /// What the code looks like.
        phone_verification_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");

        /// Whether accounts have usernames.
        usernames: bool = USERNAME_FIELD, "ACCOUNT_USER_MODEL_USERNAME_FIELD", Is("username");
        /// How short a username can be, in characters.
        username_min_length: usize = LENGTH, "ACCOUNT_USERNAME_MIN_LENGTH", Is("1");
        /// Usernames that no account can have, in any case or compatible spelling (NFKC), nor with letters of other scripts that look
        /// the same (UTS 39).
        username_blacklist: Vec<String> = LIST, "ACCOUNT_USERNAME_BLACKLIST", Is("[]");
        /// Whether usernames keep the case they were given in. They are compared without it, and in all compatible spellings
        /// (NFKC).
        preserve_username_casing: bool = SWITCH, "ACCOUNT_PRESERVE_USERNAME_CASING", Is("true");

        /// How often things may be done: `false` for no limits at all, or an object with other rates for some
        /// actions. A rate is `amount/time`, followed by what is counted: `/ip` for the client's IP address (which is also meant
        /// where nothing follows), `/user` for the account, or the IP address while nobody is known, `/key` for what the
        /// action is about as the table says, or all clients together where it says nothing; several hold together.
        rate_limits: RateLimits = RATE_LIMITS, "ACCOUNT_RATE_LIMITS", Computed("{}", "see below");
    }
}

group! {
    /// The look of codes, and what is believed about a client's address.
    pub Allauth, "All parts" {
        /// What codes look like, unless a setting for one kind of code says otherwise.
        user_code_format: CodeFormat = CODE_FORMAT, "ALLAUTH_USER_CODE_FORMAT", Is("{}");
        /// The header that holds the client's IP address, where a trusted proxy sets one and nobody can go round it, such as
        /// `CloudFront-Viewer-Address`, whose port is left out.
        trusted_client_ip_header: Option<String> = OPTIONAL_HEADER, "ALLAUTH_TRUSTED_CLIENT_IP_HEADER", Is("null");
        /// How many trusted proxies add to `X-Forwarded-For`, counted as allauth counts them: API Gateway (or the local stack) is one.
        /// So 0 and 1 both mean the IP address that API Gateway saw, and 2 the one that a CDN in front of it saw, which holds only
        /// where nobody can reach API Gateway past the CDN.
        trusted_proxy_count: usize = PROXIES, "ALLAUTH_TRUSTED_PROXY_COUNT", Is("0");
        /// How many bits of an IPv6 address are counted as one client.
        rate_limit_ipv6_prefix: u8 = PREFIX_LENGTH, "ALLAUTH_RATE_LIMIT_IPV6_PREFIX", Is("64");
    }
}

group! {
    /// Whom the API serves, and where its frontend is.
    pub Headless, "API and frontend" {
        /// Which clients are served: browsers with cookies, apps with tokens.
        clients: Clients = CLIENTS, "HEADLESS_CLIENTS", Is(r#"["browser", "app"]"#);
        /// Where the frontend is.
        frontend_url: String = FRONTEND_URL, "FRONTEND_URL", Is("http://localhost:3000");
        /// The frontend's pages that mails and redirects lead to; `{key}` stands for the key. Pages that are
        /// left out have their usual path under `FRONTEND_URL`. Paths without a host are put after `FRONTEND_URL`, which
        /// must be set then: no link takes its host from a request.
        frontend_urls: FrontendUrls = FRONTEND_URLS, "HEADLESS_FRONTEND_URLS", Computed("{}", "see below");
        /// Another path under which clients find the API, such as `/auth/api/` for `/auth/api/browser/v1/config`; `null` for none. The
        /// API's own paths under `/_allauth/` stay. It is rewritten by the local stack, and on AWS by what stands in front of API
        /// Gateway, such as a CloudFront function.
        url_prefix: Option<String> = OPTIONAL_PREFIX, "HEADLESS_URL_PREFIX", Is("null");
        /// Further request headers that pages of other origins may send (CORS), besides those that the API reads and those of tracing;
        /// for the local stack, as on AWS the template's `AllowedHeaders` says so. django-cors-headers has the name.
        cors_headers: Vec<String> = HEADER_NAMES, "CORS_ALLOW_HEADERS", Is("[]");
        /// Whether the API describes itself, under `/_allauth/openapi.json` and others.
        serve_specification: bool = SWITCH, "HEADLESS_SERVE_SPECIFICATION", Is("false");
        /// Whether there are no HTML pages. There are none.
        only: bool = HEADLESS_ONLY, "HEADLESS_ONLY", Is("true");
        /// What apps get when they log in: `sessions` for a session token only, `jwt` for an access token and a refresh
        /// token as well, to show to other services. allauth's class paths say the same.
        token_strategy: TokenStrategy = TOKEN_STRATEGY, "HEADLESS_TOKEN_STRATEGY", Is("sessions");
    }
    holding {
        /// The tokens.
        jwt: JwtSettings;
    }
}

group! {
    /// What apps get with `HEADLESS_TOKEN_STRATEGY` = `jwt`: JSON Web Tokens (RFC 7519).
    pub JwtSettings, "Access and refresh tokens" {
        /// What they are signed with. API Gateway's own authorizer takes RSA only. Where keys make themselves
        /// (`HEADLESS_JWT_KEYS_ARN`), it is what the next key is for.
        algorithm: Algorithm = JWT_ALGORITHM, "HEADLESS_JWT_ALGORITHM", Is("RS256");
        /// The key: a private key in PEM form, or for HS256 and the like a secret. Without one, HS256 uses a key that is
        /// derived from `SECRET_KEY`, and the others use the keys of `HEADLESS_JWT_KEYS_ARN`.
        private_key: Option<Secret> = PEM_OR_SECRET, "HEADLESS_JWT_PRIVATE_KEY", Is("null");
        /// The secret in Secrets Manager that holds keys which the function `keys` makes, and replaces in time.
        keys_arn: Option<String> = OPTIONAL_TEXT, "HEADLESS_JWT_KEYS_ARN", Is("null");
        /// How long an access token is good for, in seconds.
        access_token_expires_in: Duration = SOME_SECONDS, "HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN", Is("300");
        /// How long a refresh token is good for, in seconds.
        refresh_token_expires_in: Duration = SOME_SECONDS, "HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN", Is("86400");
        /// Whether a refresh token is good for one use, and brings another one.
        rotate_refresh_token: bool = SWITCH, "HEADLESS_JWT_ROTATE_REFRESH_TOKEN", Is("true");
        /// For how many seconds a used refresh token still brings what it brought: an answer may be lost, or two tabs
        /// may ask at once. Used after that it ends the session, as somebody has stolen it. allauth has no such time.
        refresh_grace: Duration = SECONDS, "HEADLESS_JWT_REFRESH_GRACE", Is("10");
        /// The scheme of the `Authorization` header.
        authorization_header_scheme: String = HEADER_SCHEME, "HEADLESS_JWT_AUTHORIZATION_HEADER_SCHEME", Is("Bearer");
        /// Whether an access token whose session has ended is as good as none, rather than answered with 410. The
        /// session is looked up either way.
        stateful_validation_enabled: bool = SWITCH, "HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED", Is("false");
        /// Whom access tokens are for: their `aud`. With one they have an `iss` too, as API Gateway's own authorizer
        /// wants it.
        audience: Option<String> = OPTIONAL_TEXT, "HEADLESS_JWT_AUDIENCE", Is("null");
        /// The `iss` of access tokens and of `/.well-known/openid-configuration`; the URL of the API, as the request
        /// has it, where there is none.
        issuer: Option<String> = OPTIONAL_URL, "HEADLESS_JWT_ISSUER", Is("null");
    }
}

group! {
    /// TOTP, passkeys and recovery codes.
    pub Mfa, "Second factors" {
        /// Which people can have. Who has one of another type is still asked for it at login. Codes of an app are still taken then, but
        /// keys only with `"webauthn"`: without it, whoever has a key and neither an app nor recovery codes can't log in.
        supported_types: Vec<AuthenticatorType> = SUPPORTED_TYPES, "MFA_SUPPORTED_TYPES", Is(r#"["recovery_codes", "totp"]"#);
        /// Whether people with an unverified address can have a second factor. Whoever signs up with somebody else's
        /// address could then keep its owner out for good.
        allow_unverified_email: bool = SWITCH, "MFA_ALLOW_UNVERIFIED_EMAIL", Is("false");
        /// Whether people must prove again who they are before they change their second factors, or see recovery codes.
        reauthentication_required: bool = SWITCH, "MFA_REAUTHENTICATION_REQUIRED", Is("true");
        /// How often things may be done; see `ACCOUNT_RATE_LIMITS`. The one action is `webauthn_login`, for logins with
        /// nothing but a passkey. Codes count as `login_failed` there.
        passkey_login_rates: Rates = MFA_RATE_LIMITS, "MFA_RATE_LIMITS", Computed("{}", r#"`{"webauthn_login": "10/m/ip"}`"#);

        /// How many digits a code of an authenticator app has.
        totp_digits: u32 = TOTP_DIGITS, "MFA_TOTP_DIGITS", Is("6");
        /// How long such a code is good for, in seconds. Not all apps know any other than 30.
        totp_period: u32 = TOTP_PERIOD, "MFA_TOTP_PERIOD", Is("30");
        /// How many codes before and after the current one are good as well, for clocks that are off.
        totp_tolerance: u32 = TOTP_TOLERANCE, "MFA_TOTP_TOLERANCE", Is("0");
        /// What apps call the service; `SITE_NAME` where it is `null`, or else the host name of the request.
        totp_issuer: Option<String> = OPTIONAL_TEXT, "MFA_TOTP_ISSUER", Is("null");
        /// A code that always passes for one of an app, for tests of a frontend. Refused unless `DEBUG` is true.
        totp_insecure_bypass_code: Option<Secret> = OPTIONAL_CODE, "MFA_TOTP_INSECURE_BYPASS_CODE", Is("null");

        /// How many recovery codes people get.
        recovery_code_count: usize = RECOVERY_CODES, "MFA_RECOVERY_CODE_COUNT", Is("10");
        /// How many digits each has.
        recovery_code_digits: usize = RECOVERY_CODE_DIGITS, "MFA_RECOVERY_CODE_DIGITS", Is("8");
        /// Whether they are shown only once. From then on nothing but their hashes is kept.
        recovery_codes_show_once: bool = SWITCH, "MFA_RECOVERY_CODES_SHOW_ONCE", Is("false");

        /// Whether a passkey is enough to log in. Without `"webauthn"` among the types it never is.
        passkey_login_enabled: bool = SWITCH, "MFA_PASSKEY_LOGIN_ENABLED", Is("false");
        /// Whether people can sign up with a passkey instead of a password. It takes `"webauthn"` among the types,
        /// mandatory verification of addresses by code, and `email*` in `ACCOUNT_SIGNUP_FIELDS`.
        passkey_signup_enabled: bool = SWITCH, "MFA_PASSKEY_SIGNUP_ENABLED", Is("false");
        /// Whether security keys must verify who uses them. Passkeys always must.
        webauthn_user_verification: UserVerification = USER_VERIFICATION, "MFA_WEBAUTHN_USER_VERIFICATION", Is("preferred");
        /// The domain that keys and passkeys are made for, and no other can ever use: that of the frontend, or one above it. The host
        /// name of the API's request where it is `null`.
        webauthn_rp_id: Option<String> = RP_ID, "MFA_WEBAUTHN_RP_ID", Is("null");
        /// The origins that may use them: of pages, and of Android apps. Where there are none, they are the API's
        /// own, `FRONTEND_URL`'s, `CSRF_TRUSTED_ORIGINS` and `https://` with the domain.
        webauthn_origins: Vec<String> = WEBAUTHN_ORIGINS, "MFA_WEBAUTHN_ORIGINS", Is("[]");
        /// Whether any origin may use them, for development only.
        webauthn_allow_insecure_origin: bool = SWITCH, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", Is("false");

        /// Whether people are asked, after their second factor, if their browser is to be spared it from now on.
        trust_enabled: bool = SWITCH, "MFA_TRUST_ENABLED", Is("false");
        /// How long a browser is trusted, in seconds.
        trust_cookie_age: Duration = SOME_SECONDS, "MFA_TRUST_COOKIE_AGE", Is("1209600");
        /// The name of the cookie that says so.
        trust_cookie_name: String = COOKIE_NAME, "MFA_TRUST_COOKIE_NAME", Is("mfa_trusted");
        /// The domain it is sent to, all hosts under it included.
        trust_cookie_domain: Option<String> = COOKIE_DOMAIN, "MFA_TRUST_COOKIE_DOMAIN", Of("SESSION_COOKIE_DOMAIN");
        /// The path it is sent to.
        trust_cookie_path: String = COOKIE_PATH, "MFA_TRUST_COOKIE_PATH", Of("SESSION_COOKIE_PATH");
        /// Whether it is sent over HTTPS only.
        trust_cookie_secure: bool = SWITCH, "MFA_TRUST_COOKIE_SECURE", Of("SESSION_COOKIE_SECURE");
        /// Whether scripts cannot read it.
        trust_cookie_httponly: bool = SWITCH, "MFA_TRUST_COOKIE_HTTPONLY", Of("SESSION_COOKIE_HTTPONLY");
        /// Whether it is sent along with requests from other sites.
        trust_cookie_samesite: SameSite = SAMESITE, "MFA_TRUST_COOKIE_SAMESITE", Of("SESSION_COOKIE_SAMESITE");
    }
}

group! {
    /// Services that people can log in through.
    pub Socialaccount, "Other services" {
        /// The services, in allauth's shape, each with its clients as `APP` or `APPS`. For all apps of a service, or in the
        /// `settings` of one in lower case: `SCOPE`, `AUTH_PARAMS`, `OAUTH_PKCE_ENABLED`, `VERIFIED_EMAIL`,
        /// `EMAIL_AUTHENTICATION`, and what docs/providers.md says of the service.
        providers: Vec<ProviderApp> = PROVIDERS, "SOCIALACCOUNT_PROVIDERS", Is("{}");
        /// The secret in Secrets Manager that holds the client secrets: an object with the id of each app (`provider_id`,
        /// or else the service's name, or the client id) and its secret, or an object with `secret`, `key` and `settings`.
        /// Only the function `provider` reads it.
        providers_secret_arn: Option<String> = OPTIONAL_TEXT, "SOCIALACCOUNT_PROVIDERS_SECRET_ARN", Is("null");
        /// Whether they are the only way to log in.
        only: bool = SWITCH, "SOCIALACCOUNT_ONLY", Is("false");
        /// Whether people are signed up with what the service says of them, unless something is missing or taken. If not,
        /// the frontend asks in any case.
        auto_signup: bool = SWITCH, "SOCIALACCOUNT_AUTO_SIGNUP", Is("true");
        /// Whether whoever has a verified address at a service is logged in to the account here that has it. Every service
        /// can then log in to any account: only for services that are fully trusted.
        email_authentication: bool = SWITCH, "SOCIALACCOUNT_EMAIL_AUTHENTICATION", Is("false");
        /// Whether such a login connects the two for good.
        email_authentication_auto_connect: bool = SWITCH, "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT", Is("false");
        /// Whether nobody can sign up this way without an email address.
        email_required: bool = SWITCH, "SOCIALACCOUNT_EMAIL_REQUIRED", Computed("false", "whether `ACCOUNT_SIGNUP_FIELDS` has `email*`");
        /// Whether an address must be verified before its owner is logged in this way; `null` for what
        /// `ACCOUNT_EMAIL_VERIFICATION` says. An address that the service vouches for is verified.
        email_verification: Option<EmailVerification> = OPTIONAL_EMAIL_VERIFICATION, "SOCIALACCOUNT_EMAIL_VERIFICATION", Is("null");
        /// Whether services are asked for an email address.
        query_email: bool = SWITCH, "SOCIALACCOUNT_QUERY_EMAIL", Computed("false", "as `SOCIALACCOUNT_EMAIL_REQUIRED`");
        /// Whether people must prove again who they are before they connect or disconnect a service.
        reauthentication_required: bool = SWITCH, "SOCIALACCOUNT_REAUTHENTICATION_REQUIRED", Of("ACCOUNT_REAUTHENTICATION_REQUIRED");
        /// Whether the tokens that services give are kept, encrypted.
        store_tokens: bool = SWITCH, "SOCIALACCOUNT_STORE_TOKENS", Is("false");
        /// How long a service may take to answer, in seconds.
        requests_timeout: Duration = SOME_SECONDS, "SOCIALACCOUNT_REQUESTS_TIMEOUT", Is("5");
        /// Whether services may be at private addresses and without TLS, as in tests. Otherwise a setting that is wrong, or
        /// a service that lies, could make the function call what only it can reach.
        allow_private_addresses: bool = SWITCH, "SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", Is("false");
        /// The segment before the app's id in the path of callbacks of OpenID Connect; empty or `null` for none.
        openid_connect_url_prefix: Option<String> = SEGMENT, "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX", Is("oidc");
    }
}

group! {
    /// What people see of their own sessions.
    pub Usersessions, "Sessions of a user" {
        /// Whether the list tells when and from where each session was last seen.
        track_activity: bool = SWITCH, "USERSESSIONS_TRACK_ACTIVITY", Is("false");
    }
}

group! {
    /// Sessions, and the cookie that browsers hold them in.
    pub Session, "Session" {
        /// The cookie's name.
        cookie_name: String = COOKIE_NAME, "SESSION_COOKIE_NAME", Is("sessionid");
        /// How long a session lasts, in seconds; for apps as well.
        cookie_age: Duration = SOME_SECONDS, "SESSION_COOKIE_AGE", Is("1209600"), also "ACCOUNT_SESSION_COOKIE_AGE";
        /// Whether the cookie is a session cookie (RFC 6265): it has neither `Max-Age` nor `Expires`, and browsers drop it when they
        /// are closed. The session itself lasts `SESSION_COOKIE_AGE` either way.
        expire_at_browser_close: bool = SWITCH, "SESSION_EXPIRE_AT_BROWSER_CLOSE", Is("false");
        /// Whether expiration is sliding: every request with a session makes it last `SESSION_COOKIE_AGE` from then on, and sets the
        /// cookie again. The table is written for that at most once an hour (or once in a tenth of `SESSION_COOKIE_AGE`, if that is
        /// shorter); requests to `config` and to your own APIs do not count.
        save_every_request: bool = SWITCH, "SESSION_SAVE_EVERY_REQUEST", Is("false");
        /// The domain it is sent to, all hosts under it included.
        cookie_domain: Option<String> = COOKIE_DOMAIN, "SESSION_COOKIE_DOMAIN", Is("null");
        /// The path it is sent to.
        cookie_path: String = COOKIE_PATH, "SESSION_COOKIE_PATH", Is("/");
        /// Whether it is sent over HTTPS only. Switch it on wherever there is HTTPS.
        cookie_secure: bool = SWITCH, "SESSION_COOKIE_SECURE", Is("false");
        /// Whether scripts cannot read it.
        cookie_httponly: bool = SWITCH, "SESSION_COOKIE_HTTPONLY", Is("true");
        /// Whether it is sent along with requests from other sites.
        cookie_samesite: SameSite = SAMESITE, "SESSION_COOKIE_SAMESITE", Is("Lax");
    }
}

group! {
    /// Protection against requests forged by other sites.
    pub Csrf, "Cross-site request forgery" {
        /// Origins, besides the API's own, whose pages may make requests.
        trusted_origins: Vec<String> = ORIGINS, "CSRF_TRUSTED_ORIGINS", Is("[]");
        /// The header that repeats the token, in Django's form or as it is sent: `HTTP_X_CSRFTOKEN`, `X-CSRFToken`.
        header_name: String = HEADER_NAME, "CSRF_HEADER_NAME", Is("HTTP_X_CSRFTOKEN");
        /// Whether the token is kept in the session rather than in a cookie.
        use_sessions: bool = SWITCH, "CSRF_USE_SESSIONS", Is("false");
        /// The cookie's name.
        cookie_name: String = COOKIE_NAME, "CSRF_COOKIE_NAME", Is("csrftoken");
        /// How long it lasts, in seconds; `null` for as long as the browser is open.
        cookie_age: Option<Duration> = OPTIONAL_SECONDS, "CSRF_COOKIE_AGE", Is("31449600");
        /// The domain it is sent to, all hosts under it included.
        cookie_domain: Option<String> = COOKIE_DOMAIN, "CSRF_COOKIE_DOMAIN", Is("null");
        /// The path it is sent to.
        cookie_path: String = COOKIE_PATH, "CSRF_COOKIE_PATH", Is("/");
        /// Whether it is sent over HTTPS only. Switch it on wherever there is HTTPS.
        cookie_secure: bool = SWITCH, "CSRF_COOKIE_SECURE", Is("false");
        /// Whether scripts cannot read it.
        cookie_httponly: bool = SWITCH, "CSRF_COOKIE_HTTPONLY", Is("false");
        /// Whether it is sent along with requests from other sites.
        cookie_samesite: SameSite = SAMESITE, "CSRF_COOKIE_SAMESITE", Is("Lax");
    }
}

group! {
    /// Which are accepted, and what hashing them costs.
    pub Passwords, "Passwords" {
        /// The rules that passwords must meet: any of Django's four, with their options. `[]` for none.
        validators: Vec<PasswordValidator> = PASSWORD_VALIDATORS, "AUTH_PASSWORD_VALIDATORS", Computed(ALL_FOUR, "all four");
        /// How long the link to set a new password is good for, in seconds.
        reset_timeout: Duration = SECONDS, "PASSWORD_RESET_TIMEOUT", Is("259200");
    }
    holding {
        /// What hashing costs.
        argon2: Argon2Cost;
    }
}

group! {
    /// What it costs to hash a password with argon2id (RFC 9106). The defaults are OWASP's least.
    pub Argon2Cost, "Cost of a password's hash" {
        /// Memory, in KiB; at least 8 for each lane.
        memory_kib: u32 = ARGON2_MEMORY, "PASSWORD_ARGON2_MEMORY_KIB", Is("19456");
        /// Passes over the memory.
        iterations: u32 = ARGON2_ITERATIONS, "PASSWORD_ARGON2_ITERATIONS", Is("2");
        /// Lanes.
        parallelism: u32 = ARGON2_PARALLELISM, "PASSWORD_ARGON2_PARALLELISM", Is("1");
    }
}

group! {
    /// Who they come from, how they are sent, and how many.
    pub Mail, "Mails and texts" {
        /// Who mail comes from; SES must have verified the address or its domain. A name that is not ASCII is encoded (RFC 2047).
        default_from_email: String = SENDER, "DEFAULT_FROM_EMAIL", Is("webmaster@localhost");
        /// The SES configuration set that mail is sent with.
        ses_configuration_set: Option<String> = OPTIONAL_TEXT, "SES_CONFIGURATION_SET", Is("null");
        /// A folder of templates that take the place of the built-in ones.
        templates_dir: Option<String> = OPTIONAL_TEXT, "MAIL_TEMPLATES_DIR", Is("null");
        /// The SNS topic that is told of texts to send.
        sms_topic_arn: Option<String> = OPTIONAL_TEXT, "SMS_TOPIC_ARN", Is("null");
        /// The Lambda function that is told of texts to send.
        sms_function_arn: Option<String> = OPTIONAL_TEXT, "SMS_FUNCTION_ARN", Is("null");
        /// How many messages one recipient gets of what anybody can trigger, all clients together; as many again of what an
        /// account's owner asks for, who has proved a password or is logged in. Off when `ACCOUNT_RATE_LIMITS` is `false`.
        per_recipient: Rates = MAIL_RATES, "MAIL_RATE_LIMIT_RECIPIENT", Is("20/h");
        /// How many messages are sent in all, all clients together, in parts by cause: `docs/mail.md`. Off when `ACCOUNT_RATE_LIMITS` is `false`.
        in_all: Rates = MAIL_RATES, "MAIL_RATE_LIMIT_TOTAL", Is("10000/h");
    }
}

group! {
    /// Names that allauth has given up. They work where their successor is not set.
    pub(super) Old, "Old names" {
        /// Now `ACCOUNT_LOGIN_METHODS`.
        authentication_method: Option<LoginMethods> = AUTHENTICATION_METHOD, "ACCOUNT_AUTHENTICATION_METHOD", Is("null");
        /// Now `email*` rather than `email` in `ACCOUNT_SIGNUP_FIELDS`.
        email_required: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_EMAIL_REQUIRED", Is("null");
        /// Now `username*` in `ACCOUNT_SIGNUP_FIELDS`.
        username_required: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_USERNAME_REQUIRED", Is("null");
        /// Now `email2*` in `ACCOUNT_SIGNUP_FIELDS`.
        signup_email_enter_twice: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SIGNUP_EMAIL_ENTER_TWICE", Is("null");
        /// Now `password2*` in `ACCOUNT_SIGNUP_FIELDS`.
        signup_password_enter_twice: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SIGNUP_PASSWORD_ENTER_TWICE", Is("null"), also "ACCOUNT_SIGNUP_PASSWORD_VERIFICATION";
        /// How many failed logins there may be for one address, number or username; now part of `login_failed` in
        /// `ACCOUNT_RATE_LIMITS`. 0 or `null` for no limit.
        login_attempts_limit: Option<u32> = OPTIONAL_COUNT, "ACCOUNT_LOGIN_ATTEMPTS_LIMIT", Is("5");
        /// Within how many seconds; now part of `login_failed` in `ACCOUNT_RATE_LIMITS`.
        login_attempts_timeout: Option<Duration> = OPTIONAL_SECONDS, "ACCOUNT_LOGIN_ATTEMPTS_TIMEOUT", Is("300");
        /// How many seconds pass between two mails with a link; now `confirm_email` in `ACCOUNT_RATE_LIMITS`.
        email_confirmation_cooldown: Option<Duration> = OPTIONAL_SECONDS, "ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN", Is("180");
    }
}

/// All that is declared.
pub(super) const ALL: &[&About] = &[&Settings::ABOUT, &Old::ABOUT];
