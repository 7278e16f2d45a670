//! The API's description, as a judge: whatever a client of a test sends and is answered must be as it says, with nothing
//! more in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::{Method, header};
use jsonschema::Validator;
use serde_json::{Value, json};
use vestibule::settings::Settings;

use crate::Answer;

/// What the API says of itself with the settings of a stack.
#[derive(Debug)]
pub struct Description {
    document: Value,
    /// `ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD`, which bots are not told of.
    honeypot: Option<String>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Those of all settings that tests use, by their variables: most are used by many.
static KNOWN: LazyLock<Mutex<HashMap<Variables, Arc<Description>>>> = LazyLock::new(Mutex::default);

type Variables = BTreeMap<String, String>;

impl Description {
    /// That of an API with these variables.
    pub fn of(variables: HashMap<String, String>) -> Arc<Self> {
        let says_nothing = |name: &str| name.starts_with("AWS_") || name == "SECRET_KEY";
        let variables: Variables = variables.into_iter().filter(|(name, _)| !says_nothing(name)).collect();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(variables.clone()).or_insert_with(|| Arc::new(Self::new(variables))))
    }

    fn new(variables: Variables) -> Self {
        let settings = Settings::read(variables).unwrap().settings;
        let mut document = vestibule_config::document(&settings, "http://localhost:8000").unwrap();
        // A client must put up with more than it knows; a test must not.
        let inherited = bases(&document);
        close(&mut document);
        for base in inherited {
            open(document.pointer_mut(&base).unwrap());
        }
        Self { document, honeypot: settings.account.signup_honeypot, validators: Mutex::default() }
    }

    /// Fails unless the answer is one that the description knows, and so is the body if it was accepted.
    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, body: &[u8], answer: &Answer) {
        let status = answer.status;
        // What the gateway refuses never gets to the API.
        if !(path.starts_with("/_allauth/") || path.starts_with("/accounts/"))
            || path.starts_with("/_allauth/openapi.")
            || status == 413
            || status == 431
        {
            return;
        }
        // As the contract has it: wrong hosts and bodies that are too large are told on a page.
        if status == 400 && is_page(answer) {
            return;
        }
        let said: String = answer.text.chars().take(1000).collect();
        let asked = format!("{method} {path}: {status} {said}");
        let Some(described) = self.path(path) else {
            assert_eq!(status, 404, "no such path is described: {asked}");
            return;
        };
        if matches!(*method, Method::HEAD | Method::OPTIONS) {
            return;
        }
        let operation = &described[method.as_str().to_lowercase()];
        if operation.is_null() {
            assert!(!answer.succeeded(), "no such method is described: {asked}");
            return;
        }
        self.check_answer(operation, answer, &asked);
        // Whoever is not logged in hears nothing of their input where that is for people who are.
        let goes_on = *method == Method::POST
            && !answer.pending().is_empty()
            && path.contains("/auth/")
            && !path.ends_with("/reauthenticate");
        if answer.succeeded() || goes_on {
            self.check_body(operation, body, &asked);
        }
    }

    fn path(&self, path: &str) -> Option<&Value> {
        let paths = &self.document["paths"];
        let open = || {
            let (client, rest) = path.strip_prefix("/_allauth/")?.split_once('/')?;
            let client = json!(client);
            let clients = &self.document["components"]["parameters"]["Client"]["schema"]["enum"];
            clients.as_array()?.iter().find(|known| **known == client)?;
            paths.get(format!("/_allauth/{{client}}/{rest}"))
        };
        // What other services send browsers to has its app's id in it.
        let whole = || {
            let fits = |pattern: &str| {
                let (pattern, path): (Vec<&str>, Vec<&str>) =
                    (pattern.split('/').collect(), path.split('/').collect());
                pattern.len() == path.len()
                    && pattern.iter().zip(path).all(|(known, part)| *known == part || known.starts_with('{'))
            };
            let mut known =
                paths.as_object()?.iter().filter(|(pattern, _)| pattern.starts_with("/accounts/"));
            known.find(|(pattern, _)| fits(pattern)).map(|(_, described)| described)
        };
        paths.get(path).or_else(open).or_else(whole)
    }

    #[track_caller]
    fn check_answer(&self, operation: &Value, answer: &Answer, asked: &str) {
        let mut response = &operation["responses"][answer.status.to_string()];
        if let Some(reference) = response["$ref"].as_str() {
            response = self.document.pointer(reference.trim_start_matches('#')).unwrap();
        }
        assert!(response.is_object(), "no such status is described: {asked}");
        if answer.text.is_empty() {
            // What is no JSON object is told by the status alone, under the media type of what else is wrong.
            let is_malformed = answer.status == 400 && response["content"].get(media(answer)).is_some();
            assert!(is_malformed || response.get("content").is_none(), "a body is described: {asked}");
            return;
        }
        let media = media(answer);
        let content = &response["content"][media];
        assert!(content.is_object(), "no {media} is described: {asked}");
        if media == "application/json" {
            self.validate(&content["schema"], &answer.body, asked);
        }
    }

    #[track_caller]
    fn check_body(&self, operation: &Value, body: &[u8], asked: &str) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Ok(mut body) = serde_json::from_slice::<Value>(body) else { return };
        if let Value::Object(members) = &mut body {
            // Ignored wherever it comes, as the contract has it.
            members.remove("remember");
            self.honeypot.as_ref().map(|name| members.remove(name));
        }
        if schema.is_object() {
            self.validate(schema, &body, &format!("{body} to {asked}"));
        }
    }

    #[track_caller]
    fn validate(&self, schema: &Value, value: &Value, asked: &str) {
        let validator = self.validator(schema);
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "not as described: {errors:#?}\n{asked}");
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": self.document["components"]});
            Arc::new(jsonschema::draft202012::new(&whole).unwrap())
        });
        Arc::clone(validator)
    }
}

/// Where the schemas are that others consist of: those have members of their own besides.
fn bases(document: &Value) -> Vec<String> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let consisting = schemas.iter().filter_map(|(name, schema)| Some((name, schema["allOf"].as_array()?)));
    let parts = consisting.flat_map(|(name, parts)| {
        parts.iter().enumerate().map(move |(at, part)| match part["$ref"].as_str() {
            Some(path) => path.trim_start_matches('#').to_owned(),
            None => format!("/components/schemas/{name}/allOf/{at}"),
        })
    });
    parts.collect()
}

fn open(schema: &mut Value) {
    schema.as_object_mut().unwrap().remove("additionalProperties");
}

fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.contains_key("properties") && members.get("type").is_some_and(|kind| kind == "object")
            {
                members.insert("additionalProperties".into(), false.into());
            }
            if members.contains_key("allOf") {
                members.insert("unevaluatedProperties".into(), false.into());
            }
        }
        _ => {}
    }
}

fn media(answer: &Answer) -> &str {
    let media = answer.header(header::CONTENT_TYPE.as_str());
    media.first().and_then(|media| media.split(';').next()).unwrap_or_default()
}

fn is_page(answer: &Answer) -> bool {
    answer.header(header::CONTENT_TYPE.as_str()).first().is_some_and(|media| media.starts_with("text/html"))
}
