//! The function `signup`: making an account.

pub mod signup;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[Endpoint {
        path: "auth/signup",
        methods: &[Method::POST],
        enabled: |settings, _| !settings.socialaccount.only,
        needs: signup::needs,
        decide: signup::decide,
    }];
    Routes {
        name: "signup",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
