//! A site's own fields (`ACCOUNT_PROFILE_FIELDS`), as clients read of them: in `config`, and in the description.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use vestibule::settings::{
    ProfileField, ProfileFieldType, ProfileFields, ProfilePart, ProfileReader, ProfileWriter,
};

/// A field of the site's own, of which a client can draw a form.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProfileField")]
pub(crate) struct ProfileFieldJson<'a> {
    /// The name.
    name: &'a str,
    /// The type: `text`, `boolean`, `integer`, `date`, `choice` or `consent`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether it requires a value.
    required: bool,
    /// Who may write it.
    write: Writer,
    /// Whether users may read it.
    read: Reader,
    /// Whether `true` is the only accepted value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    must_be: bool,
    /// The minimum: characters of a text, or the value of an integer or date.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Scalar>,
    /// The maximum: characters of a text, or the value of an integer or date.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Scalar>,
    /// The regular expression that the whole text matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a str>,
    /// The accepted values of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<&'a [String]>,
    /// The version of the text that a consent is given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// The value of accounts without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Scalar>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// Who may write a field.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Writer {
    /// Users, at sign-up only.
    Signup,
    /// Users, at sign-up and later.
    User,
    /// Operators.
    Operator,
}

/// Who may read a field.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reader {
    /// Users.
    User,
    /// Operators.
    Operator,
}

/// A single value.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Scalar {
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Number(i64),
    /// Text, or a date in ISO 8601 form.
    Text(String),
}

/// The fields that users may read or write.
pub(crate) fn listed(fields: &ProfileFields) -> Vec<ProfileFieldJson<'_>> {
    fields.of(ProfilePart::Listed).map(ProfileFieldJson::from).collect()
}

impl<'a> From<&'a ProfileField> for ProfileFieldJson<'a> {
    fn from(field: &'a ProfileField) -> Self {
        let mut described = Self {
            name: &field.name,
            kind: field.kind.name(),
            required: field.required,
            write: match field.write {
                ProfileWriter::Signup => Writer::Signup,
                ProfileWriter::User => Writer::User,
                ProfileWriter::Operator => Writer::Operator,
            },
            read: match field.read {
                ProfileReader::User => Reader::User,
                ProfileReader::Operator => Reader::Operator,
            },
            must_be: false,
            min: None,
            max: None,
            pattern: None,
            choices: None,
            version: None,
            default: field.default.as_ref().filter(|_| field.is_in(ProfilePart::Shown)).and_then(scalar),
            help: field.help.as_deref(),
        };
        match &field.kind {
            ProfileFieldType::Text { min, max, pattern } => {
                (described.min, described.max) = (Some(Scalar::Number(*min)), Some(Scalar::Number(*max)));
                described.pattern = pattern.as_ref().map(|(pattern, _)| pattern.as_str());
            }
            ProfileFieldType::Boolean { must_be } => described.must_be = *must_be,
            ProfileFieldType::Integer { min, max } => {
                (described.min, described.max) = (Some(Scalar::Number(*min)), Some(Scalar::Number(*max)));
            }
            ProfileFieldType::Date { min, max } => {
                (described.min, described.max) =
                    (min.clone().map(Scalar::Text), max.clone().map(Scalar::Text));
            }
            ProfileFieldType::Choice(choices) => described.choices = Some(choices),
            ProfileFieldType::Consent(version) => described.version = Some(version),
        }
        described
    }
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Bool(value) => Some(Scalar::Boolean(*value)),
        Value::Number(number) => number.as_i64().map(Scalar::Number),
        Value::String(text) => Some(Scalar::Text(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Adds the fields of a part to the schema of an object.
pub(crate) fn describe(schema: &mut Map<String, Value>, fields: &ProfileFields, part: ProfilePart) {
    let mut required = Vec::new();
    let mut properties = Map::new();
    for field in fields.of(part) {
        // What a provider may have told need not be sent.
        let is_told = part == ProfilePart::ProviderSignup && field.from_provider;
        if [ProfilePart::Signup, ProfilePart::ProviderSignup].contains(&part) && field.required && !is_told {
            required.push(json!(field.name));
        }
        let mut property = if part == ProfilePart::Shown { shown(field) } else { accepted(field) };
        if let (Some(help), Some(property)) = (&field.help, property.as_object_mut()) {
            property.insert("description".to_owned(), json!(help));
        }
        properties.insert(field.name.clone(), property);
    }
    if let Value::Object(known) = schema.entry("properties").or_insert_with(|| json!({})) {
        known.extend(properties);
    }
    if let Value::Array(known) = schema.entry("required").or_insert_with(|| json!([])) {
        known.extend(required);
    }
}

/// What requests may send.
fn accepted(field: &ProfileField) -> Value {
    let kind = |name: &str| if field.required { json!(name) } else { json!([name, "null"]) };
    match &field.kind {
        ProfileFieldType::Text { min, max, pattern } => {
            let mut schema = json!({"type": kind("string"), "maxLength": max});
            if let (true, Some(limits)) = (field.required, schema.as_object_mut()) {
                limits.insert("minLength".to_owned(), json!(min.max(&1)));
                let whole = pattern.as_ref().map(|(pattern, _)| json!(format!("^(?:{pattern})$")));
                limits.extend(whole.map(|pattern| ("pattern".to_owned(), pattern)));
            }
            schema
        }
        ProfileFieldType::Boolean { must_be: true } => json!({"type": "boolean", "const": true}),
        ProfileFieldType::Consent(_) if field.required => json!({"type": "boolean", "const": true}),
        ProfileFieldType::Boolean { .. } | ProfileFieldType::Consent(_) => json!({"type": kind("boolean")}),
        ProfileFieldType::Integer { min, max } => {
            json!({"type": kind("integer"), "format": "int64", "minimum": min, "maximum": max})
        }
        ProfileFieldType::Date { .. } => json!({"type": kind("string"), "format": "date"}),
        ProfileFieldType::Choice(choices) => {
            json!({"type": kind("string"), "enum": enumerated(field, choices)})
        }
    }
}

/// What responses contain.
fn shown(field: &ProfileField) -> Value {
    match &field.kind {
        ProfileFieldType::Text { max, .. } => json!({"type": ["string", "null"], "maxLength": max}),
        ProfileFieldType::Boolean { .. } => json!({"type": "boolean"}),
        ProfileFieldType::Integer { .. } => json!({"type": ["integer", "null"], "format": "int64"}),
        ProfileFieldType::Date { .. } => json!({"type": ["string", "null"], "format": "date"}),
        // A choice that is no longer offered stays where it was made.
        ProfileFieldType::Choice(_) => json!({"type": ["string", "null"]}),
        ProfileFieldType::Consent(_) => json!({
            "type": ["object", "null"],
            "properties": {
                "version": {"type": "string", "description": "The version of the text."},
                "at": {"type": "number", "description": "The time of consent, as a Unix timestamp."},
            },
            "required": ["version", "at"],
        }),
    }
}

fn enumerated(field: &ProfileField, choices: &[String]) -> Value {
    let none = (!field.required).then_some(Value::Null);
    choices.iter().map(|choice| json!(choice)).chain(none).collect()
}
