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

use vestibule::http::prelude::*;

pub use ceremony::{AcceptedRegistration, Assertion, CeremonyFault, Expected, Party, authenticate};

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/webauthn/authenticate", authenticate::OPERATIONS, authenticate::decide)
            .when(When::Webauthn)
            .needs(assertion::needs),
        Endpoint::at("auth/webauthn/reauthenticate", reauthenticate::OPERATIONS, reauthenticate::decide)
            .when(When::Webauthn)
            .needs(assertion::needs),
        Endpoint::at("auth/webauthn/login", login::OPERATIONS, login::decide)
            .when(When::PasskeyLogin)
            .needs(login::needs),
        Endpoint::at("auth/webauthn/signup", signup::OPERATIONS, signup::decide)
            .checking_bots(BotCheck::Posts)
            .when(When::PasskeySignup)
            .needs(signup::needs),
        Endpoint::at("account/authenticators/webauthn", manage::OPERATIONS, manage::decide)
            .when(When::Webauthn)
            .needs(manage::needs),
    ];
    Routes {
        name: "webauthn",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        sets_passwords: false,
        outside: None,
        hook: Some(vestibule::outside::hook::client),
        captcha: Some(vestibule::outside::captcha::client),
    }
}
