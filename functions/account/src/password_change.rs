//! `account/password/change`: POST. Who has no password sets one, without a current one.

use vestibule::domain::account::Account;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::{password_change, reauthenticate};
use vestibule::http::prelude::*;
use vestibule::password_rules::{self, Attributes};
use vestibule::secret::Secret;
use vestibule::settings::Action;

const CURRENT: Field =
    Field::text("current_password", Text::PLAIN, "The current password; required if the account has one.")
        .optional();
const NEW: Field = Field::text("new_password", Text::PLAIN, "The new password.");
const FIELDS: &[Field] = &[CURRENT, NEW];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "changePassword",
    summary: "Change the password",
    text: "Sets a first password if the account has none; `current_password` is then omitted. Ends the \
           account's other sessions.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Password changed."),
        ResponseSpec::unauthenticated(
            "Not authenticated, or the change has ended this session \
         (`ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE`).",
        ),
        ResponseSpec::REAUTHENTICATION_REQUIRED,
        ResponseSpec::too_many_requests("Rate limit exceeded."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    if call.is_get() {
        return Vec::new();
    }
    let user = call.visitor.account();
    Visit::counters(context.settings, Action::ChangePassword, &call.visitor, user, "")
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    if !call.is_forgeable() {
        visit.limit(Action::ChangePassword, "")?;
    }
    if user.password.is_none() {
        reauthenticate::require_for_first(visit, visit.settings().account.reauthentication_required)?;
    }
    let input = call.input(|object| read(visit, &user, object))?;
    let (password, had_one) = call.posted(input)?;
    password_change::change(visit, &password, had_one)?;
    Ok(present::authentication(visit).into())
}

fn read(visit: &Visit<'_>, user: &Account, object: &Object) -> Decision<(Secret, bool)> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let current = form.text(&CURRENT.required_if(user.password.is_some()));
    let current = current.filter(|password| !password.is_empty()).map(Secret::new);
    if let Some(password) = &current
        && !password_change::is_current(visit, user, password)
    {
        form.refuse("current_password", FieldErrorKind::EnterCurrentPassword);
    }
    let new = form.text(&NEW);
    if let Some(new) = &new {
        let attributes = Attributes::of(user);
        for refusal in password_rules::check(new, &visit.settings().password_rules(), Some(&attributes)) {
            form.refuse("new_password", refusal);
        }
    }
    form.finish()?;
    Ok((Secret::new(new.unwrap_or_default()), current.is_some()))
}
