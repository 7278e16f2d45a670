//! `vestibule settings …`: what it refuses, and what it writes into the packages.
#![expect(clippy::unwrap_used, reason = "what these tests share may fail as they may")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FUNCTIONS: [&str; 16] = [
    "account",
    "authorizer",
    "config",
    "events",
    "keys",
    "login",
    "mail",
    "mfa",
    "pretraffic",
    "probe",
    "provider",
    "reset",
    "session",
    "signup",
    "verify",
    "webauthn",
];

fn settings(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.arg("settings").args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn packages(folder: &Path) {
    for function in FUNCTIONS {
        fs::create_dir_all(folder.join("target/lambda").join(function)).unwrap();
    }
}

/// More providers than the 4 KB of Lambda's environment can hold.
fn many_providers() -> String {
    let mut apps = String::new();
    for number in 0..60 {
        let app = format!(
            r#"{{"provider_id": "id-{number}", "name": "Provider {number}", "client_id": "client-{number}",
                "settings": {{"server_url": "https://id-{number}.example.com"}}}},"#
        );
        write!(apps, "{app}").unwrap();
    }
    format!(
        r#"{{"SOCIALACCOUNT_PROVIDERS": {{"openid_connect": {{"APPS": [{}]}}}}}}"#,
        apps.trim_end_matches(',')
    )
}

/// As they stand in the document, to be copied.
#[test]
fn the_settings_of_the_standards_are_valid() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/standards.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, block) = document.split_once("```json\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.json"), block.split_once("```").unwrap().0).unwrap();
    let output = settings(folder.path(), &["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What is deployed from this repository.
#[test]
fn the_settings_file_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = settings(&root, &["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn all_faults_are_reported_at_once_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    packages(folder.path());
    let file = r#"{"SECRET_KEY": "0123456789abcdef0123456789abcdef", "MFA_TOTP_DIGIT": 6, "MFA_TOTP_PERIOD": "long",
        "EMAIL_VERIFICATION": "none", "ACCOUNT_EMAIL_VERIFICATION": "none"}"#;
    fs::write(folder.path().join("settings.json"), file).unwrap();
    let output = settings(folder.path(), &["pack"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    for line in [
        "SECRET_KEY: is a secret, and must not be in the settings file",
        "MFA_TOTP_DIGIT: is not a setting; did you mean MFA_TOTP_DIGITS?",
        "MFA_TOTP_PERIOD=long: must be",
        "EMAIL_VERIFICATION: is not a setting",
        "ACCOUNT_EMAIL_VERIFICATION: is set by template.yaml",
    ] {
        assert!(errors.lines().any(|error| error.starts_with(line)), "{line} in {errors}");
    }
    assert!(!folder.path().join("target/lambda/config/settings.json").exists());
}

#[test]
fn the_file_is_written_into_every_package() {
    let folder = tempfile::tempdir().unwrap();
    packages(folder.path());
    let file = many_providers();
    assert!(file.len() > 4096);
    fs::write(folder.path().join("mine.json"), &file).unwrap();
    let output = settings(folder.path(), &["pack", "mine.json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for function in FUNCTIONS {
        let path = folder.path().join("target/lambda").join(function).join("settings.json");
        assert_eq!(fs::read_to_string(path).unwrap(), file, "{function}");
    }
}

#[test]
fn a_folder_of_languages_is_checked_and_copied_into_every_package() {
    let folder = tempfile::tempdir().unwrap();
    packages(folder.path());
    let file = r#"{"LANGUAGES": ["en", "de"], "LANGUAGES_DIR": "translations"}"#;
    fs::write(folder.path().join("settings.json"), file).unwrap();
    let german = folder.path().join("translations/de");
    fs::create_dir_all(&german).unwrap();
    fs::write(german.join("api.json"), r#"{"errors": {"requierd": "Pflichtfeld."}}"#).unwrap();
    for command in ["check", "pack"] {
        let output = settings(folder.path(), &[command]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.contains("did you mean errors.required?"), "{errors}");
    }
    fs::write(german.join("api.json"), r#"{"errors": {"required": "Pflichtfeld."}}"#).unwrap();
    let left = folder.path().join("target/lambda/config/translations/nl");
    fs::create_dir_all(&left).unwrap();
    let output = settings(folder.path(), &["pack"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for function in FUNCTIONS {
        let copied = folder.path().join("target/lambda").join(function).join("translations/de/api.json");
        assert!(fs::read_to_string(copied).unwrap().contains("Pflichtfeld."), "{function}");
    }
    assert!(!left.exists());

    for elsewhere in ["/opt/translations", "../translations", "a/b"] {
        let file = format!(r#"{{"LANGUAGES_DIR": "{elsewhere}"}}"#);
        fs::write(folder.path().join("settings.json"), file).unwrap();
        let output = settings(folder.path(), &["check"]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.contains("a folder beside this file"), "{errors}");
    }
}

#[test]
fn a_missing_package_says_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.json"), "{}").unwrap();
    let output = settings(folder.path(), &["pack"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("infra/build.sh makes the packages"), "{errors}");
}

/// As in `vestibule … | head`.
#[test]
fn a_reader_that_is_gone_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.json"), "{}").unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(["settings", "check"]).current_dir(folder.path()).env_clear();
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
