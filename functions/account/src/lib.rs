//! The function `account`: what people do with their addresses, their phone number and their password.

mod email;
mod password_change;
mod phone;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "account/email",
            methods: &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: email::needs,
            decide: email::decide,
        },
        Endpoint {
            path: "account/phone",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: phone::needs,
            decide: phone::decide,
        },
        Endpoint {
            path: "account/password/change",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: password_change::needs,
            decide: password_change::decide,
        },
    ];
    Routes {
        name: "account",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
