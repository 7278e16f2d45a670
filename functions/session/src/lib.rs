//! The function `session`: who is logged in, logging out, the list of one's sessions, and tokens for other services.

mod discovery;
mod refresh;
mod session;
mod sessions;

use lambda_http::http::Method;
use vestibule::flows::visit::Client;
use vestibule::http::{Document, Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/session",
            methods: &[Method::GET, Method::DELETE],
            enabled: |_, _| true,
            needs: |_, _| Vec::new(),
            decide: session::decide,
        },
        Endpoint {
            path: "auth/sessions",
            methods: &[Method::GET, Method::DELETE],
            enabled: |settings, _| settings.apps.usersessions,
            needs: sessions::needs,
            decide: sessions::decide,
        },
        Endpoint {
            path: "tokens/refresh",
            methods: &[Method::POST],
            enabled: |_, client| client == Client::App,
            needs: refresh::needs,
            decide: refresh::decide,
        },
    ];
    const DOCUMENTS: &[Document] = &[
        Document { path: "/.well-known/jwks.json", write: discovery::keys },
        Document { path: "/.well-known/openid-configuration", write: discovery::configuration },
    ];
    Routes {
        name: "session",
        endpoints: ENDPOINTS,
        documents: DOCUMENTS,
        uses_table: true,
        uses_secret_key: false,
        outside: None,
    }
}
