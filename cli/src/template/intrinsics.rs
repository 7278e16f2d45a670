//! `CloudFormation`'s intrinsic functions, as far as routes and CORS can use them.
//!
//! What only a deployment knows (`!GetAtt`, `!ImportValue`, another resource's name) stays as a
//! placeholder in `${}`: nothing that the local stack reads depends on it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::TemplateError;
use super::value::{at, entries};

/// Conditions may refer to each other, but not without end.
const MAX_DEPTH: usize = 64;

/// The values that functions refer to.
pub struct Scope<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: &'a Value,
    mappings: &'a Value,
}

impl<'a> Scope<'a> {
    /// Parameters with their defaults, or what they are overridden with.
    pub fn new(document: &'a Value, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let declared = at(document, "Parameters");
        for (name, value) in overrides {
            check_override(declared, name, value)?;
        }
        let mut parameters = pseudo_parameters();
        for (name, parameter) in entries(declared) {
            let text = match overrides.get(name) {
                Some(value) => value.clone(),
                None => as_text(at(parameter, "Default")),
            };
            let list = at(parameter, "Type")
                .as_str()
                .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
            let value = if list {
                text.split(',').map(|item| Value::from(item.trim())).collect()
            } else {
                text.into()
            };
            parameters.insert(name.clone(), value);
        }
        Ok(Self { parameters, conditions: at(document, "Conditions"), mappings: at(document, "Mappings") })
    }

    /// Whether a resource is made at all: its `Condition` holds, if it has one.
    pub fn exists(&self, resource: &Value) -> Result<bool, TemplateError> {
        match at(resource, "Condition").as_str() {
            Some(name) => self.condition(name, 0),
            None => Ok(true),
        }
    }

    /// The value with every function in it replaced by its result.
    pub fn resolve(&self, value: &Value) -> Result<Value, TemplateError> {
        self.value(value, 0)
    }

    fn value(&self, value: &Value, depth: usize) -> Result<Value, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(wrong("conditions refer to each other without end"));
        }
        let depth = depth + 1;
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, depth))
                .filter(|item| !matches!(item, Ok(Value::Null)))
                .collect(),
            Value::Object(object) => match sole_entry(object) {
                Some((name, argument)) if is_function(name) => self.call(name, argument, depth),
                _ => object
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.value(value, depth)?)))
                    .filter(|entry| !matches!(entry, Ok((_, Value::Null))))
                    .collect::<Result<Map<_, _>, _>>()
                    .map(Value::Object),
            },
            plain => Ok(plain.clone()),
        }
    }

    fn call(&self, name: &str, argument: &Value, depth: usize) -> Result<Value, TemplateError> {
        if name == "Fn::If" {
            // Only the chosen branch counts: the other may not make sense at all.
            let Some([Value::String(condition), yes, no]) = argument.as_array().map(Vec::as_slice) else {
                return Err(wrong("!If takes the name of a condition and two values"));
            };
            let chosen = if self.condition(condition, depth)? { yes } else { no };
            return self.value(chosen, depth);
        }
        if name == "Fn::Sub" {
            return self.substitute(argument, depth);
        }
        let argument = self.value(argument, depth)?;
        let arguments = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let truth = |value: &Value| matches!(value, Value::Bool(true)) || value == "true";
        match (name, arguments) {
            ("Ref", _) => Ok(self.reference(&as_text(&argument))),
            ("Condition", _) => self.condition(&as_text(&argument), depth).map(Value::Bool),
            ("Fn::Split", [delimiter, text]) => {
                let text = as_text(text);
                Ok(text.split(&as_text(delimiter)).map(Value::from).collect())
            }
            ("Fn::Join", [delimiter, Value::Array(items)]) => {
                let items: Vec<_> = items.iter().map(as_text).collect();
                Ok(items.join(&as_text(delimiter)).into())
            }
            ("Fn::Select", [index, Value::Array(items)]) => as_text(index)
                .parse()
                .ok()
                .and_then(|index: usize| items.get(index).cloned())
                .ok_or_else(|| wrong("!Select takes an index within its list")),
            ("Fn::FindInMap", [map, first, second]) => self
                .mappings
                .get(as_text(map))
                .and_then(|map| map.get(as_text(first)))
                .and_then(|map| map.get(as_text(second)))
                .cloned()
                .ok_or_else(|| wrong("!FindInMap names an entry of Mappings")),
            ("Fn::Equals", [left, right]) => Ok((as_text(left) == as_text(right)).into()),
            ("Fn::Not", [value]) => Ok((!truth(value)).into()),
            ("Fn::And", values) if !values.is_empty() => Ok(values.iter().all(truth).into()),
            ("Fn::Or", values) if !values.is_empty() => Ok(values.iter().any(truth).into()),
            (
                "Fn::Split" | "Fn::Join" | "Fn::Select" | "Fn::FindInMap" | "Fn::Equals" | "Fn::Not"
                | "Fn::And" | "Fn::Or",
                _,
            ) => Err(wrong(&format!("{name} does not take {argument}"))),
            _ => Ok(placeholder(&as_text(&argument))),
        }
    }

    fn condition(&self, name: &str, depth: usize) -> Result<bool, TemplateError> {
        let Some(condition) = self.conditions.get(name) else {
            return Err(wrong(&format!("there is no condition {name}")));
        };
        self.value(condition, depth).map(|value| value == true)
    }

    fn reference(&self, name: &str) -> Value {
        self.parameters.get(name).cloned().unwrap_or_else(|| placeholder(name))
    }

    fn substitute(&self, argument: &Value, depth: usize) -> Result<Value, TemplateError> {
        let (text, own) = match argument {
            Value::String(text) => (text, Value::Null),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text), own] => (text, self.value(own, depth)?),
                _ => return Err(wrong("!Sub takes a text, or a text and its values")),
            },
            _ => return Err(wrong("!Sub takes a text, or a text and its values")),
        };
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(wrong(&format!("!Sub lacks a closing brace: {text}")));
            };
            let value = match name.strip_prefix('!') {
                Some(literal) => placeholder(literal),
                None => own.get(name).cloned().unwrap_or_else(|| self.reference(name)),
            };
            result.push_str(&as_text(&value));
            rest = after;
        }
        result.push_str(rest);
        Ok(result.into())
    }
}

fn check_override(declared: &Value, name: &str, value: &str) -> Result<(), TemplateError> {
    let list = |texts: Vec<String>| texts.join(", ");
    let Some(parameter) = declared.get(name) else {
        let known = list(entries(declared).map(|(name, _)| name.clone()).collect());
        return Err(TemplateError::UnknownParameter { name: name.to_owned(), known });
    };
    let Some(allowed) = at(parameter, "AllowedValues").as_array() else { return Ok(()) };
    let allowed: Vec<_> = allowed.iter().map(as_text).collect();
    if allowed.iter().any(|allowed| allowed == value) {
        return Ok(());
    }
    Err(TemplateError::NotAllowed { name: name.to_owned(), value: value.to_owned(), allowed: list(allowed) })
}

fn pseudo_parameters() -> BTreeMap<String, Value> {
    [
        ("AWS::AccountId", crate::ACCOUNT),
        ("AWS::Partition", "aws"),
        ("AWS::Region", crate::REGION),
        ("AWS::StackName", "vestibule"),
        ("AWS::URLSuffix", "amazonaws.com"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.into()))
    .chain([("AWS::NoValue".to_owned(), Value::Null)])
    .collect()
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name == "Condition" || name.starts_with("Fn::")
}

fn sole_entry(object: &Map<String, Value>) -> Option<(&String, &Value)> {
    let mut entries = object.iter();
    entries.next().filter(|_| entries.next().is_none())
}

fn placeholder(name: &str) -> Value {
    format!("${{{name}}}").into()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn wrong(reason: &str) -> TemplateError {
    TemplateError::Intrinsic(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn resolved(value: &str) -> String {
        let document = yaml::parse(&format!(
            "
Parameters:
  Origins: {{Type: String, Default: 'a,b'}}
  Stage: {{Type: String, Default: dev}}
  Domain: {{Type: String, Default: ''}}
Mappings:
  Sizes: {{dev: {{memory: 128}}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  HasDomain: !Not [!Equals [!Ref Domain, '']]
  Both: !And [!Condition IsDev, !Condition HasDomain]
  Either: !Or [!Condition IsDev, !Condition HasDomain]
  Loop: !Not [!Condition Loop]
Value: {value}"
        ))
        .unwrap();
        let overrides = BTreeMap::new();
        let scope = Scope::new(&document, &overrides).unwrap();
        match scope.resolve(&document["Value"]) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn functions_give_what_cloudformation_gives() {
        for (value, expected) in [
            ("!Ref Origins", r#""a,b""#),
            ("!Split [',', !Ref Origins]", r#"["a","b"]"#),
            ("!Join ['-', !Split [',', !Ref Origins]]", r#""a-b""#),
            ("!Select [1, !Split [',', !Ref Origins]]", r#""b""#),
            ("!Sub '${Stage}.${!Raw}.${Table.Arn}'", r#""dev.${Raw}.${Table.Arn}""#),
            ("!Sub ['${x}/${Stage}', {x: !Ref Origins}]", r#""a,b/dev""#),
            ("!FindInMap [Sizes, !Ref Stage, memory]", "128"),
            ("!If [IsDev, 1, 2]", "1"),
            ("!If [Both, 1, 2]", "2"),
            ("!If [Either, 1, 2]", "1"),
            ("[!If [HasDomain, a, !Ref AWS::NoValue], b]", r#"["b"]"#),
            ("{a: !If [HasDomain, x, !Ref 'AWS::NoValue'], b: !GetAtt A.B}", r#"{"b":"${A.B}"}"#),
            ("{Fn::Sub: '${AWS::StackName}'}", r#""vestibule""#),
        ] {
            assert_eq!(resolved(value), expected, "{value}");
        }
    }

    #[test]
    fn misuse_is_an_error() {
        for (value, expected) in [
            ("!Select [2, [a, b]]", "template.yaml: !Select takes an index within its list"),
            ("!If [Missing, 1, 2]", "template.yaml: there is no condition Missing"),
            ("!If [Loop, 1, 2]", "template.yaml: conditions refer to each other without end"),
            ("!Split [x]", r#"template.yaml: Fn::Split does not take ["x"]"#),
            ("!Sub '${open'", "template.yaml: !Sub lacks a closing brace: ${open"),
        ] {
            assert_eq!(resolved(value), expected, "{value}");
        }
    }
}
