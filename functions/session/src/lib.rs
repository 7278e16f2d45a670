//! The function `session`: authentication status, logout, the list of sessions, and refresh of access tokens.

mod discovery;
mod refresh;
mod session;
mod sessions;

use vestibule::flows::visit::Client;
use vestibule::http::{Document, Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/session",
            client: None,
            when: When::Always,
            operations: session::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: session::decide,
        },
        Endpoint {
            path: "auth/sessions",
            client: None,
            when: When::Usersessions,
            operations: sessions::OPERATIONS,
            needs: sessions::needs,
            decide: sessions::decide,
        },
        Endpoint {
            path: "tokens/refresh",
            client: Some(Client::App),
            when: When::Always,
            operations: refresh::OPERATIONS,
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
