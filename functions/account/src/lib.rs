//! The function `account`: management of email addresses, phone number and password; deletion and export of the
//! account.

mod deletion;
mod email;
mod export;
mod password_change;
mod phone;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "account/email",
            client: None,
            when: When::OwnAccounts,
            operations: email::OPERATIONS,
            needs: email::needs,
            decide: email::decide,
        },
        Endpoint {
            path: "account/phone",
            client: None,
            when: When::OwnAccounts,
            operations: phone::OPERATIONS,
            needs: phone::needs,
            decide: phone::decide,
        },
        Endpoint {
            path: "account/password/change",
            client: None,
            when: When::OwnAccounts,
            operations: password_change::OPERATIONS,
            needs: password_change::needs,
            decide: password_change::decide,
        },
        Endpoint {
            path: "account",
            client: None,
            when: When::Deletion,
            operations: deletion::OPERATIONS,
            needs: deletion::needs,
            decide: deletion::decide,
        },
        Endpoint {
            path: "account/export",
            client: None,
            when: When::Export,
            operations: export::OPERATIONS,
            needs: export::needs,
            decide: export::decide,
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
