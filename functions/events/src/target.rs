//! What events are delivered to: a bus, or a URL.

use serde_json::Value;
use vestibule::app::{App, fetch_secret};
use vestibule::domain::time::Timestamp;
use vestibule::settings::{Events, WebhookSecrets};

use crate::bus::{BusError, EventBus};
use crate::webhook::{Webhook, WebhookError};

/// What takes events.
#[derive(Clone, Debug)]
pub enum EventTarget {
    /// A bus of `EventBridge`.
    Bus(EventBus),
    /// A URL.
    Webhook(Webhook),
}

/// Why there is nothing to deliver events to.
#[derive(Debug, thiserror::Error)]
pub enum EventTargetError {
    /// The settings name none.
    #[error("EVENTS_BUS, EVENTS_URL: set one of the two to what events are delivered to")]
    NoTarget,
    /// The secret cannot be used.
    #[error("EVENTS_SECRET_ARN: {0}")]
    Secret(String),
}

/// Why events were not delivered.
#[derive(Debug, thiserror::Error)]
pub enum EventSendError {
    /// The bus did not take them.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The URL did not.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
}

impl EventTarget {
    /// The one that the settings name.
    pub async fn connect(app: &App) -> Result<Self, EventTargetError> {
        let events = &app.settings.events;
        match (&events.bus, &events.url, app.aws()) {
            (Some(name), _, Some(aws)) => Ok(Self::Bus(EventBus::new(aws.clone(), name))),
            (None, Some(url), _) => {
                let allows_private = app.settings.socialaccount.allow_private_addresses;
                Ok(Self::Webhook(Webhook::new(url.clone(), secrets(app, events).await?, allows_private)))
            }
            _ => Err(EventTargetError::NoTarget),
        }
    }

    /// Delivers events. After an error, some of them may have been delivered: each has an id.
    pub async fn send(&self, events: &[Value], now: Timestamp) -> Result<(), EventSendError> {
        match self {
            Self::Bus(bus) => Ok(bus.put(events).await?),
            Self::Webhook(webhook) => Ok(webhook.send(events, now).await?),
        }
    }
}

/// The secrets of the settings, or of the secret that they name.
async fn secrets(app: &App, events: &Events) -> Result<WebhookSecrets, EventTargetError> {
    if let Some(secrets) = &events.secrets {
        return Ok(secrets.clone());
    }
    // Boxed: the SDK's futures are large.
    let fetched = Box::pin(fetch_secret(app.aws(), events.secret_arn.as_deref())).await;
    let text = fetched.map_err(EventTargetError::Secret)?;
    let read = text.and_then(|text| WebhookSecrets::read(text.expose().trim()));
    read.ok_or_else(|| EventTargetError::Secret(format!("the secret must hold {}", WebhookSecrets::EXPECTS)))
}
