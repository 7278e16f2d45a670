//! What the template's functions may do: the statements under their `Policies`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::TemplateError;
use super::intrinsics::Scope;
use super::value::{at, entries};

/// A function of the template, and what its role allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its logical id.
    pub name: String,
    /// The name of its program: the last part of its `CodeUri`.
    pub program: String,
    /// The folder of its package.
    pub code: String,
    /// What its role allows.
    pub statements: Vec<Statement>,
}

/// A statement of an IAM policy that allows something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Such as `dynamodb:Query`.
    pub actions: Vec<String>,
    /// ARNs, or placeholders such as `${Table.Arn}`; `*` stands for any text.
    pub resources: Vec<String>,
    /// All of them must hold.
    pub conditions: Vec<PolicyCondition>,
}

/// The condition keys of a request, such as `dynamodb:LeadingKeys`, and their values.
pub type RequestContext = BTreeMap<&'static str, Vec<String>>;

/// A condition of a statement: an operator, and the values that it compares a condition key with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCondition {
    /// How they are compared.
    pub operator: Operator,
    /// Such as `dynamodb:LeadingKeys`.
    pub key: String,
    /// Any one of them will do.
    pub values: Vec<String>,
}

/// The condition operators that the templates use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The key has a value, and it is one of these.
    StringEquals,
    /// The key has a value, and one of these patterns matches it.
    StringLike,
    /// The key has a value, `true` or `false`, and it is this.
    Bool,
    /// Each value of the key is matched by one of these patterns; a key without values is.
    ForAllValuesStringLike,
}

impl Statement {
    /// Whether it allows an action on a resource; conditions are another question.
    pub fn covers(&self, action: &str, resource: &str) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action))
            && self.resources.iter().any(|pattern| matches(pattern, resource))
    }

    /// Whether its conditions hold.
    pub fn applies(&self, context: &RequestContext) -> bool {
        self.conditions.iter().all(|condition| condition.holds(context))
    }
}

impl PolicyCondition {
    fn holds(&self, context: &RequestContext) -> bool {
        let values = context.get(self.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        let equals = |value: &String| self.values.contains(value);
        let is_like = |value: &String| self.values.iter().any(|pattern| matches(pattern, value));
        match self.operator {
            Operator::StringEquals | Operator::Bool => !values.is_empty() && values.iter().all(equals),
            Operator::StringLike => !values.is_empty() && values.iter().all(is_like),
            Operator::ForAllValuesStringLike => values.iter().all(is_like),
        }
    }
}

/// The patterns of IAM and CloudFront: `*` stands for any text, `?` for any one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    let mut text_rest = text.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.filter_map(|at| text.get(at..)).any(|end| matches(rest.as_str(), end))
        }
        Some(expected) => text_rest.next().is_some_and(|found| {
            (expected == '?' || expected == found) && matches(rest.as_str(), text_rest.as_str())
        }),
    }
}

/// Reads the statements of a function.
pub fn statements(name: &str, properties: &Value, scope: &Scope) -> Result<Vec<Statement>, TemplateError> {
    let policies = scope.resolve(at(properties, "Policies"))?;
    let policies = policies.as_array().map(Vec::as_slice).unwrap_or_default();
    let statements = policies.iter().flat_map(|policy| list(at(policy, "Statement")));
    statements
        .map(|statement| {
            read(statement).map_err(|reason| TemplateError::Form {
                place: format!("{name}.Policies"),
                reason: reason.to_owned(),
            })
        })
        .collect()
}

fn read(statement: &Value) -> Result<Statement, &'static str> {
    if at(statement, "Effect") != "Allow" {
        return Err("only statements that allow something are understood");
    }
    let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
    if entries(statement).any(|(key, _)| !known.contains(&key.as_str())) {
        return Err("a statement has Sid, Effect, Action, Resource and Condition");
    }
    let mut conditions = Vec::new();
    for (operator, keys) in entries(at(statement, "Condition")) {
        let operator = match operator.as_str() {
            "StringEquals" => Operator::StringEquals,
            "StringLike" => Operator::StringLike,
            "Bool" => Operator::Bool,
            "ForAllValues:StringLike" => Operator::ForAllValuesStringLike,
            _ => return Err("a condition is StringEquals, StringLike, Bool or ForAllValues:StringLike"),
        };
        let of_key = |(key, values): (&String, &Value)| PolicyCondition {
            operator,
            key: key.clone(),
            values: texts(values),
        };
        conditions.extend(entries(keys).map(of_key));
    }
    Ok(Statement {
        actions: texts(at(statement, "Action")),
        resources: texts(at(statement, "Resource")),
        conditions,
    })
}

/// IAM takes one where there can be several.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_and_for_one_character() {
        for (pattern, text, expected) in [
            ("USER#*", "USER#1", true),
            ("USER#*", "USER#", true),
            ("USER#*", "SESSION#1", false),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("a?c", "aüc", true),
            ("a?c", "ac", false),
            ("dynamodb:Query", "dynamodb:Query", true),
            ("dynamodb:Query", "dynamodb:QueryAll", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    fn applies(condition: &Value, key: &'static str, values: &[&str]) -> bool {
        let statement = json!({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": condition});
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        read(&statement).unwrap().applies(&RequestContext::from([(key, values)]))
    }

    #[test]
    fn conditions_hold_as_iam_says() {
        const KEYS: &str = "dynamodb:LeadingKeys";
        let all = json!({"ForAllValues:StringLike": {KEYS: ["USER#*", "RATE#*"]}});
        assert!(applies(&all, KEYS, &["USER#1", "RATE#2"]));
        assert!(applies(&all, KEYS, &[]));
        assert!(!applies(&all, KEYS, &["USER#1", "EMAIL#2"]));
        let equals = json!({"StringEquals": {"ses:FromAddress": "a@example.com"}});
        assert!(applies(&equals, "ses:FromAddress", &["a@example.com"]));
        assert!(!applies(&equals, "ses:FromAddress", &["b@example.com"]));
        assert!(!applies(&equals, "ses:FromAddress", &[]));
        assert!(!applies(&equals, "aws:Other", &["a@example.com"]));
        let like = json!({"StringLike": {"aws:x": "a*"}, "StringEquals": {"aws:x": "ab"}});
        assert!(applies(&like, "aws:x", &["ab"]) && !applies(&like, "aws:x", &["ac"]));
        assert!(!applies(&json!({"StringLike": {"aws:x": "*"}}), "aws:x", &[]));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for (statement, error) in [
            (json!({"Effect": "Deny"}), "only statements that allow something"),
            (json!({"Effect": "Allow", "NotAction": "a:b"}), "a statement has"),
            (json!({"Effect": "Allow", "Condition": {"Null": {"a:b": "true"}}}), "a condition is"),
        ] {
            assert!(read(&statement).unwrap_err().starts_with(error), "{statement}");
        }
    }
}
