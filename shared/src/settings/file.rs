//! The settings of a file, which is deployed with each function: they may exceed the 4 KB of Lambda's environment.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::declared::{ALL, SETTINGS_FILE, Settings};
use super::error::{Errors, Problem};
use super::setting::Setting;
use super::unusable::unknown;

/// Its value holds client secrets only in these members.
const PROVIDERS: &str = "SOCIALACCOUNT_PROVIDERS";
const OF_THE_TEMPLATE: &str =
    "is set by template.yaml, which wins over the file: change the parameter instead (docs/deploy.md)";
const SECRET_MEMBERS: [&str; 2] = ["secret", "certificate_key"];

/// Adds the settings of a file to variables. A setting that the variables have, under any of its names, keeps their
/// value, unless that is empty.
pub(super) fn add(variables: HashMap<String, String>, text: &str) -> Result<HashMap<String, String>, Errors> {
    let file = parse(text)?;
    let mut all = variables;
    all.retain(|name, value| !value.trim().is_empty() || !file.contains_key(name));
    let is_given = |name: &str| match declared(name) {
        Some(setting) => {
            setting.names().any(|name| all.get(name).is_some_and(|value| !value.trim().is_empty()))
        }
        None => all.contains_key(name),
    };
    let added: Vec<_> = file.into_iter().filter(|(name, _)| !is_given(name)).collect();
    all.extend(added);
    Ok(all)
}

/// Checks a file that is deployed with variables, and returns what an operator should know although it is no error.
pub(super) fn check(variables: &HashMap<String, String>, text: &str) -> Result<Vec<String>, Errors> {
    let settings = read(text)?;
    let mut problems = Vec::new();
    let mut all = variables.clone();
    for (name, value) in settings {
        let is_set = variables.get(&name).is_some_and(|value| !value.trim().is_empty());
        let is_set = is_set.then(|| Problem::of(&name, None, OF_THE_TEMPLATE.to_owned()));
        match problem(&name, &value).or(is_set) {
            Some(problem) => problems.push(problem),
            None => drop(all.insert(name, as_variable(value))),
        }
    }
    match Settings::read(all) {
        Ok(loaded) if problems.is_empty() => return Ok(loaded.hints),
        Ok(_) => {}
        Err(errors) => problems.extend(errors.0),
    }
    Err(Errors(problems))
}

/// The settings of a file, each as a variable would have it.
fn parse(text: &str) -> Result<HashMap<String, String>, Errors> {
    let settings = read(text)?;
    let problems: Vec<_> = settings.iter().filter_map(|(name, value)| problem(name, value)).collect();
    if !problems.is_empty() {
        return Err(Errors(problems));
    }
    Ok(settings.into_iter().map(|(name, value)| (name, as_variable(value))).collect())
}

fn read(text: &str) -> Result<Map<String, Value>, Errors> {
    let explain = |error| format!("must contain a JSON object of settings: {error}");
    serde_json::from_str(text).map_err(|error| Errors::of(SETTINGS_FILE, None, explain(error)))
}

fn as_variable(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

fn problem(name: &str, value: &Value) -> Option<Problem> {
    let refused = |remedy: String| Some(Problem::of(name, None, remedy));
    if name == SETTINGS_FILE {
        return refused("can be an environment variable only, as it names this file".to_owned());
    }
    let Some(setting) = declared(name) else { return unknown(name) };
    if name == PROVIDERS {
        // As the setting is read: a text that is JSON is what it contains.
        let contained = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let member = secret_member(contained.as_ref().unwrap_or(value))?;
        return refused(format!(
            "contains a {member:?}, and secrets must not be in the settings file; put it into the secret that \
             SOCIALACCOUNT_PROVIDERS_SECRET_ARN names"
        ));
    }
    if setting.secret {
        return refused("is a secret, and must not be in the settings file".to_owned());
    }
    None
}

/// The first member that holds a secret.
fn secret_member(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let is_secret = SECRET_MEMBERS.contains(&name.to_lowercase().as_str());
            let is_empty = matches!(value, Value::Null) || value == "";
            if is_secret && !is_empty { Some(name.as_str()) } else { secret_member(value) }
        }),
        Value::Array(items) => items.iter().find_map(secret_member),
        _ => None,
    }
}

fn declared(name: &str) -> Option<&'static Setting> {
    ALL.iter().find_map(|group| group.find(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn variables_win_over_the_file_unless_they_are_empty() {
        let file = r#"{
            "SITE_NAME": "File", "MFA_TOTP_DIGITS": 8, "ACCOUNT_LOGIN_METHODS": ["email", "username"],
            "ACCOUNT_SIGNUP_ENABLED": false, "MFA_TOTP_TOLERANCE": 1
        }"#;
        let given =
            [("SITE_NAME", " "), ("MFA_TOTP_TOLERANCE", "2"), ("ACCOUNT_SIGNUP_OPEN", "true"), ("HOME", "/")];
        let all = add(variables(&given), file).unwrap();
        let expected = [
            ("SITE_NAME", "File"),
            ("MFA_TOTP_DIGITS", "8"),
            ("ACCOUNT_LOGIN_METHODS", r#"["email","username"]"#),
            ("ACCOUNT_SIGNUP_OPEN", "true"),
            ("MFA_TOTP_TOLERANCE", "2"),
            ("HOME", "/"),
        ];
        assert_eq!(all, variables(&expected));
        let settings = Settings::read(all).unwrap().settings;
        assert_eq!((settings.mfa.totp_digits, settings.account.signup_enabled), (8, true));
    }

    #[test]
    fn all_faults_of_a_file_are_reported_at_once() {
        let file = r#"{
            "SECRET_KEY": "0123456789abcdef0123456789abcdef", "SETTINGS_FILE": "x", "ACCOUNT_LOGIN_METHOD": "email",
            "HEADLESS_JWT_PRIVATE_KEY": "x", "LANGUAGE": "fr", "EMAIL_HOST": "localhost",
            "SOCIALACCOUNT_PROVIDERS": {"google": {"APPS": [{"client_id": "a", "secret": "hidden"}]}}
        }"#;
        let errors = parse(file).unwrap_err();
        let mut lines: Vec<_> = errors.to_string().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "ACCOUNT_LOGIN_METHOD: is not a setting; did you mean ACCOUNT_LOGIN_METHODS?",
                "HEADLESS_JWT_PRIVATE_KEY: is a secret, and must not be in the settings file",
                "LANGUAGE: is not a setting; did you mean LANGUAGES?",
                "SECRET_KEY: is a secret, and must not be in the settings file",
                "SETTINGS_FILE: can be an environment variable only, as it names this file",
                "SOCIALACCOUNT_PROVIDERS: contains a \"secret\", and secrets must not be in the settings file; put it \
                 into the secret that SOCIALACCOUNT_PROVIDERS_SECRET_ARN names",
            ]
        );
        assert!(!errors.to_string().contains("hidden"));
    }

    #[test]
    fn a_file_is_checked_with_the_variables_that_it_is_deployed_with() {
        let fields = ("ACCOUNT_SIGNUP_FIELDS", "username*,email*,password1*");
        let template = || variables(&[("ACCOUNT_LOGIN_METHODS", "username"), ("SITE_NAME", ""), fields]);
        assert_eq!(check(&template(), r#"{"SITE_NAME": "Example"}"#).unwrap(), [""; 0]);
        let hints = check(&template(), r#"{"EMAIL_HOST": "localhost"}"#).unwrap();
        assert_eq!(hints, ["EMAIL_HOST has no effect: mail is sent through SES"]);
        let file = r#"{"ACCOUNT_LOGIN_METHODS": ["email"], "MFA_TOTP_DIGITS": "many", "SECRET_KEY": "x"}"#;
        let errors = check(&template(), file).unwrap_err().to_string();
        let lines: Vec<_> = errors.lines().collect();
        assert!(
            lines.iter().any(|line| line.starts_with("ACCOUNT_LOGIN_METHODS: is set by template.yaml")),
            "{errors}"
        );
        assert!(lines.iter().any(|line| line.starts_with("SECRET_KEY: is a secret")), "{errors}");
        assert!(lines.iter().any(|line| line.starts_with("MFA_TOTP_DIGITS=many: must be")), "{errors}");
    }

    #[test]
    fn a_private_key_of_a_provider_is_refused_and_an_empty_secret_is_none() {
        let file = |member: &str| {
            format!(
                r#"{{"SOCIALACCOUNT_PROVIDERS": {{"apple": {{"APP": {{"client_id": "a", "settings": {{{member}}}}}}}}}}}"#
            )
        };
        let errors = parse(&file(r#""certificate_key": "PEM""#)).unwrap_err().to_string();
        assert!(errors.contains("\"certificate_key\""), "{errors}");
        let as_text = r#"{"SOCIALACCOUNT_PROVIDERS": "{\"apple\": {\"APP\": {\"secret\": \"hidden\"}}}"}"#;
        let errors = parse(as_text).unwrap_err().to_string();
        assert!(errors.contains("\"secret\"") && !errors.contains("hidden"), "{errors}");
        parse(&file(r#""secret": """#)).unwrap();
    }

    #[test]
    fn what_is_no_object_says_where_it_is_wrong() {
        let error = parse("{\n\"SITE_NAME\": }").unwrap_err().to_string();
        assert!(error.starts_with("SETTINGS_FILE: must contain a JSON object of settings: "), "{error}");
        assert!(error.contains("line 2"), "{error}");
        assert!(parse("[]").is_err());
    }
}
