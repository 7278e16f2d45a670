//! `/accounts/<provider>/login/callback/` and, for services of OpenID Connect, `/accounts/oidc/<app>/login/callback/`: GET,
//! by a browser that comes back from the service; POST, where the service makes the browser submit a form.

use serde_json::{Map, Value, json};
use vestibule::domain::social::{
    Asked, AuthorizationRequest, CallbackParameters, ProviderRequest, ProviderResponse,
};
use vestibule::flows::journey;
use vestibule::http::language;
use vestibule::http::prelude::*;
use vestibule::secret::Secret;
use vestibule::settings::{OPENID_CONNECT, ProviderApp, SameSite, Settings, known_provider};

use crate::engine::ProviderError;
use crate::providers::code_parameter;
use crate::{finish, landing};

/// What services send a browser back with that we read, beside the code.
const PARAMETERS: &[&str] = &["state", "error", "user", "device_id", "iss"];
/// The errors that mean that the user has cancelled: RFC 6749, and the words of one service.
const CANCELLED: &[&str] = &["access_denied", "user_cancelled_login", "user_cancelled_authorize"];
/// Says that a browser was sent here by a page of ours.
const FROM_HERE: &str = "_redir";

const BROUGHT: &[Parameter] = &[
    Parameter::Query("state", "The `state` of the authorization request."),
    Parameter::Query("code", "The authorization code."),
    Parameter::Query("error", "The error code of the authorization response (RFC 6749, section 4.1.2.1)."),
];
const SUBMITTED: &[Field] = &[
    Field::text("state", Text::PLAIN, "The `state` of the authorization request.").optional(),
    Field::text("code", Text::PLAIN, "The authorization code.").optional(),
    Field::text(
        "error",
        Text::PLAIN,
        "The error code of the authorization response (RFC 6749, section 4.1.2.1).",
    )
    .optional(),
];
const BACK: &[ResponseSpec] = &[
    ResponseSpec::page(
        200,
        "A page that repeats the request from this site, so that the browser sends its `SameSite` cookies.",
    ),
    ResponseSpec::empty(
        302,
        "Redirect to the frontend, with the outcome; or, for a form post, to this URL with the parameters \
         in the query.",
    ),
    ResponseSpec::page(404, "The provider is unknown."),
];

/// Not for clients: services send browsers here.
pub(crate) const OPERATIONS: &[Operation] = &[
    operation(Method::GET, "oauthCallback", BROUGHT, Body::None),
    operation(Method::POST, "oauthCallbackFormPost", &[], Body::Form(SUBMITTED)),
];
/// The same, where the path has `SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX` in it.
pub(crate) const PREFIXED: &[Operation] = &[
    operation(Method::GET, "oidcCallback", BROUGHT, Body::None),
    operation(Method::POST, "oidcCallbackFormPost", &[], Body::Form(SUBMITTED)),
];

const fn operation(
    method: Method,
    id: &'static str,
    parameters: &'static [Parameter],
    body: Body,
) -> Operation {
    let summary = "Redirection endpoint of a provider";
    Operation {
        method,
        id,
        summary,
        text: "Providers redirect browsers here with the authorization \
     response (RFC 6749, section 3.1.2). Clients do not call it.",
        parameters,
        body,
        answers: BACK,
    }
}

/// The path where a service sends browsers back to.
pub(crate) fn path(settings: &Settings, app: &ProviderApp) -> String {
    match (known_provider(&app.provider), &settings.socialaccount.openid_connect_url_prefix) {
        (Some(known), _) => format!("/accounts/{}/login/callback/", known.slug()),
        (None, Some(prefix)) => format!("/accounts/{prefix}/{}/login/callback/", app.id),
        (None, None) => format!("/accounts/{}/login/callback/", app.id),
    }
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let settings = visit.settings();
    let is_here = |app: &ProviderApp| path(settings, app) == call.path;
    let speaks =
        |app: &&ProviderApp| app.provider == OPENID_CONNECT || known_provider(&app.provider).is_some();
    let Some(app) = settings.socialaccount.providers.iter().filter(speaks).find(|app| is_here(app)) else {
        return Ok(Outcome::ErrorPage(StatusCode::NOT_FOUND, "pages.unknown_path"));
    };
    let code = code_parameter(&app.provider);
    match call.method {
        Method::GET => {}
        // Browsers keep the session's cookie to themselves when another site submits a form (SameSite), but not when they
        // are then sent on.
        Method::POST => return Ok(again(call, code)),
        _ => return Err(Stop::NotAllowed),
    }
    if let Some(asked) = visit.asked().first() {
        return arrive(visit, asked);
    }
    let state = call.query("state").unwrap_or_default();
    let is_from = |id: &str| settings.socialaccount.app(id).is_some_and(is_here);
    let Some((journey, secrets)) = journey::end(visit, &state, is_from) else {
        if settings.session.cookie_samesite == SameSite::Strict && call.query(FROM_HERE).is_none() {
            return Ok(from_here(call));
        }
        return Ok(refuse(visit, None, &ProviderError::UnknownState));
    };
    match (call.query("error"), call.query(code)) {
        (Some(error), _) if CANCELLED.contains(&error.as_str()) => {
            Ok(finish::with_error(visit, Some(&journey), finish::CANCELLED))
        }
        (None, Some(code)) => {
            let parameters = CallbackParameters {
                code: Secret::new(code),
                user: call.query("user"),
                device_id: call.query("device_id"),
                issuer: call.query("iss"),
            };
            Ok(Outcome::Ask(Box::new(ProviderRequest::Arrival { journey, secrets, parameters })))
        }
        (Some(error), _) => Ok(refuse(visit, Some(&journey), &ProviderError::said(&error))),
        (None, None) => Ok(refuse(visit, Some(&journey), &ProviderError::NoCode)),
    }
}

/// Says in the log why, which the frontend is not told.
fn refuse(visit: &mut Visit<'_>, journey: Option<&AuthorizationRequest>, error: &ProviderError) -> Outcome {
    let provider = journey.map(|journey| journey.provider.as_str());
    tracing::warn!(provider, error = error.name(), %error, "an authorization response was rejected");
    finish::with_error(visit, journey, finish::UNKNOWN)
}

fn arrive(visit: &mut Visit<'_>, asked: &Asked) -> Decision<Outcome> {
    Ok(match (&asked.question, &asked.answer) {
        (ProviderRequest::Arrival { journey, .. }, ProviderResponse::Identity(identity)) => {
            finish::with_identity(visit, journey, identity)?
        }
        (ProviderRequest::Arrival { journey, .. }, _) => {
            finish::with_error(visit, Some(journey), finish::UNKNOWN)
        }
        _ => finish::with_error(visit, None, finish::UNKNOWN),
    })
}

/// The same again, with what was submitted in the query.
fn again(call: &ApiRequest, code: &'static str) -> Outcome {
    let value = |name| match name {
        "user" => name_of(&call.field(name)?),
        name => call.field(name),
    };
    let names = PARAMETERS.iter().copied().chain([code]);
    let parameters: Vec<(&str, String)> = names.filter_map(|name| Some((name, value(name)?))).collect();
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Outcome::Redirect(landing::with_query(&call.path, &parameters))
}

/// The part of `user` that is read: it is kept in a URL.
fn name_of(user: &str) -> Option<String> {
    let mut user: Map<String, Value> = serde_json::from_str(user).ok()?;
    Some(json!({"name": user.remove("name")?}).to_string())
}

/// A page that sends the browser here again: it brings the session's cookie from a page of ours
/// (`SESSION_COOKIE_SAMESITE`).
fn from_here(call: &ApiRequest) -> Outcome {
    let address = landing::with_query(&format!("{}?{}", call.path, call.query), &[(FROM_HERE, "1")]);
    // What is encoded for a query needs only this to be text of HTML.
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    Outcome::Page(format!(
        "<!doctype html><html {}><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={address}\">\
         <title>{}</title><a href=\"{address}\">{}</a></html>\n",
        language::attributes(&call.texts),
        language::html(&call.texts, "pages.logging_in"),
        language::html(&call.texts, "pages.go_on"),
    ))
}
