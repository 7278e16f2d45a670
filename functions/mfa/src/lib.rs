//! The function `mfa`: TOTP and recovery codes, trusted browsers, and management of authenticators, except WebAuthn
//! credentials (`webauthn`).

mod authenticate;
mod authenticators;
mod code;
mod reauthenticate;
mod recovery_codes;
mod totp;
mod trust;

use vestibule::flows::visit::Client;
use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/2fa/authenticate",
            client: None,
            when: When::Mfa,
            operations: authenticate::OPERATIONS,
            needs: authenticate::needs,
            decide: authenticate::decide,
        },
        Endpoint {
            path: "auth/2fa/reauthenticate",
            client: None,
            when: When::Mfa,
            operations: reauthenticate::OPERATIONS,
            needs: reauthenticate::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/2fa/trust",
            client: Some(Client::Browser),
            when: When::MfaTrust,
            operations: trust::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: trust::decide,
        },
        Endpoint {
            path: "account/authenticators",
            client: None,
            when: When::Mfa,
            operations: authenticators::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: authenticators::decide,
        },
        Endpoint {
            path: "account/authenticators/totp",
            client: None,
            when: When::Totp,
            operations: totp::OPERATIONS,
            needs: totp::needs,
            decide: totp::decide,
        },
        Endpoint {
            path: "account/authenticators/recovery-codes",
            client: None,
            when: When::RecoveryCodes,
            operations: recovery_codes::OPERATIONS,
            needs: |_, _| Vec::new(),
            decide: recovery_codes::decide,
        },
    ];
    Routes {
        name: "mfa",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
