//! Running a function on AWS Lambda.

use std::sync::Arc;

use lambda_http::{Error, Request, RequestExt as _, service_fn};

use crate::app::{App, StartError};
use crate::http::{Routes, answer};
use crate::telemetry;

pub use lambda_http::Error as RunError;

/// Starts the function, and serves requests until Lambda ends the process. Invalid settings end it at once, all listed
/// in the log.
pub fn run(routes: Routes) -> Result<(), Error> {
    telemetry::start();
    // A function answers one request at a time: more threads would only take longer to start.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let requirements = routes.requirements();
        let mut app = App::start(std::env::vars().collect(), requirements).await.inspect_err(|error| {
            tracing::error!("can't start:\n{error}");
        })?;
        if app.settings.debug {
            let refused = "DEBUG must not be true here: it allows what must never be deployed";
            tracing::error!("can't start:\n{refused}");
            return Err(refused.into());
        }
        if app.settings.apps.has_dummy() {
            tracing::error!("can't start:\n{}", StartError::DummyProvider);
            return Err(StartError::DummyProvider.into());
        }
        app.outside = routes.outside.map(|make| make(&app));
        let app = Arc::new(app);
        if let Some(store) = app.store() {
            // Lambda gives a starting function more CPU: the first request finds a connection that is open.
            store.warm_up().await;
        }
        let routes = Arc::new(routes);
        lambda_http::run(service_fn(move |request: Request| {
            let (app, routes) = (Arc::clone(&app), Arc::clone(&routes));
            let invocation = request.lambda_context();
            telemetry::during(
                &invocation,
                async move { Ok::<_, Error>(answer(&app, &routes, request).await) },
            )
        }))
        .await
    })
}
