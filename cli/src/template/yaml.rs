//! `CloudFormation`'s YAML as JSON: `!Ref X` becomes `{"Ref": "X"}`, and `!Sub …` becomes
//! `{"Fn::Sub": …}`, so that the short and the long form of a function are one.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Tagged;

/// Reads a whole document.
pub fn parse(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str::<Tagged<Node>>(text).map(long_form)
}

fn long_form(Tagged(Node(value), tag): Tagged<Node>) -> Value {
    let Some(name) = tag.as_deref().and_then(|tag| tag.strip_prefix('!')) else { return value };
    let name = match name {
        "Ref" | "Condition" => name.to_owned(),
        _ => format!("Fn::{name}"),
    };
    Value::Object(Map::from_iter([(name, value)]))
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        while let Some(item) = items.next_element::<Tagged<Node>>()? {
            values.push(long_form(item));
        }
        Ok(Node(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut values = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Tagged<Node>>()? {
            values.insert(key, long_form(value));
        }
        Ok(Node(values.into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_functions_become_long_ones() {
        let text = "
Plain: text
Version: '2010-09-09'
Number: 4
Flag: true
Nothing: null
Origins: !Split [',', !Ref AllowedOrigins]
Name: !Sub '${AWS::StackName}-table'
Condition: !Equals
  - !Ref Stage
  - prod
Arn: !GetAtt Table.Arn
Chosen: !If [IsProd, 1, !Ref AWS::NoValue]
Map: !Sub
  - '${a}'
  - {a: !Condition IsProd}
";
        assert_eq!(
            parse(text).unwrap(),
            json!({
                "Plain": "text",
                "Version": "2010-09-09",
                "Number": 4,
                "Flag": true,
                "Nothing": null,
                "Origins": {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]},
                "Name": {"Fn::Sub": "${AWS::StackName}-table"},
                "Condition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
                "Arn": {"Fn::GetAtt": "Table.Arn"},
                "Chosen": {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]},
                "Map": {"Fn::Sub": ["${a}", {"a": {"Condition": "IsProd"}}]},
            })
        );
    }

    #[test]
    fn bad_yaml_says_where() {
        let error = parse("a: [1\nb: 2").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
