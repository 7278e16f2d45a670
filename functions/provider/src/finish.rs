//! How the browser's way to another service and back ends: on the page of the frontend that it began for.

use std::borrow::Cow;

use vestibule::domain::social::{AuthorizationRequest, Identity, Process};
use vestibule::flows::connect::SocialOutcome;
use vestibule::flows::social_login;
use vestibule::http::prelude::*;

use crate::landing::with_query;

/// What is wrong, as the frontend is told in `?error=`: allauth's `AuthError`, and what a login can be refused for.
pub(crate) const UNKNOWN: &str = "unknown";
pub(crate) const CANCELLED: &str = "cancelled";
/// The site's own hook gave no usable answer (RFC 6749, section 4.1.2.1).
const UNAVAILABLE: &str = "temporarily_unavailable";

/// Continues with the identity, then redirects to the page that started the login.
pub(crate) fn with_identity(
    visit: &mut Visit<'_>,
    journey: &AuthorizationRequest,
    identity: &Identity,
) -> Decision<Outcome> {
    Ok(match decide(visit, journey, identity) {
        Ok(None) => Outcome::Redirect(journey.callback_url.clone()),
        Ok(Some(error)) => with_error(visit, Some(journey), &error),
        Err(Stop::HookFailed) => Outcome::RedirectUnchanged(error_page(visit, Some(journey), UNAVAILABLE)),
        Err(stop) => return Err(stop),
    })
}

fn decide(
    visit: &mut Visit<'_>,
    journey: &AuthorizationRequest,
    identity: &Identity,
) -> Decision<Option<Cow<'static, str>>> {
    let connects = journey.process == Process::Connect;
    if connects && visit.user().map(|user| &user.id) != journey.account.as_ref() {
        return Ok(Some("permission_denied".into()));
    }
    let Some(app) = visit.settings().socialaccount.app(&journey.provider) else {
        return Ok(Some(UNKNOWN.into()));
    };
    let error = match social_login::complete(visit, app, identity, journey.process) {
        Ok(SocialOutcome::Done) => {
            let session = visit.session();
            let nothing =
                visit.user().is_none() && session.pending().is_none() && session.social_signup.is_none();
            // Whoever is not active gets no further, and is not told why.
            if !nothing {
                return Ok(None);
            }
            UNKNOWN.into()
        }
        Ok(SocialOutcome::SignupClosed) => "signup_closed".into(),
        Ok(SocialOutcome::NotLoggedIn) => "permission_denied".into(),
        Err(Stop::ReauthenticationRequired) => "reauthentication_required".into(),
        Err(Stop::Invalid(errors)) => {
            errors.as_slice().first().map_or(UNKNOWN.into(), |error| error.kind.code().to_owned().into())
        }
        Err(Stop::RateLimited | Stop::Conflict | Stop::Outdated | Stop::Forbidden | Stop::Unauthorized) => {
            UNKNOWN.into()
        }
        Err(stop) => return Err(stop),
    };
    Ok(Some(error))
}

/// Redirects to the page that started the login, or to the one for errors where it is not known which that was, and
/// says there what is wrong.
pub(crate) fn with_error(visit: &Visit<'_>, journey: Option<&AuthorizationRequest>, error: &str) -> Outcome {
    Outcome::Redirect(error_page(visit, journey, error))
}

fn error_page(visit: &Visit<'_>, journey: Option<&AuthorizationRequest>, error: &str) -> String {
    let page = match journey {
        Some(journey) => journey.callback_url.clone(),
        None => visit.login_error_link(),
    };
    let process = journey.map_or(Process::Login, |journey| journey.process).name();
    with_query(&page, &[("error", error), ("error_process", process)])
}
