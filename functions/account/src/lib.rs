//! The function `account`: management of email addresses, phone number, password and profile; deletion, export and history
//! of the account.

mod deletion;
mod email;
mod export;
mod history;
mod password_change;
mod phone;
mod profile;

use vestibule::http::prelude::*;

/// The endpoints of this function.
pub const fn routes() -> Routes {
    const ENDPOINTS: &[Endpoint] = &[
        Endpoint::at("account/email", email::OPERATIONS, email::decide)
            .checking_bots(BotCheck::PendingPosts)
            .when(When::OwnAccounts)
            .needs(email::needs),
        Endpoint::at("account/phone", phone::OPERATIONS, phone::decide)
            .checking_bots(BotCheck::PendingPosts)
            .when(When::OwnAccounts)
            .needs(phone::needs),
        Endpoint::at("account/password/change", password_change::OPERATIONS, password_change::decide)
            .when(When::OwnAccounts)
            .needs(password_change::needs),
        Endpoint::at("account/profile", profile::OPERATIONS, profile::decide).when(When::Profile),
        Endpoint::at("account", deletion::OPERATIONS, deletion::decide)
            .when(When::Deletion)
            .needs(deletion::needs),
        Endpoint::at("account/export", export::OPERATIONS, export::decide)
            .when(When::Export)
            .needs(export::needs),
        Endpoint::at("account/history", history::OPERATIONS, history::decide)
            .when(When::History)
            .needs(history::needs),
    ];
    Routes {
        name: "account",
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
