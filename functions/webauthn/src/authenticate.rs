//! `auth/webauthn/authenticate`: a key as the second factor of a login. GET asks for one, POST proves it.

use lambda_http::http::Method;
use vestibule::flows::mfa;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

use crate::assertion;

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
