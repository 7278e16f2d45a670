//! `account/profile`: GET returns the values of the site's own fields, PATCH changes those that it names. It is
//! Vestibule's own, not the contract's.

use vestibule::http::prelude::*;
use vestibule::http::present::ProfileJson;
use vestibule::settings::ProfilePart;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getProfile",
        summary: "Get the profile",
        text: "Gives the values of the fields that the site has declared (`ACCOUNT_PROFILE_FIELDS`).",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<ProfileJson>("The values of all fields."),
            ResponseSpec::UNAUTHENTICATED,
        ],
    },
    Operation {
        method: Method::PATCH,
        id: "updateProfile",
        summary: "Change the profile",
        text: "Changes the fields that the request names, and no others. `null` removes the value of a field that does \
               not require one.",
        parameters: &[],
        body: Body::JsonWith(&[], ProfilePart::Change),
        answers: &[
            ResponseSpec::data::<ProfileJson>("Changed; the values of all fields."),
            ResponseSpec::UNAUTHENTICATED,
        ],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user() else { return Ok(present::authentication(visit).into()) };
    let (id, mut profile) = (user.id.clone(), user.profile.clone());
    call.input(|object| {
        let mut form = Form::new(&[], object, visit.settings());
        form.change_profile(&mut profile, ProfilePart::Change, visit.now);
        Ok(form.finish()?)
    })?;
    match call.method {
        Method::GET | Method::HEAD => {}
        Method::PATCH => visit.account_mut(&id)?.profile.clone_from(&profile),
        _ => return Err(Stop::NotAllowed),
    }
    Ok(Reply::ok(ProfileJson::of(&profile, visit.settings())).into())
}
