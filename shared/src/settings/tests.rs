//! What the settings come to, rule by rule, and the very words of every error.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::kind::Wrong;
use super::unusable::{UNUSABLE, declared_names};
use super::*;
use crate::domain::authenticator::AuthenticatorType;

fn read(variables: &[(&str, &str)]) -> Result<LoadedSettings, Errors> {
    Settings::read(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    read(variables).unwrap_or_else(|errors| panic!("{errors}")).settings
}

fn hints(variables: &[(&str, &str)]) -> Vec<String> {
    read(variables).unwrap_or_else(|errors| panic!("{errors}")).hints
}

fn errors(variables: &[(&str, &str)]) -> String {
    read(variables).expect_err("these settings are wrong").to_string()
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn rates(text: &str) -> Rates {
    rate::parse_rates(text).unwrap()
}

#[test]
fn nothing_given_gives_the_defaults() {
    let LoadedSettings { settings: s, hints } = read(&[]).unwrap();
    assert_eq!(hints, Vec::<String>::new());
    assert_eq!(s.account.login_methods.only(), Some(LoginMethod::Email));
    assert_eq!(s.account.signup_fields.as_setting(), r#"["email*", "password1*"]"#);
    assert_eq!(s.account.email_verification, EmailVerification::Mandatory);
    assert_eq!(s.account.prevent_enumeration, PreventEnumeration::On);
    assert_eq!(s.account.email_verification_by_code_timeout, seconds(900));
    assert_eq!(s.account.login_by_code_timeout, seconds(180));
    assert_eq!(s.account.password_reset_by_code_timeout, seconds(180));
    assert_eq!(s.account.reauthentication_timeout, seconds(300));
    assert!((s.account.email_confirmation_expire_days - 3.0).abs() < f64::EPSILON);
    assert_eq!(s.account.password_min_length, None);
    assert_eq!(s.account.email_subject_prefix, None);
    assert!(s.account.usernames && s.account.signup_enabled && s.account.unique_email);
    assert_eq!(s.passwords.validators.len(), 4);
    assert_eq!(s.passwords.reset_timeout, seconds(3 * 86400));
    assert_eq!((s.passwords.argon2.memory_kib, s.passwords.argon2.iterations), (19456, 2));
    assert!(s.apps.mfa && s.apps.usersessions && s.apps.socialaccount && !s.apps.has_dummy());
    assert_eq!(s.mfa.supported_types, [AuthenticatorType::RecoveryCodes, AuthenticatorType::Totp]);
    assert_eq!((s.session.cookie_name.as_str(), s.session.cookie_age), ("sessionid", seconds(1_209_600)));
    assert!(s.session.cookie_httponly && !s.session.cookie_secure);
    assert_eq!(s.csrf.header_name, "x-csrftoken");
    assert_eq!(s.csrf.cookie_age, Some(seconds(31_449_600)));
    assert_eq!(s.allowed_hosts, ["*"]);
    assert_eq!(s.table, "vestibule");
    assert!(s.secret_key.is_none());
    assert_eq!(s.allauth.rate_limit_ipv6_prefix, 64);
    assert_eq!(s.mail.per_recipient, rates("20/h/key"));
    assert_eq!(
        s.headless.frontend_urls.account_reset_password_from_key,
        "http://localhost:3000/account/password/reset/key/{key}"
    );
}

#[test]
fn variables_of_other_software_are_passed_over() {
    assert_eq!(
        hints(&[("PATH", "/bin"), ("SESSION_MANAGER", "x"), ("AWS_ACCOUNT_ID", "1"), ("", "")]),
        [""; 0]
    );
}

#[test]
fn every_name_is_declared_once() {
    let names: Vec<_> = declared_names().collect();
    let all: Vec<_> = names.iter().chain(UNUSABLE.iter().map(|known| &known.name)).collect();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = errors(&[
        ("ACCOUNT_CHANGE_EMAIL", "perhaps"),
        ("SESSION_COOKIE_AGE", "-1"),
        ("ACCOUNT_LOGIN_METHOD", "email"),
        ("ACCOUNT_UNIQUE_EMAIL", "false"),
        ("SESSION_COOKIE_SAMESITE", "None"),
    ]);
    assert_eq!(
        text,
        "ACCOUNT_CHANGE_EMAIL=perhaps: must be true or false\n\
         SESSION_COOKIE_AGE=-1: must be a number of seconds, more than 0\n\
         ACCOUNT_LOGIN_METHOD: is not a setting; did you mean ACCOUNT_LOGIN_METHODS?\n\
         ACCOUNT_LOGIN_METHODS=[\"email\"] (default), ACCOUNT_UNIQUE_EMAIL=false: \
         if login is by email address, ACCOUNT_UNIQUE_EMAIL must be true\n\
         SESSION_COOKIE_SAMESITE=None, SESSION_COOKIE_SECURE=false (default): \
         browsers drop a cookie with SameSite=None unless it is secure: SESSION_COOKIE_SECURE must be true"
    );
}

#[test]
fn a_wrong_value_is_not_blamed_for_contradictions() {
    let text = errors(&[("ACCOUNT_EMAIL_VERIFICATION", "always"), ("ACCOUNT_SIGNUP_FIELDS", "phone*")]);
    assert_eq!(text, "ACCOUNT_EMAIL_VERIFICATION=always: must be \"mandatory\", \"optional\" or \"none\"");
}

#[test]
fn a_problem_stays_on_its_line_and_gets_not_too_long() {
    let value = format!("a\nb\u{2028}{}", "x".repeat(500));
    let text = errors(&[("ACCOUNT_CHANGE_EMAIL", &value)]);
    assert_eq!(
        text,
        format!("ACCOUNT_CHANGE_EMAIL=a\\u{{a}}b\\u{{2028}}{}…: must be true or false", "x".repeat(116))
    );
}

#[test]
fn secrets_are_never_shown() {
    let cases = [
        (
            "SECRET_KEY",
            "hunter2",
            "SECRET_KEY: must be text of at least 32 characters, such as `openssl rand -base64 48` prints",
        ),
        (
            "SECRET_KEY_FALLBACKS",
            r#"["hunter2"]"#,
            "SECRET_KEY_FALLBACKS: must be a list of at most five texts of at least 32 characters",
        ),
        ("ACCOUNT_TOKEN", "hunter2", "ACCOUNT_TOKEN: is not a setting"),
    ];
    for (name, value, text) in cases {
        assert_eq!(errors(&[(name, value)]), text);
    }
    let apps = r#"{"openid_connect": {"APPS": [{"provider_id": "a", "secret": "hunter2"}]}}"#;
    assert!(!errors(&[("SOCIALACCOUNT_PROVIDERS", apps)]).contains("hunter2"));
    let key = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let s = settings(&[("SECRET_KEY", key)]);
    assert_eq!(s.secret_key.as_ref().map(crate::secret::Secret::expose), Some(key));
    assert!(!format!("{s:?}").contains("hunter2"));
    let list = |count| format!("{:?}", vec![key; count]);
    let fallbacks = |list: &str| settings(&[("SECRET_KEY_FALLBACKS", list)]).secret_key_fallbacks;
    for (given, count) in [("", 0), ("[]", 0), (key, 1), (list(5).as_str(), 5)] {
        assert_eq!(fallbacks(given).len(), count, "{given}");
        assert!(fallbacks(given).iter().all(|fallback| fallback.expose() == key));
    }
    let text = errors(&[("SECRET_KEY_FALLBACKS", &list(6))]);
    assert_eq!(text, "SECRET_KEY_FALLBACKS: must be a list of at most five texts of at least 32 characters");
    assert_eq!(
        errors(&[("HEADLESS_JWT_PRIVATE_KEY", "hunter2")]),
        "HEADLESS_JWT_PRIVATE_KEY: must be a private key in PEM form, or text of at least 32 characters"
    );
}

#[test]
fn values_are_json_or_text() {
    for on in ["true", "True", "1", " true "] {
        assert!(settings(&[("ACCOUNT_CHANGE_EMAIL", on)]).account.change_email, "{on:?}");
    }
    for off in ["false", "False", "0", ""] {
        assert!(!settings(&[("ACCOUNT_CHANGE_EMAIL", off)]).account.change_email, "{off:?}");
    }
    for text in ["auth", r#""auth""#] {
        assert_eq!(settings(&[("TABLE_NAME", text)]).table, "auth");
    }
    assert_eq!(settings(&[("TABLE_NAME", "123")]).table, "123");
    for list in [r#"["admin", "root"]"#, "admin,root", " admin , root, ", r#""admin,root""#] {
        assert_eq!(
            settings(&[("ACCOUNT_USERNAME_BLACKLIST", list)]).account.username_blacklist,
            ["admin", "root"]
        );
    }
    assert_eq!(settings(&[("SESSION_COOKIE_AGE", "1.5")]).session.cookie_age, Duration::from_millis(1500));
}

#[test]
fn an_empty_value_is_none() {
    let names: Vec<_> = declared_names().collect();
    let empty: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    let s = settings(&empty);
    assert_eq!(s.account.email_subject_prefix.as_deref(), Some(""), "here empty means to have no prefix");
    let prefix = "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX";
    assert_eq!(s.socialaccount.openid_connect_url_prefix, None, "here as well");
    let defaults = settings(&[("ACCOUNT_EMAIL_SUBJECT_PREFIX", ""), (prefix, "")]);
    assert_eq!(settings(&[]).socialaccount.openid_connect_url_prefix.as_deref(), Some("oidc"));
    assert_eq!(format!("{s:?}"), format!("{defaults:?}"));
}

#[test]
fn the_words_of_each_kind_of_wrong_value() {
    let cases = [
        ("ACCOUNT_SESSION_REMEMBER", "maybe", "true, false or null"),
        ("TABLE_NAME", "null", "one line of text"),
        ("SITE_NAME", "a\tb", "one line of text, or null"),
        ("ACCOUNT_USERNAME_BLACKLIST", "[1]", "a list of text"),
        ("ACCOUNT_USERNAME_BLACKLIST", "{}", "a list of text"),
        ("ACCOUNT_LOGIN_TIMEOUT", "0", "a number of seconds, more than 0"),
        ("ACCOUNT_REAUTHENTICATION_TIMEOUT", "5m", "a number of seconds, 0 or more"),
        ("CSRF_COOKIE_AGE", "1e400", "a number of seconds, 0 or more, or null"),
        ("ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS", "-1", "a number of days, 0 or more"),
        ("ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS", "0", "a whole number, 1 or more"),
        ("ACCOUNT_MAX_EMAIL_ADDRESSES", "0", "a whole number, 1 or more, or null"),
        ("ACCOUNT_PASSWORD_MIN_LENGTH", "1.5", "a whole number, 0 or more, or null"),
        ("ACCOUNT_USERNAME_MIN_LENGTH", "-1", "a whole number, 0 or more"),
        (
            "ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND",
            "yes",
            "true (2 times), false (never) or a number of times",
        ),
        ("ACCOUNT_EMAIL_MAX_LENGTH", "1000", "a whole number, 6 to 320"),
        ("ALLAUTH_RATE_LIMIT_IPV6_PREFIX", "129", "a whole number, 1 to 128"),
        ("ALLAUTH_TRUSTED_PROXY_COUNT", "-1", "a whole number, 0 to 100"),
        ("PASSWORD_ARGON2_MEMORY_KIB", "7", "a number of KiB, 8 to 10485760"),
        ("PASSWORD_ARGON2_ITERATIONS", "0", "a whole number, 1 to 1000"),
        ("PASSWORD_ARGON2_PARALLELISM", "0", "a whole number, 1 to 255"),
        ("ACCOUNT_PREVENT_ENUMERATION", "lax", "true, false or \"strict\""),
        ("ACCOUNT_LOGIN_METHODS", "email,fax", "a list of one or more of \"email\", \"phone\", \"username\""),
        ("ACCOUNT_LOGIN_METHODS", "[]", "a list of one or more of \"email\", \"phone\", \"username\""),
        ("ACCOUNT_AUTHENTICATION_METHOD", "phone", "\"email\", \"username\" or \"username_email\""),
        (
            "ACCOUNT_LOGIN_BY_CODE_REQUIRED",
            "sms",
            "true, false, or a list of \"password\", \"mfa\", \"socialaccount\"",
        ),
        ("ACCOUNT_USER_MODEL_USERNAME_FIELD", "5", "\"username\", or null for accounts without usernames"),
        ("HEADLESS_CLIENTS", "[]", "a list of one or both of \"browser\", \"app\""),
        ("HEADLESS_ONLY", "maybe", "true"),
        ("MFA_SUPPORTED_TYPES", "sms", "a list of \"recovery_codes\", \"totp\", \"webauthn\""),
        ("MFA_TOTP_DIGITS", "5", "a whole number, 6 to 9"),
        ("MFA_TOTP_PERIOD", "0", "a whole number of seconds, 1 to 3600"),
        ("MFA_RECOVERY_CODE_COUNT", "0", "a whole number, 1 to 100"),
        ("MFA_RECOVERY_CODE_DIGITS", "5", "a whole number, 6 to 40"),
        ("MFA_RATE_LIMITS", "true", "false, or an object such as {\"webauthn_login\": \"10/m/ip\"}"),
        ("MFA_WEBAUTHN_RP_ID", "https://example.com", "a domain such as example.com, or null"),
        ("MFA_WEBAUTHN_USER_VERIFICATION", "maybe", "\"discouraged\", \"preferred\" or \"required\""),
        ("INSTALLED_APPS", "{}", "a list of apps"),
        ("FRONTEND_URL", "www.example.com", "a URL such as https://www.example.com"),
        (
            "SESSION_COOKIE_NAME",
            "a b",
            "a cookie's name: letters, digits, - and _, with no blank, comma or semicolon",
        ),
        ("SESSION_COOKIE_DOMAIN", "a;b", "a host name such as example.com, or null for the API's own host"),
        ("SESSION_COOKIE_PATH", "api", "a path that begins with / and has no ; in it"),
        ("SESSION_COOKIE_SAMESITE", "sometimes", "\"Lax\", \"Strict\", \"None\", or false for no attribute"),
        (
            "CSRF_HEADER_NAME",
            "X_CSRFToken",
            "a header in Django's form or as it is sent, such as HTTP_X_CSRFTOKEN or X-CSRFToken",
        ),
        ("CORS_ALLOW_HEADERS", "X-A,b c", "a list of headers' names such as X-Request-ID"),
        ("PUBLIC_URL", "example.com", "a URL of scheme and host such as https://example.com, or null"),
        (
            "PUBLIC_URL",
            "https://*.example.com",
            "a URL of scheme and host such as https://example.com, or null",
        ),
        ("HEADLESS_URL_PREFIX", "/", "a path such as /auth/api/, or null"),
        ("HEADLESS_URL_PREFIX", "/a//b/", "a path such as /auth/api/, or null"),
        ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "a b", "a header's name such as X-Real-IP, or null"),
        ("MAIL_RATE_LIMIT_TOTAL", "x\ny", "one or more rates such as 20/h, or null for no limit"),
    ];
    for (name, value, expects) in cases {
        let problem = read(&[(name, value)]).expect_err(name).problems()[0].clone();
        assert_eq!(problem.remedy, format!("must be {expects}"), "{name}={value}");
        assert_eq!(problem.settings[0].name, name);
        assert_eq!(problem.settings[0].value.as_deref(), Some(value));
    }
}

#[test]
fn the_words_of_errors_that_know_better() {
    let cases = [
        ("SESSION_COOKIE_AGE", "1e12", "must be at most 3153600000 seconds, a hundred years"),
        ("ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS", "1e9", "must be at most 36500 days, a hundred years"),
        ("HEADLESS_ONLY", "false", "must be true: there are no HTML pages here, only the headless API"),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,password*", "must say \"password1*\" instead of \"password*\""),
        ("ACCOUNT_SIGNUP_FIELDS", "email*,email", "must name \"email\" only once"),
        ("ACCOUNT_LOGIN_BY_CODE_FORMAT", r#"{"length": 1}"#, "must have a \"length\" between 4 and 64"),
        (
            "ALLAUTH_USER_CODE_FORMAT",
            r#"{"allowed_chars": "aA"}"#,
            "must have \"allowed_chars\" of two or more different ASCII letters or digits",
        ),
        ("ACCOUNT_RATE_LIMITS", r#"{"logins": null}"#, "has no action \"logins\"; did you mean login?"),
        (
            "ACCOUNT_RATE_LIMITS",
            r#"{"login": "5/y"}"#,
            "has \"5/y\" where a rate must be like 5/m, 20/30s/ip, 10/h/user or 1/0.5d/key",
        ),
        (
            "MAIL_RATE_LIMIT_TOTAL",
            "20/m, 100/h/ip",
            "has \"100/h/ip\", but mail is counted for all clients together: leave the last part out",
        ),
        ("HEADLESS_FRONTEND_URLS", r#"{"account_confirm": "/a"}"#, "has no page \"account_confirm\""),
        (
            "HEADLESS_FRONTEND_URLS",
            r#"{"account_sign_up": "/a"}"#,
            "has no page \"account_sign_up\"; did you mean account_signup?",
        ),
        (
            "HEADLESS_FRONTEND_URLS",
            r#"{"account_confirm_email": "/a"}"#,
            "must have {key} in the URL of \"account_confirm_email\", in place of the key",
        ),
        (
            "HEADLESS_FRONTEND_URLS",
            r#"{"account_signup": "javascript://x"}"#,
            "must give \"account_signup\" a URL: https://… or a path that begins with /",
        ),
        (
            "CSRF_TRUSTED_ORIGINS",
            "example.com",
            "has \"example.com\" where an origin must be a scheme and a host, with nothing after them: https://www.example.com or https://*.example.com",
        ),
        ("ALLOWED_HOSTS", "[]", "must name a host, or every request would be refused"),
        (
            "ALLOWED_HOSTS",
            "https://a.example",
            "has \"https://a.example\" where a host must be like www.example.com, .example.com or *, without scheme, port or path",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "my.Validator"}]"#,
            "has \"my.Validator\", but only Django's own four validators can be used",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "MinimumLengthValidator"}]"#,
            "has \"MinimumLengthValidator\", but only Django's own four validators can be used; did you mean django.contrib.auth.password_validation.MinimumLengthValidator?",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": -1}}]"#,
            "must have a whole number, 0 or more, as \"min_length\"",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"length": 1}}]"#,
            "has an option that is not \"min_length\"",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"max_similarity": 0}}]"#,
            "must have a number of at least 0.1 as \"max_similarity\"",
        ),
        (
            "AUTH_PASSWORD_VALIDATORS",
            r#"[{"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator", "OPTIONS": {"password_list_path": "x"}}]"#,
            "has options for django.contrib.auth.password_validation.CommonPasswordValidator, which has none here",
        ),
        (
            "SOCIALACCOUNT_PROVIDERS",
            r#"{"openid_connect": {"SERVERS": []}}"#,
            "must list \"APPS\" instead of the older \"SERVERS\"",
        ),
        (
            "SOCIALACCOUNT_PROVIDERS",
            r#"{"openid_connect": {"APPS": [{}]}}"#,
            "must give every app of openid_connect a \"server_url\" in its \"settings\"",
        ),
    ];
    tell(&cases);
}

/// Each value is refused in these words.
fn tell(cases: &[(&str, &str, &str)]) {
    for (name, value, remedy) in cases.iter().copied() {
        let problem = read(&[(name, value)]).expect_err(name).problems()[0].clone();
        assert_eq!(problem.remedy, remedy, "{name}={value}");
    }
}

#[test]
fn the_words_of_errors_about_claims() {
    tell(&[
        (
            "HEADLESS_JWT_CLAIMS",
            "superuser",
            "must be an object of claims and their sources, such as {\"admin\": \"superuser\"}",
        ),
        (
            "HEADLESS_JWT_CLAIMS",
            r#"{"sub": "email"}"#,
            "must not name a claim \"sub\": tokens have that for themselves",
        ),
        (
            "HEADLESS_JWT_CLAIMS",
            r#"{"a b": "email"}"#,
            "must name claims with 1 to 128 visible ASCII characters, not \"a b\"",
        ),
        ("HEADLESS_JWT_CLAIMS", r#"{"admin": true}"#, "must give \"admin\" a source, as text"),
        (
            "HEADLESS_JWT_CLAIMS",
            r#"{"admin": "superusr"}"#,
            "has no source \"superusr\" for \"admin\"; did you mean superuser?",
        ),
        (
            "HEADLESS_JWT_CLAIMS",
            r#"{"email": "username"}"#,
            "must have no other source than \"email\" for \"email\"",
        ),
    ]);
}

#[test]
fn a_field_is_a_claim_if_users_may_read_it() {
    let with = |source: &str| {
        let claims = format!(r#"{{"role": "{source}"}}"#);
        let fields = r#"{
            "bio": {"type": "text", "max": 1000},
            "role": {"type": "text", "write": "operator"},
            "score": {"type": "integer", "write": "operator", "read": "operator"}
        }"#;
        read(&[("HEADLESS_JWT_CLAIMS", &claims), ("ACCOUNT_PROFILE_FIELDS", fields)])
    };
    assert!(with("profile.role").is_ok());
    for (source, expected) in [
        ("profile.rôle", "must be followed by the name of a field of ACCOUNT_PROFILE_FIELDS"),
        ("profile.", "must be followed by the name of a field of ACCOUNT_PROFILE_FIELDS"),
        ("profile.score", "a field with \"read\": \"operator\" cannot be a claim"),
        ("profile.bio", "must have at most 255 as \"max\""),
        ("role", "has no source \"role\" for \"role\""),
    ] {
        let error = with(source).expect_err(source).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn senders_are_addresses() {
    for sender in ["a@example.com", "Example <a@example.com>", "webmaster@localhost"] {
        assert_eq!(settings(&[("DEFAULT_FROM_EMAIL", sender)]).mail.default_from_email, sender);
    }
    for sender in
        ["example.com", "@a", "a@", "a b@c", "a@b\nBcc: c@d", "A <b@c", "A <<b@c>", "a@b@c", "x@y, z@y"]
    {
        assert!(read(&[("DEFAULT_FROM_EMAIL", sender)]).is_err(), "{sender:?}");
    }
}

#[test]
fn contradictions_are_told_with_the_values_of_both() {
    const CODE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    const NO_VERIFICATION: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "none");
    const NO_USERNAMES: (&str, &str) = ("ACCOUNT_USER_MODEL_USERNAME_FIELD", "null");
    const ONLY: (&str, &str) = ("SOCIALACCOUNT_ONLY", "true");
    const NO_MFA: (&str, &str) = ("INSTALLED_APPS", "allauth.socialaccount");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[ONLY, NO_MFA, NO_VERIFICATION, ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")],
            "SOCIALACCOUNT_ONLY=true, ACCOUNT_LOGIN_BY_CODE_ENABLED=true: login by code is a way to log in without providers: one of the two must be false",
        ),
        (
            &[ONLY, NO_VERIFICATION, ("INSTALLED_APPS", "allauth.mfa,allauth.socialaccount")],
            "SOCIALACCOUNT_ONLY=true, INSTALLED_APPS=allauth.mfa,allauth.socialaccount: must not be true together with second factors: leave allauth.mfa out of INSTALLED_APPS",
        ),
        (
            &[ONLY, NO_MFA],
            "SOCIALACCOUNT_ONLY=true, ACCOUNT_EMAIL_VERIFICATION=mandatory (default): if login is through providers only, ACCOUNT_EMAIL_VERIFICATION must be none",
        ),
        (
            &[CODE, NO_VERIFICATION],
            "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED=true, ACCOUNT_EMAIL_VERIFICATION=none: verification by code must be mandatory",
        ),
        (
            &[("ACCOUNT_SIGNUP_FIELDS", "email,password1*")],
            "ACCOUNT_EMAIL_VERIFICATION=mandatory (default), ACCOUNT_SIGNUP_FIELDS=email,password1*: if verification is mandatory, ACCOUNT_SIGNUP_FIELDS must have email*",
        ),
        (
            &[("ACCOUNT_EMAIL_REQUIRED", "false")],
            "ACCOUNT_EMAIL_VERIFICATION=mandatory (default), ACCOUNT_EMAIL_REQUIRED=false: if verification is mandatory, ACCOUNT_SIGNUP_FIELDS must have email*",
        ),
        (
            &[NO_USERNAMES, ("ACCOUNT_SIGNUP_FIELDS", "email*,username")],
            "ACCOUNT_USER_MODEL_USERNAME_FIELD=null, ACCOUNT_SIGNUP_FIELDS=email*,username: without usernames, ACCOUNT_SIGNUP_FIELDS must not have username",
        ),
        (
            &[NO_USERNAMES, ("ACCOUNT_LOGIN_METHODS", "username")],
            "ACCOUNT_USER_MODEL_USERNAME_FIELD=null, ACCOUNT_LOGIN_METHODS=username: without usernames, ACCOUNT_LOGIN_METHODS must not have username",
        ),
        (
            &[("ACCOUNT_CHANGE_EMAIL", "true"), ("ACCOUNT_MAX_EMAIL_ADDRESSES", "1")],
            "ACCOUNT_CHANGE_EMAIL=true, ACCOUNT_MAX_EMAIL_ADDRESSES=1: a change needs room for the old and the new email address: ACCOUNT_MAX_EMAIL_ADDRESSES must be null or 2",
        ),
        (
            &[NO_MFA, ("ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED", "true")],
            "ACCOUNT_LOGIN_BY_CODE_TRUST_ENABLED=true, INSTALLED_APPS=allauth.socialaccount: trusted browsers are part of allauth.mfa, which INSTALLED_APPS must have",
        ),
        (
            &[("CSRF_COOKIE_SAMESITE", "None")],
            "CSRF_COOKIE_SAMESITE=None, CSRF_COOKIE_SECURE=false (default): browsers drop a cookie with SameSite=None unless it is secure: CSRF_COOKIE_SECURE must be true",
        ),
        (
            &[
                ("SESSION_COOKIE_NAME", "__Host-id"),
                ("SESSION_COOKIE_SECURE", "true"),
                ("SESSION_COOKIE_PATH", "/a"),
            ],
            "SESSION_COOKIE_NAME=__Host-id, SESSION_COOKIE_SECURE=true, SESSION_COOKIE_PATH=/a, SESSION_COOKIE_DOMAIN=null (default): browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ and without Domain",
        ),
        (
            &[("CSRF_COOKIE_NAME", "__Secure-x")],
            "CSRF_COOKIE_NAME=__Secure-x, CSRF_COOKIE_SECURE=false (default), CSRF_COOKIE_PATH=/ (default), CSRF_COOKIE_DOMAIN=null (default): browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ and without Domain",
        ),
        (
            &[("CSRF_COOKIE_NAME", "sessionid")],
            "SESSION_COOKIE_NAME=sessionid (default), CSRF_COOKIE_NAME=sessionid: the two cookies must have different names",
        ),
        (
            &[("PASSWORD_ARGON2_MEMORY_KIB", "8"), ("PASSWORD_ARGON2_PARALLELISM", "2")],
            "PASSWORD_ARGON2_MEMORY_KIB=8, PASSWORD_ARGON2_PARALLELISM=2: argon2 needs at least 8 KiB for each lane",
        ),
        (
            &[("SMS_TOPIC_ARN", "a"), ("SMS_FUNCTION_ARN", "b")],
            "SMS_TOPIC_ARN=a, SMS_FUNCTION_ARN=b: text messages have one way out: one of the two must be unset",
        ),
    ];
    for (variables, text) in cases {
        assert_eq!(errors(variables), *text);
    }
}

#[test]
fn contradictions_about_second_factors() {
    const TRUST: (&str, &str) = ("MFA_TRUST_ENABLED", "true");
    const WEBAUTHN: (&str, &str) = ("MFA_SUPPORTED_TYPES", "webauthn");
    const PASSKEY_SIGNUP: (&str, &str) = ("MFA_PASSKEY_SIGNUP_ENABLED", "true");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[TRUST, ("MFA_TRUST_COOKIE_NAME", "csrftoken")],
            "MFA_TRUST_COOKIE_NAME=csrftoken, SESSION_COOKIE_NAME=sessionid (default), CSRF_COOKIE_NAME=csrftoken (default): cookies must have different names",
        ),
        (
            &[TRUST, ("MFA_TRUST_COOKIE_SAMESITE", "None")],
            "MFA_TRUST_COOKIE_SAMESITE=None, MFA_TRUST_COOKIE_SECURE=false (default): browsers drop a cookie with SameSite=None unless it is secure: MFA_TRUST_COOKIE_SECURE must be true",
        ),
        (
            &[TRUST, ("MFA_TRUST_COOKIE_NAME", "__Secure-x")],
            "MFA_TRUST_COOKIE_NAME=__Secure-x, MFA_TRUST_COOKIE_SECURE=false (default), MFA_TRUST_COOKIE_PATH=/ (default), MFA_TRUST_COOKIE_DOMAIN=null (default): browsers accept __Secure- cookies only with Secure, and __Host- cookies only with Secure, Path=/ and without Domain",
        ),
        (
            &[WEBAUTHN, PASSKEY_SIGNUP],
            "MFA_PASSKEY_SIGNUP_ENABLED=true, ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED=false (default): a passkey sign-up exists in one session only, and a link may open in another browser: email addresses must be verified by code",
        ),
        (
            &[("MFA_TOTP_INSECURE_BYPASS_CODE", "123456")],
            "MFA_TOTP_INSECURE_BYPASS_CODE, DEBUG=false (default): a code that is always accepted is for tests only: DEBUG must be true",
        ),
    ];
    for (variables, text) in cases {
        assert_eq!(errors(variables), *text);
    }
}

#[test]
fn domains_of_sign_ups_hold_only_where_all_have_an_email_address() {
    const DOMAINS: (&str, &str) = ("ACCOUNT_SIGNUP_DOMAINS", "example.com");
    assert_eq!(
        errors(&[
            DOMAINS,
            ("ACCOUNT_SIGNUP_FIELDS", "email,username*"),
            ("ACCOUNT_EMAIL_VERIFICATION", "optional"),
            ("SOCIALACCOUNT_SIGNUP_ENABLED", "false"),
        ]),
        "ACCOUNT_SIGNUP_DOMAINS=example.com, ACCOUNT_SIGNUP_FIELDS=email,username*: accounts without an email address \
         would evade it: ACCOUNT_SIGNUP_FIELDS must have email*"
    );
    assert_eq!(
        errors(&[DOMAINS, ("SOCIALACCOUNT_EMAIL_REQUIRED", "false")]),
        "ACCOUNT_SIGNUP_DOMAINS=example.com, SOCIALACCOUNT_EMAIL_REQUIRED=false: accounts without an email address \
         would evade it: SOCIALACCOUNT_EMAIL_REQUIRED must be true"
    );
    let unproven = "ACCOUNT_SIGNUP_DOMAINS=example.com, ACCOUNT_EMAIL_VERIFICATION=optional, \
                    SOCIALACCOUNT_EMAIL_VERIFICATION=null (default): a sign-up can name an email address of these \
                    domains without proving it: verification should be mandatory";
    assert_eq!(hints(&[DOMAINS, ("ACCOUNT_EMAIL_VERIFICATION", "optional")]), [unproven]);
    assert_eq!(hints(&[DOMAINS]), [""; 0]);
    assert_eq!(
        errors(&[("ACCOUNT_SIGNUP_DOMAINS", "@example.com")]),
        "ACCOUNT_SIGNUP_DOMAINS=@example.com: must be a list of domains such as example.com, or *.example.com for its \
         subdomains"
    );
}

#[test]
fn odd_combinations_give_hints() {
    assert_eq!(
        hints(&[("ACCOUNT_LOGIN_METHODS", "phone")]),
        ["ACCOUNT_LOGIN_METHODS=phone, ACCOUNT_SIGNUP_FIELDS=[\"email*\", \"password1*\"] (default): \
          sign-up requires none of the login identifiers, so some accounts cannot log in"]
    );
    let only = [
        ("SOCIALACCOUNT_ONLY", "true"),
        ("INSTALLED_APPS", "allauth"),
        ("ACCOUNT_EMAIL_VERIFICATION", "none"),
    ];
    assert_eq!(
        hints(&only),
        ["SOCIALACCOUNT_ONLY=true, INSTALLED_APPS=allauth: no login is possible: \
          allauth.socialaccount is not in INSTALLED_APPS"]
    );
    assert_eq!(
        hints(&[("ACCOUNT_PASSWORD_MIN_LENGTH", "9")]),
        ["ACCOUNT_PASSWORD_MIN_LENGTH has no effect unless AUTH_PASSWORD_VALIDATORS is []; \
          give MinimumLengthValidator an option there"]
    );
    let passkeys = [("MFA_PASSKEY_LOGIN_ENABLED", "true"), ("MFA_PASSKEY_SIGNUP_ENABLED", "true")];
    assert_eq!(
        hints(&passkeys),
        ["MFA_PASSKEY_LOGIN_ENABLED", "MFA_PASSKEY_SIGNUP_ENABLED"]
            .map(|name| format!("{name} has no effect unless MFA_SUPPORTED_TYPES has \"webauthn\""))
    );
}

#[test]
fn requests_through_a_cdn_are_told_by_one_or_two_hashes() {
    let [a, b, c] = ["a", "b", "c"].map(origin_verify_hash);
    let read = |hashes: &str| {
        let through_a_cdn = [("PUBLIC_URL", "https://example.com"), ("ALLAUTH_TRUSTED_PROXY_COUNT", "2")];
        read(&[through_a_cdn[0], through_a_cdn[1], ("ORIGIN_VERIFY_SHA256", hashes)])
    };
    for hashes in [a.clone(), a.to_uppercase(), format!("{a}, {b}"), format!(r#"["{a}", "{b}"]"#)] {
        let LoadedSettings { settings, hints } = read(&hashes).unwrap();
        let first: [u8; 32] = Sha256::digest("a").into();
        assert_eq!((settings.origin_verify_sha256[0], hints), (first, Vec::new()), "{hashes}");
    }
    let shape = "must be a list of one or two SHA-256 hashes, each of 64 hexadecimal digits";
    let empty = "has the hash of an empty value, which any client can send";
    for (hashes, remedy) in [
        ("a-secret".to_owned(), shape),
        (a[1..].to_owned(), shape),
        (format!("{a},{b},{c}"), shape),
        (format!("{a},{a}"), "has one hash twice"),
        (origin_verify_hash(""), empty),
        (format!("{a},{}", origin_verify_hash("\n")), empty),
    ] {
        let errors = read(&hashes).unwrap_err();
        assert_eq!(errors.problems()[0].remedy, remedy, "{hashes}");
        assert!(!errors.to_string().contains(&hashes), "{errors}");
    }
}

#[test]
fn a_cdn_needs_a_public_url_and_tells_who_calls() {
    let listed = origin_verify_hash("a");
    let hashes = ("ORIGIN_VERIFY_SHA256", listed.as_str());
    let url = ("PUBLIC_URL", "https://example.com");
    let message = errors(&[hashes]);
    let [no_url, no_clients] = message.lines().collect::<Vec<_>>()[..] else { panic!("{message}") };
    assert!(
        no_url.ends_with("PUBLIC_URL must be its URL: redirect URIs and passkeys depend on it"),
        "{no_url}"
    );
    let remedy = "or all clients would share its IP address and its rate limits";
    assert!(no_clients.ends_with(remedy), "{no_clients}");
    for count in ["0", "1"] {
        assert!(errors(&[hashes, url, ("ALLAUTH_TRUSTED_PROXY_COUNT", count)]).ends_with(remedy), "{count}");
    }
    assert!(hints(&[hashes, url, ("ALLAUTH_TRUSTED_PROXY_COUNT", "2")]).is_empty());
    let hint = hints(&[hashes, url, ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "X-Real-IP")]).join("\n");
    assert!(hint.contains("lets clients choose their IP address"), "{hint}");
    for believed in [("ALLAUTH_TRUSTED_PROXY_COUNT", "2"), ("ALLAUTH_TRUSTED_CLIENT_IP_HEADER", "X-Real-IP")]
    {
        let hint = hints(&[url, believed]).join("\n");
        assert!(hint.contains("a client that bypasses the proxy chooses its own IP address"), "{hint}");
    }
    assert!(hints(&[url, ("ALLAUTH_TRUSTED_PROXY_COUNT", "1")]).is_empty());
}

#[test]
fn the_dummy_provider_is_warned_of() {
    assert_eq!(
        hints(&[("INSTALLED_APPS", "allauth.socialaccount.providers.dummy")]),
        ["INSTALLED_APPS=allauth.socialaccount.providers.dummy: \
          the dummy provider accepts any identity: use it for tests only"]
    );
}

#[test]
fn unknown_names_are_errors() {
    assert_eq!(
        errors(&[("ACCOUNT_EMAIL_VERFICATION", "none")]),
        "ACCOUNT_EMAIL_VERFICATION: is not a setting; did you mean ACCOUNT_EMAIL_VERIFICATION?"
    );
    assert_eq!(errors(&[("ACCOUNT_XYZ", "")]), "ACCOUNT_XYZ: is not a setting");
    assert_eq!(
        errors(&[
            ("ALLAUTH_TRUSTED_PROXY_COUNTS", "1"),
            ("CSRF_COOKIE_SECURED", "1"),
            ("HEADLESS_CLIENT", "app"),
            ("MFA_TRUST_ENABLE", "1"),
            ("SESSION_COOKIE_SECUR", "1"),
            ("SOCIALACCOUNT_ONLYX", "1"),
            ("USERSESSIONS_X", "1"),
        ]),
        "ALLAUTH_TRUSTED_PROXY_COUNTS: is not a setting; did you mean ALLAUTH_TRUSTED_PROXY_COUNT?\n\
         CSRF_COOKIE_SECURED: is not a setting; did you mean CSRF_COOKIE_SECURE?\n\
         HEADLESS_CLIENT: is not a setting; did you mean HEADLESS_CLIENTS?\n\
         MFA_TRUST_ENABLE: is not a setting; did you mean MFA_TRUST_ENABLED?\n\
         SESSION_COOKIE_SECUR: is not a setting; did you mean SESSION_COOKIE_SECURE?\n\
         SOCIALACCOUNT_ONLYX: is not a setting; did you mean SOCIALACCOUNT_ONLY?\n\
         USERSESSIONS_X: is not a setting"
    );
    let known = [("SOCIALACCOUNT_UID_MAX_LENGTH", "100"), ("CSRF_COOKIE_MASKED", "1")];
    assert_eq!(
        hints(&known),
        [
            "CSRF_COOKIE_MASKED has no effect: the cookie holds the unmasked token, as in Django since 4.1",
            "SOCIALACCOUNT_UID_MAX_LENGTH has no effect: accounts are not a Django model"
        ]
    );
}

#[test]
fn python_is_told_from_json() {
    let is_told = |value| {
        errors(&[("ACCOUNT_LOGIN_METHODS", value)])
            .ends_with("; this is Python: JSON has double quotes, and lists in []")
    };
    for python in ["['email', 'phone']", "{'email'}", r#"("email",)"#] {
        assert!(is_told(python), "{python}");
    }
    for other in [r#"["mail"]"#, "mail", "it's"] {
        assert!(!is_told(other), "{other}");
    }
    let told = errors(&[("SOCIALACCOUNT_PROVIDERS", "{'google': {'APP': {'secret': 'hidden'}}}")]);
    assert!(told.ends_with("; this is Python: JSON has double quotes, and lists in []"), "{told}");
    assert!(!told.contains("hidden"), "{told}");
}

#[test]
fn a_hook_is_one_version_of_a_function() {
    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:hook:live";
    assert_eq!(
        settings(&[("ACCOUNT_HOOK_FUNCTION_ARN", ARN)]).account.hook_function_arn.as_deref(),
        Some(ARN)
    );
    assert!(!settings(&[("ACCOUNT_HOOK_FUNCTION_ARN", "")]).account.has_hook());
    for wrong in [
        "hook",
        "arn:aws:lambda:eu-west-1:123456789012:function:hook",
        "arn:aws:lambda:eu-west-1:123456789012:function:hook:$LATEST",
        "arn:aws:lambda:eu-west-1:123456789012:function:hook:live:x",
        "arn:aws:sns:eu-west-1:123456789012:function:hook:live",
        "arn:aws:lambda::123456789012:function:hook:live",
    ] {
        let text = errors(&[("ACCOUNT_HOOK_FUNCTION_ARN", wrong)]);
        assert!(text.contains("must be the ARN of a Lambda function with its version or alias"), "{text}");
    }
    let both = errors(&[("ACCOUNT_HOOK_FUNCTION_ARN", ARN), ("ACCOUNT_HOOK_URL", "http://localhost:9000/")]);
    assert!(both.ends_with("there is one hook: one of the two must be unset"), "{both}");
}

#[test]
fn events_are_sent_to_one_target_signed_and_over_tls() {
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let given = |url: &'static str| [("EVENTS_URL", url), ("EVENTS_SECRET", SECRET)];
    let events = settings(&given("https://example.com/events?a=b")).events;
    assert_eq!(events.url.as_ref().unwrap().as_str(), "https://example.com/events?a=b");
    assert!(events.are_recorded() && !format!("{events:?}").contains("AAEC"));
    let local = [&given("http://127.0.0.1:9/")[..], &[("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", "true")]];
    assert_eq!(settings(&local.concat()).events.url.unwrap().as_str(), "http://127.0.0.1:9/");
    for wrong in
        ["example.com", "ftp://example.com", "https://a@example.com/", "https://example.com/#a", "https://"]
    {
        let text = errors(&[("EVENTS_URL", wrong), ("EVENTS_SECRET", SECRET)]);
        assert!(text.contains("must be a URL such as https://example.com/events, without user"), "{text}");
    }
    let plain = errors(&given("http://example.com/"));
    assert!(plain.ends_with("events are sent over TLS: EVENTS_URL must begin with https://"), "{plain}");
    let unsigned = errors(&[("EVENTS_URL", "https://example.com/")]);
    assert!(unsigned.ends_with("requests are signed: EVENTS_SECRET_ARN must be set, or EVENTS_SECRET"));
    let both = errors(&[&given("https://example.com/")[..], &[("EVENTS_BUS", "bus")]].concat());
    assert!(
        both.ends_with("events are delivered to a bus or to a URL: one of the two must be unset"),
        "{both}"
    );
}

#[test]
fn a_secret_of_a_webhook_has_the_form_of_standard_webhooks() {
    // 23 and 65 bytes, no base64, no prefix.
    let (short, long) =
        (format!("whsec_{}AAA=", "AAAA".repeat(7)), format!("whsec_{}AAA=", "AAAA".repeat(21)));
    for wrong in [&short, &long, "whsec_????????????????????????????????", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"]
    {
        assert!(WebhookSecrets::read(wrong).is_none(), "{wrong}");
        let text = errors(&[("EVENTS_SECRET", wrong)]);
        assert_eq!(
            text,
            "EVENTS_SECRET: must be whsec_ followed by 24 to 64 bytes in base64, or several of these separated by commas, or null"
        );
    }
    let longest = format!("whsec_{}AA==", "AAAA".repeat(21));
    let shortest = format!("whsec_{}", "AAAA".repeat(8));
    let secrets = WebhookSecrets::read(&format!("{longest}, {shortest}")).unwrap();
    assert_eq!(secrets.expose().collect::<Vec<_>>(), [&[0; 64][..], &[0; 24]]);
    assert!(WebhookSecrets::read(&format!("{longest},")).is_none());
}

#[test]
fn names_that_cannot_be_used_say_why() {
    assert_eq!(
        errors(&[("ACCOUNT_ADAPTER", "my.Adapter")]),
        "ACCOUNT_ADAPTER=my.Adapter: Python code cannot run here; instead of save_user use ACCOUNT_PROFILE_FIELDS, \
         of is_open_for_signup ACCOUNT_SIGNUP_ENABLED, ACCOUNT_SIGNUP_DOMAINS and ACCOUNT_INVITATIONS_ENABLED, of \
         clean_username ACCOUNT_USERNAME_BLACKLIST, of clean_password AUTH_PASSWORD_VALIDATORS, of clean_email and \
         pre_login ACCOUNT_HOOK_FUNCTION_ARN, of confirm_email, post_login and signals EVENTS_BUS, and of send_mail \
         MAIL_TEMPLATES_DIR"
    );
    assert_eq!(
        errors(&[("ACCOUNT_LOGOUT_ON_GET", "true")]),
        "ACCOUNT_LOGOUT_ON_GET=true: a GET changes nothing; the frontend logs out with DELETE"
    );
    for off in ["false", "False", "", "null", "[]"] {
        assert_eq!(hints(&[("ACCOUNT_LOGOUT_ON_GET", off)]), [""; 0], "{off:?}");
    }
    assert_eq!(
        hints(&[("SESSION_ENGINE", "redis")]),
        ["SESSION_ENGINE has no effect: sessions are stored in the DynamoDB table"]
    );
}

/// Where a site has Python of its own, it is told which settings take its place.
#[test]
fn what_was_written_in_python_has_a_setting_in_its_place() {
    let names: Vec<_> = declared_names().collect();
    for known in UNUSABLE {
        let words = known.text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
        for word in
            words.filter(|word| word.contains('_') && word.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            assert!(names.contains(&word), "{}: {word} is no setting", known.name);
        }
    }
    for (name, path, expected) in [
        ("ACCOUNT_ADAPTER", "site.adapter.AccountAdapter", "ACCOUNT_PROFILE_FIELDS"),
        ("ACCOUNT_ADAPTER", "site.adapter.AccountAdapter", "ACCOUNT_INVITATIONS_ENABLED"),
        ("ACCOUNT_ADAPTER", "site.adapter.AccountAdapter", "signals EVENTS_BUS"),
        ("ACCOUNT_FORMS", r#"{"signup": "site.forms.SignupForm"}"#, "ACCOUNT_PROFILE_FIELDS"),
        ("ACCOUNT_SIGNUP_FORM_CLASS", "site.forms.SignupForm", "ACCOUNT_PROFILE_FIELDS"),
        ("ACCOUNT_SIGNUP_FORM_CLASS", "site.forms.SignupForm", "ACCOUNT_HOOK_FUNCTION_ARN"),
        ("ACCOUNT_SIGNUP_FORM_CLASS", "site.forms.SignupForm", "EVENTS_BUS"),
        ("ACCOUNT_USER_DISPLAY", "site.display", "ACCOUNT_PROFILE_FIELDS"),
        ("HEADLESS_ADAPTER", "site.adapter.HeadlessAdapter", "ACCOUNT_PROFILE_FIELDS"),
        ("HEADLESS_TOKEN_STRATEGY", "site.tokens.Strategy", "HEADLESS_JWT_CLAIMS"),
        ("SOCIALACCOUNT_ADAPTER", "site.adapter.SocialAdapter", "ACCOUNT_PROFILE_FIELDS"),
        ("SOCIALACCOUNT_ADAPTER", "site.adapter.SocialAdapter", "pre_social_login ACCOUNT_HOOK_FUNCTION_ARN"),
        ("SOCIALACCOUNT_FORMS", r#"{"signup": "site.forms.SocialForm"}"#, "ACCOUNT_PROFILE_FIELDS"),
    ] {
        let text = errors(&[(name, path)]);
        assert!(text.starts_with(&format!("{name}={path}: ")) && text.contains(expected), "{text}");
    }
}

#[test]
fn old_names_work_and_say_what_is_new() {
    let old = [("ACCOUNT_AUTHENTICATION_METHOD", "username_email"), ("ACCOUNT_USERNAME_REQUIRED", "true")];
    let LoadedSettings { settings: s, hints } = read(&old).unwrap();
    assert!(s.account.login_methods.contains(LoginMethod::Username));
    assert!(s.account.signup_fields.requires(SignupFieldName::Username));
    assert_eq!(
        hints,
        [
            "ACCOUNT_AUTHENTICATION_METHOD is deprecated; use ACCOUNT_LOGIN_METHODS=[\"username\", \"email\"]",
            "ACCOUNT_USERNAME_REQUIRED is deprecated; \
             use ACCOUNT_SIGNUP_FIELDS=[\"email*\", \"username*\", \"password1*\"]",
        ]
    );
    let twice = [
        ("ACCOUNT_SIGNUP_EMAIL_ENTER_TWICE", "true"),
        ("ACCOUNT_SIGNUP_PASSWORD_ENTER_TWICE", "true"),
        ("ACCOUNT_EMAIL_REQUIRED", "true"),
    ];
    let fields = settings(&twice).account.signup_fields;
    assert_eq!(fields.as_setting(), r#"["email*", "email2*", "password1*", "password2*"]"#);

    let both = settings(&[("ACCOUNT_LOGIN_METHODS", "phone"), ("ACCOUNT_AUTHENTICATION_METHOD", "email")]);
    assert_eq!(both.account.login_methods.only(), Some(LoginMethod::Phone), "the new name wins");

    let LoadedSettings { settings: s, hints } = read(&[("ACCOUNT_EMAIL_VERIFICATION", "False")]).unwrap();
    assert_eq!(s.account.email_verification, EmailVerification::Optional);
    assert_eq!(hints, ["ACCOUNT_EMAIL_VERIFICATION=false is the deprecated form of \"optional\""]);
}

#[test]
fn other_names_of_a_setting_are_read() {
    let LoadedSettings { settings: s, hints } = read(&[("ACCOUNT_SESSION_COOKIE_AGE", "60")]).unwrap();
    assert_eq!(s.session.cookie_age, seconds(60));
    assert_eq!(hints, ["ACCOUNT_SESSION_COOKIE_AGE is a deprecated name of SESSION_COOKIE_AGE"]);

    let both = [("ACCOUNT_SESSION_COOKIE_AGE", "60"), ("SESSION_COOKIE_AGE", "90")];
    let LoadedSettings { settings: s, hints } = read(&both).unwrap();
    assert_eq!(s.session.cookie_age, seconds(90));
    assert_eq!(hints, ["ACCOUNT_SESSION_COOKIE_AGE is ignored, because SESSION_COOKIE_AGE is given"]);
    assert_eq!(
        errors(&[("ACCOUNT_SESSION_COOKIE_AGE", "x")]),
        "ACCOUNT_SESSION_COOKIE_AGE=x: must be a number of seconds, more than 0"
    );
}

#[test]
fn apps_that_are_missing_are_named_apart() {
    let missing = "corsheaders,allauth.socialaccount.providers.mycustom,allauth.idp.oidc";
    assert_eq!(
        hints(&[("INSTALLED_APPS", missing)]),
        [
            "INSTALLED_APPS: there is no provider mycustom (docs/providers.md)",
            "INSTALLED_APPS: allauth.idp.oidc is not part of Vestibule",
            "INSTALLED_APPS: these have no effect: corsheaders",
        ]
    );
}

#[test]
fn apps_are_on_until_a_list_leaves_them_out() {
    let LoadedSettings { settings: s, hints } =
        read(&[("INSTALLED_APPS", "allauth.account,allauth.mfa,my.app")]).unwrap();
    assert!(s.apps.mfa && !s.apps.usersessions && !s.apps.socialaccount && s.apps.providers.is_empty());
    assert_eq!(hints, ["INSTALLED_APPS: these have no effect: my.app"]);
    let s = settings(&[(
        "INSTALLED_APPS",
        r#"["allauth.socialaccount", "allauth.socialaccount.providers.dummy"]"#,
    )]);
    assert!(s.apps.socialaccount && s.apps.has_dummy() && !s.apps.mfa);
}

const TWO_PROVIDERS: &str = r#"{"google": {"SCOPE": ["email"]}, "openid_connect": {"APPS": [
    {"provider_id": "fake-oidc", "name": "Fake OIDC", "client_id": "a", "secret": "s", "settings": {"server_url": "http://idp.invalid"}},
    {"provider_id": "another", "name": "Another", "client_id": "b", "settings": {"server_url": "http://idp.invalid/.well-known/other"}}
]}}"#;

#[test]
fn providers_are_those_that_are_installed() {
    let dummy = (
        "INSTALLED_APPS",
        "allauth.socialaccount,allauth.socialaccount.providers.dummy,allauth.socialaccount.providers.openid_connect",
    );
    let s = settings(&[("SOCIALACCOUNT_PROVIDERS", TWO_PROVIDERS), dummy]);
    let shown: Vec<_> = s
        .socialaccount
        .providers
        .iter()
        .map(|app| (app.id.as_str(), app.client_id.as_deref(), app.openid_configuration_url.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("dummy", None, None),
            ("fake-oidc", Some("a"), Some("http://idp.invalid/.well-known/openid-configuration")),
            ("another", Some("b"), Some("http://idp.invalid/.well-known/other")),
        ]
    );
    let none = [("SOCIALACCOUNT_PROVIDERS", TWO_PROVIDERS), ("INSTALLED_APPS", "allauth.socialaccount")];
    assert!(settings(&none).socialaccount.providers.is_empty());
}

#[test]
fn rate_limits_have_allauths_defaults() {
    let limits = settings(&[]).account.rate_limits;
    for action in Action::ALL {
        assert_eq!(limits.for_action(*action), rates(action.default_rates()), "{}", action.name());
    }
    assert_eq!(
        limits.for_action(Action::ResetPassword),
        [
            Rate { amount: 20, duration: seconds(60), per: Per::Ip },
            Rate { amount: 5, duration: seconds(60), per: Per::Key },
        ]
    );
    let by_code = settings(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]);
    assert_eq!(by_code.account.rate_limits.for_action(Action::ConfirmEmail), rates("1/10s/key"));
}

#[test]
fn rate_limits_can_be_changed_one_by_one_or_switched_off() {
    let given = r#"{"login": "2/m,2/m/ip, 9/h/user", "signup": null, "change_phone": ""}"#;
    let limits = settings(&[("ACCOUNT_RATE_LIMITS", given)]).account.rate_limits;
    assert_eq!(limits.for_action(Action::Login), rates("2/m/ip,9/h/user"), "equal rates count once");
    assert_eq!(limits.for_action(Action::Signup), []);
    assert_eq!(limits.for_action(Action::ChangePhone), []);
    assert_eq!(limits.for_action(Action::VerifyPhone), rates("1/30s/key,3/m/ip"));

    let off = settings(&[("ACCOUNT_RATE_LIMITS", "false")]);
    assert!(Action::ALL.iter().all(|action| off.account.rate_limits.for_action(*action).is_empty()));
    assert_eq!((off.mail.per_recipient, off.mail.in_all), (vec![], vec![]));
}

#[test]
fn limits_on_mail_count_all_clients_together() {
    for given in ["320/h", "320/h/key"] {
        let mail = settings(&[("MAIL_RATE_LIMIT_TOTAL", given), ("MAIL_RATE_LIMIT_RECIPIENT", given)]).mail;
        let together = [Rate { amount: 320, duration: seconds(3600), per: Per::Key }];
        assert_eq!((&mail.in_all[..], &mail.per_recipient[..]), (&together[..], &together[..]), "{given}");
    }
}

#[test]
fn old_limits_shape_the_rates() {
    let of = |variables: &[(&str, &str)], action| {
        settings(variables).account.rate_limits.for_action(action).to_vec()
    };
    let limit = ("ACCOUNT_LOGIN_ATTEMPTS_LIMIT", "2");
    let timeout = ("ACCOUNT_LOGIN_ATTEMPTS_TIMEOUT", "30");
    assert_eq!(of(&[limit, timeout], Action::LoginFailed), rates("10/m/ip,2/30s/key"));
    for none in ["0", "null"] {
        assert_eq!(of(&[("ACCOUNT_LOGIN_ATTEMPTS_LIMIT", none)], Action::LoginFailed), []);
        assert_eq!(of(&[("ACCOUNT_LOGIN_ATTEMPTS_TIMEOUT", none)], Action::LoginFailed), []);
        assert_eq!(of(&[("ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN", none)], Action::ConfirmEmail), []);
    }
    assert_eq!(of(&[("ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN", "9")], Action::ConfirmEmail), rates("1/9s/key"));
    assert_eq!(
        hints(&[limit, ("ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN", "9")]),
        [
            "ACCOUNT_LOGIN_ATTEMPTS_LIMIT is deprecated; use \"login_failed\" in ACCOUNT_RATE_LIMITS",
            "ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN is deprecated; use \"confirm_email\" in ACCOUNT_RATE_LIMITS",
        ]
    );
}

#[test]
fn rates_are_as_allauth_writes_them() {
    let hour = Rate { amount: 1, duration: seconds(3600), per: Per::Ip };
    for text in ["1/h", " 1/h/ip ", "1/60m", "1/3600s/ip", "1/1h", "1 / h / ip"] {
        assert_eq!(rates(text), [hour], "{text}");
    }
    assert_eq!(rates("3/0.5d/user"), [Rate { amount: 3, duration: seconds(43200), per: Per::User }]);
    assert_eq!(rates(" "), []);
    for text in [
        "1", "1/", "1/5", "x/m", "-1/m", "1/m/all", "1/m/ip/x", "1/0s", "1/-1s", "1/nans", "1/infs", "1/m,",
        "1/367d",
    ] {
        assert!(matches!(rate::parse_rates(text), Err(Wrong::Because(_))), "{text}");
    }
}

#[test]
fn codes_look_as_said_for_all_or_for_one_kind() {
    let all = ("ALLAUTH_USER_CODE_FORMAT", r#"{"numeric": true}"#);
    let one = ("ACCOUNT_LOGIN_BY_CODE_FORMAT", r#"{"length": 6, "dashed": false, "allowed_chars": "ABC"}"#);
    let account = settings(&[all, one]).account;
    let numeric = CodeFormat { length: None, numeric: true, dashed: true, allowed_chars: None };
    assert_eq!(account.email_verification_by_code_format, numeric);
    assert_eq!(account.phone_verification_code_format, numeric);
    assert_eq!(account.password_reset_by_code_format, numeric);
    let own =
        CodeFormat { length: Some(6), numeric: false, dashed: false, allowed_chars: Some("ABC".to_owned()) };
    assert_eq!(account.login_by_code_format, own);
    for name in ["ACCOUNT_PASSWORD_RESET_BY_CODE_FORMAT", "ACCOUNT_PASSWORD_RESET_BY_CODE_CODE_FORMAT"] {
        assert_eq!(settings(&[(name, all.1)]).account.password_reset_by_code_format, numeric);
    }
    let wrong = errors(&[("ALLAUTH_USER_CODE_FORMAT", "6")]);
    assert_eq!(wrong.lines().count(), 1, "told once, not for every kind of code: {wrong}");
}

#[test]
fn switches_that_count() {
    let of = |value| {
        settings(&[("ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND", value)]).account.login_by_code_max_resend_count
    };
    assert_eq!(["true", "false", "0", "1", "5"].map(of), [2, 0, 0, 1, 5]);
}

#[test]
fn cookies_as_django_has_them() {
    let of = |value| {
        settings(&[("SESSION_COOKIE_SAMESITE", value), ("SESSION_COOKIE_SECURE", "true")])
            .session
            .cookie_samesite
    };
    assert_eq!(
        ["Strict", "lax", r#""None""#, "None"].map(of),
        [SameSite::Strict, SameSite::Lax, SameSite::None, SameSite::None]
    );
    assert_eq!(["false", "False", "null"].map(of), [SameSite::Unset; 3]);
    assert_eq!(settings(&[("CSRF_COOKIE_AGE", "null")]).csrf.cookie_age, None);
    for name in ["HTTP_X_XSRF_TOKEN", "X-XSRF-Token"] {
        assert_eq!(settings(&[("CSRF_HEADER_NAME", name)]).csrf.header_name, "x-xsrf-token");
    }
    let domain = settings(&[("SESSION_COOKIE_DOMAIN", ".example.com")]).session.cookie_domain;
    assert_eq!(domain.as_deref(), Some(".example.com"));
}

#[test]
fn origins_and_hosts() {
    for origin in
        ["https://a.example", "https://*.example.org", "http://localhost:3000", "http://[::1]:80", "app://x"]
    {
        assert_eq!(settings(&[("CSRF_TRUSTED_ORIGINS", origin)]).csrf.trusted_origins, [origin]);
    }
    for origin in ["*", "a.example", "https://", "https://a/", "https://a:b", "https://a b", "https://*"] {
        assert!(read(&[("CSRF_TRUSTED_ORIGINS", origin)]).is_err(), "{origin}");
    }
    for host in ["*", ".example.com", "localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(settings(&[("ALLOWED_HOSTS", host)]).allowed_hosts, [host]);
    }
    for host in ["a:80", "a/b", ".", "*.example.com", "a b"] {
        assert!(read(&[("ALLOWED_HOSTS", host)]).is_err(), "{host}");
    }
}

#[test]
fn pages_left_out_are_under_the_frontend() {
    let given = r#"{"account_confirm_email": "https://x.example/confirm?key={key}&x=1", "account_signup": "/signup"}"#;
    let urls = settings(&[("FRONTEND_URL", "https://www.example.com/"), ("HEADLESS_FRONTEND_URLS", given)]);
    let urls = urls.headless.frontend_urls;
    assert_eq!(urls.account_confirm_email, "https://x.example/confirm?key={key}&x=1");
    assert_eq!(urls.get("account_signup"), Some("https://www.example.com/signup"));
    assert_eq!(urls.get("account_reset_password"), Some("https://www.example.com/account/password/reset"));
    assert_eq!(urls.get("nowhere"), None);
}

#[test]
fn paths_of_pages_need_the_frontends_url() {
    let pages = ("HEADLESS_FRONTEND_URLS", r#"{"account_signup": "/signup"}"#);
    assert_eq!(
        errors(&[pages]),
        "HEADLESS_FRONTEND_URLS={\"account_signup\": \"/signup\"}: \
         paths are put after FRONTEND_URL, which must be set; or begin each page with https://"
    );
    let whole = ("HEADLESS_FRONTEND_URLS", r#"{"account_signup": "https://a.example/signup"}"#);
    assert_eq!(settings(&[whole]).headless.frontend_urls.account_signup, "https://a.example/signup");
}

#[test]
fn passwords_have_djangos_validators() {
    let given = r#"[{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
        {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email"], "max_similarity": 1}}]"#;
    assert_eq!(
        settings(&[("AUTH_PASSWORD_VALIDATORS", given)]).passwords.validators,
        [
            PasswordValidator::MinimumLength { min_length: 12 },
            PasswordValidator::UserAttributeSimilarity {
                user_attributes: vec!["email".to_owned()],
                max_similarity: 1.0
            },
        ]
    );
    let none = ("AUTH_PASSWORD_VALIDATORS", "[]");
    assert_eq!(settings(&[none]).account.password_min_length, Some(6));
    assert_eq!(
        settings(&[none, ("ACCOUNT_PASSWORD_MIN_LENGTH", "12")]).account.password_min_length,
        Some(12)
    );
    assert_eq!(settings(&[none, ("ACCOUNT_PASSWORD_MIN_LENGTH", "null")]).account.password_min_length, None);
}

#[test]
fn passkeys_need_webauthn() {
    let passkeys = ("MFA_PASSKEY_LOGIN_ENABLED", "true");
    assert!(!settings(&[passkeys]).mfa.passkey_login_enabled);
    assert!(settings(&[passkeys, ("MFA_SUPPORTED_TYPES", "totp,webauthn")]).mfa.passkey_login_enabled);
    assert_eq!(settings(&[("MFA_SUPPORTED_TYPES", "[]")]).mfa.supported_types, []);
}

#[test]
fn signing_up_with_a_passkey_has_preconditions() {
    let signup = ("MFA_PASSKEY_SIGNUP_ENABLED", "true");
    let webauthn = ("MFA_SUPPORTED_TYPES", "webauthn");
    let by_code = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    assert!(!settings(&[signup]).mfa.passkey_signup_enabled, "without webauthn it is off, as in allauth");
    assert!(settings(&[signup, webauthn, by_code]).mfa.passkey_signup_enabled);
    let optional = errors(&[signup, webauthn, by_code, ("ACCOUNT_EMAIL_VERIFICATION", "optional")]);
    assert!(
        optional.contains("MFA_PASSKEY_SIGNUP_ENABLED=true, ACCOUNT_EMAIL_VERIFICATION=optional: "),
        "{optional}"
    );
    let no_email = errors(&[
        signup,
        webauthn,
        by_code,
        ("ACCOUNT_SIGNUP_FIELDS", "username*"),
        ("ACCOUNT_LOGIN_METHODS", "username"),
    ]);
    assert!(
        no_email.contains("MFA_PASSKEY_SIGNUP_ENABLED=true, ACCOUNT_SIGNUP_FIELDS=username*: "),
        "{no_email}"
    );
}

#[test]
fn passkey_logins_have_limits_of_their_own() {
    let rates = |text: &str| settings(&[("MFA_RATE_LIMITS", text)]).mfa.passkey_login_rates;
    let ten = [Rate { amount: 10, duration: seconds(60), per: Per::Ip }];
    assert_eq!(settings(&[("ACCOUNT_RATE_LIMITS", "false")]).mfa.passkey_login_rates, ten);
    assert_eq!(rates("{}"), ten);
    assert_eq!(rates("false"), []);
    assert_eq!(rates(r#"{"webauthn_login": null}"#), []);
    assert_eq!(rates(r#"{"webauthn_login": "2/m"}"#), [Rate { amount: 2, ..ten[0] }]);
    assert_eq!(
        errors(&[("MFA_RATE_LIMITS", r#"{"login": "2/m"}"#)]),
        r#"MFA_RATE_LIMITS={"login": "2/m"}: has no action "login", only "webauthn_login""#
    );
}

#[test]
fn the_cookie_of_trust_is_as_that_of_the_session() {
    let own = settings(&[("SESSION_COOKIE_PATH", "/api"), ("SESSION_COOKIE_SECURE", "true")]).mfa;
    assert_eq!((own.trust_cookie_path.as_str(), own.trust_cookie_secure), ("/api", true));
    let other = settings(&[("SESSION_COOKIE_PATH", "/api"), ("MFA_TRUST_COOKIE_PATH", "/")]).mfa;
    assert_eq!(other.trust_cookie_path, "/");
}

#[test]
fn passkeys_are_used_by_pages_and_by_apps() {
    let app = format!("android:apk-key-hash:{}", "a".repeat(43));
    let given = format!("https://www.example.com,http://localhost:3000,{app}");
    let origins = settings(&[("MFA_WEBAUTHN_ORIGINS", &given)]).mfa.webauthn_origins;
    assert_eq!(origins, ["https://www.example.com", "http://localhost:3000", app.as_str()]);
    for wrong in ["example.com", "https://*.example.com", "https://example.com/", "android:apk-key-hash:x"] {
        let told = errors(&[("MFA_WEBAUTHN_ORIGINS", wrong)]);
        assert!(told.contains(&format!("has {wrong:?} where an origin must be")), "{told}");
    }
}

/// Other software has a variable of this name, too.
#[test]
fn debug_is_off_unless_it_says_yes() {
    assert!(settings(&[("DEBUG", "True")]).debug);
    for text in ["", "0", "false", "express:*", "[]"] {
        assert!(!settings(&[("DEBUG", text)]).debug, "{text}");
    }
}

/// Combinations that the reference starts with, so this must, too.
#[test]
fn what_the_reference_accepts_is_accepted() {
    const NONE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION", "none");
    const BY_CODE: (&str, &str) = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true");
    let baseline = [
        ("ACCOUNT_USER_MODEL_USERNAME_FIELD", "null"),
        ("ALLOWED_HOSTS", r#"["localhost", "127.0.0.1"]"#),
        ("HEADLESS_ONLY", "true"),
        ("SECRET_KEY", "conformance-secret-key-that-is-long-enough-for-hs256-signatures"),
    ];
    let usernames = ("ACCOUNT_USER_MODEL_USERNAME_FIELD", r#""username""#);
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[
            ("ACCOUNT_LOGIN_METHODS", r#"["phone"]"#),
            ("ACCOUNT_SIGNUP_FIELDS", r#"["phone*", "password1*"]"#),
            NONE,
        ],
        &[
            ("ACCOUNT_LOGIN_METHODS", r#"["phone", "email"]"#),
            ("ACCOUNT_SIGNUP_FIELDS", r#"["phone*", "email*", "password1*"]"#),
        ],
        &[
            usernames,
            ("ACCOUNT_SIGNUP_FIELDS", r#"["username*", "email", "password1*"]"#),
            ("ACCOUNT_LOGIN_METHODS", r#"["username"]"#),
            NONE,
        ],
        &[
            usernames,
            ("ACCOUNT_SIGNUP_FIELDS", r#"["username", "email*", "password1*"]"#),
            ("ACCOUNT_LOGIN_METHODS", r#"["username", "email"]"#),
            NONE,
        ],
        &[
            usernames,
            ("ACCOUNT_UNIQUE_EMAIL", "false"),
            ("ACCOUNT_LOGIN_METHODS", r#"["username"]"#),
            ("ACCOUNT_SIGNUP_FIELDS", r#"["username*", "email*", "password1*"]"#),
        ],
        &[BY_CODE, ("ACCOUNT_SIGNUP_FIELDS", r#"["email*"]"#), ("ACCOUNT_LOGIN_BY_CODE_ENABLED", "true")],
        &[BY_CODE, ("ACCOUNT_CHANGE_EMAIL", "true"), ("ACCOUNT_EMAIL_NOTIFICATIONS", "true")],
        &[("ACCOUNT_LOGIN_BY_CODE_REQUIRED", r#"["mfa", "socialaccount"]"#)],
        &[("ACCOUNT_PREVENT_ENUMERATION", "strict"), NONE],
        &[("ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS", "0"), ("ACCOUNT_EMAIL_CONFIRMATION_HMAC", "false")],
        &[("ACCOUNT_EMAIL_SUBJECT_PREFIX", ""), ("SESSION_COOKIE_AGE", "3"), ("CSRF_USE_SESSIONS", "true")],
        &[("ACCOUNT_RATE_LIMITS", "false"), ("MFA_RATE_LIMITS", "false"), ("MFA_TRUST_COOKIE_AGE", "1")],
        &[("HEADLESS_TOKEN_STRATEGY", "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy")],
        &[("SOCIALACCOUNT_PROVIDERS", r#"{"dummy": {"EMAIL_AUTHENTICATION": true}}"#)],
        &[("SOCIALACCOUNT_PROVIDERS", TWO_PROVIDERS)],
    ];
    for case in cases {
        let mut variables = baseline.to_vec();
        variables.extend(*case);
        read(&variables).unwrap_or_else(|errors| panic!("{case:?}\n{errors}"));
    }
}

/// `make docs` runs this test with UPDATE=1.
#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, document()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == document(), "docs/settings.md is stale: run `make docs` and commit it");
}

#[test]
fn the_document_tells_of_every_name() {
    let document = document();
    for name in declared_names() {
        assert!(document.contains(&format!("`{name}`")), "{name}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for section in document.split("\n\n").filter(|section| section.starts_with("| ")) {
        let header = section.lines().next().map(columns);
        assert!(section.lines().all(|line| Some(columns(line)) == header), "{section}");
    }
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"(\{|\[)?("[a-z_*]{0,8}"|-?[0-9.e]{1,30}|true|null|[:,/]|\}|\]){0,8}"#,
        r#"\{"(login|APPS|length|account_signup|openid_connect|NAME)": ?("[^"\\]{0,12}"|[0-9]{1,20}|null|\[\]|\{\})\}"#,
        r"[0-9]{1,20}/[0-9.e-]{0,8}[smhdx]?(/(ip|key|user|x))?",
        r"([a-z]{1,4}://)?[*.a-z:\[\]@<>0-9 ]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_value_makes_it_panic(name in prop::sample::select(declared_names().collect::<Vec<_>>()), value in any_value()) {
        if let Err(errors) = read(&[(name, &value)]) {
            let lines = errors.to_string().lines().count();
            prop_assert_eq!(lines, errors.problems().len());
        }
    }

    #[test]
    fn no_name_makes_it_panic(name in "(ACCOUNT|MFA|HEADLESS)?_?.{0,40}", value in any::<String>()) {
        let _ = read(&[(&name, &value)]);
    }
}

/// The apps that come of these providers; the dummy left out.
fn apps(providers: &str) -> Vec<ProviderApp> {
    settings(&[("SOCIALACCOUNT_PROVIDERS", providers)]).socialaccount.providers
}

#[test]
fn an_app_says_more_than_its_provider() {
    let apps = apps(
        r#"{"gitlab": {
            "SCOPE": ["read_user"], "AUTH_PARAMS": {"prompt": "login", "n": 1}, "VERIFIED_EMAIL": true, "GITLAB_URL": "https://a.example",
            "APPS": [
                {"client_id": "a", "secret": "s", "settings": {"gitlab_url": "https://b.example", "scope": ["api"], "verified_email": ["Example.com", "bücher.example"]}},
                {"client_id": "b", "provider_id": "other", "settings": {"oauth_pkce_enabled": true, "email_authentication": true}}
            ]
        }}"#,
    );
    let [first, second] = apps.as_slice() else { panic!("{apps:?}") };
    assert_eq!((first.id.as_str(), first.name.as_str(), second.id.as_str()), ("gitlab", "GitLab", "other"));
    assert_eq!(first.secret.as_ref().map(crate::secret::Secret::expose), Some("s"));
    assert_eq!(first.scope.as_deref(), Some(["api".to_owned()].as_slice()));
    assert_eq!(second.scope.as_deref(), Some(["read_user".to_owned()].as_slice()));
    assert_eq!(first.option("gitlab_url"), Some(&"https://b.example".into()));
    assert_eq!(second.option("gitlab_url"), Some(&"https://a.example".into()));
    assert_eq!(
        second.auth_params,
        [("n".to_owned(), "1".to_owned()), ("prompt".to_owned(), "login".to_owned())]
    );
    assert!(first.vouches_for("a@example.com") && first.vouches_for("a@xn--bcher-kva.example"));
    assert!(!first.vouches_for("a@b.example.com"));
    assert!(second.vouches_for("a@anywhere.example"));
    assert_eq!((first.pkce, second.pkce, second.email_authentication), (None, Some(true), Some(true)));
    assert_eq!(first.flows, [ProviderFlow::Redirect]);
}

#[test]
fn the_words_of_wrong_providers() {
    let app = r#""APP": {"client_id": "a"}"#;
    let cases = [
        (
            r#"{"gogle": {"APP": {"client_id": "a"}}}"#.to_owned(),
            "has apps of \"gogle\", which is not supported; did you mean google?",
        ),
        (r#"{"google": {"APP": {}}}"#.to_owned(), "must give every app of google a \"client_id\""),
        (r#"{"google": []}"#.to_owned(), "must have an object as \"google\""),
        (r#"{"google": {"APPS": {}}}"#.to_owned(), "must have a list as \"APPS\" of google"),
        (
            format!(r#"{{"google": {{"SCOPE": "x", {app}}}}}"#),
            "must have a list of text as \"SCOPE\" of google",
        ),
        (
            format!(r#"{{"google": {{"AUTH_PARAMS": [], {app}}}}}"#),
            "must have an object as \"AUTH_PARAMS\" of google",
        ),
        (
            format!(r#"{{"google": {{"VERIFIED_EMAIL": 1, {app}}}}}"#),
            "must have true, false or a list of domains as \"VERIFIED_EMAIL\" of google",
        ),
        (
            format!(r#"{{"google": {{"OAUTH_PKCE_ENABLED": 1, {app}}}}}"#),
            "must have true or false as \"OAUTH_PKCE_ENABLED\" of google",
        ),
        (
            r#"{"google": {"APPS": [{"client_id": "a"}, {"client_id": "b"}]}}"#.to_owned(),
            "must give each app a provider_id of its own, not \"google\" twice, or hide all but one",
        ),
    ];
    for (value, remedy) in cases {
        let problem = read(&[("SOCIALACCOUNT_PROVIDERS", &value)]).expect_err(&value).problems()[0].clone();
        assert_eq!(problem.remedy, remedy, "{value}");
    }
    assert_eq!(
        apps(
            r#"{"google": {"APPS": [{"client_id": "a"}, {"client_id": "b", "settings": {"hidden": true}}]}}"#
        )
        .len(),
        2
    );
    assert_eq!(apps(r#"{"saml": {"anything": 1}, "google": {"SCOPE": []}}"#).len(), 0);
}

#[test]
fn client_secrets_are_learned_by_id_or_client_id() {
    let secret = |text: &str| crate::secret::Secret::new(text);
    let providers =
        r#"{"google": {"APP": {"client_id": "a"}}, "apple": {"APP": {"client_id": "b", "key": "team"}}}"#;
    let mut social = settings(&[("SOCIALACCOUNT_PROVIDERS", providers)]).socialaccount;
    social
        .learn(&secret(
            r#"{"google": "one", "b": {"secret": "two", "settings": {"certificate_key": "pem"}}}"#,
        ))
        .unwrap();
    let found = |id: &str| social.providers.iter().find(|app| app.id == id).unwrap();
    assert_eq!(found("google").secret.as_ref().unwrap().expose(), "one");
    assert_eq!(found("apple").secret.as_ref().unwrap().expose(), "two");
    assert_eq!(
        (found("apple").key.as_deref(), found("apple").option("certificate_key")),
        (Some("team"), Some(&"pem".into()))
    );
    for (wrong, why) in [
        (r#"{"gogle": "hunter2"}"#, "the secret has \"gogle\", and SOCIALACCOUNT_PROVIDERS has no such app"),
        (r#"{"google": ["hunter2"]}"#, "the secret must have a text or an object as \"google\""),
        ("hunter2", "the secret must be an object of apps and their secrets"),
    ] {
        assert_eq!(social.clone().learn(&secret(wrong)), Err(why.to_owned()));
    }
}
