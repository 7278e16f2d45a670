//! `auth/2fa/authenticate`: POST.

use vestibule::flows::mfa;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

use crate::code;
pub(crate) use crate::code::needs;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let (pending, account) = mfa::resume(visit)?;
    let input = call.input(|object| code::check(visit, &account, object))?;
    let authenticator = call.posted(input)?;
    mfa::complete(visit, &pending, authenticator)?;
    Ok(present::authentication(visit))
}
