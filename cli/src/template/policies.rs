//! What the template's functions may do: the statements under their `Policies`.

use serde_json::Value;

use super::error::TemplateError;
use super::intrinsics::Scope;
use super::value::at;

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
    /// Patterns of `dynamodb:LeadingKeys`; none where any key will do.
    pub leading_keys: Option<Vec<String>>,
}

impl Statement {
    /// Whether it allows an action on a resource; keys are another question.
    pub fn covers(&self, action: &str, resource: &str) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action))
            && self.resources.iter().any(|pattern| matches(pattern, resource))
    }

    /// Whether it allows an item with this partition key.
    pub fn covers_key(&self, key: &str) -> bool {
        self.leading_keys.as_ref().is_none_or(|keys| keys.iter().any(|pattern| matches(pattern, key)))
    }
}

/// IAM's patterns: `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.filter_map(|at| text.get(at..)).any(|end| matches(rest, end))
}

/// Reads the statements of a function.
pub fn statements(name: &str, properties: &Value, scope: &Scope) -> Result<Vec<Statement>, TemplateError> {
    let policies = scope.resolve(at(properties, "Policies"))?;
    let policies = policies.as_array().map(Vec::as_slice).unwrap_or_default();
    let statements = policies.iter().flat_map(|policy| list(at(policy, "Statement")));
    statements.map(|statement| read(name, statement)).collect()
}

fn read(name: &str, statement: &Value) -> Result<Statement, TemplateError> {
    let wrong =
        |reason: &str| TemplateError::Form { place: format!("{name}.Policies"), reason: reason.to_owned() };
    if at(statement, "Effect") != "Allow" {
        return Err(wrong("only statements that allow something are understood"));
    }
    let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
    if statement.as_object().into_iter().flatten().any(|(key, _)| !known.contains(&key.as_str())) {
        return Err(wrong("a statement has Sid, Effect, Action, Resource and Condition"));
    }
    let keys = at(at(at(statement, "Condition"), "ForAllValues:StringLike"), "dynamodb:LeadingKeys");
    Ok(Statement {
        actions: texts(at(statement, "Action")),
        resources: texts(at(statement, "Resource")),
        leading_keys: (!keys.is_null()).then(|| texts(keys)),
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
    use super::*;

    #[test]
    fn an_asterisk_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("USER#*", "USER#1", true),
            ("USER#*", "USER#", true),
            ("USER#*", "SESSION#1", false),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("dynamodb:Query", "dynamodb:Query", true),
            ("dynamodb:Query", "dynamodb:QueryAll", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
