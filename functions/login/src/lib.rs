//! The function `login`: login by password or code, and reauthentication.

mod code_confirm;
mod code_request;
mod login;
mod reauthenticate;
mod reauthentication_code_confirm;
mod reauthentication_code_request;
mod resend;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/login", login::OPERATIONS, login::decide)
            .when(When::OwnAccounts)
            .needs(login::needs),
        Endpoint::at("auth/reauthenticate", reauthenticate::OPERATIONS, reauthenticate::decide)
            .needs(reauthenticate::needs),
        Endpoint::at(
            "auth/reauthenticate/code/request",
            reauthentication_code_request::OPERATIONS,
            reauthentication_code_request::decide,
        )
        .when(When::OwnAccounts)
        .needs(reauthentication_code_request::needs),
        Endpoint::at(
            "auth/reauthenticate/code/confirm",
            reauthentication_code_confirm::OPERATIONS,
            reauthentication_code_confirm::decide,
        )
        .when(When::OwnAccounts),
        Endpoint::at("auth/reauthenticate/code/resend", resend::REAUTHENTICATION, resend::reauthentication)
            .when(When::OwnAccounts),
        Endpoint::at("auth/code/request", code_request::OPERATIONS, code_request::decide)
            .checking_bots(BotCheck::Posts)
            .when(When::LoginByCode)
            .needs(code_request::needs),
        Endpoint::at("auth/code/confirm", code_confirm::OPERATIONS, code_confirm::decide),
        Endpoint::at("auth/code/resend", resend::LOGIN, resend::login)
            .checking_bots(BotCheck::PendingPosts)
            .when(When::LoginByCode),
    ];
    Routes {
        name: "login",
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
