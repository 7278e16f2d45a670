//! A process of a function: it starts with what it meets first, and then handles one request or event after another.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use vestibule::app::{App, Requirements, StartError, Surroundings};
use vestibule::aws::secret::AwsSecret;
use vestibule::clock::Clock;
use vestibule::domain::event::{Actor, ActorKind};
use vestibule::domain::time::Timestamp;
use vestibule::http::{Routes, answer};
use vestibule::operator::{self, OperatorError, OperatorRequest};
use vestibule::random::Random;
use vestibule::settings::Settings;
use vestibule_events::EventTarget;
use vestibule_mail::{AwsSender, Mailer};
use vestibule_simulator_kernel::{Birth, Failed, Process};

use crate::{AUTHORIZER, EVENTS, KEYS, MAIL, OPERATOR, guard, network};

/// A process of a function.
pub struct ThisProcess {
    pub function: &'static str,
    /// What it answers, if it is a function of the API.
    pub routes: Option<Arc<Routes>>,
    pub birth: Birth,
    pub started: OnceCell<Started>,
}

/// What a process has once it has started.
pub struct Started {
    app: App,
    part: Part,
}

/// What only some functions have.
enum Part {
    Api(Arc<Routes>),
    Authorizer,
    Operator,
    Mail(Box<Mailer<AwsSender>>),
    Events(EventTarget),
    Keys(Random),
}

impl Process for ThisProcess {
    fn answer(
        self: Arc<Self>,
        request: Request<Bytes>,
        ip: String,
    ) -> BoxFuture<'static, Option<Response<Bytes>>> {
        Box::pin(async move {
            let Started { app, part } = self.started().await.ok()?;
            let response = match part {
                Part::Api(routes) => answer(app, routes, gateway_event(request, ip)).await,
                Part::Authorizer => guard::answer(app, &request).await,
                _ => panic!("the function {} takes no request", self.function),
            };
            Some(response.map(plain))
        })
    }

    fn handle(self: Arc<Self>, event: Value) -> BoxFuture<'static, Result<Value, Failed>> {
        Box::pin(async move {
            let started = self.started().await.map_err(|error| failed(true, &error))?;
            match &started.part {
                Part::Mail(mailer) => {
                    let event = serde_json::from_value(event).expect("an event of the stream");
                    let answer = vestibule_mail::handle(mailer.as_ref(), &started.app, event).await;
                    Ok(json!(answer.expect("records have numbers")))
                }
                Part::Events(target) => {
                    let event = serde_json::from_value(event).expect("an event of the stream");
                    let answer = vestibule_events::handle(&started.app, target, event).await;
                    Ok(json!(answer.expect("records have numbers")))
                }
                Part::Operator => operate(&started.app, &event).await,
                Part::Keys(random) => rotate(&started.app, random, event).await,
                Part::Api(_) | Part::Authorizer => panic!("the function {} takes no event", self.function),
            }
        })
    }
}

impl ThisProcess {
    async fn started(&self) -> Result<&Started, StartError> {
        self.started.get_or_try_init(|| self.start()).await
    }

    async fn start(&self) -> Result<Started, StartError> {
        let random = self.random();
        let mut app = self.app(self.requirements(), random.clone()).await?;
        let part = match (self.function, &self.routes) {
            (_, Some(routes)) => {
                routes.equip(&mut app);
                Part::Api(Arc::clone(routes))
            }
            (AUTHORIZER, _) => Part::Authorizer,
            (OPERATOR, _) => Part::Operator,
            (MAIL, _) => {
                let aws = app.aws().expect("it has a table").clone();
                let mailer = Mailer::from_settings(&app.settings, aws);
                Part::Mail(Box::new(mailer.expect("the texts of the project")))
            }
            (EVENTS, _) => Part::Events(EventTarget::connect(&app).await.expect("the settings name a bus")),
            (KEYS, _) => Part::Keys(random),
            (function, _) => panic!("there is no function {function}"),
        };
        Ok(Started { app, part })
    }

    fn requirements(&self) -> Requirements {
        match (self.function, &self.routes) {
            (_, Some(routes)) => routes.requirements(),
            (AUTHORIZER, _) => vestibule_authorizer::REQUIREMENTS,
            (OPERATOR, _) => operator::api::WRITER,
            (MAIL, _) => vestibule_mail::REQUIREMENTS,
            (EVENTS, _) => vestibule_events::REQUIREMENTS,
            _ => Requirements { table: false, ..Requirements::TABLE },
        }
    }

    async fn app(&self, requirements: Requirements, random: Random) -> Result<App, StartError> {
        let settings = Settings::read(self.birth.variables.clone()).expect("the settings are right").settings;
        let clock = clock(&self.birth);
        let aws = network::aws(&self.birth.kernel, &self.birth.region, clock.clone());
        let internet = network::internet(&self.birth.kernel);
        let surroundings = Surroundings { aws: Some(aws), clock, random, internet: Some(internet) };
        App::within(settings, requirements, surroundings).await
    }

    fn random(&self) -> Random {
        let dice = Mutex::new(self.birth.dice.clone());
        Random::new(move |bytes| dice.lock().expect("nobody panics with it").fill(bytes))
    }
}

/// A clock that goes wrong.
fn clock(Birth { kernel, skew, .. }: &Birth) -> Clock {
    let (tells, waits, skew) = (Arc::clone(kernel), Arc::clone(kernel), *skew);
    Clock::new(move || Timestamp::from_millis(tells.now() + skew))
        .waiting(move |length| Box::pin(waits.timer(length)))
}

async fn operate(app: &App, event: &Value) -> Result<Value, Failed> {
    let operation = event["operation"].as_str().expect("an operation");
    let request = OperatorRequest::parse(operation, &event["arguments"]).expect("a request");
    let actor = Actor { kind: ActorKind::Operator, id: Some("simulated".to_owned()), arn: None };
    let outcome = operator::run(app, &actor, request).await;
    outcome.map(|outcome| json!(outcome)).map_err(|error| {
        let is_outage = matches!(error, OperatorError::Store(_));
        failed(is_outage, &error)
    })
}

async fn rotate(app: &App, random: &Random, mut event: Value) -> Result<Value, Failed> {
    let step = serde_json::from_value(event["Step"].take()).expect("a step of a rotation");
    let text = |name: &str| event[name].as_str().expect("Secrets Manager says so").to_owned();
    let vault = AwsSecret::new(app.aws().expect("it has AWS"), text("SecretId"));
    let version = text("ClientRequestToken");
    let done = vestibule_keys::rotate(&vault, step, &version, &app.settings.headless.jwt, random).await;
    done.map(|()| Value::Null).map_err(|error| failed(true, &error))
}

fn failed(is_outage: bool, why: &dyn ToString) -> Failed {
    Failed { is_outage, why: why.to_string() }
}

/// An event of API Gateway.
fn gateway_event(request: Request<Bytes>, ip: String) -> lambda_http::Request {
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.http.source_ip = Some(ip);
    context.request_id = Some("simulated".to_owned());
    let path = request.uri().path().to_owned();
    let body = |bytes: Bytes| Body::Text(String::from_utf8_lossy(&bytes).into_owned());
    request.map(body).with_raw_http_path(path).with_request_context(RequestContext::ApiGatewayV2(context))
}

fn plain(body: Body) -> Bytes {
    match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        _ => Bytes::new(),
    }
}
