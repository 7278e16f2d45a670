//! `tokens/refresh`: POST brings another access token, and another refresh token. For apps only.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::flows::tokens::{self, Refreshed};
use vestibule::http::prelude::*;
use vestibule::jwt::{Claims, Jwt, TokenUse};
use vestibule::settings::{Settings, TokenStrategy};

const REFRESH_TOKEN: Field = Field::text("refresh_token", Text::PLAIN, "The latest refresh token.");
const FIELDS: &[Field] = &[REFRESH_TOKEN];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "refreshTokens",
    summary: "Get a new access token",
    text: "With rotation (`HEADLESS_JWT_ROTATE_REFRESH_TOKEN`) the response has a new refresh token; the \
           previous one stays valid for a few seconds.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::data::<Tokens>("The new tokens."),
        ResponseSpec::new(400, "The refresh token is invalid, expired or already used."),
    ],
}];

/// The tokens of a session (JWT).
#[derive(Serialize, JsonSchema)]
struct Tokens<'a> {
    /// The access token.
    access_token: &'a str,
    /// The new refresh token, with rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let token = read(call, context.settings).ok().flatten();
    let session = token.and_then(|token| claims(context, &token)).and_then(|claims| claims.session());
    let account = session.as_ref().and_then(|key| key.account.clone()).map(Need::Account);
    account.into_iter().chain(session.map(Need::Session)).collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let token = read(call, visit.settings())?;
    let token = call.posted(token)?;
    if visit.context.jwt.is_none() && visit.settings().headless.token_strategy == TokenStrategy::Jwt {
        return Err(Stop::Unsigned);
    }
    let refreshed = match claims(&visit.context, &token) {
        Some(claims) => tokens::refresh(visit, &claims)?,
        None => None,
    };
    match (visit.context.jwt, refreshed) {
        (Some(jwt), Some(refreshed)) => answer(jwt, &refreshed, &call.visitor.base_url),
        _ => Ok(Reply::status(StatusCode::BAD_REQUEST).into()),
    }
}

fn read(call: &ApiRequest, settings: &Settings) -> Decision<Option<String>> {
    call.input(|object| {
        let mut form = Form::new(FIELDS, object, settings);
        let token = form.text(&REFRESH_TOKEN);
        form.finish()?;
        Ok(token.unwrap_or_default())
    })
}

fn claims(context: &Context<'_>, token: &str) -> Option<Claims> {
    context.jwt?.read(token, TokenUse::Refresh)
}

fn answer(jwt: &Jwt, refreshed: &Refreshed, base_url: &str) -> Decision<Outcome> {
    let Refreshed { session, pair, rotated, claims } = refreshed;
    if !rotated {
        let access_token = jwt.issue_access(pair, session, base_url, claims)?;
        return Ok(Reply::ok(Tokens { access_token: access_token.expose(), refresh_token: None }).into());
    }
    let issued = jwt.issue(pair, session, base_url, claims)?;
    Ok(Reply::ok(Tokens {
        access_token: issued.access_token.expose(),
        refresh_token: Some(issued.refresh_token.expose()),
    })
    .into())
}
