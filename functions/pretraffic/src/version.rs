//! The version of a function: the event that it is invoked with, and whether its response shows that it works.

use serde_json::{Value, json};

/// What Lambda answers to an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The error of the function, if it failed: `Handled`, `Unhandled`.
    pub function_error: Option<String>,
    /// The response of the function, or its error as JSON.
    pub payload: Vec<u8>,
}

/// An event for a version, given by its ARN, that makes the function start, and changes nothing.
pub fn event(arn: &str) -> Value {
    match program(arn) {
        // No records: nothing to deliver.
        "mail" | "events" => json!({"Records": []}),
        // The step of a rotation in which there is nothing to do.
        "keys" => json!({"Step": "setSecret", "SecretId": "none", "ClientRequestToken": "pretraffic"}),
        // Not from the schedule.
        "probe" => json!({"source": "pretraffic"}),
        // Without credentials, which are denied.
        "authorizer" => json!({
            "version": "2.0", "type": "REQUEST", "routeArn": "", "identitySource": [], "routeKey": "GET /",
            "rawPath": "/", "rawQueryString": "", "cookies": [], "headers": {}, "pathParameters": {},
            "stageVariables": {}, "requestContext": context(),
        }),
        // A path that no function has, so that no table is read.
        _ => json!({
            "version": "2.0", "routeKey": "GET /", "rawPath": "/", "rawQueryString": "",
            "headers": {"host": "pretraffic.invalid"}, "requestContext": context(), "isBase64Encoded": false,
        }),
    }
}

fn context() -> Value {
    json!({
        "accountId": "000000000000", "apiId": "pretraffic", "domainName": "pretraffic.invalid",
        "domainPrefix": "pretraffic", "requestId": "pretraffic", "routeKey": "GET /", "stage": "$default",
        "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
        "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "pretraffic"},
    })
}

/// The last word of the function's name: `config` of `arn:aws:lambda:eu-west-1:123456789012:function:vestibule-config:7`.
fn program(arn: &str) -> &str {
    let name = arn.split(':').nth(6).unwrap_or_default();
    name.rsplit('-').next().unwrap_or_default()
}

/// Why a version does not work, if its response shows it.
pub fn verdict(answer: &Invocation) -> Result<(), String> {
    let payload: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    let member = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Some(error) = &answer.function_error {
        return Err(format!("{error}: {} {}", member("errorType"), member("errorMessage")));
    }
    match payload.get("statusCode").and_then(Value::as_u64) {
        Some(status) if status >= 500 => Err(format!("answered {status}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(function: &str) -> String {
        format!("arn:aws:lambda:eu-west-1:123456789012:function:my-vestibule-{function}:7")
    }

    #[test]
    fn each_function_gets_an_event_of_its_kind() {
        assert_eq!(event(&arn("mail")), json!({"Records": []}));
        assert_eq!(event(&arn("events")), json!({"Records": []}));
        assert_eq!(event(&arn("keys"))["Step"], "setSecret");
        assert_eq!(event(&arn("probe")), json!({"source": "pretraffic"}));
        assert_eq!(event(&arn("authorizer"))["type"], "REQUEST");
        assert_eq!(event(&arn("login"))["requestContext"]["http"]["method"], "GET");
    }

    #[test]
    fn errors_of_functions_and_of_servers_are_told() {
        let answer = |error: Option<&str>, payload: &str| Invocation {
            function_error: error.map(str::to_owned),
            payload: payload.as_bytes().to_vec(),
        };
        let failed = r#"{"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}"#;
        let verdicts = [
            (answer(None, r#"{"statusCode": 404, "body": ""}"#), Ok(())),
            (answer(None, r#"{"batchItemFailures": []}"#), Ok(())),
            (answer(None, "null"), Ok(())),
            (answer(None, r#"{"statusCode": 503}"#), Err("answered 503")),
            (answer(Some("Unhandled"), failed), Err("Unhandled: Runtime.ExitError exit status 1")),
        ];
        for (answer, expected) in verdicts {
            assert_eq!(verdict(&answer), expected.map_err(str::to_owned), "{answer:?}");
        }
    }
}
