//! The function `mfa`: TOTP and recovery codes, trusted browsers, and management of authenticators, except WebAuthn
//! credentials (`webauthn`).

mod authenticate;
mod authenticators;
mod code;
mod reauthenticate;
mod recovery_codes;
mod totp;
mod trust;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/2fa/authenticate", authenticate::OPERATIONS, authenticate::decide)
            .when(When::Mfa)
            .needs(authenticate::needs),
        Endpoint::at("auth/2fa/reauthenticate", reauthenticate::OPERATIONS, reauthenticate::decide)
            .when(When::Mfa)
            .needs(reauthenticate::needs),
        Endpoint::at("auth/2fa/trust", trust::OPERATIONS, trust::decide)
            .when(When::MfaTrust)
            .only_for(ClientKind::Browser),
        Endpoint::at("account/authenticators", authenticators::OPERATIONS, authenticators::decide)
            .when(When::Mfa),
        Endpoint::at("account/authenticators/totp", totp::OPERATIONS, totp::decide)
            .when(When::Totp)
            .needs(totp::needs),
        Endpoint::at(
            "account/authenticators/recovery-codes",
            recovery_codes::OPERATIONS,
            recovery_codes::decide,
        )
        .when(When::RecoveryCodes),
    ];
    Routes {
        name: "mfa",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        sets_passwords: false,
        outside: None,
        hook: Some(vestibule::outside::hook::client),
        captcha: None,
    }
}
