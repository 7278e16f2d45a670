//! `auth/provider/redirect`: POST, by a form that a page of the frontend submits. The browser goes on to the service.

use vestibule::domain::social::{Asked, Process, ProviderRequest, ProviderResponse};
use vestibule::flows::journey::{self, Destination};
use vestibule::http::ResponseSpec;
use vestibule::http::prelude::*;
use vestibule::settings::{DUMMY, ProviderFlow};

use crate::{callback, dummy, finish, landing};

const PROVIDER: Field = Field::text("provider", Text::PLAIN, "The id of the provider.");
const PROCESS: Field = Field::text(
    "process",
    Text::PLAIN,
    "`login`, or `connect` to connect the provider account to the authenticated account.",
);
const CALLBACK_URL: Field =
    Field::text("callback_url", Text::PLAIN, "The URL of the frontend to redirect to at the end.");
const FIELDS: &[Field] = &[PROVIDER, PROCESS, CALLBACK_URL];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "redirectToProvider",
    summary: "Redirect the browser to a provider",
    text: "To be submitted as a form by the browser, not by a script. Errors go to the frontend's error page \
           (`HEADLESS_FRONTEND_URLS`).",
    parameters: &[],
    body: Body::Form(FIELDS),
    answers: &[ResponseSpec::empty(302, "Redirect to the provider, or to the frontend's error page.")],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if call.method != Method::POST {
        return Err(Stop::NotAllowed);
    }
    if let Some(asked) = visit.asked().first() {
        return Ok(go(visit, asked));
    }
    let Some(destination) = read(visit, call) else {
        return Ok(finish::with_error(visit, None, finish::UNKNOWN));
    };
    let is_dummy = destination.provider == DUMMY;
    let (journey, secrets) = journey::plan(visit, destination);
    if is_dummy {
        journey::begin(visit, journey);
        return Ok(Outcome::Redirect(dummy::address(secrets.state.expose())));
    }
    Ok(Outcome::Ask(Box::new(ProviderRequest::Departure { journey, secrets })))
}

/// Sets out to the address that the service is at.
fn go(visit: &mut Visit<'_>, asked: &Asked) -> Outcome {
    match (&asked.question, &asked.answer) {
        (ProviderRequest::Departure { journey, .. }, ProviderResponse::Address(address)) => {
            journey::begin(visit, journey.clone());
            Outcome::Redirect(address.clone())
        }
        (ProviderRequest::Departure { journey, .. }, _) => {
            finish::with_error(visit, Some(journey), finish::UNKNOWN)
        }
        _ => finish::with_error(visit, None, finish::UNKNOWN),
    }
}

/// What the form says; none if anything is wrong with it, as the frontend is told that only.
fn read(visit: &Visit<'_>, call: &ApiRequest) -> Option<Destination> {
    let settings = visit.settings();
    let base_url = &visit.visitor.base_url;
    let field = |field: Field| call.field(field.name).map(|text: String| text.trim().to_owned());
    let app = settings.socialaccount.app(&field(PROVIDER)?)?;
    let process = Process::of(&field(PROCESS)?)?;
    let callback_url = field(CALLBACK_URL).filter(|url| landing::is_allowed(url, settings, base_url))?;
    app.flows.contains(&ProviderFlow::Redirect).then(|| Destination {
        provider: app.id.clone(),
        process,
        callback_url,
        redirect_uri: format!("{base_url}{}", callback::path(settings, app)),
    })
}
