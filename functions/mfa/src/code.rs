//! The code in a request: a TOTP code, or a recovery code.

use vestibule::domain::account::Account;
use vestibule::domain::token::SessionToken;
use vestibule::flows::authenticators;
use vestibule::flows::stages::mfa;
use vestibule::flows::visit::{Context, Decision, Visit};
use vestibule::http::call::ApiRequest;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Field, Form, Text};

use vestibule::snapshot::Need;

const CODE: Field = Field::text("code", Text::PLAIN, "A code of the authenticator app, or a recovery code.");
pub(crate) const FIELDS: &[Field] = &[CODE];

/// What checking a code takes, as far as the session's token tells.
pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.token.as_ref().and_then(SessionToken::account);
    match account.filter(|_| !call.is_get()) {
        Some(account) => authenticators::counters(context.settings, &call.visitor, account),
        None => Vec::new(),
    }
}

/// The authenticator whose code was given; the code is used up.
pub(crate) fn check(visit: &mut Visit<'_>, account: &Account, object: &Object) -> Decision<i64> {
    mfa::check_code(visit, account, &read(visit, object)?)
}

/// The code.
pub(crate) fn read(visit: &Visit<'_>, object: &Object) -> Decision<String> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let code = form.text(&CODE);
    form.finish()?;
    Ok(code.unwrap_or_default())
}
