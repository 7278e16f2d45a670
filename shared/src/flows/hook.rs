//! Where the site's own hook is asked: before a sign-up, and before a login.

use serde_json::{Map, Value, json};

use super::visit::{ClientKind, Decision, Stop, Visit};
use crate::domain::account::Account;
use crate::domain::account_id::AccountId;
use crate::domain::hook::{HookAccount, HookAnswer, HookEvent, HookQuestion, HookVisitor};
use crate::domain::message::Recipient;
use crate::domain::profile::{MAX_PROFILE_BYTES, ProfileValues, size};
use crate::domain::session::Method;
use crate::domain::stage::LoginAttempt;
use crate::settings::{ProfileFieldType, ProfileFields, ProfilePart};

/// The fields of the API's forms that a refusal can be about, besides those of the site's own.
const PARAMS: [&str; 4] = ["email", "username", "phone", "password"];

/// Asks before a sign-up, whether or not its email address or phone number is taken, and returns the profile with what the
/// hook sets. `username` is the one that was given.
pub(super) fn before_signup(
    visit: &Visit<'_>,
    account: &Account,
    username: Option<&str>,
    attempt: &LoginAttempt,
) -> Decision<ProfileValues> {
    if !visit.settings().account.has_hook() {
        return Ok(account.profile.clone());
    }
    // The id is drawn for each decision anew, and may come to nothing.
    let shown = HookAccount { id: None, username: username.map(str::to_owned), ..describe(account) };
    let question =
        question(visit, HookEvent::BeforeSignup, shown, &account.profile, Proof::of_signup(account, attempt));
    follow(visit, question, &account.profile)
}

/// Asks again before the email address or phone number of a pending sign-up is corrected, and before anything is changed.
pub(super) fn before_correction(visit: &mut Visit<'_>, id: &AccountId, to: &Recipient) -> Decision<()> {
    if !visit.settings().account.has_hook() {
        return Ok(());
    }
    let Some(attempt) = visit.session().pending().map(|pending| pending.attempt.clone()) else {
        return Ok(());
    };
    let account = visit.account(id)?.ok_or(Stop::Conflict)?.clone();
    let corrected = match to {
        Recipient::Email(email) => HookAccount { email: Some(email.clone()), ..describe(&account) },
        Recipient::Phone(number) => HookAccount { phone: Some(number.clone()), ..describe(&account) },
    };
    let proof = Proof::of_signup(&account, &attempt);
    let corrected = HookAccount { id: None, ..corrected };
    let question = question(visit, HookEvent::BeforeSignup, corrected, &account.profile, proof);
    let profile = follow(visit, question, &account.profile)?;
    if profile != account.profile {
        visit.account_mut(id)?.profile = profile;
    }
    Ok(())
}

/// Asks before a login, when all its factors have passed; not before one that follows a sign-up in the same request, which
/// was asked about just now. A login that is refused is over.
pub(super) fn before_login(visit: &mut Visit<'_>, attempt: &LoginAttempt, id: &AccountId) -> Decision<()> {
    let signs_up = attempt.signup && attempt.waited_at.is_empty();
    if signs_up || !visit.settings().account.has_hook() {
        return Ok(());
    }
    let account = visit.account(id)?.ok_or(Stop::Conflict)?;
    let first = visit.session().records_of(id).iter().find(|record| !record.reauthenticated);
    let proof = first.map_or_else(
        || Proof::of_signup(account, attempt),
        |record| Proof { method: record.method, provider: record.provider.clone() },
    );
    let before = account.profile.clone();
    let question = question(visit, HookEvent::BeforeLogin, describe(account), &before, proof);
    match follow(visit, question, &before) {
        // A login alone moves no version of the account.
        Ok(profile) if profile == before => Ok(()),
        Ok(profile) => {
            visit.account_mut(id)?.profile = profile;
            Ok(())
        }
        Err(stop) => {
            if matches!(stop, Stop::Invalid(_)) {
                visit.clear_login();
            }
            Err(stop)
        }
    }
}

/// The first authentication of a sign-up or login.
struct Proof {
    method: Method,
    provider: Option<String>,
}

impl Proof {
    fn of_signup(account: &Account, attempt: &LoginAttempt) -> Self {
        let method = if attempt.social {
            Method::SocialAccount
        } else if attempt.by_passkey {
            Method::Mfa
        } else if account.password.is_some() {
            Method::Password
        } else {
            Method::Code
        };
        let connected = account.social_accounts.iter().last().map(|social| social.provider.clone());
        Self { method, provider: connected.filter(|_| attempt.social) }
    }
}

fn describe(account: &Account) -> HookAccount {
    HookAccount {
        id: Some(account.id.clone()),
        email: account.primary_email().map(str::to_owned),
        phone: account.phone.as_ref().map(|phone| phone.number.clone()),
        username: account.username.clone(),
    }
}

fn question(
    visit: &Visit<'_>,
    event: HookEvent,
    account: HookAccount,
    profile: &ProfileValues,
    proof: Proof,
) -> HookQuestion {
    let client = HookVisitor {
        kind: match visit.visitor.client {
            ClientKind::Browser => "browser",
            ClientKind::App => "app",
        },
        ip: visit.visitor.ip.clone(),
        user_agent: visit.visitor.short_user_agent(),
    };
    let Proof { method, provider } = proof;
    let profile = asked_about(profile, &visit.settings().account.profile_fields);
    HookQuestion { event, account, profile, client, method: method.name(), provider }
}

/// A profile without the times of consents: that of a sign-up is another one in each decision.
fn asked_about(profile: &ProfileValues, fields: &ProfileFields) -> Map<String, Value> {
    let value = |name: &str, value: &Value| match fields.get(name).map(|field| &field.kind) {
        Some(ProfileFieldType::Consent(_)) => json!({"version": value.get("version")}),
        _ => value.clone(),
    };
    profile.iter().map(|(name, stored)| (name.clone(), value(name, stored))).collect()
}

/// Does as the hook says: the profile with what it sets.
fn follow(visit: &Visit<'_>, question: HookQuestion, profile: &ProfileValues) -> Decision<ProfileValues> {
    let event = question.event.name();
    let settings = &visit.settings().account;
    let is_param = |param: &str| {
        let own = settings.profile_fields.get(param);
        PARAMS.contains(&param) || own.is_some_and(|field| field.is_in(ProfilePart::Signup))
    };
    let unusable = match visit.hook_answer(question)? {
        HookAnswer::Allow(values) => match with(profile, values, &settings.profile_fields) {
            Some(profile) => return Ok(profile),
            None => Some("profile has a value that ACCOUNT_PROFILE_FIELDS does not allow"),
        },
        HookAnswer::Refuse(error) if error.param.as_deref().is_none_or(is_param) => {
            return Err(Stop::invalid(error.clone()));
        }
        HookAnswer::Refuse(_) => Some(
            "param must be a field of the form: email, username, phone, password, or one of the site's own",
        ),
        HookAnswer::Nothing => None,
    };
    if let Some(error) = unusable {
        tracing::error!(event, error, "the hook gave no usable answer");
    }
    if settings.hook_fail_open { Ok(profile.clone()) } else { Err(Stop::HookFailed) }
}

/// A profile with these values; none if one of them is not what its field allows. `null` removes one.
fn with(
    profile: &ProfileValues,
    values: &Map<String, Value>,
    fields: &ProfileFields,
) -> Option<ProfileValues> {
    let mut profile = profile.clone();
    for (name, value) in values {
        let field = fields.get(name).filter(|field| field.is_in(ProfilePart::Operator))?;
        let fits = match (value, &field.kind) {
            (Value::Null, _) => !field.required,
            (Value::Bool(value), ProfileFieldType::Boolean { must_be }) => *value || !must_be,
            (Value::Number(number), ProfileFieldType::Integer { .. }) => {
                number.as_i64().is_some_and(|number| field.kind.integer_refusals(number).is_empty())
            }
            (
                Value::String(text),
                ProfileFieldType::Text { .. } | ProfileFieldType::Date { .. } | ProfileFieldType::Choice(_),
            ) => !text.is_empty() && field.kind.text_refusals(text).is_empty(),
            _ => false,
        };
        if !fits {
            return None;
        }
        if value.is_null() {
            profile.remove(name);
        } else {
            profile.insert(name.clone(), value.clone());
        }
    }
    (size(&profile) <= MAX_PROFILE_BYTES).then_some(profile)
}
