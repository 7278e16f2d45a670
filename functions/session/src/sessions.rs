//! `auth/sessions`: GET lists the authenticated user's sessions, DELETE ends some of them.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account_id::AccountId;
use vestibule::flows::sessions;
use vestibule::http::prelude::*;

const SESSIONS: Field = Field::new(
    "sessions",
    Kind::Ids,
    "The ids of the sessions to end; the current session may be among them.",
);
const FIELDS: &[Field] = &[SESSIONS];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "listSessions",
        summary: "List the account's sessions",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<Vec<Session>>("The account's sessions."),
            ResponseSpec::UNAUTHENTICATED,
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "endSessions",
        summary: "End sessions",
        text: "",
        parameters: &[],
        body: Body::Json(FIELDS),
        answers: &[
            ResponseSpec::data::<Vec<Session>>("The remaining sessions."),
            ResponseSpec::unauthenticated(
                "Not authenticated; also if the request has ended the current session.",
            ),
        ],
    },
];

/// A session of an account.
#[derive(Serialize, JsonSchema)]
struct Session {
    /// The id in the list of sessions.
    id: i64,
    /// The `User-Agent` of the client.
    user_agent: String,
    /// The IP address of the client.
    ip: String,
    /// The time of login, as a Unix timestamp.
    created_at: f64,
    /// Whether it is the session of this request.
    is_current: bool,
    /// The time of the last request, as a Unix timestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::SessionActivity))]
    last_seen_at: Option<f64>,
}

pub(crate) fn needs(call: &ApiRequest, _: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.account();
    account.cloned().map(Need::Sessions).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().map(|user| user.id.clone()) else {
        return Ok(present::authentication(visit).into());
    };
    let object = if call.is_get() { Object::default() } else { call.object()? };
    match call.method {
        Method::GET | Method::HEAD => list(visit, &user, &[]),
        Method::DELETE => {
            let known: Vec<i64> = visit.sessions(&user)?.iter().map(|(_, login)| login.id).collect();
            let mut form = Form::new(FIELDS, &object, visit.settings());
            let ids = form.ids(&SESSIONS, &known).unwrap_or_default();
            form.finish()?;
            sessions::end(visit, &user, &ids)?;
            if visit.user().is_none() {
                return Ok(present::authentication(visit).into());
            }
            list(visit, &user, &ids)
        }
        _ => Err(Stop::NotAllowed),
    }
}

fn list(visit: &Visit<'_>, user: &AccountId, ended: &[i64]) -> Decision<Outcome> {
    let current = visit.session_key();
    let tracked = visit.settings().usersessions.track_activity;
    let sessions = visit.sessions(user)?.into_iter().filter(|(_, login)| !ended.contains(&login.id));
    let listed: Vec<Session> = sessions
        .map(|(key, login)| {
            let is_current = Some(key) == current;
            // What this request has just changed about its own session is not in the list that was read.
            let login = visit.session().login().filter(|_| is_current).unwrap_or(login);
            Session {
                id: login.id,
                user_agent: login.user_agent.clone(),
                ip: login.ip.clone(),
                created_at: login.at.as_seconds(),
                is_current,
                last_seen_at: tracked.then(|| login.last_seen_at.as_seconds()),
            }
        })
        .collect();
    Ok(Reply::ok(listed).into())
}
