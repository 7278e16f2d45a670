//! The function `signup`: sign-up by password or code.

mod signup;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[Endpoint::at("auth/signup", signup::OPERATIONS, signup::decide)
        .checking_bots(BotCheck::Posts)
        .when(When::OwnAccounts)
        .needs(signup::needs)];
    Routes {
        name: "signup",
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
