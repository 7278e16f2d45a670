//! An API of your own with axum, guarded by Vestibule's access tokens and sessions: `docs/guarding.md` explains.
//!
//! ```sh
//! ISSUER=https://auth.example.com ORIGINS=https://app.example.com cargo run
//! ```

#![expect(clippy::disallowed_methods, reason = "an example has no clock but the system's")]

mod refusal;
mod session;
mod token;
mod vestibule;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::refusal::Refusal;
use crate::session::Sessions;
use crate::token::Keys;
use crate::vestibule::Vestibule;

struct Guard {
    keys: Keys,
    sessions: Sessions,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = std::env::var("ISSUER").map_err(|_| "ISSUER must be Vestibule's URL")?;
    let vestibule = Vestibule::new(&issuer)?;
    let guard = Guard {
        keys: Keys::new(
            vestibule.clone(),
            issuer,
            variable("AUDIENCE", "vestibule"),
            seconds("PAUSE_SECONDS", "30")?,
        ),
        sessions: Sessions::new(vestibule, variable("ORIGINS", ""), seconds("SESSION_SECONDS", "10")?),
    };
    let app = Router::new()
        .route("/by-token", get(by_token))
        .route("/by-session", get(by_session).post(by_session))
        .with_state(Arc::new(guard));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", variable("PORT", "8080"))).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn by_token(State(guard): State<Arc<Guard>>, headers: HeaderMap) -> Result<Response, Refusal> {
    Ok(greet(&guard.keys.account(&headers).await?))
}

async fn by_session(
    State(guard): State<Arc<Guard>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Ok(greet(&guard.sessions.account(&method, &headers).await?))
}

fn greet(account: &str) -> Response {
    Json(json!({"hello": account})).into_response()
}

fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

fn seconds(name: &str, otherwise: &str) -> Result<Duration, Box<dyn std::error::Error>> {
    Ok(Duration::try_from_secs_f64(variable(name, otherwise).parse()?)?)
}
