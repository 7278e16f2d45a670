//! The function `config`: what clients are told about how the service is set up. It has no access to the table, so it
//! does not notice a stale session token. It also answers for paths that no function has.

mod config;

use lambda_http::http::Method;
use vestibule::http::{Endpoint, Routes};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[Endpoint {
        path: "config",
        methods: &[Method::GET],
        enabled: |_, _| true,
        needs: |_, _| Vec::new(),
        decide: config::decide,
    }];
    Routes {
        name: "config",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: false,
        uses_secret_key: false,
        outside: None,
    }
}
