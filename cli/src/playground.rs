//! The playground: a frontend at an origin of its own, on loopback, to try every flow of the API in a browser.
//!
//! It is plain ES modules, served as they are. What differs from stack to stack is in `environment.json`.

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};

use crate::data_dir::Endpoints;
use crate::inbox::captcha;
use crate::pages::{COMMON, COMMON_STYLE, Module, file, modules};
use crate::style::style;
use vestibule::http::csrf::is_trusted;
use vestibule::settings::{Account, Settings};

/// Its modules.
const MODULES: &[Module] = modules! {
    "pages/playground/":
    "api.js" "authenticators.js" "code.js" "configuration.js" "curl.js" "description.js" "done.js" "emails.js"
    "history.js" "login.js" "main.js" "password.js" "pending.js" "phone.js" "proceed.js" "profile.js"
    "providers.js" "qr.js" "reauthenticate.js" "requests.js" "reset.js" "router.js" "sessions.js" "signup.js"
    "tokens.js" "verify.js"
};

/// The API's client, which is a package of its own.
const CLIENT: &[Module] = modules! {
    "../../clients/typescript/src/": "answers.js" "app.js" "browser.js" "transport.js" "webauthn.js"
};

const INDEX: &str = include_str!("pages/playground/index.html");
const OWN_STYLE: &str = include_str!("pages/playground/playground.css");

/// The pages of the frontend that links lead to.
const PAGES: [&str; 6] = [
    "account_confirm_email",
    "account_invitation",
    "account_reset_password",
    "account_reset_password_from_key",
    "account_signup",
    "socialaccount_login_error",
];

/// Everything that the playground of a stack answers: its modules, and at every other path its one page.
pub fn router(endpoints: &Endpoints, settings: &Settings) -> Router {
    let environment = environment(endpoints, settings).to_string();
    let policy = policy(api(endpoints));
    let page = move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], Html(INDEX)) };
    let mut router = Router::new()
        .route("/environment.json", file("application/json", environment))
        .route("/style.css", file("text/css", style() + COMMON_STYLE + OWN_STYLE));
    for (name, text) in MODULES.iter().chain(COMMON) {
        router = router.route(&format!("/modules/{name}"), file("text/javascript", *text));
    }
    for (name, text) in CLIENT {
        router = router.route(&format!("/modules/client/{name}"), file("text/javascript", *text));
    }
    router.fallback_service(get(page))
}

/// What to do where its pages may not call the API.
pub fn distrust(endpoints: &Endpoints, settings: &Settings) -> Option<String> {
    let own = endpoints.playground.as_ref().filter(|_| endpoints.public.is_none())?;
    (!is_trusted(own, &settings.csrf.trusted_origins)).then(|| {
        format!(
            "the playground cannot call the API: add {own} to CSRF_TRUSTED_ORIGINS, or give --no-playground"
        )
    })
}

/// Where the API is: on the page's own origin behind a proxy.
fn api(endpoints: &Endpoints) -> &str {
    endpoints.public.as_ref().unwrap_or(&endpoints.api)
}

/// A page calls the API and nothing else. Forms lead to it, and on to any provider. Trusted types leave no way to turn text
/// into HTML.
fn policy(api: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {api}; \
         form-action http: https:; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// What a frontend of one's own has in its configuration, or makes of the description when it is built.
fn environment(endpoints: &Endpoints, settings: &Settings) -> Value {
    let urls = &settings.headless.frontend_urls;
    let pages: serde_json::Map<_, _> =
        PAGES.iter().filter_map(|page| Some(((*page).to_owned(), urls.get(page)?.into()))).collect();
    json!({
        "api": api(endpoints),
        "inbox": endpoints.inbox,
        "csrf_cookie": settings.csrf.cookie_name,
        "csrf_use_sessions": settings.csrf.use_sessions,
        "honeypot": settings.account.signup_honeypot,
        "captcha_stand_in": settings.captcha.url.as_ref().is_some_and(|url| url.ends_with(captcha::PATH)),
        "supports": supports(&settings.account),
        "pages": pages,
        "description": vestibule_config::document(settings, api(endpoints)),
    })
}

/// What people may do while a verification or a login by code is pending, by operation id.
fn supports(account: &Account) -> Vec<&'static str> {
    let counts = [
        ("addEmailAddress", account.email_verification_max_change_count),
        ("resendEmailVerification", account.email_verification_max_resend_count),
        ("changePhoneNumber", account.phone_verification_max_change_count),
        ("resendPhoneVerification", account.phone_verification_max_resend_count),
        ("resendLoginCode", account.login_by_code_max_resend_count),
    ];
    counts.into_iter().filter(|(_, most)| *most > 0).map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::pages::tests::check;

    #[test]
    fn a_playground_that_may_not_call_the_api_is_told() {
        let hint = |origins: &str, public: Value| {
            let endpoints = json!({
                "api": "http://localhost:8000", "inbox": "http://localhost:8025", "dynamodb": "", "table": "t",
                "region": "local", "process": 1, "playground": "http://localhost:3000", "public": public,
            });
            let variables = HashMap::from([("CSRF_TRUSTED_ORIGINS".to_owned(), origins.to_owned())]);
            let settings = Settings::read(variables).unwrap().settings;
            distrust(&serde_json::from_value(endpoints).unwrap(), &settings)
        };
        let told = hint("http://localhost:5173", Value::Null).unwrap();
        assert!(told.contains("add http://localhost:3000 to CSRF_TRUSTED_ORIGINS"), "{told}");
        assert_eq!(hint("http://localhost:5173,http://localhost:3000", Value::Null), None);
        assert_eq!(hint("http://localhost:5173", json!("http://localhost:8080")), None);
    }
    #[test]
    fn every_module_is_served_and_makes_no_html() {
        check("playground", MODULES);
        check("../../../clients/typescript/src", CLIENT);
    }
}
