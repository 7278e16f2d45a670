//! Using a key: what the endpoints that ask for one have in common.

use lambda_http::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account::Account;
use vestibule::domain::account_id::AccountId;
use vestibule::domain::authenticator::{CredentialKey, Factor};
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::domain::token::SessionToken;
use vestibule::flows::authenticators;
use vestibule::flows::visit::{Context, Decision, Stop, Visit};
use vestibule::http::call::ApiRequest;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Field, Form, Kind};
use vestibule::http::reply::Reply;
use vestibule::http::shape::Shape;
use vestibule::settings::{Settings, UserVerification};
use vestibule::snapshot::Need;

use crate::ceremony::{self, Assertion, CeremonyFault, Expected, Party, RequestOptions, WebAuthnCredential};
use crate::challenge;
use crate::registration::ids;

const CREDENTIAL: Field = Field::new(
    "credential",
    Kind::Json(Shape::of::<WebAuthnCredential>()),
    "The result of `navigator.credentials.get()`, serialized with `toJSON()`.",
);
pub(crate) const FIELDS: &[Field] = &[CREDENTIAL];

/// WebAuthn request options.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Request {
    /// For `navigator.credentials.get()`.
    request_options: RequestOptions,
}

/// A key that has proved itself.
#[derive(Clone, Debug)]
pub(crate) struct Proved {
    /// Whose it is.
    pub(crate) account: AccountId,
    /// Its id among the account's authenticators.
    pub(crate) authenticator: i64,
    key: CredentialKey,
}

/// Asks for a key of this account; without one, for any discoverable credential.
pub(crate) fn begin(visit: &mut Visit<'_>, account: Option<&Account>) -> Reply {
    let settings = visit.settings();
    let verification = match account {
        Some(_) => settings.mfa.webauthn_user_verification,
        None => UserVerification::Required,
    };
    let challenge = challenge::give(visit, verification == UserVerification::Required);
    let party = Party::of(settings, &visit.visitor.base_url);
    let allowed = account.map(ids).unwrap_or_default();
    let options = ceremony::request(&party, &challenge, &allowed, verification.name());
    Reply::ok(Request { request_options: options })
}

/// What checking a key takes, as far as the session's token tells.
pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.token.as_ref().and_then(SessionToken::account);
    match account.filter(|_| call.method == Method::POST) {
        Some(account) => authenticators::counters(context.settings, &call.visitor, account),
        None => Vec::new(),
    }
}

/// Reads the proof of one of this account's keys. Each try counts as a failed login until it turns out to be right.
pub(crate) fn read(visit: &mut Visit<'_>, account: &Account, object: &Object) -> Decision<Proved> {
    read_with(visit, object, |visit, response| {
        authenticators::attempt(visit, &account.id, FieldErrorKind::TooManyLoginAttempts, "credential")?;
        let proved = check(visit, account, response, false);
        if proved.is_ok() {
            authenticators::forgive(visit, &account.id)?;
        }
        Ok(proved)
    })
}

/// Reads the proof of a passkey, which says itself whose it is. Tries do not count: anybody could shut anybody out.
pub(crate) fn read_passkey(visit: &mut Visit<'_>, object: &Object) -> Decision<Proved> {
    read_with(visit, object, |visit, response| {
        for id in owners(response) {
            let Some(account) = visit.account(&id)?.cloned() else { continue };
            match check(visit, &account, response, true) {
                Err(CeremonyFault::Unknown) => {}
                checked => return Ok(checked),
            }
        }
        Ok(Err(CeremonyFault::UserHandle))
    })
}

/// Whose passkey it says it is: one of these accounts'.
pub(crate) fn owners(response: &Assertion) -> Vec<AccountId> {
    response.user_handle.as_deref().map(AccountId::of_user_handle).unwrap_or_default()
}

/// The proof in a request, if there is one.
pub(crate) fn find(object: &Object, settings: &Settings) -> Option<Assertion> {
    Assertion::read(&Form::new(FIELDS, object, settings).json(&CREDENTIAL)?).ok()
}

fn read_with(
    visit: &mut Visit<'_>,
    object: &Object,
    check: impl FnOnce(&mut Visit<'_>, &Assertion) -> Decision<Result<Proved, CeremonyFault>>,
) -> Decision<Proved> {
    let mut form = Form::new(FIELDS, object, visit.settings());
    let mut proved = None;
    if let Some(credential) = form.json(&CREDENTIAL) {
        let checked = match Assertion::read(&credential) {
            Ok(response) => check(visit, &response)?,
            Err(fault) => Err(fault),
        };
        match checked {
            Ok(key) => proved = Some(key),
            Err(fault) => {
                report(fault);
                form.refuse("credential", FieldErrorKind::IncorrectCode);
            }
        }
    }
    form.finish()?;
    proved.ok_or(Stop::Conflict)
}

fn report(fault: CeremonyFault) {
    match fault {
        CeremonyFault::Counter => tracing::warn!(%fault, "a WebAuthn assertion was rejected"),
        _ => tracing::info!(%fault, "a WebAuthn assertion was rejected"),
    }
}

fn check(
    visit: &Visit<'_>,
    account: &Account,
    response: &Assertion,
    passwordless: bool,
) -> Result<Proved, CeremonyFault> {
    let id = ceremony::encode(&response.id);
    let known = account.credentials().find(|(_, credential)| credential.credential_id == id);
    let (authenticator, credential) = known.ok_or(CeremonyFault::Unknown)?;
    let given = challenge::given(visit).ok_or(CeremonyFault::Challenge)?;
    let party = Party::of(visit.settings(), &visit.visitor.base_url);
    let user_verification = given.user_verification || passwordless;
    let expected = Expected { party: &party, challenge: &given.bytes, user_verification };
    let key = CredentialKey::from_document(&credential.document).ok_or(CeremonyFault::PublicKey)?;
    // The user handle may be spelled as allauth spells it.
    let is_own = |said: &&[u8]| AccountId::of_user_handle(said).contains(&account.id);
    let (said, own) = (response.user_handle.as_deref().filter(is_own), account.id.user_handle());
    let key = ceremony::authenticate(&expected, &key, said.unwrap_or(own.as_bytes()), response)?;
    Ok(Proved { account: account.id.clone(), authenticator: authenticator.id, key })
}

/// Uses up the challenge, and remembers how far the key has counted.
pub(crate) fn settle(visit: &mut Visit<'_>, proved: &Proved) -> Decision<()> {
    challenge::use_up(visit);
    let account = visit.account_mut(&proved.account)?;
    let known = account.authenticators.iter_mut().find(|known| known.id == proved.authenticator);
    if let Factor::WebAuthn(credential) = &mut known.ok_or(Stop::Conflict)?.factor {
        credential.document = proved.key.to_document();
    }
    Ok(())
}
