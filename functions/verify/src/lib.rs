//! The function `verify`: verification of email addresses and phone numbers.

mod email;
mod phone;
mod resend;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("auth/email/verify", email::OPERATIONS, email::decide)
            .when(When::OwnAccounts)
            .needs(email::needs),
        Endpoint::at("auth/email/verify/resend", resend::EMAIL, resend::email)
            .checking_bots(BotCheck::PendingPosts)
            .when(When::OwnAccounts),
        Endpoint::at("auth/phone/verify", phone::OPERATIONS, phone::decide).when(When::OwnAccounts),
        Endpoint::at("auth/phone/verify/resend", resend::PHONE, resend::phone)
            .checking_bots(BotCheck::PendingPosts)
            .when(When::OwnAccounts),
    ];
    Routes {
        name: "verify",
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
