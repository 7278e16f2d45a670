//! The function `webauthn`: passkeys and security keys.
//!
//! The ceremonies themselves are in [`ceremony`]; the rest is what they prove.

mod assertion;
mod authenticate;
mod ceremony;
mod challenge;
mod login;
mod manage;
mod reauthenticate;
mod registration;
mod signup;

use lambda_http::http::Method;
use vestibule::domain::authenticator::AuthenticatorType;
use vestibule::http::{Endpoint, Routes};
use vestibule::settings::Settings;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint {
            path: "auth/webauthn/authenticate",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| has_keys(settings),
            needs: assertion::needs,
            decide: authenticate::decide,
        },
        Endpoint {
            path: "auth/webauthn/reauthenticate",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| has_keys(settings),
            needs: assertion::needs,
            decide: reauthenticate::decide,
        },
        Endpoint {
            path: "auth/webauthn/login",
            methods: &[Method::GET, Method::POST],
            enabled: |settings, _| has_keys(settings) && settings.mfa.passkey_login_enabled,
            needs: login::needs,
            decide: login::decide,
        },
        Endpoint {
            path: "auth/webauthn/signup",
            methods: &[Method::GET, Method::POST, Method::PUT],
            enabled: |settings, _| has_keys(settings) && settings.mfa.passkey_signup_enabled,
            needs: signup::needs,
            decide: signup::decide,
        },
        Endpoint {
            path: "account/authenticators/webauthn",
            methods: &[Method::GET, Method::POST, Method::PUT, Method::DELETE],
            enabled: |settings, _| has_keys(settings),
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

fn has_keys(settings: &Settings) -> bool {
    settings.apps.mfa && settings.mfa.supported_types.contains(&AuthenticatorType::WebAuthn)
}
