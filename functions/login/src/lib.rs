//! The function `login`: login by password or code, and reauthentication.

mod code_confirm;
mod code_request;
mod code_resend;
mod login;
mod reauthenticate;
mod reauthentication_code_confirm;
mod reauthentication_code_request;
mod reauthentication_code_resend;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/login",
            client: None,
            when: When::OwnAccounts,
            operations: login::OPERATIONS,
            needs: login::needs,
            decide: login::decide,
        },
        Endpoint {
            path: "auth/reauthenticate",
            client: None,
            when: When::Always,
            operations: reauthenticate::OPERATIONS,
            needs: reauthenticate::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/reauthenticate/code/request",
            client: None,
            when: When::OwnAccounts,
            operations: reauthentication_code_request::OPERATIONS,
            needs: reauthentication_code_request::needs,
            decide: reauthentication_code_request::decide,
        },
        Endpoint {
            path: "auth/reauthenticate/code/confirm",
            client: None,
            when: When::OwnAccounts,
            operations: reauthentication_code_confirm::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: reauthentication_code_confirm::decide,
        },
        Endpoint {
            path: "auth/reauthenticate/code/resend",
            client: None,
            when: When::OwnAccounts,
            operations: reauthentication_code_resend::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: reauthentication_code_resend::decide,
        },
        Endpoint {
            path: "auth/code/request",
            client: None,
            when: When::LoginByCode,
            operations: code_request::OPERATIONS,
            needs: code_request::needs,
            decide: code_request::decide,
        },
        Endpoint {
            path: "auth/code/confirm",
            client: None,
            when: When::Always,
            operations: code_confirm::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: code_confirm::decide,
        },
        Endpoint {
            path: "auth/code/resend",
            client: None,
            when: When::LoginByCode,
            operations: code_resend::OPERATIONS,
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
