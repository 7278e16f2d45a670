//! What operators write.

use std::fs;
use std::sync::LazyLock;

use http::{Method, Uri};
use lambda_http::{Body, Request};
use serde_json::Value;
use tempfile::TempDir;
use vestibule::domain::event::{Actor, ActorKind};
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::http::language;
use vestibule::operator::{OperatorRequest, api};
use vestibule::settings::Settings;
use vestibule_cli::age::AgeRecipient;

use crate::input::{parts, text};
use crate::process::{self, APP};

/// Reads settings: variables, one a line, and a settings file.
pub fn settings(data: &[u8]) {
    let [variables, file] = parts(data);
    let (Some(variables), Some(file)) = (text(variables), text(file)) else { return };
    let lines = variables.lines().filter_map(|line| line.split_once('='));
    let variables = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let _ = Settings::check_file(&variables, file);
    let variables = Settings::with_file(variables.clone(), file).unwrap_or(variables);
    if let Err(errors) = Settings::read(variables) {
        let text = errors.to_string();
        let named = |line: &str| line.contains(|c: char| c.is_ascii_uppercase());
        assert!(text.lines().next().is_some_and(named), "{text}");
    }
}

/// Reads the texts of a language.
pub fn catalogue(data: &[u8]) {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let folder = FOLDER.path().join("de");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("api.json"), data).unwrap();
    let settings =
        process::settings(&[("LANGUAGES", "en,de"), ("LANGUAGES_DIR", &FOLDER.path().display().to_string())]);
    match language::load(&settings) {
        Err(faults) => assert!(!faults.to_string().is_empty(), "no fault is named"),
        Ok(languages) => {
            for kind in [FieldErrorKind::Required, FieldErrorKind::TooShort { min: 3, length: 1 }] {
                language::message(languages.accepted("de"), &kind);
            }
        }
    }
}

/// A character that is in no text of ours.
const MARK: char = '§';

/// Reads a request of the operators' API: the operation, and its arguments.
pub fn operation(data: &[u8]) {
    let [operation, arguments] = parts(data);
    let Some(operation) = text(operation) else { return };
    is_answered(operation, arguments);
    let Ok(arguments) = serde_json::from_slice::<Value>(arguments) else { return };
    match OperatorRequest::parse(operation, &arguments) {
        Ok(request) => {
            let (name, written) = request.parts();
            assert_eq!(name, operation);
            let read = OperatorRequest::parse(&name, &written).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.parts(), (name, written));
            request.requirements();
        }
        Err(error) => {
            let mut others = arguments.clone();
            others.as_object_mut().and_then(|members| members.remove("password"));
            let is_secret = !operation.contains(MARK) && !others.to_string().contains(MARK);
            assert!(!is_secret || !error.body().to_string().contains(MARK), "{error} shows a password");
        }
    }
}

/// A request of an operator is answered, though there is no table here.
fn is_answered(operation: &str, arguments: &[u8]) {
    let Ok(uri) = Uri::builder().path_and_query(format!("/{operation}")).build() else { return };
    let mut request = Request::new(Body::Binary(arguments.to_vec()));
    (*request.method_mut(), *request.uri_mut()) = (Method::POST, uri);
    let actor = Actor { kind: ActorKind::Operator, id: Some("id".to_owned()), arn: Some("arn".to_owned()) };
    let response = process::run(api::answer(&APP, false, Some(&actor), &request));
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert!(body.is_object() && !response.status().is_success(), "{body}");
}

/// Reads a public key of age.
pub fn age_recipient(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if text.parse::<AgeRecipient>().is_err() {
        return;
    }
    assert!(text.len() == 62 && text.starts_with("age1"), "{text}");
    for at in 4..text.len() {
        let by = if text[at..].starts_with('q') { "p" } else { "q" };
        let other = format!("{}{by}{}", &text[..at], &text[at + 1..]);
        assert!(other.parse::<AgeRecipient>().is_err(), "{other}");
    }
}
