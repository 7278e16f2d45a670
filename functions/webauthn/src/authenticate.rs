//! `auth/webauthn/authenticate`: a key as the second factor of a login. GET asks for one, POST proves it.

use lambda_http::http::Method;
use vestibule::flows::mfa;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};

use crate::assertion;

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::GET,
        id: "beginKeyAuthentication",
        summary: "Ask for a key as the second factor",
        text: "",
        parameters: &[],
        body: Body::None,
        answers: &[
            Answer::data::<assertion::Request>("What to ask the browser for."),
            Answer::unauthenticated("Nobody has logged in so far."),
            Answer::conflict("No second factor is awaited."),
        ],
    },
    Operation {
        method: Method::POST,
        id: "authenticateByKey",
        summary: "Use a key as the second factor",
        text: "",
        parameters: &[],
        body: Body::Json(assertion::FIELDS),
        answers: &[
            Answer::authenticated("Logged in."),
            Answer::unauthenticated("The key was right; something else is to be done first."),
            Answer::conflict("No second factor is awaited."),
        ],
    },
];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (pending, account) = mfa::resume(visit)?;
    if call.method != Method::POST {
        call.input(|_| Ok(()))?;
        return if [Method::GET, Method::HEAD].contains(&call.method) {
            Ok(assertion::begin(visit, Some(&account)))
        } else {
            Err(Halt::NotAllowed)
        };
    }
    let proved = assertion::read(visit, &account, &call.object()?)?;
    assertion::settle(visit, &proved)?;
    mfa::complete(visit, &pending, proved.authenticator)?;
    Ok(present::authentication(visit))
}
