//! Puts questions to other services, by way of the engine, and says in the log why one was not believed.

use std::sync::Arc;

use lambda_http::BoxFuture;
use vestibule::app::App;
use vestibule::domain::social::{PresentedToken, ProviderRequest, ProviderResponse};
use vestibule::outside::ProviderClient;
use vestibule::settings::{ProviderApp, Settings};

use crate::engine::{AuthorizationResponse, Engine, ProviderError};

struct Services {
    engine: Engine,
    settings: Arc<Settings>,
}

pub(crate) fn make(app: &App) -> Arc<dyn ProviderClient> {
    let engine = Engine::new(&app.settings, app.clock.clone(), app.internet.clone());
    Arc::new(Services { engine, settings: Arc::clone(&app.settings) })
}

impl ProviderClient for Services {
    fn ask<'a>(&'a self, question: &'a ProviderRequest) -> BoxFuture<'a, ProviderResponse> {
        Box::pin(async move {
            match self.answer(question).await {
                Ok(answer) => answer,
                Err(error) => {
                    let provider = question.provider();
                    tracing::warn!(provider, error = error.name(), %error, "a provider's response was rejected");
                    ProviderResponse::Nothing
                }
            }
        })
    }
}

impl Services {
    async fn answer(&self, question: &ProviderRequest) -> Result<ProviderResponse, ProviderError> {
        let app = |id: &str| self.settings.socialaccount.app(id).ok_or(ProviderError::Unsupported);
        match question {
            ProviderRequest::Departure { journey, secrets } => {
                let app = app(&journey.provider)?;
                let url = self.engine.authorization_url(app, &journey.redirect_uri, secrets).await?;
                Ok(ProviderResponse::Address(url))
            }
            ProviderRequest::Arrival { journey, secrets, parameters } => {
                let app = app(&journey.provider)?;
                let parameters = AuthorizationResponse {
                    code: &parameters.code,
                    user: parameters.user.as_deref(),
                    device_id: parameters.device_id.as_deref(),
                    issuer: parameters.issuer.as_deref(),
                };
                let identity = self.engine.exchange(app, &journey.redirect_uri, secrets, parameters).await?;
                Ok(ProviderResponse::Identity(Box::new(identity)))
            }
            ProviderRequest::Token(token) => {
                let identity = self.engine.verify_token(self.app_of(token)?, token).await?;
                Ok(ProviderResponse::Identity(Box::new(identity)))
            }
        }
    }

    fn app_of(&self, token: &PresentedToken) -> Result<&ProviderApp, ProviderError> {
        let client_id = token.client_id.as_deref().unwrap_or_default();
        let app = self.settings.socialaccount.app_of_client(&token.provider, client_id);
        app.ok_or(ProviderError::Unsupported)
    }
}
