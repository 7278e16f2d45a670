//! The OpenAPI 3.1 description of the whole API under all settings, generated from the operations of the endpoints.
//!
//! It is written when the API changes (`make docs`), and embedded in the function `config`, which prunes it by the
//! settings. To that end it has marks that OpenAPI does not know:
//!
//! - `x-when` in any object: it is there only when this condition ([`When`]) holds, or each of these;
//! - `x-required` in a property: it must be there only when this condition holds;
//! - `x-limits` in a property: which settings give its `minLength` and `maxLength`;
//! - `x-profile` in an object: which fields of the site's own (`ACCOUNT_PROFILE_FIELDS`) are properties of it;
//! - an array in place of a response: each of its answers that are there is one that the status may mean.

#![expect(clippy::indexing_slicing, reason = "serde_json makes what is assigned to")]

mod upstream;

use std::collections::BTreeSet;

use lambda_http::http::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoint::CAPTCHA_TOKEN;
use super::input::{Field, Kind, Text};
use super::language::FieldErrorJson;
use super::operation::{Body, Operation, Parameter, ResponseBody, ResponseSpec};
use super::present::{Unauthenticated, UnauthenticatedMeta};
use super::{BotCheck, Endpoint, Routes};
use crate::flows::visit::ClientKind;
use crate::settings::When;

const ABOUT: &str = "\
Sign-up, login, multi-factor authentication and account management, with the wire contract of django-allauth's headless API.

Every JSON response is an envelope: `status` repeats the HTTP status, `data` holds the result, `meta` its metadata, and \
`errors` the validation errors.

A status of 401 is not a failure. `data.flows` lists the available authentication flows; the one with `is_pending` is the \
next step. A client needs one rule: after each 401, continue with the pending flow.";

const SESSION_TOKEN: &str = "For apps: the session token, as given last in `meta.session_token`. A \
 request without one starts a new session.";
const ACCESS_TOKEN: &str = "For apps, instead of the session token: an access token.";
const SESSION_COOKIE: &str = "For browsers: the session cookie that the API sets.";
const CSRF_TOKEN: &str =
    "For browsers: the value of the CSRF cookie. Every request but GET repeats it in this header.";

/// The parts of a whole path that may be anything that the gateway takes for one part of it.
fn path_parameters(path: &str) -> Option<(String, Value)> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let described: Vec<Value> = names
        .map(|name| {
            let schema = json!({"type": "string", "pattern": "^[^/?]+$"});
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    (!described.is_empty()).then(|| ("parameters".to_owned(), json!(described)))
}

/// Where an endpoint is, and what is said of the path.
fn path(endpoint: &Endpoint) -> (String, Map<String, Value>) {
    let mut path = Map::new();
    let mut when = vec![endpoint.when];
    let place = match endpoint.client {
        // Only browsers come by those.
        _ if endpoint.path.starts_with('/') => {
            path.extend(path_parameters(endpoint.path));
            when.push(When::Browser);
            endpoint.path.to_owned()
        }
        Some(client) => {
            let (name, only) = match client {
                ClientKind::Browser => ("browser", When::Browser),
                ClientKind::App => ("app", When::App),
            };
            when.push(only);
            format!("/_allauth/{name}/v1/{}", endpoint.path)
        }
        None => {
            path.insert("parameters".into(), json!([{"$ref": "#/components/parameters/Client"}]));
            format!("/_allauth/{{client}}/v1/{}", endpoint.path)
        }
    };
    path.insert("x-when".into(), json!(when));
    (place, path)
}

/// What a request may show to name its session; none where no session matters.
fn security(endpoint: &Endpoint, operation: &Operation, function: &Routes) -> Option<Value> {
    if !function.uses_table || endpoint.path.starts_with('/') {
        return None;
    }
    let app = [json!({"x-when": When::App, "SessionToken": []}), json!({"x-when": When::Jwt, "JWT": []})];
    let mut browser = json!({"x-when": When::Browser, "SessionCookie": []});
    if operation.method != Method::GET {
        browser["CSRFToken"] = json!([]);
    }
    let mut ways: Vec<Value> = Vec::new();
    if endpoint.client != Some(ClientKind::Browser) {
        ways.extend(app);
    }
    if endpoint.client != Some(ClientKind::App) {
        ways.push(browser);
    }
    ways.push(json!({}));
    Some(ways.into())
}

/// The header of the bot check, where the operation takes one.
fn captcha_token(endpoint: &Endpoint, operation: &Operation) -> Option<Value> {
    let condition = match endpoint.bot_check {
        BotCheck::Never => return None,
        BotCheck::Posts => "unless the session is authenticated",
        BotCheck::PendingPosts => "while a login or sign-up is pending",
    };
    let text = format!(
        "A token of the bot check (`CAPTCHA_PROVIDER`), which is valid once. Required {condition}; the error is \
         `bot_check_failed`."
    );
    (operation.method == Method::POST).then(|| {
        json!({
            "x-when": When::BotCheck, "name": CAPTCHA_TOKEN, "in": "header", "required": false,
            "description": text, "schema": {"type": "string"},
        })
    })
}

/// Generates the description of these functions.
pub fn document(functions: &[Routes]) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut writer = Writer { schemas: settings.into_generator(), envelopes: Map::new() };
    let mut paths = Map::new();
    for function in functions {
        for endpoint in function.endpoints {
            let (place, mut path) = path(endpoint);
            for operation in endpoint.operations {
                let mut described = writer.operation(endpoint, operation, function);
                if let Some(security) = security(endpoint, operation, function) {
                    described["security"] = security;
                }
                path.insert(operation.method.as_str().to_lowercase(), described);
            }
            paths.insert(place, Value::Object(path));
        }
    }
    let responses = writer.common();
    let mut schemas = writer.schemas.take_definitions(true);
    for schema in schemas.values_mut() {
        drop_nulls(schema);
        plain(schema);
    }
    schemas.extend(writer.envelopes);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Vestibule",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [],
        "tags": functions.iter().map(|function| json!({"name": function.name})).collect::<Value>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "parameters": {"Client": {
                "name": "client",
                "in": "path",
                "required": true,
                "description": "The kind of client: `browser` uses cookies, `app` uses session tokens.",
                "schema": {"type": "string", "enum": ["browser", "app"]},
            }},
            "securitySchemes": {
                "SessionToken": {
                    "x-when": When::App,
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Session-Token",
                    "description": SESSION_TOKEN,
                },
                "JWT": {
                    "x-when": When::Jwt,
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": ACCESS_TOKEN,
                },
                "SessionCookie": {
                    "x-when": When::Browser,
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "sessionid",
                    "description": SESSION_COOKIE,
                },
                "CSRFToken": {
                    "x-when": When::Browser,
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRFToken",
                    "description": CSRF_TOKEN,
                },
            },
        },
    });
    upstream::name(&mut document);
    document
}

/// An answer that any endpoint may give: under its name, or in full where it shares its status with others.
struct Common {
    name: &'static str,
    status: u16,
    when: When,
    response: Value,
}

struct Writer {
    schemas: SchemaGenerator,
    envelopes: Map<String, Value>,
}

impl Writer {
    fn operation(&mut self, endpoint: &Endpoint, operation: &Operation, function: &Routes) -> Value {
        let mut described = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "tags": [function.name],
            "responses": self.responses(operation, function),
        });
        if !operation.text.is_empty() {
            described["description"] = operation.text.into();
        }
        let captcha_token = captcha_token(endpoint, operation);
        if captcha_token.is_some() || !operation.parameters.is_empty() {
            described["parameters"] =
                operation.parameters.iter().map(parameter).chain(captcha_token).collect();
        }
        let (media, fields, part): (&[&str], _, _) = match operation.body {
            Body::None => return described,
            Body::Json(fields) => (&["application/json"], fields, None),
            Body::JsonWith(fields, part) => (&["application/json"], fields, Some(part)),
            Body::Form(fields) => {
                (&["application/x-www-form-urlencoded", "multipart/form-data"], fields, None)
            }
        };
        let name = format!("{}Input", capitalised(operation.id));
        let content: Map<_, _> =
            media.iter().map(|media| ((*media).to_owned(), json!({"schema": reference(&name)}))).collect();
        // No body is read as an empty object, in the contract as well.
        let is_needed = fields.iter().any(|field| field.required != When::Never);
        described["requestBody"] = json!({"required": is_needed, "content": content});
        let mut input = self.input(fields);
        if let Some(part) = part {
            input["x-profile"] = json!(part);
        }
        self.envelopes.insert(name, input);
        described
    }

    fn input(&mut self, fields: &[Field]) -> Value {
        let required = fields.iter().filter(|field| field.required == When::Always);
        let required: Vec<&str> = required.map(|field| field.name).collect();
        let properties: Map<_, _> =
            fields.iter().map(|field| (field.name.to_owned(), self.property(field))).collect();
        json!({"type": "object", "properties": properties, "required": required})
    }

    fn property(&mut self, field: &Field) -> Value {
        let mut property = match field.kind {
            Kind::Text(rules) => text(&rules, field.required != When::Never),
            Kind::Boolean if field.required == When::Always => json!({"type": "boolean", "const": true}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Id => json!({"type": "integer", "format": "int64"}),
            Kind::Ids => {
                json!({"type": "array", "minItems": 1, "items": {"type": "integer", "format": "int64"}})
            }
            Kind::Json(shape) => {
                json!({"anyOf": [(shape.schema)(&mut self.schemas).to_value(), {"type": "string"}]})
            }
        };
        if let Value::Object(property) = &mut property {
            property.insert("description".into(), field.text.into());
            mark(property, "x-when", field.asked);
            if field.required != When::Never {
                mark(property, "x-required", field.required);
            }
        }
        property
    }

    /// What it says it answers, and what any endpoint of its kind may answer, by status.
    fn responses(&mut self, operation: &Operation, function: &Routes) -> Value {
        let common = self.commonly(operation, function);
        let declared = operation.answers.iter().map(|answer| answer.status);
        let statuses: BTreeSet<u16> = declared.chain(common.iter().map(|common| common.status)).collect();
        let mut responses = Map::new();
        for status in statuses {
            let answers = operation.answers.iter().filter(|answer| answer.status == status);
            let mut given: Vec<Value> = answers.map(|answer| self.response(answer)).collect();
            let is_alone = given.is_empty();
            given.extend(common.iter().filter(|common| common.status == status).map(|common| {
                let mut response = if is_alone {
                    json!({"$ref": format!("#/components/responses/{}", common.name)})
                } else {
                    common.response.clone()
                };
                if let Value::Object(response) = &mut response {
                    mark(response, "x-when", common.when);
                }
                response
            }));
            let response = if given.len() == 1 { given.remove(0) } else { Value::Array(given) };
            responses.insert(status.to_string(), response);
        }
        Value::Object(responses)
    }

    fn commonly(&mut self, operation: &Operation, function: &Routes) -> Vec<Common> {
        let [invalid, forged, gone, unavailable] = self.all_common();
        let changes = operation.method != Method::GET;
        let mut common = Vec::new();
        if changes || !operation.parameters.is_empty() {
            common.push(invalid);
        }
        if changes {
            common.push(forged);
        }
        if function.uses_table {
            common.extend([gone, unavailable]);
        }
        common
    }

    fn all_common(&mut self) -> [Common; 4] {
        let errors = self.schemas.subschema_for::<Vec<FieldErrorJson>>().to_value();
        let refused = json!({
            "type": "object",
            "properties": {"status": self.status(400), "errors": errors, "meta": self.session_meta()},
            "required": ["status"],
        });
        self.envelopes.insert("RefusedInput".into(), refused);
        let gone = ResponseSpec::new(
            410,
            "The session no longer exists. Start a new one: send the next request \
         without the session token.",
        )
        .with_data::<Unauthenticated>()
        .with_meta::<UnauthenticatedMeta>();
        let unavailable = ResponseSpec::new(
            503,
            "Temporarily unavailable; nothing was changed. Retry after the seconds in \
             `Retry-After`.",
        );
        [
            Common {
                name: "InvalidInput",
                status: 400,
                when: When::Always,
                response: json!({
                    "description": "Invalid input, with details in `errors`. Without a body: the request is not a JSON object.",
                    "content": {"application/json": {"schema": reference("RefusedInput")}},
                }),
            },
            Common {
                name: "ForgedRequest",
                status: 403,
                when: When::Browser,
                response: json!({
                    "description": "The request of a browser lacks a valid CSRF token, or comes from an untrusted origin (`CSRF_TRUSTED_ORIGINS`).",
                    "content": {"text/html": {"schema": {"type": "string"}}},
                }),
            },
            Common { name: "SessionGone", status: 410, when: When::App, response: self.response(&gone) },
            Common {
                name: "Unavailable",
                status: 503,
                when: When::Always,
                response: self.response(&unavailable),
            },
        ]
    }

    fn common(&mut self) -> Value {
        let all = self.all_common();
        all.into_iter().map(|common| (common.name.to_owned(), common.response)).collect::<Map<_, _>>().into()
    }

    fn response(&mut self, answer: &ResponseSpec) -> Value {
        let mut response = Map::from_iter([("description".to_owned(), Value::from(answer.text))]);
        mark(&mut response, "x-when", answer.when);
        let schema = match answer.content {
            ResponseBody::Nothing => return Value::Object(response),
            ResponseBody::Page => {
                response.insert("content".into(), json!({"text/html": {"schema": {"type": "string"}}}));
                return Value::Object(response);
            }
            ResponseBody::Bare(shape) => (shape.schema)(&mut self.schemas).to_value(),
            ResponseBody::Envelope { data, meta, errors } => {
                let data = data.map(|shape| (shape.schema)(&mut self.schemas).to_value());
                let meta = meta.map(|shape| (shape.schema)(&mut self.schemas).to_value());
                self.envelope(answer.status, data, meta, errors)
            }
        };
        response.insert("content".into(), json!({"application/json": {"schema": schema}}));
        Value::Object(response)
    }

    /// The envelope around these, as a schema of its own: one of its data's name, or of its status alone.
    fn envelope(&mut self, status: u16, data: Option<Value>, meta: Option<Value>, errors: bool) -> Value {
        let base = match &data {
            Some(_) if status == 410 => "SessionGoneResponse".to_owned(),
            Some(data) => format!("{}Response", name(data)),
            None if errors => format!("Error{status}"),
            None => format!("Status{status}"),
        };
        let mut required = vec!["status"];
        let mut properties = Map::from_iter([("status".to_owned(), self.status(status))]);
        if let Some(data) = data {
            required.push("data");
            properties.insert("data".into(), data);
        }
        if meta.is_some() {
            required.push("meta");
        }
        properties.insert("meta".into(), meta.unwrap_or_else(|| self.session_meta()));
        if errors {
            properties
                .insert("errors".into(), self.schemas.subschema_for::<Vec<FieldErrorJson>>().to_value());
        }
        let envelope = json!({"type": "object", "properties": properties, "required": required});
        let is_taken = self.envelopes.get(&base).is_some_and(|other| *other != envelope);
        let name = if is_taken { format!("{base}{status}") } else { base };
        self.envelopes.insert(name.clone(), envelope);
        reference(&name)
    }

    /// The status in an envelope; upstream names two of them.
    fn status(&mut self, status: u16) -> Value {
        let schema = json!({"type": "integer", "const": status});
        let name = match status {
            200 => "StatusOK",
            202 => "StatusAccepted",
            _ => return schema,
        };
        self.envelopes.insert(name.to_owned(), schema);
        reference(name)
    }

    /// What any answer's meta may tell an app.
    fn session_meta(&mut self) -> Value {
        let token = json!({
            "type": "string",
            "description": "The new session token, if it has changed.",
        });
        self.envelopes
            .insert("SessionMeta".into(), json!({"type": "object", "properties": {"session_token": token}}));
        json!({"$ref": "#/components/schemas/SessionMeta", "x-when": When::App})
    }
}

fn mark(object: &mut Map<String, Value>, name: &str, when: When) {
    if when != When::Always {
        object.insert(name.to_owned(), json!(when));
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What a schema is called: that which it refers to, or a list of it.
fn name(schema: &Value) -> String {
    let of =
        |schema: &Value| schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    of(schema).or_else(|| of(&schema["items"]).map(|name| format!("{name}List"))).unwrap_or_default()
}

/// What may be left out is left out where it would be null.
fn drop_nulls(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(&json!(name))) {
        let Value::Object(property) = property else { continue };
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                property.insert("type".into(), only);
            }
        }
        if let Some(Value::Array(any)) = property.remove("anyOf") {
            let mut any: Vec<Value> = any.into_iter().filter(|schema| schema["type"] != "null").collect();
            match any.pop() {
                Some(Value::Object(only)) if any.is_empty() => property.extend(only),
                Some(last) => {
                    any.push(last);
                    property.insert("anyOf".into(), any.into());
                }
                None => {}
            }
        }
    }
}

/// Links of Rust's documentation lead nowhere here.
fn plain(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text.replace("[`", "`").replace("`]", "`");
            }
            members.values_mut().for_each(plain);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn capitalised(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn text(rules: &Text, is_needed: bool) -> Value {
    let mut schema = rules.schema();
    if is_needed {
        schema["minLength"] = 1.into();
    }
    schema
}

fn parameter(parameter: &Parameter) -> Value {
    let (place, name, text) = match parameter {
        Parameter::Header(name, text) => ("header", name, text),
        Parameter::Query(name, text) => ("query", name, text),
    };
    let required = place == "header";
    json!({"name": name, "in": place, "required": required, "description": text, "schema": {"type": "string"}})
}
