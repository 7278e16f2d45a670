//! The page at `/`: the services and their URLs, and a journey to try that fits the settings.

use crate::style::style;
use vestibule::settings::{EmailVerification, LoginMethod, Settings};

const PAGE: &str = include_str!("pages/welcome.html");
const SIGN_UP: &str = include_str!("pages/welcome-signup.html");
const BY_LINK: &str = include_str!("pages/welcome-link.html");
const BY_CODE: &str = include_str!("pages/welcome-code.html");
const LOG_IN: &str = include_str!("pages/welcome-login.html");

/// The page, with names in braces replaced by what they stand for.
pub fn page(settings: &Settings, values: &[(&str, &str)]) -> String {
    let page = PAGE.replacen("{style}", &style(), 1).replacen("{journey}", &journey(settings).concat(), 1);
    values.iter().fold(page, |page, (name, value)| page.replace(&format!("{{{name}}}"), &escaped(value)))
}

/// What an app does from sign-up to logout; nothing where its first step is another one.
fn journey(settings: &Settings) -> Vec<&'static str> {
    let account = &settings.account;
    let signs_up_by_email = account.signup_enabled
        && account.login_methods.contains(LoginMethod::Email)
        && !settings.socialaccount.only
        && settings.headless.clients.app;
    if !signs_up_by_email {
        return Vec::new();
    }
    match account.email_verification {
        EmailVerification::Mandatory if account.email_verification_by_code_enabled => vec![BY_CODE, LOG_IN],
        EmailVerification::Mandatory => vec![SIGN_UP, BY_LINK, LOG_IN],
        EmailVerification::Optional | EmailVerification::None => vec![SIGN_UP, LOG_IN],
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::read(owned.collect::<HashMap<_, _>>()).unwrap().settings
    }

    #[test]
    fn values_are_escaped() {
        let page = page(&settings(&[]), &[("api", "http://localhost:8000"), ("frontend_url", "<script>")]);
        assert!(page.contains("<a href=\"http://localhost:8000/_allauth/browser/v1/config\">"));
        assert!(page.contains("<code>&lt;script&gt;</code>"));
    }

    #[test]
    fn the_journey_fits_the_settings() {
        let shown = |variables: &[(&str, &str)]| page(&settings(variables), &[]);
        let (link, code) = ("KEY=", "CODE=");
        let by_link = shown(&[]);
        assert!(by_link.contains(link) && !by_link.contains(code));
        let by_code = shown(&[("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "true")]);
        assert!(by_code.contains(code) && !by_code.contains(link));
        let none = shown(&[("ACCOUNT_EMAIL_VERIFICATION", "none")]);
        assert!(!none.contains(code) && !none.contains(link) && none.contains("auth/signup"));
        assert!(!shown(&[("ACCOUNT_SIGNUP_ENABLED", "false")]).contains("auth/signup"));
    }
}
