//! Every setting, once: its field, kind, name, default and meaning.
//!
//! Reading, the check for unknown names, their suggestions and `docs/settings.md` all follow from this
//! table. A field's documentation is what operators read there.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use url::Url;

use super::breached_file::{BREACHED_FILE, BreachedFile};
use super::captcha::{CAPTCHA_PROVIDER, CaptchaProvider};
use super::choice::{
    ACCOUNT_ID_FORMAT, APPS, AUTHENTICATION_METHOD, AccountIdFormat, Apps, CLIENTS, Clients, DEBUG,
    EMAIL_VERIFICATION, EVENT_DATA, EmailVerification, EventData, HEADLESS_ONLY, JWT_ALGORITHM,
    LOGIN_BY_CODE_REQUIRED, LOGIN_METHODS, LoginByCodeRequired, LoginMethods, OPTIONAL_EMAIL_VERIFICATION,
    PREVENT_ENUMERATION, PreventEnumeration, REAUTHENTICATION_METHODS, ReauthenticationMethods,
    SUPPORTED_TYPES, TOKEN_STRATEGY, TokenStrategy, USER_VERIFICATION, USERNAME_FIELD, UserVerification,
};
use super::claims::{TOKEN_CLAIMS, TokenClaims};
use super::code_format::{CODE_FORMAT, CodeFormat};
use super::cookie::{
    COOKIE_DOMAIN, COOKIE_NAME, COOKIE_PATH, HEADER_NAME, HEADER_NAMES, HOSTS, OPTIONAL_HEADER,
    OPTIONAL_ORIGIN, OPTIONAL_PREFIX, ORIGINS, RP_ID, SAMESITE, SameSite, WEBAUTHN_ORIGINS,
};
use super::email_domains::{EMAIL_DOMAINS, EmailDomains};
use super::frontend::{FRONTEND_URL, FRONTEND_URLS, FrontendUrls, OPTIONAL_URL};
use super::group::{Group, group};
use super::kind::{
    ATTEMPTS, DAYS, HEADER_SCHEME, Kind, LENGTH, LIST, OPTIONAL_CODE, OPTIONAL_COUNT, OPTIONAL_LENGTH,
    OPTIONAL_LIMIT, OPTIONAL_SECONDS, OPTIONAL_SOME_SECONDS, OPTIONAL_SWITCH, OPTIONAL_TEXT, PEM_OR_SECRET,
    QUALIFIED_FUNCTION_ARN, SECONDS, SECRET, SECRETS, SOME_SECONDS, SWITCH, TEXT, TEXT_MAYBE_EMPTY, TIMES,
    whole,
};
use super::language::{LANGUAGES, OPTIONAL_LANGUAGE};
use super::mail_address::SENDER;
use super::origin_verify::{SHA256_HASHES, Sha256Hash};
use super::password_validators::{ALL_FOUR, PASSWORD_VALIDATORS, PasswordValidator};
use super::profile_field::{PROFILE_FIELDS, ProfileFields};
use super::provider::{PROVIDERS, ProviderApp, SEGMENT};
use super::rate::{MAIL_RATES, MFA_RATE_LIMITS, RATE_LIMITS, RateLimits, Rates};
use super::setting::About;
use super::setting::Default::{Computed, Is, Of};
use super::signup_fields::{SIGNUP_FIELDS, SignupFields};
use super::webhook::{EVENTS_URL, WEBHOOK_SECRETS, WebhookSecrets};
use crate::domain::authenticator::AuthenticatorType;
use crate::domain::language::Language;
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
/// At least as long as messages and events that could not be delivered are kept.
const RETENTION_DAYS: Kind<u32> = Kind::new("0, or a number of days from 14 to 3653", |raw| {
    whole::<_, 0, 0>(raw).or_else(|_| whole::<_, 14, 3653>(raw))
});
const PROXIES: Kind<usize> = Kind::new("a whole number, 0 to 100", whole::<_, 0, 100>);

group! {
    /// The service, its table and its key.
    pub Settings, "Service" {
        /// The enabled apps. `allauth`, `allauth.account` and `allauth.headless` are always enabled. Without
        /// `allauth.mfa`, `allauth.usersessions` or `allauth.socialaccount`, its endpoints and its part of
        /// `config` do not exist. If the list is set, it also gives the providers and their order:
        /// `allauth.socialaccount.providers.google` and so on. `allauth.socialaccount.providers.dummy` accepts
        /// any identity: it is for tests only, and refused on AWS.
        apps: Apps = APPS, "INSTALLED_APPS", Is(r#"["allauth", "allauth.account", "allauth.headless", "allauth.mfa", "allauth.usersessions", "allauth.socialaccount"]"#);
        /// The accepted host names of requests. API Gateway routes only its own names, so `*` is safe unless
        /// another proxy forwards requests.
        allowed_hosts: Vec<String> = HOSTS, "ALLOWED_HOSTS", Is(r#"["*"]"#);
        /// The key that signs links and tokens, and encrypts secrets in the table. If unset, the functions that
        /// need it read it from `SECRET_KEY_ARN`.
        secret_key: Option<Secret> = SECRET, "SECRET_KEY", Is("null");
        /// Earlier keys. They still verify signatures and decrypt.
        secret_key_fallbacks: Vec<Secret> = SECRETS, "SECRET_KEY_FALLBACKS", Is("[]");
        /// The secret in AWS Secrets Manager that holds the key, or after a rotation the keys
        /// ([rotation.md](rotation.md)).
        secret_key_arn: Option<String> = OPTIONAL_TEXT, "SECRET_KEY_ARN", Is("null"), of "Vestibule";
        /// The name of the DynamoDB table.
        table: String = TEXT, "TABLE_NAME", Is("vestibule"), of "Vestibule";
        /// A file of further settings: a JSON object of names and values, without secrets. Variables of the
        /// environment win over it, unless they are empty. On AWS it lies in the package of each function
        /// (`vestibule settings pack`), as an environment may have 4 KB only.
        settings_file: Option<String> = OPTIONAL_TEXT, "SETTINGS_FILE", Is("null"), of "Vestibule";
        /// Whether this is a development server. Its only effect is to allow `MFA_TOTP_INSECURE_BYPASS_CODE`;
        /// functions on AWS Lambda do not start with it.
        debug: bool = DEBUG, "DEBUG", Is("false");
        /// The public URL of the API, scheme and host, if clients do not reach it under API Gateway's host name,
        /// for example with CloudFront: `https://example.com`. It is the base of OAuth redirect URIs, of the
        /// default WebAuthn relying party id and origin, and of the default `iss`, and may call the API without being
        /// listed in `CSRF_TRUSTED_ORIGINS`. With `null`, it is the origin of `FRONTEND_URL` or of `CSRF_TRUSTED_ORIGINS`
        /// whose host the header `X-Forwarded-Host` names, or else the host of the header `Host`.
        public_url: Option<String> = OPTIONAL_ORIGIN, "PUBLIC_URL", Is("null"), of "Vestibule";
        /// The SHA-256 hashes, in hexadecimal, of the secret that the CDN in front of API Gateway adds to each request
        /// as `X-Origin-Verify`: one, or two while the secret is rotated. Requests without one of these secrets get
        /// 403, as their `X-Forwarded-For` could be forged; preflight requests get 204. `[]` accepts all requests.
        origin_verify_sha256: Vec<Sha256Hash> = SHA256_HASHES, "ORIGIN_VERIFY_SHA256", Is("[]"), of "Vestibule";
        /// The name of the service in mails; the host name of `FRONTEND_URL` if `null`.
        site_name: Option<String> = OPTIONAL_TEXT, "SITE_NAME", Is("null"), of "Vestibule";
        /// The enabled languages, as language tags (BCP 47): errors, pages and messages are in the one that the
        /// client prefers (`Accept-Language`). Built in are `ar`, `de`, `en`, `es`, `fr` and `pt-BR`
        /// ([languages.md](languages.md)).
        languages: Vec<Language> = LANGUAGES, "LANGUAGES", Is(r#"["en"]"#);
        /// The language for clients that prefer none of the enabled ones; the first of `LANGUAGES` if `null`.
        language_code: Option<Language> = OPTIONAL_LANGUAGE, "LANGUAGE_CODE", Is("null");
        /// A directory of further languages, and of texts that replace the built-in ones.
        languages_dir: Option<String> = OPTIONAL_TEXT, "LANGUAGES_DIR", Is("null"), of "Vestibule";
    }
    holding {
        /// Sign-up, login, email addresses and codes.
        account: Account;
        /// Settings for all apps.
        allauth: Allauth;
        /// The API and its frontend.
        headless: Headless;
        /// Second factors.
        mfa: Mfa;
        /// Social login.
        socialaccount: Socialaccount;
        /// The list of sessions.
        usersessions: Usersessions;
        /// The session cookie of browsers.
        session: Session;
        /// Protection against cross-site request forgery.
        csrf: Csrf;
        /// Telling people from bots.
        captcha: Captcha;
        /// Passwords.
        passwords: Passwords;
        /// Mails and text messages.
        mail: Mail;
        /// Events of accounts, and their history.
        events: Events;
    }
}

group! {
    /// Sign-up, login, email addresses and codes.
    pub Account, "Accounts" {
        /// The identifiers to log in with.
        login_methods: LoginMethods = LOGIN_METHODS, "ACCOUNT_LOGIN_METHODS", Is(r#"["email"]"#);
        /// The fields of the sign-up form; `*` marks required ones.
        signup_fields: SignupFields = SIGNUP_FIELDS, "ACCOUNT_SIGNUP_FIELDS", Is(r#"["email*", "password1*"]"#);
        /// The format of the ids of new accounts: `uuid`, or `integer` for positive numbers of 31 bits, as Django has them.
        /// An id of digits is an integer in `data.user`, and text in `sub` of tokens.
        id_format: AccountIdFormat = ACCOUNT_ID_FORMAT, "ACCOUNT_ID_FORMAT", Is(r#""uuid""#), of "Vestibule";
        /// The site's own fields of an account, at sign-up, in `data.user` and in `account/profile`.
        profile_fields: ProfileFields = PROFILE_FIELDS, "ACCOUNT_PROFILE_FIELDS", Is("{}"), of "Vestibule";
        /// Whether sign-up is open.
        signup_enabled: bool = SWITCH, "ACCOUNT_SIGNUP_ENABLED", Is("true"), also "ACCOUNT_SIGNUP_OPEN";
        /// The domains of email addresses that can sign up, also through a provider: `example.com` for itself,
        /// `*.example.com` for its subdomains; `[]` for any. It does not restrict changes of an account, nor
        /// `vestibule user add`.
        signup_domains: EmailDomains = EMAIL_DOMAINS, "ACCOUNT_SIGNUP_DOMAINS", Is("[]"), of "Vestibule";
        /// The name of a honeypot field of the sign-up form; `null` for none. The frontend includes the field,
        /// hidden from people. A request that fills it is answered like a sign-up with pending verification, but
        /// creates no account and sends no mail.
        signup_honeypot: Option<String> = OPTIONAL_TEXT, "ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", Is("null");
        /// Whether sign-up accepts invitations, also while it is closed ([invitations.md](invitations.md)).
        invitations_enabled: bool = SWITCH, "ACCOUNT_INVITATIONS_ENABLED", Is("false"), of "Vestibule";
        /// The qualified ARN of a Lambda function of the same account and region that is asked before sign-ups and
        /// logins ([hook.md](hook.md)).
        hook_function_arn: Option<String> = QUALIFIED_FUNCTION_ARN, "ACCOUNT_HOOK_FUNCTION_ARN", Is("null"), of "Vestibule";
        /// The URL that is asked instead of that function, for the local stack only: functions on AWS Lambda do not
        /// start with it.
        hook_url: Option<String> = OPTIONAL_URL, "ACCOUNT_HOOK_URL", Is("null"), of "Vestibule";
        /// Whether sign-ups and logins go on if the hook gives no usable answer, instead of being answered with 503.
        hook_fail_open: bool = SWITCH, "ACCOUNT_HOOK_FAIL_OPEN", Is("false"), of "Vestibule";
        /// Whether responses hide the existence of accounts. `"strict"` also hides it at sign-up without
        /// mandatory verification; the price is that several accounts can have one unverified email address.
        prevent_enumeration: PreventEnumeration = PREVENT_ENUMERATION, "ACCOUNT_PREVENT_ENUMERATION", Is("true");
        /// The time limit of a login, from its first stage to its last, in seconds.
        login_timeout: Duration = SOME_SECONDS, "ACCOUNT_LOGIN_TIMEOUT", Is("900");
        /// Whether following the verification link in the browser that signed up logs in.
        login_on_email_confirmation: bool = SWITCH, "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION", Is("false");
        /// Whether a password reset logs in.
        login_on_password_reset: bool = SWITCH, "ACCOUNT_LOGIN_ON_PASSWORD_RESET", Is("false");
        /// Whether a password change ends the current session too.
        logout_on_password_change: bool = SWITCH, "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE", Is("false");
        /// Whether sessions outlive the browser. Accepted, but without effect in the headless API.
        session_remember: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SESSION_REMEMBER", Is("null");
        /// Whether changes of the account require reauthentication. Setting a first password always requires it;
        /// without this setting, a login within `ACCOUNT_REAUTHENTICATION_TIMEOUT` is sufficient for that.
        reauthentication_required: bool = SWITCH, "ACCOUNT_REAUTHENTICATION_REQUIRED", Is("false");
        /// The methods of reauthentication; `null` for all. Frontends written for allauth before 65.22 may not
        /// support the flow `reauthenticate_by_code`: `password,mfa` keeps those working.
        reauthentication_methods: ReauthenticationMethods = REAUTHENTICATION_METHODS, "ACCOUNT_REAUTHENTICATION_METHODS", Is(r#"["password", "code", "mfa"]"#);
        /// The validity of a reauthentication, in seconds.
        reauthentication_timeout: Duration = SECONDS, "ACCOUNT_REAUTHENTICATION_TIMEOUT", Is("300");

        /// Whether login requires a verified email address.
        email_verification: EmailVerification = EMAIL_VERIFICATION, "ACCOUNT_EMAIL_VERIFICATION", Is("mandatory");
        /// Whether email addresses are verified by code instead of by link.
        email_verification_by_code_enabled: bool = SWITCH, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", Is("false");
        /// The number of attempts at a code before a new one is required.
        email_verification_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// The validity of the code, in seconds.
        email_verification_by_code_timeout: Duration = SECONDS, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT", Is("900");
        /// The format of the code.
        email_verification_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");
        /// The number of times that the email address can be changed while its verification is pending.
        email_verification_max_change_count: u32 = TIMES, "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE", Is("false");
        /// The number of times that the code can be resent.
        email_verification_max_resend_count: u32 = TIMES, "ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND", Is("false");
        /// The validity of the link, in days.
        email_confirmation_expire_days: f64 = DAYS, "ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS", Is("3"), also "EMAIL_CONFIRMATION_DAYS";
        /// Whether the key of the link is signed (HMAC) instead of stored.
        email_confirmation_hmac: bool = SWITCH, "ACCOUNT_EMAIL_CONFIRMATION_HMAC", Is("true");

        /// Whether an account has a single email address, which a new one replaces, instead of several.
        change_email: bool = SWITCH, "ACCOUNT_CHANGE_EMAIL", Is("false");
        /// The maximum number of email addresses of an account; `null` for the built-in maximum, 20.
        max_email_addresses: Option<u32> = OPTIONAL_LIMIT, "ACCOUNT_MAX_EMAIL_ADDRESSES", Is("null");
        /// Whether a verified email address belongs to one account only.
        unique_email: bool = SWITCH, "ACCOUNT_UNIQUE_EMAIL", Is("true");
        /// The maximum length of an email address, in characters.
        email_max_length: usize = EMAIL_LENGTH, "ACCOUNT_EMAIL_MAX_LENGTH", Is("254");
        /// Whether changes of an account are notified by mail. A new authenticator, email address, phone number
        /// or provider account is always notified, to all email addresses that were verified before.
        email_notifications: bool = SWITCH, "ACCOUNT_EMAIL_NOTIFICATIONS", Is("false");
        /// Whether attempts to use an email address without an account send it a mail.
        email_unknown_accounts: bool = SWITCH, "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS", Is("true");
        /// Whether users can delete their account (`DELETE account`).
        deletion_enabled: bool = SWITCH, "ACCOUNT_DELETION_ENABLED", Is("false"), of "Vestibule";
        /// Whether users can export their personal data (`GET account/export`).
        export_enabled: bool = SWITCH, "ACCOUNT_EXPORT_ENABLED", Is("false"), of "Vestibule";
        /// Whether users can read the history of their account (`GET account/history`).
        history_enabled: bool = SWITCH, "ACCOUNT_HISTORY_ENABLED", Is("false"), of "Vestibule";
        /// The prefix of mail subjects; `null` for the site name in brackets, empty for none.
        email_subject_prefix: Option<String> = TEXT_MAYBE_EMPTY, "ACCOUNT_EMAIL_SUBJECT_PREFIX", Is("null");

        /// Whether login by a code sent by mail or text message is enabled.
        login_by_code_enabled: bool = SWITCH, "ACCOUNT_LOGIN_BY_CODE_ENABLED", Is("false");
        /// Whether a login by code can make the browser a trusted one.
        login_by_code_trust_enabled: bool = SWITCH, "ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", Is("false");
        /// The authentication methods after which a login by code is required as well.
        login_by_code_required: LoginByCodeRequired = LOGIN_BY_CODE_REQUIRED, "ACCOUNT_LOGIN_BY_CODE_REQUIRED", Is("false");
        /// The number of attempts at a code before a new one is required.
        login_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// The number of times that the code can be resent.
        login_by_code_max_resend_count: u32 = TIMES, "ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", Is("false");
        /// The validity of the code, in seconds.
        login_by_code_timeout: Duration = SECONDS, "ACCOUNT_LOGIN_BY_CODE_TIMEOUT", Is("180");
        /// The format of the code.
        login_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_LOGIN_BY_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");

        /// Whether passwords are reset by code instead of by link.
        password_reset_by_code_enabled: bool = SWITCH, "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", Is("false");
        /// The number of attempts at a code before a new one is required.
        password_reset_by_code_max_attempts: u32 = ATTEMPTS, "ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS", Is("3");
        /// The validity of the code, in seconds.
        password_reset_by_code_timeout: Duration = SECONDS, "ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT", Is("180");
        /// The format of the code. The doubled `CODE` is allauth's.
        password_reset_by_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_PASSWORD_RESET_BY_CODE_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT"), also "ACCOUNT_PASSWORD_RESET_BY_CODE_FORMAT";
        /// The minimum length of a password, if `AUTH_PASSWORD_VALIDATORS` is `[]`.
        password_min_length: Option<usize> = OPTIONAL_LENGTH, "ACCOUNT_PASSWORD_MIN_LENGTH", Is("6");

        /// Whether phone numbers are verified, by code.
        phone_verification_enabled: bool = SWITCH, "ACCOUNT_PHONE_VERIFICATION_ENABLED", Is("true");
        /// The number of attempts at a code before a new one is required.
        phone_verification_max_attempts: u32 = ATTEMPTS, "ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS", Is("3");
        /// The number of times that the phone number can be changed while its verification is pending.
        phone_verification_max_change_count: u32 = TIMES, "ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE", Is("false");
        /// The number of times that the code can be resent.
        phone_verification_max_resend_count: u32 = TIMES, "ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", Is("false");
        /// The validity of the code, in seconds.
        phone_verification_timeout: Duration = SECONDS, "ACCOUNT_PHONE_VERIFICATION_TIMEOUT", Is("900");
        /// The format of the code.
        phone_verification_code_format: CodeFormat = CODE_FORMAT, "ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT", Of("ALLAUTH_USER_CODE_FORMAT");

        /// Whether accounts have usernames.
        usernames: bool = USERNAME_FIELD, "ACCOUNT_USER_MODEL_USERNAME_FIELD", Is("username");
        /// The minimum length of a username, in characters.
        username_min_length: usize = LENGTH, "ACCOUNT_USERNAME_MIN_LENGTH", Is("1");
        /// Reserved usernames. Comparison ignores case, compatibility variants (NFKC) and letters of other
        /// scripts that look the same (UTS 39).
        username_blacklist: Vec<String> = LIST, "ACCOUNT_USERNAME_BLACKLIST", Is("[]");
        /// Whether usernames keep their letter case. Comparison ignores case and compatibility variants (NFKC)
        /// either way.
        preserve_username_casing: bool = SWITCH, "ACCOUNT_PRESERVE_USERNAME_CASING", Is("true");

        /// The rate limits: `false` for none, or an object that replaces the default rates of some actions. A
        /// rate is `amount/time` and a scope: `/ip` for the client's IP address (the default), `/user` for the
        /// account, or the IP address while the session is not authenticated, `/key` for the key in the table
        /// below, or all clients together if the action has none. Several rates, separated by commas, apply
        /// together.
        rate_limits: RateLimits = RATE_LIMITS, "ACCOUNT_RATE_LIMITS", Computed("{}", "see below");
    }
}

group! {
    /// The format of codes, and how the client's IP address is determined.
    pub Allauth, "All parts" {
        /// The default format of codes.
        user_code_format: CodeFormat = CODE_FORMAT, "ALLAUTH_USER_CODE_FORMAT", Is("{}");
        /// The request header that holds the client's IP address, if a trusted proxy that cannot be bypassed sets
        /// one, such as `CloudFront-Viewer-Address`. A port in it is ignored.
        trusted_client_ip_header: Option<String> = OPTIONAL_HEADER, "ALLAUTH_TRUSTED_CLIENT_IP_HEADER", Is("null");
        /// The number of trusted proxies that append to `X-Forwarded-For`, counted as allauth counts them: API
        /// Gateway (or the local stack) is one. So 0 and 1 both mean the IP address that API Gateway saw, and 2
        /// the one that a CDN in front of it saw. Set 2 only if clients cannot bypass the CDN, as with
        /// `ORIGIN_VERIFY_SHA256`.
        trusted_proxy_count: usize = PROXIES, "ALLAUTH_TRUSTED_PROXY_COUNT", Is("0");
        /// The number of leading bits of an IPv6 address that rate limits count as one client.
        rate_limit_ipv6_prefix: u8 = PREFIX_LENGTH, "ALLAUTH_RATE_LIMIT_IPV6_PREFIX", Is("64");
    }
}

group! {
    /// The clients of the API, and its frontend.
    pub Headless, "API and frontend" {
        /// The kinds of clients: browsers with cookies, apps with session tokens.
        clients: Clients = CLIENTS, "HEADLESS_CLIENTS", Is(r#"["browser", "app"]"#);
        /// The URL of the frontend.
        frontend_url: String = FRONTEND_URL, "FRONTEND_URL", Is("http://localhost:3000"), of "Vestibule";
        /// The URLs of the frontend's pages that mails and redirects lead to; `{key}` stands for the key. An
        /// omitted page has its default path under `FRONTEND_URL`. A value without a host is appended to
        /// `FRONTEND_URL`, which must then be set: no link takes its host from a request.
        frontend_urls: FrontendUrls = FRONTEND_URLS, "HEADLESS_FRONTEND_URLS", Computed("{}", "see below");
        /// An additional path of the API, such as `/auth/api/` for `/auth/api/browser/v1/config`; `null` for
        /// none. The paths under `/_allauth/` remain. The local stack rewrites it; on AWS, a proxy in front of
        /// API Gateway must do so, such as a CloudFront function.
        url_prefix: Option<String> = OPTIONAL_PREFIX, "HEADLESS_URL_PREFIX", Is("null"), of "Vestibule";
        /// Additional request headers allowed for cross-origin requests (CORS), besides those of the API and of
        /// tracing. For the local stack; on AWS set the template's `AllowedHeaders`. The name is that of
        /// django-cors-headers.
        cors_headers: Vec<String> = HEADER_NAMES, "CORS_ALLOW_HEADERS", Is("[]");
        /// Whether the API serves its OpenAPI description, at `/_allauth/openapi.json`, `.yaml` and `.html`.
        serve_specification: bool = SWITCH, "HEADLESS_SERVE_SPECIFICATION", Is("false");
        /// Whether there are no HTML pages. Always true.
        only: bool = HEADLESS_ONLY, "HEADLESS_ONLY", Is("true");
        /// The tokens that apps get at login: `sessions` for a session token only, `jwt` for an access token and
        /// a refresh token as well. The class paths of allauth's strategies are accepted too.
        token_strategy: TokenStrategy = TOKEN_STRATEGY, "HEADLESS_TOKEN_STRATEGY", Is("sessions");
    }
    holding {
        /// The tokens.
        jwt: JwtSettings;
    }
}

group! {
    /// The tokens of apps with `HEADLESS_TOKEN_STRATEGY=jwt`: JSON Web Tokens (RFC 7519).
    pub JwtSettings, "Access and refresh tokens" {
        /// The signature algorithm. API Gateway's JWT authorizer accepts RSA only. With `HEADLESS_JWT_KEYS_ARN`,
        /// a change takes effect with the next key.
        algorithm: Algorithm = JWT_ALGORITHM, "HEADLESS_JWT_ALGORITHM", Is("RS256");
        /// The signing key: a private key in PEM form, or a secret for HS256 and the like. If unset, HS256 uses a
        /// key derived from `SECRET_KEY`, and the others use the keys of `HEADLESS_JWT_KEYS_ARN`.
        private_key: Option<Secret> = PEM_OR_SECRET, "HEADLESS_JWT_PRIVATE_KEY", Is("null");
        /// The secret in AWS Secrets Manager that holds the signing keys, which the function `keys` generates and
        /// rotates.
        keys_arn: Option<String> = OPTIONAL_TEXT, "HEADLESS_JWT_KEYS_ARN", Is("null"), of "Vestibule";
        /// The number of days after which the keys of `HEADLESS_JWT_KEYS_ARN` are rotated. A function that starts with
        /// keys two days older than that logs an error, which counts in the metric `KeysOverdue`; `null` for any age.
        keys_rotation_days: Option<u32> = OPTIONAL_COUNT, "HEADLESS_JWT_KEYS_ROTATION_DAYS", Is("null"), of "Vestibule";
        /// The lifetime of an access token, in seconds.
        access_token_expires_in: Duration = SOME_SECONDS, "HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN", Is("300");
        /// The lifetime of a refresh token, in seconds.
        refresh_token_expires_in: Duration = SOME_SECONDS, "HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN", Is("86400");
        /// Whether a refresh token is single-use, and its use returns a new one.
        rotate_refresh_token: bool = SWITCH, "HEADLESS_JWT_ROTATE_REFRESH_TOKEN", Is("true");
        /// The time during which a used refresh token returns the same tokens again, in seconds: a response may
        /// be lost, or two tabs may refresh at once. A later use ends the session, as the token may be stolen.
        refresh_grace: Duration = SECONDS, "HEADLESS_JWT_REFRESH_GRACE", Is("30"), of "Vestibule";
        /// The scheme of the `Authorization` header.
        authorization_header_scheme: String = HEADER_SCHEME, "HEADLESS_JWT_AUTHORIZATION_HEADER_SCHEME", Is("Bearer");
        /// Whether an access token of an ended session counts as absent, instead of being answered with 410. The
        /// session is looked up either way.
        stateful_validation_enabled: bool = SWITCH, "HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED", Is("false");
        /// The audience (`aud`) of access tokens. If set, they have an `iss` too, as API Gateway's JWT authorizer
        /// requires.
        audience: Option<String> = OPTIONAL_TEXT, "HEADLESS_JWT_AUDIENCE", Is("null"), of "Vestibule";
        /// The issuer (`iss`) of access tokens and of `/.well-known/openid-configuration`; the URL of the API as
        /// requested if `null`.
        issuer: Option<String> = OPTIONAL_URL, "HEADLESS_JWT_ISSUER", Is("null"), of "Vestibule";
        /// Additional claims of access tokens, and members of the authorizer's context, each with its source
        /// ([guarding.md](guarding.md)). A token keeps the values of the time of its issue.
        claims: TokenClaims = TOKEN_CLAIMS, "HEADLESS_JWT_CLAIMS", Computed("{}", "none; see below for the sources"), of "Vestibule";
    }
}

group! {
    /// TOTP, passkeys and recovery codes.
    pub Mfa, "Second factors" {
        /// The types of second factors that users can add; a value replaces the default. Removing a type does not
        /// remove authenticators: codes of authenticator apps are still accepted, but WebAuthn credentials need
        /// `"webauthn"`, and a user with no other second factor is locked out without it.
        supported_types: Vec<AuthenticatorType> = SUPPORTED_TYPES, "MFA_SUPPORTED_TYPES", Is(r#"["recovery_codes", "totp"]"#);
        /// Whether an account with an unverified email address can have a second factor. A sign-up with the email
        /// address of another person could then lock out its owner permanently.
        allow_unverified_email: bool = SWITCH, "MFA_ALLOW_UNVERIFIED_EMAIL", Is("false");
        /// Whether changing second factors or viewing recovery codes requires reauthentication.
        reauthentication_required: bool = SWITCH, "MFA_REAUTHENTICATION_REQUIRED", Is("true");
        /// The rate limits, as in `ACCOUNT_RATE_LIMITS`. The only action is `webauthn_login`, for passkey logins.
        /// Codes count as `login_failed` in `ACCOUNT_RATE_LIMITS`.
        passkey_login_rates: Rates = MFA_RATE_LIMITS, "MFA_RATE_LIMITS", Computed("{}", r#"`{"webauthn_login": "10/m/ip"}`"#);

        /// The number of digits of a TOTP code.
        totp_digits: u32 = TOTP_DIGITS, "MFA_TOTP_DIGITS", Is("6");
        /// The validity of a TOTP code, in seconds. Some authenticator apps support only 30.
        totp_period: u32 = TOTP_PERIOD, "MFA_TOTP_PERIOD", Is("30");
        /// The number of time steps before and after the current one that are accepted, for clocks that are off.
        totp_tolerance: u32 = TOTP_TOLERANCE, "MFA_TOTP_TOLERANCE", Is("0");
        /// The issuer shown in authenticator apps; `SITE_NAME` if `null`, or else the host name of the request.
        totp_issuer: Option<String> = OPTIONAL_TEXT, "MFA_TOTP_ISSUER", Is("null");
        /// A TOTP code that is always accepted, for tests of a frontend. Refused unless `DEBUG` is true.
        totp_insecure_bypass_code: Option<Secret> = OPTIONAL_CODE, "MFA_TOTP_INSECURE_BYPASS_CODE", Is("null");

        /// The number of recovery codes.
        recovery_code_count: usize = RECOVERY_CODES, "MFA_RECOVERY_CODE_COUNT", Is("10");
        /// The number of digits of a recovery code.
        recovery_code_digits: usize = RECOVERY_CODE_DIGITS, "MFA_RECOVERY_CODE_DIGITS", Is("8");
        /// Whether recovery codes can be viewed only once. Afterwards only their hashes are stored.
        recovery_codes_show_once: bool = SWITCH, "MFA_RECOVERY_CODES_SHOW_ONCE", Is("false");

        /// Whether passkey login is enabled. Needs `"webauthn"` in `MFA_SUPPORTED_TYPES`.
        passkey_login_enabled: bool = SWITCH, "MFA_PASSKEY_LOGIN_ENABLED", Is("false");
        /// Whether sign-up with a passkey instead of a password is enabled. Needs `"webauthn"` in
        /// `MFA_SUPPORTED_TYPES`, mandatory email verification by code, and `email*` in `ACCOUNT_SIGNUP_FIELDS`.
        passkey_signup_enabled: bool = SWITCH, "MFA_PASSKEY_SIGNUP_ENABLED", Is("false");
        /// The user verification required of security keys. Passkeys always require it.
        webauthn_user_verification: UserVerification = USER_VERIFICATION, "MFA_WEBAUTHN_USER_VERIFICATION", Is("preferred");
        /// The WebAuthn relying party id, to which credentials are bound permanently: the domain of the frontend or
        /// a parent of it. The host name of the API as requested if `null`.
        webauthn_rp_id: Option<String> = RP_ID, "MFA_WEBAUTHN_RP_ID", Is("null"), of "Vestibule";
        /// The origins of pages and Android apps that may use WebAuthn credentials. If empty: the API's own
        /// origin, that of `FRONTEND_URL`, `CSRF_TRUSTED_ORIGINS`, and `https://` with the relying party id.
        webauthn_origins: Vec<String> = WEBAUTHN_ORIGINS, "MFA_WEBAUTHN_ORIGINS", Is("[]"), of "Vestibule";
        /// Whether any origin may use WebAuthn credentials, for development only.
        webauthn_allow_insecure_origin: bool = SWITCH, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", Is("false");

        /// Whether users can trust their browser after the second factor, so that later logins skip it.
        trust_enabled: bool = SWITCH, "MFA_TRUST_ENABLED", Is("false");
        /// The time that a browser stays trusted, in seconds.
        trust_cookie_age: Duration = SOME_SECONDS, "MFA_TRUST_COOKIE_AGE", Is("1209600");
        /// The name of the cookie of a trusted browser.
        trust_cookie_name: String = COOKIE_NAME, "MFA_TRUST_COOKIE_NAME", Is("mfa_trusted");
        /// The `Domain` of the cookie, all subdomains included.
        trust_cookie_domain: Option<String> = COOKIE_DOMAIN, "MFA_TRUST_COOKIE_DOMAIN", Of("SESSION_COOKIE_DOMAIN");
        /// The `Path` of the cookie.
        trust_cookie_path: String = COOKIE_PATH, "MFA_TRUST_COOKIE_PATH", Of("SESSION_COOKIE_PATH");
        /// Whether the cookie is `Secure`: sent over HTTPS only.
        trust_cookie_secure: bool = SWITCH, "MFA_TRUST_COOKIE_SECURE", Of("SESSION_COOKIE_SECURE");
        /// Whether the cookie is `HttpOnly`: not readable by scripts.
        trust_cookie_httponly: bool = SWITCH, "MFA_TRUST_COOKIE_HTTPONLY", Of("SESSION_COOKIE_HTTPONLY");
        /// The `SameSite` attribute of the cookie.
        trust_cookie_samesite: SameSite = SAMESITE, "MFA_TRUST_COOKIE_SAMESITE", Of("SESSION_COOKIE_SAMESITE");
    }
}

group! {
    /// Login through third-party providers (OAuth 2.0, OpenID Connect).
    pub Socialaccount, "Social login" {
        /// The providers in allauth's format, each with its clients as `APP` or `APPS`. Options for all apps of a
        /// provider, or in lower case in the `settings` of one app: `SCOPE`, `AUTH_PARAMS`, `OAUTH_PKCE_ENABLED`,
        /// `VERIFIED_EMAIL`, `EMAIL_AUTHENTICATION`, and those of the provider in [providers.md](providers.md).
        providers: Vec<ProviderApp> = PROVIDERS, "SOCIALACCOUNT_PROVIDERS", Is("{}");
        /// The secret in AWS Secrets Manager that holds the client secrets: an object from the id of each app
        /// (`provider_id`, or else the provider's id, or the client id) to its secret, or to an object with
        /// `secret`, `key` and `settings`. Only the function `provider` reads it.
        providers_secret_arn: Option<String> = OPTIONAL_TEXT, "SOCIALACCOUNT_PROVIDERS_SECRET_ARN", Is("null"), of "Vestibule";
        /// Whether providers are the only way to log in.
        only: bool = SWITCH, "SOCIALACCOUNT_ONLY", Is("false");
        /// Whether sign-up through a provider is open.
        signup_enabled: bool = SWITCH, "SOCIALACCOUNT_SIGNUP_ENABLED", Of("ACCOUNT_SIGNUP_ENABLED"), of "Vestibule";
        /// Whether a first login through a provider signs up with the provider's profile claims, unless something
        /// is missing or taken. If false, the frontend always asks before an account is created.
        auto_signup: bool = SWITCH, "SOCIALACCOUNT_AUTO_SIGNUP", Is("true");
        /// Whether a verified email address reported by a provider logs in to the account that has it. Every
        /// provider can then log in to any account: only for fully trusted providers.
        email_authentication: bool = SWITCH, "SOCIALACCOUNT_EMAIL_AUTHENTICATION", Is("false");
        /// Whether such a login also connects the provider account.
        email_authentication_auto_connect: bool = SWITCH, "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT", Is("false");
        /// Whether sign-up through a provider requires an email address.
        email_required: bool = SWITCH, "SOCIALACCOUNT_EMAIL_REQUIRED", Computed("false", "whether `ACCOUNT_SIGNUP_FIELDS` has `email*`");
        /// Whether login through a provider requires a verified email address; `null` for the value of
        /// `ACCOUNT_EMAIL_VERIFICATION`. An email address that the provider reports as verified counts as
        /// verified.
        email_verification: Option<EmailVerification> = OPTIONAL_EMAIL_VERIFICATION, "SOCIALACCOUNT_EMAIL_VERIFICATION", Is("null");
        /// Whether an email address is requested from providers.
        query_email: bool = SWITCH, "SOCIALACCOUNT_QUERY_EMAIL", Computed("false", "as `SOCIALACCOUNT_EMAIL_REQUIRED`");
        /// Whether connecting or disconnecting a provider account requires reauthentication.
        reauthentication_required: bool = SWITCH, "SOCIALACCOUNT_REAUTHENTICATION_REQUIRED", Of("ACCOUNT_REAUTHENTICATION_REQUIRED");
        /// Whether the tokens that providers issue are stored, encrypted.
        store_tokens: bool = SWITCH, "SOCIALACCOUNT_STORE_TOKENS", Is("false");
        /// The timeout of requests to providers, in seconds.
        requests_timeout: Duration = SOME_SECONDS, "SOCIALACCOUNT_REQUESTS_TIMEOUT", Is("5");
        /// Whether providers may have private IP addresses and no TLS, as in tests. Otherwise a wrong setting or
        /// a malicious provider could make the function send requests to hosts that only it can reach (SSRF).
        allow_private_addresses: bool = SWITCH, "SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", Is("false"), of "Vestibule";
        /// The path segment before the app's id in redirect URIs of OpenID Connect providers; empty or `null` for
        /// none.
        openid_connect_url_prefix: Option<String> = SEGMENT, "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX", Is("oidc");
    }
}

group! {
    /// The list of a user's sessions.
    pub Usersessions, "Sessions of a user" {
        /// Whether the list of sessions shows the time, IP address and user agent of the last request.
        track_activity: bool = SWITCH, "USERSESSIONS_TRACK_ACTIVITY", Is("false");
    }
}

group! {
    /// Sessions, and their cookie.
    pub Session, "Session" {
        /// The name of the cookie.
        cookie_name: String = COOKIE_NAME, "SESSION_COOKIE_NAME", Is("sessionid");
        /// The lifetime of a session, in seconds; for apps as well.
        cookie_age: Duration = SOME_SECONDS, "SESSION_COOKIE_AGE", Is("1209600"), also "ACCOUNT_SESSION_COOKIE_AGE";
        /// Whether the cookie is a session cookie (RFC 6265), without `Max-Age` and `Expires`, which browsers
        /// delete when they are closed. The session itself lasts `SESSION_COOKIE_AGE` either way.
        expire_at_browser_close: bool = SWITCH, "SESSION_EXPIRE_AT_BROWSER_CLOSE", Is("false");
        /// Whether expiration is sliding: every request extends the session to `SESSION_COOKIE_AGE` from then on,
        /// and sets the cookie again. The table is written for that at most once an hour (or once in a tenth of
        /// `SESSION_COOKIE_AGE`, if shorter); requests to `config` and to your own APIs do not count.
        save_every_request: bool = SWITCH, "SESSION_SAVE_EVERY_REQUEST", Is("false");
        /// The longest time from a login to the end of its session, in seconds, whatever extends the session: sliding
        /// expiration, refresh tokens, changes; `null` for none. Only another login begins a new session.
        max_age: Option<Duration> = OPTIONAL_SOME_SECONDS, "SESSION_MAX_AGE", Is("null"), of "Vestibule";
        /// The `Domain` of the cookie, all subdomains included.
        cookie_domain: Option<String> = COOKIE_DOMAIN, "SESSION_COOKIE_DOMAIN", Is("null");
        /// The `Path` of the cookie.
        cookie_path: String = COOKIE_PATH, "SESSION_COOKIE_PATH", Is("/");
        /// Whether the cookie is `Secure`: sent over HTTPS only. Enable it wherever there is HTTPS.
        cookie_secure: bool = SWITCH, "SESSION_COOKIE_SECURE", Is("false");
        /// Whether the cookie is `HttpOnly`: not readable by scripts.
        cookie_httponly: bool = SWITCH, "SESSION_COOKIE_HTTPONLY", Is("true");
        /// The `SameSite` attribute of the cookie.
        cookie_samesite: SameSite = SAMESITE, "SESSION_COOKIE_SAMESITE", Is("Lax");
    }
}

group! {
    /// Protection against cross-site request forgery.
    pub Csrf, "Cross-site request forgery" {
        /// The origins, besides the API's own, whose pages may send requests.
        trusted_origins: Vec<String> = ORIGINS, "CSRF_TRUSTED_ORIGINS", Is("[]");
        /// The request header that repeats the token, as in Django or as sent: `HTTP_X_CSRFTOKEN`, `X-CSRFToken`.
        header_name: String = HEADER_NAME, "CSRF_HEADER_NAME", Is("HTTP_X_CSRFTOKEN");
        /// Whether the token is bound to the session instead of stored in a cookie.
        use_sessions: bool = SWITCH, "CSRF_USE_SESSIONS", Is("false");
        /// The name of the cookie.
        cookie_name: String = COOKIE_NAME, "CSRF_COOKIE_NAME", Is("csrftoken");
        /// The lifetime of the cookie, in seconds; `null` for a session cookie.
        cookie_age: Option<Duration> = OPTIONAL_SECONDS, "CSRF_COOKIE_AGE", Is("31449600");
        /// The `Domain` of the cookie, all subdomains included.
        cookie_domain: Option<String> = COOKIE_DOMAIN, "CSRF_COOKIE_DOMAIN", Is("null");
        /// The `Path` of the cookie.
        cookie_path: String = COOKIE_PATH, "CSRF_COOKIE_PATH", Is("/");
        /// Whether the cookie is `Secure`: sent over HTTPS only. Enable it wherever there is HTTPS.
        cookie_secure: bool = SWITCH, "CSRF_COOKIE_SECURE", Is("false");
        /// Whether the cookie is `HttpOnly`: not readable by scripts.
        cookie_httponly: bool = SWITCH, "CSRF_COOKIE_HTTPONLY", Is("false");
        /// The `SameSite` attribute of the cookie.
        cookie_samesite: SameSite = SAMESITE, "CSRF_COOKIE_SAMESITE", Is("Lax");
    }
}

group! {
    /// Telling people from bots, before sign-ups and requests for mail ([bot-check.md](bot-check.md)).
    pub Captcha, "Bot check" {
        /// The service that issues tokens to people: Cloudflare Turnstile or hCaptcha.
        provider: Option<CaptchaProvider> = CAPTCHA_PROVIDER, "CAPTCHA_PROVIDER", Is("null"), of "Vestibule";
        /// The secret key that the service has issued for the site. On AWS use `CAPTCHA_SECRET_ARN`.
        secret: Option<Secret> = OPTIONAL_CODE, "CAPTCHA_SECRET", Is("null"), of "Vestibule";
        /// The secret in AWS Secrets Manager that holds it.
        secret_arn: Option<String> = OPTIONAL_TEXT, "CAPTCHA_SECRET_ARN", Is("null"), of "Vestibule";
        /// Whether requests go on while the service is not available, instead of being answered with 503.
        fail_open: bool = SWITCH, "CAPTCHA_FAIL_OPEN", Is("false"), of "Vestibule";
        /// The URL that verifies tokens, instead of the service's own, for tests.
        url: Option<String> = OPTIONAL_URL, "CAPTCHA_URL", Is("null"), of "Vestibule";
    }
}

group! {
    /// Password rules, reset and hashing.
    pub Passwords, "Passwords" {
        /// The password rules: any of Django's four validators, with their options. `[]` for none.
        validators: Vec<PasswordValidator> = PASSWORD_VALIDATORS, "AUTH_PASSWORD_VALIDATORS", Computed(ALL_FOUR, "all four");
        /// A file of passwords that data breaches have made known, which are refused
        /// ([breached-passwords.md](breached-passwords.md)). Functions that set passwords do not start if it is
        /// missing or damaged.
        breached: Option<BreachedFile> = BREACHED_FILE, "PASSWORD_BREACHED_FILE", Is("null"), of "Vestibule";
        /// The validity of the password reset link, in seconds.
        reset_timeout: Duration = SECONDS, "PASSWORD_RESET_TIMEOUT", Is("259200");
    }
    holding {
        /// The cost of hashing.
        argon2: Argon2Cost;
    }
}

group! {
    /// The parameters of argon2id (RFC 9106). The defaults are OWASP's minimum.
    pub Argon2Cost, "Password hashing" {
        /// The memory, in KiB; at least 8 for each lane.
        memory_kib: u32 = ARGON2_MEMORY, "PASSWORD_ARGON2_MEMORY_KIB", Is("19456"), of "Vestibule";
        /// The number of passes over the memory.
        iterations: u32 = ARGON2_ITERATIONS, "PASSWORD_ARGON2_ITERATIONS", Is("2"), of "Vestibule";
        /// The number of lanes.
        parallelism: u32 = ARGON2_PARALLELISM, "PASSWORD_ARGON2_PARALLELISM", Is("1"), of "Vestibule";
    }
}

group! {
    /// The sender, the delivery and the rates of messages.
    pub Mail, "Mails and text messages" {
        /// The sender of mails. SES must have verified the email address or its domain. A display name that is
        /// not ASCII is encoded (RFC 2047).
        default_from_email: String = SENDER, "DEFAULT_FROM_EMAIL", Is("webmaster@localhost");
        /// The SES configuration set of mails.
        ses_configuration_set: Option<String> = OPTIONAL_TEXT, "SES_CONFIGURATION_SET", Is("null"), of "Vestibule";
        /// A directory of templates that replace the built-in ones.
        templates_dir: Option<String> = OPTIONAL_TEXT, "MAIL_TEMPLATES_DIR", Is("null"), of "Vestibule";
        /// The SNS topic to which text messages are published.
        sms_topic_arn: Option<String> = OPTIONAL_TEXT, "SMS_TOPIC_ARN", Is("null"), of "Vestibule";
        /// The Lambda function that is invoked for text messages.
        sms_function_arn: Option<String> = OPTIONAL_TEXT, "SMS_FUNCTION_ARN", Is("null"), of "Vestibule";
        /// The rate of messages to one recipient that unauthenticated clients can cause, all clients together;
        /// the same rate applies separately to messages that the account's owner requests after proving a
        /// password or in an authenticated session. Off if `ACCOUNT_RATE_LIMITS` is `false`.
        per_recipient: Rates = MAIL_RATES, "MAIL_RATE_LIMIT_RECIPIENT", Is("20/h"), of "Vestibule";
        /// The rate of all messages, all clients together, in parts by cause ([mail.md](mail.md)). Off if
        /// `ACCOUNT_RATE_LIMITS` is `false`.
        in_all: Rates = MAIL_RATES, "MAIL_RATE_LIMIT_TOTAL", Is("10000/h"), of "Vestibule";
    }
}

group! {
    /// The events of accounts, and the history that they make ([events.md](events.md)).
    pub Events, "Events" {
        /// How many days the events of accounts are kept. With 0 none is recorded, unless `EVENTS_BUS` or `EVENTS_URL`
        /// is set: then it is 14. On AWS it is the parameter `AuditRetentionDays`, as more functions need `SECRET_KEY` then.
        retention_days: u32 = RETENTION_DAYS, "AUDIT_RETENTION_DAYS", Is("0"), of "Vestibule";
        /// The `EventBridge` bus that events are delivered to, its name or ARN. On AWS the parameter `DeliverEvents`
        /// creates one.
        bus: Option<String> = OPTIONAL_TEXT, "EVENTS_BUS", Is("null"), of "Vestibule";
        /// The URL that events are sent to, instead of a bus, each signed with `EVENTS_SECRET`. It must begin with `https://`
        /// and have a public IP address, unless `SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES` is `true`, as it is in the local
        /// stack. On AWS it is the parameter `EventsUrl`.
        url: Option<Url> = EVENTS_URL, "EVENTS_URL", Is("null"), of "Vestibule";
        /// The secret that these requests are signed with (Standard Webhooks); several sign each request, for a rotation. On
        /// AWS use `EVENTS_SECRET_ARN`.
        secrets: Option<WebhookSecrets> = WEBHOOK_SECRETS, "EVENTS_SECRET", Is("null"), of "Vestibule";
        /// The secret in AWS Secrets Manager that holds it. On AWS it is the parameter `EventsSecretArn`.
        secret_arn: Option<String> = OPTIONAL_TEXT, "EVENTS_SECRET_ARN", Is("null"), of "Vestibule";
        /// The personal data that events contain. It is encrypted in the table, and cannot be decrypted once the
        /// account is deleted.
        include: Vec<EventData> = EVENT_DATA, "EVENTS_INCLUDE", Is("[]"), of "Vestibule";
    }
}

group! {
    /// Names that allauth has replaced. They apply if their successor is not set.
    pub(super) Old, "Old names" {
        /// Replaced by `ACCOUNT_LOGIN_METHODS`.
        authentication_method: Option<LoginMethods> = AUTHENTICATION_METHOD, "ACCOUNT_AUTHENTICATION_METHOD", Is("null");
        /// Replaced by `email*` or `email` in `ACCOUNT_SIGNUP_FIELDS`.
        email_required: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_EMAIL_REQUIRED", Is("null");
        /// Replaced by `username*` in `ACCOUNT_SIGNUP_FIELDS`.
        username_required: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_USERNAME_REQUIRED", Is("null");
        /// Replaced by `email2*` in `ACCOUNT_SIGNUP_FIELDS`.
        signup_email_enter_twice: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SIGNUP_EMAIL_ENTER_TWICE", Is("null");
        /// Replaced by `password2*` in `ACCOUNT_SIGNUP_FIELDS`.
        signup_password_enter_twice: Option<bool> = OPTIONAL_SWITCH, "ACCOUNT_SIGNUP_PASSWORD_ENTER_TWICE", Is("null"), also "ACCOUNT_SIGNUP_PASSWORD_VERIFICATION";
        /// The number of failed logins for one email address, phone number or username; replaced by
        /// `login_failed` in `ACCOUNT_RATE_LIMITS`. 0 or `null` for no limit.
        login_attempts_limit: Option<u32> = OPTIONAL_COUNT, "ACCOUNT_LOGIN_ATTEMPTS_LIMIT", Is("5");
        /// The period of that number, in seconds; replaced by `login_failed` in `ACCOUNT_RATE_LIMITS`.
        login_attempts_timeout: Option<Duration> = OPTIONAL_SECONDS, "ACCOUNT_LOGIN_ATTEMPTS_TIMEOUT", Is("300");
        /// The time between two mails with a link, in seconds; replaced by `confirm_email` in
        /// `ACCOUNT_RATE_LIMITS`.
        email_confirmation_cooldown: Option<Duration> = OPTIONAL_SECONDS, "ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN", Is("180");
    }
}

/// The variable that names a file of settings.
pub const SETTINGS_FILE: &str = "SETTINGS_FILE";

/// The variable that names a folder of languages.
pub const LANGUAGES_DIR: &str = "LANGUAGES_DIR";

/// All that is declared.
pub(super) const ALL: &[&About] = &[&Settings::ABOUT, &Old::ABOUT];
