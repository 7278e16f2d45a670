//! What a request to an AWS service needs permission for.

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::template::{RequestContext, at, entries};
use crate::{ACCOUNT, REGION};

/// The partition key of the table.
const PARTITION_KEY: &str = "pk";
/// The condition key of IAM for the partition keys of a request's items.
pub const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
/// What stands for a value that a request does not tell: no pattern of a role matches it but `*`.
const UNKNOWN: &str = "?";

/// An action on a resource, under the condition keys of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Such as `dynamodb:Query`.
    pub action: String,
    /// An ARN.
    pub resource: String,
    /// The condition keys.
    pub context: RequestContext,
}

impl Access {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: RequestContext::new() }
    }

    fn on_items(operation: &str, table: &str, keys: Vec<String>) -> Self {
        Self {
            context: RequestContext::from([(LEADING_KEYS, keys)]),
            ..Self::new(format!("dynamodb:{operation}"), arn("dynamodb", &format!("table/{table}")))
        }
    }
}

/// The ARN of something of the local stack.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// All that a request to a service, by the name that it is signed for, needs permission for.
pub fn accesses(service: &str, head: &Parts, body: &[u8]) -> Vec<Access> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let operation = header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or(UNKNOWN);
    let json = || serde_json::from_slice(body).unwrap_or(Value::Null);
    match service {
        "dynamodb" => dynamodb(operation, &json()),
        "secretsmanager" => {
            vec![Access::new(format!("secretsmanager:{operation}"), text(&json(), "SecretId"))]
        }
        "ses" => ses(head.uri.path(), &json()),
        "sns" => sns(body),
        "lambda" => lambda(&head.method, head.uri.path()),
        "codedeploy" => codedeploy(operation),
        "events" => event_bridge(operation, &json()),
        _ => vec![Access::new(format!("{service}:{operation}"), UNKNOWN)],
    }
}

/// IAM knows no transactions: each item needs the permission of the operation that it would be on its own.
fn dynamodb(operation: &str, body: &Value) -> Vec<Access> {
    let table = text(body, "TableName");
    let of_tables = |keys: fn(&Value) -> Vec<String>| {
        entries(at(body, "RequestItems"))
            .map(|(table, wanted)| Access::on_items(operation, table, keys(wanted)))
            .collect()
    };
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => {
            vec![Access::on_items(operation, &table, vec![key_of(at(body, "Key"))])]
        }
        "PutItem" => vec![Access::on_items(operation, &table, vec![key_of(at(body, "Item"))])],
        "Query" => vec![Access::on_items(operation, &table, vec![queried_key(body)])],
        "BatchGetItem" => of_tables(|wanted| list(wanted, "Keys").iter().map(key_of).collect()),
        "BatchWriteItem" => of_tables(|wanted| {
            let writes = wanted.as_array().into_iter().flatten().flat_map(entries);
            writes.map(|(_, write)| item_key(write)).collect()
        }),
        "TransactGetItems" | "TransactWriteItems" => {
            let items = list(body, "TransactItems").iter().flat_map(entries);
            items.map(|(kind, item)| transacted(kind, item)).collect()
        }
        _ => vec![Access::new(format!("dynamodb:{operation}"), arn("dynamodb", &format!("table/{table}")))],
    }
}

fn transacted(kind: &str, item: &Value) -> Access {
    Access::on_items(&format!("{kind}Item"), &text(item, "TableName"), vec![item_key(item)])
}

/// The partition key of a write, which names the key or the whole item.
fn item_key(write: &Value) -> String {
    let key = at(write, "Key");
    key_of(if key.is_null() { at(write, "Item") } else { key })
}

fn key_of(item: &Value) -> String {
    text(at(item, PARTITION_KEY), "S")
}

/// The partition key in `KeyConditionExpression`, which DynamoDB takes with `=` only.
fn queried_key(body: &Value) -> String {
    let expression = text(body, "KeyConditionExpression").replace(" and ", " AND ");
    let (names, values) = (at(body, "ExpressionAttributeNames"), at(body, "ExpressionAttributeValues"));
    let is_key = |name: &str| name == PARTITION_KEY || at(names, name) == PARTITION_KEY;
    expression
        .split(" AND ")
        .filter_map(|comparison| comparison.split_once('='))
        .find(|(name, _)| is_key(name.trim()))
        .map_or_else(|| UNKNOWN.to_owned(), |(_, value)| text(at(values, value.trim()), "S"))
}

/// The sender's domain is the identity here; a configuration set needs permission as well.
fn ses(path: &str, body: &Value) -> Vec<Access> {
    if path != "/v2/email/outbound-emails" {
        return vec![Access::new(format!("ses:{UNKNOWN}"), path)];
    }
    let from = text(body, "FromEmailAddress");
    let from = from.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
    let domain = from.rsplit('@').next().unwrap_or_default();
    let set = at(body, "ConfigurationSetName").as_str().map(|set| format!("configuration-set/{set}"));
    let send = |resource: String| Access {
        context: RequestContext::from([("ses:FromAddress", vec![from.to_owned()])]),
        ..Access::new("ses:SendEmail", arn("ses", &resource))
    };
    [format!("identity/{domain}")].into_iter().chain(set).map(send).collect()
}

fn sns(body: &[u8]) -> Vec<Access> {
    let field = |wanted: &str| {
        let mut fields = url::form_urlencoded::parse(body);
        fields.find(|(name, _)| name == wanted).map_or_else(|| UNKNOWN.to_owned(), |(_, value)| value.into())
    };
    vec![Access::new(format!("sns:{}", field("Action")), field("TopicArn"))]
}

fn lambda(method: &Method, path: &str) -> Vec<Access> {
    let parts = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.split_once('/'));
    let (function, part) = parts.unwrap_or((path, UNKNOWN));
    let operation = match (method.as_str(), part.split('/').next()) {
        ("POST", Some("invocations")) => "InvokeFunction",
        ("POST", Some("aliases")) => "CreateAlias",
        ("GET", Some("aliases")) => "GetAlias",
        ("PUT", Some("aliases")) => "UpdateAlias",
        _ => UNKNOWN,
    };
    vec![Access::new(format!("lambda:{operation}"), percent_decode_str(function).decode_utf8_lossy())]
}

/// Each entry names its bus, by its name or its ARN.
fn event_bridge(operation: &str, body: &Value) -> Vec<Access> {
    let bus = |entry: &Value| match text(entry, "EventBusName") {
        name if name.starts_with("arn:") => name,
        name => arn("events", &format!("event-bus/{name}")),
    };
    let action = || format!("events:{operation}");
    list(body, "Entries").iter().map(|entry| Access::new(action(), bus(entry))).collect()
}

/// A request names a deployment, and AWS its group, which SAM names after the stack.
fn codedeploy(operation: &str) -> Vec<Access> {
    let group = arn("codedeploy", "deploymentgroup:vestibule-application/vestibule-group");
    vec![Access::new(format!("codedeploy:{operation}"), group)]
}

fn text(value: &Value, name: &str) -> String {
    at(value, name).as_str().unwrap_or(UNKNOWN).to_owned()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    at(value, name).as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::json;

    use super::*;

    /// Each access as `action resource key=value…`, without what all ARNs begin with.
    fn described(service: &str, path: &str, target: &str, body: &str) -> Vec<String> {
        by_method(&Method::POST, service, path, target, body)
    }

    fn by_method(method: &Method, service: &str, path: &str, target: &str, body: &str) -> Vec<String> {
        let request =
            Request::builder().method(method).uri(path).header("x-amz-target", target).body(()).unwrap();
        let accesses = accesses(service, &request.into_parts().0, body.as_bytes());
        let describe = |access: Access| {
            let context: Vec<_> =
                access.context.iter().map(|(key, values)| format!(" {key}={}", values.join(","))).collect();
            let resource = access.resource.replace("arn:aws:dynamodb:local:000000000000:", "");
            format!("{} {resource}{}", access.action, context.concat())
        };
        accesses.into_iter().map(describe).collect()
    }

    fn dynamodb(operation: &str, body: &Value) -> Vec<String> {
        described("dynamodb", "/", &format!("DynamoDB_20120810.{operation}"), &body.to_string())
    }

    fn key(pk: &str) -> Value {
        json!({"pk": {"S": pk}, "sk": {"S": "-"}})
    }

    #[test]
    fn each_item_of_a_transaction_needs_a_permission_of_its_own() {
        let body = json!({"TransactItems": [
            {"Put": {"TableName": "t", "Item": key("USER#1")}},
            {"Update": {"TableName": "t", "Key": key("RATE#2")}},
            {"Delete": {"TableName": "t", "Key": key("EMAIL#3")}},
            {"ConditionCheck": {"TableName": "t", "Key": key("EMAIL#4")}},
        ]});
        assert_eq!(
            dynamodb("TransactWriteItems", &body),
            [
                "dynamodb:PutItem table/t dynamodb:LeadingKeys=USER#1",
                "dynamodb:UpdateItem table/t dynamodb:LeadingKeys=RATE#2",
                "dynamodb:DeleteItem table/t dynamodb:LeadingKeys=EMAIL#3",
                "dynamodb:ConditionCheckItem table/t dynamodb:LeadingKeys=EMAIL#4",
            ]
        );
        let body = json!({"TransactItems": [{"Get": {"TableName": "t", "Key": key("USER#1")}}]});
        assert_eq!(
            dynamodb("TransactGetItems", &body),
            ["dynamodb:GetItem table/t dynamodb:LeadingKeys=USER#1"]
        );
    }

    #[test]
    fn all_keys_of_a_batch_count() {
        let body = json!({"RequestItems": {"t": {"Keys": [key("USER#1"), key("RATE#2")]}}});
        assert_eq!(
            dynamodb("BatchGetItem", &body),
            ["dynamodb:BatchGetItem table/t dynamodb:LeadingKeys=USER#1,RATE#2"]
        );
        let writes = json!([{"PutRequest": {"Item": key("A#1")}}, {"DeleteRequest": {"Key": key("B#2")}}]);
        assert_eq!(
            dynamodb("BatchWriteItem", &json!({"RequestItems": {"t": writes}})),
            ["dynamodb:BatchWriteItem table/t dynamodb:LeadingKeys=A#1,B#2"]
        );
    }

    #[test]
    fn a_query_has_the_partition_key_of_its_condition() {
        for (condition, expected) in [
            ("pk = :pk", "USER#1"),
            ("#key=:pk AND begins_with(sk, :sk)", "USER#1"),
            ("sk = :sk and pk = :pk", "USER#1"),
            ("other = :pk", "?"),
        ] {
            let body = json!({
                "TableName": "t",
                "KeyConditionExpression": condition,
                "ExpressionAttributeNames": {"#key": "pk"},
                "ExpressionAttributeValues": {":pk": {"S": "USER#1"}, ":sk": {"S": "SESSION#"}},
            });
            let expected = format!("dynamodb:Query table/t dynamodb:LeadingKeys={expected}");
            assert_eq!(dynamodb("Query", &body), [expected], "{condition}");
        }
        assert_eq!(dynamodb("Scan", &json!({"TableName": "t"})), ["dynamodb:Scan table/t"]);
        let put = json!({"TableName": "t", "Item": key("USER#1")});
        assert_eq!(dynamodb("PutItem", &put), ["dynamodb:PutItem table/t dynamodb:LeadingKeys=USER#1"]);
    }

    #[test]
    fn other_services_name_what_they_are_asked_for() {
        let secret = json!({"SecretId": "arn:x"}).to_string();
        assert_eq!(
            described("secretsmanager", "/", "secretsmanager.GetSecretValue", &secret),
            ["secretsmanager:GetSecretValue arn:x"]
        );
        let mail =
            json!({"FromEmailAddress": "A <a@example.com>", "ConfigurationSetName": "set"}).to_string();
        let from = "ses:FromAddress=a@example.com";
        assert_eq!(
            described("ses", "/v2/email/outbound-emails", "", &mail),
            [
                format!("ses:SendEmail arn:aws:ses:local:000000000000:identity/example.com {from}"),
                format!("ses:SendEmail arn:aws:ses:local:000000000000:configuration-set/set {from}"),
            ]
        );
        assert_eq!(described("sns", "/", "", "Action=Publish&TopicArn=arn%3Ax"), ["sns:Publish arn:x"]);
        let entries = json!({"Entries": [{"EventBusName": "a"}, {"EventBusName": "arn:b"}]}).to_string();
        assert_eq!(
            described("events", "/", "AWSEvents.PutEvents", &entries),
            ["events:PutEvents arn:aws:events:local:000000000000:event-bus/a", "events:PutEvents arn:b"]
        );
        let path = "/2015-03-31/functions/arn%3Ax/invocations";
        assert_eq!(described("lambda", path, "", "{}"), ["lambda:InvokeFunction arn:x"]);
        let alias = "/2015-03-31/functions/arn%3Ax/aliases/live";
        for (method, path, action) in [
            (Method::GET, alias, "lambda:GetAlias arn:x"),
            (Method::PUT, alias, "lambda:UpdateAlias arn:x"),
            (Method::POST, "/2015-03-31/functions/arn%3Ax/aliases", "lambda:CreateAlias arn:x"),
            (Method::DELETE, alias, "lambda:? arn:x"),
        ] {
            assert_eq!(by_method(&method, "lambda", path, "", ""), [action]);
        }
        assert_eq!(
            described("codedeploy", "/", "CodeDeploy_20141006.StopDeployment", "{}"),
            ["codedeploy:StopDeployment arn:aws:codedeploy:local:000000000000:deploymentgroup:\
                 vestibule-application/vestibule-group"]
        );
        assert_eq!(described("s3", "/", "", ""), ["s3: ?"]);
    }
}
