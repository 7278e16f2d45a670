//! The SAM template, as far as the local stack needs it: which routes lead to which function, who may call from
//! another origin, and what the table is like.
//!
//! Everything comes from the template that is deployed, so a route missing there is missing here.
//! Parameters have their defaults, or what they were overridden with, as in `sam local`.

mod distribution;
mod error;
mod intrinsics;
mod policies;
mod value;
mod yaml;

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;

use intrinsics::Scope;

pub use distribution::{Behavior, Distribution};
pub use error::TemplateError;
pub use policies::{Declared, Operator, PolicyCondition, RequestContext, Statement, matches};
pub use value::{at, entries};

/// What the local stack does as the template says.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The HTTP API.
    pub api: Api,
    /// The properties of the table.
    pub table: Value,
    /// The functions, in the order of the template.
    pub functions: Vec<Declared>,
    /// The environment variables of all functions, and those of single ones.
    pub variables: HashMap<String, String>,
}

/// What the HTTP API of a template is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its routes, in the order of the template.
    pub routes: Vec<Route>,
    /// Its answers to other origins; without it, the functions answer themselves.
    pub cors: Option<Cors>,
}

/// A route, and the function it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// An upper-case method, or `ANY`.
    pub method: String,
    /// Such as `/pets/{id}` or `/{proxy+}`, or `$default`.
    pub path: String,
    /// The name of the function's program: the last part of its `CodeUri`.
    pub program: String,
}

/// `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cors {
    /// Origins that may read answers; `*`, `http://*` and `https://*` are patterns.
    pub allow_origins: Vec<String>,
    /// Methods that preflight answers offer.
    pub allow_methods: Vec<String>,
    /// Request headers that preflight answers offer.
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read.
    pub expose_headers: Vec<String>,
    /// Whether cookies may be sent along.
    pub allow_credentials: bool,
    /// How long a preflight answer may be kept, in seconds.
    pub max_age: Option<u32>,
}

impl Template {
    /// Reads a template, with parameters overridden by name.
    pub fn read(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let document = yaml::parse(text).map_err(|error| TemplateError::Yaml(error.to_string()))?;
        let scope = Scope::new(&document, overrides)?;
        let mut api =
            Api { routes: Vec::new(), cors: cors(at(at(&document, "Globals"), "HttpApi"), &scope)? };
        let (mut table, mut functions) = (Value::Null, Vec::new());
        let mut variables = variables(at(at(&document, "Globals"), "Function"), &scope)?;
        for (name, resource) in entries(at(&document, "Resources")) {
            if !scope.exists(resource)? {
                continue;
            }
            let properties = at(resource, "Properties");
            match at(resource, "Type").as_str() {
                Some("AWS::Serverless::HttpApi") => api.cors = cors(properties, &scope)?.or(api.cors),
                Some("AWS::Serverless::Function") => {
                    let function = declared(name, properties, &scope)?;
                    variables.extend(self::variables(properties, &scope)?);
                    api.routes.extend(routes(&function, properties, &scope)?);
                    functions.push(function);
                }
                Some("AWS::DynamoDB::Table") => table = scope.resolve(properties)?,
                _ => {}
            }
        }
        Ok(Self { api, table, functions, variables })
    }
}

fn variables(properties: &Value, scope: &Scope) -> Result<HashMap<String, String>, TemplateError> {
    let variables = scope.resolve(at(at(properties, "Environment"), "Variables"))?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(entries(&variables).map(|(name, value)| (name.clone(), text(value))).collect())
}

fn cors(properties: &Value, scope: &Scope) -> Result<Option<Cors>, TemplateError> {
    let configuration = scope.resolve(at(properties, "CorsConfiguration"))?;
    // SAM's short form: any origin, and nothing else said.
    if configuration == Value::Bool(true) {
        return Ok(Some(Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() }));
    }
    if matches!(configuration, Value::Null | Value::Bool(false)) {
        return Ok(None);
    }
    serde_json::from_value(configuration).map(Some).map_err(|error| TemplateError::Form {
        place: "CorsConfiguration".to_owned(),
        reason: error.to_string(),
    })
}

fn declared(name: &str, properties: &Value, scope: &Scope) -> Result<Declared, TemplateError> {
    let code = scope.resolve(at(properties, "CodeUri"))?;
    let code = code.as_str().unwrap_or(name).trim_end_matches('/').to_owned();
    Ok(Declared {
        name: name.to_owned(),
        program: code.rsplit('/').next().unwrap_or(name).to_owned(),
        code,
        statements: policies::statements(name, properties, scope)?,
    })
}

fn routes(function: &Declared, properties: &Value, scope: &Scope) -> Result<Vec<Route>, TemplateError> {
    let (name, program) = (&function.name, &function.program);
    let mut routes = Vec::new();
    for (event_name, event) in entries(at(properties, "Events")) {
        if at(event, "Type") != "HttpApi" {
            continue;
        }
        let place = || format!("{name}.Events.{event_name}");
        let event = scope.resolve(at(event, "Properties"))?;
        let (method, path) = match (at(&event, "Method").as_str(), at(&event, "Path").as_str()) {
            (None, None) => ("ANY", "$default"),
            (method, Some(path)) if path.starts_with('/') => (method.unwrap_or("ANY"), path),
            _ => {
                return Err(TemplateError::Form {
                    place: place(),
                    reason: "an HttpApi event has a Method and a Path that begins with /, or neither"
                        .to_owned(),
                });
            }
        };
        let method = match method.to_ascii_uppercase().as_str() {
            "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
            method => method.to_owned(),
        };
        routes.push(Route { method, path: path.to_owned(), program: program.clone() });
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  AllowedOrigins:
    Type: CommaDelimitedList
    Default: http://localhost:3000,http://localhost:5173
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Version: {Type: String, Default: v1}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: !Ref AllowedOrigins
        AllowMethods: [GET, POST]
        AllowHeaders: [content-type]
        AllowCredentials: true
        MaxAge: !If [IsProd, 600, 60]
  Login:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/vestibule-login/
      Events:
        Login:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Method: any, Path: !Sub '/_allauth/{client}/${Version}/auth/login'}
        Stream:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Table.StreamArn}
  OnlyInProduction:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties:
      CodeUri: target/lambda/probe
      Events: {Any: {Type: HttpApi}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {BillingMode: PAY_PER_REQUEST}
";

    fn overrides(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn route(method: &str, path: &str, program: &str) -> Route {
        Route { method: method.to_owned(), path: path.to_owned(), program: program.to_owned() }
    }

    #[test]
    fn routes_and_cors_come_from_the_template() {
        let Template { api, table, .. } = Template::read(TEMPLATE, &BTreeMap::new()).unwrap();
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
        assert_eq!(api.routes, [route("ANY", "/_allauth/{client}/v1/auth/login", "vestibule-login")]);
        let cors = api.cors.unwrap();
        assert_eq!(cors.allow_origins, ["http://localhost:3000", "http://localhost:5173"]);
        assert_eq!(cors.allow_methods, ["GET", "POST"]);
        assert!(cors.allow_credentials);
        assert_eq!(cors.max_age, Some(60));
        assert!(cors.expose_headers.is_empty());
    }

    #[test]
    fn overrides_replace_defaults() {
        let api = Template::read(
            TEMPLATE,
            &overrides(&[("Stage", "prod"), ("AllowedOrigins", "https://a.example, https://b.example")]),
        )
        .unwrap()
        .api;
        assert_eq!(api.routes.last(), Some(&route("ANY", "$default", "probe")));
        let cors = api.cors.unwrap();
        assert_eq!(cors.allow_origins, ["https://a.example", "https://b.example"]);
        assert_eq!(cors.max_age, Some(600));
    }

    #[test]
    fn policies_come_from_the_template() {
        let template = "
Conditions: {Sends: !Equals [a, b]}
Resources:
  Mail:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/mail/
      Policies:
        - Statement:
            - Effect: Allow
              Action: [dynamodb:UpdateItem]
              Resource: !GetAtt Table.Arn
              Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: ['OUTBOX#*']}}
            - !If [Sends, {Effect: Allow, Action: 'ses:*', Resource: '*'}, !Ref AWS::NoValue]
";
        let template = Template::read(template, &BTreeMap::new()).unwrap();
        let [mail] = template.functions.as_slice() else { panic!("{template:?}") };
        assert_eq!((mail.program.as_str(), mail.code.as_str()), ("mail", "target/lambda/mail"));
        let [statement] = mail.statements.as_slice() else { panic!("{mail:?}") };
        assert!(statement.covers("dynamodb:UpdateItem", "${Table.Arn}"));
        assert!(!statement.covers("dynamodb:PutItem", "${Table.Arn}"));
        let context = |key: &str| RequestContext::from([("dynamodb:LeadingKeys", vec![key.to_owned()])]);
        assert!(statement.applies(&context("OUTBOX#1")) && !statement.applies(&context("USER#1")));
    }

    #[test]
    fn wrong_overrides_are_refused() {
        let error = Template::read(TEMPLATE, &overrides(&[("Origins", "x")])).unwrap_err().to_string();
        assert_eq!(error, "the template has no parameter Origins; it has: AllowedOrigins, Stage, Version");
        let error = Template::read(TEMPLATE, &overrides(&[("Stage", "test")])).unwrap_err().to_string();
        assert_eq!(error, "the template's parameter Stage may not be \"test\"; allowed are: dev, prod");
    }

    #[test]
    fn wrong_forms_say_where() {
        let template = "
Resources:
  Login:
    Type: AWS::Serverless::Function
    Properties: {Events: {Login: {Type: HttpApi, Properties: {Method: GET}}}}
";
        let error = Template::read(template, &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.starts_with("template.yaml: Login.Events.Login: "), "{error}");
        let error = Template::read("Resources: [", &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.starts_with("template.yaml is not valid YAML: "), "{error}");
    }
}
