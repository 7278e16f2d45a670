//! `auth/password/request`: POST.

use vestibule::domain::message::Recipient;
use vestibule::flows::password_reset;
use vestibule::http::prelude::*;
use vestibule::settings::{Action, Settings};

const EMAIL: Field = Field::text("email", Text::EMAIL, "An email address of the account.");
const FIELDS: &[Field] = &[EMAIL];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "requestPasswordReset",
    summary: "Request a password reset",
    text: "Sends a link or a code by mail. The response does not reveal whether the account exists.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::ok("Link sent."),
        ResponseSpec::unauthenticated("Code sent; the flow `password_reset_by_code` is pending.")
            .when(When::PasswordResetByCode),
        ResponseSpec::authenticated(
            "Code sent, and the flow `password_reset_by_code` is pending; the session \
         is already authenticated.",
        )
        .when(When::PasswordResetByCode),
        ResponseSpec::too_many_requests("Rate limit exceeded."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let settings = context.settings;
    let Some(email) = call.object().ok().and_then(|object| read(&object, settings).ok()) else {
        return Vec::new();
    };
    let mut needs = Visit::counters(settings, Action::ResetPassword, &call.visitor, None, &email);
    needs.extend(Visit::mail_counters(context, &call.visitor, &email));
    needs.push(Need::Owners(Recipient::Email(email)));
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let input = call.input(|object| {
        let email = read(object, visit.settings())?;
        let accounts = password_reset::find_accounts(visit, &email)?;
        Ok((email, accounts))
    })?;
    let (email, accounts) = call.posted(input)?;
    visit.limit(Action::ResetPassword, &email)?;
    password_reset::request(visit, &email, &accounts)?;
    if visit.settings().account.password_reset_by_code_enabled {
        Ok(present::authentication(visit).into())
    } else {
        Ok(Reply::status(StatusCode::OK).into())
    }
}

fn read(object: &Object, settings: &Settings) -> Decision<String> {
    let mut form = Form::new(FIELDS, object, settings);
    let email = form.text(&EMAIL);
    form.finish()?;
    Ok(email.unwrap_or_default())
}
