//! The function `mfa`: second factors by code, trusted browsers, and what people do with their authenticators. What
//! security keys and passkeys do is the business of `webauthn`.

mod authenticate;
mod authenticators;
mod code;
mod reauthenticate;
mod recovery_codes;
mod totp;
mod trust;

use lambda_http::http::Method;
use vestibule::domain::authenticator::AuthenticatorType;
use vestibule::flows::visit::Client;
use vestibule::http::{Endpoint, Routes};
use vestibule::settings::Settings;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/2fa/authenticate",
            methods: &[Method::POST],
            enabled: |settings, _| settings.apps.mfa,
            needs: authenticate::needs,
            decide: authenticate::decide,
        },
        Endpoint {
            path: "auth/2fa/reauthenticate",
            methods: &[Method::POST],
            enabled: |settings, _| settings.apps.mfa,
            needs: reauthenticate::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/2fa/trust",
            methods: &[Method::POST],
            enabled: |settings, client| {
                vestibule::flows::trust::is_enabled(settings) && client == Client::Browser
            },
            needs: |_, _| Vec::new(),
            decide: trust::decide,
        },
        Endpoint {
            path: "account/authenticators",
            methods: &[Method::GET],
            enabled: |settings, _| settings.apps.mfa,
            needs: |_, _| Vec::new(),
            decide: authenticators::decide,
        },
        Endpoint {
            path: "account/authenticators/totp",
            methods: &[Method::GET, Method::POST, Method::DELETE],
            enabled: |settings, _| supports(settings, AuthenticatorType::Totp),
            needs: totp::needs,
            decide: totp::decide,
        },
        Endpoint {
            path: "account/authenticators/recovery-codes",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| supports(settings, AuthenticatorType::RecoveryCodes),
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

fn supports(settings: &Settings, kind: AuthenticatorType) -> bool {
    settings.apps.mfa && settings.mfa.supported_types.contains(&kind)
}
