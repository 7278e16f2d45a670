//! The function `webauthn`: registration and authentication with security keys and passkeys.
//!
//! The ceremonies themselves are in `ceremony`; the rest is what they prove.

mod assertion;
mod authenticate;
mod ceremony;
mod challenge;
mod login;
mod manage;
mod reauthenticate;
mod registration;
mod signup;

use vestibule::http::{Endpoint, Routes};
use vestibule::settings::When;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/webauthn/authenticate",
            client: None,
            when: When::Webauthn,
            operations: authenticate::OPERATIONS,
            needs: assertion::needs,
            decide: authenticate::decide,
        },
        Endpoint {
            path: "auth/webauthn/reauthenticate",
            client: None,
            when: When::Webauthn,
            operations: reauthenticate::OPERATIONS,
            needs: assertion::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/webauthn/login",
            client: None,
            when: When::PasskeyLogin,
            operations: login::OPERATIONS,
            needs: login::needs,
            decide: login::decide,
        },
        Endpoint {
            path: "auth/webauthn/signup",
            client: None,
            when: When::PasskeySignup,
            operations: signup::OPERATIONS,
            needs: signup::needs,
            decide: signup::decide,
        },
        Endpoint {
            path: "account/authenticators/webauthn",
            client: None,
            when: When::Webauthn,
            operations: manage::OPERATIONS,
            needs: manage::needs,
            decide: manage::decide,
        },
    ];
    Routes {
        name: "webauthn",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        outside: None,
    }
}
