//! The function `session`: authentication status, logout, the list of sessions, and refresh of access tokens.

mod discovery;
mod refresh;
mod session;
mod sessions;

use vestibule::http::Document;
use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/session", session::OPERATIONS, session::decide),
        Endpoint::at("auth/sessions", sessions::OPERATIONS, sessions::decide)
            .when(When::Usersessions)
            .needs(sessions::needs),
        Endpoint::at("tokens/refresh", refresh::OPERATIONS, refresh::decide)
            .only_for(ClientKind::App)
            .needs(refresh::needs),
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
        sets_passwords: false,
        outside: None,
        hook: None,
        captcha: None,
    }
}
