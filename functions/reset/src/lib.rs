//! The function `reset`: setting a new password without the old one.

mod request;
mod reset;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/password/request",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: request::needs,
            decide: request::decide,
        },
        Endpoint {
            path: "auth/password/reset",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: reset::needs,
            decide: reset::decide,
        },
    ];
    Routes {
        name: "reset",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
