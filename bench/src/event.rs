//! The events that API Gateway makes of requests (payload format 2.0), as JSON.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// A request of an app, as its function is given it.
pub struct Request<'a> {
    pub method: &'a str,
    /// What follows `/_allauth/app/v1/`.
    pub path: &'a str,
    pub session_token: Option<&'a str>,
    pub body: Option<Value>,
    pub client: Ipv4Addr,
}

impl Request<'_> {
    /// With the fields and the headers of a small event captured from AWS.
    pub fn event(&self) -> String {
        let path = format!("/_allauth/app/v1/{}", self.path);
        let route = format!("ANY /_allauth/{{client}}/v1/{}", self.path);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": {
                "accept": "application/json",
                "accept-encoding": "gzip, deflate, br",
                "content-length": "0",
                "host": "api.example.com",
                "user-agent": "Example/1.0 (Phone; OS 26.0)",
                "x-amzn-trace-id": "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0",
                "x-forwarded-for": self.client.to_string(),
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "pathParameters": {"client": "app"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "a1b2c3d4e5",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {
                    "method": self.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.client.to_string(),
                    "userAgent": "Example/1.0 (Phone; OS 26.0)",
                },
                "requestId": "CqCd-hWZFiAEMNA=",
                "routeKey": route,
                "stage": "$default",
                "time": "10/Jul/2026:19:19:05 +0000",
                "timeEpoch": 1_783_711_145_766_i64,
            },
            "isBase64Encoded": false,
        });
        if let Some(token) = self.session_token {
            set(&mut event, "/headers", "x-session-token", json!(token));
        }
        if let Some(body) = &self.body {
            let body = body.to_string();
            set(&mut event, "/headers", "content-type", json!("application/json"));
            set(&mut event, "/headers", "content-length", json!(body.len().to_string()));
            set(&mut event, "", "body", json!(body));
        }
        event.to_string()
    }
}

fn set(event: &mut Value, object: &str, name: &str, value: Value) {
    if let Some(object) = event.pointer_mut(object).and_then(Value::as_object_mut) {
        object.insert(name.to_owned(), value);
    }
}
