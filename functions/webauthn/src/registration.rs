//! Making a key: what `account/authenticators/webauthn` and `auth/webauthn/signup` have in common.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account::Account;
use vestibule::domain::authenticator::{Credential, Factor, MAX_CREDENTIAL_NAME};
use vestibule::domain::document::UnknownMembers;
use vestibule::domain::handle::Handle;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::visit::{Decision, Stop, Visit};
use vestibule::http::call::ApiRequest;
use vestibule::http::input::json::{Object, Value};
use vestibule::http::input::{Field, Form, Kind, Text};
use vestibule::http::reply::Reply;
use vestibule::http::shape::Shape;
use vestibule::settings::{Settings, UserVerification, When};
use vestibule::snapshot::Need;

use crate::ceremony::{
    self, CeremonyFault, CreationOptions, CredentialUser, Expected, NewKey, Party, Registration,
    WebAuthnCredential,
};
use crate::challenge;

const NAME: Field =
    Field::text("name", Text::PLAIN.at_most(MAX_CREDENTIAL_NAME), "The display name; a default if omitted.")
        .optional();
const CREDENTIAL: Field = Field::new(
    "credential",
    Kind::Json(Shape::of::<WebAuthnCredential>()),
    "The result of `navigator.credentials.create()`, serialized with `toJSON()`.",
);
const PASSWORDLESS: Field =
    Field::new("passwordless", Kind::Boolean, "Whether the credential is for passwordless login.")
        .asked(When::PasskeyLogin)
        .optional();
pub(crate) const FIELDS: &[Field] = &[NAME, CREDENTIAL, PASSWORDLESS];
pub(crate) const FIELDS_AT_SIGNUP: &[Field] = &[NAME, CREDENTIAL];

/// WebAuthn creation options.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Creation {
    /// For `navigator.credentials.create()`.
    creation_options: CreationOptions,
}

/// Asks for a new key; one that is to do without a password must know its user, and be found without its id.
pub(crate) fn begin(visit: &mut Visit<'_>, account: &Account, passwordless: bool) -> Reply {
    let settings = visit.settings();
    let verification =
        if passwordless { UserVerification::Required } else { settings.mfa.webauthn_user_verification };
    let challenge = challenge::give(visit, verification == UserVerification::Required);
    let party = Party::of(settings, &visit.visitor.base_url);
    let handle = account.id.user_handle();
    let user = CredentialUser {
        handle: handle.as_bytes(),
        name: &account.label(),
        display_name: &account.display(),
    };
    let known = ids(account);
    let options = ceremony::creation(&party, user, &challenge, &known, passwordless, verification.name());
    Reply::ok(Creation { creation_options: options })
}

/// The ids of an account's keys.
pub(crate) fn ids(account: &Account) -> Vec<&str> {
    account.credentials().map(|(_, credential)| credential.credential_id.as_str()).collect()
}

/// What a request with a new key is bound to need.
pub(crate) fn needs(call: &ApiRequest, settings: &Settings) -> Vec<Need> {
    let Ok(object) = call.object() else { return Vec::new() };
    let credential = Form::new(FIELDS, &object, settings).json(&CREDENTIAL);
    let response = credential.and_then(|credential| Registration::read(&credential).ok());
    let handle = response.and_then(|response| Handle::credential(&ceremony::encode(&response.id)));
    handle.map(Need::Handle).into_iter().collect()
}

/// Reads a new key, of an account that has so many `known` ones, from these fields. Where passkeys log in, the client
/// may insist that it be one.
pub(crate) fn read(
    visit: &mut Visit<'_>,
    known: usize,
    object: &Object,
    fields: &'static [Field],
) -> Decision<Factor> {
    let mut form = Form::new(fields, object, visit.settings());
    let name = form.text(&NAME);
    let credential = form.json(&CREDENTIAL);
    let may_insist = fields.len() == FIELDS.len() && PASSWORDLESS.is_asked(visit.settings());
    let insists = may_insist && form.boolean(&PASSWORDLESS) == Some(true);
    let mut factor = None;
    if let Some(credential) = credential {
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| usual_name(known));
        match check(visit, &credential, insists)? {
            Ok(key) => factor = Some(Factor::WebAuthn(Credential { name, ..key })),
            Err(fault) => {
                tracing::info!(%fault, "a WebAuthn registration was rejected");
                form.refuse_all(FieldErrorKind::IncorrectCode);
            }
        }
    }
    form.finish()?;
    factor.ok_or(Stop::Conflict)
}

/// A key without a name. A challenge that was signed is used up, whatever else is wrong.
fn check(
    visit: &mut Visit<'_>,
    credential: &Value,
    insists: bool,
) -> Decision<Result<Credential, CeremonyFault>> {
    let (response, new) = match verify(visit, credential) {
        Ok(verified) => verified,
        Err(fault) => return Ok(Err(fault)),
    };
    challenge::use_up(visit);
    let credential_id = ceremony::encode(&new.credential_id);
    if insists && !new.user_verified {
        return Ok(Err(CeremonyFault::Unverified));
    }
    // Nobody may claim a key that somebody has (7.1, step 26): a login with it would end up elsewhere.
    if visit.owner_of(Handle::credential(&credential_id))?.is_some() {
        return Ok(Err(CeremonyFault::Taken));
    }
    let document = new.key.to_document();
    Ok(Ok(Credential {
        name: String::new(),
        credential_id,
        passwordless: response.discoverable,
        document,
        unknown: UnknownMembers::NONE,
    }))
}

fn verify(visit: &Visit<'_>, credential: &Value) -> Result<(Registration, NewKey), CeremonyFault> {
    let response = Registration::read(credential)?;
    let given = challenge::given(visit).ok_or(CeremonyFault::Challenge)?;
    let party = Party::of(visit.settings(), &visit.visitor.base_url);
    let expected =
        Expected { party: &party, challenge: &given.bytes, user_verification: given.user_verification };
    let new = ceremony::register(&expected, &response)?;
    Ok((response, new))
}

/// What a key is called whose owner does not say.
fn usual_name(known: usize) -> String {
    match known {
        0 => "Master key".to_owned(),
        1 => "Backup key".to_owned(),
        _ => format!("Key nr. {}", known + 1),
    }
}
