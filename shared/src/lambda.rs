//! Running a function on AWS Lambda.

use std::collections::HashMap;
use std::sync::Arc;

use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Body, BoxFuture, Error, Request, RequestExt as _, Response, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::{App, Requirements, StartError};
use crate::domain::event::Actor;
use crate::http::{Routes, answer};
use crate::migration;
use crate::operator::api;
use crate::settings::Settings;
use crate::telemetry;

pub use lambda_http::Error as RunError;

/// Starts the function, and serves requests until Lambda ends the process. Invalid settings end it at once, all listed
/// in the log.
pub fn run(routes: Routes) -> Result<(), Error> {
    run_process(
        async move |variables| serving(routes, variables).await,
        async |(app, routes)| {
            lambda_http::run(service_fn(move |request: Request| {
                let (app, routes) = (Arc::clone(&app), Arc::clone(&routes));
                let invocation = request.lambda_context();
                telemetry::during(
                    &invocation,
                    async move { Ok::<_, Error>(answer(&app, &routes, request).await) },
                )
            }))
            .await
        },
    )
}

/// Starts a function of the operators' API, the one that only reads or the one that carries out everything, and serves
/// requests until Lambda ends the process.
pub fn run_operators_api(reads_only: bool) -> Result<(), Error> {
    if reads_only {
        run_for_operators(api::READER, |app, actor, request| Box::pin(api::answer(app, true, actor, request)))
    } else {
        run_for_operators(api::WRITER, |app, actor, request| {
            Box::pin(api::answer(app, false, actor, request))
        })
    }
}

/// Starts the function that imports accounts, and serves requests until Lambda ends the process.
pub fn run_migration() -> Result<(), Error> {
    run_for_operators(migration::api::REQUIREMENTS, |app, actor, request| {
        Box::pin(migration::api::answer(app, actor, request))
    })
}

/// How a function behind a function URL answers an operator.
type AnswerOperator = for<'a> fn(&'a App, Option<&'a Actor>, &'a Request) -> BoxFuture<'a, Response<Body>>;

fn run_for_operators(requirements: Requirements, answer: AnswerOperator) -> Result<(), Error> {
    run_process(
        async move |variables| Ok(Arc::new(start(variables, requirements).await?)),
        async move |app| {
            lambda_http::run(service_fn(move |request: Request| {
                let app = Arc::clone(&app);
                let invocation = request.lambda_context();
                telemetry::during(&invocation, async move {
                    let actor = api::actor_of(&request);
                    Ok::<_, Error>(answer(&app, actor.as_ref(), &request).await)
                })
            }))
            .await
        },
    )
}

/// Starts a function that no client calls, and answers its events until Lambda ends the process. What `start` fails
/// with ends it at once, and is in the log.
pub fn run_events<State, Event, Answer>(
    start: impl AsyncFnOnce(HashMap<String, String>) -> Result<State, Error>,
    answer: impl AsyncFn(&State, LambdaEvent<Event>) -> Result<Answer, Error>,
) -> Result<(), Error>
where
    Event: DeserializeOwned,
    Answer: Serialize,
{
    run_process(start, async move |state| {
        let (state, answer) = (&state, &answer);
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
            let invocation = event.context.clone();
            telemetry::during(&invocation, answer(state, event)).await
        }))
        .await
    })
}

/// Starts what a function is called with, and calls it.
fn run_process<State>(
    start: impl AsyncFnOnce(HashMap<String, String>) -> Result<State, Error>,
    serve: impl AsyncFnOnce(State) -> Result<(), Error>,
) -> Result<(), Error> {
    telemetry::start();
    // A function answers one request at a time: more threads would only take longer to start.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let state = start(std::env::vars().collect()).await;
        serve(state.inspect_err(|error| tracing::error!("can't start:\n{error}"))?).await
    })
}

/// Starts a process with a connection to the table: Lambda gives a starting function more CPU, and the first request
/// finds the connection open.
pub async fn start(
    variables: HashMap<String, String>,
    requirements: Requirements,
) -> Result<App, StartError> {
    let app = App::start(variables, requirements).await?;
    if let Some(store) = app.store() {
        store.warm_up().await;
    }
    Ok(app)
}

async fn serving(
    routes: Routes,
    variables: HashMap<String, String>,
) -> Result<(Arc<App>, Arc<Routes>), Error> {
    let mut app = start(variables, routes.requirements()).await?;
    if let Some(refused) = refused(&app.settings) {
        return Err(refused.into());
    }
    routes.equip(&mut app);
    Ok((Arc::new(app), Arc::new(routes)))
}

/// Which of the settings are for development only.
fn refused(settings: &Settings) -> Option<String> {
    if settings.debug {
        return Some("DEBUG must not be true here: it allows what must never be deployed".to_owned());
    }
    if settings.account.hook_url.is_some() {
        return Some(
            "ACCOUNT_HOOK_URL is for the local stack: use ACCOUNT_HOOK_FUNCTION_ARN here".to_owned(),
        );
    }
    settings.apps.has_dummy().then(|| StartError::DummyProvider.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_development_is_refused() {
        let with = |name: &str, value: &str| {
            let variables = [(name.to_owned(), value.to_owned())];
            refused(&Settings::read(variables).unwrap().settings)
        };
        assert_eq!(with("DEBUG", "false"), None);
        for (name, value) in [
            ("DEBUG", "true"),
            ("ACCOUNT_HOOK_URL", "http://localhost:9000/"),
            ("INSTALLED_APPS", "allauth.socialaccount, allauth.socialaccount.providers.dummy"),
        ] {
            assert!(with(name, value).is_some_and(|refused| refused.contains(name)), "{name}");
        }
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:hook:live";
        assert_eq!(with("ACCOUNT_HOOK_FUNCTION_ARN", arn), None);
    }
}
