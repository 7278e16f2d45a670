//! The function `verify`: verification of email addresses and phone numbers.

mod email;
mod email_resend;
mod phone;
mod phone_resend;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/email/verify",
            client: None,
            when: When::OwnAccounts,
            operations: email::OPERATIONS,
            needs: email::needs,
            decide: email::decide,
        },
        Endpoint {
            path: "auth/email/verify/resend",
            client: None,
            when: When::OwnAccounts,
            operations: email_resend::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: email_resend::decide,
        },
        Endpoint {
            path: "auth/phone/verify",
            client: None,
            when: When::OwnAccounts,
            operations: phone::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: phone::decide,
        },
        Endpoint {
            path: "auth/phone/verify/resend",
            client: None,
            when: When::OwnAccounts,
            operations: phone_resend::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: phone_resend::decide,
        },
    ];
    Routes {
        name: "verify",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
