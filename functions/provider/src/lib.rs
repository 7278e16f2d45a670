//! The function `provider`: social login, sign-up and connecting of provider accounts.

pub mod engine;
pub mod landing;
pub mod providers;

mod accounts;
mod callback;
mod dummy;
mod finish;
mod outside;
mod redirect;
mod signup;
mod token;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/provider/redirect", redirect::OPERATIONS, redirect::decide)
            .when(When::Socialaccount),
        Endpoint::at("auth/provider/token", token::OPERATIONS, token::decide).when(When::Socialaccount),
        Endpoint::at("auth/provider/signup", signup::OPERATIONS, signup::decide)
            .checking_bots(BotCheck::Posts)
            .when(When::Socialaccount),
        Endpoint::at("account/providers", accounts::OPERATIONS, accounts::decide).when(When::Socialaccount),
        Endpoint::at("/accounts/dummy/authenticate/", dummy::OPERATIONS, dummy::decide)
            .when(When::DummyProvider),
        Endpoint::at("/accounts/{provider}/login/callback/", callback::OPERATIONS, callback::decide)
            .when(When::Socialaccount),
        Endpoint::at("/accounts/{prefix}/{provider}/login/callback/", callback::PREFIXED, callback::decide)
            .when(When::Socialaccount),
    ];
    Routes {
        name: "provider",
        endpoints: ENDPOINTS,
        uses_table: true,
        uses_secret_key: true,
        documents: &[],
        sets_passwords: false,
        outside: Some(outside::make),
        hook: Some(vestibule::outside::hook::client),
        captcha: Some(vestibule::outside::captcha::client),
    }
}
