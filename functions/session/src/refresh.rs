//! `tokens/refresh`: POST brings another access token, and another refresh token. For apps only.

use lambda_http::http::StatusCode;
use serde_json::json;
use vestibule::flows::tokens::{self, Refreshed};
use vestibule::flows::visit::{Need, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::{Form, Text};
use vestibule::http::reply::{Halt, Reply};
use vestibule::jwt::{Claims, Jwt, TokenUse};

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let token = read(call).ok().flatten();
    let session = token.and_then(|token| claims(tools, &token)).and_then(|claims| claims.session());
    let account = session.as_ref().and_then(|key| key.account.clone()).map(Need::Account);
    account.into_iter().chain(session.map(Need::Session)).collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let token = read(call)?;
    let token = call.posted(token)?;
    let refreshed = match claims(&visit.tools, &token) {
        Some(claims) => tokens::refresh(visit, &claims)?,
        None => None,
    };
    match (visit.tools.jwt, refreshed) {
        (Some(jwt), Some(refreshed)) => answer(jwt, &refreshed, &call.visitor.base_url),
        _ => Ok(Reply::status(StatusCode::BAD_REQUEST)),
    }
}

fn read(call: &Call) -> Result<Option<String>, Halt> {
    call.input(|object| {
        let mut form = Form::new(object);
        let token = form.text("refresh_token", &Text::PLAIN);
        form.finish()?;
        Ok(token.unwrap_or_default())
    })
}

fn claims(tools: &Tools<'_>, token: &str) -> Option<Claims> {
    tools.jwt?.read(token, TokenUse::Refresh)
}

fn answer(jwt: &Jwt, refreshed: &Refreshed, base_url: &str) -> Result<Reply, Halt> {
    let Refreshed { session, pair, rotated } = refreshed;
    if !rotated {
        let access_token = jwt.issue_access(&pair.access_id, pair.issued_at, session, base_url)?;
        return Ok(Reply::ok(json!({"access_token": access_token.expose()})));
    }
    let issued = jwt.issue(pair, session, base_url)?;
    Ok(Reply::ok(json!({
        "access_token": issued.access_token.expose(),
        "refresh_token": issued.refresh_token.expose(),
    })))
}
