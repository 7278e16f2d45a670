//! Running a function on AWS Lambda.

use std::sync::Arc;

use lambda_http::{Error, Request, RequestExt as _, service_fn};

use crate::app::{App, StartError};
use crate::http::{Routes, answer};
use crate::settings::Settings;
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
        if let Some(refused) = refused(&app.settings) {
            tracing::error!("can't start:\n{refused}");
            return Err(refused.into());
        }
        routes.equip(&mut app);
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
