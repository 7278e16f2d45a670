//! How the browser's way to another service and back ends: on the page of the frontend that it began for.

use vestibule::domain::social::{AuthorizationRequest, Identity, Process};
use vestibule::flows::connect::SocialOutcome;
use vestibule::flows::social_login;
use vestibule::http::prelude::*;

use crate::landing::with_query;

/// What is wrong, as the frontend is told in `?error=`: allauth's `AuthError`, and what a login can be refused for.
pub(crate) const UNKNOWN: &str = "unknown";
pub(crate) const CANCELLED: &str = "cancelled";

/// Continues with the identity, then redirects to the page that started the login.
pub(crate) fn with_identity(
    visit: &mut Visit<'_>,
    journey: &AuthorizationRequest,
    identity: &Identity,
) -> Decision<Outcome> {
    Ok(match decide(visit, journey, identity)? {
        None => Outcome::Redirect(journey.callback_url.clone()),
        Some(error) => with_error(visit, Some(journey), error),
    })
}

fn decide(
    visit: &mut Visit<'_>,
    journey: &AuthorizationRequest,
    identity: &Identity,
) -> Decision<Option<&'static str>> {
    let connects = journey.process == Process::Connect;
    if connects && visit.user().map(|user| &user.id) != journey.account.as_ref() {
        return Ok(Some("permission_denied"));
    }
    let Some(app) = visit.settings().socialaccount.app(&journey.provider) else { return Ok(Some(UNKNOWN)) };
    match social_login::complete(visit, app, identity, journey.process) {
        Ok(SocialOutcome::Done) => {
            let session = visit.session();
            let nothing =
                visit.user().is_none() && session.pending().is_none() && session.social_signup.is_none();
            // Whoever is not active gets no further, and is not told why.
            Ok(nothing.then_some(UNKNOWN))
        }
        Ok(SocialOutcome::SignupClosed) => Ok(Some("signup_closed")),
        Ok(SocialOutcome::NotLoggedIn) => Ok(Some("permission_denied")),
        Err(Stop::ReauthenticationRequired) => Ok(Some("reauthentication_required")),
        Err(Stop::Invalid(errors)) => {
            Ok(Some(errors.as_slice().first().map_or(UNKNOWN, |error| error.kind.code())))
        }
        Err(Stop::RateLimited | Stop::Conflict | Stop::Forbidden | Stop::Unauthorized) => Ok(Some(UNKNOWN)),
        Err(stop) => Err(stop),
    }
}

/// Redirects to the page that started the login, or to the one for errors where it is not known which that was, and
/// says there what is wrong.
pub(crate) fn with_error(visit: &Visit<'_>, journey: Option<&AuthorizationRequest>, error: &str) -> Outcome {
    let page = match journey {
        Some(journey) => journey.callback_url.clone(),
        None => visit.login_error_link(),
    };
    let process = journey.map_or(Process::Login, |journey| journey.process).name();
    Outcome::Redirect(with_query(&page, &[("error", error), ("error_process", process)]))
}
