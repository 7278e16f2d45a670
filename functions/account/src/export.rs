//! `account/export`: GET gives whoever is logged in all that is kept about them, in one document, but for what proves
//! who they are: hashes, secrets and keys. It is ours, not the contract's.
//!
//! What is kept is taken apart by name here: whatever is kept one day has to be given a place, or does not compile.

use lambda_http::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::account::Account;
use vestibule::domain::challenge::Challenge;
use vestibule::domain::email;
use vestibule::domain::phone::Phone;
use vestibule::domain::session::{Login, Session, State};
use vestibule::domain::social::{Journey, PendingSignup, Profile, SocialAccount};
use vestibule::domain::stage::{LoginAttempt, PendingLogin, Stage};
use vestibule::domain::time::Timestamp;
use vestibule::flows::privacy;
use vestibule::flows::visit::{Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::present::{self, AuthenticationMethod, Authenticator, EmailAddress, FlowId};
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};
use vestibule::snapshot::{Need, StoredSession};

use crate::phone::PhoneNumber;

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::GET,
    id: "exportAccount",
    summary: "Get all that is kept about whoever is logged in",
    text: "What proves who they are is left out: hashes, secrets, keys and tokens.",
    parameters: &[],
    body: Body::None,
    answers: &[
        Answer::data::<Export>("All that is kept."),
        Answer::unauthenticated("Nobody is logged in, or they must prove again who they are."),
    ],
}];

/// All that is kept about somebody.
#[derive(Serialize, JsonSchema)]
struct Export {
    /// The account itself.
    account: ExportedAccount,
    /// Its email addresses.
    email_addresses: Vec<EmailAddress>,
    /// Its phone number, if it has one.
    phone_numbers: Vec<PhoneNumber>,
    /// Its authenticators.
    authenticators: Vec<Authenticator>,
    /// Its accounts at other services.
    social_accounts: Vec<ExportedSocialAccount>,
    /// Its sessions: also those that have ended, and are yet to be removed.
    sessions: Vec<ExportedSession>,
}

/// An account, but for what has a place of its own.
#[derive(Serialize, JsonSchema)]
struct ExportedAccount {
    /// Its id.
    id: String,
    /// Its username.
    username: Option<String>,
    /// The address that mail goes to while no other is primary.
    email: Option<String>,
    /// Whether there is a password to log in with.
    has_usable_password: bool,
    /// Whether it can be logged in to.
    is_active: bool,
    /// Whether it is marked as an administrator's.
    is_superuser: bool,
    /// When it was made, in seconds since 1970.
    created_at: f64,
    /// When somebody last logged in, in seconds since 1970.
    last_login_at: Option<f64>,
}

/// A session, from its first step on.
#[derive(Serialize, JsonSchema)]
struct ExportedSession {
    /// Whether it is the one that asks.
    is_current: bool,
    /// When it expires, in seconds since 1970.
    expires_at: f64,
    /// The login that is complete.
    login: Option<ExportedLogin>,
    /// The login that is under way.
    pending_login: Option<ExportedPendingLogin>,
    /// What was proved in it.
    methods: Vec<AuthenticationMethod>,
    /// The codes that were sent in it, and are awaited.
    codes: Vec<ExportedCode>,
    /// Where its browser is on its way to another service.
    journeys: Vec<ExportedJourney>,
    /// What another service says of somebody who has yet to sign up.
    pending_signup: Option<ExportedProfile>,
    /// When its access and refresh tokens were made, in seconds since 1970.
    tokens_issued_at: Option<f64>,
}

/// A login that is complete.
#[derive(Serialize, JsonSchema)]
struct ExportedLogin {
    /// Names the session in the list of sessions.
    id: i64,
    /// Whether the session has neither ended nor expired.
    is_valid: bool,
    /// When it began, in seconds since 1970.
    created_at: f64,
    /// When it was last seen in use, in seconds since 1970; when it began, unless that is tracked.
    last_seen_at: f64,
    /// The client's address.
    ip: String,
    /// The client's `User-Agent`.
    user_agent: String,
}

/// A login that is under way.
#[derive(Serialize, JsonSchema)]
struct ExportedPendingLogin {
    /// What it waits for.
    stage: FlowId,
    /// The address it is for.
    email: Option<String>,
    /// Whether it began with a sign-up.
    is_signup: bool,
    /// When it began, in seconds since 1970.
    initiated_at: f64,
}

/// An account at another service.
#[derive(Serialize, JsonSchema)]
struct ExportedSocialAccount {
    /// What the API calls the service.
    provider: String,
    /// What the service calls the account.
    uid: String,
    /// What its owner is called there.
    display: Option<String>,
    /// Whether tokens of the service are kept.
    has_tokens: bool,
    /// When it was connected, in seconds since 1970.
    connected_at: f64,
}

/// A browser on its way to another service and back.
#[derive(Serialize, JsonSchema)]
struct ExportedJourney {
    /// What the API calls the service.
    provider: String,
    /// The page of the frontend where it ends.
    callback_url: String,
    /// When it began, in seconds since 1970.
    began_at: f64,
}

/// What another service says of somebody.
#[derive(Serialize, JsonSchema)]
struct ExportedProfile {
    /// What the API calls the service.
    provider: String,
    /// What the service calls the account.
    uid: String,
    /// Their email addresses there.
    email_addresses: Vec<EmailAddress>,
    /// Their phone number there, if it is known.
    phone_numbers: Vec<PhoneNumber>,
    /// What they are called there.
    names: Vec<String>,
}

/// A code that was sent.
#[derive(Serialize, JsonSchema)]
struct ExportedCode {
    /// The address or number it went to.
    to: String,
    /// When, in seconds since 1970.
    at: f64,
}

pub(crate) fn needs(call: &Call, _: &Tools<'_>) -> Vec<Need> {
    let account = call.visitor.account();
    account.cloned().map(Need::Sessions).into_iter().collect()
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    if visit.user().is_none() {
        return Ok(present::authentication(visit));
    }
    if ![Method::GET, Method::HEAD].contains(&call.method) {
        return Err(Halt::NotAllowed);
    }
    let (user, stored) = privacy::export(visit)?;
    let sessions = stored.iter().map(|stored| {
        let is_current = visit.session_key() == Some(&stored.value.key);
        session(&stored.value, &user, is_current, visit.now)
    });
    Ok(Reply::ok(export(&user, sessions.collect())))
}

fn export(user: &Account, sessions: Vec<ExportedSession>) -> Export {
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
        // Marks on what is listed anyway.
        unproved: _,
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
        },
        email_addresses: emails.iter().map(EmailAddress::from).collect(),
        phone_numbers: phone.iter().map(number).collect(),
        authenticators: authenticators.iter().map(Authenticator::from).collect(),
        social_accounts: social_accounts.iter().map(social_account).collect(),
        sessions,
    }
}

fn social_account(account: &SocialAccount) -> ExportedSocialAccount {
    let SocialAccount { provider, uid, display, tokens, connected_at } = account;
    ExportedSocialAccount {
        provider: provider.clone(),
        uid: uid.clone(),
        display: display.clone(),
        has_tokens: tokens.is_some(),
        connected_at: connected_at.as_seconds(),
    }
}

fn journey(journey: &Journey) -> ExportedJourney {
    let Journey { state: _, provider, process: _, callback_url, redirect_uri: _, account: _, began_at } =
        journey;
    ExportedJourney {
        provider: provider.clone(),
        callback_url: callback_url.clone(),
        began_at: began_at.as_seconds(),
    }
}

fn pending_signup(pending: &PendingSignup) -> ExportedProfile {
    let PendingSignup { profile, tokens: _ } = pending;
    let Profile { provider, uid, emails, phone, username, name, first_name, last_name, display } = profile;
    ExportedProfile {
        provider: provider.clone(),
        uid: uid.clone(),
        email_addresses: emails.iter().map(EmailAddress::from).collect(),
        phone_numbers: phone.iter().map(number).collect(),
        names: [username, name, first_name, last_name, display].into_iter().flatten().cloned().collect(),
    }
}

fn number(phone: &Phone) -> PhoneNumber {
    let Phone { number, verified } = phone;
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
    } = session;
    let challenges =
        [email_verification, phone_change, password_reset, reauthentication].into_iter().flatten();
    let (login, pending_login, awaited) = match state {
        State::Anonymous => (None, None, None),
        State::Pending(pending) => (None, Some(pending_login(pending)), awaited(&pending.stage)),
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
    let Login { account: _, epoch: _, id, at, last_seen_at, ip, user_agent } = login;
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
    let PendingLogin { attempt, epoch: _, stage } = pending;
    let LoginAttempt { account: _, email, signup, by_passkey: _, social: _, waited_at: _, initiated_at } =
        attempt;
    ExportedPendingLogin {
        stage: stage.key().into(),
        email: email.as_deref().map(email::shown),
        is_signup: *signup,
        initiated_at: initiated_at.as_seconds(),
    }
}

/// The code that a stage awaits.
const fn awaited(stage: &Stage) -> Option<&Challenge> {
    match stage {
        Stage::LoginByCode { challenge, .. } | Stage::VerifyPhone(challenge) => Some(challenge),
        Stage::VerifyEmail | Stage::MfaAuthenticate | Stage::MfaTrust | Stage::MfaSignupWebauthn => None,
    }
}

fn code(challenge: &Challenge) -> ExportedCode {
    ExportedCode { to: challenge.to.address().to_owned(), at: challenge.at.as_seconds() }
}
