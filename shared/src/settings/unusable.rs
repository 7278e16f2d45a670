//! Names of allauth's and Django's that mean nothing here, and why.
//!
//! A name stops the start where passing it over would leave a site with less protection than it asked for; it gives
//! a hint where nothing is lost.

use super::declared::ALL;
use super::error::Problem;
use super::kind::{Raw, switch};
use super::source::Source;
use super::suggestion::suggestion;

/// A known name that cannot be used.
pub(super) struct Unusable {
    pub name: &'static str,
    pub verdict: Verdict,
    /// Why, and what to use instead. Follows the name and a colon.
    pub text: &'static str,
}

/// What becomes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Stops the start.
    Refused,
    /// Stops the start unless it says false, null or nothing, as there it asks for nothing.
    RefusedUnlessOff,
    /// Is passed over with a hint.
    Ignored,
}

use Verdict::{Ignored, Refused, RefusedUnlessOff};

const fn unusable(name: &'static str, verdict: Verdict, text: &'static str) -> Unusable {
    Unusable { name, verdict, text }
}

const FRONTEND_DECIDES: &str = "has no effect: there are no HTML pages, and the frontend redirects";
const DECLARED_FORM: &str = "forms written in Python cannot run here; use ACCOUNT_PROFILE_FIELDS for fields of your \
                             own, ACCOUNT_SIGNUP_FIELDS, ACCOUNT_HOOK_FUNCTION_ARN for checks of your own, and \
                             EVENTS_BUS for what follows a sign-up";
const STATE_IN_TABLE: &str = "has no effect: sessions are stored in the DynamoDB table";
const MAIL_BY_SES: &str = "has no effect: mail is sent through SES";

pub(super) const UNUSABLE: &[Unusable] = &[
    unusable(
        "ACCOUNT_ADAPTER",
        Refused,
        "Python code cannot run here; instead of save_user use ACCOUNT_PROFILE_FIELDS, of is_open_for_signup \
         ACCOUNT_SIGNUP_ENABLED, ACCOUNT_SIGNUP_DOMAINS and ACCOUNT_INVITATIONS_ENABLED, of clean_username \
         ACCOUNT_USERNAME_BLACKLIST, of clean_password AUTH_PASSWORD_VALIDATORS, of clean_email and pre_login \
         ACCOUNT_HOOK_FUNCTION_ARN, of confirm_email, post_login and signals EVENTS_BUS, and of send_mail \
         MAIL_TEMPLATES_DIR",
    ),
    unusable("ACCOUNT_FORMS", Refused, DECLARED_FORM),
    unusable("ACCOUNT_SIGNUP_FORM_CLASS", Refused, DECLARED_FORM),
    unusable(
        "ACCOUNT_USERNAME_VALIDATORS",
        Refused,
        "validators written in Python cannot run here; usernames follow Django's rule, ACCOUNT_USERNAME_MIN_LENGTH and ACCOUNT_USERNAME_BLACKLIST",
    ),
    unusable(
        "ACCOUNT_USER_DISPLAY",
        Refused,
        "a Python function cannot run here; users are displayed by their username, or else their email address; \
         a name to display can be a field of ACCOUNT_PROFILE_FIELDS",
    ),
    unusable(
        "ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR",
        Refused,
        "Python code cannot run here; reset keys are signed with SECRET_KEY",
    ),
    unusable(
        "MFA_ADAPTER",
        Refused,
        "Python code cannot run here; use settings instead, such as MFA_TOTP_ISSUER or MFA_WEBAUTHN_RP_ID",
    ),
    unusable("MFA_FORMS", Refused, "forms written in Python cannot run here"),
    unusable("ACCOUNT_USER_MODEL_EMAIL_FIELD", Ignored, "has no effect: accounts are not a Django model"),
    unusable("ACCOUNT_SALT", Ignored, "has no effect: each kind of key has a salt of its own"),
    unusable(
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL",
        Ignored,
        "has no effect: links begin with FRONTEND_URL or as in HEADLESS_FRONTEND_URLS",
    ),
    unusable(
        "ACCOUNT_TEMPLATE_EXTENSION",
        Ignored,
        "has no effect: there are no HTML pages; mail templates are in MAIL_TEMPLATES_DIR",
    ),
    unusable("ACCOUNT_PASSWORD_INPUT_RENDER_VALUE", Ignored, "has no effect: there are no HTML pages"),
    unusable(
        "ACCOUNT_CONFIRM_EMAIL_ON_GET",
        RefusedUnlessOff,
        "a GET changes nothing, so that mail scanners cannot use up a link; the frontend sends the key with POST",
    ),
    unusable(
        "ACCOUNT_LOGOUT_ON_GET",
        RefusedUnlessOff,
        "a GET changes nothing; the frontend logs out with DELETE",
    ),
    unusable("ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS", Ignored, FRONTEND_DECIDES),
    unusable("ACCOUNT_SIGNUP_REDIRECT_URL", Ignored, FRONTEND_DECIDES),
    unusable("ACCOUNT_LOGOUT_REDIRECT_URL", Ignored, FRONTEND_DECIDES),
    unusable("ACCOUNT_EMAIL_CONFIRMATION_ANONYMOUS_REDIRECT_URL", Ignored, FRONTEND_DECIDES),
    unusable("ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL", Ignored, FRONTEND_DECIDES),
    unusable(
        "HEADLESS_SPECIFICATION_TEMPLATE_NAME",
        Ignored,
        "has no effect: the page of the OpenAPI description is built in, and loads nothing from other hosts",
    ),
    unusable(
        "ALLAUTH_SETTING_GETTER",
        Refused,
        "Python code cannot run here; settings are environment variables",
    ),
    unusable(
        "HEADLESS_ADAPTER",
        Refused,
        "Python code cannot run here; instead of serialize_user use ACCOUNT_PROFILE_FIELDS, whose fields are members \
         of data.user",
    ),
    unusable(
        "USERSESSIONS_ADAPTER",
        Refused,
        "Python code cannot run here; the serialization of sessions is fixed",
    ),
    unusable("ALLAUTH_DEFAULT_AUTO_FIELD", Ignored, "has no effect: accounts are not a Django model"),
    unusable(
        "SOCIALACCOUNT_ADAPTER",
        Refused,
        "Python code cannot run here; instead of populate_user use ACCOUNT_PROFILE_FIELDS, of is_open_for_signup \
         SOCIALACCOUNT_SIGNUP_ENABLED, of is_auto_signup_allowed SOCIALACCOUNT_AUTO_SIGNUP, of pre_social_login \
         ACCOUNT_HOOK_FUNCTION_ARN, and of signals EVENTS_BUS",
    ),
    unusable("SOCIALACCOUNT_FORMS", Refused, DECLARED_FORM),
    unusable(
        "SOCIALACCOUNT_SOCIALACCOUNT_STR",
        Refused,
        "a Python function cannot run here; provider accounts are displayed by username, email address or name",
    ),
    unusable(
        "SOCIALACCOUNT_LOGIN_ON_GET",
        RefusedUnlessOff,
        "a GET starts no login; the frontend submits a form to auth/provider/redirect",
    ),
    unusable("SESSION_ENGINE", Ignored, STATE_IN_TABLE),
    unusable("SESSION_SERIALIZER", Ignored, STATE_IN_TABLE),
    unusable("SESSION_CACHE_ALIAS", Ignored, STATE_IN_TABLE),
    unusable("SESSION_FILE_PATH", Ignored, STATE_IN_TABLE),
    unusable("CSRF_FAILURE_VIEW", Ignored, "has no effect: there are no HTML pages"),
    unusable(
        "CSRF_COOKIE_MASKED",
        Ignored,
        "has no effect: the cookie holds the unmasked token, as in Django since 4.1",
    ),
    unusable("SOCIALACCOUNT_UID_MAX_LENGTH", Ignored, "has no effect: accounts are not a Django model"),
    unusable(
        "PASSWORD_HASHERS",
        Ignored,
        "has no effect: passwords are hashed with argon2id; see PASSWORD_ARGON2_MEMORY_KIB",
    ),
    unusable("AUTHENTICATION_BACKENDS", Ignored, "has no effect: use ACCOUNT_LOGIN_METHODS"),
    unusable(
        "AUTH_USER_MODEL",
        Ignored,
        "has no effect: accounts are not a Django model; ACCOUNT_PROFILE_FIELDS declares fields of your own",
    ),
    unusable("EMAIL_BACKEND", Ignored, MAIL_BY_SES),
    unusable("EMAIL_HOST", Ignored, MAIL_BY_SES),
    unusable(
        "CORS_ALLOWED_ORIGINS",
        Ignored,
        "has no effect: use CSRF_TRUSTED_ORIGINS, on AWS the parameter AllowedOrigins",
    ),
    unusable(
        "SECURE_PROXY_SSL_HEADER",
        Ignored,
        "has no effect: use PUBLIC_URL and ALLAUTH_TRUSTED_PROXY_COUNT",
    ),
];

/// What allauth's names begin with, and Django's about cookies. An unknown name with one of these is a slip.
const PREFIXES: &[&str] =
    &["ACCOUNT_", "ALLAUTH_", "CSRF_", "HEADLESS_", "MFA_", "SESSION_", "SOCIALACCOUNT_", "USERSESSIONS_"];

/// Names of other software that begin so: the session manager of X11 is in the environment of every desktop.
const OF_OTHERS: &[&str] = &["SESSION_MANAGER"];

/// Notes the names that cannot be used, and the unknown ones. Values of the latter are not shown: they
/// may be secrets of something else.
pub(super) fn check(source: &mut Source) {
    let declared: Vec<_> = declared_names().collect();
    let names = source.names().filter(|name| !declared.contains(name));
    for name in &names.map(str::to_owned).collect::<Vec<_>>() {
        if let Some(known) = UNUSABLE.iter().find(|unusable| unusable.name == name) {
            check_unusable(known, source);
        } else {
            check_unknown(name, source);
        }
    }
}

fn check_unusable(known: &Unusable, source: &mut Source) {
    // Nothing is asked for by a value that is empty.
    let Some(value) = source.variable(known.name) else { return };
    let raw = Raw::of(value);
    let is_off = matches!(switch(&raw), Ok(false)) || raw.text.trim() == "null" || raw.text.trim() == "[]";
    match known.verdict {
        Ignored => source.hints.push(format!("{} {}", known.name, known.text)),
        RefusedUnlessOff if is_off => {}
        Refused | RefusedUnlessOff => {
            source.problems.push(Problem::of(known.name, Some(value.to_owned()), known.text.to_owned()));
        }
    }
}

fn check_unknown(name: &str, source: &mut Source) {
    let is_ours = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_ours && !OF_OTHERS.contains(&name) {
        source.problems.extend(unknown(name));
    }
}

/// The problem of a name that nothing here or in allauth and Django has, if it is one.
pub(super) fn unknown(name: &str) -> Option<Problem> {
    let is_known = known_names().any(|known| known == name);
    let remedy = || format!("is not a setting{}", suggestion(name, known_names()));
    (!is_known).then(|| Problem::of(name, None, remedy()))
}

/// Everything that can be set, under all its names.
pub(super) fn declared_names() -> impl Iterator<Item = &'static str> {
    let mut names = Vec::new();
    for group in ALL {
        group.walk(&mut |group| {
            for setting in group.settings {
                names.extend(setting.names());
            }
        });
    }
    names.into_iter()
}

fn known_names() -> impl Iterator<Item = &'static str> {
    declared_names().chain(UNUSABLE.iter().map(|unusable| unusable.name))
}
