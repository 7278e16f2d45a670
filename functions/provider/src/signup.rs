//! `auth/provider/signup`: GET tells what a service says of somebody who has yet to sign up, POST signs them up with what
//! the frontend has asked them.

use lambda_http::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use vestibule::domain::refusal::Refusal;
use vestibule::domain::social::{PendingSignup, Profile};
use vestibule::domain::{email, username};
use vestibule::flows::connect;
use vestibule::flows::signup::{self, Taken};
use vestibule::flows::social_signup::{self, Answers};
use vestibule::flows::visit::{Decision, Stop, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Field, Form, Text};
use vestibule::http::present::{self, EmailAddress, SocialAccount};
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};
use vestibule::settings::{Settings, SignupFieldName, When};

const EMAIL: Field = Field::text("email", Text::NEW_EMAIL, "An email address.")
    .asked(When::SignupEmail)
    .required(When::SocialEmailRequired);
const EMAIL2: Field = Field::text("email2", Text::EMAIL, "The email address again.")
    .asked(When::SignupEmail2)
    .required(When::SocialEmailRequired);
const USERNAME: Field = Field::text("username", Text::USERNAME, "A username.")
    .asked(When::SignupUsername)
    .required(When::SignupUsernameRequired);
const PHONE: Field = Field::text("phone", Text::PHONE, "A phone number.")
    .asked(When::SignupPhone)
    .required(When::SignupPhoneRequired);
const FIELDS: &[Field] = &[EMAIL, EMAIL2, USERNAME, PHONE];

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
        body: Body::Json(FIELDS),
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
            let (answers, taken) = read(visit, &call.object()?, &pending)?;
            social_signup::complete(visit, &pending, answers, taken)?;
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

/// What was answered, and what of it somebody else has, which the client is not to learn.
fn read(visit: &Visit<'_>, object: &Object, pending: &PendingSignup) -> Result<(Answers, Taken), Halt> {
    let settings = visit.settings();
    let mut form = Form::new(FIELDS, object, settings);
    let mut answers = Answers::default();
    let mut again = None;
    let mut taken = Taken::default();
    for field in settings.account.signup_fields.iter() {
        match field.name {
            SignupFieldName::Email => {
                answers.email = form.text(&EMAIL).filter(|email| !email.is_empty());
                if let Some(email) = &answers.email {
                    match signup::is_free(visit, email)? {
                        Some(true) => {}
                        Some(false) => {
                            let provider = connect::provider_name(settings, &pending.profile.provider);
                            form.refuse("email", Refusal::EmailTakenElsewhere(provider));
                        }
                        None => taken.email = true,
                    }
                }
            }
            SignupFieldName::Email2 => again = form.text(&EMAIL2),
            SignupFieldName::Username => {
                answers.username = form.text(&USERNAME).filter(|name| !name.is_empty());
                if let Some(name) = &answers.username
                    && let Some(refusal) = refusal_of_username(visit, name)?
                {
                    form.refuse("username", refusal);
                }
            }
            SignupFieldName::Phone => {
                answers.phone = form.text(&PHONE).filter(|phone| !phone.is_empty());
            }
            SignupFieldName::Password1 | SignupFieldName::Password2 => {}
        }
    }
    if let (Some(email), Some(again)) = (&answers.email, again.filter(|again| !again.is_empty()))
        && *email != again
        && !form.is_refused("email")
    {
        form.refuse("email2", Refusal::EmailsDiffer);
    }
    if let Some(phone) = &answers.phone
        && signup::has_account(visit, phone)?
    {
        if settings.account.prevent_enumeration.is_on() {
            taken.phone = true;
        } else {
            form.refuse("phone", Refusal::PhoneTakenAtSignup);
        }
    }
    form.finish()?;
    Ok((answers, taken))
}

fn refusal_of_username(visit: &Visit<'_>, name: &str) -> Decision<Option<Refusal>> {
    if let Err(refusal) = username::check(name, &visit.settings().account.username_blacklist) {
        return Ok(Some(refusal));
    }
    Ok(visit.owner_of_username(name)?.map(|_| Refusal::UsernameTaken))
}
