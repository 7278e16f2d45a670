//! `auth/provider/signup`: GET returns the profile of a pending sign-up, POST completes it with what
//! the frontend has asked them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use vestibule::domain::email;
use vestibule::domain::social::Profile;
use vestibule::flows::{connect, social_signup};
use vestibule::http::prelude::*;
use vestibule::http::present::{self, EmailAddressJson, SocialAccountJson};
use vestibule::http::signup_form::{self, SignupBy};
use vestibule::settings::{ProfilePart, Settings};

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getProviderSignup",
        summary: "Get the pending provider sign-up",
        text: "Gives the profile claims as reported by the provider, to prefill the sign-up form.",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<PendingProviderSignup>("The profile claims as reported by the provider."),
            ResponseSpec::new(403, "Sign-up through providers is closed (`SOCIALACCOUNT_SIGNUP_ENABLED`)."),
            ResponseSpec::conflict("No provider sign-up is pending."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "signUpWithProvider",
        summary: "Complete the provider sign-up",
        text: "",
        parameters: &[],
        body: Body::JsonWith(SignupBy::Provider("").fields(), ProfilePart::ProviderSignup),
        answers: &[
            ResponseSpec::authenticated("Signed up, and logged in."),
            ResponseSpec::unauthenticated("Signed up; a further step is pending in `flows`."),
            ResponseSpec::new(403, "Sign-up through providers is closed (`SOCIALACCOUNT_SIGNUP_ENABLED`)."),
            ResponseSpec::conflict("No provider sign-up is pending."),
            ResponseSpec::too_many_requests("Rate limit exceeded: messages to this recipient."),
        ],
    },
];

/// A pending provider sign-up.
#[derive(Serialize, JsonSchema)]
struct PendingProviderSignup<'a> {
    user: ProviderSignupUser<'a>,
    account: SocialAccountJson,
    /// The email addresses as reported by the provider.
    email: Vec<EmailAddressJson>,
}

/// The user to be signed up.
#[derive(Serialize, JsonSchema)]
#[schemars(extend("x-profile" = ProfilePart::Shown))]
struct ProviderSignupUser<'a> {
    /// The display name.
    display: &'a str,
    /// Always `false`.
    has_usable_password: bool,
    /// The suggested username.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-when" = When::Usernames))]
    username: Option<&'a str>,
    /// The values of the site's own fields that the provider tells.
    #[serde(flatten)]
    #[schemars(skip)]
    profile: Map<String, Value>,
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    let pending = visit.session().social_signup.clone().ok_or(Stop::Conflict)?;
    let settings = visit.settings();
    if settings.socialaccount.app(&pending.profile.provider).is_none() {
        return Err(Stop::Conflict);
    }
    let is_open = settings.socialaccount.signup_enabled;
    if !is_open && !settings.account.invitations_enabled {
        return Err(Stop::Forbidden);
    }
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET => Ok(describe(settings, &pending.profile).into()),
        Method::POST => {
            let provider = connect::provider_name(settings, &pending.profile.provider);
            let (new, taken) = signup_form::read(visit, &call.object()?, SignupBy::Provider(&provider))?;
            if !is_open && new.invitation.is_none() {
                return Err(Stop::Forbidden);
            }
            social_signup::complete(visit, &pending, new, taken)?;
            Ok(present::authentication(visit).into())
        }
        _ => Err(Stop::NotAllowed),
    }
}

fn describe(settings: &Settings, profile: &Profile) -> Reply {
    let email = profile.emails.first().map(|address| email::shown(&address.email));
    let username = profile.username.as_deref().filter(|_| settings.account.usernames);
    let fields = &settings.account.profile_fields;
    Reply::ok(PendingProviderSignup {
        user: ProviderSignupUser {
            display: username.or(email.as_deref()).unwrap_or("user"),
            has_usable_password: false,
            username,
            profile: fields.shown(&fields.told(profile)),
        },
        account: present::social_account(
            settings,
            &profile.provider,
            &profile.uid,
            profile.display.as_deref(),
        ),
        email: profile.emails.iter().map(EmailAddressJson::from).collect(),
    })
}
