//! A site's own fields (`ACCOUNT_PROFILE_FIELDS`), as forms are drawn of them: by clients, and by operators.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::settings::{
    ProfileField, ProfileFieldType, ProfileFields, ProfilePart, ProfileReader, ProfileWriter,
};

/// A field of the site's own, of which a client can draw a form.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ProfileField")]
pub struct ProfileFieldJson {
    /// The name.
    name: String,
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
    pattern: Option<String>,
    /// The accepted values of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    /// The version of the text that a consent is given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The value of accounts without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Scalar>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// Who may write a field.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reader {
    /// Users.
    User,
    /// Operators.
    Operator,
}

/// A single value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
pub fn listed(fields: &ProfileFields) -> Vec<ProfileFieldJson> {
    fields.of(ProfilePart::Listed).map(ProfileFieldJson::from).collect()
}

impl From<&ProfileField> for ProfileFieldJson {
    fn from(field: &ProfileField) -> Self {
        let mut described = Self {
            name: field.name.clone(),
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
            help: field.help.clone(),
        };
        match &field.kind {
            ProfileFieldType::Text { min, max, pattern } => {
                (described.min, described.max) = (Some(Scalar::Number(*min)), Some(Scalar::Number(*max)));
                described.pattern = pattern.as_ref().map(|(pattern, _)| pattern.clone());
            }
            ProfileFieldType::Boolean { must_be } => described.must_be = *must_be,
            ProfileFieldType::Integer { min, max } => {
                (described.min, described.max) = (Some(Scalar::Number(*min)), Some(Scalar::Number(*max)));
            }
            ProfileFieldType::Date { min, max } => {
                (described.min, described.max) =
                    (min.clone().map(Scalar::Text), max.clone().map(Scalar::Text));
            }
            ProfileFieldType::Choice(choices) => described.choices = Some(choices.clone()),
            ProfileFieldType::Consent(version) => described.version = Some(version.clone()),
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
