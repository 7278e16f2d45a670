//! The function `session`: who is logged in, logging out, and the list of one's sessions.

mod session;
mod sessions;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

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
    ];
    Routes { name: "session", endpoints: ENDPOINTS, uses_table: true, uses_secret_key: false, outside: None }
}
