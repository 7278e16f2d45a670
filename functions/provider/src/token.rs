//! `auth/provider/token`: POST, by a client that has a token from the service already.

use schemars::JsonSchema;
use vestibule::domain::refusal::{FieldErrorKind, FieldErrors};
use vestibule::domain::social::{Identity, PresentedToken, Process, ProviderRequest, ProviderResponse};
use vestibule::flows::connect::SocialOutcome;
use vestibule::flows::social_login;
use vestibule::http::ResponseSpec;
use vestibule::http::input::json::Value;
use vestibule::http::prelude::*;
use vestibule::http::shape::Shape;
use vestibule::secret::Secret;
use vestibule::settings::{DUMMY, ProviderApp, Settings};

use crate::dummy;

const PROVIDER: Field = Field::text("provider", Text::PLAIN, "The id of the provider.");
const PROCESS: Field = Field::text(
    "process",
    Text::VERBATIM,
    "`login`, or `connect` to connect the provider account to the authenticated account.",
);
const TOKEN: Field = Field::new(
    "token",
    Kind::Json(Shape::of::<IssuedProviderToken>()),
    "The token that the provider issued.",
);
const FIELDS: &[Field] = &[PROVIDER, PROCESS, TOKEN];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "logInWithProviderToken",
    summary: "Log in or connect with a provider token",
    text: "",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Logged in, or the provider account is connected."),
        ResponseSpec::unauthenticated("A further step is pending in `flows`, such as `provider_signup`."),
        ResponseSpec::REAUTHENTICATION_REQUIRED,
        ResponseSpec::new(403, "Sign-up through providers is closed (`SOCIALACCOUNT_SIGNUP_ENABLED`)."),
        ResponseSpec::conflict("The session does not allow this `process`."),
        ResponseSpec::too_many_requests("Rate limit exceeded."),
    ],
}];

/// A token issued by a provider.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read with the errors of the contract, one field after the other")]
struct IssuedProviderToken {
    /// The `client_id` that the token was issued to.
    #[schemars(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The ID token (OpenID Connect).
    #[schemars(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// The access token (OAuth 2.0).
    #[schemars(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let settings = visit.settings();
    let input = call.input(|object| Ok(read(settings, object)?))?;
    let Input { app, process, token } = call.posted(input)?;
    let identity = if app.provider == DUMMY {
        let id_token = token.id_token.as_ref().map(Secret::expose).unwrap_or_default();
        dummy::identity_of_token(settings, id_token).ok_or_else(social_login::invalid_token)?
    } else {
        match visit.asked().first().map(|asked| &asked.answer) {
            None => return Ok(Outcome::Ask(Box::new(ProviderRequest::Token(token)))),
            Some(ProviderResponse::Identity(identity)) => Identity::clone(identity),
            Some(ProviderResponse::Address(_) | ProviderResponse::Nothing) => {
                return Err(social_login::invalid_token());
            }
        }
    };
    match social_login::complete(visit, app, &identity, process) {
        Ok(SocialOutcome::Done) => Ok(present::authentication(visit).into()),
        Ok(SocialOutcome::SignupClosed) => Err(Stop::Forbidden),
        Ok(SocialOutcome::NotLoggedIn) => Ok(not_logged_in()),
        Err(stop) => Err(stop),
    }
}

fn not_logged_in() -> Outcome {
    Outcome::ErrorPage(StatusCode::FORBIDDEN, "pages.not_logged_in")
}

struct Input<'s> {
    app: &'s ProviderApp,
    process: Process,
    token: PresentedToken,
}

fn read<'s>(settings: &'s Settings, object: &Object) -> Result<Input<'s>, FieldErrors> {
    let mut form = Form::new(FIELDS, object, settings);
    let provider = form.text(&PROVIDER);
    let process = read_process(&mut form);
    let given = object.get("token").unwrap_or(&Value::Null);
    if given.is_missing() {
        form.refuse("token", FieldErrorKind::Required);
    }
    let mut found = None;
    match (given, provider) {
        (Value::Object(token), Some(provider)) if !given.is_missing() => {
            match read_token(settings, &provider, token) {
                Ok(token) => found = Some(token),
                Err((field, refusal)) => form.refuse(field, refusal),
            }
        }
        (Value::Object(_), _) => {}
        _ => form.refuse("token", FieldErrorKind::InvalidToken),
    }
    form.finish()?;
    match (found, process) {
        (Some((app, token)), Some(process)) => Ok(Input { app, process, token }),
        _ => Err(FieldErrorKind::InvalidToken.of("token").into()),
    }
}

fn read_process(form: &mut Form<'_>) -> Option<Process> {
    let name = form.text(&PROCESS)?;
    let process = Process::of(&name);
    if process.is_none() {
        form.refuse("process", FieldErrorKind::InvalidChoice(name));
    }
    process
}

fn read_token<'s>(
    settings: &'s Settings,
    provider: &str,
    token: &Object,
) -> Result<(&'s ProviderApp, PresentedToken), (&'static str, FieldErrorKind)> {
    let text = |name: &str| match token.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let social = &settings.socialaccount;
    let client_id = text("client_id");
    let app = match social.app(provider).filter(|app| app.client_id.is_none()) {
        Some(app) => app,
        None => {
            let client_id = client_id.as_deref().ok_or(("token", FieldErrorKind::ClientIdRequired))?;
            social.app_of_client(provider, client_id).ok_or(("token", FieldErrorKind::InvalidToken))?
        }
    };
    if !app.takes_tokens() {
        return Err(("provider", FieldErrorKind::TokenAuthenticationNotSupported));
    }
    let secret = |name: &str| match token.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(Secret::new(text.as_str())).filter(|_| !text.is_empty())),
        Some(_) => Err(("token", FieldErrorKind::TokenRequired)),
    };
    let (id_token, access_token) = (secret("id_token")?, secret("access_token")?);
    if id_token.is_none() && access_token.is_none() {
        return Err(("token", FieldErrorKind::TokenRequired));
    }
    let client_id = app.client_id.is_some().then_some(client_id).flatten();
    Ok((app, PresentedToken { provider: app.id.clone(), client_id, id_token, access_token }))
}
