//! `account`: DELETE deletes the authenticated user's account permanently. It is ours, not the contract's.

use vestibule::flows::privacy;
use vestibule::http::prelude::*;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::DELETE,
    id: "deleteAccount",
    summary: "Delete the account",
    text: "Erases the account with its sessions, email addresses and authenticators, and sends a \
           notification mail. The session ends: an app discards its session token.",
    parameters: &[],
    body: Body::None,
    answers: &[
        ResponseSpec::ok("Account deleted."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::REAUTHENTICATION_REQUIRED,
    ],
}];

pub(crate) fn needs(call: &ApiRequest, _: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.account();
    account.cloned().map(Need::Sessions).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    if call.method != Method::DELETE {
        return Err(Stop::NotAllowed);
    }
    call.object()?;
    privacy::delete(visit)?;
    // Not the 401 of a logout: that would also be the answer to whoever was not logged in to begin with.
    Ok(Reply::status(StatusCode::OK).into())
}
