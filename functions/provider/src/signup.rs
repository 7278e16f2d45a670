//! `auth/provider/signup`: GET tells what a service says of somebody who has yet to sign up, POST signs them up with what
//! the frontend has asked them.

use lambda_http::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::email;
use vestibule::domain::social::Profile;
use vestibule::flows::visit::{Stop, Visit};
use vestibule::flows::{connect, social_signup};
use vestibule::http::call::Call;
use vestibule::http::present::{self, EmailAddress, SocialAccount};
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::signup_form::{self, SignupBy};
use vestibule::http::{Answer, Body, Operation};
use vestibule::settings::{Settings, When};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getProviderSignup",
        summary: "See what another service says of who signs up",
        text: "For the frontend to fill its form with.",
        parameters: &[],
        body: Body::None,
        answers: &[
            Answer::data::<Description>("What the service says."),
            Answer::new(403, "Nobody can sign up at present."),
            Answer::conflict("Nobody is about to sign up."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "signUpWithProvider",
        summary: "Sign up with what another service says",
        text: "",
        parameters: &[],
        body: Body::Json(SignupBy::Provider("").fields()),
        answers: &[
            Answer::authenticated("Signed up, and logged in."),
            Answer::unauthenticated("Signed up; something else is to be done first."),
            Answer::new(403, "Nobody can sign up at present."),
            Answer::conflict("Nobody is about to sign up."),
            Answer::too_many_requests("There were too many messages to this recipient."),
        ],
    },
];

/// What another service says of somebody who has yet to sign up.
#[derive(Serialize, JsonSchema)]
struct Description<'a> {
    user: Newcomer<'a>,
    account: SocialAccount,
    /// Their addresses.
    email: Vec<EmailAddress>,
}

/// Somebody who has no account yet.
#[derive(Serialize, JsonSchema)]
struct Newcomer<'a> {
    /// What to call them.
    display: &'a str,
    /// No.
    has_usable_password: bool,
    /// The username that they may get.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Usernames))]
    username: Option<&'a str>,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let pending = visit.session().social_signup.clone().ok_or(Stop::Conflict)?;
    let settings = visit.settings();
    if settings.socialaccount.app(&pending.profile.provider).is_none() {
        return Err(Stop::Conflict.into());
    }
    if !settings.account.signup_enabled {
        return Err(Stop::Forbidden.into());
    }
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET => Ok(describe(settings, &pending.profile)),
        Method::POST => {
            let provider = connect::provider_name(settings, &pending.profile.provider);
            let (new, taken) = signup_form::read(visit, &call.object()?, SignupBy::Provider(&provider))?;
            social_signup::complete(visit, &pending, new, taken)?;
            Ok(present::authentication(visit))
        }
        _ => Err(Halt::NotAllowed),
    }
}

fn describe(settings: &Settings, profile: &Profile) -> Reply {
    let email = profile.emails.first().map(|address| email::shown(&address.email));
    let username = profile.username.as_deref().filter(|_| settings.account.usernames);
    Reply::ok(Description {
        user: Newcomer {
            display: username.or(email.as_deref()).unwrap_or("user"),
            has_usable_password: false,
            username,
        },
        account: present::social_account(
            settings,
            &profile.provider,
            &profile.uid,
            profile.display.as_deref(),
        ),
        email: profile.emails.iter().map(EmailAddress::from).collect(),
    })
}
