//! `auth/2fa/trust`: POST, of browsers only.

use vestibule::domain::stage::Next;
use vestibule::flows::stages::{self, trust};
use vestibule::http::prelude::*;

const TRUST: Field =
    Field::new("trust", Kind::Boolean, "Whether to trust this browser; `false` by default.").optional();
const FIELDS: &[Field] = &[TRUST];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "trustBrowser",
    summary: "Trust the browser",
    text: "Completes the pending flow `mfa_trust`. Logins from a trusted browser skip the second factor \
           for `MFA_TRUST_COOKIE_AGE`.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        ResponseSpec::authenticated("Logged in."),
        ResponseSpec::unauthenticated("A further step is pending in `flows`."),
        ResponseSpec::conflict("The flow `mfa_trust` is not pending."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let pending = trust::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, visit.settings());
        let wish = form.boolean(&TRUST);
        form.finish()?;
        Ok(wish.unwrap_or_default())
    })?;
    let wish = call.posted(input)?;
    stages::go_on(visit, Next::Leave(pending))?;
    if wish {
        trust::remember(visit);
    }
    Ok(present::authentication(visit).into())
}
