//! `account/authenticators`: GET.

use vestibule::http::prelude::*;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "listAuthenticators",
    summary: "List the account's authenticators",
    text: "",
    parameters: &[],
    body: Body::None,
    answers: &[
        ResponseSpec::data::<Vec<present::AuthenticatorJson>>("The account's authenticators."),
        ResponseSpec::UNAUTHENTICATED,
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user() else { return Ok(present::authentication(visit).into()) };
    call.input(|_| Ok(()))?;
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(Stop::NotAllowed);
    }
    Ok(Reply::ok(user.authenticators.iter().map(present::AuthenticatorJson::from).collect::<Vec<_>>()).into())
}
