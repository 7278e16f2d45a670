//! A site's own fields (`ACCOUNT_PROFILE_FIELDS`) in the description of the API.

use serde_json::{Map, Value, json};
use vestibule::settings::{ProfileField, ProfileFieldType, ProfileFields, ProfilePart};

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
