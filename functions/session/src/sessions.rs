//! `auth/sessions`: GET lists the sessions of whoever is logged in, DELETE ends some of them.

use lambda_http::http::Method;
use serde_json::{Value, json};
use vestibule::domain::account::AccountId;
use vestibule::flows::sessions;
use vestibule::flows::visit::{Need, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::Form;
use vestibule::http::input::json::Object;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

pub(crate) fn needs(call: &Call, _: &Tools<'_>) -> Vec<Need> {
    let account = call.visitor.account();
    account.cloned().map(Need::Sessions).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().map(|user| user.id.clone()) else {
        return Ok(present::authentication(visit));
    };
    let object = if call.is_get() { Object::default() } else { call.object()? };
    match call.method {
        Method::GET | Method::HEAD => list(visit, &user, &[]),
        Method::DELETE => {
            let known: Vec<i64> = visit.sessions(&user)?.iter().map(|(_, login)| login.id).collect();
            let mut form = Form::new(&object);
            let ids = form.ids("sessions", &known).unwrap_or_default();
            form.finish()?;
            sessions::end(visit, &user, &ids)?;
            if visit.user().is_none() {
                return Ok(present::authentication(visit));
            }
            list(visit, &user, &ids)
        }
        _ => Err(Halt::NotAllowed),
    }
}

fn list(visit: &Visit<'_>, user: &AccountId, ended: &[i64]) -> Result<Reply, Halt> {
    let current = visit.session_key();
    let tracked = visit.settings().usersessions.track_activity;
    let sessions = visit.sessions(user)?.into_iter().filter(|(_, login)| !ended.contains(&login.id));
    let listed: Vec<Value> = sessions
        .map(|(key, login)| {
            let is_current = Some(key) == current;
            // What this request has just changed about its own session is not in the list that was read.
            let login = visit.session().login().filter(|_| is_current).unwrap_or(login);
            let mut session = json!({
                "id": login.id,
                "user_agent": login.user_agent,
                "ip": login.ip,
                "created_at": login.at.as_seconds(),
                "is_current": is_current,
            });
            if let (true, Value::Object(session)) = (tracked, &mut session) {
                session.insert("last_seen_at".into(), json!(login.last_seen_at.as_seconds()));
            }
            session
        })
        .collect();
    Ok(Reply::ok(json!(listed)))
}
