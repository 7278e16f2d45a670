//! `auth/reauthenticate`: POST.

use vestibule::domain::session;
use vestibule::flows::reauthenticate;
use vestibule::http::prelude::*;
use vestibule::secret::Secret;
use vestibule::settings::Action;

/// The one password that is not stripped.
const PASSWORD: Field = Field::text("password", Text::VERBATIM, "The password.");
const FIELDS: &[Field] = &[PASSWORD];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "reauthenticate",
    summary: "Reauthenticate with the password",
    text: "Completes the reauthentication that a 401 response asks for. Requires an authenticated session.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Reauthenticated."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::new(403, "This method of reauthentication is not enabled."),
        ResponseSpec::too_many_requests("Rate limit exceeded."),
    ],
}];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let user = call.visitor.account();
    Visit::counters(context.settings, Action::Reauthenticate, &call.visitor, user, "")
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    reauthenticate::require_enabled(visit, session::Method::Password)?;
    if !call.is_forgeable() {
        visit.limit(Action::Reauthenticate, "")?;
    }
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, visit.settings());
        let password = form.text(&PASSWORD);
        form.finish()?;
        let password = Secret::new(password.unwrap_or_default());
        reauthenticate::check_password(visit, &user, &password)
    })?;
    call.posted(input)?;
    reauthenticate::record_password(visit, &user);
    Ok(present::authentication(visit).into())
}
