//! `auth/2fa/reauthenticate`: POST.

use vestibule::flows::mfa::{self, Use};
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

use crate::code;
pub(crate) use crate::code::needs;

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let Some(user) = visit.user().cloned() else { return Ok(present::authentication(visit)) };
    let input = call.input(|object| code::check(visit, &user, object))?;
    let authenticator = call.posted(input)?;
    mfa::record_use(visit, &user.id, authenticator, Use::Reauthentication)?;
    Ok(present::authentication(visit))
}
