//! `auth/session`: GET says who is logged in, DELETE logs out.

use vestibule::http::prelude::*;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getSession",
        summary: "Get the authentication status",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::authenticated("Authenticated."),
            ResponseSpec::unauthenticated("Not authenticated; `flows` lists how to authenticate."),
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "logOut",
        summary: "Log out",
        text: "Ends the current session.",
        parameters: &[],
        body: Body::None,
        answers: &[ResponseSpec::unauthenticated("Logged out: the session is no longer authenticated.")],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET | Method::HEAD => {}
        Method::DELETE => visit.flush(),
        _ => return Err(Stop::NotAllowed),
    }
    Ok(present::authentication(visit).into())
}
