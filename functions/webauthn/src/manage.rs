//! `account/authenticators/webauthn`: GET asks for a new key, POST adds it, PUT renames one, DELETE removes some.

use schemars::JsonSchema;
use serde_json::json;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::Factor;
use vestibule::flows::{authenticators, reauthenticate};
use vestibule::http::prelude::*;

use crate::registration;

/// Longest name that a key can be given later, in characters.
const MAX_NEW_NAME: usize = 100;

const ID: Field = Field::new("id", Kind::Id, "The id of the authenticator.");
const NEW_NAME: Field = Field::text("name", Text::PLAIN.at_most(MAX_NEW_NAME), "The new display name.");
const RENAMED: &[Field] = &[ID, NEW_NAME];
const AUTHENTICATORS: Field = Field::new("authenticators", Kind::Ids, "The ids of the authenticators.");
const REMOVED: &[Field] = &[AUTHENTICATORS];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getWebAuthnCreationOptions",
        summary: "Get WebAuthn creation options",
        text: "",
        parameters: &[Parameter::Query(
            "passwordless",
            "Present: the credential is for passwordless login, and must be discoverable.",
        )],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<registration::Creation>("The creation options."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            ResponseSpec::conflict("A second factor cannot be added; `errors` gives the reason.")
                .with_errors(),
        ],
    },
    Operation {
        method: Method::POST,
        id: "addWebAuthnCredential",
        summary: "Add a security key or passkey",
        text: "",
        parameters: &[],
        body: Body::Json(registration::FIELDS),
        answers: &[
            ResponseSpec::data::<present::WebAuthnAuthenticator>("Authenticator added.")
                .with_meta::<AddedAuthenticatorMeta>(),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
            ResponseSpec::conflict("A second factor cannot be added; `errors` gives the reason.")
                .with_errors(),
        ],
    },
    Operation {
        method: Method::PUT,
        id: "renameWebAuthnCredential",
        summary: "Rename a security key or passkey",
        text: "",
        parameters: &[],
        body: Body::Json(RENAMED),
        answers: &[
            ResponseSpec::data::<present::WebAuthnAuthenticator>("Renamed."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "removeWebAuthnCredentials",
        summary: "Remove security keys or passkeys",
        text: "",
        parameters: &[],
        body: Body::Json(REMOVED),
        answers: &[
            ResponseSpec::ok("Removed."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
];

/// Metadata of an added authenticator.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the shape of what is added piece by piece")]
struct AddedAuthenticatorMeta {
    /// Whether recovery codes were generated, as this is the first second factor.
    recovery_codes_generated: bool,
}

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    if call.method == Method::POST { registration::needs(call, context.settings) } else { Vec::new() }
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    if [Method::GET, Method::POST].contains(&call.method)
        && let Err(refusal) = authenticators::check_may_add(visit.settings(), &user)
    {
        return Ok(Reply { status: StatusCode::CONFLICT, ..Reply::invalid(refusal.of_all().into()) }.into());
    }
    match call.method {
        Method::GET | Method::HEAD => begin(visit, &user, call),
        Method::POST => add(visit, &user, &call.object()?),
        Method::PUT => rename(visit, &user, &call.object()?),
        Method::DELETE => remove(visit, &user, &call.object()?),
        _ => {
            call.input(|_| Ok(()))?;
            Err(Stop::NotAllowed)
        }
    }
}

fn begin(visit: &mut Visit<'_>, user: &Account, call: &ApiRequest) -> Decision<Outcome> {
    call.input(|_| Ok(()))?;
    authenticators::require_for_adding(visit)?;
    Ok(registration::begin(visit, user, call.query("passwordless").is_some()).into())
}

fn add(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<Outcome> {
    let factor = registration::read(visit, user.credentials().count(), object, registration::FIELDS)?;
    authenticators::require_for_adding(visit)?;
    let added = authenticators::add(visit, &user.id, factor, false)?;
    let reply = Reply::ok(present::AuthenticatorJson::from(&added.authenticator));
    Ok(reply.with_meta("recovery_codes_generated", json!(added.recovery_codes_generated)).into())
}

fn rename(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<Outcome> {
    let mut form = Form::new(RENAMED, object, visit.settings());
    let id = form.id(&ID, &ids(user));
    let name = form.text(&NEW_NAME);
    form.finish()?;
    require(visit)?;
    let account = visit.account_mut(&user.id)?;
    let known = account.authenticators.iter_mut().find(|known| Some(known.id) == id);
    let known = known.ok_or(Stop::Conflict)?;
    if let (Factor::WebAuthn(credential), Some(name)) = (&mut known.factor, name) {
        credential.name = name;
    }
    Ok(Reply::ok(present::AuthenticatorJson::from(&*known)).into())
}

fn remove(visit: &mut Visit<'_>, user: &Account, object: &Object) -> Decision<Outcome> {
    let mut form = Form::new(REMOVED, object, visit.settings());
    let ids = form.ids(&AUTHENTICATORS, &ids(user));
    form.finish()?;
    require(visit)?;
    for id in ids.unwrap_or_default() {
        authenticators::remove(visit, &user.id, id)?;
    }
    Ok(Reply::status(StatusCode::OK).into())
}

fn require(visit: &Visit<'_>) -> Decision<()> {
    reauthenticate::require_if(visit, visit.settings().mfa.reauthentication_required)
}

fn ids(user: &Account) -> Vec<i64> {
    user.credentials().map(|(authenticator, _)| authenticator.id).collect()
}
