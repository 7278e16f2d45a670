//! The function `reset`: password reset by link or code.

mod request;
mod reset;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/password/request", request::OPERATIONS, request::decide)
            .checking_bots(BotCheck::Posts)
            .when(When::OwnAccounts)
            .needs(request::needs),
        Endpoint::at("auth/password/reset", reset::OPERATIONS, reset::decide)
            .when(When::OwnAccounts)
            .needs(reset::needs),
    ];
    Routes {
        name: "reset",
        endpoints: ENDPOINTS,
        documents: &[],
        uses_table: true,
        uses_secret_key: true,
        sets_passwords: true,
        outside: None,
        hook: Some(vestibule::outside::hook::client),
        captcha: Some(vestibule::outside::captcha::client),
    }
}
