//! Settings that cannot hold together, as in allauth's own checks and where browsers would refuse.

use super::choice::{EmailVerification, LoginMethod};
use super::completion::predecessors;
use super::cookie::SameSite;
use super::declared::Settings;
use super::error::{Concerned, Problem};
use super::profile_field::ProfilePart;
use super::rate::Action;
use super::setting::Setting;
use super::signup_fields::SignupFieldName;
use super::source::Source;

/// Some settings, when they contradict each other, and what would be right.
struct Rule {
    settings: &'static [&'static str],
    is_broken: fn(&Settings) -> bool,
    remedy: &'static str,
}

/// How many limits on mail there may be: each is a counter, and must go in one transaction with a whole account.
pub const MOST_MAIL_LIMITS: usize = 3;

/// How many limits an action may have, for the same reason.
pub const MOST_LIMITS: usize = 5;

/// Broken ones stop the start.
const ERRORS: &[Rule] = &[
    Rule {
        settings: &["ACCOUNT_HISTORY_ENABLED", "AUDIT_RETENTION_DAYS"],
        is_broken: |s| s.account.history_enabled && !s.events.are_recorded(),
        remedy: "the history consists of recorded events: AUDIT_RETENTION_DAYS must not be 0",
    },
    Rule {
        settings: &["LANGUAGE_CODE", "LANGUAGES"],
        is_broken: |s| s.default_language().is_none(),
        remedy: "LANGUAGES must have the language of LANGUAGE_CODE",
    },
    Rule {
        settings: &["SOCIALACCOUNT_ONLY", "ACCOUNT_LOGIN_BY_CODE_ENABLED"],
        is_broken: |s| s.socialaccount.only && s.account.login_by_code_enabled,
        remedy: "login by code is a way to log in without providers: one of the two must be false",
    },
    Rule {
        settings: &["SOCIALACCOUNT_ONLY", "INSTALLED_APPS"],
        is_broken: |s| s.socialaccount.only && s.apps.mfa,
        remedy: "must not be true together with second factors: leave allauth.mfa out of INSTALLED_APPS",
    },
    Rule {
        settings: &["SOCIALACCOUNT_ONLY", "ACCOUNT_EMAIL_VERIFICATION"],
        is_broken: |s| s.socialaccount.only && s.account.email_verification != EmailVerification::None,
        remedy: "if login is through providers only, ACCOUNT_EMAIL_VERIFICATION must be none",
    },
    Rule {
        settings: &["SOCIALACCOUNT_EMAIL_REQUIRED", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            s.socialaccount.email_required && s.account.signup_fields.get(SignupFieldName::Email).is_none()
        },
        remedy: "if an email address is required, ACCOUNT_SIGNUP_FIELDS must have email",
    },
    Rule {
        settings: &["ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "ACCOUNT_EMAIL_VERIFICATION"],
        is_broken: |s| {
            s.account.email_verification_by_code_enabled
                && s.account.email_verification != EmailVerification::Mandatory
        },
        remedy: "verification by code must be mandatory",
    },
    Rule {
        settings: &["ACCOUNT_LOGIN_METHODS", "ACCOUNT_UNIQUE_EMAIL"],
        is_broken: |s| s.account.login_methods.contains(LoginMethod::Email) && !s.account.unique_email,
        remedy: "if login is by email address, ACCOUNT_UNIQUE_EMAIL must be true",
    },
    Rule {
        settings: &["ACCOUNT_EMAIL_VERIFICATION", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            s.account.email_verification == EmailVerification::Mandatory
                && !s.account.signup_fields.requires(SignupFieldName::Email)
        },
        remedy: "if verification is mandatory, ACCOUNT_SIGNUP_FIELDS must have email*",
    },
    Rule {
        settings: &["ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            let asks = |name| s.account.signup_fields.get(name).is_some();
            match s.account.signup_honeypot.as_deref() {
                Some("password" | "email") => true,
                Some("email2") => asks(SignupFieldName::Email2),
                Some("username") => asks(SignupFieldName::Username),
                Some("phone") => asks(SignupFieldName::Phone),
                _ => false,
            }
        },
        remedy: "the honeypot must not be a field of the sign-up form: no sign-up would succeed",
    },
    Rule {
        settings: &["ACCOUNT_SIGNUP_DOMAINS", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            s.account.signup_domains.is_restricted()
                && !s.socialaccount.only
                && !s.account.signup_fields.requires(SignupFieldName::Email)
        },
        remedy: "accounts without an email address would evade it: ACCOUNT_SIGNUP_FIELDS must have email*",
    },
    Rule {
        settings: &["ACCOUNT_SIGNUP_DOMAINS", "SOCIALACCOUNT_EMAIL_REQUIRED"],
        is_broken: |s| {
            s.account.signup_domains.is_restricted()
                && s.apps.socialaccount
                && s.socialaccount.signup_enabled
                && !s.socialaccount.email_required
        },
        remedy: "accounts without an email address would evade it: SOCIALACCOUNT_EMAIL_REQUIRED must be true",
    },
    Rule {
        settings: &["ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD", "ACCOUNT_PROFILE_FIELDS"],
        is_broken: |s| {
            s.account
                .signup_honeypot
                .as_deref()
                .is_some_and(|name| s.account.profile_fields.get(name).is_some())
        },
        remedy: "the honeypot must not be a field of ACCOUNT_PROFILE_FIELDS: no sign-up would succeed",
    },
    Rule {
        settings: &["HEADLESS_JWT_CLAIMS", "ACCOUNT_PROFILE_FIELDS"],
        is_broken: |s| {
            s.headless.jwt.claims.fields().any(|name| s.account.profile_fields.get(name).is_none())
        },
        remedy: "a source that begins with \"profile.\" must be followed by the name of a field of ACCOUNT_PROFILE_FIELDS",
    },
    Rule {
        settings: &["HEADLESS_JWT_CLAIMS", "ACCOUNT_PROFILE_FIELDS"],
        is_broken: |s| {
            let mut fields =
                s.headless.jwt.claims.fields().filter_map(|name| s.account.profile_fields.get(name));
            fields.any(|field| !field.is_in(ProfilePart::Shown))
        },
        remedy: "a field with \"read\": \"operator\" cannot be a claim: users can read their access tokens",
    },
    Rule {
        settings: &["HEADLESS_JWT_CLAIMS", "ACCOUNT_PROFILE_FIELDS"],
        is_broken: |s| s.headless.jwt.claims.are_long(&s.account.profile_fields),
        remedy: "a field of text that is a claim must have at most 255 as \"max\": a token is sent with every request",
    },
    Rule {
        settings: &["ACCOUNT_USER_MODEL_USERNAME_FIELD", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            !s.account.usernames && s.account.signup_fields.get(SignupFieldName::Username).is_some()
        },
        remedy: "without usernames, ACCOUNT_SIGNUP_FIELDS must not have username",
    },
    Rule {
        settings: &["ACCOUNT_USER_MODEL_USERNAME_FIELD", "ACCOUNT_LOGIN_METHODS"],
        is_broken: |s| !s.account.usernames && s.account.login_methods.contains(LoginMethod::Username),
        remedy: "without usernames, ACCOUNT_LOGIN_METHODS must not have username",
    },
    Rule {
        settings: &["ACCOUNT_CHANGE_EMAIL", "ACCOUNT_MAX_EMAIL_ADDRESSES"],
        is_broken: |s| s.account.change_email && s.account.max_email_addresses.is_some_and(|most| most != 2),
        remedy: "a change needs room for the old and the new email address: ACCOUNT_MAX_EMAIL_ADDRESSES must be null or 2",
    },
    Rule {
        settings: &["ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", "INSTALLED_APPS"],
        is_broken: |s| s.account.login_by_code_trust_enabled && !s.apps.mfa,
        remedy: "trusted browsers are part of allauth.mfa, which INSTALLED_APPS must have",
    },
    Rule {
        settings: &["SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_SECURE"],
        is_broken: |s| s.session.cookie_samesite == SameSite::None && !s.session.cookie_secure,
        remedy: "browsers drop a cookie with SameSite=None unless it is secure: SESSION_COOKIE_SECURE must be true",
    },
    Rule {
        settings: &["CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_SECURE"],
        is_broken: |s| s.csrf.cookie_samesite == SameSite::None && !s.csrf.cookie_secure,
        remedy: "browsers drop a cookie with SameSite=None unless it is secure: CSRF_COOKIE_SECURE must be true",
    },
    Rule {
        settings: &["MFA_TRUST_COOKIE_SAMESITE", "MFA_TRUST_COOKIE_SECURE"],
        is_broken: |s| {
            let mfa = &s.mfa;
            trusts(s) && mfa.trust_cookie_samesite == SameSite::None && !mfa.trust_cookie_secure
        },
        remedy: "browsers drop a cookie with SameSite=None unless it is secure: MFA_TRUST_COOKIE_SECURE must be true",
    },
    Rule {
        settings: &[
            "SESSION_COOKIE_NAME",
            "SESSION_COOKIE_SECURE",
            "SESSION_COOKIE_PATH",
            "SESSION_COOKIE_DOMAIN",
        ],
        is_broken: |s| {
            let session = &s.session;
            breaks_prefix(
                &session.cookie_name,
                session.cookie_secure,
                &session.cookie_path,
                session.cookie_domain.as_deref(),
            )
        },
        remedy: "browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ \
                 and without Domain",
    },
    Rule {
        settings: &["CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_PATH", "CSRF_COOKIE_DOMAIN"],
        is_broken: |s| {
            let csrf = &s.csrf;
            breaks_prefix(
                &csrf.cookie_name,
                csrf.cookie_secure,
                &csrf.cookie_path,
                csrf.cookie_domain.as_deref(),
            )
        },
        remedy: "browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ \
                 and without Domain",
    },
    Rule {
        settings: &[
            "MFA_TRUST_COOKIE_NAME",
            "MFA_TRUST_COOKIE_SECURE",
            "MFA_TRUST_COOKIE_PATH",
            "MFA_TRUST_COOKIE_DOMAIN",
        ],
        is_broken: |s| {
            let mfa = &s.mfa;
            let breaks = breaks_prefix(
                &mfa.trust_cookie_name,
                mfa.trust_cookie_secure,
                &mfa.trust_cookie_path,
                mfa.trust_cookie_domain.as_deref(),
            );
            trusts(s) && breaks
        },
        remedy: "browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ \
                 and without Domain",
    },
    Rule {
        settings: &["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"],
        is_broken: |s| s.session.cookie_name == s.csrf.cookie_name,
        remedy: "the two cookies must have different names",
    },
    Rule {
        settings: &["MFA_TRUST_COOKIE_NAME", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"],
        is_broken: |s| {
            let name = &s.mfa.trust_cookie_name;
            trusts(s) && (*name == s.session.cookie_name || *name == s.csrf.cookie_name)
        },
        remedy: "cookies must have different names",
    },
    Rule {
        settings: &["MFA_PASSKEY_SIGNUP_ENABLED", "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED"],
        is_broken: |s| s.mfa.passkey_signup_enabled && !s.account.email_verification_by_code_enabled,
        remedy: "a passkey sign-up exists in one session only, and a link may open in another browser: email addresses \
                 must be verified by code",
    },
    Rule {
        settings: &["MFA_PASSKEY_SIGNUP_ENABLED", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            s.mfa.passkey_signup_enabled && !s.account.signup_fields.requires(SignupFieldName::Email)
        },
        remedy: "with passkey sign-up, ACCOUNT_SIGNUP_FIELDS must have email*",
    },
    Rule {
        settings: &["MFA_PASSKEY_SIGNUP_ENABLED", "ACCOUNT_EMAIL_VERIFICATION"],
        is_broken: |s| {
            s.mfa.passkey_signup_enabled && s.account.email_verification != EmailVerification::Mandatory
        },
        remedy: "with passkey sign-up, verification must be mandatory",
    },
    Rule {
        settings: &["MFA_TOTP_INSECURE_BYPASS_CODE", "DEBUG"],
        is_broken: |s| s.mfa.totp_insecure_bypass_code.is_some() && !s.debug,
        remedy: "a code that is always accepted is for tests only: DEBUG must be true",
    },
    Rule {
        settings: &["MAIL_RATE_LIMIT_RECIPIENT", "MAIL_RATE_LIMIT_TOTAL"],
        is_broken: |s| s.mail.per_recipient.len() + s.mail.in_all.len() > MOST_MAIL_LIMITS,
        remedy: "at most three limits on mail, both settings together",
    },
    Rule {
        settings: &["ACCOUNT_RATE_LIMITS"],
        is_broken: |s| {
            let limits = |action: &Action| s.account.rate_limits.for_action(*action).len();
            Action::ALL.iter().any(|action| limits(action) > MOST_LIMITS)
        },
        remedy: "at most five limits for an action",
    },
    Rule {
        settings: &["PASSWORD_ARGON2_MEMORY_KIB", "PASSWORD_ARGON2_PARALLELISM"],
        is_broken: |s| s.passwords.argon2.memory_kib < 8 * s.passwords.argon2.parallelism,
        remedy: "argon2 needs at least 8 KiB for each lane",
    },
    Rule {
        settings: &["ORIGIN_VERIFY_SHA256", "PUBLIC_URL"],
        is_broken: |s| !s.origin_verify_sha256.is_empty() && s.public_url.is_none(),
        remedy: "if requests must come through a CDN, PUBLIC_URL must be its URL: redirect URIs and passkeys depend on it",
    },
    Rule {
        settings: &[
            "ORIGIN_VERIFY_SHA256",
            "ALLAUTH_TRUSTED_PROXY_COUNT",
            "ALLAUTH_TRUSTED_CLIENT_IP_HEADER",
        ],
        is_broken: |s| !s.origin_verify_sha256.is_empty() && !believes_a_proxy(s),
        remedy: "if requests must come through a CDN, ALLAUTH_TRUSTED_PROXY_COUNT must be 2 (the CDN and API Gateway), \
                 or all clients would share its IP address and its rate limits",
    },
    Rule {
        settings: &["ACCOUNT_INVITATIONS_ENABLED", "ACCOUNT_SIGNUP_FIELDS", "SOCIALACCOUNT_EMAIL_REQUIRED"],
        is_broken: |s| s.account.invitations_enabled && !all_have_email(s),
        remedy: "an invitation is for an email address: every sign-up must require one",
    },
    Rule {
        settings: &["CAPTCHA_PROVIDER", "CAPTCHA_SECRET", "CAPTCHA_SECRET_ARN"],
        is_broken: |s| {
            let captcha = &s.captcha;
            captcha.provider.is_some() && captcha.secret.is_none() && captcha.secret_arn.is_none()
        },
        remedy: "the service knows the site by its secret key: CAPTCHA_SECRET_ARN must be set, or CAPTCHA_SECRET",
    },
    Rule {
        settings: &["ACCOUNT_HOOK_FUNCTION_ARN", "ACCOUNT_HOOK_URL"],
        is_broken: |s| s.account.hook_function_arn.is_some() && s.account.hook_url.is_some(),
        remedy: "there is one hook: one of the two must be unset",
    },
    Rule {
        settings: &["SMS_TOPIC_ARN", "SMS_FUNCTION_ARN"],
        is_broken: |s| s.mail.sms_topic_arn.is_some() && s.mail.sms_function_arn.is_some(),
        remedy: "text messages have one way out: one of the two must be unset",
    },
    Rule {
        settings: &["EVENTS_BUS", "EVENTS_URL"],
        is_broken: |s| s.events.bus.is_some() && s.events.url.is_some(),
        remedy: "events are delivered to a bus or to a URL: one of the two must be unset",
    },
    Rule {
        settings: &["EVENTS_URL", "EVENTS_SECRET", "EVENTS_SECRET_ARN"],
        is_broken: |s| s.events.url.is_some() && s.events.secrets.is_none() && s.events.secret_arn.is_none(),
        remedy: "requests are signed: EVENTS_SECRET_ARN must be set, or EVENTS_SECRET",
    },
    Rule {
        settings: &["EVENTS_URL", "SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES"],
        is_broken: |s| {
            let is_plain = s.events.url.as_ref().is_some_and(|url| url.scheme() == "http");
            is_plain && !s.socialaccount.allow_private_addresses
        },
        remedy: "events are sent over TLS: EVENTS_URL must begin with https://",
    },
];

/// Broken ones are odd, but work.
const WARNINGS: &[Rule] = &[
    Rule {
        settings: &["ACCOUNT_LOGIN_METHODS", "ACCOUNT_SIGNUP_FIELDS"],
        is_broken: |s| {
            !s.account.login_methods.iter().any(|method| {
                s.account.signup_fields.requires(match method {
                    LoginMethod::Email => SignupFieldName::Email,
                    LoginMethod::Phone => SignupFieldName::Phone,
                    LoginMethod::Username => SignupFieldName::Username,
                })
            })
        },
        remedy: "sign-up requires none of the login identifiers, so some accounts cannot log in",
    },
    Rule {
        settings: &[
            "ACCOUNT_SIGNUP_DOMAINS",
            "ACCOUNT_EMAIL_VERIFICATION",
            "SOCIALACCOUNT_EMAIL_VERIFICATION",
        ],
        is_broken: |s| s.account.signup_domains.is_restricted() && !always_verifies(s),
        remedy: "a sign-up can name an email address of these domains without proving it: verification should be mandatory",
    },
    Rule {
        settings: &["SOCIALACCOUNT_ONLY", "INSTALLED_APPS"],
        is_broken: |s| s.socialaccount.only && !s.apps.socialaccount,
        remedy: "no login is possible: allauth.socialaccount is not in INSTALLED_APPS",
    },
    Rule {
        settings: &[
            "ALLAUTH_TRUSTED_PROXY_COUNT",
            "ALLAUTH_TRUSTED_CLIENT_IP_HEADER",
            "ORIGIN_VERIFY_SHA256",
        ],
        is_broken: |s| s.origin_verify_sha256.is_empty() && believes_a_proxy(s),
        remedy: "a client that bypasses the proxy chooses its own IP address: set ORIGIN_VERIFY_SHA256, unless the \
                 proxy cannot be bypassed",
    },
    Rule {
        settings: &["ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "ORIGIN_VERIFY_SHA256"],
        is_broken: |s| s.allauth.trusted_client_ip_header.is_some() && !s.origin_verify_sha256.is_empty(),
        remedy: "a CDN that passes this header on, as infra/cloudfront.yaml does, lets clients choose their IP address: \
                 use ALLAUTH_TRUSTED_PROXY_COUNT=2 instead, unless the CDN always overwrites it",
    },
    Rule {
        settings: &["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"],
        is_broken: |s| s.mfa.webauthn_allow_insecure_origin,
        remedy: "pages of any origin can use passkeys: use it for development only",
    },
    Rule {
        settings: &["MFA_TOTP_INSECURE_BYPASS_CODE"],
        is_broken: |s| s.mfa.totp_insecure_bypass_code.is_some(),
        remedy: "this code passes the second factor of every account with an authenticator app: use it for tests only",
    },
    Rule {
        settings: &["INSTALLED_APPS"],
        is_broken: |s| s.apps.has_dummy(),
        remedy: "the dummy provider accepts any identity: use it for tests only",
    },
];

/// Whether every way to sign up requires an email address.
fn all_have_email(settings: &Settings) -> bool {
    let social = &settings.socialaccount;
    (social.only || settings.account.signup_fields.requires(SignupFieldName::Email))
        && (!settings.apps.socialaccount || social.email_required)
}

/// Whether every login requires a verified email address.
fn always_verifies(settings: &Settings) -> bool {
    let own = settings.account.email_verification;
    let social = settings.socialaccount.email_verification.unwrap_or(own);
    let is_mandatory = |verification| verification == EmailVerification::Mandatory;
    (settings.socialaccount.only || is_mandatory(own))
        && (!settings.apps.socialaccount || is_mandatory(social))
}

/// Whether the IP address of a client is what a proxy before API Gateway says.
fn believes_a_proxy(settings: &Settings) -> bool {
    settings.allauth.trusted_proxy_count > 1 || settings.allauth.trusted_client_ip_header.is_some()
}

/// Whether browsers are given the cookie of trust.
fn trusts(settings: &Settings) -> bool {
    settings.mfa.trust_enabled || settings.account.login_by_code_trust_enabled
}

/// RFC 6265bis, section 4.1.3.
fn breaks_prefix(name: &str, secure: bool, path: &str, domain: Option<&str>) -> bool {
    let name = name.to_ascii_lowercase();
    let is_secure = name.starts_with("__secure-") && !secure;
    let is_host = name.starts_with("__host-") && !(secure && path == "/" && domain.is_none());
    is_secure || is_host
}

/// Adds what contradicts to the problems and hints. Settings that are wrong by themselves are left out of
/// it: it is not known yet what they should have been.
pub(super) fn check(settings: &Settings, source: &mut Source) {
    let warnings = broken(WARNINGS, settings, source);
    let errors = broken(ERRORS, settings, source);
    source.hints.extend(warnings.iter().map(Problem::to_string));
    source.problems.extend(errors);
}

fn broken(rules: &[Rule], settings: &Settings, source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Looking up what a rule concerns would take most of the time of a start.
    for rule in rules.iter().filter(|rule| (rule.is_broken)(settings)) {
        let concerned: Vec<_> = rule.settings.iter().flat_map(|name| behind(name, source)).collect();
        if !concerned.iter().any(|setting| source.is_wrong(setting)) {
            let settings = concerned.into_iter().map(|setting| shown(setting, source)).collect();
            problems.push(Problem { settings, remedy: rule.remedy.to_owned() });
        }
    }
    problems
}

/// The setting that decides: that one, or the old names used instead of it.
fn behind(name: &'static str, source: &Source) -> Vec<&'static Setting> {
    let old = if source.is_given(name) { &[] } else { predecessors(name) };
    let used: Vec<_> = old.iter().filter(|name| source.is_given(name)).collect();
    let names = if used.is_empty() { vec![&name] } else { used };
    names.into_iter().filter_map(|name| source.find(name)).collect()
}

fn shown(setting: &'static Setting, source: &Source) -> Concerned {
    Concerned {
        name: setting.name.to_owned(),
        value: (!setting.secret).then(|| source.effective(setting).to_owned()),
        is_default: !source.is_given(setting.name),
    }
}
