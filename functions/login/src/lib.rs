//! The function `login`: logging in with a password or a code, and proving again who one is.

mod code_confirm;
mod code_request;
mod code_resend;
mod login;
mod reauthenticate;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/login",
            methods: &[Method::POST],
            enabled: |settings, _| !settings.socialaccount.only,
            needs: login::needs,
            decide: login::decide,
        },
        Endpoint {
            path: "auth/reauthenticate",
            methods: &[Method::POST],
            enabled: |_, _| true,
            needs: reauthenticate::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/code/request",
            methods: &[Method::POST],
            enabled: |settings, _| settings.account.login_by_code_enabled,
            needs: code_request::needs,
            decide: code_request::decide,
        },
        Endpoint {
            path: "auth/code/confirm",
            methods: &[Method::POST],
            enabled: |_, _| true,
            needs: |_, _| Vec::new(),
            decide: code_confirm::decide,
        },
        Endpoint {
            path: "auth/code/resend",
            methods: &[Method::POST],
            enabled: |settings, _| settings.account.login_by_code_enabled,
            needs: |_, _| Vec::new(),
            decide: code_resend::decide,
        },
    ];
    Routes {
        name: "login",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
