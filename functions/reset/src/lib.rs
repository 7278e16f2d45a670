//! The function `reset`: password reset by link or code.

mod request;
mod reset;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/password/request",
            client: None,
            when: When::OwnAccounts,
            operations: request::OPERATIONS,
            needs: request::needs,
            decide: request::decide,
        },
        Endpoint {
            path: "auth/password/reset",
            client: None,
            when: When::OwnAccounts,
            operations: reset::OPERATIONS,
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
