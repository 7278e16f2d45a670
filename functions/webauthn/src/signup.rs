//! `auth/webauthn/signup`: signing up with a passkey instead of a password. POST begins it, as `auth/signup` does; once
//! the address is verified, GET asks for the passkey, and PUT adds it and logs in.

use vestibule::domain::account::Account;
use vestibule::domain::stage::{Next, PendingLogin, Stage};
use vestibule::flows::{authenticators, stages};
use vestibule::http::prelude::*;
use vestibule::http::signup_form::{self, SignupBy};
use vestibule::settings::{Action, ProfilePart};

use crate::registration;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "getPasskeySignupOptions",
        summary: "Get WebAuthn creation options for the pending sign-up",
        text: "Available once the email address is verified.",
        parameters: &[],
        body: Body::None,
        answers: &[
            ResponseSpec::data::<registration::Creation>("The creation options."),
            ResponseSpec::conflict("The flow `mfa_signup_webauthn` is not pending."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "signUpWithPasskey",
        summary: "Sign up with a passkey",
        text: "Creates an account without a password. The passkey follows once the email address is \
               verified.",
        parameters: &[],
        body: Body::JsonWith(SignupBy::Passkey.fields(), ProfilePart::Signup),
        answers: &[
            ResponseSpec::unauthenticated(
                "Signed up; the next steps, `verify_email` and `mfa_signup_webauthn`, are in `flows`.",
            ),
            ResponseSpec::new(403, "Sign-up is closed (`ACCOUNT_SIGNUP_ENABLED`)."),
            ResponseSpec::conflict("Already authenticated."),
            ResponseSpec::too_many_requests("Rate limit exceeded: sign-ups from this IP address."),
        ],
    },
    Operation {
        method: Method::PUT,
        id: "completePasskeySignup",
        summary: "Complete the passkey sign-up",
        text: "",
        parameters: &[],
        body: Body::Json(registration::FIELDS_AT_SIGNUP),
        answers: &[
            ResponseSpec::authenticated("Signed up, and logged in."),
            ResponseSpec::unauthenticated("Signed up; a further step is pending in `flows`."),
            ResponseSpec::conflict("The flow `mfa_signup_webauthn` is not pending."),
            ResponseSpec::too_many_requests("Rate limit exceeded: sign-ups from this IP address."),
        ],
    },
];

pub(crate) fn needs(call: &ApiRequest, context: &Context<'_>) -> Vec<Need> {
    if call.method == Method::POST {
        return signup_form::needs(call, context);
    }
    let mut needs = Visit::counters(context.settings, Action::Signup, &call.visitor, None, "");
    needs.extend(registration::needs(call, context.settings));
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    if call.method == Method::POST {
        return signup_form::submit(visit, call, SignupBy::Passkey);
    }
    if !call.is_forgeable() {
        visit.limit(Action::Signup, "")?;
    }
    call.input(|_| Ok(()))?;
    match call.method {
        Method::PUT => add(visit, call),
        Method::GET | Method::HEAD => {
            let (_, account) = resume(visit)?;
            Ok(registration::begin(visit, &account, true).into())
        }
        _ => Err(Stop::NotAllowed),
    }
}

fn add(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
    // What is wrong with the input comes before that it comes too early, or too late.
    let factor = registration::read(visit, 0, &call.object()?, registration::FIELDS_AT_SIGNUP)?;
    let (pending, account) = resume(visit)?;
    authenticators::add(visit, &account.id, factor, true)?;
    stages::go_on(visit, Next::Leave(pending))?;
    Ok(present::authentication(visit).into())
}

/// The sign-up that waits for its passkey, and whose it is.
fn resume(visit: &mut Visit<'_>) -> Decision<(PendingLogin, Account)> {
    visit.resume(&Stage::MfaSignupWebauthn, Stop::Conflict)
}
