//! `account/export`: GET exports the authenticated user's personal data, in one document, but for what proves
//! who they are: hashes, secrets and keys. It is ours, not the contract's.
//!
//! What is kept is taken apart by name here: whatever is kept one day has to be given a place, or does not compile.

use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account::Account;
use vestibule::domain::challenge::Challenge;
use vestibule::domain::email;
use vestibule::domain::phone::Phone;
use vestibule::domain::profile::{Metadata, ProfileValues};
use vestibule::domain::session::{Login, Session, State};
use vestibule::domain::social::{AuthorizationRequest, PendingSignup, Profile, SocialAccount};
use vestibule::domain::stage::{LoginAttempt, PendingLogin};
use vestibule::domain::time::Timestamp;
use vestibule::flows::privacy;
use vestibule::http::prelude::*;
use vestibule::http::present::{self, AuthenticationMethod, AuthenticatorJson, EmailAddressJson, FlowId};
use vestibule::settings::Settings;
use vestibule::snapshot::{Need, StoredSession};

use crate::phone::PhoneNumber;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "exportAccount",
    summary: "Export the account's personal data",
    text: "Excludes authentication secrets: password hashes, TOTP secrets, public keys of credentials, \
           and tokens.",
    parameters: &[],
    body: Body::None,
    answers: &[
        ResponseSpec::data::<Export>("The account's personal data."),
        ResponseSpec::UNAUTHENTICATED,
        ResponseSpec::REAUTHENTICATION_REQUIRED,
    ],
}];

/// The personal data stored about an account.
#[derive(Serialize, JsonSchema)]
struct Export {
    /// The account.
    account: ExportedAccount,
    /// The email addresses.
    email_addresses: Vec<EmailAddressJson>,
    /// The phone number; an empty list if there is none.
    phone_numbers: Vec<PhoneNumber>,
    /// The authenticators.
    authenticators: Vec<AuthenticatorJson>,
    /// The connected provider accounts.
    social_accounts: Vec<ExportedSocialAccount>,
    /// The sessions, including ended ones that are not yet removed.
    sessions: Vec<ExportedSession>,
}

/// The attributes of an account.
#[derive(Serialize, JsonSchema)]
struct ExportedAccount {
    /// The id of the account.
    id: String,
    /// The username.
    username: Option<String>,
    /// The email address used while none is primary.
    email: Option<String>,
    /// Whether the account has a password.
    has_usable_password: bool,
    /// Whether the account is enabled.
    is_active: bool,
    /// Whether the account is marked as an administrator.
    is_superuser: bool,
    /// The time of sign-up, as a Unix timestamp.
    created_at: f64,
    /// The time of the last login, as a Unix timestamp.
    last_login_at: Option<f64>,
    /// The values of the site's own fields, without those of fields that are the operators' alone.
    profile: ProfileValues,
    /// The metadata that operators have given the account for its user.
    public_metadata: Metadata,
}

/// A session, authenticated or not.
#[derive(Serialize, JsonSchema)]
struct ExportedSession {
    /// Whether it is the session of this request.
    is_current: bool,
    /// The time of expiry, as a Unix timestamp.
    expires_at: f64,
    /// The completed login.
    login: Option<ExportedLogin>,
    /// The pending login.
    pending_login: Option<ExportedPendingLogin>,
    /// The authentication methods used.
    methods: Vec<AuthenticationMethod>,
    /// The pending codes.
    codes: Vec<ExportedCode>,
    /// The pending authorization requests at providers.
    journeys: Vec<ExportedAuthorizationRequest>,
    /// The profile claims of a pending provider sign-up.
    pending_signup: Option<ExportedProfile>,
    /// The time when the access and refresh tokens were issued, as a Unix timestamp.
    tokens_issued_at: Option<f64>,
}

/// A completed login.
#[derive(Serialize, JsonSchema)]
struct ExportedLogin {
    /// The id in the list of sessions.
    id: i64,
    /// Whether the session is neither ended nor expired.
    is_valid: bool,
    /// The start time, as a Unix timestamp.
    created_at: f64,
    /// The time of the last request, as a Unix timestamp; the time of login without `USERSESSIONS_TRACK_ACTIVITY`.
    last_seen_at: f64,
    /// The IP address of the client.
    ip: String,
    /// The `User-Agent` of the client.
    user_agent: String,
}

/// A pending login.
#[derive(Serialize, JsonSchema)]
struct ExportedPendingLogin {
    /// The pending flow.
    stage: FlowId,
    /// The email address of the login.
    email: Option<String>,
    /// Whether the login is part of a sign-up.
    is_signup: bool,
    /// The start time, as a Unix timestamp.
    initiated_at: f64,
}

/// A connected provider account.
#[derive(Serialize, JsonSchema)]
struct ExportedSocialAccount {
    /// The id of the provider.
    provider: String,
    /// The uid of the account at the provider.
    uid: String,
    /// The display name at the provider.
    display: Option<String>,
    /// Whether tokens of the provider are stored.
    has_tokens: bool,
    /// The time of connection, as a Unix timestamp.
    connected_at: f64,
}

/// A pending authorization request at a provider (OAuth 2.0).
#[derive(Serialize, JsonSchema)]
struct ExportedAuthorizationRequest {
    /// The id of the provider.
    provider: String,
    /// The URL of the frontend to redirect to at the end.
    callback_url: String,
    /// The start time, as a Unix timestamp.
    began_at: f64,
}

/// Profile claims as reported by a provider.
#[derive(Serialize, JsonSchema)]
struct ExportedProfile {
    /// The id of the provider.
    provider: String,
    /// The uid of the account at the provider.
    uid: String,
    /// The email addresses.
    email_addresses: Vec<EmailAddressJson>,
    /// The phone number, if the provider reports one.
    phone_numbers: Vec<PhoneNumber>,
    /// The names.
    names: Vec<String>,
    /// The URL of a picture, if the provider reports one.
    picture: Option<String>,
    /// The locale, if the provider reports one.
    locale: Option<String>,
}

/// A pending code.
#[derive(Serialize, JsonSchema)]
struct ExportedCode {
    /// The recipient: an email address or a phone number.
    to: String,
    /// The time of sending, as a Unix timestamp.
    at: f64,
}

pub(crate) fn needs(call: &ApiRequest, _: &Context<'_>) -> Vec<Need> {
    let account = call.visitor.account();
    account.cloned().map(Need::Sessions).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit).into());
    }
    if ![Method::GET, Method::HEAD].contains(&call.method) {
        return Err(Stop::NotAllowed);
    }
    let (user, stored) = privacy::export(visit)?;
    let sessions = stored.iter().map(|stored| {
        let is_current = visit.session_key() == Some(&stored.value.key);
        session(&stored.value, &user, is_current, visit.now)
    });
    Ok(Reply::ok(export(&user, visit.settings(), sessions.collect())).into())
}

fn export(user: &Account, settings: &Settings, sessions: Vec<ExportedSession>) -> Export {
    let Account {
        id,
        username,
        email,
        password,
        active,
        superuser,
        emails,
        // It is among the addresses.
        signup_email: _,
        had_verified: _,
        stripped_at: _,
        phone,
        authenticators,
        session_epoch: _,
        created_at,
        last_login_at,
        logins: _,
        social_accounts,
        profile,
        public_metadata,
        // As fields that are the operators' alone.
        private_metadata: _,
        // The history has an endpoint of its own.
        events: _,
        // Who an operator is, users are not told.
        invited: _,
        imported: _,
        // Marks on what is listed anyway.
        unproved: _,
        unknown: _,
    } = user;
    Export {
        account: ExportedAccount {
            id: id.as_str().to_owned(),
            username: username.clone(),
            email: email.as_deref().map(email::shown),
            has_usable_password: password.is_some(),
            is_active: *active,
            is_superuser: *superuser,
            created_at: created_at.as_seconds(),
            last_login_at: last_login_at.map(Timestamp::as_seconds),
            profile: settings.account.profile_fields.listed(profile),
            public_metadata: public_metadata.clone(),
        },
        email_addresses: emails.iter().map(EmailAddressJson::from).collect(),
        phone_numbers: phone.iter().map(number).collect(),
        authenticators: authenticators.iter().map(AuthenticatorJson::from).collect(),
        social_accounts: social_accounts.iter().map(social_account).collect(),
        sessions,
    }
}

fn social_account(account: &SocialAccount) -> ExportedSocialAccount {
    let SocialAccount { provider, uid, display, tokens, connected_at, unknown: _ } = account;
    ExportedSocialAccount {
        provider: provider.clone(),
        uid: uid.clone(),
        display: display.clone(),
        has_tokens: tokens.is_some(),
        connected_at: connected_at.as_seconds(),
    }
}

fn journey(journey: &AuthorizationRequest) -> ExportedAuthorizationRequest {
    let AuthorizationRequest {
        state: _,
        provider,
        process: _,
        callback_url,
        redirect_uri: _,
        account: _,
        began_at,
        unknown: _,
    } = journey;
    ExportedAuthorizationRequest {
        provider: provider.clone(),
        callback_url: callback_url.clone(),
        began_at: began_at.as_seconds(),
    }
}

fn pending_signup(pending: &PendingSignup) -> ExportedProfile {
    let PendingSignup { profile, tokens: _, unknown: _ } = pending;
    let Profile {
        provider,
        uid,
        emails,
        phone,
        username,
        name,
        first_name,
        last_name,
        picture,
        locale,
        display,
        unknown: _,
    } = profile;
    ExportedProfile {
        provider: provider.clone(),
        uid: uid.clone(),
        email_addresses: emails.iter().map(EmailAddressJson::from).collect(),
        phone_numbers: phone.iter().map(number).collect(),
        names: [username, name, first_name, last_name, display].into_iter().flatten().cloned().collect(),
        picture: picture.clone(),
        locale: locale.clone(),
    }
}

fn number(phone: &Phone) -> PhoneNumber {
    let Phone { number, verified, unknown: _ } = phone;
    PhoneNumber { phone: number.clone(), verified: *verified }
}

fn session(stored: &StoredSession, user: &Account, is_current: bool, now: Timestamp) -> ExportedSession {
    let StoredSession { key: _, session, expires_at } = stored;
    let Session {
        state,
        records: _,
        email_verification,
        phone_change,
        password_reset,
        reauthentication,
        totp_secret: _,
        key_challenge: _,
        tokens,
        journeys,
        social_signup,
        // Its account is in no table, so nobody can export it.
        draft: _,
        unknown: _,
    } = session;
    let challenges =
        [email_verification, phone_change, password_reset, reauthentication].into_iter().flatten();
    let (login, pending_login, awaited) = match state {
        State::Anonymous | State::Unknown(_) => (None, None, None),
        State::Pending(pending) => (None, Some(pending_login(pending)), pending.stage.challenge()),
        State::Authenticated(login) => {
            let is_valid = login.epoch == user.session_epoch && *expires_at > now;
            (Some(completed_login(login, is_valid)), None, None)
        }
    };
    ExportedSession {
        is_current,
        expires_at: expires_at.as_seconds(),
        login,
        pending_login,
        methods: session.records_of(&user.id).iter().map(AuthenticationMethod::from).collect(),
        codes: challenges.chain(awaited).map(code).collect(),
        journeys: journeys.iter().map(journey).collect(),
        pending_signup: social_signup.as_ref().map(pending_signup),
        tokens_issued_at: tokens.as_ref().map(|family| family.current.issued_at.as_seconds()),
    }
}

fn completed_login(login: &Login, is_valid: bool) -> ExportedLogin {
    let Login { account: _, epoch: _, id, at, last_seen_at, ip, user_agent, unknown: _ } = login;
    ExportedLogin {
        id: *id,
        is_valid,
        created_at: at.as_seconds(),
        last_seen_at: last_seen_at.as_seconds(),
        ip: ip.clone(),
        user_agent: user_agent.clone(),
    }
}

fn pending_login(pending: &PendingLogin) -> ExportedPendingLogin {
    let PendingLogin { attempt, epoch: _, stage, unknown: _ } = pending;
    let LoginAttempt { account: _, email, signup, by_passkey: _, social: _, waited_at: _, initiated_at } =
        attempt;
    ExportedPendingLogin {
        stage: stage.key().into(),
        email: email.as_deref().map(email::shown),
        is_signup: *signup,
        initiated_at: initiated_at.as_seconds(),
    }
}

fn code(challenge: &Challenge) -> ExportedCode {
    ExportedCode { to: challenge.to.address().to_owned(), at: challenge.at.as_seconds() }
}
