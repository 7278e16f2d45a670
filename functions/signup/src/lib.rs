//! The function `signup`: sign-up by password or code.

mod signup;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[Endpoint {
        path: "auth/signup",
        client: None,
        when: When::OwnAccounts,
        operations: signup::OPERATIONS,
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
