//! `account/providers`: GET and DELETE.

use vestibule::domain::account::Account;
use vestibule::domain::refusal::FieldErrorKind;
use vestibule::flows::connect;
use vestibule::http::prelude::*;
use vestibule::http::present::{self, SocialAccountJson};
use vestibule::settings::Settings;

const PROVIDER: Field = Field::text("provider", Text::PLAIN, "The id of the provider.");
const ACCOUNT: Field = Field::text("account", Text::PLAIN, "The uid of the account at the provider.");
const FIELDS: &[Field] = &[PROVIDER, ACCOUNT];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "listProviderAccounts",
        summary: "List the connected provider accounts",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<Vec<SocialAccountJson>>("The connected provider accounts."),
            ResponseSpec::UNAUTHENTICATED,
        ],
    },
    Operation {
        method: Method::DELETE,
        id: "disconnectProviderAccount",
        summary: "Disconnect a provider account",
        text: "A provider account that is the only means of login cannot be disconnected.",
        parameters: &[],
        body: Body::Json(FIELDS),
        answers: &[
            ResponseSpec::data::<Vec<SocialAccountJson>>("The remaining provider accounts."),
            ResponseSpec::UNAUTHENTICATED,
            ResponseSpec::REAUTHENTICATION_REQUIRED,
        ],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit).into()) };
    match call.method {
        Method::GET | Method::HEAD => {
            call.input(|_| Ok(()))?;
            Ok(list(visit.settings(), &user).into())
        }
        Method::DELETE => {
            let (provider, uid) = read(visit.settings(), &user, &call.object()?)?;
            connect::require_reauthentication(visit)?;
            connect::disconnect(visit, &user.id, &provider, &uid)?;
            let user = visit.user().ok_or(Stop::Unauthorized)?;
            Ok(list(visit.settings(), user).into())
        }
        _ => {
            call.input(|_| Ok(()))?;
            Err(Stop::NotAllowed)
        }
    }
}

fn list(settings: &Settings, user: &Account) -> Reply {
    let accounts = user.social_accounts.iter().map(|social| {
        present::social_account(settings, &social.provider, &social.uid, social.display.as_deref())
    });
    Reply::ok(accounts.collect::<Vec<SocialAccountJson>>())
}

fn read(settings: &Settings, user: &Account, object: &Object) -> Decision<(String, String)> {
    let mut form = Form::new(FIELDS, object, settings);
    let provider = form.text(&PROVIDER);
    let uid = form.text(&ACCOUNT);
    if let (Some(provider), Some(uid)) = (&provider, &uid) {
        let refusal = match user.social_account(provider, uid) {
            Some(_) => connect::check_disconnect(settings, user).err(),
            None => Some(FieldErrorKind::AccountNotFound),
        };
        if let Some(refusal) = refusal {
            form.refuse_all(refusal);
        }
    }
    form.finish()?;
    Ok((provider.unwrap_or_default(), uid.unwrap_or_default()))
}
