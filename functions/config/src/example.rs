//! Examples of what a schema describes.

use serde_json::{Map, Value, json};

/// Schemas that refer to themselves end here.
const DEPTH: usize = 8;

/// A value that a schema allows, with every property. The name of a property says what a text may look like.
pub(crate) fn example(document: &Value, schema: &Value) -> Value {
    of(document, schema, "", DEPTH)
}

fn of(document: &Value, schema: &Value, name: &str, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    let referred = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    if let Some(referred) = referred.and_then(|path| document.pointer(path)) {
        return of(document, referred, name, depth);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    let first =
        |member: &str| schema.get(member).and_then(Value::as_array).and_then(|choices| choices.first());
    if let Some(value) = first("enum") {
        return value.clone();
    }
    if let Some(choice) = first("anyOf").or_else(|| first("oneOf")) {
        return of(document, choice, name, depth);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().filter_map(|part| of(document, part, name, depth).as_object().cloned());
        return Value::Object(parts.flatten().collect());
    }
    match kind(schema) {
        "array" => json!([of(document, schema.get("items").unwrap_or(&Value::Null), name, depth)]),
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            let made = properties.map(|(name, property)| (name.clone(), of(document, property, name, depth)));
            Value::Object(made.collect::<Map<_, _>>())
        }
        "boolean" => json!(true),
        "integer" | "number" => json!(if name.ends_with("at") { 1_764_374_400 } else { 1 }),
        "string" => text(schema, name).into(),
        _ => Value::Null,
    }
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    }
}

fn text(schema: &Value, name: &str) -> &'static str {
    let is_email = schema.get("format").and_then(Value::as_str) == Some("email");
    match name {
        _ if is_email || name.starts_with("email") => "ann@example.com",
        "phone" => "+31612345678",
        "username" | "display" => "ann",
        "code" => "ABCD-EFGH",
        _ if name.contains("password") => "correct-horse-battery",
        "ip" => "192.0.2.1",
        _ => "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_every_property() {
        let document = json!({"components": {"schemas": {
            "Email": {"type": "string", "format": "email"},
            "Base": {"type": "object", "properties": {"email": {"$ref": "#/components/schemas/Email"}}},
            "Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
        }}});
        let schema = json!({"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "properties": {
                "password": {"type": "string"},
                "trust": {"type": ["null", "boolean"]},
                "created_at": {"type": "integer"},
                "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
            }},
        ]});
        let expected = json!({
            "email": "ann@example.com", "password": "correct-horse-battery", "trust": true,
            "created_at": 1_764_374_400, "kinds": ["a"],
        });
        assert_eq!(example(&document, &schema), expected);
        assert!(example(&document, &json!({"$ref": "#/components/schemas/Loop"})).is_array());
    }
}
