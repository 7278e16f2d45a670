//! `account/authenticators/recovery-codes`: GET shows those that are left, POST makes new ones.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::recovery_codes::{self, Shown};
use vestibule::http::prelude::*;
use vestibule::secret::Secret;

const NONE: ResponseSpec =
    ResponseSpec::new(400, "The account has no second factor to recover.").with_errors();

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getRecoveryCodes",
        summary: "Get the unused recovery codes",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<RecoveryCodes>("The recovery codes."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            ResponseSpec::new(404, "The account has no recovery codes."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "generateRecoveryCodes",
        summary: "Generate new recovery codes",
        text: "Invalidates the previous recovery codes.",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<RecoveryCodes>("The new recovery codes."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            NONE,
        ],
    },
];

/// The recovery codes of an account.
#[derive(Serialize, JsonSchema)]
struct RecoveryCodes {
    #[serde(flatten)]
    #[schemars(with = "present::RecoveryCodesAuthenticator")]
    authenticator: present::AuthenticatorJson,
    /// The unused codes; absent if they can no longer be decrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    unused_codes: Option<Vec<String>>,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    call.input(|_| {
        let refused = |refusal: FieldErrorKind| Stop::invalid(refusal.of_all());
        recovery_codes::check_may_generate(&user).map_err(refused)
    })?;
    let shown = match call.method {
        Method::GET | Method::HEAD => recovery_codes::view(visit, &user)?,
        Method::POST => Some(recovery_codes::regenerate(visit, &user.id)?),
        _ => return Err(Stop::NotAllowed),
    };
    let reply =
        shown.map_or_else(|| Reply::status(StatusCode::NOT_FOUND), |shown| Reply::ok(describe(&shown)));
    Ok(reply.into())
}

fn describe(shown: &Shown) -> RecoveryCodes {
    let codes = shown.unused.as_ref();
    let unused_codes = codes.map(|codes| codes.iter().map(Secret::expose).map(str::to_owned).collect());
    RecoveryCodes { authenticator: (&shown.authenticator).into(), unused_codes }
}
